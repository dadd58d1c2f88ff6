//! What a run shows while it lasts.

use accord_fixtures::duo::{Fault, Gate, RetryAfter, Rule};

use crate::support::{Desk, duo};

#[test]
fn a_terminal_gets_one_line_that_is_rewritten() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    let running = desk.accord(&["sync", "duo"]).against(&server).start_on_terminal();
    running.wait_for("users 5");
    running.wait_for(" %");
    gate.open();
    let outcome = running.wait().exits(0);
    let shown = outcome.stderr.rsplit("users 5").next().unwrap();
    assert!(shown.contains("\r\u{1b}[2K"), "the line is taken away at the end: {shown:?}");
    assert!(outcome.stdout.contains("complete → sync.c1z"), "{}", outcome.stdout);
    assert!(!outcome.stderr.contains("\u{1b}[3"), "no colours: {:?}", outcome.stderr);
}

#[test]
fn what_is_being_waited_for_is_shown() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/users", Fault::TooMany(RetryAfter::Seconds(100))).times(1));
    let running = desk.accord(&["sync", "duo"]).against(&server).env("ACCORD_TIME_SCALE", "50").start_on_terminal();
    running.wait_for("waiting ");
    running.wait_for(" s (Duo: 42901)");
    let outcome = running.wait().exits(0);
    assert!(outcome.stdout.contains("429s 1"), "{}", outcome.stdout);
}

#[test]
fn a_log_gets_a_line_now_and_then() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    let running = desk.accord(&["sync", "duo"]).against(&server).env("ACCORD_TIME_SCALE", "50").start();
    running.wait_for("\"percent_complete\":");
    running.wait_for("users 5");
    gate.open();
    let outcome = running.wait().exits(0);
    assert!(!outcome.stderr.contains('\r'), "{:?}", outcome.stderr);
}

#[test]
fn where_compiled_plugins_may_be_kept_is_the_operators_to_say() {
    let (desk, server) = (Desk::new(), duo());
    desk.accord(&["sync", "duo"]).against(&server).env("ACCORD_CACHE", "off").run().exits(0);
    desk.write("file", "no folder");
    let unusable = desk.accord(&["sync", "duo"]).against(&server).env("ACCORD_CACHE", "file").run().exits(14);
    unusable.tells(&["error[CACHE-001]", "ACCORD_CACHE=off"]);
    // The usual folder is a convenience: a home that cannot be written to is none of the user's concern.
    let home = desk.write("home", "no folder either");
    let call = desk.accord(&["sync", "duo"]).against(&server).without_env("ACCORD_CACHE").env("HOME", home);
    call.run().exits(0);
}

#[test]
fn work_files_lie_where_the_operator_says() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    std::fs::create_dir(desk.path("work")).unwrap();
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    let running = desk.accord(&["sync", "duo"]).against(&server).env("BATON_TMPDIR", "work").start();
    assert!(gate.wait_for(1, std::time::Duration::from_secs(60)));
    assert!(std::fs::read_dir(desk.path("work")).unwrap().next().is_some(), "the work file is there");
    gate.open();
    running.wait().exits(0);
    assert!(std::fs::read_dir(desk.path("work")).unwrap().next().is_none(), "and goes at the end");
    let outcome = desk.accord(&["sync", "duo"]).against(&server).env("BATON_TMPDIR", "nowhere").run().exits(2);
    outcome.tells(&["BATON_TMPDIR names `nowhere`, which is no folder"]);
}
