//! The groups. Their members come with the users.

use accord_sdk::json::Text;
use accord_sdk::{Failure, GroupTrait, Page, Request, Resource, ResourceId, State, Step};
use serde::Deserialize;

use crate::Duo;
use crate::api::{RESOURCES, SAFE_LIMIT};

/// Facts with this prefix and a group's id: the groups that the listing named.
pub(crate) const KNOWN: &str = "group/";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Group {
    group_id: String,
    name: Text,
    desc: Text,
    /// A policy for the members' logins: `Active`, `Bypass` or `Disabled`.
    status: Text,
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let request = Request::get("/admin/v1/groups").permission(RESOURCES);
    let (groups, step) = duo.list::<Group>(page, &request, SAFE_LIMIT)?;
    let known: Vec<_> = groups.iter().map(|group| (format!("{KNOWN}{}", group.group_id), Vec::new())).collect();
    page.put_facts(&known)?;
    for group in groups {
        let resource = group.resource(duo);
        let name = &resource.display_name;
        page.entitlement(
            resource
                .entitlement("member")
                .display_name(format!("{name} Group member"))
                .description(format!("Member of {name} Group in Duo"))
                .grantable_to("user"),
        )?;
        page.resource(resource)?;
    }
    Ok(step)
}

/// The group of an id.
pub(crate) fn id(group_id: &str) -> ResourceId {
    ResourceId::new("group", group_id)
}

impl Group {
    fn resource(&self, duo: &Duo) -> Resource {
        let state = if self.status.eq_ignore_ascii_case("disabled") { State::Disabled } else { State::Enabled };
        Resource::new("group", &self.group_id, self.name.given().unwrap_or(&self.group_id))
            .parent(&duo.account())
            .description(&*self.desc)
            .profile("group_id", self.group_id.as_str())
            .profile("group_name", &*self.name)
            .profile("desc", &*self.desc)
            .profile("status", &*self.status)
            .status(state, &*self.status)
            .with(GroupTrait::plain())
    }
}
