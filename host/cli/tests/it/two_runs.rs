//! Two runs on one file: the second one is told who writes and how far they are, or waits for its turn.

use std::time::{Duration, SystemTime};

use accord_fixtures::duo::{DuoServer, Fault, Gate, Rule};
use rustix::process::Signal;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::support::{Call, Desk, Running, duo, until};

/// Longer than any machine takes to get there.
const SOON: Duration = Duration::from_secs(60);

fn sync(desk: &Desk, server: &DuoServer, arguments: &[&str]) -> Call {
    desk.accord(&["sync", "duo"]).arguments(arguments).against(server).env("ACCORD_TIME_SCALE", "100")
}

/// A run that waits for its last answer, and has kept the four before.
fn held(desk: &Desk, server: &DuoServer, gate: &Gate) -> Running {
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    let running = sync(desk, server, &["--output=json", "--workers=1"]).start();
    assert!(gate.wait_for(1, SOON), "the run never got there: {:?}", running.wait());
    running
}

/// A run that waits for its turn behind another one.
fn waiting(desk: &Desk, server: &DuoServer, wait: &str, first: &Running) -> Running {
    let running = sync(desk, server, &[wait, "--output=json"]).start();
    running.wait_for(&format!("waiting: `sync.c1z` is being written by pid {} on ", first.id()));
    running
}

#[test]
fn the_second_run_is_told_who_writes_since_when_and_how_far_they_are() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    let before = OffsetDateTime::from(SystemTime::now());
    let first = held(&desk, &server, &gate);
    until("a percentage in the lock", || {
        let text = std::fs::read_to_string(desk.path(".sync.c1z.accord-lock")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["percent"].as_u64()
    });
    let asked = server.log().len();
    let second = sync(&desk, &server, &[]).run().exits(16);
    assert_eq!(second.errors(), 1, "{second:?}");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let who = format!("error[BUSY-001] `sync.c1z` is being written by pid {} on {host} since ", first.id());
    let rest = second.stderr.split_once(&who).unwrap_or_else(|| panic!("`{who}` is missing in {second:?}")).1;
    let (since, rest) = rest.split_once(" UTC (").unwrap();
    let since = PrimitiveDateTime::parse(since, format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"));
    let since = since.unwrap().assume_utc();
    let second_before = before - Duration::from_secs(1);
    assert!(since > second_before && since <= OffsetDateTime::from(SystemTime::now()), "{since}");
    let percent: u8 = rest.split_once(" %)").unwrap().0.parse().unwrap();
    assert!((1..=98).contains(&percent), "{percent}");
    second.tells(&["do ", "--wait", "--file"]);
    assert_eq!(server.log().len(), asked, "nothing is asked for a file that is another's");
    gate.open();
    first.wait().exits(0);
    assert_eq!(desk.names(), ["sync.c1z"]);
}

#[test]
fn a_run_that_waits_gets_its_turn_and_the_file_is_its_own() {
    for wait in ["--wait", "--wait=10m"] {
        let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
        let first = held(&desk, &server, &gate);
        let second = waiting(&desk, &server, wait, &first);
        // The account changes: the second file must not be a copy of the first one.
        server.change(|world| drop(world.users.pop()));
        gate.open();
        let (first, second) = (first.wait().exits(0), second.wait().exits(0));
        assert_eq!(second.stderr.matches("\"msg\":\"waiting: ").count(), 1, "told once: {}", second.stderr);
        let (first, second) = (first.json(), second.json());
        let stats = desk.accord(&["stats", "sync.c1z", "--output=json"]).run().exits(0).json();
        assert_ne!(first["sync_id"], second["sync_id"]);
        assert_eq!(stats["sync"]["id"], second["sync_id"]);
        assert_eq!(stats["counts"]["resources_by_resource_type"]["user"], 4);
        let time = |text: &serde_json::Value| OffsetDateTime::parse(text.as_str().unwrap(), &Rfc3339).unwrap();
        assert!(time(&second["started_at"]) >= time(&first["ended_at"]), "it began when it was its turn");
        assert_eq!(desk.names(), ["sync.c1z"]);
    }
}

#[test]
fn a_terminal_shows_whom_a_run_waits_for() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    let first = held(&desk, &server, &gate);
    let second = sync(&desk, &server, &[]).env("ACCORD_WAIT", "true").start_on_terminal();
    second.wait_for(&format!("\u{1b}[2Kwaiting for pid {} on ", first.id()));
    gate.open();
    first.wait().exits(0);
    assert!(second.wait().exits(0).stdout.contains("complete → sync.c1z"));
}

#[test]
fn patience_ends_when_it_was_said_to() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    let first = held(&desk, &server, &gate);
    let asked = server.log().len();
    let short = waiting(&desk, &server, "--wait=3s", &first).wait().exits(16);
    assert_eq!(short.errors(), 1, "{short:?}");
    short.tells(&["error[BUSY-001]", &format!("pid {} on ", first.id()), "waited  3 s, as long as --wait allows"]);
    let none = sync(&desk, &server, &["--wait=false"]).run().exits(16);
    assert!(!none.stderr.contains("waiting"), "{none:?}");
    let unclear = sync(&desk, &server, &["--wait=soon"]).run().exits(2);
    unclear.tells(&["--wait / ACCORD_WAIT is `soon`, and should be a time such as 30s, 15m or 2h"]);
    assert_eq!(server.log().len(), asked);
    gate.open();
    first.wait().exits(0);
    assert_eq!(desk.names(), ["sync.c1z"]);
}

#[test]
fn the_lock_of_a_process_that_was_killed_is_taken_over() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    let first = held(&desk, &server, &gate);
    first.send(Signal::KILL);
    first.wait().exits(137);
    assert!(desk.names().contains(&".sync.c1z.accord-lock".to_owned()), "{:?}", desk.names());
    server.faults().clear();
    sync(&desk, &server, &[]).run().exits(0);
    assert_eq!(desk.names(), ["sync.c1z"]);

    // Also by who waits already.
    let gate = Gate::closed();
    let first = held(&desk, &server, &gate);
    let second = waiting(&desk, &server, "--wait", &first);
    first.send(Signal::KILL);
    first.wait().exits(137);
    gate.open();
    let report = second.wait().exits(0).json();
    assert_eq!(report["resumed_pages"], 4, "it goes on where the dead one was");
    assert_eq!(desk.names(), ["sync.c1z"]);
}

#[test]
fn a_signal_ends_the_waiting() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    let first = held(&desk, &server, &gate);
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let second = waiting(&desk, &server, "--wait", &first);
        second.send(signal);
        let outcome = second.wait().exits(code);
        assert_eq!(outcome.errors(), 1, "{outcome:?}");
        outcome.tells(&["error[STOP-001] stopped on request", "sync.c1z not touched"]);
    }
    gate.open();
    first.wait().exits(0);
    assert_eq!(desk.names(), ["sync.c1z"]);
}
