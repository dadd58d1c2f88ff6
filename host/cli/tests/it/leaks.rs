//! The secret's bytes are looked for everywhere that a run leaves traces: files, logs, tapes, messages, arguments. Guests'
//! memory is searched by tests of the runtime.

use std::fs;
use std::path::Path;
use std::time::Duration;

use accord_fixtures::duo::{DuoServer, Fault, Gate, Keys, Options, Permission, RetryAfter, Rule, World};
use accord_fixtures::server::Response;
use accord_fixtures::victim::Victim;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::hostile::hostile;
use crate::support::{Call, Desk, Outcome};

/// Of the usual length, with everything that encodings change.
const SECRET: &str = "s3cr3t/+&=% \"of\" <forty> ch:ars~0123456?";

/// The forms in which bytes get about.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form: String = secret.bytes().fold(String::new(), |text, byte| match byte {
        b' ' => text + "+",
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text + &char::from(byte).to_string(),
        _ => text + &format!("%{byte:02X}"),
    });
    let json = serde_json::to_string(secret).unwrap();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url.to_lowercase(), url];
    forms.extend([form.replace('+', "%20"), form.to_lowercase(), form, json[1..json.len() - 1].to_owned()]);
    forms
}

/// In base64 the characters at both ends depend on what stands around, so `within` takes them away.
fn in_base64(secret: &str, within: bool) -> Vec<String> {
    let encoded = ["", "x", "xx"]
        .iter()
        .flat_map(|before| [STANDARD, URL_SAFE].map(|engine| engine.encode(format!("{before}{secret}"))));
    encoded.map(|text| if within { text.trim_end_matches('=')[4..text.len() - 4].to_owned() } else { text }).collect()
}

/// The first form of the secret that is in these bytes.
fn leaked(secret: &str, bytes: &[u8]) -> Option<String> {
    let forms = [forms(secret), in_base64(secret, true)].concat();
    let found = AhoCorasick::new(&forms).unwrap().find(bytes)?;
    Some(forms[found.pattern()].clone())
}

#[track_caller]
pub(crate) fn assert_no_leak(secret: &str, what: &str, bytes: &[u8]) {
    if let Some(form) = leaked(secret, bytes) {
        panic!("`{form}` is in {what}:\n{}", String::from_utf8_lossy(bytes));
    }
}

/// Searches all files below a folder, sync files unpacked too, and returns everything that was searched.
#[track_caller]
pub(crate) fn search_files(secret: &str, folder: &Path) -> Vec<u8> {
    let mut searched = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            searched.extend(search_files(secret, &path));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let name = path.display().to_string();
        assert_no_leak(secret, &name, &bytes);
        if let Some(packed) = bytes.strip_prefix(b"C1ZF\0") {
            let unpacked = zstd::decode_all(packed).unwrap();
            assert_no_leak(secret, &name, &unpacked);
            searched.extend(unpacked);
        }
        searched.extend(bytes);
    }
    searched
}

/// Everything that a run printed and left.
#[track_caller]
pub(crate) fn search(secret: &str, desk: &Desk, outcome: &Outcome) -> Vec<u8> {
    assert_no_leak(secret, "what was printed", outcome.printed().as_bytes());
    search_files(secret, &desk.path(""))
}

pub(crate) fn finds(bytes: &[u8], needle: &str) -> bool {
    AhoCorasick::new([needle]).unwrap().find(bytes).is_some()
}

fn duo() -> DuoServer {
    let keys = Keys { integration_key: "DILEAKSEXAMPLE000000".to_owned(), secret_key: SECRET.to_owned() };
    DuoServer::start(World::vendor_examples(), Options { keys, ..Options::default() }).unwrap()
}

/// A sync that tells all it can.
fn talkative(desk: &Desk, server: &DuoServer) -> Call {
    let arguments = ["sync", "duo", "--log-level=debug", "--log-path=stderr", "--log-path=log", "--report=report.json"];
    desk.accord(&arguments).arguments(&["--record=tape"]).against(server).env("ACCORD_TIME_SCALE", "10000")
}

#[test]
fn the_search_finds_every_form() {
    for form in [forms(SECRET), in_base64(SECRET, false)].concat() {
        assert!(leaked(SECRET, format!("before {form} after").as_bytes()).is_some());
    }
    for before in ["", "a", "ab", "abc"] {
        let basic = STANDARD.encode(format!("{before}{SECRET}:more"));
        assert!(leaked(SECRET, basic.as_bytes()).is_some(), "{basic}");
    }
}

#[test]
fn nothing_that_a_good_run_leaves_holds_the_secret() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = talkative(&desk, &server).run().exits(0);
    let searched = search(SECRET, &desk, &outcome);
    for name in ["sync.c1z", "report.json", "log", "tape"] {
        assert!(desk.path(name).exists(), "{name} was not searched");
    }
    // What a connector may know is found, so the search looks in the right places.
    assert!(finds(&searched, &server.keys().integration_key));
    assert!(finds(&fs::read(desk.path("log")).unwrap(), "attempt"), "attempts are logged at this level");

    let replayed = desk.accord(&["sync", "duo", "--replay=tape", "-f", "replayed.c1z", "--log-level=debug"]).run();
    search(SECRET, &desk, &replayed.exits(0));
    for command in [&["doctor", "duo"][..], &["validate", "duo"], &["config", "duo"], &["stats", "sync.c1z"]] {
        let outcome = desk.accord(command).against(&server).arguments(&["--log-level=debug"]).run();
        assert_no_leak(SECRET, command[0], outcome.printed().as_bytes());
    }
}

