//! Which origins have answered, and since when one that has is out of reach.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is known about each origin.
#[derive(Debug, Default)]
pub(super) struct Reach {
    origins: Mutex<BTreeMap<String, State>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    answered: bool,
    away_since: Option<Duration>,
}

/// An origin that did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Away {
    /// It has answered before, so the name and the route are right.
    pub(super) known: bool,
    pub(super) since: Duration,
}

impl Reach {
    pub(super) fn answered(&self, origin: &str) {
        self.change(origin, |state| *state = State { answered: true, away_since: None });
    }

    pub(super) fn away(&self, origin: &str, now: Duration) -> Away {
        self.change(origin, |state| Away { known: state.answered, since: *state.away_since.get_or_insert(now) })
    }

    fn change<T>(&self, origin: &str, change: impl FnOnce(&mut State) -> T) -> T {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        change(origins.entry(origin.to_owned()).or_default())
    }
}
