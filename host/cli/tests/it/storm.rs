//! A target that has had enough: the run waits as it is told, asks no more often than it may, and loses nothing.

use std::time::Duration;

use accord_fixtures::duo::{DuoServer, Fault, Options, Rate, RetryAfter, Rule, World};
use accord_fixtures::server::Exchange;

use crate::calm::{CALM, FILE, account, answered, sync};
use crate::rows::Rows;
use crate::support::Desk;

/// Waits last a fifth. With ten requests in a second of this time, each has 20 ms of the machine's, and two listings are
/// read at a time: several times what a busy machine with two cores needs.
const SCALE: f64 = 5.0;

/// When requests came, on the server's clock, in order.
fn moments(exchanges: &[Exchange]) -> Vec<Duration> {
    let mut moments: Vec<_> = exchanges.iter().map(|exchange| exchange.request.at).collect();
    moments.sort();
    moments
}

/// The vendor's examples, which five requests read.
fn small(time_scale: f64) -> DuoServer {
    DuoServer::start(World::vendor_examples(), Options { time_scale, ..Options::default() }).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_storm_is_waited_out_and_not_called_up_again() {
    let expected = &CALM.rows;
    let vendors_own = Rate { requests: 10, per: seconds(1) };
    let (desk, server) =
        (Desk::new(), account(Options { rate: Some(vendors_own), time_scale: SCALE, ..Options::default() }));
    server.faults().add(Rule::on("*", Fault::TooMany(RetryAfter::Seconds(7))).lasting(seconds(60)));
    let call = sync(&desk, &server, SCALE).arguments(&["--rate=10/s", "--report=report.json"]);
    let outcome = call.run().exits(0).tells(&["waiting 7 s (Duo: 42901)"]);
    assert_eq!(outcome.errors(), 0);

    let (storm, after): (Vec<_>, Vec<_>) = server.log().into_iter().partition(|exchange| exchange.status == 429);
    let (storm, after) = (moments(&storm), moments(&after));
    assert!((8..=9).contains(&storm.len()), "{storm:?}");
    assert!(storm.windows(2).all(|pair| pair[1] - pair[0] >= seconds(7)), "{storm:?}");
    assert!(after[0] - storm[storm.len() - 1] >= seconds(7), "and no refusal afterwards");
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["traffic"]["rate_limited"], storm.len());

    assert!(after.len() > 100, "{} requests followed", after.len());
    let busiest = after.windows(11).map(|eleven| eleven[10] - eleven[0]).min().unwrap();
    assert!(busiest >= seconds(1), "eleven requests in {busiest:?}");
    let sustained = 59.0 / (after[59] - after[0]).as_secs_f64();
    assert!((8.0..=10.0).contains(&sustained), "{sustained} a second");

    assert_eq!(&Rows::of(&desk, FILE), expected);
    assert_eq!(desk.names(), ["report.json", FILE]);
}

#[test]
fn a_storm_beyond_the_deadline_ends_the_run_and_the_next_one_goes_on() {
    // By now the connector is compiled, which is none of the deadline's concern here.
    let expected = &CALM.rows;
    let scale = 2.0 * SCALE;
    let (desk, server) = (Desk::new(), account(Options { time_scale: scale, ..Options::default() }));
    server.faults().add(Rule::on("*", Fault::TooMany(RetryAfter::Seconds(7))).after(20).lasting(seconds(60)));
    let outcome = sync(&desk, &server, scale).arguments(&["--deadline=30s"]).run().exits(12);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(&[
        "waiting 7 s (Duo: 42901)",
        "error[RATE-001] the deadline of 30 s leaves no time to go on",
        "means   waiting 7 s (Duo: 42901)",
        "do      run the same command again",
        "file    sync.c1z not touched",
        "done    account, roles\n",
        "left    ",
        " items read)",
        "users (not begun)",
        "resume  run the same command again: ",
    ]);
    assert!(!desk.path(FILE).exists());
    let read = answered(&server);
    assert_eq!(read.len(), 20);

    server.faults().clear();
    server.server().clear_log();
    sync(&desk, &server, 1_000.0).run().exits(0);
    assert_eq!(&Rows::of(&desk, FILE), expected);
    let again: Vec<String> = answered(&server).into_iter().filter(|asked| read.contains(asked)).collect();
    assert!(again.is_empty(), "read again: {again:?}");
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn retry_after_is_honoured_as_seconds_and_as_a_date() {
    // Ten minutes last two seconds.
    for retry_after in [RetryAfter::Seconds(600), RetryAfter::Date(seconds(600))] {
        let (desk, server) = (Desk::new(), small(300.0));
        server.faults().add(Rule::on("/admin/v1/admins", Fault::TooMany(retry_after.clone())).times(1));
        sync(&desk, &server, 300.0).run().exits(0).tells(&["waiting ", " s (Duo: 42901)"]);
        let admins = moments(&server.log_of("/admin/v1/admins"));
        // A date has whole seconds.
        let waited = admins[1] - admins[0];
        assert!(waited >= seconds(599) && waited < seconds(1_200), "{retry_after:?}: {waited:?}");
    }
}

#[test]
fn without_a_readable_retry_after_the_waits_double() {
    let unreadable = ["soon", "-5", "1.5", "", "Tue, 99 Foo 2026 25:61:61 GMT", "99999999999999999999999"];
    let texts = unreadable.iter().map(|text| RetryAfter::Text((*text).to_owned()));
    for retry_after in [RetryAfter::Absent].into_iter().chain(texts) {
        let (desk, server) = (Desk::new(), small(100.0));
        server.faults().add(Rule::on("/admin/v1/settings", Fault::TooMany(retry_after.clone())).times(4));
        sync(&desk, &server, 100.0).run().exits(0).tells(&["(Duo: 42901)"]);
        let asked = moments(&server.log_of("/admin/v1/settings"));
        assert_eq!(asked.len(), 5, "{retry_after:?}");
        for (pair, least) in asked.windows(2).zip([1, 2, 4, 8]) {
            assert!(pair[1] - pair[0] >= seconds(least), "{retry_after:?}: {asked:?}");
        }
        assert!(asked[4] - asked[0] < seconds(300), "{retry_after:?}: {asked:?}");
    }
}
