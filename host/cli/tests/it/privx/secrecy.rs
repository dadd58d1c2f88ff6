//! What must not be seen: both secrets, the tokens that they buy, and what PrivX's answers hold of its users' own.

use std::path::Path;
use std::time::Duration;

use accord_fixtures::privx::{Fault, Gate, Options, PrivxServer, Refusal, Rule, SENSITIVE, Shape, World};
use accord_fixtures::server::Response;

use super::{FILE, USERS, start, sync};
use crate::leaks::{assert_no_leak, finds, search_files};
use crate::support::{Call, Desk, Outcome};

fn server() -> PrivxServer {
    let options = Options { token_seconds: super::LONG, ..Options::default() };
    start(World::generate(&Shape { seed: 3, users: 90, roles: 12, memberships: 3 }), options)
}

/// A sync that tells all it can.
fn talkative(desk: &Desk, server: &PrivxServer) -> Call {
    let arguments =
        ["--log-level=debug", "--log-path=stderr", "--log-path=log", "--report=report.json", "--record=tape"];
    sync(desk, server).arguments(&arguments).env("ACCORD_TIME_SCALE", "1000")
}

/// The access tokens that were used.
fn tokens(server: &PrivxServer) -> Vec<String> {
    let log = server.log();
    let headers = log.iter().map(|exchange| exchange.request.header("authorization"));
    let mut tokens: Vec<String> =
        headers.filter_map(|header| header.strip_prefix("Bearer ")).map(str::to_owned).collect();
    tokens.sort();
    tokens.dedup();
    tokens
}

/// Fails if a secret, a token or something of the users' own is in what a run printed and left. Returns what was searched.
#[track_caller]
fn search(server: &PrivxServer, desk: &Desk, outcome: &Outcome) -> Vec<u8> {
    let pairs = server.pairs();
    let mut hidden = vec![pairs.api_client_secret.clone(), pairs.oauth_client_secret.clone(), SENSITIVE.to_owned()];
    hidden.extend(tokens(server));
    let mut searched = Vec::new();
    for secret in hidden {
        assert_no_leak(&secret, "what was printed", outcome.printed().as_bytes());
        searched = search_files(&secret, &desk.path(""));
    }
    searched
}

#[test]
fn nothing_that_a_good_run_leaves_holds_what_is_secret() {
    let (desk, server) = (Desk::new(), server());
    let outcome = talkative(&desk, &server).run().exits(0);
    assert_eq!(tokens(&server).len(), 1);
    let searched = search(&server, &desk, &outcome);
    for name in [FILE, "report.json", "log", "tape"] {
        assert!(desk.path(name).exists(), "{name} was not searched");
    }
    // What may be known is found, so the search looks in the right places; and PrivX did send what is not found.
    let somebody = server.world().users[0].clone();
    assert!(finds(&searched, &somebody.principal));
    assert!(somebody.password.contains(SENSITIVE) && somebody.mfa.seed.seed_string.contains(SENSITIVE));
    let page = std::fs::read_to_string(desk.path("tape/read.users.r0.p000000.json")).unwrap();
    assert!(page.contains("authorized_keys") && page.contains("current_session_id"), "{page}");

    let replayed = desk.accord(&["sync", "privx", "--replay=tape", "-f", "replayed.c1z", "--log-level=debug"]).run();
    search(&server, &desk, &replayed.exits(0));
    assert_eq!(crate::rows::Rows::of(&desk, "replayed.c1z"), crate::rows::Rows::of(&desk, FILE));
}

#[test]
fn the_work_file_of_a_killed_run_holds_nothing_of_it() {
    let (desk, server, gate) = (Desk::new(), server(), Gate::closed());
    server.faults().add(Rule::on("/role-store/api/v1/roles/*/members", Fault::Hold(gate.clone())).after(5));
    let running = talkative(&desk, &server).start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    let arguments = std::fs::read(Path::new("/proc").join(running.id().to_string()).join("cmdline")).unwrap();
    assert_no_leak(&server.pairs().api_client_secret, "the command line", &arguments);
    running.send(rustix::process::Signal::KILL);
    let outcome = running.wait().exits(128 + 9);
    let searched = search(&server, &desk, &outcome);
    assert!(finds(&searched, "SQLite format 3"), "the work file was searched");
    gate.open();
}

/// How the secrets come back in an answer, wherever a server can put them.
fn repeating(server: &PrivxServer, status: u16) -> Fault {
    let pairs = server.pairs().clone();
    Fault::answer(move |request| {
        let token = request.header("authorization").to_owned();
        let whole = format!("{token} {} {}", pairs.api_client_secret, pairs.oauth_client_secret);
        let message = serde_json::json!({"error_code": whole, "error_message": whole, "error": whole});
        Response::json(status, message.to_string()).header("x-debug", &whole)
    })
}

#[test]
fn no_failure_of_privx_shows_what_is_secret() {
    for (status, code) in [(400, 2), (401, 10), (403, 11), (404, 13), (500, 13)] {
        for path in [USERS, super::TOKEN] {
            let (desk, server) = (Desk::new(), server());
            server.faults().add(Rule::on(path, repeating(&server, status)));
            let outcome = talkative(&desk, &server).run();
            let expected = if path == super::TOKEN && status < 500 { 10 } else { code };
            assert_eq!(outcome.code, expected, "{path} {status}: {}", outcome.printed());
            assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
            search(&server, &desk, &outcome);
        }
    }
    let (desk, server) = (Desk::new(), server());
    server.faults().add(Rule::on(USERS, Fault::Fail(Refusal::unauthorized("revoked"))));
    let outcome = talkative(&desk, &server).run().exits(10);
    search(&server, &desk, &outcome);
}

#[test]
fn an_answer_that_breaks_off_in_the_middle_of_a_seed_leaves_nothing_of_it() {
    for bytes in [900, 1_000, 1_100, 1_200, 1_300] {
        let (desk, server) = (Desk::new(), server());
        server.faults().add(Rule::on(USERS, Fault::Truncate(bytes)));
        let outcome = talkative(&desk, &server).run().exits(13);
        search(&server, &desk, &outcome);
    }
}

#[test]
fn secrets_that_privx_repeats_are_masked_and_reported() {
    let (desk, server) = (Desk::new(), server());
    server.faults().add(Rule::on("*", Fault::Echo));
    let outcome = talkative(&desk, &server).run().exits(0);
    assert!(outcome.stderr.contains("the target's answer held a secret, which was masked"), "{}", outcome.stderr);
    let searched = search(&server, &desk, &outcome);
    for masked in ["[masked api-client-secret]", "[masked oauth-client-secret]", "[masked api-client-token]"] {
        assert!(finds(&searched, masked), "the tape holds what the guest saw: {masked}");
    }
}
