//! Who is on call in one schedule at this moment: one person, several, or nobody.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Failure, Grant, Page, Request, Response, Step, Target, Value};

use crate::api::{self, Document, ON_CALL, One, Reference};
use crate::{Datadog, schedules, users};

/// The answer of `…/responders`: responders name their shifts, shifts their users, and both are included.
#[derive(FromJson)]
struct Responders {
    data: Schedule,
    #[json(default)]
    included: List<Included>,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Schedule {
    relationships: ScheduleRelationships,
}

#[derive(FromJson, Default)]
#[json(default)]
struct ScheduleRelationships {
    responders: Several,
}

#[derive(FromJson, Default, Clone)]
#[json(default)]
struct Several {
    data: List<Reference>,
}

/// A responder or a shift; the others are not looked at.
#[derive(FromJson, Default, Clone)]
#[json(default)]
struct Included {
    #[json(rename = "type")]
    kind: Text,
    id: Text,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(FromJson, Default, Clone)]
#[json(default)]
struct Attributes {
    start: Text,
    end: Text,
}

#[derive(FromJson, Default, Clone)]
#[json(default)]
struct Relationships {
    shifts: Several,
    user: One,
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let schedule_id = page.key()?.to_owned();
    let now = of_schedule(&schedule_id)?.segment("responders")?.query("include", "responders.shifts.user");
    let answer = datadog.send(page, &now)?;
    let shifts = if answer.status() == 404 {
        // Older organizations have only the way that tells of one person.
        datadog.send(page, &of_schedule(&schedule_id)?.segment("on-call")?).and_then(|answer| {
            if answer.status() == 404 {
                Err(is_lost(datadog, page, &schedule_id, &answer))
            } else {
                one(datadog, &answer)
            }
        })?
    } else {
        several(datadog, &answer)?
    };
    page.holds(shifts.len(), None);
    let schedule = schedules::id(&schedule_id);
    for shift in shifts {
        // A shift that nobody has taken.
        let Some(user_id) = shift.relationships.user.id() else { continue };
        let grant = Grant::new(&schedule, "on_call", users::id(user_id));
        let times = [("shift_start", &shift.attributes.start), ("shift_end", &shift.attributes.end)];
        let told = times.into_iter().filter_map(|(name, time)| Some((name.into(), Value::Text(time.given()?.into()))));
        page.grant(grant.annotate(GrantAnnotation::Metadata(told.collect())))?;
    }
    Ok(Step::Done)
}

fn of_schedule(schedule_id: &str) -> Result<Request, Failure> {
    api::of_object(schedules::PATH, schedule_id, ON_CALL)
}

/// Neither way knows the schedule: it was deleted after it was listed, or Datadog contradicts itself.
fn is_lost(datadog: &Datadog, page: &Page<'_>, schedule_id: &str, answer: &Response) -> Failure {
    match datadog.is_listed(page, &schedules::request(), schedule_id) {
        Ok(true) => datadog.failure(answer),
        Ok(false) => Failure::Gone(schedules::id(schedule_id)),
        Err(failure) => failure,
    }
}

/// The shifts that the responders of an answer name.
fn several(datadog: &Datadog, answer: &Response) -> Result<Vec<Included>, Failure> {
    let Responders { data, included } = datadog.decode(answer)?;
    let missing = |what: &str, id: &Text| {
        let message = format!("Datadog names the {what} `{}` and does not include it", id.escape_debug());
        Failure::invalid_response(message, answer.place())
    };
    let find = |kind: &str, id: &Text| included.iter().find(|object| &*object.kind == kind && object.id == *id);
    let mut shifts = Vec::new();
    for responder in data.relationships.responders.data.iter() {
        let found = find("schedule_oncall_responder", &responder.id);
        let found = found.ok_or_else(|| missing("responder", &responder.id))?;
        for shift in found.relationships.shifts.data.iter() {
            let found = find("shifts", &shift.id).ok_or_else(|| missing("shift", &shift.id))?;
            shifts.push(found.clone());
        }
    }
    Ok(shifts)
}

/// The only shift of an answer, or none where nobody is on call.
fn one(datadog: &Datadog, answer: &Response) -> Result<Vec<Included>, Failure> {
    Ok(datadog.decode::<Document<Option<Included>>>(answer)?.data.into_iter().collect())
}
