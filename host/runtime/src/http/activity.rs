//! What the network is doing, for whoever watches: counters, and what is being waited for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;

/// A handle that any number of watchers may hold.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    calls: AtomicU64,
    attempts: AtomicU64,
    retries: AtomicU64,
    rate_limited: AtomicU64,
    response_bytes: AtomicU64,
    masked: AtomicU64,
    waits: Mutex<Waits>,
    shown: watch::Sender<Option<Waiting>>,
    /// The clock that waits are on, once a gateway has brought it.
    clock: OnceLock<Arc<dyn Clock>>,
}

#[derive(Debug, Default)]
struct Waits {
    next: u64,
    current: BTreeMap<u64, Waiting>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            calls: AtomicU64::new(0),
            attempts: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            rate_limited: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            masked: AtomicU64::new(0),
            waits: Mutex::default(),
            shown: watch::Sender::new(None),
            clock: OnceLock::new(),
        }
    }
}

/// Totals since the handle was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests that guests made.
    pub calls: u64,
    /// Requests that went out, tries again and token requests included.
    pub attempts: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Answers with status 429.
    pub rate_limited: u64,
    /// Bytes of decoded bodies.
    pub response_bytes: u64,
    /// Places in answers where a secret was masked.
    pub masked: u64,
}

/// What is being waited for. Times are on the run's monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// As the plugin's manifest calls the target.
    pub target: String,
    pub reason: Reason,
    pub until: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The target said so, by its own code or by its status: `42901`, `503`.
    Refused(String),
    /// Our own politeness.
    Pace,
    /// Out of reach since this moment.
    Offline(Duration),
}

impl Waiting {
    /// `waiting 7 s (Duo: 42901)` or `offline 00:37`.
    pub fn text(&self, now: Duration) -> String {
        let left = self.until.saturating_sub(now).as_millis().div_ceil(1000);
        match &self.reason {
            Reason::Refused(what) => format!("waiting {left} s ({}: {what})", self.target),
            Reason::Pace => format!("waiting {left} s ({}: our own rate)", self.target),
            Reason::Offline(since) => {
                let seconds = now.saturating_sub(*since).as_secs();
                format!("offline {:02}:{:02}", seconds / 60, seconds % 60)
            }
        }
    }

    /// What an operator wants to know first: no network, then the longest refusal, then our own pace.
    fn weight(&self) -> (u8, Duration) {
        match self.reason {
            Reason::Offline(_) => (2, self.until),
            Reason::Refused(_) => (1, self.until),
            Reason::Pace => (0, self.until),
        }
    }
}

/// A wait that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct WaitGuard {
    activity: Activity,
    number: u64,
}

impl Activity {
    pub fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            calls: read(&self.shared.calls),
            attempts: read(&self.shared.attempts),
            retries: read(&self.shared.retries),
            rate_limited: read(&self.shared.rate_limited),
            response_bytes: read(&self.shared.response_bytes),
            masked: read(&self.shared.masked),
        }
    }

    /// What is being waited for, as it changes; of several waits the weightiest.
    pub fn subscribe(&self) -> watch::Receiver<Option<Waiting>> {
        self.shared.shown.subscribe()
    }

    /// What is being waited for now.
    pub fn waiting(&self) -> Option<Waiting> {
        self.shared.shown.borrow().clone()
    }

    /// The same in words, as of now.
    pub fn waiting_text(&self) -> Option<String> {
        let waiting = self.waiting()?;
        self.shared.clock.get().map(|clock| waiting.text(clock.monotonic()))
    }

    /// Waits are on this clock. Gateways of one process have one.
    pub(crate) fn set_clock(&self, clock: &Arc<dyn Clock>) {
        self.shared.clock.get_or_init(|| Arc::clone(clock));
    }

    pub(crate) fn called(&self) {
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn attempted(&self, again: bool) {
        self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        self.shared.retries.fetch_add(u64::from(again), Ordering::Relaxed);
    }

    pub(crate) fn rate_limited(&self) {
        self.shared.rate_limited.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize, masked: usize) {
        self.shared.response_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.shared.masked.fetch_add(masked as u64, Ordering::Relaxed);
    }

    /// Shows a wait until the guard goes.
    pub(crate) fn begin_wait(&self, waiting: Waiting) -> WaitGuard {
        let mut waits = self.waits();
        let number = waits.next;
        waits.next += 1;
        waits.current.insert(number, waiting);
        let is_news = self.show(&waits);
        drop(waits);
        // Our own pace is nothing to tell; the rest is told once, however many requests wait for it.
        if let Some(waiting) = self.waiting().filter(|waiting| is_news && waiting.reason != Reason::Pace)
            && let Some(clock) = self.shared.clock.get()
        {
            tracing::info!("{}", waiting.text(clock.monotonic()));
        }
        WaitGuard { activity: self.clone(), number }
    }

    /// Whether what is shown has changed.
    fn show(&self, waits: &Waits) -> bool {
        let shown = waits.current.values().max_by_key(|waiting| waiting.weight()).cloned();
        self.shared.shown.send_if_modified(|current| {
            let changed = *current != shown;
            *current = shown;
            changed
        })
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Waits> {
        self.shared.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let mut waits = self.activity.waits();
        waits.current.remove(&self.number);
        self.activity.show(&waits);
    }
}

#[cfg(test)]
mod tests {
    use super::{Activity, Duration, Reason, Waiting};

    fn wait(reason: Reason, until: u64) -> Waiting {
        Waiting { target: "Acme".to_owned(), reason, until: Duration::from_secs(until) }
    }

    #[test]
    fn texts() {
        let now = Duration::from_millis(3_500);
        assert_eq!(wait(Reason::Refused("429".to_owned()), 10).text(now), "waiting 7 s (Acme: 429)");
        let offline = wait(Reason::Offline(Duration::from_secs(5)), 50);
        assert_eq!(offline.text(Duration::from_secs(42)), "offline 00:37");
        assert_eq!(offline.text(Duration::from_secs(130)), "offline 02:05");
    }

    #[test]
    fn the_weightiest_wait_is_shown_until_it_ends() {
        let activity = Activity::default();
        let _pace = activity.begin_wait(wait(Reason::Pace, 100));
        let limited = activity.begin_wait(wait(Reason::Refused("429".to_owned()), 10));
        assert_eq!(activity.waiting().unwrap().reason, Reason::Refused("429".to_owned()));
        drop(limited);
        assert_eq!(activity.waiting().unwrap().reason, Reason::Pace);
    }
}
