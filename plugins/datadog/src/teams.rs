//! The teams. Each team's members are a listing of their own, since there is none of all members.

use accord_sdk::json::{FromJson, Text};
use accord_sdk::types::EntitlementAnnotation;
use accord_sdk::{Collection, Entitlement, Failure, GroupTrait, Page, Purpose, Request, Resource, ResourceId, Step};

use crate::Datadog;
use crate::api::{self, TEAMS};
use crate::pages::Items;

pub(crate) const PATH: &str = "/api/v2/team";

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Team {
    id: String,
    attributes: Attributes,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Attributes {
    name: Text,
    /// The stable name.
    handle: Text,
    description: Text,
    summary: Text,
    /// By something outside Datadog, which undoes what is changed here.
    is_managed: Option<bool>,
    user_count: Option<i64>,
    created_at: Text,
    modified_at: Text,
}

pub(crate) fn request() -> Request {
    Request::get(PATH).query("sort", "name").permission(TEAMS)
}

/// The team of an id.
pub(crate) fn id(team_id: &str) -> ResourceId {
    ResourceId::new("team", team_id)
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: teams, step } = datadog.list::<Team>(page, &request())?;
    for team in &teams {
        let resource = team.resource(page);
        page.entitlement(
            team.entitlement(&resource, "member")
                .description(format!("member of {} Datadog team", resource.display_name)),
        )?;
        page.entitlement(
            team.entitlement(&resource, "admin")
                .purpose(Purpose::Permission)
                .description(format!("admin of {} Datadog team", resource.display_name)),
        )?;
        page.resource(resource)?;
        page.discover(Collection::keyed("team-members", &team.id));
    }
    Ok(step)
}

impl Team {
    /// Whether something outside Datadog decides on it.
    pub(crate) fn is_managed(&self) -> bool {
        self.attributes.is_managed == Some(true)
    }

    fn resource(&self, page: &mut Page<'_>) -> Resource {
        let team = &self.attributes;
        let created_at = api::moment(page, &team.created_at, &self.id);
        let display_name = team.name.given().or(team.handle.given()).unwrap_or(&self.id);
        Resource::new("team", &self.id, display_name)
            .description(&*team.description)
            .profile("team_name", &*team.name)
            .profile("team_description", &*team.description)
            .profile("team_id", self.id.as_str())
            .profile("handle", &*team.handle)
            .profile("summary", &*team.summary)
            .profile("is_managed", team.is_managed)
            .profile("user_count", team.user_count)
            .profile("created_at", &*team.created_at)
            .profile("modified_at", &*team.modified_at)
            .created_at(created_at)
            .with(GroupTrait::plain())
    }

    fn entitlement(&self, resource: &Resource, slug: &str) -> Entitlement {
        let entitlement = resource
            .entitlement(slug)
            .display_name(format!("{} Team {slug}", resource.display_name))
            .grantable_to("user");
        if self.is_managed() {
            entitlement.annotate(EntitlementAnnotation::Immutable("is_managed".into()))
        } else {
            entitlement
        }
    }
}
