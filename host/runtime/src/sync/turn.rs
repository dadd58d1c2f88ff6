//! One writer a target: its lock is taken, at once or when whoever has it is done.

use std::time::Duration;

use accord_c1z::lock::{Holder, LockError, TargetLock};
use accord_c1z::work::Error;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::problem::Problem;

use super::errors;
use super::progress::{Progress, Stage};
use super::run::{SyncOptions, interrupted, stopped};
use super::target::Place;

/// What a run does when another one writes its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenBusy {
    /// It ends at once.
    #[default]
    Refuse,
    /// It waits for as long as it takes, or as is given.
    Wait(Option<Duration>),
}

/// How often the lock is tried. The kernel would tell, but only to a thread that nothing else could stop.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes the target's lock.
pub(super) async fn take_turn(
    place: Place<'_>,
    options: &SyncOptions,
    clock: &dyn Clock,
    progress: &Progress,
    stop: &mut watch::Receiver<Option<i32>>,
) -> Result<TargetLock, Problem> {
    let began = clock.monotonic();
    let mut told = None;
    loop {
        let (busy, holder) = match TargetLock::acquire(&options.target, clock.unix_seconds()) {
            Ok(lock) => {
                progress.enter(Stage::Starting);
                return Ok(lock);
            }
            Err(LockError::File(full @ Error::NoSpace { .. })) => return Err(place.told(full)),
            Err(LockError::File(error)) => return Err(errors::lock(&error)),
            Err(LockError::Busy { target, holder }) => {
                (LockError::Busy { target, holder: holder.clone() }.to_string(), holder)
            }
        };
        let WhenBusy::Wait(at_most) = options.when_busy else { return Err(errors::busy(busy)) };
        let left = at_most.map_or(PAUSE, |at_most| at_most.saturating_sub(clock.monotonic().saturating_sub(began)));
        if left.is_zero() {
            let waited = at_most.unwrap_or_default().as_secs_f64();
            return Err(errors::busy(busy).line("waited", format!("{waited} s, as long as --wait allows")));
        }
        tell(progress, &busy, holder, &mut told);
        tokio::select! {
            () = clock.sleep(left.min(PAUSE)) => {}
            signal = stopped(stop) => {
                let untouched = format!("{} not touched: it was not this run's turn yet", options.target.display());
                return Err(interrupted(signal).line("file", untouched));
            }
        }
    }
}

/// Tells once whom the run waits for, and keeps the progress line up to date.
fn tell(progress: &Progress, busy: &str, holder: Option<Holder>, told: &mut Option<(u32, i64)>) {
    // Somebody who has the lock and has not written their name yet is told about with the next try.
    let Some(holder) = holder else { return };
    let who = (holder.pid, holder.since);
    if *told != Some(who) {
        tracing::info!("waiting: {busy}");
        *told = Some(who);
    }
    progress.enter(Stage::Waiting(holder.to_string()));
}
