//! Everything that can go wrong with an answer: what passes changes no row, and what stops a run costs nothing but the time
//! until the next one.

use std::time::Duration;

use accord_fixtures::datadog::{DatadogServer, Fault, Faults, Lie, Options, Refusal, RetryAfter, Rule};
use accord_fixtures::server::Response;

use super::{CALM, FILE, answered, organization, sync};
use crate::rows::Rows;
use crate::support::Desk;

/// Waits last a thousandth, here and there.
const SCALE: f64 = 1_000.0;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Kinds that pass.
fn passing() -> Vec<Fault> {
    vec![
        Fault::TooMany(RetryAfter::Absent),
        Fault::TooMany(RetryAfter::Seconds(7)),
        Fault::TooMany(RetryAfter::Date(seconds(7))),
        Fault::TooMany(RetryAfter::Text("soon".to_owned())),
        Fault::Fail(Refusal::text(500, "Internal Server Error")),
        Fault::Fail(Refusal::object(503, "Service Unavailable")),
        Fault::Html(502),
        Fault::Html(504),
        Fault::Html(200),
        Fault::Truncate(200),
        Fault::CutAfter(100),
        Fault::CutAfter(600),
        Fault::Trickle { pieces: 20, apart: Duration::from_millis(500) },
    ]
}

fn server(seed: u64) -> DatadogServer {
    organization(Options { faults: Faults::seeded(seed), time_scale: SCALE, ..Options::default() })
}

/// Syncs in spite of the faults, and fails unless that yields what a calm sync yields.
#[track_caller]
fn comes_out_all_the_same(server: &DatadogServer, what: &str) {
    let desk = Desk::new();
    let outcome = sync(&desk, server, SCALE).arguments(&["--workers=4"]).run().exits(0);
    assert_eq!(outcome.errors(), 0, "{what}: {}", outcome.stderr);
    assert!(server.server().requests() > CALM.asked.len() as u64 + 5, "{what}: too little went wrong");
    let rows = Rows::of(&desk, FILE).without_coverage();
    assert!(rows == CALM.rows.without_coverage(), "{what}: other rows than on a calm day");
    assert_eq!(desk.names(), [FILE], "{what}");
}

#[test]
fn each_fault_that_passes_changes_no_row() {
    for (seed, fault) in (0..).zip(passing()) {
        let (server, what) = (server(seed), format!("{fault:?}"));
        // What is only slow is not asked for again.
        let slow = matches!(fault, Fault::Trickle { .. });
        server.faults().add(Rule::on("*", fault).share(0.2));
        if slow {
            server.faults().add(Rule::on("*", Fault::Html(502)).share(0.15));
        }
        comes_out_all_the_same(&server, &what);
    }
}

#[test]
fn all_of_them_at_once_change_no_row() {
    let (server, kinds) = (server(20_261_126), passing());
    let share = 0.2 / kinds.len() as f64;
    for fault in kinds {
        server.faults().add(Rule::on("*", fault).share(share));
    }
    comes_out_all_the_same(&server, "all at once");
}

/// Stops a run with a fault that begins after two pages of five, and fails unless the next calm run yields what a run
/// without any stop yields.
#[track_caller]
fn stops(fault: Fault, more: &[&str], code: i32) {
    stops_on("*", CALM.asked.len() as u64 * 2 / 5, fault, more, code);
}

#[track_caller]
fn stops_on(path: &str, after: u64, fault: Fault, more: &[&str], code: i32) {
    let (desk, server, what) = (Desk::new(), server(1), format!("{fault:?}"));
    let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write(FILE, &earlier);
    server.faults().add(Rule::on(path, fault).after(after));
    let outcome = sync(&desk, &server, SCALE).arguments(more).run();
    assert_eq!((outcome.code, outcome.errors()), (code, 1), "{what}: {}", outcome.stderr);
    let told = outcome.stderr.split_once("error[").unwrap().1;
    for label in ["\n  where ", "\n  do ", "\n  file    sync.c1z not touched"] {
        assert!(told.contains(label), "{what}: no{label} in error[{told}");
    }
    assert_eq!(std::fs::read(desk.path(FILE)).unwrap(), earlier, "{what}");

    server.faults().clear();
    server.set_revoked(false);
    server.server().clear_log();
    sync(&desk, &server, SCALE).run().exits(0);
    let rows = Rows::of(&desk, FILE).without_coverage();
    assert!(rows == CALM.rows.without_coverage(), "{what}: other rows than without the stop");
    assert_eq!(desk.names(), [FILE], "{what}");
    // A plugin's fault would be met again, so nothing of it is kept.
    let asked = answered(&server).len();
    assert_eq!(asked >= CALM.asked.len(), code == 15, "{what}: the next run asked for {asked} pages");
}

#[test]
fn a_run_that_a_refusal_stopped_is_resumed() {
    stops(Fault::TooMany(RetryAfter::Absent), &[], 12);
    stops(Fault::Revoke, &[], 10);
    stops(Fault::Fail(Refusal::unauthorized()), &[], 10);
    stops(Fault::Fail(Refusal::object(403, "Forbidden")), &[], 10);
    stops_on("/api/v2/team/*/memberships", 20, Fault::Fail(Refusal::object(403, "Forbidden")), &[], 11);
    stops(Fault::Fail(Refusal::not_found("x")), &[], 13);
    stops(Fault::Fail(Refusal::bad_request("no")), &[], 2);
    stops(Fault::Fail(Refusal::text(500, "Internal Server Error")), &[], 13);
}

#[test]
fn a_run_that_the_network_stopped_is_resumed() {
    stops(Fault::Html(502), &[], 13);
    stops(Fault::Html(200), &[], 13);
    stops(Fault::CutAfter(100), &[], 13);
    stops(Fault::Truncate(100), &[], 13);
    stops(Fault::Trickle { pieces: usize::MAX, apart: seconds(1_000) }, &["--request-timeout=200ms"], 13);
}

#[test]
fn a_run_that_nonsense_stopped_is_resumed_or_begun_anew() {
    stops(Fault::answer(|_| Response::json(200, r#"{"data":[]}"#)), &[], 13);
    stops(Fault::answer(|_| Response::json(200, r#"{"data":7,"meta":{"pagination":{"total":1}}}"#)), &[], 13);
    stops(Fault::Redirect("/api/v2/nothing".to_owned()), &[], 15);
    stops(Fault::Redirect("https://elsewhere.example.com/".to_owned()), &[], 15);
    stops(Fault::Lie(Lie::Total(999)), &[], 13);
    stops(Fault::Endless, &[], 15);
    // Lists of one page have no second one to lie about.
    stops_on("/api/v2/users", 0, Fault::Lie(Lie::Circle(1)), &[], 13);
    stops_on("/api/v2/users", 0, Fault::Lie(Lie::SamePage), &[], 15);
}
