//! The users, and in each user the groups that they are in: nobody has to be asked user by user.
//!
//! Three things can make the embedded memberships doubtful, and each has its listing: a list that may have been cut
//! (`user-groups`), a group that the group listing did not name yet (`groups-again`), and group objects without an id
//! (`group-users`).

use std::collections::{BTreeMap, BTreeSet};

use accord_sdk::json::{Count, FromJson, List, Text};
use accord_sdk::types::SettledState;
use accord_sdk::{
    Collection, Failure, Grant, Page, Request, Resource, ResourceId, State, Step, Target, Timestamp, UserTrait,
};

use crate::api::RESOURCES;
use crate::{Duo, groups, person};

pub(crate) const PATH: &str = "/admin/v1/users";

/// The most that Duo gives in one page.
const LIMIT: u32 = 300;

/// A page may hold 50,000 rows; some room is left for what is found beside them.
const MOST_ROWS: usize = 40_000;

/// Nothing documents that an embedded list is complete. One as long as a default page might have been cut there.
pub(crate) const MAYBE_CUT: usize = 100;

#[derive(FromJson, Default)]
#[json(default)]
struct User {
    user_id: String,
    username: Text,
    alias1: Text,
    alias2: Text,
    alias3: Text,
    alias4: Text,
    aliases: Option<BTreeMap<String, Text>>,
    email: Text,
    realname: Text,
    firstname: Text,
    lastname: Text,
    status: Text,
    lockout_reason: Text,
    is_enrolled: Option<bool>,
    created: Option<i64>,
    last_login: Option<i64>,
    /// Only users that a directory manages have it.
    last_directory_sync: Option<i64>,
    notes: Text,
    groups: List<EmbeddedGroup>,
    phones: Count,
    tokens: Count,
    webauthncredentials: Count,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct EmbeddedGroup {
    pub(crate) group_id: Text,
}

pub(crate) fn request() -> Request {
    Request::get(PATH).permission(RESOURCES)
}

/// The user of an id.
pub(crate) fn id(user_id: &str) -> ResourceId {
    ResourceId::new("user", user_id)
}

/// Whether Duo says that there is no such user.
pub(crate) fn is_gone(duo: &Duo, page: &Page<'_>, user_id: &str) -> Result<bool, Failure> {
    let answer = duo.send(page, &Request::get(PATH).segment(user_id)?.permission(RESOURCES))?;
    Ok(duo.has_none(&answer))
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let mut users = duo.list_ahead::<User>(page, &request(), LIMIT)?;
    users.end_after(fitting(&users.items));
    let mut group_ids = BTreeSet::new();
    for user in &users.items {
        if user.groups.len() >= MAYBE_CUT {
            page.discover(Collection::keyed("user-groups", &user.user_id));
        }
        memberships(page, &user.user_id, &user.groups, &mut group_ids)?;
        let (state, details) = user.state(page);
        page.resource(user.resource(duo).status(state, details))?;
    }
    discover_unlisted(page, &group_ids)?;
    users.step(page)
}

/// How many of the users fit into one page with all their memberships; at least one.
fn fitting(users: &[User]) -> usize {
    let mut rows = 0;
    let over = users.iter().position(|user| {
        rows += 1 + user.groups.len();
        rows > MOST_ROWS
    });
    over.map_or(users.len(), |over| over.max(1))
}

/// Grants a user its groups and adds their ids to those that the page named.
pub(crate) fn memberships<'a>(
    page: &mut Page<'_>,
    user_id: &str,
    embedded: &'a [EmbeddedGroup],
    group_ids: &mut BTreeSet<&'a str>,
) -> Result<(), Failure> {
    for group in embedded {
        if let Some(group_id) = group.group_id.given() {
            group_ids.insert(group_id);
            page.grant(Grant::new(groups::id(group_id), "member", id(user_id)))?;
        } else {
            page.note("a user's group has no id", "the members of every group are read instead", user_id);
            page.discover(Collection::named("group-users"));
        }
    }
    Ok(())
}

