//! Everything that can go wrong with an answer or on the way to it, for every connector alike: what passes changes no row,
//! and what stops a run costs nothing but the time until the next one.

use std::time::Duration;

use accord_fixtures::faults::{Account, Fault, Faults, Gate, Refuse as _, RetryAfter, Rule};
use accord_fixtures::server::Door;

use crate::rows::Rows;
use crate::support::{Call, Desk, Outcome, Running};
use crate::targets::{FILE, Target, answered, clear_logs, sync};

/// Waits last a thousandth, here and there.
const SCALE: f64 = 1_000.0;

/// Ninety seconds without a network last three.
const SLOWER: f64 = 30.0;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Kinds that pass.
fn passing<A: Account>() -> Vec<Fault<A>> {
    vec![
        Fault::TooMany(RetryAfter::Absent),
        Fault::TooMany(RetryAfter::Seconds(7)),
        Fault::TooMany(RetryAfter::Date(seconds(7))),
        Fault::TooMany(RetryAfter::Text("soon".to_owned())),
        Fault::Fail(A::Refusal::server_error()),
        Fault::Html(502),
        Fault::Html(503),
        Fault::Html(504),
        Fault::Html(200),
        Fault::Truncate(200),
        Fault::CutAfter(100),
        Fault::CutAfter(600),
        Fault::Trickle { pieces: 20, apart: Duration::from_millis(500) },
    ]
}

fn server<T: Target>(seed: u64) -> T {
    T::of_many_pages(Faults::seeded(seed), SCALE)
}

/// Syncs in spite of the faults, and fails unless that yields what a calm sync yields.
#[track_caller]
fn comes_out_all_the_same<T: Target>(server: &T, what: &str) {
    let (desk, calm) = (Desk::new(), T::calm());
    let outcome = sync(&desk, server, SCALE).arguments(&["--workers=4"]).run().exits(0);
    assert_eq!(outcome.errors(), 0, "{what}: {}", outcome.stderr);
    let (asked, least) = (server.server().requests(), calm.asked.len() as u64 * 13 / 12);
    assert!(asked > least, "{what}: too little went wrong in {asked} requests");
    let rows = Rows::of(&desk, FILE).without_coverage();
    assert!(rows == calm.rows.without_coverage(), "{what}: other rows than on a calm day");
    assert_eq!(desk.names(), [FILE], "{what}");
}

/// Each kind strikes every fifth request of a sync of its own; some are the vendor's own.
pub(crate) fn each_passes<T: Target>(own: Vec<Fault<T::Account>>) {
    for (seed, fault) in (0..).zip(passing().into_iter().chain(own)) {
        let (server, what) = (server::<T>(seed), format!("{fault:?}"));
        // What is only slow is not asked for again.
        let slow = matches!(fault, Fault::Trickle { .. });
        Target::faults(&server).add(Rule::on("*", fault).share(0.2));
        if slow {
            Target::faults(&server).add(Rule::on("*", Fault::Html(502)).share(0.15));
        }
        comes_out_all_the_same(&server, &what);
    }
}

/// All kinds strike one sync.
pub(crate) fn all_pass_at_once<T: Target>() {
    for seed in [20_260_807, 20_260_808] {
        let (server, kinds) = (server::<T>(seed), passing());
        let share = 0.25 / kinds.len() as f64;
        for fault in kinds {
            Target::faults(&server).add(Rule::on("*", fault).share(share));
        }
        comes_out_all_the_same(&server, &format!("seed {seed}"));
    }
}

/// Stops a run with a fault that begins after two pages of five, and fails unless the next calm run yields what a run
/// without any stop yields.
#[track_caller]
pub(crate) fn stops<T: Target>(fault: Fault<T::Account>, code: i32) {
    stops_with::<T>(fault, SCALE, &[], code);
}

/// The same, at another pace and with more arguments.
#[track_caller]
pub(crate) fn stops_with<T: Target>(fault: Fault<T::Account>, scale: f64, more: &[&str], code: i32) {
    let what = format!("{fault:?}");
    let rule = Rule::on("*", fault).after(T::calm().two_fifths());
    stopped::<T>(rule, &what, |call| call.env("ACCORD_TIME_SCALE", scale.to_string()).arguments(more), code);
}

/// The same on some path, after so many requests to it.
#[track_caller]
pub(crate) fn stops_on<T: Target>(path: &str, after: u64, fault: Fault<T::Account>, code: i32) {
    let what = format!("{fault:?} at {path}");
    stopped::<T>(Rule::on(path, fault).after(after), &what, |call| call, code);
}

#[track_caller]
fn stopped<T: Target>(rule: Rule<T::Account>, what: &str, change: impl FnOnce(Call) -> Call, code: i32) {
    let (desk, server, calm) = (Desk::new(), server::<T>(1), T::calm());
    let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write(FILE, &earlier);
    Target::faults(&server).add(rule);
    let outcome = change(sync(&desk, &server, SCALE)).run();
    assert_eq!((outcome.code, outcome.errors()), (code, 1), "{what}: {}", outcome.stderr);
    let told = outcome.stderr.split_once("error[").unwrap().1;
    for label in ["\n  where ", "\n  do ", "\n  file    sync.c1z not touched"] {
        // A deadline has no place.
        let placeless = told.contains(" the deadline of ") && label.contains("where");
        assert!(told.contains(label) || placeless, "{what}: no{label} in error[{told}");
    }
    assert_eq!(std::fs::read(desk.path(FILE)).unwrap(), earlier, "{what}");

    Target::faults(&server).clear();
    Target::set_revoked(&server, false);
    clear_logs(&server);
    sync(&desk, &server, SCALE).run().exits(0);
    let rows = Rows::of(&desk, FILE).without_coverage();
    assert!(rows == calm.rows.without_coverage(), "{what}: other rows than without the stop");
    assert_eq!(desk.names(), [FILE], "{what}");
    // A plugin's fault would be met again, so nothing of it is kept.
    let (asked, all) = (answered(&server).len(), calm.asked.len());
    let right = if code == 15 { asked == all } else { asked < all };
    assert!(right, "{what}: the next run asked for {asked} pages of {all}");
}

