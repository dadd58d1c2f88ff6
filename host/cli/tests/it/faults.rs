//! Everything that can go wrong with an answer, one kind after the other and all at once: what passes changes no row, and
//! what stops a run costs nothing but the time until the next one.

use std::time::Duration;

use accord_fixtures::duo::{DuoServer, Fault, Faults, Lie, Options, Refusal, RetryAfter, Rule};
use accord_fixtures::server::Response;

use crate::calm::{CALM, FILE, account, answered, sync};
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
        Fault::Fail(Refusal::SERVER_ERROR),
        Fault::Html(502),
        Fault::Html(503),
        Fault::Html(504),
        Fault::Html(200),
        Fault::Truncate(200),
        Fault::CutAfter(100),
        Fault::CutAfter(600),
        Fault::Trickle { pieces: 20, apart: Duration::from_millis(500) },
    ]
}

fn server(seed: u64) -> DuoServer {
    account(Options { faults: Faults::seeded(seed), time_scale: SCALE, ..Options::default() })
}

/// Syncs in spite of the faults, and fails unless that yields what a calm sync yields.
#[track_caller]
fn comes_out_all_the_same(server: &DuoServer, what: &str) {
    let desk = Desk::new();
    let outcome = sync(&desk, server, SCALE).arguments(&["--workers=4"]).run().exits(0);
    assert_eq!(outcome.errors(), 0, "{what}: {}", outcome.stderr);
    assert!(server.server().requests() > CALM.asked.len() as u64 + 10, "{what}: too little went wrong");
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
    for seed in [20_260_807, 20_260_808] {
        let (server, kinds) = (server(seed), passing());
        let share = 0.2 / kinds.len() as f64;
        for fault in kinds {
            server.faults().add(Rule::on("*", fault).share(share));
        }
        comes_out_all_the_same(&server, &format!("seed {seed}"));
    }
}

/// Stops a run with a fault that begins after two pages of five, and fails unless the next calm run yields what a run
/// without any stop yields.
#[track_caller]
fn stops(fault: Fault, more: &[&str], code: i32) {
    stops_at(SCALE, fault, more, code);
}

#[track_caller]
fn stops_at(scale: f64, fault: Fault, more: &[&str], code: i32) {
    let (desk, server, what) = (Desk::new(), server(1), format!("{fault:?}"));
    let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write(FILE, &earlier);
    server.faults().add(Rule::on("*", fault).after(CALM.asked.len() as u64 * 2 / 5));
    let outcome = sync(&desk, &server, scale).arguments(more).run();
    assert_eq!((outcome.code, outcome.errors()), (code, 1), "{what}: {}", outcome.stderr);
    let told = outcome.stderr.split_once("error[").unwrap().1;
    for label in ["\n  where ", "\n  do ", "\n  file    sync.c1z not touched"] {
        // A deadline has no place.
        assert!(told.contains(label) || (code == 12 && label.contains("where")), "{what}: no{label} in error[{told}");
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
    assert_eq!(asked == CALM.asked.len(), code == 15, "{what}: the next run asked for {asked} pages");
}

#[test]
fn a_run_that_a_refusal_stopped_is_resumed() {
    stops(Fault::TooMany(RetryAfter::Absent), &[], 12);
    // In real time: the run is far from its deadline when it is told to wait beyond it.
    stops_at(1.0, Fault::TooMany(RetryAfter::Seconds(600)), &["--deadline=9m"], 12);
    stops(Fault::Revoke, &[], 10);
    stops(Fault::Fail(Refusal::FORBIDDEN), &[], 11);
    stops(Fault::Fail(Refusal::NOT_FOUND), &[], 13);
    stops(Fault::Fail(Refusal::INVALID_PARAMETERS), &[], 2);
    stops(Fault::Fail(Refusal::SERVER_ERROR), &[], 13);
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
    stops(Fault::answer(|_| Response::json(200, r#"{"stat":"OK","response":[]}"#)), &[], 13);
    stops(Fault::answer(|_| Response::json(200, "{\"stat\":\"OK\",\"response\":7,\"metadata\":{}}")), &[], 13);
    stops(Fault::Redirect("/admin/v1/settings".to_owned()), &[], 13);
    stops(Fault::Lie(Lie::Total(999)), &[], 13);
    stops(Fault::Redirect("https://elsewhere.example.com/".to_owned()), &[], 15);
    stops(Fault::Lie(Lie::Circle(1)), &[], 15);
    stops(Fault::Lie(Lie::SamePage), &[], 15);
    stops(Fault::Endless, &[], 15);
}
