//! How far the clock of each origin is ahead of ours, as the `Date` of its answers tells.
//!
//! Nothing but the dates in signatures follows it, and only where the operator tolerates that. What is written to a file,
//! and how long something waits or lives, is on our own clocks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::retry;

/// Clocks that differ by so many seconds agree: answers take their time, and targets accept more.
const TOLERANCE: u64 = 60;

#[derive(Debug, Default)]
pub(super) struct Skew {
    origins: Mutex<BTreeMap<String, i64>>,
}

impl Skew {
    /// Remembers what an answer's headers say.
    pub(super) fn learn(&self, origin: &str, headers: &http::HeaderMap, now: SystemTime) {
        if let Some(ahead) = ahead(headers, now) {
            self.origins.lock().unwrap_or_else(PoisonError::into_inner).insert(origin.to_owned(), ahead);
        }
    }

    /// Seconds that the origin is ahead; 0 where the clocks agree, or nothing is known.
    pub(super) fn of(&self, origin: &str) -> i64 {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.get(origin).copied().filter(|ahead| differ(*ahead, 0)).unwrap_or(0)
    }

    /// Whether any origin's clock differs from ours.
    pub(super) fn is_any(&self) -> bool {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.values().any(|ahead| differ(*ahead, 0))
    }
}

/// Whether two clocks that are so many seconds ahead differ.
pub(super) fn differ(one: i64, other: i64) -> bool {
    one.abs_diff(other) > TOLERANCE
}

/// Seconds that the target's clock is ahead of ours.
pub(super) fn ahead(headers: &http::HeaderMap, now: SystemTime) -> Option<i64> {
    let seconds = |time: SystemTime| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok();
    Some(seconds(retry::target_time(headers)?)? - seconds(now)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_clocks_that_differ_count() {
        let now = UNIX_EPOCH + Duration::from_secs(1_785_835_800);
        let skew = Skew::default();
        for (date, wanted) in [
            ("Tue, 04 Aug 2026 09:41:04 GMT", 664),
            ("Tue, 04 Aug 2026 09:18:56 GMT", -664),
            ("Tue, 04 Aug 2026 09:31:00 GMT", 0),
            ("Tue, 04 Aug 2026 09:29:00 GMT", 0),
        ] {
            let headers = [(http::header::DATE, date.parse().unwrap())].into_iter().collect();
            skew.learn("api", &headers, now);
            assert_eq!(skew.of("api"), wanted, "{date}");
        }
        skew.learn("api", &http::HeaderMap::new(), now);
        assert_eq!((skew.of("api"), skew.of("other")), (0, 0));
        assert!(!skew.is_any());
    }
}
