//! A target that echoes a secret, in whatever form, cannot pass it on to the connector.

use accord_fixtures::server::Response as Answer;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::log::captured;

use super::support::{Bench, SECRET, get, host, serve, with_auth};

#[test]
fn an_echoed_secret_arrives_masked_in_body_and_headers() {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let json = serde_json::to_string(SECRET).unwrap();
    let encoded = [STANDARD.encode(SECRET), STANDARD.encode(format!("root:{SECRET}")), URL_SAFE_NO_PAD.encode(SECRET)];
    let mut echoes = vec![SECRET.to_owned(), hex.to_uppercase(), hex, url, json];
    echoes.extend(encoded);
    for echo in echoes {
        let sent = echo.clone();
        let server = serve(move |request| {
            assert_eq!(request.header("x-api-key"), SECRET);
            Answer::json(200, format!("[{sent} and {sent}]")).header("x-echo", &sent)
        });
        let bench = Bench::new(&host(&server));
        let answer = bench.read(with_auth("/things", "key")).unwrap();
        let body = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!(body.matches("[masked key]").count(), 2, "{echo}: {body}");
        assert!(!body.contains(&echo), "{body}");
        assert!(answer.header("x-echo").unwrap().contains("[masked key]"));
        assert_eq!(bench.activity.counters().masked, 3);
    }
}

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    let server = serve(|_| Answer::json(200, "{}"));
    let bench = Bench::new(&host(&server));
    bench.read(with_auth("/things", "login")).unwrap();
    let printed = format!("{:?} {:?} {:?}", bench.gateway, bench.configuration, bench.options);
    assert!(!printed.contains("s3cr3t") && !printed.contains(&STANDARD.encode(SECRET)), "{printed}");
    let expected = format!("Basic {}", STANDARD.encode(format!("root:{SECRET}")));
    assert_eq!(server.log()[0].request.header("authorization"), expected);
    let mut request = get("/things");
    request.origin = Some(format!("https://{}.example", "s3cr3t"));
    assert!(bench.read(request).is_err());
}

#[test]
fn the_log_has_an_audit_line_for_each_denial_and_no_secret() {
    let server = serve(|request| Answer::json(200, request.header("authorization").to_owned()));
    let bench = Bench::new(&host(&server));
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let ((), text) = captured(|_| {
        for credential in ["key", "login", "signed"] {
            bench.read(with_auth("/things", credential)).unwrap();
        }
        for _ in 0..2 {
            let origin = Some("https://evil.example".to_owned());
            assert!(bench.read(accord_runtime::http::Request { origin, ..get(&format!("/things/{hex}")) }).is_err());
        }
    });
    assert_eq!(text.matches("accord::audit").count(), 2, "{text}");
    assert!(text.contains("evil.example:443") && text.contains("POLICY-003"), "{text}");
    assert!(text.contains("attempt"), "{text}");
    for form in [SECRET, &hex, &STANDARD.encode(SECRET), "czNjcjN0"] {
        assert!(!text.contains(form), "{form}: {text}");
    }
}
