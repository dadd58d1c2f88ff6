//! Patience: what is tried again, when, and when it ends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accord_fixtures::server::{Response as Answer, Server};
use accord_runtime::http::{Body, HttpError, Outcome, Phase, Reason, Request};
use accord_runtime::manifest::Export;

use super::support::{Bench, block_on, get, host, nobody, serve, with_auth};

/// Answers the first `times` requests with `bad`, then with JSON.
fn failing(times: u64, bad: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    serve(move |request| if request.ordinal < times { bad() } else { Answer::json(200, "{}") })
}

#[test]
fn passing_faults_are_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = failing(2, move || Answer::new(status, "text/html", "<h1>not now</h1>"));
        let bench = Bench::new(&host(&server));
        assert_eq!(bench.read(get("/things")).unwrap().status, 200, "{status}");
        assert_eq!(server.requests(), 3);
        let slept = bench.clock.slept_seconds();
        assert!(matches!(slept.as_slice(), [1 | 2, 2 | 3]), "{status}: {slept:?}");
        let counters = bench.activity.counters();
        assert_eq!((counters.calls, counters.attempts, counters.retries), (1, 3, 2));
    }
    for status in [400, 401, 403, 404, 409, 501] {
        let server = failing(1, move || Answer::json(status, "{}"));
        let bench = Bench::new(&host(&server));
        assert_eq!(bench.read(get("/things")).unwrap().status, status);
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn after_six_repeats_the_answer_is_given_as_it_is() {
    let server = failing(100, || Answer::json(429, r#"{"stat":"FAIL","code":42901}"#));
    let bench = Bench::new(&host(&server));
    let answer = bench.read(get("/things")).unwrap();
    assert_eq!(answer.status, 429);
    assert!(String::from_utf8(answer.body).unwrap().contains("42901"));
    assert_eq!(server.requests(), 7);
    for (slept, wanted) in bench.clock.slept().into_iter().zip([1, 2, 4, 8, 16, 32]) {
        assert!((wanted..=wanted + 1).contains(&slept.as_secs()), "{slept:?} instead of {wanted} s");
    }
    assert_eq!(bench.activity.counters().rate_limited, 7);
    assert!(bench.gateway.take_problem(true).is_none());
}

#[test]
fn retry_after_wins_as_seconds_or_date() {
    // A date is on the target's clock, whether or not that one agrees with ours.
    let (ours, theirs) = ("Tue, 04 Aug 2026 09:46:40 GMT", "Tue, 04 Aug 2026 11:00:00 GMT");
    for (value, date, wanted) in [
        ("7", ours, 7),
        ("600", theirs, 600),
        ("Tue, 04 Aug 2026 09:51:40 GMT", ours, 300),
        ("Tue, 04 Aug 2026 11:10:00 GMT", theirs, 600),
    ] {
        let server = failing(1, move || Answer::json(429, "{}").header("retry-after", value).header("date", date));
        let bench = Bench::new(&host(&server));
        assert_eq!(bench.read(get("/things")).unwrap().status, 200);
        assert_eq!(bench.clock.slept_seconds(), [wanted], "{value}");
    }
    let server = failing(1, || Answer::json(429, "{}").header("retry-after", "later"));
    let bench = Bench::new(&host(&server));
    bench.read(get("/things")).unwrap();
    assert!(matches!(bench.clock.slept_seconds().as_slice(), [1 | 2]));
    let server = failing(1, || Answer::json(429, "{}").header("x-ratelimit-reset", "9"));
    let bench = Bench::new(&host(&server));
    bench.read(get("/things")).unwrap();
    assert_eq!(bench.clock.slept_seconds(), [9]);
}

#[test]
fn a_long_storm_with_retry_after_does_not_use_up_the_tries() {
    let server = failing(20, || Answer::json(429, "{}").header("retry-after", "7"));
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(get("/things")).unwrap().status, 200);
    assert_eq!(bench.clock.slept_seconds(), [7; 20]);
}

#[test]
fn a_budget_that_is_nearly_used_up_holds_the_next_request_back() {
    let server =
        serve(|_| Answer::json(200, "{}").header("x-ratelimit-remaining", "1").header("x-ratelimit-reset", "12"));
    let bench = Bench::new(&host(&server));
    bench.read(get("/things")).unwrap();
    assert!(bench.clock.slept().is_empty());
    bench.read(get("/things")).unwrap();
    assert_eq!(bench.clock.slept_seconds(), [12]);
}

#[test]
fn a_429_pauses_its_bucket_and_one_request_goes_ahead() {
    let storm = Arc::new(AtomicBool::new(true));
    let (raging, at_once, most) = (Arc::clone(&storm), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (now, peak) = (Arc::clone(&at_once), Arc::clone(&most));
    let server = serve(move |request| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        now.fetch_sub(1, Ordering::SeqCst);
        if request.ordinal >= 30 {
            raging.store(false, Ordering::SeqCst);
        }
        if raging.load(Ordering::SeqCst) {
            Answer::json(429, "{}").header("retry-after", "7")
        } else {
            Answer::json(200, "{}")
        }
    });
    let bench = Bench::new(&host(&server));
    let phase = Phase::new(Export::Read, false, "");
    let began = accord_runtime::clock::Clock::monotonic(&*bench.clock);
    let answers = block_on(bench.gateway.send_all(&phase, (0..8).map(|_| get("/things")).collect()));
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200)));
    // 30 refusals: four of the first round together at most, each later one after a pause of its own.
    let past = accord_runtime::clock::Clock::monotonic(&*bench.clock) - began;
    assert!(past >= Duration::from_secs(7 * (30 - 4)), "{past:?}");
    assert_eq!(server.requests(), 30 + 8);
}

