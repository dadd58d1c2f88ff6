//! OAuth2: one token for all, renewed in time, once more after a refusal, and never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use accord_fixtures::server::{Response as Answer, Server};
use accord_runtime::http::Phase;
use accord_runtime::manifest::Export;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::support::{Bench, SECRET, block_on, host, serve, with_auth};

/// Gives out `token-number-1`, `-2` … for 300 s each, and takes those from `valid` on.
fn issuer(valid: Arc<AtomicU64>) -> (Server, Arc<AtomicU64>) {
    let issued = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&issued);
    let server = serve(move |request| {
        if request.path == "/token" {
            let expected = format!("Basic {}", STANDARD.encode(format!("root:{SECRET}")));
            assert_eq!(request.header("authorization"), expected);
            assert_eq!(request.body, "grant_type=client_credentials");
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            return Answer::json(200, format!(r#"{{"access_token":"token-number-{number}","expires_in":300}}"#));
        }
        let token = request.header("authorization").strip_prefix("Bearer token-number-").unwrap_or_default();
        match token.parse::<u64>() {
            Ok(number) if number >= valid.load(Ordering::SeqCst) => {
                Answer::json(200, format!(r#"{{"you sent":"token-number-{number}"}}"#))
            }
            _ => Answer::json(401, r#"{"error":"invalid_token"}"#),
        }
    });
    (server, issued)
}

#[test]
fn one_token_serves_all_and_is_renewed_before_its_end() {
    let (server, issued) = issuer(Arc::new(AtomicU64::new(1)));
    let bench = Bench::new(&host(&server));
    let phase = Phase::new(Export::Read, false, "");
    let requests = (0..8).map(|_| with_auth("/things", "token")).collect();
    for answer in block_on(bench.gateway.send_all(&phase, requests)) {
        let body = String::from_utf8(answer.unwrap().body).unwrap();
        assert_eq!(body, r#"{"you sent":"[masked token-token]"}"#);
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    bench.clock.advance(Duration::from_secs(239));
    bench.read(with_auth("/things", "token")).unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    bench.clock.advance(Duration::from_secs(1));
    bench.read(with_auth("/things", "token")).unwrap();
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[test]
fn a_token_that_was_taken_back_is_replaced_once() {
    let valid = Arc::new(AtomicU64::new(1));
    let (server, issued) = issuer(Arc::clone(&valid));
    let bench = Bench::new(&host(&server));
    bench.read(with_auth("/things", "token")).unwrap();
    valid.store(2, Ordering::SeqCst);
    assert_eq!(bench.read(with_auth("/things", "token")).unwrap().status, 200);
    assert_eq!(issued.load(Ordering::SeqCst), 2);
    // The client is shut out: one new token, then the refusal is the connector's to tell.
    valid.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(bench.read(with_auth("/things", "token")).unwrap().status, 401);
    assert_eq!(issued.load(Ordering::SeqCst), 3);
    assert!(bench.clock.slept().is_empty());
}

#[test]
fn a_refused_client_is_a_401_with_the_issuers_words() {
    let server = serve(|request| match request.path.as_str() {
        "/token" => Answer::json(
            400,
            format!(r#"{{"error":"invalid_client","error_description":"{}"}}"#, STANDARD.encode(SECRET)),
        ),
        _ => panic!("sent without a token"),
    });
    let bench = Bench::new(&host(&server));
    let answer = bench.read(with_auth("/things", "token")).unwrap();
    assert_eq!(answer.status, 401);
    let body = String::from_utf8(answer.body.clone()).unwrap();
    assert!(body.contains("invalid_client") && body.contains("[masked key]"), "{body}");
    let refused = answer.headers.iter().find(|(name, _)| name == "accord-token-refused");
    assert_eq!(refused.unwrap().1, "400 /token", "which endpoint said no, and how");
    assert_eq!(server.requests(), 1);
}

#[test]
fn an_issuer_that_is_busy_is_asked_again() {
    let server = serve(|request| match (request.path.as_str(), request.ordinal) {
        ("/token", 0) => Answer::json(503, "{}").header("retry-after", "3"),
        ("/token", _) => Answer::json(200, r#"{"access_token":"token-number-1"}"#),
        _ => Answer::json(200, "{}"),
    });
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(with_auth("/things", "token")).unwrap().status, 200);
    assert_eq!(bench.clock.slept_seconds(), [3]);
}

#[test]
fn a_short_life_ends_early_enough_for_what_is_under_way() {
    // Seconds that a token lives, and after how many of them another one is asked for.
    for (life, renewed) in [(300, 240), (60, 48), (40, 30), (20, 10), (8, 4)] {
        let server = serve(move |request| match request.path.as_str() {
            "/token" => Answer::json(200, format!(r#"{{"access_token":"token-number-1","expires_in":{life}}}"#)),
            _ => Answer::json(200, "{}"),
        });
        let bench = Bench::new(&host(&server));
        for (after, tokens) in [(0, 1), (renewed - 1, 1), (1, 2)] {
            bench.clock.advance(Duration::from_secs(after));
            bench.read(with_auth("/things", "token")).unwrap();
            let asked = server.log().iter().filter(|exchange| exchange.request.path == "/token").count();
            assert_eq!(asked, tokens, "{life} s of life, {after} s later");
        }
    }
}

#[test]
fn a_yes_without_a_token_is_asked_for_again() {
    for good in [3, u64::MAX] {
        let server = serve(move |request| match (request.path.as_str(), request.ordinal) {
            ("/token", ordinal) if ordinal < good => Answer::json(200, r#"{"access_tok"#),
            ("/token", _) => Answer::json(200, r#"{"access_token":"token-number-1"}"#),
            _ => Answer::json(200, "{}"),
        });
        let bench = Bench::new(&host(&server));
        let answer = bench.read(with_auth("/things", "token")).unwrap();
        assert_eq!(answer.status, if good == 3 { 200 } else { 502 });
        assert!(answer.body.is_empty() || good == 3, "it may hold what was not understood");
        assert_eq!(bench.clock.slept_seconds(), [1, 2, 4]);
    }
}
