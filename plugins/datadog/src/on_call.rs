//! Who is on call in one schedule at this moment: one person, several, or nobody.

use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Failure, Grant, Page, ResourceId, Response, Step, Target, Value};

use crate::api::Document;
use crate::included::{Included, Object};
use crate::{Datadog, schedules, users};

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let schedule_id = page.key()?.to_owned();
    let now = schedules::one(&schedule_id)?.segment("responders")?.query("include", "responders.shifts.user");
    let schedule = schedules::id(&schedule_id);
    let answer = datadog.send(page, &now)?;
    let shifts = if answer.status() == 404 {
        // Older organizations have only the way that tells of one person.
        datadog.send(page, &schedules::one(&schedule_id)?.segment("on-call")?).and_then(|answer| {
            if answer.status() == 404 {
                Err(schedules::is_lost(datadog, page, &schedule_id, &answer))
            } else {
                one(datadog, &schedule, &answer)
            }
        })?
    } else {
        several(datadog, &schedule, &answer)?
    };
    page.holds(shifts.len(), None);
    shifts.into_iter().flatten().try_for_each(|grant| page.grant(grant))?;
    Ok(Step::Done)
}

/// The shifts that the responders of an answer name.
fn several(datadog: &Datadog, schedule: &ResourceId, answer: &Response) -> Result<Vec<Option<Grant>>, Failure> {
    let now: Included = datadog.decode(answer)?;
    let mut shifts = Vec::new();
    for responder in now.all(&now.data.relationships.responders, answer)? {
        let of_responder = now.all(&responder.relationships.shifts, answer)?;
        shifts.extend(of_responder.into_iter().map(|shift| grant(schedule, shift)));
    }
    Ok(shifts)
}

/// The only shift of an answer, or none where nobody is on call.
fn one(datadog: &Datadog, schedule: &ResourceId, answer: &Response) -> Result<Vec<Option<Grant>>, Failure> {
    let now: Document<Option<Object>> = datadog.decode(answer)?;
    Ok(now.data.iter().map(|shift| grant(schedule, shift)).collect())
}

/// What a shift gives; nothing where nobody has taken it.
fn grant(schedule: &ResourceId, shift: &Object) -> Option<Grant> {
    let grant = Grant::new(schedule, "on_call", users::id(shift.relationships.user.id()?));
    let times = [("shift_start", &shift.attributes.start), ("shift_end", &shift.attributes.end)];
    let told = times.into_iter().filter_map(|(name, time)| Some((name.into(), Value::Text(time.given()?.into()))));
    Some(grant.annotate(GrantAnnotation::Metadata(told.collect())))
}
