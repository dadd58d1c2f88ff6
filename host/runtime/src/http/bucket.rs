//! Politeness: how often and how many at once. Buckets are shared by every gateway whose options came from one.
//!
//! A 429 pauses its whole bucket. After the pause one request goes ahead alone; the others follow once it is answered
//! otherwise, at the bucket's rate and not in one burst.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

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

/// How fast a bucket fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) per_minute: u32,
    pub(crate) burst: u32,
    pub(crate) in_flight: u32,
}

impl Pace {
    /// For endpoints without a declared rate: far above what one connector needs, and a bound all the same.
    pub(crate) const UNDECLARED: Self = Self { per_minute: 6_000, burst: 100, in_flight: 4 };
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pace: Pace,
    state: Mutex<State>,
    places: Arc<Semaphore>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    filled_at: Duration,
    paused_until: Duration,
    /// The last answer was a 429.
    limited: bool,
    /// One request is out to see whether the target takes requests again.
    probing: bool,
}

/// What a request that wants to go has to do.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Go { probe: bool },
    Wait { until: Duration, limited: bool },
    WaitForProbe,
}

/// A request under way. Dropping it lets the next one go.
#[derive(Debug)]
pub(crate) struct Going {
    bucket: Arc<Bucket>,
    probe: bool,
    _place: OwnedSemaphorePermit,
}

/// What a request waits for before its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) until: Duration,
    /// The target asked for it; else it is our own pace.
    pub(crate) limited: bool,
}

impl RateTable {
    pub(crate) fn bucket(&self, key: BucketKey, pace: Pace, now: Duration) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(buckets.entry(key).or_insert_with(|| Arc::new(Bucket::new(pace, now))))
    }
}

impl Bucket {
    fn new(pace: Pace, now: Duration) -> Self {
        let state = State {
            tokens: f64::from(pace.burst),
            filled_at: now,
            paused_until: Duration::ZERO,
            limited: false,
            probing: false,
        };
        let places = Arc::new(Semaphore::new(pace.in_flight.max(1) as usize));
        Self { pace, state: Mutex::new(state), places, changed: Notify::new() }
    }

    /// Waits for a turn. `now` reads the clock, `hold` waits as long as it is told and may refuse to.
    pub(crate) async fn enter<E, F>(
        self: &Arc<Self>,
        now: impl Fn() -> Duration,
        hold: impl Fn(Hold) -> F,
    ) -> Result<Option<Going>, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        // The semaphore is never closed; if it were, the request could not go.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return Ok(None) };
        loop {
            let changed = self.changed.notified();
            match self.turn(now()) {
                Turn::Go { probe } => {
                    return Ok(Some(Going { bucket: Arc::clone(self), probe, _place: place }));
                }
                Turn::Wait { until, limited } => {
                    tokio::select! {
                        outcome = hold(Hold { until, limited }) => outcome?,
                        () = changed => {}
                    }
                }
                Turn::WaitForProbe => changed.await,
            }
        }
    }

    fn turn(&self, now: Duration) -> Turn {
        let mut state = self.lock();
        if now < state.paused_until {
            return Turn::Wait { until: state.paused_until, limited: state.limited };
        }
        if state.limited {
            if state.probing {
                return Turn::WaitForProbe;
            }
            state.probing = true;
            return Turn::Go { probe: true };
        }
        let per_second = f64::from(self.pace.per_minute) / 60.0;
        let fresh = now.saturating_sub(state.filled_at).as_secs_f64() * per_second;
        state.tokens = (state.tokens + fresh).min(f64::from(self.pace.burst));
        state.filled_at = now;
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            return Turn::Go { probe: false };
        }
        // A millisecond more, so that rounding does not wake the request just before its token is whole.
        let wait = Duration::from_secs_f64((1.0 - state.tokens) / per_second) + Duration::from_millis(1);
        Turn::Wait { until: now + wait, limited: false }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Going {
    /// The target refused for now: everybody waits until then, and nobody has saved anything up.
    pub(crate) fn limited(&self, until: Duration) {
        let mut state = self.bucket.lock();
        state.limited = true;
        state.paused_until = state.paused_until.max(until);
        state.tokens = 0.0;
        state.filled_at = state.paused_until;
    }

    /// The target's budget is nearly used up: everybody waits until it is whole again.
    pub(crate) fn pause(&self, until: Duration) {
        let mut state = self.bucket.lock();
        state.paused_until = state.paused_until.max(until);
    }

    /// The target took the request.
    pub(crate) fn taken(&self) {
        self.bucket.lock().limited = false;
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        if self.probe {
            self.bucket.lock().probing = false;
            self.bucket.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Bucket, Duration, Going, Pace, Turn};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn going(bucket: &Arc<Bucket>, probe: bool) -> Going {
        let place = Arc::clone(&bucket.places).try_acquire_owned().unwrap();
        Going { bucket: Arc::clone(bucket), probe, _place: place }
    }

    #[test]
    fn a_burst_then_the_pace() {
        let bucket = Bucket::new(Pace { per_minute: 60, burst: 2, in_flight: 4 }, seconds(0));
        assert_eq!(bucket.turn(seconds(0)), Turn::Go { probe: false });
        assert_eq!(bucket.turn(seconds(0)), Turn::Go { probe: false });
        let until = seconds(1) + Duration::from_millis(1);
        assert_eq!(bucket.turn(seconds(0)), Turn::Wait { until, limited: false });
        assert_eq!(bucket.turn(until), Turn::Go { probe: false });
    }

    #[test]
    fn a_429_pauses_everybody_and_one_goes_ahead() {
        let bucket = Arc::new(Bucket::new(Pace { per_minute: 60, burst: 100, in_flight: 4 }, seconds(0)));
        going(&bucket, false).limited(seconds(7));
        assert_eq!(bucket.turn(seconds(6)), Turn::Wait { until: seconds(7), limited: true });
        assert_eq!(bucket.turn(seconds(7)), Turn::Go { probe: true });
        assert_eq!(bucket.turn(seconds(7)), Turn::WaitForProbe);
        // The probe is refused as well.
        let probe = going(&bucket, true);
        probe.limited(seconds(14));
        drop(probe);
        assert_eq!(bucket.turn(seconds(8)), Turn::Wait { until: seconds(14), limited: true });
        assert_eq!(bucket.turn(seconds(14)), Turn::Go { probe: true });
        let probe = going(&bucket, true);
        probe.taken();
        drop(probe);
        // Nothing was saved up while the bucket was paused: one token a second from its end.
        assert!(matches!(bucket.turn(seconds(14)), Turn::Wait { limited: false, .. }));
        assert_eq!(bucket.turn(seconds(15)), Turn::Go { probe: false });
    }
}
