//! What comes back: bounds, decoding, cookies, the target's clock.

use std::io::Write as _;

use accord_fixtures::server::Response as Answer;
use accord_runtime::http::{Body, HttpError, Phase, Request};
use accord_runtime::manifest::Export;

use super::support::{Bench, block_on, get, host, serve};

#[test]
fn an_answer_is_cut_at_its_limit() {
    let server = serve(|request| match request.path.as_str() {
        "/things/fits" => Answer::json(200, vec![b' '; 100_000]),
        _ => Answer::stream(
            200,
            "application/json",
            futures::stream::repeat_with(|| Ok(hyper_bytes(vec![b' '; 10_000]))),
        ),
    });
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(get("/things/fits")).unwrap().body.len(), 100_000);
    assert_eq!(bench.read(get("/things/endless")), Err(HttpError::TooLarge(100_000)));
    assert_eq!(bench.activity.counters().attempts, 2);
}

fn hyper_bytes(bytes: Vec<u8>) -> bytes::Bytes {
    bytes.into()
}

#[test]
fn a_compressed_answer_is_decoded_and_counts_decoded() {
    let bomb = zstd::encode_all(std::io::repeat(b' ').take_bytes(50_000_000), 3).unwrap();
    assert!(bomb.len() < 10_000);
    let small = zstd::encode_all(&br#"{"a":1}"#[..], 3).unwrap();
    let server = serve(move |request| {
        assert!(request.header("accept-encoding").contains("gzip"));
        let body = if request.path == "/things/bomb" { bomb.clone() } else { small.clone() };
        Answer::json(200, body).header("content-encoding", "zstd")
    });
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(get("/things")).unwrap().body, br#"{"a":1}"#);
    assert_eq!(bench.read(get("/things/bomb")), Err(HttpError::TooLarge(100_000)));
}

trait TakeBytes: std::io::Read + Sized {
    fn take_bytes(self, bytes: u64) -> std::io::Take<Self> {
        self.take(bytes)
    }
}

impl<R: std::io::Read> TakeBytes for R {}

#[test]
fn answers_stand_in_the_order_of_their_requests() {
    let server = serve(|request| Answer::json(200, request.path));
    let bench = Bench::new(&host(&server));
    let requests: Vec<_> = (0..20).map(|number| get(&format!("/things/{number}"))).collect();
    let answers = block_on(bench.gateway.send_all(&Phase::new(Export::Read, false, ""), requests));
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap().body, format!("/things/{number}").into_bytes());
    }
    assert_eq!(bench.activity.counters().calls, 20);
}

#[test]
fn cookies_stay_in_the_host() {
    let server =
        serve(|_| Answer::json(200, "{}").header("set-cookie", "route=node7; Path=/; Secure").header("x-a", "b"));
    let bench = Bench::new(&host(&server));
    let first = bench.read(get("/things")).unwrap();
    assert_eq!(first.header("set-cookie"), None);
    assert_eq!(first.header("x-a"), Some("b"));
    bench.read(get("/things")).unwrap();
    let log = server.log();
    assert_eq!(log[0].request.header("cookie"), "");
    assert_eq!(log[1].request.header("cookie"), "route=node7");
}

#[test]
fn the_targets_clock_is_told() {
    let server = serve(|_| Answer::json(200, "{}").header("date", "Tue, 04 Aug 2026 09:41:04 GMT"));
    let bench = Bench::new(&host(&server));
    // The run's clock stands at 09:46:40.
    assert_eq!(bench.read(get("/things")).unwrap().clock_ahead_seconds, Some(664 - 1_000));
}

#[test]
fn an_answer_that_is_no_answer_is_a_broken_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for stream in listener.incoming().take(7) {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 this port speaks no TLS\r\n\r\n");
        }
    });
    let answer = Bench::new(&address.to_string()).read(get("/things"));
    assert!(matches!(answer, Err(HttpError::Tls(_) | HttpError::Reset(_))), "{answer:?}");
    drop(std::net::TcpStream::connect(address));
    drop(thread);
}

#[test]
fn what_the_manifest_withholds_does_not_come_back() {
    let server = serve(|request| {
        let seed = r#"{"items":[{"id":"a","seed":{"text":"JBSWY3DP"}},{"id":"b","seed":"JBSWY3DP"}]}"#;
        match &*request.body {
            b"{}" => Answer::json(200, seed),
            _ => Answer::json(403, format!("{{\"items\":[{{\"seed\":\"JBSWY3DP\"}}],\"sent\":{seed}}}")),
        }
    });
    let bench = Bench::new(&host(&server));
    let search = |body: &str| {
        let request = Request { method: "POST".to_owned(), body: Some(Body::Json(body.to_owned())), ..get("/search") };
        String::from_utf8(bench.read(request).unwrap().body).unwrap()
    };
    assert_eq!(search("{}"), r#"{"items":[{"id":"a","seed":null},{"id":"b","seed":null}]}"#);
    let refused = search(r#"{"a":1}"#);
    assert!(refused.starts_with(r#"{"items":[{"seed":null}],"#), "whatever the status: {refused}");
}
