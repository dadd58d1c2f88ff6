//! What Datadog refuses, told to the person who must act.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::HttpError;
use accord_sdk::{Check, CheckOutcome, Collection, Failure};
use datadog::Datadog;

use crate::support::{BOTH_KEYS, ROLES, TEAMS, USERS, bench, bench_with_everything, list, refusal};

const OK: &str = r#"{"status":"ok"}"#;

fn probe(target: &str) -> String {
    target.replace("[size]=100", "[size]=1")
}

fn answers(bench: &Bench<Datadog>, targets: &[&str]) {
    for target in targets {
        bench.on("GET", &probe(target), 200, list(&[], 0));
    }
}

fn refused(check: &Check) -> Option<&str> {
    match &check.outcome {
        CheckOutcome::Failed(Failure::Credentials(detail)) => Some(&detail.message),
        _ => None,
    }
}

#[test]
fn wrong_keys_are_told_with_their_remedy() {
    let bench = bench();
    bench.on("GET", ROLES, 401, refusal("Unauthorized"));
    let Failure::Credentials(detail) = bench.sync().unwrap_err() else { panic!("not the credentials") };
    assert_eq!(detail.message, "Datadog refused the keys (HTTP 401, Unauthorized)");
    assert_eq!(detail.place, "GET /api/v2/roles");
    assert!(detail.remedy.contains("copy both keys again") && detail.remedy.contains("`site`"), "{}", detail.remedy);
}

#[test]
fn a_403_that_is_about_the_keys_is_told_from_a_missing_permission() {
    for (status, keys) in [(403, true), (401, true), (200, false), (404, false), (500, false)] {
        let bench = bench();
        bench.on("GET", ROLES, 403, refusal("Forbidden"));
        bench.on("GET", BOTH_KEYS, status, if status == 200 { OK.to_owned() } else { refusal("Forbidden") });
        match bench.sync().unwrap_err() {
            Failure::Credentials(detail) => {
                assert!(keys, "{status}");
                assert_eq!(detail.message, format!("Datadog refused the keys (HTTP {status}, Forbidden)"));
            }
            Failure::Permission(detail) => {
                assert!(!keys, "{status}");
                assert_eq!(detail.permission, "User Access Read");
                assert!(detail.detail.remedy.contains("`User Access Read`"), "{}", detail.detail.remedy);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn refusals_are_read_in_both_forms() {
    let object = r#"{"errors":[{"status":"409","title":"Conflict","detail":"busy"},{"title":"Forbidden"},{}]}"#;
    for (body, told) in [
        (object.to_owned(), "(HTTP 400, Conflict: busy; Forbidden)"),
        (refusal("no such sort"), "(HTTP 400, no such sort)"),
        ("{}".to_owned(), "(HTTP 400)"),
    ] {
        let bench = bench();
        let answer = Exchange::new("GET", TEAMS, 400, body).header("content-type", "application/vnd.api+json");
        bench.exchange(answer);
        let Failure::Refused(detail) = bench.read(Collection::named("teams")).unwrap_err() else {
            panic!("not a refusal")
        };
        assert_eq!(detail.message, format!("Datadog refused the request {told}"));
    }
}

#[test]
fn an_unknown_host_name_points_to_its_field() {
    let bench = bench();
    bench.exchange(Exchange::failing("GET", ROLES, HttpError::Dns("no such host".into())));
    let Failure::Upstream(detail) = bench.sync().unwrap_err() else { panic!("not the network") };
    assert!(detail.remedy.contains("`site`"), "{}", detail.remedy);
}

#[test]
fn validation_proves_both_keys_and_each_permission_with_one_item() {
    let bench = bench_with_everything();
    bench.on("GET", BOTH_KEYS, 200, OK);
    answers(&bench, &[USERS, ROLES]);
    bench.on("GET", &probe(TEAMS), 403, r#"{"errors":[{"title":"Forbidden"}]}"#);
    answers(&bench, &[crate::support::SCHEDULES, crate::support::KEYS]);
    let checks = bench.validate();
    let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "API key and application key",
            "User Access Read",
            "User Access Read",
            "Teams Read",
            "On-Call Read",
            "API Keys Read"
        ]
    );
    for (at, check) in checks.iter().enumerate() {
        match &check.outcome {
            CheckOutcome::Failed(Failure::Permission(refused)) => {
                assert_eq!((at, refused.permission.as_str()), (3, "Teams Read"))
            }
            outcome => assert_eq!(*outcome, CheckOutcome::Passed, "{at}"),
        }
    }
}

#[test]
fn validation_asks_only_for_what_is_collected() {
    let bench = bench();
    bench.on("GET", BOTH_KEYS, 200, OK);
    answers(&bench, &[USERS, ROLES, TEAMS]);
    assert_eq!(bench.validate().len(), 4);
}

#[test]
fn validation_does_not_insist_on_refused_keys() {
    let bench = bench();
    bench.on("GET", BOTH_KEYS, 403, refusal("Forbidden"));
    let checks = bench.validate();
    assert_eq!(refused(&checks[0]), Some("Datadog refused the keys (HTTP 403, Forbidden)"));
    assert!(checks[1..].iter().all(|check| matches!(check.outcome, CheckOutcome::Skipped(_))));
}

#[test]
fn an_older_gateway_is_asked_for_each_key_by_itself() {
    let (old, users) = ("/api/v1/validate", probe(USERS));
    // The API key is wrong.
    let first = bench();
    first.on("GET", BOTH_KEYS, 404, refusal("Not found"));
    first.on("GET", old, 403, refusal("Forbidden"));
    assert!(refused(&first.validate()[0]).is_some());
    // The application key is.
    let second = bench();
    second.on("GET", BOTH_KEYS, 404, refusal("Not found"));
    second.on("GET", old, 200, r#"{"valid":true}"#);
    second.on("GET", &users, 401, refusal("Unauthorized"));
    assert!(refused(&second.validate()[0]).is_some());
    // Both are right.
    let third = bench();
    third.on("GET", BOTH_KEYS, 404, refusal("Not found"));
    third.on("GET", old, 200, r#"{"valid":true}"#);
    third.on("GET", &users, 200, list(&[], 0));
    answers(&third, &[USERS, ROLES, TEAMS]);
    assert!(third.validate().iter().all(|check| check.outcome == CheckOutcome::Passed));
}
