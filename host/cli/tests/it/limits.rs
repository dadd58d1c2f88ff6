//! A connector without measure, under the limits that every user has: the run ends with exit code 15 and the reason, and
//! the machine does not notice. Limits that take too long to reach have their tests in the runtime.

use std::sync::mpsc;
use std::time::Duration;

use accord_fixtures::victim::Victim;

use crate::hostile::hostile;
use crate::support::{Call, Desk, Outcome};

/// Runs a mode that must be stopped, and checks that the previous file stays as it is.
#[track_caller]
fn stopped(mode: &str, count: u32, told: &[&str]) -> Outcome {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write("sync.c1z", &earlier);
    let outcome = hostile(&desk, &victim, mode).env("BATON_COUNT", count.to_string()).run().exits(15).tells(told);
    let outcome = outcome.tells(&["file    sync.c1z not touched"]);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    assert_eq!(std::fs::read(desk.path("sync.c1z")).unwrap(), earlier);
    assert_eq!(desk.names(), ["sync.c1z"], "no work file is left");
    outcome
}

#[test]
fn cursors_that_come_back_are_named_whatever_the_length_of_their_cycle() {
    for (length, cursor) in [(1, "0"), (2, "1"), (1_000, "1")] {
        let told = format!("error[LOOP-001] cursor `{cursor}` returned twice in mischief");
        stopped("cursor-cycle", length, &[&told, "means   the listing would never end"]);
    }
}

#[test]
fn listings_that_do_not_end_are_stopped() {
    stopped("endless-cursors", 1, &["error[LOOP-002] mischief returned the same rows on 21 pages"]);
    stopped("huge-cursor", 1, &["error[LIMIT-006] a cursor of 65539 bytes; at most 65536 are allowed"]);
    stopped("endless-discoveries", 3, &["error[ROWS-002] `more` found a listing of `more`, which its manifest"]);
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let outcome = hostile(&desk, &victim, "restart-forever").run().exits(13);
    outcome.tells(&["error[HTTP-004] mischief had to begin again more than 3 times: the listing expired"]);
    assert!(!desk.path("sync.c1z").exists());
}

#[test]
fn too_many_rows_are_refused() {
    stopped("too-many-rows", 1, &["error[LIMIT-001] plugin 'hostile' pushed 5001 rows in one call; at most 5000"]);
    stopped("too-many-grants", 1, &["error[LIMIT-001] plugin 'hostile' pushed 5001 rows in one call; at most 5000"]);
    stopped("too-much-per-page", 51, &["error[LIMIT-001] plugin 'hostile' pushed more than 50000 rows in one page"]);
    stopped("huge-row", 1, &["error[LIMIT-001] plugin 'hostile' pushed more than 16777216 bytes of rows in one page"]);
}

#[test]
fn a_grant_must_name_who_has_what() {
    let told = "error[ROWS-001] plugin 'hostile' pushed a grant whose entitlement or principal is in none of its lists";
    stopped("grants-of-nothing", 1, &[told, "where   mischief"]);
}

#[test]
fn a_panic_is_told_with_its_place_after_a_second_try() {
    let told = [
        "error[GUEST-001] plugin 'hostile' panicked",
        "where   read mischief page 0",
        "printed panicked at fixtures/guests/hostile/src/appetite.rs:",
        ": the hostile guest panics",
        "nothing of this page was kept",
    ];
    let outcome = stopped("panic", 1, &told);
    assert_eq!(outcome.stderr.matches("reading the page again").count(), 1, "{}", outcome.stderr);
}

#[test]
fn endless_recursion_is_a_trap_of_the_guest() {
    let outcome = stopped("recurse", 1, &["error[GUEST-002] plugin 'hostile' trapped: "]);
    assert!(!outcome.stderr.contains("BUG-"), "{}", outcome.stderr);
}

/// Runs and returns the largest resident set that was seen, in MiB.
pub(crate) fn peak_memory(call: Call) -> (Outcome, u64) {
    let running = call.start();
    let status = format!("/proc/{}/status", running.id());
    let (done, ended) = mpsc::channel::<()>();
    let watcher = std::thread::spawn(move || {
        let mut peak = 0;
        loop {
            // The kernel keeps the high-water mark itself, so only growth of the last moment can be missed.
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let mark =
                text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
            peak = peak.max(mark.unwrap_or(0_u64) >> 10);
            if ended.recv_timeout(Duration::from_millis(2)) != Err(mpsc::RecvTimeoutError::Timeout) {
                return peak;
            }
        }
    });
    let outcome = running.wait();
    drop(done);
    (outcome, watcher.join().unwrap())
}

#[test]
fn memory_of_the_host_stays_bounded() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let (honest, usual) = peak_memory(hostile(&desk, &victim, "honest"));
    honest.exits(0);
    assert!(usual > 0, "nothing was measured");

    let (outcome, peak) = peak_memory(hostile(&desk, &victim, "allocate"));
    outcome.exits(15).tells(&["error[LIMIT-005] plugin 'hostile' wanted more than 256 MiB of memory"]);
    assert!(peak > usual + 200, "the guest got its memory: {usual} → {peak} MiB");
    assert!(peak < usual + 256 + 32, "{usual} → {peak} MiB");

    // The server would send for ever.
    let (outcome, peak) = peak_memory(hostile(&desk, &victim, "huge-response"));
    outcome.exits(0);
    let answer = &crate::hostile::found(&desk)["answer"];
    assert!(answer.contains("more than 33554432 bytes"), "the guest is told: {answer}");
    assert!(peak < usual + 128, "{usual} → {peak} MiB");

    for (mode, count) in [("flood-stderr", 100), ("flood-log", 25), ("flood-facts", 10_000)] {
        let (_, peak) = peak_memory(hostile(&desk, &victim, mode).env("BATON_COUNT", count.to_string()));
        assert!(peak < usual + 128, "{mode}: {usual} → {peak} MiB");
    }
}
