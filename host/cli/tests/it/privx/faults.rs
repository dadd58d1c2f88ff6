//! Everything that can go wrong with an answer of PrivX, its token endpoint included.

use std::time::Duration;

use accord_fixtures::privx::{Fault, Lie, Options, PrivxServer, Refusal, RetryAfter, Rule};
use accord_fixtures::server::Response;

use super::{CALM, FILE, TOKEN, USERS, examples, lasting, many_pages, scaled};
use crate::rows::Rows;
use crate::support::Desk;
use crate::trouble;

#[track_caller]
fn stops(fault: Fault, code: i32) {
    trouble::stops::<PrivxServer>(fault, code);
}

#[test]
fn each_fault_that_passes_changes_no_row() {
    trouble::each_passes::<PrivxServer>(Vec::new());
}

#[test]
fn all_of_them_at_once_change_no_row() {
    trouble::all_pass_at_once::<PrivxServer>();
}

#[test]
fn a_run_that_a_refusal_stopped_is_resumed() {
    trouble::refusals_stop::<PrivxServer>();
    stops(Fault::Fail(Refusal::missing_permission("roles-view")), 11);
    stops(Fault::Fail(Refusal::bad_request("no")), 2);
}

#[test]
fn a_run_that_the_network_stopped_is_resumed() {
    trouble::the_network_stops::<PrivxServer>();
}

#[test]
fn a_run_that_nonsense_stopped_is_resumed_or_begun_anew() {
    trouble::nonsense_stops::<PrivxServer>();
    stops(Fault::answer(|_| Response::json(200, "{}")), 13);
    stops(Fault::answer(|_| Response::json(200, r#"{"count":null,"items":null}"#)), 13);
    stops(Fault::answer(|_| Response::json(200, r#"{"count":"many","items":7}"#)), 13);
}

#[test]
fn a_listing_that_leads_nowhere_ends() {
    for lie in [Lie::SamePage, Lie::Circle(2)] {
        let (desk, server) = (Desk::new(), many_pages(lasting()));
        server.faults().add(Rule::on(USERS, Fault::Lie(lie)));
        let outcome = scaled(&desk, &server, 1_000.0).run().exits(15);
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
    assert!(moments.windows(2).take(5).all(|pair| pair[1] - pair[0] >= Duration::from_secs(2)), "{moments:?}");
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);

    let (desk, server) = (Desk::new(), examples());
    server.faults().add(Rule::on(USERS, Fault::TooMany(RetryAfter::Absent)));
    let outcome = scaled(&desk, &server, 1_000.0).run().exits(12);
    outcome.tells(&["error[RATE-001]"]);
    assert_eq!(server.log_of(USERS).len(), 7);
    assert_eq!(server.log_of(TOKEN).len(), 1);
    assert!(!desk.path(FILE).exists());
}
