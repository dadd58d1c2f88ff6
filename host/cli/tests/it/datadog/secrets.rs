//! The bytes of both keys are looked for everywhere that a run leaves traces.

use std::time::Duration;

use accord_fixtures::datadog::{DatadogServer, Fault, Gate, Keys, Options, Permission, RetryAfter, Rule};
use accord_fixtures::server::Response;

use super::{OPT_INS, examples};
use crate::leaks::{assert_no_leak, finds, forms, search};
use crate::support::{Call, Desk};

/// With everything that encodings change.
const API_KEY: &str = "4p1/+&=% \"of\" <thirty> ch:ars~01";
const APP_KEY: &str = "4pp1ic4ti0n/+&=% \"key\" <forty> ch:ars~01";

fn datadog() -> DatadogServer {
    let keys = Keys { api_key: API_KEY.to_owned(), app_key: APP_KEY.to_owned() };
    examples(Options { keys, ..Options::default() })
}

/// A sync that tells all it can.
fn talkative(desk: &Desk, server: &DatadogServer) -> Call {
    let arguments =
        ["--log-level=debug", "--log-path=stderr", "--log-path=log", "--report=report.json", "--record=tape"];
    let call = desk.accord(&["sync", "datadog"]).arguments(&OPT_INS).arguments(&arguments);
    call.against(server).env("ACCORD_TIME_SCALE", "10000")
}

#[test]
fn nothing_that_a_good_run_leaves_holds_a_key() {
    let (desk, server) = (Desk::new(), datadog());
    let outcome = talkative(&desk, &server).run().exits(0);
    let replayed = desk.accord(&["sync", "datadog", "--replay=tape", "-f", "replayed.c1z", "--log-level=debug"]);
    let replayed = replayed.arguments(&OPT_INS).env("BATON_SITE", "datadoghq.com").run().exits(0);
    for key in [API_KEY, APP_KEY] {
        let searched = search(key, &desk, &outcome);
        for name in ["sync.c1z", "replayed.c1z", "report.json", "log", "tape"] {
            assert!(desk.path(name).exists(), "{name} was not searched");
        }
        assert!(finds(&searched, "ana@example.com"), "the search looks in the right places");
        assert_no_leak(key, "what the replay printed", replayed.printed().as_bytes());
        for command in [&["doctor", "datadog"][..], &["validate", "datadog"], &["config", "datadog"]] {
            let outcome = desk.accord(command).against(&server).arguments(&["--log-level=debug"]).run();
            assert_no_leak(key, command[0], outcome.printed().as_bytes());
        }
    }
}

#[test]
fn the_work_file_of_a_killed_run_holds_no_key() {
    let (desk, server, gate) = (Desk::new(), datadog(), Gate::closed());
    server.faults().add(Rule::on("/api/v2/api_keys", Fault::Hold(gate.clone())));
    let running = talkative(&desk, &server).start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    let arguments = std::fs::read(format!("/proc/{}/cmdline", running.id())).unwrap();
    running.send(rustix::process::Signal::KILL);
    let outcome = running.wait().exits(128 + 9);
    for key in [API_KEY, APP_KEY] {
        assert_no_leak(key, "the command line", &arguments);
        let searched = search(key, &desk, &outcome);
        assert!(finds(&searched, "SQLite format 3"), "the work file was searched");
    }
    gate.open();
}

/// How both keys come back in an answer, wherever a server can put them.
fn repeating(status: u16) -> Fault {
    Fault::answer(move |_| {
        let whole = [forms(API_KEY), forms(APP_KEY)].concat().join(" ; ");
        let body = serde_json::json!({"errors": [whole, {"title": whole, "detail": whole}]}).to_string();
        Response::new(status, "application/vnd.api+json", body)
            .header("x-debug", &whole)
            .header("x-request-id", APP_KEY)
    })
}

#[test]
fn no_failure_shows_a_key() {
    let fails = |what: &str, code: i32, prepare: &dyn Fn(&DatadogServer), change: fn(Call) -> Call| {
        let (desk, server) = (Desk::new(), datadog());
        prepare(&server);
        let outcome = change(talkative(&desk, &server)).run();
        assert_eq!((outcome.code, outcome.errors()), (code, 1), "{what}: {}", outcome.printed());
        for key in [API_KEY, APP_KEY] {
            search(key, &desk, &outcome);
        }
    };
    let always = |what: &str, code: i32, fault: Fault| {
        fails(what, code, &|server| server.faults().add(Rule::on("*", fault.clone())), |call| call);
    };
    fails("401", 10, &|server| server.set_revoked(true), |call| call);
    fails("403", 11, &|server| server.set_permission(Permission::TeamsRead, false), |call| call);
    always("429", 12, Fault::TooMany(RetryAfter::Absent));
    for (status, code) in [(400, 2), (401, 10), (403, 10), (404, 13), (500, 13)] {
        always(&format!("an echo in a {status}"), code, repeating(status));
    }
    fails("no trust", 13, &|_| {}, |call| call.without_env("SSL_CERT_FILE"));
    fails("no site", 2, &|_| {}, |call| call.env("BATON_SITE", "evil.example"));
}

#[test]
fn keys_that_the_target_repeats_are_masked_and_reported() {
    let (desk, server) = (Desk::new(), datadog());
    server.faults().add(Rule::on("*", Fault::Echo));
    let outcome = talkative(&desk, &server).run().exits(0);
    assert!(outcome.stderr.contains("the target's answer held a secret, which was masked"), "{}", outcome.stderr);
    for key in [API_KEY, APP_KEY] {
        let searched = search(key, &desk, &outcome);
        for name in ["api-key", "app-key"] {
            assert!(finds(&searched, &format!("[masked {name}]")), "the tape holds what the guest saw");
        }
    }
}
