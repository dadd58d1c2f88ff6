//! Where there is no list of schedules: the teams' routing rules name escalation policies, whose steps name schedules.
//!
//! Policies and schedules that are named more than once are one listing each all the same, so none is asked for twice.

use accord_sdk::{Collection, Failure, Page, Request, Step, Target};

use crate::api::{self, ON_CALL, Reference};
use crate::included::Included;
use crate::pages::Items;
use crate::{Datadog, teams};

/// The rules that decide where a team's pages go.
pub(crate) fn request(team_id: &str) -> Result<Request, Failure> {
    let rules = api::of_object("/api/v2/on-call/teams", team_id, ON_CALL)?.segment("routing-rules")?;
    Ok(rules.query("include", "rules,rules.policy"))
}

/// Reads the routing of some teams, all at once.
pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: teams, step } = datadog.list::<Reference>(page, &teams::request())?;
    // The list's total is of teams, and nobody knows how many schedules there are.
    page.holds(teams.len(), None);
    let requests = teams.iter().map(|team| request(&team.id)).collect::<Result<Vec<_>, _>>()?;
    for (team, answer) in teams.iter().zip(datadog.send_all(page, &requests)) {
        let answer = answer?;
        if datadog.has_none(&answer) {
            page.note("a team without routing", "Datadog knows no rules of it", &*team.id);
            continue;
        }
        let routing: Included = datadog.decode(&answer)?;
        for rule in routing.all(&routing.data.relationships.rules, &answer)? {
            let by_action = rule.attributes.actions.iter().filter_map(|action| action.policy_id.given());
            for policy_id in rule.relationships.policy.id().into_iter().chain(by_action) {
                page.discover(Collection::keyed("escalation-policy", policy_id));
            }
        }
    }
    Ok(step)
}

/// Reads which schedules one escalation policy pages. The users and teams that it pages too are none of the schedules'.
pub(crate) fn read_policy(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let policy_id = page.key()?.to_owned();
    let request = api::of_object("/api/v2/on-call/escalation-policies", &policy_id, ON_CALL)?;
    let answer = datadog.send(page, &request.query("include", "steps.targets"))?;
    if datadog.has_none(&answer) {
        page.note("an escalation policy is not there any more", "a routing rule named it before", policy_id);
        return Ok(Step::Done);
    }
    let policy: Included = datadog.decode(&answer)?;
    let steps = policy.all(&policy.data.relationships.steps, &answer)?;
    for target in steps.into_iter().flat_map(|step| step.relationships.targets.data.iter()) {
        let schedule_id = match &*target.kind {
            "schedules" => target.id.given(),
            // Who was on call before, or is next.
            "schedule_target" => policy.one(target, &answer)?.relationships.schedule.id(),
            _ => continue,
        };
        let nameless = || Failure::invalid_response("a target names no schedule", answer.place());
        page.discover(Collection::keyed("schedule", schedule_id.ok_or_else(nameless)?));
    }
    Ok(Step::Done)
}
