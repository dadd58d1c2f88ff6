//! Politeness: how often and how many at once. Buckets are shared by every gateway whose options came from one.
//!
//! A bucket has as many places as requests may go in its window. A request takes one, and the place is free again one
//! window after its answer has come or it has failed. The target saw the request before that, so it never sees more in
//! any window than there are places, however long requests are on their way.
//!
//! A declared `burst` smaller than the rate cuts the window into equal parts, each with as many places as fit into the
//! burst: 300 a minute with a burst of 20 are 20 in any 4 s. That keeps the longer rule too, so there is only one. A rate
//! is cut in the same way where its places would be too many to remember.
//!
//! A 429 pauses its whole bucket. After a pause one request goes ahead alone; the others follow once it is answered
//! otherwise. Nothing was saved up by then: for a window they go evenly, and since a place is free a window later, they
//! stay even for as long as there are requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::options::RateLimit;
use crate::clock::Clock;

/// Every bucket of the process.
#[derive(Debug, Clone, Default)]
pub struct RateTable {
    buckets: Arc<Mutex<BTreeMap<BucketKey, Arc<Bucket>>>>,
}

/// Requests with the same key share a budget at the target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BucketKey {
    /// Who asks: a digest over the secrets, since two configurations may have two keys.
    pub(crate) account: Vec<u8>,
    pub(crate) credential: Option<String>,
    pub(crate) origin: String,
    pub(crate) class: Option<String>,
}

/// How fast requests may follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) limit: RateLimit,
    /// How many may go at once.
    pub(crate) burst: u32,
    /// How many may be under way.
    pub(crate) in_flight: u32,
}

/// Places of one bucket; each costs 16 bytes.
const MOST_PLACES: u32 = 1_024;

impl Pace {
    /// For endpoints without a declared rate: far above what one connector needs, and a bound all the same.
    pub(crate) const UNDECLARED: Self =
        Self { limit: RateLimit { requests: 6_000, window: Duration::from_secs(60) }, burst: 100, in_flight: 4 };

    /// Places, and how long one stays taken after its answer.
    fn places(self) -> (usize, Duration) {
        let requests = self.limit.requests.max(1);
        let parts = requests.div_ceil(self.burst.clamp(1, MOST_PLACES));
        ((requests / parts) as usize, self.limit.window / parts)
    }
}

#[derive(Debug)]
pub(crate) struct Bucket {
    places: usize,
    window: Duration,
    state: Mutex<State>,
    flights: Arc<Semaphore>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Places of requests that are under way.
    held: usize,
    /// When places of earlier requests are free again, the earliest first.
    used: VecDeque<Duration>,
    paused_until: Duration,
    /// The latest pause is followed by even requests until then.
    even_until: Duration,
    /// When the next of those may go.
    next_at: Duration,
    /// What the last answer was, if it was a 429.
    refusal: Option<String>,
    /// One request is out to see whether the target takes requests again.
    probing: bool,
}

/// What a request that wants to go has to do.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Go {
        probe: bool,
    },
    Wait(Hold),
    /// Others must be answered first.
    WaitForAnswer,
}

/// A request under way. Dropping it, once it is answered or has failed, lets the next ones go.
#[derive(Debug)]
pub(crate) struct Going {
    bucket: Arc<Bucket>,
    clock: Arc<dyn Clock>,
    probe: bool,
    _flight: OwnedSemaphorePermit,
}

/// What a request waits for before its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) until: Duration,
    /// The target asked for it, in these words; else it is our own pace.
    pub(crate) refusal: Option<String>,
}

impl RateTable {
    pub(crate) fn bucket(&self, key: BucketKey, pace: Pace) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(buckets.entry(key).or_insert_with(|| Arc::new(Bucket::new(pace))))
    }
}

impl Bucket {
    fn new(pace: Pace) -> Self {
        let (places, window) = pace.places();
        let flights = Arc::new(Semaphore::new(pace.in_flight.max(1) as usize));
        Self { places, window, state: Mutex::default(), flights, changed: Notify::new() }
    }

