//! The on-call schedules. Who is on call is asked of each schedule.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::{Collection, Failure, GroupTrait, Page, Purpose, Request, Resource, ResourceId, Step};

use crate::Datadog;
use crate::api::{ON_CALL, Reference};
use crate::pages::Items;

pub(crate) const PATH: &str = "/api/v2/on-call/schedules";

#[derive(FromJson, Default)]
#[json(default)]
struct Schedule {
    id: String,
    #[json(rename = "type")]
    kind: Text,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Attributes {
    name: Text,
    time_zone: Text,
    tags: List<String>,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Relationships {
    teams: Teams,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Teams {
    data: List<Reference>,
}

pub(crate) fn request() -> Request {
    Request::get(PATH).permission(ON_CALL)
}

/// The schedule of an id.
pub(crate) fn id(schedule_id: &str) -> ResourceId {
    ResourceId::new("schedule", schedule_id)
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: schedules, step } = datadog.list::<Schedule>(page, &request())?;
    for schedule in &schedules {
        let resource = schedule.resource();
        let name = &resource.display_name;
        page.entitlement(
            resource
                .entitlement("on_call")
                .purpose(Purpose::Permission)
                .display_name(format!("{name} Schedule on_call"))
                .description(format!("on_call role for {name} Datadog on-call schedule"))
                .grantable_to("user"),
        )?;
        page.resource(resource)?;
        page.discover(Collection::keyed("on-call", &schedule.id));
    }
    Ok(step)
}

impl Schedule {
    fn resource(&self) -> Resource {
        let schedule = &self.attributes;
        let team_ids = self.relationships.teams.data.iter().filter_map(|team| team.id.given().map(str::to_owned));
        let display_name = schedule.name.given().map_or_else(|| format!("Schedule {}", self.id), str::to_owned);
        Resource::new("schedule", &self.id, display_name)
            .profile("schedule_id", self.id.as_str())
            .profile("schedule_name", &*schedule.name)
            .profile("schedule_type", &*self.kind)
            .profile("schedule_timezone", &*schedule.time_zone)
            .profile("team_ids", team_ids.collect::<Vec<_>>())
            .profile("tags", schedule.tags.to_vec())
            .with(GroupTrait::plain())
    }
}
