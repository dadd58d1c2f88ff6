//! What a guest can do, one module per interface, and the state of one instance behind them.
//!
//! A module here checks limits, moves data across the boundary, and hands over to the part of the host that does the
//! work: `http` to the gateway, `facts` to the work file's thread. Nothing else reaches a guest.

mod c1z;
mod config;
mod facts;
mod http;
mod log;
mod random;
mod secrets;
mod stderr;
pub(crate) mod wasi;
mod weight;

pub(crate) use self::http::Exchanges;
pub(crate) use self::log::LogBudget;
pub(crate) use self::random::{Seed, seed_of};
pub(crate) use self::stderr::Stderr;

use std::sync::Arc;
use std::time::{Duration, Instant};

use accord_c1z::model::Rows;
use wasmtime::StoreLimits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

use crate::bindings::accord::connector::types as wit;
use crate::engine::TICK;
use crate::http::{Phase, PlannedRequest};
use crate::problem::Problem;
use crate::running::Shared;
use crate::sync::FactsReader;

/// Everything that belongs to one instance.
pub(crate) struct State {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limits: StoreLimits,
    pub(crate) stderr: Stderr,
    pub(crate) seed: Seed,
    pub(crate) call: Call,
    pub(crate) compute: Compute,
}

/// What one call of an export gathers. It is dropped whole unless the call returns well.
pub(crate) struct Call {
    pub(crate) phase: Phase,
    /// Set for calls that may push rows, with the listing's name for messages.
    pub(crate) listing: Option<String>,
    pub(crate) rows: Rows,
    row_count: usize,
    row_bytes: usize,
    pub(crate) facts: Vec<(String, Vec<u8>)>,
    fact_bytes: usize,
    /// Where facts of others are looked up; none: only this call's own.
    pub(crate) facts_reader: Option<FactsReader>,
    pub(crate) exchanges: Exchanges,
    /// The last request, for what the guest does not know to be its fault.
    pub(crate) asked: Option<String>,
    /// The last request that was still answered with 429: a guest's failure does not name it.
    pub(crate) rate_limited: Option<String>,
    /// The request whose answer was larger than this many bytes, unless another one was answered after it.
    pub(crate) too_large: Option<(String, u64)>,
    /// A learnt origin did not take us, or was not what was learnt.
    pub(crate) doubtful: bool,
    /// What would follow the first write of a dry run.
    announced: Vec<PlannedRequest>,
    /// What a dry run would have sent: the call ends there.
    pub(crate) planned: Vec<PlannedRequest>,
    /// A rule was broken; the call's result counts no more.
    pub(crate) fault: Option<Problem>,
}

impl Call {
    pub(crate) fn new(phase: Phase) -> Self {
        Self {
            phase,
            listing: None,
            rows: Rows::default(),
            row_count: 0,
            row_bytes: 0,
            facts: Vec::new(),
            fact_bytes: 0,
            facts_reader: None,
            exchanges: Exchanges::Live { recorded: None, count: 0 },
            asked: None,
            rate_limited: None,
            too_large: None,
            doubtful: false,
            announced: Vec::new(),
            planned: Vec::new(),
            fault: None,
        }
    }

    /// Notes the first broken rule.
    pub(crate) fn fail(&mut self, problem: Problem) {
        self.fault.get_or_insert(problem);
    }
}

/// Guest computing time of the present call; waiting for the host is not counted.
#[derive(Debug)]
pub(crate) struct Compute {
    budget: Duration,
    used: Duration,
    since: Instant,
}

impl Compute {
    pub(crate) fn new(budget: Duration) -> Self {
        Self { budget, used: Duration::ZERO, since: Instant::now() }
    }

    pub(crate) fn restart(&mut self) {
        self.used = Duration::ZERO;
        self.since = Instant::now();
    }

    /// The guest was running until now. More than two ticks in a row were spent elsewhere: other tasks, a busy machine.
    pub(crate) fn charge(&mut self) -> bool {
        self.used += self.since.elapsed().min(2 * TICK);
        self.since = Instant::now();
        self.used > self.budget
    }

    /// The guest runs again from now on.
    pub(crate) fn resume(&mut self) {
        self.since = Instant::now();
    }
}

impl State {
    /// Hands a result to the guest, unless a rule was broken or a dry run is over: then the call ends here.
    fn go_on<T>(&self, result: T) -> wasmtime::Result<T> {
        match &self.call.fault {
            Some(problem) => Err(wasmtime::Error::msg(problem.code)),
            None if !self.call.planned.is_empty() => Err(wasmtime::Error::msg("the dry run is over")),
            None => Ok(result),
        }
    }
}

/// The types have no functions, but the generated bindings want to hear it.
impl wit::Host for State {}

/// A bug of the guest, told to the guest.
fn bug(text: impl Into<String>) -> wit::Failure {
    let (message, place, meaning, remedy) = (text.into(), String::new(), String::new(), String::new());
    wit::Failure { kind: wit::FailureKind::Bug, detail: wit::Detail { message, place, meaning, remedy } }
}