    /// Waits for a turn. `hold` waits as long as it is told, and may refuse to.
    pub(crate) async fn enter<E, F>(
        self: &Arc<Self>,
        clock: &Arc<dyn Clock>,
        hold: impl Fn(Hold) -> F,
    ) -> Result<Option<Going>, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        // The semaphore is never closed; if it were, the request could not go.
        let Ok(flight) = Arc::clone(&self.flights).acquire_owned().await else { return Ok(None) };
        loop {
            let changed = self.changed.notified();
            match self.turn(clock.monotonic()) {
                Turn::Go { probe } => {
                    let (bucket, clock) = (Arc::clone(self), Arc::clone(clock));
                    return Ok(Some(Going { bucket, clock, probe, _flight: flight }));
                }
                Turn::Wait(until) => {
                    tokio::select! {
                        outcome = hold(until) => outcome?,
                        () = changed => {}
                    }
                }
                Turn::WaitForAnswer => changed.await,
            }
        }
    }

    fn turn(&self, now: Duration) -> Turn {
        let state = &mut *self.lock();
        if now < state.paused_until {
            return Turn::Wait(Hold { until: state.paused_until, refusal: state.refusal.clone() });
        }
        if state.probing {
            return Turn::WaitForAnswer;
        }
        if now < state.next_at.min(state.even_until) {
            return Turn::Wait(Hold { until: state.next_at.min(state.even_until), refusal: None });
        }
        while state.used.front().is_some_and(|free_at| *free_at <= now) {
            state.used.pop_front();
        }
        if state.held + state.used.len() >= self.places {
            return match state.used.front() {
                Some(free_at) => Turn::Wait(Hold { until: *free_at, refusal: None }),
                None => Turn::WaitForAnswer,
            };
        }
        state.held += 1;
        state.next_at = now + self.window / u32::try_from(self.places).unwrap_or(u32::MAX);
        state.probing = state.refusal.is_some();
        Turn::Go { probe: state.probing }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pause(&mut self, until: Duration, window: Duration) {
        self.paused_until = self.paused_until.max(until);
        self.even_until = self.paused_until + window;
    }
}

impl Going {
    /// The target refused for now, in these words: everybody waits until then.
    pub(crate) fn limited(&self, until: Duration, refusal: String) {
        let mut state = self.bucket.lock();
        state.refusal = Some(refusal);
        state.pause(until, self.bucket.window);
    }

    /// The target's budget is nearly used up: everybody waits until it is whole again.
    pub(crate) fn pause(&self, until: Duration) {
        self.bucket.lock().pause(until, self.bucket.window);
    }

