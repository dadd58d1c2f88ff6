//! Time as the host sees it, injectable so that tests move it instead of sleeping.

use std::fmt::Debug;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;

/// Wall time, monotonic time and waiting.
pub trait Clock: Debug + Send + Sync {
    /// The wall clock.
    fn now(&self) -> SystemTime;
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Waits on the monotonic clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;

    /// Whole seconds since 1970.
    fn unix_seconds(&self) -> i64 {
        match self.now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        }
    }
}

/// The machine's clock. Waits are divided by a scale, which only tests set (`ACCORD_TIME_SCALE`).
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    scale: f64,
}

impl SystemClock {
    /// A clock whose waits last `1/scale` of what is asked; scales below 1 and nonsense count as 1.
    pub fn new(scale: f64) -> Self {
        Self { start: Instant::now(), scale: if scale.is_finite() && scale > 1.0 { scale } else { 1.0 } }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed().mul_f64(self.scale)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration.div_f64(self.scale)))
    }
}
