//! Signals: a run that is asked to stop ends soon, says how to go on, and the next one goes on.

use std::time::Duration;

use accord_fixtures::duo::{DuoServer, Fault, Gate, Rule};
use rustix::process::Signal;

use crate::support::{Desk, Running, duo};

/// Longer than any machine takes to get there.
const SOON: Duration = Duration::from_secs(60);

/// A run that waits for the answer to its second page of users.
fn held(desk: &Desk, server: &DuoServer, gate: &Gate) -> Running {
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    let running = desk.accord(&["sync", "duo"]).against(server).start();
    assert!(gate.wait_for(1, SOON), "the run never got there: {:?}", running.wait());
    running
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
        let running = held(&desk, &server, &gate);
        running.send(signal);
        let outcome = running.wait().exits(code);
        assert_eq!(outcome.errors(), 1);
        outcome.tells(&["error[STOP-001] stopped on request", "run the same command again"]);
        assert!(!desk.path("sync.c1z").exists());
        gate.open();
        server.faults().clear();
        let before = server.log().len();
        desk.accord(&["sync", "duo"]).against(&server).run().exits(0);
        assert!(server.log().len() - before <= 5, "pages that were kept are not read again");
        assert_eq!(desk.names(), ["sync.c1z"]);
        let stats = desk.accord(&["stats", "sync.c1z", "--output=json"]).run().exits(0).json();
        assert_eq!(stats["counts"]["grants"], 8);
    }
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    let running = held(&desk, &server, &gate);
    running.send(Signal::INT);
    running.send(Signal::TERM);
    // Either of the two may be seen first, and the run may have ended on the first one.
    let outcome = running.wait();
    assert!(matches!(outcome.code, 130 | 143), "{outcome:?}");
    assert_eq!(outcome.errors(), 1, "{outcome:?}");
    gate.open();
    server.faults().clear();
    desk.accord(&["sync", "duo"]).against(&server).run().exits(0);
    assert_eq!(desk.names(), ["sync.c1z"]);
}
