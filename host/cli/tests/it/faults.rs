//! Everything that can go wrong with an answer of Duo.

use accord_fixtures::duo::{DuoServer, Fault, Lie, Refusal, RetryAfter};
use accord_fixtures::server::Response;

use crate::trouble;

#[track_caller]
fn stops(fault: Fault, code: i32) {
    trouble::stops::<DuoServer>(fault, code);
}

#[test]
fn each_fault_that_passes_changes_no_row() {
    trouble::each_passes::<DuoServer>(Vec::new());
}

#[test]
fn all_of_them_at_once_change_no_row() {
    trouble::all_pass_at_once::<DuoServer>();
}

#[test]
fn a_run_that_a_refusal_stopped_is_resumed() {
    trouble::refusals_stop::<DuoServer>();
    stops(Fault::Fail(Refusal::FORBIDDEN), 11);
    stops(Fault::Fail(Refusal::NOT_FOUND), 13);
    stops(Fault::Fail(Refusal::INVALID_PARAMETERS), 2);
    // In real time: the run is far from its deadline when it is told to wait beyond it.
    let long = Fault::TooMany(RetryAfter::Seconds(600));
    trouble::stops_with::<DuoServer>(long, 1.0, &["--deadline=9m"], 12);
}

#[test]
fn a_run_that_the_network_stopped_is_resumed() {
    trouble::the_network_stops::<DuoServer>();
}

#[test]
fn a_run_that_nonsense_stopped_is_resumed_or_begun_anew() {
    trouble::nonsense_stops::<DuoServer>();
    stops(Fault::answer(|_| Response::json(200, r#"{"stat":"OK","response":[]}"#)), 13);
    stops(Fault::answer(|_| Response::json(200, "{\"stat\":\"OK\",\"response\":7,\"metadata\":{}}")), 13);
    stops(Fault::Redirect("/admin/v1/settings".to_owned()), 13);
    stops(Fault::Lie(Lie::Total(999)), 13);
    stops(Fault::Lie(Lie::Circle(1)), 15);
    stops(Fault::Lie(Lie::SamePage), 15);
}
