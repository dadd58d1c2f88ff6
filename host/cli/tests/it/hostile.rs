//! A connector that means harm gets nowhere: what it tried is named, nothing is written, and nobody hears from it.

use std::collections::BTreeMap;
use std::net::TcpListener;

use accord_c1z::reader::{Reader, View};
use accord_fixtures::duo::{DuoServer, Options, World};
use accord_fixtures::victim::Victim;

use crate::support::{Call, Desk, Outcome};

/// A sync of the hostile guest, trying `mode`.
pub(crate) fn hostile(desk: &Desk, victim: &Victim, mode: &str) -> Call {
    let call = desk.accord(&["sync", "hostile"]).env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir());
    victim.environment(mode).into_iter().fold(call, |call, (name, value)| call.env(name, value))
}

/// The lines of the log that tell of denied calls.
fn audit_lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stderr.lines().filter(|line| line.contains("denied: plugin 'hostile'")).collect()
}

/// What every refusal has in common.
#[track_caller]
fn assert_refused(desk: &Desk, victim: &Victim, outcome: Outcome, told: &[&str]) {
    let outcome = outcome.exits(15).tells(told).tells(&["file    sync.c1z not touched"]);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    let audit = audit_lines(&outcome);
    assert_eq!(audit.len(), 1, "one line for one denied call:\n{}", outcome.stderr);
    for part in ["\"version\":\"0.0.1\"", "\"code\":\"POLICY-", "read, mischief"] {
        assert!(audit[0].contains(part), "{part} in {audit:?}");
    }
    assert!(!outcome.printed().contains(victim.token()));
    assert_eq!(victim.evil().connections(), 0, "not one packet");
    assert_eq!(desk.names(), Vec::<String>::new(), "nothing is written");
}

#[test]
fn another_host_is_not_reached() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let (evil, allowed) = (victim.evil().address(), victim.allowed().address());
    let told = format!("error[POLICY-003] plugin 'hostile' tried to reach {evil}, allowed: {allowed}");
    for mode in ["reach-elsewhere", "secret-elsewhere"] {
        let outcome = hostile(&desk, &victim, mode).run();
        assert_refused(&desk, &victim, outcome, &[&told, "where   GET /stolen (read, mischief"]);
    }
    let named = format!("https://evil.example:{}/stolen", evil.port());
    let outcome = hostile(&desk, &victim, "reach-elsewhere").env("BATON_ELSEWHERE", named).run();
    let told = format!("error[POLICY-003] plugin 'hostile' tried to reach evil.example:{}, allowed: ", evil.port());
    assert_refused(&desk, &victim, outcome, &[&told]);
    assert_eq!(victim.allowed().connections(), 0);
}

/// Spellings of a URL that a careless reader takes for the allowed host.
#[test]
fn a_url_that_looks_like_the_allowed_one_is_not_reached() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let (evil, allowed) = (victim.evil().address(), victim.allowed().address());
    for elsewhere in [
        format!("https://{allowed}@{evil}/v1/people"),
        format!("https://{allowed}:password@{evil}/v1/people"),
        format!("https://127.0.0.1.evil.example:{}/v1/people", allowed.port()),
        format!("http://{allowed}/v1/people"),
        format!("https://{allowed}#@{evil}/v1/people"),
        format!("https://127.0.0.1:{}/v1/people", evil.port()),
        format!("//{evil}/v1/people"),
    ] {
        let outcome = hostile(&desk, &victim, "reach-elsewhere").env("BATON_ELSEWHERE", &elsewhere).run();
        assert_refused(&desk, &victim, outcome, &["error[POLICY-00", "plugin 'hostile' "]);
    }
    assert_eq!(victim.allowed().connections(), 0);
}

