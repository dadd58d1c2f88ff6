//! Everything that can go wrong with an answer of Datadog.

use accord_fixtures::datadog::{DatadogServer, Fault, Lie, Refusal};
use accord_fixtures::server::Response;

use crate::trouble;

#[track_caller]
fn stops(fault: Fault, code: i32) {
    trouble::stops::<DatadogServer>(fault, code);
}

#[track_caller]
fn stops_on(path: &str, after: u64, fault: Fault, code: i32) {
    trouble::stops_on::<DatadogServer>(path, after, fault, code);
}

#[test]
fn each_fault_that_passes_changes_no_row() {
    trouble::each_passes::<DatadogServer>(vec![Fault::Fail(Refusal::object(503, "Service Unavailable"))]);
}

#[test]
fn all_of_them_at_once_change_no_row() {
    trouble::all_pass_at_once::<DatadogServer>();
}

#[test]
fn a_run_that_a_refusal_stopped_is_resumed() {
    trouble::refusals_stop::<DatadogServer>();
    stops(Fault::Fail(Refusal::unauthorized()), 10);
    stops(Fault::Fail(Refusal::object(403, "Forbidden")), 10);
    stops_on("/api/v2/team/*/memberships", 20, Fault::Fail(Refusal::object(403, "Forbidden")), 11);
    stops(Fault::Fail(Refusal::not_found("x")), 13);
    stops(Fault::Fail(Refusal::bad_request("no")), 2);
}

#[test]
fn a_run_that_the_network_stopped_is_resumed() {
    trouble::the_network_stops::<DatadogServer>();
}

#[test]
fn a_run_that_nonsense_stopped_is_resumed_or_begun_anew() {
    trouble::nonsense_stops::<DatadogServer>();
    stops(Fault::answer(|_| Response::json(200, r#"{"data":[]}"#)), 13);
    stops(Fault::answer(|_| Response::json(200, r#"{"data":7,"meta":{"pagination":{"total":1}}}"#)), 13);
    stops(Fault::Redirect("/api/v2/nothing".to_owned()), 15);
    stops(Fault::Lie(Lie::Total(999)), 13);
    // Lists of one page have no second one to lie about.
    stops_on("/api/v2/users", 0, Fault::Lie(Lie::Circle(1)), 13);
    stops_on("/api/v2/users", 0, Fault::Lie(Lie::SamePage), 15);
}