/// Refusals that every target knows.
pub(crate) fn refusals_stop<T: Target>() {
    stops::<T>(Fault::TooMany(RetryAfter::Absent), 12);
    stops::<T>(Fault::Revoke, 10);
    stops::<T>(Fault::Fail(<T::Account as Account>::Refusal::server_error()), 13);
}

/// What stands between a target and its client, or should.
pub(crate) fn the_network_stops<T: Target>() {
    stops::<T>(Fault::Html(502), 13);
    stops::<T>(Fault::Html(200), 13);
    stops::<T>(Fault::CutAfter(100), 13);
    stops::<T>(Fault::Truncate(100), 13);
    let slow = Fault::Trickle { pieces: usize::MAX, apart: seconds(1_000) };
    stops_with::<T>(slow, SCALE, &["--request-timeout=200ms"], 13);
}

/// What no target should do.
pub(crate) fn nonsense_stops<T: Target>() {
    stops::<T>(Fault::Redirect("https://elsewhere.example.com/".to_owned()), 15);
    stops::<T>(Fault::Endless, 15);
}

/// A run that has read two pages of five when the network goes away.
fn cut_off<T: Target>(call: Call, server: &T, away: Duration) -> Running {
    let gate = Gate::closed();
    Target::faults(server).add(Rule::on("*", Fault::Hold(gate.clone())).after(T::calm().two_fifths()));
    let running = call.start();
    assert!(gate.wait_for(1, seconds(60)), "the run never got there: {:?}", running.wait());
    server.servers().into_iter().for_each(|server| server.set_door_for(Door::Closed, away));
    gate.open();
    running
}

/// How long the run said that it was offline: the longest of the times that it printed.
fn offline(outcome: &Outcome) -> u64 {
    let times = outcome.stderr.split("offline ").skip(1);
    let seconds = times.filter_map(|text| {
        let (minutes, seconds) = text.get(..5)?.split_once(':')?;
        Some(minutes.parse::<u64>().ok()? * 60 + seconds.parse::<u64>().ok()?)
    });
    seconds.max().unwrap_or_default()
}

/// A network that is away for 90 s is waited for, and nothing is lost.
pub(crate) fn a_network_that_comes_back_is_waited_for<T: Target>() {
    let (desk, server) = (Desk::new(), T::of_many_pages(Faults::default(), SLOWER));
    let outcome = cut_off(sync(&desk, &server, SLOWER), &server, seconds(90)).wait().exits(0);
    assert_eq!(outcome.errors(), 0);
    let shown = offline(&outcome);
    assert!((20..=150).contains(&shown), "offline for {shown} s:\n{}", outcome.stderr);
    assert_eq!(Rows::of(&desk, FILE), T::calm().rows);
    let mut asked = answered(&server);
    asked.sort();
    asked.dedup();
    let mut wanted = T::calm().asked.clone();
    wanted.sort();
    wanted.dedup();
    assert_eq!(asked, wanted);
    assert_eq!(desk.names(), [FILE]);
}

/// A network that stays away ends the run as it says, and the next run asks for the rest only.
pub(crate) fn a_network_that_stays_away_ends_the_run<T: Target>() -> Outcome {
    let (desk, server, calm) = (Desk::new(), T::of_many_pages(Faults::default(), SLOWER), T::calm());
    let call = sync(&desk, &server, SLOWER).arguments(&["--offline-limit=60s"]);
    let outcome = cut_off(call, &server, seconds(3_600)).wait().exits(13);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    let outcome = outcome.tells(&[
        "offline 00:",
        "error[NET-001] ",
        " has been out of reach for 60 s",
        "means   no connection: ",
        "refused",
        "do      check that the host is up",
        "file    sync.c1z not touched",
        "done    ",
        "left    ",
        "resume  run the same command again: ",
    ]);
    assert!(!desk.path(FILE).exists());

    server.servers().into_iter().for_each(|server| server.set_door(Door::Open));
    Target::faults(&server).clear();
    let read = answered(&server);
    clear_logs(&server);
    sync(&desk, &server, SLOWER).run().exits(0);
    assert_eq!(Rows::of(&desk, FILE), calm.rows);
    let asked = answered(&server);
    let again: Vec<&String> = asked.iter().filter(|asked| read.contains(asked)).collect();
    let rest = calm.asked.len() - calm.asked.len() * 2 / 5;
    assert!(again.len() <= T::ASKED_AGAIN, "{again:?}");
    assert!(asked.len() <= rest + T::ASKED_AGAIN, "{} pages of {rest} that were left", asked.len());
    assert_eq!(desk.names(), [FILE]);
    outcome
}
