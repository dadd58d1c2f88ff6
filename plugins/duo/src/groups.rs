//! The groups. Their members come with the users.
//!
//! Where a user is in a group that the listing did not name, the groups are listed again. What that listing does not name
//! either was deleted while the account was read.

use accord_sdk::json::{FromJson, Text};
use accord_sdk::{Failure, GroupTrait, Page, Request, Resource, ResourceId, State, Step};

use crate::Duo;
use crate::api::{RESOURCES, SAFE_LIMIT};

/// Facts with this prefix and a group's id: the groups that the listing named.
pub(crate) const KNOWN: &str = "group/";
/// The same for groups that users are in, and that the listing did not name.
pub(crate) const UNLISTED: &str = "unlisted/";
/// The same for groups that the second listing named.
const AGAIN: &str = "again/";

/// What is told of a group that was deleted between two looks.
pub(crate) const GONE: &str = "group gone during the sync";

/// Groups that are compared at a time.
const COMPARED: u32 = 1_000;

#[derive(FromJson, Default)]
#[json(default)]
struct Group {
    group_id: String,
    name: Text,
    desc: Text,
    /// A policy for the members' logins: `Active`, `Bypass` or `Disabled`.
    status: Text,
}

pub(crate) fn request() -> Request {
    Request::get("/admin/v1/groups").permission(RESOURCES)
}

/// The first listing.
pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    list(duo, page, KNOWN)
}

/// The second one.
pub(crate) fn read_again(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let step = list(duo, page, AGAIN)?;
    if matches!(step, Step::Done) {
        tell_gone(page, UNLISTED, "users were in it, and no listing has it: its memberships are left out");
        tell_gone(page, KNOWN, "it was listed at first and is not any more: what was read of it is kept");
    }
    Ok(step)
}

/// Reads a page of groups and keeps their ids as facts.
fn list(duo: &Duo, page: &mut Page<'_>, facts: &str) -> Result<Step, Failure> {
    let (groups, step) = duo.list::<Group>(page, &request(), SAFE_LIMIT)?;
    let known: Vec<_> = groups.iter().map(|group| (format!("{facts}{}", group.group_id), Vec::new())).collect();
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

/// Names the groups of these facts that the second listing does not have.
fn tell_gone(page: &mut Page<'_>, facts: &str, reason: &str) {
    let mut after = None;
    loop {
        let found = page.scan_facts(facts, after.as_deref(), COMPARED);
        let group_ids: Vec<&str> = found.iter().filter_map(|(key, _)| key.strip_prefix(facts)).collect();
        let keys: Vec<String> = group_ids.iter().map(|group_id| format!("{AGAIN}{group_id}")).collect();
        for (group_id, _) in group_ids.iter().zip(page.facts(&keys)).filter(|(_, again)| again.is_none()) {
            page.note(GONE, reason, *group_id);
        }
        match found.into_iter().last() {
            Some((last, _)) => after = Some(last),
            None => return,
        }
    }
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
