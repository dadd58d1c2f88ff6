//! Who is on call, by either way of asking.

use accord_sdk::{Collection, Failure};

use crate::support::{SCHEDULES, bench_with_everything, list, one_schedule, refusal, responders, schedule, user};

fn of(number: u32) -> Collection {
    Collection::keyed("on-call", schedule(number))
}

fn older(number: u32) -> String {
    one_schedule(number) + "/on-call"
}

#[test]
fn an_organization_without_responders_is_asked_the_older_way() {
    for (answer, on_call) in [
        (include_str!("answers/on-call.json"), vec![format!("schedule:{}:on_call:user:{}", schedule(1), user(1))]),
        (include_str!("answers/on-call-nobody.json"), Vec::new()),
    ] {
        let bench = bench_with_everything();
        bench.on("GET", &responders(1), 404, refusal("Not found"));
        bench.on("GET", &older(1), 200, answer);
        assert_eq!(bench.read(of(1)).unwrap().grant_ids(), on_call);
    }
}

#[test]
fn the_user_comes_from_the_relation_and_not_from_the_shifts_id() {
    let bench = bench_with_everything();
    let answer = format!(
        r#"{{"data":{{"id":"opaque","type":"shifts","relationships":{{"user":{{"data":{{"id":"{}"}}}}}}}}}}"#,
        user(2)
    );
    bench.on("GET", &responders(1), 404, refusal("Not found"));
    bench.on("GET", &older(1), 200, answer);
    assert_eq!(bench.read(of(1)).unwrap().grants[0].principal.resource, user(2));
}

#[test]
fn a_shift_that_is_named_and_not_included_fails_instead_of_vanishing() {
    let bench = bench_with_everything();
    let answer = r#"{"data":{"relationships":{"responders":{"data":[{"id":"r"}]}}},"included":[]}"#;
    bench.on("GET", &responders(1), 200, answer);
    let Err(Failure::InvalidResponse(detail)) = bench.read(of(1)) else { panic!("something else") };
    assert!(detail.message.contains("does not include it"), "{}", detail.message);
}

#[test]
fn a_schedule_that_was_deleted_meanwhile_is_gone_and_one_that_is_there_is_not() {
    let item = |number| format!(r#"{{"id":"{}"}}"#, schedule(number));
    for (list, gone) in [(list(&[item(2)], 1), true), (list(&[item(2), item(1)], 2), false), (list(&[], 1), false)] {
        let bench = bench_with_everything();
        bench.on("GET", &responders(1), 404, refusal("not found"));
        bench.on("GET", &older(1), 404, refusal("not found"));
        bench.on("GET", SCHEDULES, 200, list);
        match bench.read(of(1)) {
            Err(Failure::Gone(id)) => assert!(gone && id.resource == schedule(1)),
            Err(Failure::NotFound(_)) => assert!(!gone),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_schedule_without_a_name_is_called_by_its_id() {
    let bench = bench_with_everything();
    bench.on("GET", SCHEDULES, 200, list(&[format!(r#"{{"id":"{}","type":"schedules"}}"#, schedule(2))], 1));
    bench.on("GET", &responders(2), 200, r#"{"data":{}}"#);
    let synced = bench.read(Collection::named("schedules")).unwrap();
    assert_eq!(synced.resources[0].display_name, format!("Schedule {}", schedule(2)));
}
