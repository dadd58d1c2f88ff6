//! Signatures on the wire, checked by an implementation of their own.

use accord_fixtures::server::{Request as Received, Response as Answer};
use accord_runtime::http::{Body, Phase, Request};
use accord_runtime::manifest::Export;
use ring::{digest, hmac};

use super::support::{Bench, SECRET, host, serve, with_auth};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks a request against the recipe `signed`.
pub(super) fn verify(request: &Received, host: &str) {
    let body = hex(digest::digest(&digest::SHA512, &request.body).as_ref());
    let lines = [request.header("date"), request.method.as_str(), host, &request.path, &request.query, &body];
    let key = hmac::Key::new(hmac::HMAC_SHA512, SECRET.as_bytes());
    let mac = hex(hmac::sign(&key, lines.join("\n").as_bytes()).as_ref());
    assert_eq!(request.header("authorization"), format!("Mac root:{mac}"), "{} {}", request.path, request.query);
    assert_eq!(request.header("host"), host);
}

#[test]
fn what_is_signed_is_what_is_sent() {
    let server = serve(|_| Answer::json(200, "{}"));
    let address = host(&server);
    let bench = Bench::new(&address);
    let query = [("username", "Zoë O'Neil+x*~@ex ample.com"), ("b", "2"), ("a", ""), ("b", "10")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    bench.read(Request { query, ..with_auth("/things", "signed") }).unwrap();
    let body = Some(Body::Json("{ \"z\": [1, {\"b\": null, \"a\": \"é\"}], \"a\": 1.5 }".to_owned()));
    let post = Request { method: "POST".to_owned(), body, ..with_auth("/things", "signed") };
    let grant = Phase::new(Export::Grant, true, "");
    bench.send(&grant, post.clone()).unwrap();
    bench
        .send(&grant, Request { method: "DELETE".to_owned(), body: None, ..with_auth("/things/1%202", "signed") })
        .unwrap();
    let log = server.log();
    assert_eq!(log[0].request.query, "a=&b=10&b=2&username=Zo%C3%AB%20O%27Neil%2Bx%2A~%40ex%20ample.com");
    assert_eq!(log[1].request.body, r#"{"a":1.5,"z":[1,{"a":"é","b":null}]}"#);
    assert_eq!(log[1].request.header("content-type"), "application/json");
    assert_eq!(log[2].request.path, "/things/1%202");
    for exchange in &log {
        verify(&exchange.request, &address);
    }
}

#[test]
fn a_host_in_capitals_is_signed_in_small_letters() {
    let server = serve(|_| Answer::json(200, "{}"));
    let bench = Bench::with("https://API.Example.COM/admin", |options| {
        options.overrides = vec![accord_runtime::http::AddressOverride {
            host: "api.example.com".to_owned(),
            port: 443,
            address: server.address(),
        }];
    });
    bench.read(with_auth("/things", "signed")).unwrap();
    verify(&server.log()[0].request, "api.example.com");
}