#[test]
fn gateways_that_share_their_options_share_their_rates() {
    let server = failing(1, || Answer::json(429, "{}").header("retry-after", "60"));
    let first = Bench::new(&host(&server));
    let second = Bench::with(&host(&server), |options| options.rates = first.options.rates.clone());
    assert_eq!(first.read(get("/things")).unwrap().status, 200);
    // The first one's clock is past the pause; the second one's is not, so it waits for the same bucket.
    assert_eq!(second.read(get("/things")).unwrap().status, 200);
    assert_eq!(second.clock.slept_seconds().first(), Some(&60));
    let alone = Bench::new(&host(&server));
    alone.read(get("/things")).unwrap();
    assert!(alone.clock.slept().is_empty());
}

#[test]
fn a_write_is_sent_once_unless_it_was_not_taken() {
    let server = failing(1, || Answer::json(503, "{}"));
    let bench = Bench::new(&host(&server));
    let grant = Phase::new(Export::Grant, true, "");
    let write = Request { method: "POST".to_owned(), body: Some(Body::Json("{}".to_owned())), ..get("/things") };
    assert_eq!(bench.send(&grant, write.clone()).unwrap().status, 503);
    assert_eq!(server.requests(), 1);

    let cut = serve(|_| Answer::json(200, "{}").cut_after(0));
    let bench = Bench::new(&host(&cut));
    assert_eq!(bench.send(&grant, write.clone()), Err(HttpError::Reset(Outcome::Unknown)));
    assert_eq!(cut.requests(), 1);

    let bench = Bench::new(&nobody().to_string());
    assert!(matches!(bench.send(&grant, write.clone()), Err(HttpError::Connect(_))));
    assert!(bench.clock.slept().is_empty());

    // Too many requests: this one was not taken, so it waits for its turn and comes again.
    let server = failing(2, || Answer::json(429, "{}").header("retry-after", "7"));
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.send(&grant, write.clone()).unwrap().status, 200);
    assert_eq!((server.requests(), bench.clock.slept_seconds()), (3, vec![7, 7]));

    // Unless by then it says what is out of date; whoever made it reads again, in its turn.
    let server = failing(1, || Answer::json(429, "{}").header("retry-after", "7"));
    let bench = Bench::new(&host(&server));
    let stale = Request { method: "PUT".to_owned(), path: "/lists/1".to_owned(), ..write };
    assert_eq!(bench.send(&grant, stale).unwrap().status, 429);
    assert_eq!((server.requests(), bench.clock.slept_seconds()), (1, vec![]));
    assert_eq!(bench.send(&grant, get("/things")).unwrap().status, 200);
    assert_eq!(bench.clock.slept_seconds(), [7]);

    // A search only reads, so it is sent again whatever happens.
    let server = failing(1, || Answer::json(503, "{}"));
    let search = Request { method: "POST".to_owned(), body: Some(Body::Json("{}".to_owned())), ..get("/search") };
    assert_eq!(Bench::new(&host(&server)).read(search).unwrap().status, 200);
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_cut_answer_and_a_page_of_html_are_tried_again() {
    let server = failing(2, || Answer::json(200, "{\"a\":\"much more than the cut lets through\"}").cut_after(150));
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(get("/things")).unwrap().body, b"{}");
    assert_eq!(server.requests(), 3);

    let always = serve(|_| Answer::json(200, "{\"a\":\"much more than the cut lets through\"}").cut_after(150));
    let bench = Bench::new(&host(&always));
    assert_eq!(bench.read(get("/things")), Err(HttpError::Reset(Outcome::Unknown)));
    assert_eq!(always.requests(), 7);

    let server = failing(1, || Answer::new(200, "text/html; charset=utf-8", "<html>Sign in to the hotel</html>"));
    assert_eq!(Bench::new(&host(&server)).read(get("/things")).unwrap().body, b"{}");
    let always = serve(|_| Answer::new(200, "text/html", "<html>"));
    let answer = Bench::new(&host(&always)).read(get("/things")).unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html")));
    assert_eq!(always.requests(), 7);
    // Every kind of JSON is JSON.
    let server = serve(|_| Answer::new(200, "application/vnd.api+json; charset=utf-8", "{}"));
    Bench::new(&host(&server)).read(get("/things")).unwrap();
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_target_that_was_there_before_is_waited_for_until_the_offline_limit() {
    let server = failing(0, || Answer::json(200, "{}"));
    let address = host(&server);
    let bench = Bench::with(&address, |options| options.offline_limit = Some(Duration::from_secs(300)));
    assert_eq!(bench.read(get("/things")).unwrap().status, 200);
    drop(server);
    let answer = bench.read(get("/things"));
    assert!(matches!(answer, Err(HttpError::Connect(_) | HttpError::Reset(_))), "{answer:?}");
    // The first try may find the old connection, which breaks: that one is followed by a wait of its own.
    let waited: Duration = bench.clock.slept().iter().sum();
    assert!((300..=302).contains(&waited.as_secs()), "{waited:?}");
    let problem = bench.problem();
    assert_eq!(problem.category.exit_code(), 13);
    assert!(problem.to_string().contains(&format!("{address} has been out of reach for 300 s")), "{problem}");
}