#[test]
fn only_declared_paths_methods_and_headers_leave() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    for (mode, told) in [
        ("undeclared-path", "error[POLICY-002] plugin 'hostile' asked for GET https://"),
        ("dot-segments", "error[POLICY-001] plugin 'hostile' asked for the path `/v1/people/%2e%2e/secrets`"),
        ("writing-method", "its manifest allows only GET there"),
        ("own-authorization", "error[POLICY-001] plugin 'hostile' set the header `authorization`, which only the host"),
        ("own-host", "error[POLICY-001] plugin 'hostile' set the header `host`, which only the host writes"),
        ("split-header", "error[POLICY-001] plugin 'hostile' set the header `x-split`, which is malformed"),
        ("secret-in-body", "with the secret `token`, which is none that it generated"),
    ] {
        let outcome = hostile(&desk, &victim, mode).run();
        assert_refused(&desk, &victim, outcome, &[told]);
    }
    assert_eq!(victim.allowed().connections(), 0, "nothing was sent, not even to the allowed host");
}

#[test]
fn a_redirect_elsewhere_is_not_followed() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let outcome = hostile(&desk, &victim, "follow-redirect").run();
    let (evil, allowed) = (victim.evil().address(), victim.allowed().address());
    let told = format!("error[POLICY-006] plugin 'hostile' was redirected by {allowed} to {evil}, allowed: {allowed}");
    assert_refused(&desk, &victim, outcome, &[&told]);
    assert_eq!(victim.allowed().log().len(), 1);
}

/// Whether a guest asks for it or an operator configures it, and whoever allows it.
#[test]
fn metadata_addresses_are_never_reached_however_they_are_spelled() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let everything = "0.0.0.0/0,::/0";
    let outcome = hostile(&desk, &victim, "metadata-address").env("ACCORD_ALLOW_ADDRESS", everything).run();
    assert_refused(&desk, &victim, outcome, &["error[POLICY-003]", "tried to reach 169.254.169.254:443, allowed: "]);
    for spelled in [
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "100.100.100.200",
    ] {
        let url = format!("https://{spelled}");
        let asked = hostile(&desk, &victim, "reach-elsewhere").env("BATON_ELSEWHERE", &url);
        let outcome = asked.env("ACCORD_ALLOW_ADDRESS", everything).run();
        assert_refused(&desk, &victim, outcome, &["error[POLICY-003] plugin 'hostile' tried to reach "]);
        let configured = hostile(&desk, &victim, "fetch").env("BATON_BASE_URL", &url);
        let outcome = configured.env("ACCORD_ALLOW_ADDRESS", everything).run();
        assert_refused(&desk, &victim, outcome, &["error[POLICY-005]", "where   GET /v1/people"]);
    }
}

/// The name is allowed; where it leads today is not.
#[test]
fn an_allowed_name_that_leads_inside_is_not_followed() {
    let name = "api-fixture.duosecurity.com";
    let options = Options { names: vec![name.to_owned(), "localhost".to_owned()], ..Options::default() };
    let (desk, server) = (Desk::new(), DuoServer::start(World::vendor_examples(), options).unwrap());
    let duo = || desk.accord(&["sync", "duo"]).against(&server).without_env("ACCORD_ALLOW_ADDRESS");
    let port = server.server().address().port();

    // What the machine's own resolver answers.
    let outcome = duo().env("BATON_API_HOSTNAME", format!("localhost:{port}")).run().exits(15);
    assert_eq!(outcome.errors(), 1);
    let outcome = outcome.tells(&["error[POLICY-005] plugin 'duo' ", "localhost", "loopback"]);
    assert!(outcome.stderr.contains("--allow-address"), "{}", outcome.stderr);

    let inside = format!("{name}:443=127.0.0.1:{port}");
    let outcome = duo().env("BATON_API_HOSTNAME", name).arguments(&["--resolve", &inside]).run().exits(15);
    outcome.tells(&["error[POLICY-005] plugin 'duo' ", name, "127.0.0.1", "loopback"]);

    // Opening everything does not open the machine's surroundings.
    let metadata = format!("{name}:443=169.254.169.254:443");
    let everything = ["--resolve", &metadata, "--allow-address", "0.0.0.0/0,::/0"];
    let outcome = duo().env("BATON_API_HOSTNAME", name).arguments(&everything).run().exits(15);
    outcome.tells(&["error[POLICY-005] plugin 'duo' ", "169.254.169.254", "link-local"]);

    assert_eq!(server.server().connections(), 0, "not one packet");
    assert_eq!(desk.names(), Vec::<String>::new());
}

