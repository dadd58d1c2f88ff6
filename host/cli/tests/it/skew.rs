//! A clock that is off: the run says so at once, or signs by the target's clock if it is told to. What is written down is
//! on this machine's clock either way.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use accord_c1z::reader::{Reader, View};
use accord_c1z::timestamp;
use accord_fixtures::duo::{DuoServer, Options};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::calm::{CALM, FILE, account, sync};
use crate::rows::Rows;
use crate::support::Desk;

/// A Duo whose clock is ahead of this machine's.
fn ahead(seconds: i64) -> DuoServer {
    let server = account(Options::default());
    server.clock().set_ahead(seconds);
    server
}

/// How far ahead of this machine's clock each request was signed, in order, in tens of seconds: a busy machine takes its
/// time between a signature and its arrival.
fn signed_ahead(server: &DuoServer) -> Vec<i64> {
    let mut log = server.log();
    log.sort_by_key(|exchange| exchange.request.ordinal);
    let signed = log.iter().map(|exchange| {
        let date = OffsetDateTime::parse(exchange.request.header("date"), &Rfc2822).unwrap().unix_timestamp();
        let ahead = date - i64::try_from(exchange.request.arrived_at.as_secs()).unwrap();
        (ahead as f64 / 10.0).round() as i64
    });
    signed.collect()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Every moment that stands in a file, in seconds since 1970.
fn moments(desk: &Desk) -> BTreeSet<i64> {
    let elsewhere = tempfile::tempdir().unwrap();
    let reader = Reader::open(&desk.path(FILE), elsewhere.path()).unwrap();
    let all = &View::Everything;
    let mut texts = BTreeSet::new();
    for run in reader.syncs().unwrap() {
        texts.extend([run.started_at, run.ended_at.unwrap()]);
    }
    texts.extend(reader.resource_types(all).map(|row| row.unwrap().discovered_at));
    texts.extend(reader.resources(all).map(|row| row.unwrap().discovered_at));
    texts.extend(reader.entitlements(all).map(|row| row.unwrap().discovered_at));
    texts.extend(reader.grants(all).map(|grant| grant.unwrap().row.discovered_at));
    texts.iter().map(|text| timestamp::parse(text).unwrap().seconds).collect()
}

#[test]
fn a_clock_that_is_off_is_told_with_its_cure_and_the_way_out() {
    for (seconds, side) in [(664, "behind Duo"), (-664, "ahead of Duo")] {
        let (desk, server) = (Desk::new(), ahead(seconds));
        let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
        desk.write(FILE, &earlier);
        let outcome = sync(&desk, &server, 1_000.0).run().exits(10);
        assert_eq!((outcome.errors(), server.log().len()), (1, 1), "{}", outcome.stderr);
        let outcome = outcome.tells(&[
            "error[CRED-001] Duo refused the signature (HTTP 401, code 40105 Bad request timestamp)",
            "where   GET https://127.0.0.1:",
            // The header has whole seconds.
            "means   this machine is 11 m 0",
            &format!(" s {side}; signed requests will be refused"),
            "do      set the clock of this machine (NTP) and try again",
            "or      sign by the target's clock: add --tolerate-skew",
            "file    sync.c1z not touched",
        ]);
        assert_eq!(outcome.stderr.matches("this machine is").count(), 1, "{}", outcome.stderr);
        assert_eq!(std::fs::read(desk.path(FILE)).unwrap(), earlier);
        assert_eq!(desk.names(), [FILE]);
    }
}

#[test]
fn where_it_is_tolerated_only_signatures_follow_the_targets_clock() {
    for seconds in [660, -660] {
        let (desk, server) = (Desk::new(), ahead(seconds));
        let began = now();
        let outcome =
            sync(&desk, &server, 1_000.0).arguments(&["--tolerate-skew", "--report=report.json"]).run().exits(0);
        let ended = now();
        assert_eq!(outcome.errors(), 0);
        assert_eq!(Rows::of(&desk, FILE), CALM.rows);
        let refused: Vec<usize> =
            (0..).zip(server.log()).filter(|(_, exchange)| exchange.status != 200).map(|(place, _)| place).collect();
        assert_eq!(refused, [0], "the first request is refused, and none afterwards");
        let signed = signed_ahead(&server);
        assert_eq!(signed[0], 0);
        assert!(signed[1..].iter().all(|ahead| *ahead == seconds / 10), "{signed:?}");
        assert_eq!(signed.len(), CALM.asked.len() + 1);

        let moments = moments(&desk);
        assert!(moments.iter().all(|moment| (began..=ended).contains(moment)), "{began} to {ended}: {moments:?}");
        let report: serde_json::Value =
            serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
        for name in ["started_at", "ended_at"] {
            let moment = timestamp::parse(report[name].as_str().unwrap()).unwrap().seconds;
            assert!((began..=ended).contains(&moment), "{name}: {report}");
        }
    }
}

#[test]
fn clocks_that_nearly_agree_change_nothing() {
    for seconds in [45, -45] {
        for more in [&[][..], &["--tolerate-skew"][..]] {
            let (desk, server) = (Desk::new(), ahead(seconds));
            sync(&desk, &server, 1_000.0).arguments(more).run().exits(0);
            assert_eq!(Rows::of(&desk, FILE), CALM.rows);
            let signed = signed_ahead(&server);
            assert!(signed.iter().all(|ahead| *ahead == 0), "{signed:?}");
            assert_eq!(signed.len(), CALM.asked.len());
        }
    }
}

#[test]
fn a_wrong_key_is_no_matter_of_clocks_where_skew_is_tolerated() {
    let (desk, server) = (Desk::new(), ahead(660));
    server.set_secret_key("another Secret Key 0f this application");
    let outcome = sync(&desk, &server, 1_000.0).env("ACCORD_TOLERATE_SKEW", "true").run().exits(10);
    assert_eq!(outcome.errors(), 1);
    let outcome = outcome
        .tells(&["error[CRED-001] Duo refused the signature (HTTP 401, code 40103 ", "do      copy the secret key"]);
    assert!(!outcome.stderr.contains("this machine") && !outcome.stderr.contains("NTP"), "{}", outcome.stderr);
    assert_eq!(server.log().len(), 2, "refused for its date, and once more for its key");
    assert!(desk.names().is_empty());
}