#[test]
fn a_wait_is_visible_while_it_lasts() {
    let server = failing(9, || Answer::json(429, "{}").header("retry-after", "7"));
    let bench = Bench::new(&host(&server));
    bench.clock.stands_still.store(true, Ordering::Relaxed);
    let mut shown = bench.activity.subscribe();
    let gateway = Arc::clone(&bench.gateway);
    block_on(async move {
        let phase = Phase::new(Export::Read, false, "");
        let sending = tokio::spawn(async move { gateway.send(&phase, get("/things")).await });
        let waiting = shown.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        assert_eq!(waiting.reason, Reason::Refused("429".to_owned()));
        assert_eq!(bench.activity.waiting_text().unwrap(), "waiting 7 s (Acme: 429)");
        // Given up, it leaves nothing behind.
        sending.abort();
        let _ = sending.await;
        assert_eq!(bench.activity.waiting(), None);
    });
}

#[test]
fn a_deadline_ends_the_run_before_a_wait_that_is_too_long() {
    let server = failing(9, || Answer::json(429, "{}").header("retry-after", "45"));
    let bench = Bench::with(&host(&server), |options| options.deadline = Some(Duration::from_secs(30)));
    bench.clock.stands_still.store(true, Ordering::Relaxed);
    assert_eq!(bench.read(get("/things")), Err(HttpError::Deadline));
    let problem = bench.problem();
    assert_eq!(problem.category.exit_code(), 12);
    let text = problem.to_string();
    assert!(text.contains("the deadline of 30 s") && text.contains("waiting 45 s"), "{text}");
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(bench.read(get("/things")), Err(HttpError::Deadline));
    assert_eq!(server.requests(), 1);
}

