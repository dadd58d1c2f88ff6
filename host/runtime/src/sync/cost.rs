//! Where a sync's CPU time went, for the report and the benchmark. No durations: those belong to the network.

use std::time::Duration;

use accord_c1z::work::Progress as Step;
use cpu_time::ProcessTime;
use serde::Serialize;

/// CPU seconds of the whole process, in all and by phase: all that it used until its file was there.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Cost {
    pub cpu_seconds: f64,
    /// The most memory that was resident at once; none where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// Until the first page: arguments, plugin, trust store, work file.
    pub starting: f64,
    /// Guests, what crosses to and from them, the network, and staging.
    pub reading: f64,
    /// The part of `reading` that went into the work file.
    pub staging: f64,
    /// Sorting rows and choosing among those of one id.
    pub merging: f64,
    /// Grants that follow from grants.
    pub expanding: f64,
    /// Rows into the database.
    pub writing: f64,
    pub indexing: f64,
    pub packing: f64,
    /// The database before it is packed, and the file against it.
    pub verifying: f64,
}

/// A phase of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Reading,
    Finishing(Finish),
}

/// A phase of the final pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    Merging,
    Expanding,
    Writing,
    Indexing,
    Packing,
    Verifying,
}

impl From<Step> for Finish {
    fn from(step: Step) -> Self {
        match step {
            Step::Merging => Self::Merging,
            Step::ExpansionEstimate { .. } | Step::Expanding { .. } => Self::Expanding,
            Step::Writing { .. } => Self::Writing,
            Step::Indexing { .. } => Self::Indexing,
            Step::Compressing { .. } => Self::Packing,
            Step::Verifying => Self::Verifying,
        }
    }
}

/// Charges CPU time to the phase that the sync is in.
#[derive(Debug)]
pub(super) struct Meter {
    phase: Phase,
    charged: Duration,
    cost: Cost,
}

impl Meter {
    /// Everything since the process began counts as starting.
    pub(super) fn start() -> Self {
        Self { phase: Phase::Starting, charged: Duration::ZERO, cost: Cost::default() }
    }

    /// From here on, time goes to this phase.
    pub(super) fn enter(&mut self, phase: Phase) {
        let now = ProcessTime::now().as_duration();
        let cost = &mut self.cost;
        let account = match self.phase {
            Phase::Starting => &mut cost.starting,
            Phase::Reading => &mut cost.reading,
            Phase::Finishing(Finish::Merging) => &mut cost.merging,
            Phase::Finishing(Finish::Expanding) => &mut cost.expanding,
            Phase::Finishing(Finish::Writing) => &mut cost.writing,
            Phase::Finishing(Finish::Indexing) => &mut cost.indexing,
            Phase::Finishing(Finish::Packing) => &mut cost.packing,
            Phase::Finishing(Finish::Verifying) => &mut cost.verifying,
        };
        *account += now.saturating_sub(self.charged).as_secs_f64();
        self.charged = now;
        self.phase = phase;
    }

    /// Adds what the thread of the work file used; it is part of reading.
    pub(super) fn staged(&mut self, used: Duration) {
        self.cost.staging += used.as_secs_f64();
    }

    /// Everything up to now.
    pub(super) fn cost(&mut self) -> Cost {
        self.enter(self.phase);
        Cost { cpu_seconds: self.charged.as_secs_f64(), peak_memory_bytes: peak_memory(), ..self.cost }
    }
}

/// `VmHWM:    74232 kB`, as Linux tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
