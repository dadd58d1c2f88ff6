//! Everything that can go wrong with an answer of PrivX, its token endpoint included: what passes changes no row, and what
//! stops a run costs nothing but the time until the next one.

use std::time::Duration;

use accord_fixtures::privx::{Fault, Lie, Options, PrivxServer, Refusal, RetryAfter, Rule};
use accord_fixtures::server::Response;

use super::{CALM, FILE, TOKEN, USERS, answered, examples, lasting, many_pages, scaled, seeded};
use crate::rows::Rows;
use crate::support::Desk;

/// Waits last a thousandth, here and there.
const SCALE: f64 = 1_000.0;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn passing() -> Vec<Fault> {
    vec![
        Fault::TooMany(RetryAfter::Absent),
        Fault::TooMany(RetryAfter::Seconds(7)),
        Fault::TooMany(RetryAfter::Date(seconds(7))),
        Fault::TooMany(RetryAfter::Text("soon".to_owned())),
        Fault::Fail(Refusal::new(500, "INTERNAL_ERROR", "internal server error")),
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

fn server(seed: u64) -> PrivxServer {
    many_pages(Options { time_scale: SCALE, ..seeded(seed) })
}

#[track_caller]
fn comes_out_all_the_same(server: &PrivxServer, what: &str) {
    let desk = Desk::new();
    let outcome = scaled(&desk, server, SCALE).run().exits(0);
    assert_eq!(outcome.errors(), 0, "{what}: {}", outcome.stderr);
    assert!(server.server().requests() > CALM.asked.len() as u64 + 8, "{what}: too little went wrong");
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
        let share = 0.25 / kinds.len() as f64;
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
    let (desk, server, what) = (Desk::new(), server(1), format!("{fault:?}"));
    let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write(FILE, &earlier);
    server.faults().add(Rule::on("*", fault).after(CALM.asked.len() as u64 * 2 / 5));
    let outcome = scaled(&desk, &server, SCALE).arguments(more).run();
    assert_eq!((outcome.code, outcome.errors()), (code, 1), "{what}: {}", outcome.stderr);
    let told = outcome.stderr.split_once("error[").unwrap().1;
    for label in ["\n  where ", "\n  do ", "\n  file    sync.c1z not touched"] {
        assert!(told.contains(label), "{what}: no{label} in error[{told}");
    }
    assert_eq!(std::fs::read(desk.path(FILE)).unwrap(), earlier, "{what}");

    server.faults().clear();
    server.set_revoked(false);
    server.server().clear_log();
    scaled(&desk, &server, SCALE).run().exits(0);
    let rows = Rows::of(&desk, FILE).without_coverage();
    assert!(rows == CALM.rows.without_coverage(), "{what}: other rows than without the stop");
    assert_eq!(desk.names(), [FILE], "{what}");
    let asked = answered(&server).len();
    // A plugin's fault would be met again, so nothing of it is kept.
    assert_eq!(asked >= CALM.asked.len(), code == 15, "{what}: the next run asked for {asked} pages");
}

#[test]
fn a_run_that_a_refusal_stopped_is_resumed() {
    stops(Fault::TooMany(RetryAfter::Absent), &[], 12);
    stops(Fault::Revoke, &[], 10);
    stops(Fault::Fail(Refusal::missing_permission("roles-view")), &[], 11);
    stops(Fault::Fail(Refusal::bad_request("no")), &[], 2);
    stops(Fault::Fail(Refusal::new(500, "INTERNAL_ERROR", "")), &[], 13);
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
    stops(Fault::answer(|_| Response::json(200, "{}")), &[], 13);
    stops(Fault::answer(|_| Response::json(200, r#"{"count":null,"items":null}"#)), &[], 13);
    stops(Fault::answer(|_| Response::json(200, r#"{"count":"many","items":7}"#)), &[], 13);
    stops(Fault::Redirect("https://elsewhere.example.com/".to_owned()), &[], 15);
    stops(Fault::Endless, &[], 15);
}

#[test]
fn a_listing_that_leads_nowhere_ends() {
    for lie in [Lie::SamePage, Lie::Circle(2)] {
        let (desk, server) = (Desk::new(), server(1));
        server.faults().add(Rule::on(USERS, Fault::Lie(lie)));
        let outcome = scaled(&desk, &server, SCALE).run().exits(15);
        assert_eq!(outcome.errors(), 1);
        assert!(!desk.path(FILE).exists());
    }
}

#[test]
fn a_rate_limit_waits_as_it_is_told_and_gives_up_when_it_lasts() {
    let scale = 10.0;
    let (desk, server) = (Desk::new(), many_pages(Options { time_scale: scale, ..lasting() }));
    server.faults().add(Rule::on(USERS, Fault::TooMany(RetryAfter::Seconds(2))).times(5));
    scaled(&desk, &server, scale).run().exits(0).tells(&["waiting 2 s (PrivX: TOO_MANY_REQUESTS)"]);
    let mut moments: Vec<_> = server.log_of(USERS).iter().map(|exchange| exchange.request.at).collect();
    moments.sort();
    assert!(moments.windows(2).take(5).all(|pair| pair[1] - pair[0] >= seconds(2)), "{moments:?}");
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);

    let (desk, server) = (Desk::new(), examples());
    server.faults().add(Rule::on(USERS, Fault::TooMany(RetryAfter::Absent)));
    let outcome = scaled(&desk, &server, SCALE).run().exits(12);
    outcome.tells(&["error[RATE-001]"]);
    assert_eq!(server.log_of(USERS).len(), 7);
    assert_eq!(server.log_of(TOKEN).len(), 1);
    assert!(!desk.path(FILE).exists());
}
