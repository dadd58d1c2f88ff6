//! Storms of refusals and a network that goes away, for PrivX as for every other target.

use std::time::Duration;

use accord_fixtures::privx::{Fault, Gate, Options, Rate, RetryAfter, Rule};
use accord_fixtures::server::Door;

use super::{CALM, FILE, answered, lasting, many_pages, scaled};
use crate::rows::Rows;
use crate::support::Desk;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_storm_is_waited_out_and_not_called_up_again() {
    let (expected, scale) = (&CALM.rows, 5.0);
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
    let (scale, gate) = (30.0, Gate::closed());
    let (desk, server) = (Desk::new(), many_pages(Options { time_scale: scale, ..lasting() }));
    let pages = CALM.asked.len() as u64 * 2 / 5;
    server.faults().add(Rule::on("*", Fault::Hold(gate.clone())).after(pages));
    let running = scaled(&desk, &server, scale).arguments(&["--offline-limit=60s"]).start();
    assert!(gate.wait_for(1, seconds(60)));
    server.server().set_door_for(Door::Closed, seconds(3_600));
    gate.open();
    let outcome = running.wait().exits(13);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(&[
        "offline 00:",
        "error[NET-001] 127.0.0.1:",
        "out of reach for 60 s",
        "resume  run the same command again: ",
    ]);
    assert!(!desk.path(FILE).exists());

    server.server().set_door(Door::Open);
    server.faults().clear();
    let read = answered(&server);
    server.server().clear_log();
    scaled(&desk, &server, scale).run().exits(0);
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);
    let again = answered(&server).into_iter().filter(|asked| read.contains(asked)).count();
    // What was on its way when the network went, and pages that were to be read together with one of those.
    assert!(again <= 8, "{again}");
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn a_network_that_comes_back_is_waited_for() {
    let (scale, gate) = (30.0, Gate::closed());
    let (desk, server) = (Desk::new(), many_pages(Options { time_scale: scale, ..lasting() }));
    server.faults().add(Rule::on("*", Fault::Hold(gate.clone())).after(CALM.asked.len() as u64 * 2 / 5));
    let running = scaled(&desk, &server, scale).start();
    assert!(gate.wait_for(1, seconds(60)));
    server.server().set_door_for(Door::Closed, seconds(90));
    gate.open();
    let outcome = running.wait().exits(0);
    assert_eq!(outcome.errors(), 0);
    assert!(outcome.stderr.contains("offline 0"), "{}", outcome.stderr);
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);
}
