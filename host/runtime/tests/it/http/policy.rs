//! Deny by default: what a connector may not ask for never leaves, and the run is told.

use accord_fixtures::server::{Response as Answer, Server};
use accord_runtime::http::{Body, HttpError, Phase, Request};
use accord_runtime::manifest::Export;

use super::support::{Bench, get, host, serve, with_auth};

fn quiet() -> Server {
    serve(|_| Answer::json(200, "{}"))
}

fn refused(bench: &Bench, server: &Server, request: Request) -> String {
    let connections = server.connections();
    let answer = bench.read(request.clone());
    assert!(matches!(answer, Err(HttpError::Policy(_))), "{request:?}: {answer:?}");
    assert_eq!(server.connections(), connections, "{request:?} left");
    let problem = bench.problem();
    assert_eq!(problem.category.exit_code(), 15);
    problem.to_string()
}

#[test]
fn a_foreign_host_is_named_with_what_is_allowed() {
    let server = quiet();
    let evil = quiet();
    let bench = Bench::new(&host(&server));
    let elsewhere = |origin: String| Request { origin: Some(origin), ..get("/things") };
    let text = refused(&bench, &evil, elsewhere("https://evil.example".to_owned()));
    let allowed = format!("allowed: {}, other.example.com", host(&server));
    assert!(text.starts_with("error[POLICY-003] plugin 'acme' tried to reach evil.example:443, "), "{text}");
    assert!(text.contains(&allowed), "{text}");
    assert!(text.contains("GET /things (read, things page 1)"), "{text}");
    for origin in [
        evil.origin(),
        evil.origin().replace("https", "http"),
        server.origin().replace("https", "http"),
        format!("{}/things", server.origin()),
        format!("https://user@{}", host(&server)),
        "https://169.254.169.254".to_owned(),
        "file:///etc/passwd".to_owned(),
        "nonsense".to_owned(),
    ] {
        assert!(refused(&bench, &evil, elsewhere(origin)).contains("POLICY-003"));
    }
    assert_eq!((evil.connections(), server.connections()), (0, 0));
    // The origin spelled out is the same origin.
    assert_eq!(bench.read(elsewhere(server.origin())).unwrap().status, 200);
    assert_eq!(bench.read(elsewhere("api".to_owned())).unwrap().status, 200);
}

#[test]
fn paths_and_methods_that_the_manifest_does_not_name() {
    let server = quiet();
    let bench = Bench::new(&host(&server));
    for path in ["/", "/thing", "/things/", "/things/1/2", "/Things", "/hops"] {
        assert!(refused(&bench, &server, get(path)).contains("POLICY-002"), "{path}");
    }
    for path in
        ["things", "/things/../admin", "/things/%2e%2e", "//things", "/things/a%2fb", "/things;a", "/things?a=b"]
    {
        assert!(refused(&bench, &server, get(path)).contains("POLICY-001"), "{path}");
    }
    let method = |method: &str| Request { method: method.to_owned(), ..get("/things") };
    let text = refused(&bench, &server, method("PUT"));
    assert!(text.contains("PUT") && text.contains("its manifest allows only GET, POST, DELETE there"), "{text}");
    refused(&bench, &server, method("get"));
    refused(&bench, &server, method("GET /things HTTP/1.1\r\nX: y"));
}

