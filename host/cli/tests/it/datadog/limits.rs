//! Datadog's own limits, obeyed as its headers tell them, and a network that goes away.

use std::time::Duration;

use accord_fixtures::datadog::{DatadogServer, Fault, Options, Rate, RetryAfter, Rule};
use accord_fixtures::server::Exchange;

use super::{CALM, CUT_OFF, FILE, answered, organization, sync};
use crate::rows::Rows;
use crate::support::Desk;
use crate::trouble;

/// Waits last a thousandth.
const SCALE: f64 = 1_000.0;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn hurried(options: Options) -> DatadogServer {
    organization(Options { time_scale: SCALE, ..options })
}

/// When requests came, on the server's clock, in order.
fn moments(exchanges: &[Exchange]) -> Vec<Duration> {
    let mut moments: Vec<_> = exchanges.iter().map(|exchange| exchange.request.at).collect();
    moments.sort();
    moments
}

#[test]
fn a_429_is_waited_out_as_long_as_its_reset_says() {
    let (desk, server) = (Desk::new(), hurried(Options::default()));
    server.faults().add(Rule::on("/api/v2/users", Fault::TooMany(RetryAfter::Seconds(700))).times(1));
    sync(&desk, &server, SCALE).run().exits(0).tells(&["waiting ", " s (Datadog: 429"]);
    let users = moments(&server.log_of("/api/v2/users"));
    assert!(users[1] - users[0] >= seconds(700), "{users:?}");
    assert!(Rows::of(&desk, FILE) == CALM.rows);
}

#[test]
fn a_gateways_date_is_honoured_and_nonsense_is_not() {
    for (told, least) in [(RetryAfter::Date(seconds(600)), 599), (RetryAfter::Text("soon".to_owned()), 1)] {
        let (desk, server) = (Desk::new(), hurried(Options::default()));
        server.faults().add(Rule::on("/api/v2/roles", Fault::TooMany(told)).times(1));
        sync(&desk, &server, SCALE).run().exits(0);
        let roles = moments(&server.log_of("/api/v2/roles"));
        assert!(roles[1] - roles[0] >= seconds(least), "{roles:?}");
    }
}

#[test]
fn a_budget_that_is_nearly_used_up_is_waited_for_before_anybody_is_refused() {
    let rate = Rate { requests: 20, per: seconds(600) };
    let (desk, server) = (Desk::new(), hurried(Options { rate, ..Options::default() }));
    let outcome = sync(&desk, &server, SCALE).arguments(&["--workers=4"]).run().exits(0);
    assert_eq!(outcome.errors(), 0);
    assert!(Rows::of(&desk, FILE) == CALM.rows);
    let refused = server.log().iter().filter(|exchange| exchange.status == 429).count();
    assert_eq!(refused, 0, "the headers had told before");
    // 61 requests to the teams' group, at most 20 in ten minutes.
    let teams: Vec<Exchange> =
        server.log().into_iter().filter(|exchange| exchange.request.path.starts_with("/api/v2/team")).collect();
    let teams = moments(&teams);
    assert_eq!(teams.len(), 61);
    let windows = |moment: &Duration| moment.as_secs() / 600;
    assert!(windows(&teams[60]) - windows(&teams[0]) >= 3, "{teams:?}");
}

#[test]
fn a_storm_is_waited_out_and_nothing_is_lost() {
    let (desk, server) = (Desk::new(), hurried(Options::default()));
    server.faults().add(Rule::on("*", Fault::TooMany(RetryAfter::Seconds(70))).lasting(seconds(600)));
    let outcome = sync(&desk, &server, SCALE).run().exits(0);
    assert_eq!(outcome.errors(), 0);
    assert!(Rows::of(&desk, FILE) == CALM.rows);
    // Datadog refuses each group of endpoints by itself, so each has one request to see whether the storm is over.
    for group in ["users", "roles", "team", "on-call", "api_keys"] {
        let of_group = |exchange: &Exchange| exchange.request.path.split('/').nth(3) == Some(group);
        let storm = server.log().into_iter().filter(|exchange| exchange.status == 429 && of_group(exchange));
        let storm = moments(&storm.collect::<Vec<_>>());
        assert!(storm.windows(2).all(|pair| pair[1] - pair[0] >= seconds(70)), "{group}: {storm:?}");
        assert!(storm.len() <= 9, "{group}: {storm:?}");
    }
}

#[test]
fn a_storm_beyond_the_deadline_ends_the_run_and_the_next_one_goes_on() {
    // Slower, so that the deadline is far when the run is told to wait beyond it.
    let scale = 100.0;
    let (desk, server) = (Desk::new(), organization(Options { time_scale: scale, ..Options::default() }));
    let asked = CALM.asked.len() as u64 / 2;
    server.faults().add(Rule::on("*", Fault::TooMany(RetryAfter::Seconds(3_000))).after(asked));
    let outcome = sync(&desk, &server, scale).arguments(&["--deadline=40m"]).run().exits(12);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&["error[RATE-001]", "left    ", "resume  run the same command again: "]);
    server.faults().clear();
    let read = answered(&server);
    server.server().clear_log();
    sync(&desk, &server, 1_000.0).run().exits(0);
    assert!(Rows::of(&desk, FILE) == CALM.rows);
    let again = answered(&server).iter().filter(|asked| read.contains(asked)).count();
    assert!(again <= CUT_OFF, "{again} pages were read again");
}

#[test]
fn a_network_that_comes_back_is_waited_for() {
    trouble::a_network_that_comes_back_is_waited_for::<DatadogServer>();
}

#[test]
fn a_network_that_stays_away_ends_the_run_and_the_next_one_goes_on() {
    let outcome = trouble::a_network_that_stays_away_ends_the_run::<DatadogServer>();
    outcome.tells(&["error[NET-001] api.datadoghq.com has been out of reach for "]);
}
