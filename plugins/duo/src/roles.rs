//! The roles that administrators can have: Duo's catalogue, custom roles included. Who has which comes with the
//! administrators.

use accord_sdk::json::{FromJson, Text};
use accord_sdk::types::ResourceAnnotation;
use accord_sdk::{Entitlement, Failure, Page, Request, Resource, RoleTrait, Step, Target};

use crate::Duo;
use crate::api::{ADMINISTRATORS, Envelope};

/// Facts with this prefix and a role's resource id: the roles that the catalogue named.
pub(crate) const KNOWN: &str = "role/";

/// Facts with this prefix and a role's plain name, whose value is its resource id.
pub(crate) const BY_NAME: &str = "role-named/";

/// Roles that every account has: Duo's id where it is known, the id in the file, and the name. The ids in the file are
/// those of earlier connectors, which made them from the names.
const BUILT_IN: [(Option<&str>, &str, &str); 9] = [
    (Some("owner"), "owner", "Owner"),
    (Some("service_manager"), "administrator", "Administrator"),
    (Some("application_manager"), "application manager", "Application Manager"),
    (Some("user_manager"), "user manager", "User Manager"),
    (Some("help_desk"), "help desk", "Help Desk"),
    (Some("billing"), "billing", "Billing"),
    (Some("read_only"), "read-only", "Read-only"),
    (None, "phishing manager", "Phishing Manager"),
    (None, "security analyst", "Security Analyst"),
];

/// What the read-only role was called by a connector that never granted it.
const FORMER_READ_ONLY: &str = "readonly";

/// One role, of the catalogue or made up from what is known of it.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Role {
    role_id: Text,
    name: Text,
    description: Text,
    in_use: Option<bool>,
    is_custom: Option<bool>,
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let request = Request::get("/admin/v1/admin_roles").permission(ADMINISTRATORS);
    let roles = match duo.fetch::<Envelope<Vec<Role>>>(page, &request) {
        Ok(catalogue) => catalogue.response,
        Err(Failure::Permission(_) | Failure::NotFound(_)) => {
            let reason = "Duo's own catalogue cannot be read; custom roles come from the administrators who have them";
            page.note("the roles are the built-in ones", reason, request.place());
            BUILT_IN.iter().map(|(role_id, _, name)| Role::named(role_id.unwrap_or_default(), name)).collect()
        }
        Err(failure) => return Err(failure),
    };
    page.holds(roles.len(), None);
    for role in roles {
        let resource = role.resource(duo);
        let id = &resource.id.resource;
        page.put_facts(&[
            (format!("{KNOWN}{id}"), Vec::new()),
            (format!("{BY_NAME}{}", plain(&role.name)), id.clone().into_bytes()),
        ])?;
        page.entitlement(member(&resource))?;
        page.resource(resource)?;
    }
    Ok(Step::Done)
}

impl Role {
    /// A role of which only this is known. Either may be empty.
    pub(crate) fn named(role_id: &str, name: &str) -> Self {
        Self { role_id: role_id.into(), name: name.into(), ..Self::default() }
    }

    /// Its id in the file.
    pub(crate) fn id(&self) -> String {
        let is_it = |known: &&(Option<&str>, &str, &str)| match self.role_id.given() {
            Some(role_id) => known.0 == Some(role_id),
            None => plain(known.2) == plain(&self.name),
        };
        match (BUILT_IN.iter().find(is_it), self.role_id.given()) {
            (Some((_, id, _)), _) => (*id).into(),
            (None, Some(role_id)) => role_id.into(),
            (None, None) => self.name.trim().to_ascii_lowercase(),
        }
    }

    pub(crate) fn resource(&self, duo: &Duo) -> Resource {
        let id = self.id();
        let role_id = self.role_id.given().unwrap_or(&id);
        let name = self.name.given().unwrap_or(role_id);
        let mut aliases: Vec<String> = Vec::new();
        if role_id != id {
            aliases.push(role_id.into());
        }
        if role_id == "read_only" {
            aliases.push(FORMER_READ_ONLY.into());
        }
        let role = Resource::new("role", &id, name)
            .parent(&duo.account())
            .profile("role_name", name)
            .profile("role_id", role_id)
            .profile("is_custom", self.is_custom)
            .profile("description", &*self.description)
            .profile("in_use", self.in_use)
            .with(RoleTrait::unscoped());
        if aliases.is_empty() { role } else { role.annotate(ResourceAnnotation::Aliases(aliases)) }
    }
}

/// Having a role.
pub(crate) fn member(role: &Resource) -> Entitlement {
    let name = &role.display_name;
    role.entitlement("member")
        .display_name(format!("{name} Role member"))
        .description(format!("{name} Duo role"))
        .grantable_to("admin")
}

/// A name as it is compared: `Read-only`, `read_only` and `Read Only` are the same.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}