#[test]
fn a_write_needs_provisioning_and_the_right_export() {
    let server = quiet();
    let bench = Bench::new(&host(&server));
    let write = Request { method: "POST".to_owned(), body: Some(Body::Json("{}".to_owned())), ..get("/things") };
    for (export, provisioning) in [
        (Export::Read, false),
        (Export::Read, true),
        (Export::Connect, true),
        (Export::Validate, true),
        (Export::Revoke, true),
        (Export::Grant, false),
    ] {
        let answer = bench.send(&Phase::new(export, provisioning, ""), write.clone());
        assert!(matches!(answer, Err(HttpError::Policy(_))), "{export:?} {provisioning}");
        assert!(bench.problem().to_string().contains("POLICY-004"));
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(bench.send(&Phase::new(Export::Grant, true, ""), write).unwrap().status, 200);
    // A search reads, whatever its method.
    let search = Request { method: "POST".to_owned(), body: Some(Body::Json("{}".to_owned())), ..get("/search") };
    assert_eq!(bench.read(search).unwrap().status, 200);
}

#[test]
fn headers_that_only_the_host_writes() {
    let server = quiet();
    let bench = Bench::new(&host(&server));
    for name in [
        "Authorization",
        "cookie",
        "Host",
        "Proxy-Authorization",
        "proxy-anything",
        "X-HTTP-Method-Override",
        "X-Original-URL",
        "Transfer-Encoding",
        "content-length",
        "X-Api-Key",
        "bad name",
    ] {
        let headers = vec![(name.to_owned(), "x".to_owned())];
        let text = refused(&bench, &server, Request { headers, ..with_auth("/things", "key") });
        assert!(text.contains("POLICY-001"), "{text}");
    }
    let headers = vec![("x-fine".to_owned(), "a\r\nHost: evil.example".to_owned())];
    refused(&bench, &server, Request { headers, ..get("/things") });
    let headers = vec![("X-Fine".to_owned(), "yes".to_owned())];
    assert_eq!(bench.read(Request { headers, ..get("/things") }).unwrap().status, 200);
    assert_eq!(server.log()[0].request.header("x-fine"), "yes");
}

#[test]
fn a_credential_stays_at_its_origins() {
    let server = quiet();
    let bench = Bench::new(&host(&server));
    assert!(refused(&bench, &server, with_auth("/things", "nosuch")).contains("POLICY-007"));
    let elsewhere = Request { origin: Some("other".to_owned()), ..with_auth("/things", "key") };
    // The other origin has no egress entry at all, and would not get the key if it had one.
    refused(&bench, &server, elsewhere);
}

#[test]
fn what_is_inside_a_batch_passes_the_same_rules() {
    let server = quiet();
    let bench = Bench::new(&host(&server));
    let batch = |body: &str| Request {
        method: "POST".to_owned(),
        body: Some(Body::Json(body.to_owned())),
        ..get("/v1/$batch")
    };
    let fine = r#"{"requests":[{"id":"1","method":"GET","url":"/users/1?$select=id"},{"id":"2","method":"GET","url":"users/2"}]}"#;
    assert_eq!(bench.read(batch(fine)).unwrap().status, 200);
    let headers = r#"{"requests":[{"method":"GET","url":"/users/1","headers":{"ConsistencyLevel":"eventual"}}]}"#;
    assert_eq!(bench.read(batch(headers)).unwrap().status, 200);
    for body in [
        r#"{"requests":[{"method":"GET","url":"/users/1"},{"method":"DELETE","url":"/users/1"}]}"#,
        r#"{"requests":[{"method":"GET","url":"/groups/1"}]}"#,
        r#"{"requests":[{"method":"GET","url":"/users/../groups"}]}"#,
        r#"{"requests":[{"method":"GET","url":"https://evil.example/users/1"}]}"#,
        r#"{"requests":[{"url":"/users/1"}]}"#,
        r#"{"requests":[{"method":"GET","url":"/users/1","headers":{"X-HTTP-Method-Override":"DELETE"}}]}"#,
        r#"{"requests":[{"method":"GET","url":"/users/1","headers":{"authorization":"Bearer x"}}]}"#,
        r#"{"requests":[{"method":"GET","url":"/users/1","headers":["X-HTTP-Method: DELETE"]}]}"#,
        r#"{"requests":1}"#,
        "[]",
        "x",
    ] {
        refused(&bench, &server, batch(body));
    }
}

/// What is inside decides: a batch is a write where one of its requests is.
#[test]
fn a_batch_that_writes_ends_a_dry_run() {
    let server = quiet();
    let bench = Bench::new(&host(&server));
    let batch = |method: &str| {
        let users = [("1", "GET"), ("2", method)]
            .map(|(id, method)| format!(r#"{{"id":"{id}","method":"{method}","url":"/users/{id}"}}"#));
        let body = format!(r#"{{"requests":[{}]}}"#, users.join(","));
        Request { method: "POST".to_owned(), body: Some(Body::Json(body)), ..get("/v1/$batch") }
    };
    let granting = || Phase::new(Export::Grant, true, "");
    assert_eq!(bench.send(&granting().dry_run(), batch("GET")).unwrap().status, 200);
    assert_eq!((server.requests(), bench.gateway.take_plan().len()), (1, 0), "a batch that reads is sent");
    assert_eq!(bench.send(&granting().dry_run(), batch("DELETE")), Err(HttpError::Deadline));
    let plan = bench.gateway.take_plan();
    let told: Vec<_> = plan.iter().map(|planned| (planned.method.as_str(), planned.url.as_str())).collect();
    assert_eq!(told, [("POST", format!("https://{}/v1/$batch", host(&server)).as_str())]);
    assert!(plan[0].body.as_ref().unwrap().contains(r#""method":"DELETE","url":"/users/2""#), "{plan:?}");
    assert_eq!(server.requests(), 1);
    assert_eq!(bench.send(&granting(), batch("DELETE")).unwrap().status, 200);
}

#[test]
fn a_redirect_is_followed_within_the_origin_and_the_rules_only() {
    let evil = quiet();
    let evil_origin = evil.origin();
    let server = serve(move |request| {
        let to = |location: &str| Answer::new(302, "text/html", "moved").header("location", location);
        match request.path.as_str() {
            "/hops/1" => to("/hops/2?b=2&a=1%20x"),
            "/hops/2" => to("3"),
            "/hops/away" => to(&format!("{evil_origin}/things")),
            "/hops/metadata" => to("https://169.254.169.254/latest/meta-data"),
            "/hops/plain" => to("http://127.0.0.1/things"),
            "/hops/admin" => to("/admin"),
            "/hops/round" => to("/hops/round"),
            "/search" => to("/things"),
            _ => Answer::json(200, "{}"),
        }
    });
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(with_auth("/hops/1", "signed")).unwrap().status, 200);
    let log = server.log();
    let paths: Vec<_> = log.iter().map(|exchange| exchange.request.path.as_str()).collect();
    assert_eq!(paths, ["/hops/1", "/hops/2", "/hops/3"]);
    assert_eq!(log[1].request.query, "a=1%20x&b=2");
    // Each hop is signed for itself.
    assert_ne!(log[0].request.header("authorization"), log[1].request.header("authorization"));

    let target = format!("was redirected by {} to {}", host(&server), host(&evil));
    for (path, told) in [
        ("/hops/away", target.as_str()),
        ("/hops/metadata", "to 169.254.169.254:443"),
        ("/hops/plain", "to 127.0.0.1:80"),
        ("/hops/admin", "POLICY-002"),
    ] {
        assert!(matches!(bench.read(get(path)), Err(HttpError::Policy(_))), "{path}");
        let problem = bench.problem();
        assert_eq!(problem.category.exit_code(), 15);
        assert!(problem.to_string().contains(told), "{path}: {problem}");
    }
    assert_eq!(evil.connections(), 0);
    let requests = server.requests();
    let round = bench.read(get("/hops/round"));
    assert!(matches!(&round, Err(HttpError::Connect(text)) if text.contains("redirected too often")), "{round:?}");
    assert_eq!(server.requests() - requests, 4);
    let post = Request { method: "POST".to_owned(), ..get("/search") };
    let search = bench.read(post);
    assert!(matches!(&search, Err(HttpError::Connect(text)) if text.contains("/things")), "{search:?}");
}
