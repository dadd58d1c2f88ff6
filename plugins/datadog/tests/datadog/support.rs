//! A small invented organization, as Datadog would answer for it.

use accord_sdk::Value;
use accord_sdk::testing::Bench;
use datadog::Datadog;

pub(crate) const USERS: &str = "/api/v2/users?sort=name&page[size]=100&page[number]=0";
pub(crate) const ROLES: &str = "/api/v2/roles?sort=name&page[size]=100&page[number]=0";
pub(crate) const TEAMS: &str = "/api/v2/team?sort=name&page[size]=100&page[number]=0";
pub(crate) const KEYS: &str = "/api/v2/api_keys?sort=name&page[size]=100&page[number]=0";
pub(crate) const SCHEDULES: &str = "/api/v2/on-call/schedules?page[size]=100&page[number]=0";
pub(crate) const BOTH_KEYS: &str = "/api/v2/validate_keys";

pub(crate) fn user(number: u32) -> String {
    format!("11111111-aaaa-4aaa-8aaa-{number:012}")
}

pub(crate) fn role(number: u32) -> String {
    format!("22222222-bbbb-4bbb-8bbb-{number:012}")
}

pub(crate) fn team(number: u32) -> String {
    format!("33333333-cccc-4ccc-8ccc-{number:012}")
}

pub(crate) fn key(number: u32) -> String {
    format!("44444444-dddd-4ddd-8ddd-{number:012}")
}

pub(crate) fn schedule(number: u32) -> String {
    format!("55555555-eeee-4eee-8eee-{number:012}")
}

pub(crate) fn policy(number: u32) -> String {
    format!("77777777-ffff-4fff-8fff-{number:012}")
}

pub(crate) fn members(number: u32, page: u32) -> String {
    format!("/api/v2/team/{}/memberships?sort=name&page[size]=100&page[number]={page}", team(number))
}

pub(crate) fn responders(number: u32) -> String {
    one_schedule(number) + "/responders?include=responders.shifts.user"
}

pub(crate) fn one_schedule(number: u32) -> String {
    format!("/api/v2/on-call/schedules/{}", schedule(number))
}

pub(crate) fn rotation(number: u32) -> String {
    one_schedule(number) + "?include=layers,layers.members,layers.members.user"
}

pub(crate) fn routing(number: u32) -> String {
    format!("/api/v2/on-call/teams/{}/routing-rules?include=rules,rules.policy", team(number))
}

pub(crate) fn escalation(number: u32) -> String {
    format!("/api/v2/on-call/escalation-policies/{}?include=steps.targets", policy(number))
}

/// A bench without any of the things that are collected only where asked for.
pub(crate) fn bench() -> Bench<Datadog> {
    Bench::new().text("site", "datadoghq.com")
}

/// With all that the vendor's connector collects.
pub(crate) fn bench_with_everything() -> Bench<Datadog> {
    bench().value("sync-schedules", Value::Flag(true)).value("sync-secrets", Value::Flag(true))
}

pub(crate) fn bench_with_schedule_members() -> Bench<Datadog> {
    bench_with_everything().value("sync-schedule-members", Value::Flag(true))
}

/// Puts users, roles and teams on a bench; listings in `except` are left to the test.
pub(crate) fn organization_on(bench: &Bench<Datadog>, except: &[&str]) {
    for (target, answer) in [
        (ROLES.to_owned(), include_str!("answers/roles.json")),
        (USERS.to_owned(), include_str!("answers/users.json")),
        (TEAMS.to_owned(), include_str!("answers/teams.json")),
        (members(1, 0), include_str!("answers/members-payments.json")),
        (members(2, 0), include_str!("answers/members-sre.json")),
    ] {
        if !except.contains(&target.as_str()) {
            bench.on("GET", &target, 200, answer);
        }
    }
}

pub(crate) fn organization_except(except: &[&str]) -> Bench<Datadog> {
    let bench = bench();
    organization_on(&bench, except);
    bench
}

/// A document of these items, of so many in all.
pub(crate) fn list(items: &[String], total: usize) -> String {
    format!(
        r#"{{"data":[{}],"meta":{{"page":{{"total_count":{total},"total_filtered_count":{total}}}}}}}"#,
        items.join(",")
    )
}

pub(crate) fn refusal(message: &str) -> String {
    format!(r#"{{"errors":["{message}"]}}"#)
}
