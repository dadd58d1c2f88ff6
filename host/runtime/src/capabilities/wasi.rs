//! `wasi:*`: everything a Rust guest links, with nothing behind it. No environment, no arguments, no files, no sockets;
//! the clock stands at the start of the sync, and randomness comes from the page's address.

use std::time::Duration;

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, ResourceTable, WasiCtx, WasiCtxView, WasiView};

use super::random::Seed;
use super::{State, Stderr};

/// A context with nothing to give.
pub(crate) fn context(stderr: &Stderr, seed: &Seed, started_at: Duration, random_bytes: u64) -> WasiCtx {
    WasiCtx::builder()
        .stdout(stderr.clone())
        .stderr(stderr.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .wall_clock(Standing(started_at))
        .monotonic_clock(Standing(started_at))
        .secure_random(seed.clone())
        .insecure_random(seed.clone())
        .insecure_random_seed(0)
        .max_random_size(random_bytes)
        .build()
}

/// Takes the timers away. One that rings in a year would hold its worker for as long, since waiting is not computing.
/// Guests have nothing to wait for: the host waits between attempts.
pub(crate) fn refuse_to_wait(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    // The version that `wasmtime-wasi` links; guests of older ones find it too. A test sleeps to see that it still does.
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    for timer in ["subscribe-duration", "subscribe-instant"] {
        clock.func_wrap(timer, |_, (_,): (u64,)| -> wasmtime::Result<(Resource<DynPollable>,)> {
            Err(wasmtime::Error::msg("it wanted to sleep, which no connector may"))
        })?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// An empty table of handles.
pub(crate) fn table() -> ResourceTable {
    ResourceTable::new()
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
struct Standing(Duration);

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for Standing {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use wasmtime_wasi::p2::bindings::random::random::Host as _;

    use super::*;

    #[test]
    fn random_bytes_come_in_bounded_pieces_and_are_the_same_for_the_same_page() {
        let seed = Seed::default();
        let mut context = context(&Stderr::new(1), &seed, Duration::ZERO, 64);
        let mut page = |address| {
            seed.set(super::super::seed_of(address));
            context.random().get_random_bytes(64).unwrap()
        };
        let first = page("users page 0");
        assert_ne!(first, page("users page 1"));
        assert_eq!(first, page("users page 0"));
        assert!(context.random().get_random_bytes(65).is_err());
    }
}