#[test]
fn neither_arguments_nor_the_work_file_of_a_killed_run_hold_the_secret() {
    let (desk, server, gate) = (Desk::new(), duo(), Gate::closed());
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    for from_file in [false, true] {
        let call = talkative(&desk, &server);
        let elsewhere = Desk::new();
        let key = elsewhere.write("key", SECRET).display().to_string();
        let running = match from_file {
            true => call.without_env("BATON_SECRET_KEY").env("BATON_SECRET_KEY_FILE", key).start(),
            false => call.start(),
        };
        assert!(gate.wait_for(1 + u64::from(from_file), Duration::from_secs(60)));
        let arguments = fs::read(format!("/proc/{}/cmdline", running.id())).unwrap();
        assert!(finds(&arguments, "--record=tape"));
        assert_no_leak(SECRET, "the command line", &arguments);
        let id = rustix::process::Pid::from_raw(running.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
        let outcome = running.wait().exits(128 + 9);
        let searched = search(SECRET, &desk, &outcome);
        assert!(desk.names().len() >= 3, "the work file is left: {:?}", desk.names());
        assert!(finds(&searched, "SQLite format 3"), "the work file was searched");
    }
    gate.open();
}

/// How the secret comes back in an answer, wherever a server can put it.
fn repeating(status: u16, content_type: &'static str) -> Fault {
    Fault::answer(move |_| {
        let whole = [forms(SECRET), in_base64(SECRET, false)].concat().join(" ; ");
        let message = serde_json::json!({"stat": "FAIL", "code": 40_301, "message": whole, "message_detail": whole});
        let body = if content_type == "text/html" { format!("<html>{whole}</html>") } else { message.to_string() };
        let answer = Response::new(status, content_type, body).header("x-debug", &whole).header("x-request-id", SECRET);
        answer.header("location", &format!("https://elsewhere.example.com/?key={}", forms(SECRET)[5]))
    })
}

/// A sync of a server that was prepared, with settings that were changed, must fail with this code and show nothing.
#[track_caller]
fn fails(what: &str, code: i32, prepare: impl Fn(&DuoServer), change: impl Fn(Call) -> Call) {
    let (desk, server) = (Desk::new(), duo());
    prepare(&server);
    let outcome = change(talkative(&desk, &server)).run();
    assert_eq!(outcome.code, code, "{what}: {}", outcome.printed());
    assert_eq!(outcome.errors(), 1, "{what}: {}", outcome.stderr);
    search(SECRET, &desk, &outcome);
}

#[test]
fn no_failure_of_the_target_shows_the_secret() {
    let always = |what: &str, code, fault: Fault| {
        fails(what, code, |server| server.faults().add(Rule::on("*", fault.clone())), |call| call);
    };
    fails("401", 10, |server| server.set_revoked(true), |call| call);
    fails("403", 11, |server| server.set_permission(Permission::AdministratorsRead, false), |call| call);
    always("429", 12, Fault::TooMany(RetryAfter::Absent));
    always("a cut", 13, Fault::CutAfter(20));
    for (status, code) in [(400, 2), (401, 10), (403, 11), (500, 13)] {
        always(&format!("an echo in a {status}"), code, repeating(status, "application/json"));
    }
    always("an echo in a page", 13, repeating(200, "text/html"));
    always("an echo in a redirect", 15, repeating(302, "text/html"));
}

#[test]
fn no_fault_of_the_operator_shows_the_secret() {
    let fails = |what: &str, code, change: fn(Call) -> Call| fails(what, code, |_| {}, change);
    fails("no trust", 13, |call| call.without_env("SSL_CERT_FILE"));
    fails("no name", 13, |call| call.env("BATON_API_HOSTNAME", "nowhere.invalid"));
    fails("a bad name", 2, |call| call.env("BATON_API_HOSTNAME", "https://user:pass word@"));
    fails("an address inside", 15, |call| call.without_env("ACCORD_ALLOW_ADDRESS"));
    fails("no folder", 14, |call| call.arguments(&["-f", "no/such/folder.c1z"]));
    fails("a bad flag", 2, |call| call.arguments(&["--workers=none", "--secret", SECRET]));
    fails("an unknown flag", 2, |call| call.arguments(&["--secret-kye", SECRET]));

    let (desk, server) = (Desk::new(), duo());
    desk.write("sync.c1z", "no sync file");
    let outcome = talkative(&desk, &server).run().exits(0);
    assert!(desk.names().iter().any(|name| name.contains("corrupt")), "{:?}", desk.names());
    search(SECRET, &desk, &outcome);
}

#[test]
fn no_guest_can_print_the_secret_not_even_by_dying() {
    let victim = Victim::start().unwrap();
    for mode in
        ["panic", "print-everything", "recurse", "reach-elsewhere", "secret-in-query", "secret-in-body", "fetch"]
    {
        let desk = Desk::new();
        let call = hostile(&desk, &victim, mode).arguments(&["--log-level=debug", "--record=tape", "--report=report"]);
        search(victim.token(), &desk, &call.run());
    }
}

/// The target repeats the secret in every answer.
#[test]
fn a_secret_that_the_target_repeats_is_masked_and_reported() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("*", Fault::Echo));
    let outcome = talkative(&desk, &server).run().exits(0);
    assert!(outcome.stderr.contains("the target's answer held a secret, which was masked"), "{}", outcome.stderr);
    let searched = search(SECRET, &desk, &outcome);
    assert!(finds(&searched, "[masked secret-key]"), "the tape holds what the guest saw");
}
