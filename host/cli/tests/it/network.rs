//! A target that is slow, gone, or not who it says: each is told apart, with an exit code of its own.

use std::time::Duration;

use accord_fixtures::duo::{Fault, RetryAfter, Rule};

use crate::support::{Desk, duo};

#[test]
fn patience_ends_at_the_deadline_and_the_rest_can_be_resumed() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/users", Fault::TooMany(RetryAfter::Seconds(600))));
    // In real time: the run is far from its deadline when it is told to wait beyond it.
    let outcome = desk.accord(&["sync", "duo", "--deadline", "30s"]).against(&server).run().exits(12);
    assert_eq!(outcome.errors(), 1, "{outcome:?}");
    outcome.tells(&["error[", "run the same command again"]);
    server.faults().clear();
    let before = server.log().len();
    desk.accord(&["sync", "duo"]).against(&server).run().exits(0);
    assert!(server.log().len() - before < 5, "what was read is not read again");
}

#[test]
fn a_target_that_is_gone_is_given_up_in_time() {
    let (desk, server) = (Desk::new(), duo());
    let call = desk.accord(&["sync", "duo", "--offline-limit=1m"]).against(&server).env("ACCORD_TIME_SCALE", "200");
    // The certificate stays where it is for the run, the server does not.
    let certificate = desk.write("ca.pem", std::fs::read(server.ca_file()).unwrap());
    drop(server);
    let outcome = call.env("SSL_CERT_FILE", certificate).run().exits(13);
    outcome.tells(&["error[NET-", "out of reach", "refused", "sync.c1z not touched"]);
    assert!(!desk.path("sync.c1z").exists());
}

#[test]
fn a_target_that_cannot_prove_its_name_is_not_talked_to() {
    let (desk, server) = (Desk::new(), duo());
    let other = duo();
    let call = desk.accord(&["sync", "duo"]).against(&server).env("SSL_CERT_FILE", other.ca_file());
    let outcome = call.env("ACCORD_TIME_SCALE", "200").run().exits(13);
    assert!(outcome.stderr.contains("certificate") || outcome.stderr.contains("TLS"), "{}", outcome.stderr);
    assert_eq!(server.log().len(), 0);
}

#[test]
fn a_rate_of_the_operators_is_kept_and_shown() {
    let (desk, server) = (Desk::new(), duo());
    let call = desk.accord(&["sync", "duo", "--rate=1/min"]).against(&server).env("ACCORD_TIME_SCALE", "100");
    let running = call.start_on_terminal();
    running.wait_for("our own rate");
    running.wait().exits(0);
}

#[test]
fn a_request_that_would_take_for_ever_is_given_up_in_the_operators_time() {
    // A byte a second: every answer takes minutes.
    let drop_by_drop = || Fault::Trickle { pieces: usize::MAX, apart: Duration::from_secs(1) };
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/groups", drop_by_drop()).times(1));
    let call = || desk.accord(&["sync", "duo"]).against(&server).env("ACCORD_TIME_SCALE", "1000");
    call().arguments(&["--request-timeout=1s"]).run().exits(0).tells(&["(Duo: no answer in time)"]);
    assert_eq!(server.log_of("/admin/v1/groups").len(), 2, "given up once, and asked again");

    server.faults().clear();
    server.faults().add(Rule::on("/admin/v1/groups", drop_by_drop()));
    let outcome = call().env("ACCORD_REQUEST_TIMEOUT", "250ms").run().exits(13);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(&["error[HTTP-001] Duo did not answer in time", "where   GET ", "/admin/v1/groups"]);
    assert_eq!(server.log_of("/admin/v1/groups").len(), 2 + 7);
}
