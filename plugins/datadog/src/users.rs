//! The users, service accounts among them, and in each user the roles that they have: no role is asked for its users.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::types::{Detail, SettledState};
use accord_sdk::{
    Collection, Failure, Grant, Host, Page, Request, Resource, ResourceId, State, Step, Target, UserTrait,
};

use crate::api::{self, Document, Notes, One, Reference, USERS};
use crate::pages::Items;
use crate::{Datadog, roles};

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) attributes: Attributes,
    relationships: Relationships,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Attributes {
    pub(crate) name: Text,
    /// The login of a person; a service account's own id.
    pub(crate) handle: Text,
    /// Of a service account a contact, that others may share.
    pub(crate) email: Text,
    pub(crate) title: Text,
    /// `Active`, `Pending` or `Disabled`.
    pub(crate) status: Text,
    disabled: bool,
    verified: Option<bool>,
    service_account: Option<bool>,
    mfa_enabled: Option<bool>,
    last_login_time: Text,
    created_at: Text,
    modified_at: Text,
    allowed_login_methods: List<String>,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Relationships {
    roles: Roles,
    org: One,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Roles {
    data: List<Reference>,
}

pub(crate) const PATH: &str = "/api/v2/users";

pub(crate) fn request() -> Request {
    Request::get(PATH).query("sort", "name").permission(USERS)
}

/// A request that is about one user, by an id that was found to be one.
pub(crate) fn about(method: &str, user_id: &str) -> Result<Request, Failure> {
    Request::new(method, PATH).segment(user_id)
}

/// The user of an id.
pub(crate) fn id(user_id: &str) -> ResourceId {
    ResourceId::new("user", user_id)
}

/// One user, as Datadog has them now. None: there is nobody of this id.
pub(crate) fn one(datadog: &Datadog, host: &Host, user_id: &str) -> Result<Option<User>, Failure> {
    let answer = datadog.send(host, &about("GET", user_id)?.permission(USERS))?;
    if datadog.has_none(&answer) {
        return Ok(None);
    }
    datadog.decode(&answer).map(|Document { data }| Some(data))
}

/// The failure for a user whom Datadog does not know.
pub(crate) fn nobody(user_id: &str) -> Failure {
    let detail = Detail::new(format!("Datadog has no user `{user_id}`")).place(format!("GET {PATH}/{user_id}"));
    Failure::NotFound(detail.remedy("sync again: the user may have come from an older file"))
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: users, step } = datadog.list::<User>(page, &request())?;
    let mut role_ids = Vec::new();
    for user in &users {
        for role_id in user.role_ids() {
            if !role_ids.contains(&role_id) {
                role_ids.push(role_id);
            }
            page.grant(Grant::new(roles::id(role_id), "member", id(&user.id)))?;
        }
        let resource = user.resource(page);
        page.resource(resource)?;
    }
    discover_unlisted(page, &role_ids);
    Ok(step)
}

/// A role that is not among the listed ones was made in between, or deleted: the roles are listed once more. Without a
/// complete listing there is nothing to compare with.
fn discover_unlisted(page: &mut Page<'_>, role_ids: &[&str]) {
    if page.collection_state("roles") != Some(SettledState::Complete) {
        return;
    }
    let keys: Vec<String> = role_ids.iter().map(|role_id| format!("{}{role_id}", roles::KNOWN)).collect();
    let known = page.facts(&keys);
    for (role_id, _) in role_ids.iter().zip(known).filter(|(_, fact)| fact.is_none()) {
        page.note("a user has a role that was not listed", "the roles are listed again", *role_id);
        page.discover(Collection::named("roles-again"));
    }
}

impl User {
    pub(crate) fn is_disabled(&self) -> bool {
        self.attributes.disabled || self.attributes.status.eq_ignore_ascii_case("disabled")
    }

    /// Whether they are a program rather than a person.
    pub(crate) fn is_service(&self) -> bool {
        self.attributes.service_account == Some(true)
    }

    pub(crate) fn role_ids(&self) -> impl Iterator<Item = &str> {
        self.relationships.roles.data.iter().filter_map(|role| role.id.given())
    }

    pub(crate) fn has_role(&self, role_id: &str) -> bool {
        self.role_ids().any(|id| id.eq_ignore_ascii_case(role_id))
    }

    pub(crate) fn resource(&self, notes: &mut dyn Notes) -> Resource {
        let user = &self.attributes;
        let names = [user.name.given(), user.email.given(), user.handle.given()];
        let display_name = names.into_iter().flatten().next().unwrap_or(&self.id);
        let (first, last) = split(&user.name);
        let (state, details) = self.state(notes);
        let created_at = api::moment(notes, &user.created_at, &self.id);
        let kind = self.kind(notes);
        Resource::new("user", &self.id, display_name)
            .profile("first_name", first)
            .profile("last_name", last)
            // The name is odd, and what readers of earlier files know.
            .profile("login", &*user.email)
            .profile("user_id", self.id.as_str())
            .profile("name", &*user.name)
            .profile("handle", &*user.handle)
            .profile("title", &*user.title)
            .profile("verified", user.verified)
            .profile("service_account", user.service_account)
            .profile("mfa_enabled", user.mfa_enabled)
            .profile("modified_at", &*user.modified_at)
            .profile("org_id", self.relationships.org.id().unwrap_or_default())
            .profile("allowed_login_methods", user.allowed_login_methods.to_vec())
            .status(state, details)
            .created_at(created_at)
            .with(kind)
    }

    fn kind(&self, notes: &mut dyn Notes) -> UserTrait {
        let user = &self.attributes;
        let (email, handle) = (user.email.given().unwrap_or_default(), user.handle.given().unwrap_or_default());
        let kind = if self.is_service() {
            UserTrait::service().login(handle)
        } else {
            let login = if email.is_empty() { handle } else { email };
            let aliases = if handle.is_empty() || handle == login { Vec::new() } else { vec![handle.to_owned()] };
            UserTrait::human().login(login).login_aliases(aliases)
        };
        let methods = &user.allowed_login_methods;
        let sso = (!methods.is_empty()).then(|| methods.iter().any(|method| method.eq_ignore_ascii_case("saml")));
        kind.email(email).last_login(api::moment(notes, &user.last_login_time, &self.id)).mfa(user.mfa_enabled).sso(sso)
    }

    fn state(&self, notes: &mut dyn Notes) -> (State, String) {
        let details = self.attributes.status.to_string();
        let state = match details.to_ascii_lowercase().as_str() {
            "active" => State::Enabled,
            // Who is invited cannot log in yet.
            "disabled" | "pending" => State::Disabled,
            _ => {
                notes.note("a user's status is unknown", "kept as it is, neither enabled nor disabled", &details);
                State::Unspecified
            }
        };
        (state, details)
    }
}

/// First and last name: before and after the first space.
fn split(full: &str) -> (&str, &str) {
    let full = full.trim();
    full.split_once(' ').map_or((full, ""), |(first, last)| (first, last.trim_start()))
}
