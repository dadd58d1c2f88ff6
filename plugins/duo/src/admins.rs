//! The administrators, and in each of them the role that they have.

use std::collections::BTreeSet;

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::types::SettledState;
use accord_sdk::{Failure, Grant, Page, Request, Resource, ResourceId, State, Step, Timestamp, UserTrait};

use crate::api::{ADMINISTRATORS, SAFE_LIMIT};
use crate::roles::{self, Role};
use crate::{Duo, person};

#[derive(FromJson, Default)]
#[json(default)]
struct Admin {
    admin_id: String,
    name: Text,
    email: Text,
    phone: Text,
    /// The role's name; its id is in answers of later years.
    role: Text,
    role_id: Text,
    status: Text,
    created: Option<i64>,
    last_login: Option<i64>,
    restricted_by_admin_units: Option<bool>,
    admin_units: List<String>,
}

pub(crate) fn request() -> Request {
    Request::get("/admin/v1/admins").permission(ADMINISTRATORS)
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let (admins, step) = duo.list::<Admin>(page, &request(), SAFE_LIMIT)?;
    let mut added = BTreeSet::new();
    for admin in &admins {
        let (state, details) = admin.state(page);
        let resource = admin.resource(duo).status(state, details);
        match admin.role(duo, page) {
            Some((role, listed)) => {
                page.grant(Grant::new(&role.id, "member", resource.id.clone()))?;
                if !listed && added.insert(role.id.resource.clone()) {
                    add_role(page, role)?;
                }
            }
            None => page.note("an administrator has no role", "nothing to grant", &admin.admin_id),
        }
        page.resource(resource)?;
    }
    Ok(step)
}

/// A role that the catalogue does not have is made up from what its administrators tell.
fn add_role(page: &mut Page<'_>, role: Resource) -> Result<(), Failure> {
    if page.collection_state("roles") == Some(SettledState::Complete) {
        page.note("a role is not in the catalogue", "taken from its administrators", &role.display_name);
    }
    let role = role.stub();
    page.entitlement(roles::member(&role))?;
    page.resource(role)
}

impl Admin {
    fn resource(&self, duo: &Duo) -> Resource {
        let display_name = self.name.given().or(self.email.given()).unwrap_or(&self.admin_id);
        let (first, last) = person::split(&self.name);
        Resource::new("admin", &self.admin_id, display_name)
            .parent(&duo.account())
            .profile("first_name", first)
            .profile("last_name", last)
            .profile("login", &*self.email)
            .profile("user_id", self.admin_id.as_str())
            .profile("role", &*self.role)
            .profile("admin_id", self.admin_id.as_str())
            .profile("role_id", &*self.role_id)
            .profile("status", &*self.status)
            .profile("restricted_by_admin_units", self.restricted_by_admin_units)
            .profile("admin_units", self.admin_units.to_vec())
            .profile("phone_present", self.phone.given().is_some())
            .created_at(self.created.and_then(Timestamp::unix))
            .with(
                UserTrait::human()
                    .email(&*self.email)
                    .login(&*self.email)
                    .last_login(self.last_login.and_then(Timestamp::unix)),
            )
    }

    fn state(&self, page: &mut Page<'_>) -> (State, String) {
        let details = self.status.to_string();
        let state = match self.status.to_ascii_lowercase().as_str() {
            "active" => State::Enabled,
            "disabled" | "expired" | "pending activation" => State::Disabled,
            _ => {
                page.note("an administrator's status is unknown", "kept, neither enabled nor disabled", &details);
                State::Unspecified
            }
        };
        (state, details)
    }

    /// The role, and whether the catalogue has it. Where Duo gives no id, the catalogue knows the role by its name.
    fn role(&self, duo: &Duo, page: &Page<'_>) -> Option<(Resource, bool)> {
        self.role_id.given().or(self.role.given())?;
        let role = Role::named(&self.role_id, &self.role).resource(duo);
        if self.role_id.given().is_some() {
            let listed = page.fact(format!("{}{}", roles::KNOWN, role.id.resource)).is_some();
            return Some((role, listed));
        }
        let by_name = page.fact(format!("{}{}", roles::BY_NAME, roles::plain(&self.role)));
        match by_name.and_then(|id| String::from_utf8(id).ok()) {
            Some(id) => Some((Resource { id: ResourceId::new("role", id), ..role }, true)),
            None => Some((role, false)),
        }
    }
}