/// Two calls come to the end of the run's time at one moment. Whoever asks second is told the same, and not that the time
/// of the run is used up, which would be another reason.
#[test]
fn every_call_that_the_deadline_ends_is_told_why() {
    let server = failing(9, || Answer::json(429, "{}").header("retry-after", "45"));
    let bench = Bench::with(&host(&server), |options| options.deadline = Some(Duration::from_secs(30)));
    bench.clock.stands_still.store(true, Ordering::Relaxed);
    let phase = Phase::new(Export::Read, false, "");
    let answers = block_on(bench.gateway.send_all(&phase, vec![get("/things"), get("/things/1")]));
    assert_eq!(answers, [Err(HttpError::Deadline), Err(HttpError::Deadline)]);
    let told: Vec<_> = [(); 3].iter().filter_map(|()| bench.gateway.take_problem(true)).collect();
    let codes: Vec<_> = told.iter().map(|problem| (problem.code, problem.category.exit_code())).collect();
    assert_eq!(codes, [("RATE-001", 12); 3]);
    assert!(bench.gateway.take_problem(false).is_none(), "a call that went well has nothing to do with it");
}

#[test]
fn each_attempt_is_signed_anew() {
    let server = failing(2, || Answer::json(429, "{}").header("retry-after", "400"));
    let bench = Bench::new(&host(&server));
    assert_eq!(bench.read(with_auth("/things", "signed")).unwrap().status, 200);
    let dates: Vec<_> = server.log().iter().map(|exchange| exchange.request.header("date").to_owned()).collect();
    assert_eq!(
        dates,
        ["Tue, 04 Aug 2026 09:46:40 +0000", "Tue, 04 Aug 2026 09:53:20 +0000", "Tue, 04 Aug 2026 10:00:00 +0000"]
    );
    for exchange in server.log() {
        super::signing::verify(&exchange.request, &host(&server));
    }
}

#[test]
fn a_refusal_inside_a_batch_holds_the_next_request_back() {
    let answers: Arc<Mutex<Vec<&str>>> = Arc::new(Mutex::new(vec![
        r#"{"responses":[{"id":"1","status":200,"body":{}},{"id":"2","status":429,"headers":{"Retry-After":"7"}},{"id":"3","status":429}]}"#,
        r#"{"responses":[{"id":"2","status":200}]}"#,
    ]));
    let server = serve(move |_| Answer::json(200, answers.lock().unwrap().remove(0)));
    let bench = Bench::new(&host(&server));
    let batch = || Request {
        method: "POST".to_owned(),
        body: Some(Body::Json(r#"{"requests":[{"id":"1","method":"GET","url":"/users/1"}]}"#.to_owned())),
        ..Request::get("/v1/$batch")
    };
    assert_eq!(bench.read(batch()).unwrap().status, 200);
    assert!(bench.clock.slept().is_empty(), "the answer itself is not held back");
    assert_eq!(bench.read(batch()).unwrap().status, 200);
    assert_eq!(bench.clock.slept(), [Duration::from_secs(7)]);
    assert_eq!(bench.activity.counters().rate_limited, 1);
}
