//! Schedules where Datadog has no list of them.

use accord_sdk::testing::{Bench, Exchange, Synced};
use accord_sdk::{CheckOutcome, Collection, Failure};
use datadog::Datadog;

use crate::support::{
    BOTH_KEYS, KEYS, ROLES, SCHEDULES, TEAMS, USERS, bench_with_everything, bench_with_schedule_members, escalation,
    list, one_schedule, policy, refusal, responders, rotation, routing, schedule, team, user,
};

const NOBODY: &str = r#"{"data":{}}"#;

fn named(id: String) -> String {
    format!(r#"{{"id":"{id}"}}"#)
}

/// A bench without a list of schedules, and with so many teams.
fn unlisted_on(bench: &Bench<Datadog>, status: u16, teams: u32) {
    bench.on("GET", SCHEDULES, status, refusal("Not found"));
    let teams: Vec<String> = (1..=teams).map(|number| named(team(number))).collect();
    bench.on("GET", TEAMS, 200, list(&teams, teams.len()));
}

fn unlisted(teams: u32) -> Bench<Datadog> {
    let bench = bench_with_everything();
    unlisted_on(&bench, 404, teams);
    bench
}

/// The answer of a team's routing, with such a rule for each.
fn rules(rules: &[String]) -> String {
    let reference = |place: usize| format!(r#"{{"id":"rule-{place}","type":"team_routing_rules"}}"#);
    let references: Vec<String> = (0..rules.len()).map(reference).collect();
    let rule = |(place, of): (usize, &String)| format!(r#"{{"id":"rule-{place}","type":"team_routing_rules",{of}}}"#);
    let included: Vec<String> = rules.iter().enumerate().map(rule).collect();
    let (references, included) = (references.join(","), included.join(","));
    format!(r#"{{"data":{{"relationships":{{"rules":{{"data":[{references}]}}}}}},"included":[{included}]}}"#)
}

fn by_policy(number: u32) -> String {
    format!(r#""attributes":{{"actions":null}},"relationships":{{"policy":{{"data":{}}}}}"#, named(policy(number)))
}

fn by_action(number: u32) -> String {
    format!(r#""attributes":{{"actions":[{{"type":"page"}},{{"policy_id":"{}"}}]}}"#, policy(number))
}

/// The answer of a policy of one step with these targets: kinds and ids.
fn targets(targets: &[(&str, String)], included: &str) -> String {
    let target = |(kind, id): &(&str, String)| format!(r#"{{"type":"{kind}","id":"{id}"}}"#);
    let targets = targets.iter().map(target).collect::<Vec<_>>().join(",");
    let step = format!(r#"{{"type":"steps","id":"s","relationships":{{"targets":{{"data":[{targets}]}}}}}}"#);
    let data = r#"{"relationships":{"steps":{"data":[{"type":"steps","id":"s"}]}}}"#;
    format!(r#"{{"data":{data},"included":[{step}{included}]}}"#)
}

fn read(bench: &Bench<Datadog>) -> Result<Synced, Failure> {
    bench.read(Collection::named("schedules"))
}

fn sent(bench: &Bench<Datadog>) -> Vec<String> {
    bench.sent().into_iter().map(|sent| sent.target).collect()
}

#[test]
fn the_routing_of_the_teams_leads_to_the_schedules_where_there_is_no_list() {
    for status in [404, 405] {
        let bench = bench_with_everything();
        unlisted_on(&bench, status, 2);
        bench.on("GET", &routing(1), 200, include_str!("answers/routing-rules.json"));
        bench.on("GET", &routing(2), 404, refusal("not found"));
        bench.on("GET", &escalation(1), 200, include_str!("answers/escalation-policy.json"));
        bench.on("GET", &one_schedule(1), 200, include_str!("answers/schedule.json"));
        bench.on("GET", &responders(1), 200, include_str!("answers/responders.json"));
        let synced = read(&bench).unwrap();
        assert_eq!(synced.resource_ids("schedule"), [schedule(1)]);
        assert_eq!(synced.resource("schedule", &schedule(1)).display_name, "Primary");
        let on_call = format!("schedule:{}:on_call", schedule(1));
        assert_eq!(synced.entitlement_ids(), [on_call.as_str()]);
        assert_eq!(synced.grant_ids(), [1, 2].map(|number| format!("{on_call}:user:{}", user(number))));

        let missed = synced.notes_about("schedules that no team's routing uses");
        assert!(missed.len() == 1 && missed[0].lost, "access may be missing: {missed:?}");
        assert_eq!(missed[0].examples, ["GET /api/v2/on-call/schedules"]);
        let without = synced.notes_about("a team without routing");
        assert_eq!((without[0].examples.as_slice(), without[0].lost), ([team(2)].as_slice(), false));
        assert_eq!(synced.notes.len(), 2);
        assert!(synced.pages.iter().all(|(_, _, total)| total.is_none()), "nobody knows how many there are");
    }
}

#[test]
fn what_several_name_is_asked_for_once() {
    let bench = unlisted(3);
    // A policy by both ways, and by two teams; a schedule by two policies, and twice by one.
    bench.on("GET", &routing(1), 200, rules(&[by_policy(1), by_action(1), by_action(2)]));
    bench.on("GET", &routing(2), 200, rules(&[by_action(2)]));
    bench.on("GET", &routing(3), 200, rules(&[]));
    bench.on("GET", &escalation(1), 200, targets(&[("schedules", schedule(1)), ("schedules", schedule(1))], ""));
    // The second only by the place of its shift.
    let next = format!("{}_next", schedule(2));
    let second = named(schedule(2));
    let included =
        format!(r#",{{"type":"schedule_target","id":"{next}","relationships":{{"schedule":{{"data":{second}}}}}}}"#);
    let both = [("users", user(1)), ("schedules", schedule(1)), ("schedule_target", next), ("teams", team(3))];
    bench.on("GET", &escalation(2), 200, targets(&both, &included));
    for number in [1, 2] {
        bench.on("GET", &one_schedule(number), 200, format!(r#"{{"data":{}}}"#, named(schedule(number))));
        bench.on("GET", &responders(number), 200, NOBODY);
    }
    // A second request of any of these would have no answer.
    assert_eq!(read(&bench).unwrap().resource_ids("schedule"), [1, 2].map(schedule));
    assert!(sent(&bench).iter().all(|target| !target.contains("/team/")), "teams' members are no business of this");
}

#[test]
fn only_datadog_itself_says_that_there_is_no_list() {
    let page = |status, content_type, body: &str| {
        Exchange::new("GET", SCHEDULES, status, body).header("content-type", content_type)
    };
    let words = refusal("no");
    for answer in [
        page(404, "text/html", "<h1>Not found</h1>"),
        page(405, "text/html", "<h1>Method not allowed</h1>"),
        page(404, "application/json", "{}"),
        page(400, "application/json", &words),
        page(410, "application/json", &words),
        page(500, "application/json", &words),
        page(200, "application/json", &words),
    ] {
        let bench = bench_with_everything();
        bench.exchange(answer);
        read(&bench).unwrap_err();
        assert_eq!(sent(&bench), [SCHEDULES], "nothing else is tried");
    }
    // What has begun as a list is one.
    let bench = bench_with_everything();
    let items: Vec<String> = (1..=100).map(|number| named(schedule(number))).collect();
    bench.on("GET", SCHEDULES, 200, list(&items, 150));
    bench.on("GET", &SCHEDULES.replace("[number]=0", "[number]=1"), 404, refusal("not found"));
    assert!(matches!(read(&bench), Err(Failure::NotFound(_))));
}

#[test]
fn a_policy_that_was_deleted_meanwhile_is_told_and_passed_over() {
    let bench = unlisted(1);
    bench.on("GET", &routing(1), 200, rules(&[by_policy(1), by_policy(2)]));
    bench.on("GET", &escalation(1), 404, refusal("not found"));
    bench.on("GET", &escalation(2), 200, targets(&[("schedules", schedule(2))], ""));
    bench.on("GET", &one_schedule(2), 200, format!(r#"{{"data":{}}}"#, named(schedule(2))));
    bench.on("GET", &responders(2), 200, NOBODY);
    let synced = read(&bench).unwrap();
    assert_eq!(synced.resource_ids("schedule"), [schedule(2)]);
    let notes = synced.notes_about("an escalation policy is not there any more");
    assert_eq!((notes[0].examples.as_slice(), notes[0].lost), ([policy(1)].as_slice(), false));
}

#[test]
fn a_404_that_is_not_datadogs_passes_over_nothing() {
    let html = |target: &str| Exchange::new("GET", target, 404, "<h1>no</h1>").header("content-type", "text/html");
    let first = unlisted(1);
    first.exchange(html(&routing(1)));
    assert!(matches!(read(&first), Err(Failure::NotFound(_))));
    let second = unlisted(1);
    second.on("GET", &routing(1), 200, rules(&[by_policy(1)]));
    second.exchange(html(&escalation(1)));
    assert!(matches!(read(&second), Err(Failure::NotFound(_))));
    let third = unlisted(1);
    third.on("GET", &routing(1), 200, rules(&[by_policy(1)]));
    third.on("GET", &escalation(1), 200, targets(&[("schedules", schedule(1))], ""));
    third.exchange(html(&one_schedule(1)));
    assert!(matches!(read(&third), Err(Failure::NotFound(_))));
}

#[test]
fn a_schedule_that_only_its_own_address_can_tell_of_is_gone_when_that_says_so() {
    let begun = || {
        let bench = unlisted(1);
        bench.on("GET", &routing(1), 200, rules(&[by_policy(1)]));
        bench.on("GET", &escalation(1), 200, targets(&[("schedules", schedule(1))], ""));
        bench
    };
    let first = begun();
    first.on("GET", &one_schedule(1), 404, refusal("not found"));
    assert!(matches!(read(&first), Err(Failure::Gone(id)) if id.resource == schedule(1)));
    // Gone between its own listing and who is on call in it; or still there, and its responders are not.
    let there = || format!(r#"{{"data":{}}}"#, named(schedule(1)));
    for (status, body, gone) in [(404, refusal("not found"), true), (200, there(), false)] {
        let bench = begun();
        bench.on("GET", &one_schedule(1), 200, there());
        bench.on("GET", &responders(1), 404, refusal("not found"));
        bench.on("GET", &(one_schedule(1) + "/on-call"), 404, refusal("not found"));
        bench.on("GET", &one_schedule(1), status, body);
        match read(&bench).unwrap_err() {
            Failure::Gone(id) => assert!(gone && id.resource == schedule(1)),
            Failure::NotFound(_) => assert!(!gone),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_named_and_not_included_fails_instead_of_vanishing() {
    let previous = || ("schedule_target", format!("{}_previous", schedule(1)));
    let without_schedule = format!(r#",{{"type":"schedule_target","id":"{}"}}"#, previous().1);
    for (rules_of, policy_of, told) in [
        (rules(&[by_policy(1)]).replace("\"included\"", "\"other\""), None, "does not include it"),
        (rules(&[by_policy(1)]), Some(targets(&[previous()], "")), "does not include it"),
        (rules(&[by_policy(1)]), Some(targets(&[previous()], &without_schedule)), "names no schedule"),
        (rules(&[by_policy(1)]), Some(targets(&[("schedules", String::new())], "")), "names no schedule"),
    ] {
        let bench = unlisted(1);
        bench.on("GET", &routing(1), 200, rules_of);
        if let Some(policy_of) = policy_of {
            bench.on("GET", &escalation(1), 200, policy_of);
        }
        let Err(Failure::InvalidResponse(detail)) = read(&bench) else { panic!("{told}: something else") };
        assert!(detail.message.contains(told), "{}", detail.message);
        assert!(detail.place.starts_with("GET /api/v2/on-call/"), "{}", detail.place);
    }
}

#[test]
fn a_missing_permission_is_named_wherever_it_is_missed() {
    let refused = |bench: &Bench<Datadog>, target: &str| {
        bench.on("GET", target, 403, refusal("Forbidden"));
        bench.on("GET", BOTH_KEYS, 200, r#"{"status":"ok"}"#);
        match read(bench).unwrap_err() {
            Failure::Permission(refused) => refused.permission,
            other => panic!("{other:?}"),
        }
    };
    let bench = bench_with_everything();
    assert_eq!(refused(&bench, SCHEDULES), "On-Call Read");
    let bench = bench_with_everything();
    bench.on("GET", SCHEDULES, 404, refusal("Not found"));
    assert_eq!(refused(&bench, TEAMS), "Teams Read");
    let bench = unlisted(1);
    assert_eq!(refused(&bench, &routing(1)), "On-Call Read");
    let bench = unlisted(1);
    bench.on("GET", &routing(1), 200, rules(&[by_policy(1)]));
    assert_eq!(refused(&bench, &escalation(1)), "On-Call Read");
    let bench = unlisted(1);
    bench.on("GET", &routing(1), 200, rules(&[by_policy(1)]));
    bench.on("GET", &escalation(1), 200, targets(&[("schedules", schedule(1))], ""));
    assert_eq!(refused(&bench, &one_schedule(1)), "On-Call Read");
}

#[test]
fn one_request_tells_of_a_schedule_and_of_its_members() {
    let bench = bench_with_schedule_members();
    unlisted_on(&bench, 404, 1);
    bench.on("GET", &routing(1), 200, include_str!("answers/routing-rules.json"));
    bench.on("GET", &escalation(1), 200, include_str!("answers/escalation-policy.json"));
    bench.on("GET", &rotation(1), 200, include_str!("answers/schedule.json"));
    bench.on("GET", &responders(1), 200, NOBODY);
    let synced = read(&bench).unwrap();
    assert_eq!(synced.resource_ids("schedule"), [schedule(1)]);
    let member = format!("schedule:{}:member", schedule(1));
    assert_eq!(synced.grant_ids(), [1, 2, 4].map(|number| format!("{member}:user:{}", user(number))));
}

#[test]
fn an_id_that_is_no_uuid_never_becomes_a_request() {
    let bench = bench_with_everything();
    for name in ["escalation-policy", "schedule"] {
        for id in ["../users", "x"] {
            let failure = bench.read(Collection::keyed(name, id)).unwrap_err();
            assert!(matches!(failure, Failure::InvalidResponse(_)), "{failure:?}");
        }
    }
    assert!(bench.sent().is_empty());
}

#[test]
fn validation_asks_the_routing_of_a_team_where_there_is_no_list() {
    let probe = |target: &str| target.replace("[size]=100", "[size]=1");
    for (teams, routing_status, passes) in [(0, 200, true), (1, 200, true), (1, 404, true), (1, 403, false)] {
        let bench = bench_with_everything();
        bench.on("GET", BOTH_KEYS, 200, r#"{"status":"ok"}"#);
        let teams: Vec<String> = (1..=teams).map(|number| named(team(number))).collect();
        for target in [USERS, ROLES, TEAMS, TEAMS, KEYS] {
            bench.on("GET", &probe(target), 200, list(&teams, teams.len()));
        }
        bench.on("GET", &probe(SCHEDULES), 405, refusal("Method Not Allowed"));
        if !teams.is_empty() {
            let body = if routing_status == 200 { rules(&[]) } else { refusal("no") };
            bench.on("GET", &routing(1), routing_status, body);
        }
        let checks = bench.validate();
        let on_call = checks.iter().find(|check| check.name == "On-Call Read").unwrap();
        assert_eq!(on_call.outcome == CheckOutcome::Passed, passes, "{on_call:?}");
        if let CheckOutcome::Failed(failure) = &on_call.outcome {
            assert!(matches!(failure, Failure::Permission(refused) if refused.permission == "On-Call Read"));
        }
        assert!(checks.iter().all(|check| check.name == "On-Call Read" || check.outcome == CheckOutcome::Passed));
    }
}
