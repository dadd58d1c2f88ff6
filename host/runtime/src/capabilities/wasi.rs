//! `wasi:*`: everything a Rust guest links, with nothing behind it. No environment, no arguments, no files, no sockets;
//! the clock stands at the start of the sync, and randomness comes from the page's address.

use std::time::Duration;

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
