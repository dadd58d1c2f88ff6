//! The roles. Who has which is in the users' pages.

use accord_sdk::json::{Count, FromJson, List, Text};
use accord_sdk::{Failure, Page, Request, Resource, ResourceId, RoleTrait, Step};

use crate::Datadog;
use crate::api::{self, USERS};
use crate::pages::Items;

/// Facts with this prefix and a role's id: the roles that the listing named.
pub(crate) const KNOWN: &str = "role/";

#[derive(FromJson, Default)]
#[json(default)]
struct Role {
    id: String,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Attributes {
    name: Text,
    created_at: Text,
    modified_at: Text,
    user_count: Option<i64>,
    receives_permissions_from: List<String>,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Relationships {
    permissions: Permissions,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Permissions {
    data: Count,
}

pub(crate) const PATH: &str = "/api/v2/roles";

pub(crate) fn request() -> Request {
    Request::get(PATH).query("sort", "name").permission(USERS)
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: roles, step } = datadog.list::<Role>(page, &request())?;
    let known: Vec<_> = roles.iter().map(|role| (format!("{KNOWN}{}", role.id), Vec::new())).collect();
    page.put_facts(&known)?;
    for role in &roles {
        let resource = role.resource(page);
        let name = &resource.display_name;
        page.entitlement(
            resource
                .entitlement("member")
                .display_name(format!("{name} Role member"))
                .description(format!("Member of {name} Datadog role"))
                .grantable_to("user"),
        )?;
        page.resource(resource)?;
    }
    Ok(step)
}

/// The role of an id.
pub(crate) fn id(role_id: &str) -> ResourceId {
    ResourceId::new("role", role_id)
}

impl Role {
    /// Names are not unique: only the id tells two roles apart.
    fn resource(&self, page: &mut Page<'_>) -> Resource {
        let role = &self.attributes;
        let created_at = api::moment(page, &role.created_at, &self.id);
        Resource::new("role", &self.id, role.name.given().unwrap_or(&self.id))
            .profile("role_name", &*role.name)
            .profile("role_id", self.id.as_str())
            .profile("user_count", role.user_count)
            .profile("receives_permissions_from", role.receives_permissions_from.to_vec())
            .profile("permission_count", self.relationships.permissions.data.0)
            .profile("created_at", &*role.created_at)
            .profile("modified_at", &*role.modified_at)
            .created_at(created_at)
            .with(RoleTrait::unscoped())
    }
}
