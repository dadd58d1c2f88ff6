//! One schedule by itself: who is in its rotation, where asked for, and what it is, where no list says so.

use accord_sdk::{Failure, Grant, Page, Response, Step, Target};

use crate::api::Document;
use crate::included::Included;
use crate::schedules::{self, Schedule};
use crate::{Datadog, users};

/// What leads from a schedule to the users in its rotation.
const MEMBERS: &str = "layers,layers.members,layers.members.user";

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let schedule_id = page.key()?.to_owned();
    let unlisted = schedules::are_unlisted(page);
    let mut request = schedules::one(&schedule_id)?;
    if datadog.sync_schedule_members {
        request = request.query("include", MEMBERS);
    }
    let answer = datadog.send(page, &request)?;
    if datadog.has_none(&answer) {
        // Where there is no list, this is the only word there is.
        return Err(if unlisted {
            Failure::Gone(schedules::id(&schedule_id))
        } else {
            schedules::is_lost(datadog, page, &schedule_id, &answer)
        });
    }
    if unlisted {
        datadog.decode::<Document<Schedule>>(&answer)?.data.put(datadog, page)?;
    }
    if datadog.sync_schedule_members {
        let members = members(datadog, &answer)?;
        page.holds(members.len(), None);
        let schedule = schedules::id(&schedule_id);
        for user_id in members {
            page.grant(Grant::new(&schedule, "member", users::id(&user_id)))?;
        }
    }
    Ok(Step::Done)
}

/// The users in all layers of a schedule, each once. A place in a rotation may be nobody's.
fn members(datadog: &Datadog, answer: &Response) -> Result<Vec<String>, Failure> {
    let schedule: Included = datadog.decode(answer)?;
    let mut users = Vec::new();
    for layer in schedule.all(&schedule.data.relationships.layers, answer)? {
        for member in schedule.all(&layer.relationships.members, answer)? {
            let user_id = member.relationships.user.id().map(str::to_owned);
            // A rotation is too short for a set to pay.
            users.extend(user_id.filter(|user_id| !users.contains(user_id)));
        }
    }
    Ok(users)
}