    /// The target took the request. Of those that went before a pause, this says nothing about the time after it.
    pub(crate) fn taken(&self) {
        if self.probe {
            self.bucket.lock().refusal = None;
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let free_at = self.clock.monotonic() + self.bucket.window;
        let mut state = self.bucket.lock();
        state.held = state.held.saturating_sub(1);
        // Nearly always the last: gateways with clocks of their own exist in tests.
        let place = state.used.partition_point(|other| *other <= free_at);
        state.used.insert(place, free_at);
        let first = state.used.len() == 1;
        if self.probe {
            state.probing = false;
        }
        drop(state);
        if self.probe || first {
            self.bucket.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use futures::future::BoxFuture;

    use super::*;

    /// Stands still until it is moved.
    #[derive(Debug, Default)]
    struct MovedClock(Mutex<Duration>);

    impl Clock for MovedClock {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + self.monotonic()
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
            Box::pin(std::future::pending())
        }
    }

    /// A bucket and its time.
    struct Bench {
        bucket: Arc<Bucket>,
        clock: Arc<MovedClock>,
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn bench(requests: u32, window: Duration, burst: u32) -> Bench {
        let pace = Pace { limit: RateLimit { requests, window }, burst, in_flight: 4 };
        Bench { bucket: Arc::new(Bucket::new(pace)), clock: Arc::default() }
    }

    impl Bench {
        fn at(&self, now: Duration) -> Turn {
            *self.clock.0.lock().unwrap() = now;
            self.bucket.turn(now)
        }

        /// Goes at this moment, which must be allowed.
        #[track_caller]
        fn go(&self, now: Duration) -> Going {
            match self.at(now) {
                Turn::Go { probe } => self.going(probe),
                other => panic!("{other:?} at {now:?}"),
            }
        }

        #[track_caller]
        fn waits(&self, now: Duration, until: Duration) {
            assert_eq!(self.at(now), Turn::Wait(Hold { until, refusal: None }));
        }

        fn going(&self, probe: bool) -> Going {
            let flight = Arc::clone(&self.bucket.flights).try_acquire_owned().unwrap();
            let clock: Arc<dyn Clock> = Arc::<MovedClock>::clone(&self.clock);
            Going { bucket: Arc::clone(&self.bucket), clock, probe, _flight: flight }
        }

        /// Sends requests as fast as the bucket lets them go; for each, when it was sent and when it was answered.
        fn run(&self, requests: usize, latency: impl Fn(usize) -> Duration) -> Vec<(Duration, Duration)> {
            let (mut sent, mut under_way) = (Vec::new(), Vec::<(Duration, Going)>::new());
            let mut now = self.clock.monotonic();
            while sent.len() < requests || !under_way.is_empty() {
                under_way.sort_by_key(|(answered_at, _)| *answered_at);
                let next = under_way.first().map(|(answered_at, _)| *answered_at);
                let free = under_way.len() < 4 && sent.len() < requests;
                let wake = match free.then(|| self.at(now)) {
                    Some(Turn::Go { probe }) => {
                        let answered_at = now + latency(sent.len());
                        sent.push((now, answered_at));
                        under_way.push((answered_at, self.going(probe)));
                        continue;
                    }
                    Some(Turn::Wait(hold)) => next.map_or(hold.until, |next| next.min(hold.until)),
                    Some(Turn::WaitForAnswer) | None => next.unwrap(),
                };
                now = now.max(wake);
                *self.clock.0.lock().unwrap() = now;
                under_way.retain(|(answered_at, _)| *answered_at > now);
            }
            sent
        }
    }

    /// The most that a target can have seen in one window, if each request arrived at the worst moment of its time on the
    /// way.
    fn most_seen(sent: &[(Duration, Duration)], window: Duration) -> usize {
        let seen_with = |(_, earliest): &(Duration, Duration)| {
            sent.iter().filter(|(left, answered)| answered >= earliest && *left < *earliest + window).count()
        };
        sent.iter().map(seen_with).max().unwrap_or_default()
    }

    #[test]
    fn a_rate_is_filled_and_never_passed_whatever_the_latency() {
        let even = |milliseconds: u64| move |_: usize| Duration::from_millis(milliseconds);
        let odd = |number: usize| Duration::from_millis([3, 900, 40, 5, 2_400, 70, 11][number % 7]);
        for (count, window) in [(150, seconds(60)), (10, seconds(1)), (3, seconds(1)), (1, seconds(2))] {
            for milliseconds in [0, 1, 40] {
                let sent = bench(count, window, count).run(2_000, even(milliseconds));
                assert!(most_seen(&sent, window) <= count as usize, "{count} in {window:?} at {milliseconds} ms");
                let (first, last) = (sent[0].0, sent[1_999].0);
                let windows = (last - first).as_secs_f64() / (window.as_secs_f64() + milliseconds as f64 / 1_000.0);
                assert!(windows <= 2_000.0 / f64::from(count) + 0.1, "{count} in {window:?}: {windows} windows");
            }
            let sent = bench(count, window, count).run(2_000, odd);
            assert!(most_seen(&sent, window) <= count as usize, "{count} in {window:?}");
        }
    }

    #[test]
    fn a_burst_is_a_rule_of_its_own_and_keeps_the_rate() {
        let sent = bench(300, seconds(60), 20).run(900, |_| Duration::from_millis(20));
        assert_eq!((most_seen(&sent, seconds(4)), most_seen(&sent, seconds(60))), (20, 300));
        for (requests, burst) in [(15, 10), (100, 7), (1_000_000, 1_000_000), (6_000, 100), (5, 1)] {
            let pace = Pace { limit: RateLimit { requests, window: seconds(60) }, burst, in_flight: 4 };
            let (places, window) = pace.places();
            assert!(places > 0 && places <= (burst.min(MOST_PLACES) as usize), "{places} of {requests}");
            let in_a_minute = places as f64 * (60.0 / window.as_secs_f64());
            assert!(in_a_minute <= f64::from(requests) + 0.01, "{in_a_minute} of {requests}");
        }
    }

    #[test]
    fn a_place_is_free_a_window_after_its_answer() {
        let bench = bench(2, seconds(60), 2);
        let (first, second) = (bench.go(seconds(0)), bench.go(seconds(0)));
        assert_eq!(bench.at(seconds(30)), Turn::WaitForAnswer, "nobody knows yet when the target saw them");
        drop(second);
        bench.waits(seconds(40), seconds(90));
        drop(first);
        drop(bench.go(seconds(90)));
        bench.waits(seconds(90), seconds(100));
    }

    #[test]
    fn a_429_pauses_everybody_and_one_goes_ahead() {
        let bench = bench(60, seconds(60), 60);
        let late = bench.go(seconds(0));
        bench.go(seconds(0)).limited(seconds(7), "42901".to_owned());
        let refusal = Some("42901".to_owned());
        assert_eq!(bench.at(seconds(6)), Turn::Wait(Hold { until: seconds(7), refusal: refusal.clone() }));
        // An answer to a request from before the pause is no news of the time after it.
        late.taken();
        drop(late);
        let probe = bench.go(seconds(7));
        assert!(probe.probe);
        assert_eq!(bench.at(seconds(7)), Turn::WaitForAnswer);
        probe.limited(seconds(14), "42901".to_owned());
        drop(probe);
        assert_eq!(bench.at(seconds(8)), Turn::Wait(Hold { until: seconds(14), refusal }));
        // A probe that gets nowhere is no answer: the next one is a probe as well.
        assert!(bench.go(seconds(14)).probe);
        let probe = bench.go(seconds(15));
        assert!(probe.probe);
        probe.taken();
        drop(probe);
        assert!(!bench.go(seconds(16)).probe);
    }

    #[test]
    fn after_a_pause_requests_go_evenly_and_stay_even() {
        let bench = bench(10, seconds(1), 10);
        let storm: Vec<Going> = (0..4).map(|_| bench.go(seconds(0))).collect();
        storm.iter().for_each(|going| going.limited(seconds(7), "429".to_owned()));
        drop(storm);
        let probe = bench.go(seconds(7));
        probe.taken();
        drop(probe);
        let tenth = Duration::from_millis(100);
        bench.waits(seconds(7), seconds(7) + tenth);
        *bench.clock.0.lock().unwrap() = seconds(7) + tenth;
        let sent = bench.run(50, |_| Duration::from_millis(3));
        for pair in sent.windows(2) {
            let apart = pair[1].0 - pair[0].0;
            assert!(apart >= tenth && apart < tenth * 2, "{apart:?}");
        }
    }
}