/// A group that is not among the listed ones was made in between, or deleted: the groups are listed again. Without a
/// complete listing there is nothing to compare with.
pub(crate) fn discover_unlisted(page: &mut Page<'_>, group_ids: &BTreeSet<&str>) -> Result<(), Failure> {
    if page.collection_state("groups") != Some(SettledState::Complete) {
        return Ok(());
    }
    let keys: Vec<String> = group_ids.iter().map(|group_id| format!("{}{group_id}", groups::KNOWN)).collect();
    let known = page.facts(&keys);
    let mut unlisted = Vec::new();
    for (group_id, _) in group_ids.iter().zip(known).filter(|(_, fact)| fact.is_none()) {
        page.note("a membership in a group that was not listed", "the groups are listed again", *group_id);
        page.discover(Collection::named("groups-again"));
        unlisted.push((format!("{}{group_id}", groups::UNLISTED), Vec::new()));
    }
    page.put_facts(&unlisted)
}

impl User {
    fn resource(&self, duo: &Duo) -> Resource {
        let (first, last) = (self.firstname.given().unwrap_or_default(), self.lastname.given().unwrap_or_default());
        let full = format!("{first} {last}");
        let names = [self.realname.given(), Some(full.trim()), self.username.given(), self.email.given()];
        let display_name = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or(&self.user_id);
        let split = person::split(&self.realname);
        let aliases = self.aliases();

        Resource::new("user", &self.user_id, display_name)
            .parent(&duo.account())
            .profile("first_name", if first.is_empty() { split.0 } else { first })
            .profile("last_name", if last.is_empty() { split.1 } else { last })
            // The name is odd, and what readers of earlier files know.
            .profile("login", &*self.email)
            .profile("user_id", self.user_id.as_str())
            .profile("username", &*self.username)
            .profile("notes", &*self.notes)
            .profile("status", &*self.status)
            .profile("realname", &*self.realname)
            .profile("is_enrolled", self.is_enrolled)
            .profile("lockout_reason", &*self.lockout_reason)
            .profile("last_directory_sync", self.last_directory_sync.and_then(Timestamp::unix))
            .profile("directory_managed", self.last_directory_sync.is_some())
            .profile("phone_count", self.phones.0)
            .profile("token_count", self.tokens.0)
            .profile("webauthn_count", self.webauthncredentials.0)
            .profile("aliases", aliases.clone())
            .created_at(self.created.and_then(Timestamp::unix))
            .with(
                UserTrait::human()
                    .email(&*self.email)
                    .login(&*self.username)
                    .login_aliases(aliases)
                    .last_login(self.last_login.and_then(Timestamp::unix))
                    // Who may bypass the second factor is not asked for one, enrolled or not.
                    .mfa(self.is_enrolled.map(|enrolled| enrolled && !self.status.eq_ignore_ascii_case("bypass")))
                    .name(first, last),
            )
    }

    fn state(&self, page: &mut Page<'_>) -> (State, String) {
        let details = self.status.to_string();
        match self.status.to_ascii_lowercase().as_str() {
            "active" | "bypass" => (State::Enabled, details),
            "disabled" => (State::Disabled, details),
            "locked out" => match self.lockout_reason.given() {
                Some(reason) => (State::Disabled, format!("{details}: {reason}")),
                None => (State::Disabled, details),
            },
            "pending deletion" => (State::Deleted, details),
            _ => {
                page.note("a user's status is unknown", "kept as it is, neither enabled nor disabled", &details);
                (State::Unspecified, details)
            }
        }
    }

    /// The aliases, each once. The first four have fields of their own besides.
    fn aliases(&self) -> Vec<String> {
        let own = [&self.alias1, &self.alias2, &self.alias3, &self.alias4];
        let all = own.into_iter().chain(self.aliases.iter().flat_map(BTreeMap::values));
        let mut distinct = Vec::new();
        for alias in all.filter_map(Text::given) {
            if !distinct.iter().any(|known| known == alias) {
                distinct.push(alias.to_string());
            }
        }
        distinct
    }
}
