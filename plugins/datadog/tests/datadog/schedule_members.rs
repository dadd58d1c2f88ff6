//! Who is in the rotation of a schedule, where asked for.

use accord_sdk::testing::{Bench, Synced};
use accord_sdk::{Collection, Failure, Purpose};
use datadog::Datadog;

use crate::support::{
    SCHEDULES, bench_with_everything, bench_with_schedule_members, list, refusal, responders, rotation, schedule, user,
};

fn listed_on(bench: &Bench<Datadog>) {
    bench.on("GET", SCHEDULES, 200, list(&[format!(r#"{{"id":"{}"}}"#, schedule(1))], 1));
    bench.on("GET", &responders(1), 200, r#"{"data":{}}"#);
}

fn read(bench: &Bench<Datadog>) -> Synced {
    bench.read(Collection::named("schedules")).unwrap()
}

#[test]
fn members_are_collected_only_where_asked_for() {
    let bench = bench_with_everything();
    listed_on(&bench);
    assert_eq!(read(&bench).entitlement_ids(), [format!("schedule:{}:on_call", schedule(1))]);

    let bench = bench_with_schedule_members();
    listed_on(&bench);
    bench.on("GET", &rotation(1), 200, include_str!("answers/schedule.json"));
    let synced = read(&bench);
    let member = synced.entitlements.iter().find(|entitlement| entitlement.slug == "member").unwrap();
    let name = format!("Schedule {}", schedule(1));
    assert_eq!(member.identifier(), format!("schedule:{}:member", schedule(1)));
    assert_eq!((member.purpose, member.grantable_to.as_slice()), (Purpose::Assignment, ["user".to_owned()].as_slice()));
    assert_eq!(member.display_name, format!("{name} Schedule member"));
    assert_eq!(member.description, format!("all users in the rotation layers of {name} Datadog on-call schedule"));
    assert_eq!(synced.resources.len(), 1, "what the list says is not said twice");
}

#[test]
fn each_user_of_a_rotation_is_a_member_once_and_nobody_is_none() {
    let bench = bench_with_schedule_members();
    bench.on("GET", &rotation(1), 200, include_str!("answers/schedule.json"));
    let synced = bench.read(Collection::keyed("schedule", schedule(1))).unwrap();
    let grants: Vec<_> = synced.grants.iter().map(|grant| (grant.identifier(), grant.annotations.len())).collect();
    let member = |number| (format!("schedule:{}:member:user:{}", schedule(1), user(number)), 0);
    assert_eq!(grants, [1, 2, 4].map(member));
    assert_eq!(synced.pages[0].1, 3);
}

#[test]
fn a_rotation_that_is_named_and_not_included_fails_instead_of_vanishing() {
    let whole = include_str!("answers/schedule.json");
    for broken in [
        whole.replace("\"included\"", "\"other\""),
        whole.replace(r#"-2","type":"members","relationships""#, r#"-9","type":"members","relationships""#),
    ] {
        let bench = bench_with_schedule_members();
        bench.on("GET", &rotation(1), 200, broken);
        let read = bench.read(Collection::keyed("schedule", schedule(1)));
        let Err(Failure::InvalidResponse(detail)) = read else { panic!("something else") };
        assert!(detail.message.contains("does not include it"), "{}", detail.message);
    }
}

#[test]
fn a_listed_schedule_is_gone_when_the_list_has_it_no_more() {
    let item = |number| format!(r#"{{"id":"{}"}}"#, schedule(number));
    for (list, gone) in [(list(&[item(2)], 1), true), (list(&[item(2), item(1)], 2), false)] {
        let bench = bench_with_schedule_members();
        bench.on("GET", &rotation(1), 404, refusal("not found"));
        bench.on("GET", SCHEDULES, 200, list);
        match bench.read(Collection::keyed("schedule", schedule(1))) {
            Err(Failure::Gone(id)) => assert!(gone && id.resource == schedule(1)),
            Err(Failure::NotFound(_)) => assert!(!gone),
            other => panic!("{other:?}"),
        }
    }
}
