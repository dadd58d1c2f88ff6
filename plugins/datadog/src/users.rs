//! The users, service accounts among them, and in each user the roles that they have: no role is asked for its users.

use std::collections::BTreeSet;

use accord_sdk::json::{List, Text};
use accord_sdk::types::SettledState;
use accord_sdk::{Collection, Failure, Grant, Page, Request, Resource, ResourceId, State, Step, UserTrait};
use serde::Deserialize;

use crate::api::{self, One, Reference, USERS};
use crate::pages::Items;
use crate::{Datadog, roles};

#[derive(Deserialize, Default)]
#[serde(default)]
struct User {
    id: String,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attributes {
    name: Text,
    /// The login of a person; a service account's own id.
    handle: Text,
    /// Of a service account a contact, that others may share.
    email: Text,
    title: Text,
    /// `Active`, `Pending` or `Disabled`.
    status: Text,
    verified: Option<bool>,
    service_account: Option<bool>,
    mfa_enabled: Option<bool>,
    last_login_time: Text,
    created_at: Text,
    modified_at: Text,
    allowed_login_methods: List<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Relationships {
    roles: Roles,
    org: One,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Roles {
    data: List<Reference>,
}

pub(crate) fn request() -> Request {
    Request::get("/api/v2/users").query("sort", "name").permission(USERS)
}

/// The user of an id.
pub(crate) fn id(user_id: &str) -> ResourceId {
    ResourceId::new("user", user_id)
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: users, step } = datadog.list::<User>(page, &request())?;
    let mut role_ids = BTreeSet::new();
    for user in &users {
        for role_id in user.relationships.roles.data.iter().filter_map(|role| role.id.given()) {
            role_ids.insert(role_id);
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
fn discover_unlisted(page: &mut Page<'_>, role_ids: &BTreeSet<&str>) {
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
    fn resource(&self, page: &mut Page<'_>) -> Resource {
        let user = &self.attributes;
        let names = [user.name.given(), user.email.given(), user.handle.given()];
        let display_name = names.into_iter().flatten().next().unwrap_or(&self.id);
        let (first, last) = split(&user.name);
        let (state, details) = self.state(page);
        let created_at = api::moment(page, &user.created_at, &self.id);
        let kind = self.kind(page);
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

    fn kind(&self, page: &mut Page<'_>) -> UserTrait {
        let user = &self.attributes;
        let (email, handle) = (user.email.given().unwrap_or_default(), user.handle.given().unwrap_or_default());
        let kind = if user.service_account == Some(true) {
            UserTrait::service().login(handle)
        } else {
            let login = if email.is_empty() { handle } else { email };
            let aliases = if handle.is_empty() || handle == login { Vec::new() } else { vec![handle.to_owned()] };
            UserTrait::human().login(login).login_aliases(aliases)
        };
        let methods = &user.allowed_login_methods;
        let sso = (!methods.is_empty()).then(|| methods.iter().any(|method| method.eq_ignore_ascii_case("saml")));
        kind.email(email).last_login(api::moment(page, &user.last_login_time, &self.id)).mfa(user.mfa_enabled).sso(sso)
    }

    fn state(&self, page: &mut Page<'_>) -> (State, String) {
        let details = self.attributes.status.to_string();
        let state = match details.to_ascii_lowercase().as_str() {
            "active" => State::Enabled,
            // Who is invited cannot log in yet.
            "disabled" | "pending" => State::Disabled,
            _ => {
                page.note("a user's status is unknown", "kept as it is, neither enabled nor disabled", &details);
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
