//! Storms of refusals and a network that goes away, for PrivX as for every other target.

use std::time::Duration;

use accord_fixtures::privx::{Fault, Options, PrivxServer, Rate, RetryAfter, Rule};

use super::{CALM, FILE, lasting, many_pages, scaled};
use crate::rows::Rows;
use crate::support::Desk;
use crate::trouble;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_storm_is_waited_out_and_not_called_up_again() {
    let (expected, scale) = (&CALM.rows, 10.0);
    let rate = Some(Rate { requests: 10, per: seconds(1) });
    let (desk, server) = (Desk::new(), many_pages(Options { rate, time_scale: scale, ..lasting() }));
    server
        .faults()
        .add(Rule::on("/role-store/api/v1/users/search", Fault::TooMany(RetryAfter::Seconds(7))).lasting(seconds(60)));
    let call = scaled(&desk, &server, scale).arguments(&["--rate=10/s"]);
    call.run().exits(0).tells(&["waiting 7 s (PrivX: TOO_MANY_REQUESTS)"]);
    let refused = server.log().into_iter().filter(|exchange| exchange.status == 429);
    let mut storm: Vec<Duration> = refused.map(|exchange| exchange.request.at).collect();
    storm.sort();
    assert!((8..=9).contains(&storm.len()), "{storm:?}");
    assert!(storm.windows(2).all(|pair| pair[1] - pair[0] >= seconds(7)), "{storm:?}");
    assert_eq!(&Rows::of(&desk, FILE), expected);
}

#[test]
fn a_network_that_stays_away_ends_the_run_and_the_next_one_asks_for_the_rest_only() {
    let outcome = trouble::a_network_that_stays_away_ends_the_run::<PrivxServer>();
    outcome.tells(&["error[NET-001] 127.0.0.1:"]);
}

#[test]
fn a_network_that_comes_back_is_waited_for() {
    trouble::a_network_that_comes_back_is_waited_for::<PrivxServer>();
}
