//! What proves both keys and the permissions: Datadog's own word for the keys, then one item of each kind.

use accord_sdk::json::Ignored;
use accord_sdk::{Check, Failure, Host, Request, Response, Target};

use crate::api::{API_KEYS, Document, ON_CALL, Reference, TEAMS, USERS};
use crate::{Datadog, api_keys, pages, roles, routing, schedules, teams, users};

pub(crate) fn checks(datadog: &Datadog, host: &Host) -> Vec<Check> {
    let (name, needed_for) = ("API key and application key", "everything");
    let keys = keys(datadog, host);
    let why_not = keys.as_ref().err().map(|failure| match failure {
        Failure::Credentials(_) => "Datadog refused the keys",
        _ => "whether the keys are good is not known",
    });
    let mut checks = vec![Check::of(name, needed_for, keys)];
    let probes = [
        (USERS, "users and service accounts", Some(users::request())),
        (USERS, "roles", Some(roles::request())),
        (TEAMS, "teams and their members", Some(teams::request())),
        (ON_CALL, "on-call schedules", datadog.sync_schedules.then(schedules::request)),
        (API_KEYS, "API keys", datadog.sync_secrets.then(api_keys::request)),
    ];
    for (permission, needed_for, request) in probes {
        let Some(request) = request else { continue };
        // Who is not let in at all need not ask on.
        checks.push(match why_not {
            Some(why_not) => Check::skipped(permission, needed_for, why_not),
            None => Check::of(permission, needed_for, one_item(datadog, host, &request)),
        });
    }
    checks
}

/// Whether a list shows one item. Where there is none of schedules, the routing of a team needs the same permission.
fn one_item(datadog: &Datadog, host: &Host, list: &Request) -> Result<(), Failure> {
    let answer = datadog.send(host, &pages::probe(list))?;
    if answer.permission() != ON_CALL || !schedules::has_no_list(datadog, &answer) {
        return datadog.decode::<Ignored>(&answer).map(drop);
    }
    let teams: Document<Vec<Reference>> = datadog.fetch(host, &pages::probe(&teams::request()))?;
    let Some(team) = teams.data.first() else { return Ok(()) };
    let answer = datadog.send(host, &routing::request(&team.id)?)?;
    if datadog.has_none(&answer) { Ok(()) } else { datadog.decode::<Ignored>(&answer).map(drop) }
}

fn both_keys() -> Request {
    Request::get("/api/v2/validate_keys")
}

/// Whether Datadog knows both keys.
fn keys(datadog: &Datadog, host: &Host) -> Result<(), Failure> {
    let answer = datadog.send(host, &both_keys())?;
    match answer.status() {
        // An older gateway: its way looks at the API key only, so a list that needs both comes after it.
        404 => {
            let api_key = datadog.send(host, &Request::get("/api/v1/validate"))?;
            if is_refusal(api_key.status()) {
                return Err(refused_keys(datadog, &api_key));
            }
            let list = datadog.send(host, &pages::probe(&users::request()))?;
            // A missing permission is for the next check to tell.
            if list.status() == 401 { Err(refused_keys(datadog, &list)) } else { Ok(()) }
        }
        status if is_refusal(status) => Err(refused_keys(datadog, &answer)),
        _ => datadog.decode::<Ignored>(&answer).map(drop),
    }
}

fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403)
}

fn refused_keys(datadog: &Datadog, answer: &Response) -> Failure {
    let mut detail = datadog.credentials_refused(answer).place(answer.place());
    let words = datadog.explain(answer);
    detail.message = format!("{} (HTTP {}, {words})", detail.message, answer.status());
    Failure::Credentials(detail)
}

/// Datadog may answer 403 for keys that it does not know, as for a missing permission. One more request tells which it
/// was, so that nobody looks for a permission in the place of a key.
pub(crate) fn or_refused_keys(datadog: &Datadog, host: &Host, failure: Failure) -> Failure {
    if !matches!(failure, Failure::Permission(_)) {
        return failure;
    }
    match datadog.send(host, &both_keys()) {
        Ok(answer) if is_refusal(answer.status()) => refused_keys(datadog, &answer),
        _ => failure,
    }
}