/// What the guest wrote into its rows, by resource id.
pub(crate) fn found(desk: &Desk) -> BTreeMap<String, String> {
    let reader = Reader::open(&desk.path("sync.c1z"), &desk.path("")).unwrap();
    let rows = reader.resources(&View::Everything).map(|row| row.unwrap().message);
    rows.map(|row| (row.id.unwrap_or_default().resource, row.display_name)).collect()
}

#[test]
fn there_is_nothing_to_see_around_a_guest() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    desk.write("watched/sync.c1z", "a file of somebody");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let traced = std::env::temp_dir().join("hostile");
    assert!(!traced.exists(), "left by something else");

    hostile(&desk, &victim, "look-around").env("HOSTILE_MARKER", "marker-of-the-environment").run().exits(0);
    let found = found(&desk);
    assert!(found.len() >= 14, "{found:?}");
    for (what, answer) in &found {
        match what.as_str() {
            "environment" | "arguments" => assert_eq!(answer, "[]", "{what}"),
            "clock" => {
                let (first, second) = answer.trim_matches(['[', ']']).split_once("}, ").unwrap();
                assert_eq!(format!("{first}}}"), second, "a guest cannot measure time");
            }
            _ => assert!(answer.starts_with("refused: "), "{what}: {answer}"),
        }
    }
    for what in ["file /proc/self/environ", "file /etc/passwd", "folder /", "write", "tcp", "udp", "listen", "dns"] {
        assert!(found.contains_key(what), "{what} was not tried");
    }
    assert!(!traced.exists(), "the guest wrote a file");
    assert_eq!(desk.names(), ["sync.c1z", "watched"]);
    assert_eq!(victim.evil().connections() + victim.allowed().connections(), 0);
}

/// It holds names. So that is what it can print, send and store.
#[test]
fn what_a_guest_prints_sends_and_stores_is_a_name() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    let outcome = hostile(&desk, &victim, "print-everything").arguments(&["--log-level=debug"]).run().exits(0);
    assert!(outcome.stderr.contains("the plugin printed: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("everything known="), "{}", outcome.stderr);
    assert!(!outcome.printed().contains(victim.token()));
    let known = &found(&desk)["known"];
    assert!(known.contains("token") && known.contains("print-everything"), "{known}");
    assert!(!known.contains(victim.token()), "{known}");

    // The target repeats the token in several forms; the guest stores what it gets.
    let outcome = hostile(&desk, &victim, "secret-in-query").run().exits(0);
    assert!(outcome.stderr.contains("the target's answer held a secret, which was masked"), "{}", outcome.stderr);
    let log = victim.allowed().log();
    let [asked] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(asked.request.header("authorization"), format!("Bearer {}", victim.token()));
    assert!(asked.request.query.contains("template=%7Btoken%7D"), "{}", asked.request.query);
    assert!(!asked.request.query.contains(victim.token()));
    assert_eq!(asked.request.header("x-template"), "{token}");
    let answer = &found(&desk)["answer"];
    assert_eq!(answer.matches("[masked token]").count(), 4, "{answer}");
    assert!(!answer.contains(victim.token()), "{answer}");
    assert_eq!(victim.evil().connections(), 0);
}

/// Control characters of a guest reach neither a terminal nor a log line's layout.
#[test]
fn a_guest_cannot_play_the_terminal() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    for (format, mode) in [("json", "terminal-escapes"), ("console", "terminal-escapes"), ("console", "steering-key")] {
        let format = format!("--log-format={format}");
        let outcome = hostile(&desk, &victim, mode).arguments(&[&format, "--allow-gaps"]).run();
        let printed = outcome.printed();
        let steering = |c: char| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert_eq!(printed.find(steering), None, "{printed:?}");
        assert!(printed.contains("[31mred") || printed.contains("[2J"), "{printed}");
        assert!(!printed.lines().any(|line| line.starts_with("error[NONE-001]")), "{printed}");
    }
}
