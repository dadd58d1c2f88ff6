//! The on-call schedules. Who is on call is asked of each schedule.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::{
    Collection, Entitlement, Failure, GroupTrait, Page, Purpose, Request, Resource, ResourceId, Response, Step, Target,
};

use crate::Datadog;
use crate::api::{self, ON_CALL, Several};
use crate::pages::Items;

const PATH: &str = "/api/v2/on-call/schedules";

/// A fact: this organization has no list of schedules.
const NO_LIST: &str = "no-list-of-schedules";

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Schedule {
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
    teams: Several,
}

pub(crate) fn request() -> Request {
    Request::get(PATH).permission(ON_CALL)
}

/// The schedule of an id.
pub(crate) fn id(schedule_id: &str) -> ResourceId {
    ResourceId::new("schedule", schedule_id)
}

/// The request for one schedule.
pub(crate) fn one(schedule_id: &str) -> Result<Request, Failure> {
    api::of_object(PATH, schedule_id, ON_CALL)
}

/// Whether Datadog says that it has no list of schedules.
pub(crate) fn has_no_list(datadog: &Datadog, answer: &Response) -> bool {
    matches!(answer.status(), 404 | 405) && datadog.says(answer)
}

/// Whether an earlier listing found that there is no list of schedules.
pub(crate) fn are_unlisted(page: &Page<'_>) -> bool {
    page.fact(NO_LIST.into()).is_some()
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let asked = datadog.ask(page, &request())?;
    if let Some(answer) = asked.first().filter(|answer| has_no_list(datadog, answer)) {
        let reason = "Datadog has no list of schedules here, so only those are found that a team's routing leads to";
        page.note_lost("schedules that no team's routing uses", reason, answer.place());
        page.put_facts(&[(NO_LIST.into(), Vec::new())])?;
        page.discover(Collection::named("routing"));
        return Ok(Step::Done);
    }
    let Items { items: schedules, step } = datadog.items::<Schedule>(page, &asked)?;
    for schedule in &schedules {
        schedule.put(datadog, page)?;
        if datadog.sync_schedule_members {
            page.discover(Collection::keyed("schedule", &schedule.id));
        }
    }
    Ok(step)
}

/// What it means that Datadog does not know what belongs to a schedule: that was deleted after it was found, or Datadog
/// contradicts itself.
pub(crate) fn is_lost(datadog: &Datadog, page: &Page<'_>, schedule_id: &str, answer: &Response) -> Failure {
    let is_there = if are_unlisted(page) {
        one(schedule_id).and_then(|request| datadog.send(page, &request)).map(|answer| !datadog.has_none(&answer))
    } else {
        datadog.is_listed(page, &request(), schedule_id)
    };
    match is_there {
        Ok(true) => datadog.failure(answer),
        Ok(false) => Failure::Gone(id(schedule_id)),
        Err(failure) => failure,
    }
}

impl Schedule {
    /// Pushes the schedule and what can be held on it. Who is on call is a listing of its own.
    pub(crate) fn put(&self, datadog: &Datadog, page: &mut Page<'_>) -> Result<(), Failure> {
        let resource = self.resource();
        let name = &resource.display_name;
        page.entitlement(
            self.entitlement(&resource, "on_call")
                .purpose(Purpose::Permission)
                .description(format!("on_call role for {name} Datadog on-call schedule")),
        )?;
        if datadog.sync_schedule_members {
            page.entitlement(
                self.entitlement(&resource, "member")
                    .description(format!("all users in the rotation layers of {name} Datadog on-call schedule")),
            )?;
        }
        page.resource(resource)?;
        page.discover(Collection::keyed("on-call", &self.id));
        Ok(())
    }

    fn entitlement(&self, resource: &Resource, slug: &str) -> Entitlement {
        let name = format!("{} Schedule {slug}", resource.display_name);
        resource.entitlement(slug).display_name(name).grantable_to("user")
    }

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
