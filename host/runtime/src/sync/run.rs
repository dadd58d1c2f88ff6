//! The run itself: what it is given, what its workers share, and the way from the lock to the report.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use accord_c1z::container;
use accord_c1z::lock::TargetLock;
use accord_c1z::model::Timestamp;
use accord_c1z::schema::FileProfile;
use accord_c1z::work::{CollectionId, CollectionRecord, Indexes, OpenOptions, Origin, WorkFile};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::capabilities::Exchanges;
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::engine::{Engine, bug};
use crate::http::{Activity, Gateway, NetworkOptions};
use crate::limits::Limits;
use crate::manifest::{Collection, Manifest};
use crate::plugin::{Package, hex};
use crate::problem::{Category, Problem};
use crate::running::{Grants, Plugin};
use crate::tape::{Address, Exchange, Player, Recorder};

use super::begin::{begin, connect};
use super::cost::{Meter, Phase};
use super::coverage::AllowedGaps;
use super::errors;
use super::listing::worker;
use super::progress::{Progress, Stage};
use super::publish::{Finishing, finish};
use super::queue::Queue;
use super::remaining;
use super::report::{Report, Totals, Traffic};
use super::scope::{Scope, Selection, gap_no_longer_allowed, header, identity};
use super::target::{Place, canonical_target};
use super::turn::{WhenBusy, take_turn};
use super::writer::Writer;

/// Whether requests are recorded or answered from a tape.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TapeMode {
    #[default]
    Off,
    Record(PathBuf),
    Replay(PathBuf),
}

/// What the operator asked for.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    pub target: PathBuf,
    /// Where the work file lies; none: beside the target.
    pub work_folder: Option<PathBuf>,
    pub when_busy: WhenBusy,
    /// What unpacking the file that lies at the target may cost.
    pub unpacking: container::Limits,
    /// Listings read at a time.
    pub workers: usize,
    pub scope: Scope,
    pub expand_grants: bool,
    pub indexes: Indexes,
    pub file_profile: FileProfile,
    pub allowed_gaps: AllowedGaps,
    pub tape: TapeMode,
}

impl SyncOptions {
    /// A sync of everything, as it is without any option.
    pub fn new(target: PathBuf) -> Self {
        Self {
            target,
            work_folder: None,
            when_busy: WhenBusy::default(),
            unpacking: container::Limits::default(),
            workers: 4,
            scope: Scope::default(),
            expand_grants: true,
            indexes: Indexes::All,
            file_profile: FileProfile::default(),
            allowed_gaps: AllowedGaps::default(),
            tape: TapeMode::default(),
        }
    }
}

/// What a run needs from the process.
#[derive(Debug)]
pub struct Setup<'a> {
    pub engine: &'a Engine,
    pub package: &'a Package,
    pub configuration: Arc<Configuration>,
    pub network: NetworkOptions,
    pub clock: Arc<dyn Clock>,
    /// The number of a signal once the run is asked to stop.
    pub stop: watch::Receiver<Option<i32>>,
    pub progress: Progress,
    /// What the network is doing, for whoever watches.
    pub activity: Activity,
    pub limits: Limits,
}

impl Setup<'_> {
    pub(crate) fn gateway(&self) -> Result<Gateway, Problem> {
        Gateway::new(
            Arc::clone(&self.package.manifest),
            Arc::clone(&self.configuration),
            self.network.clone(),
            Arc::clone(&self.clock),
            self.activity.clone(),
        )
    }
}

/// What all workers share.
pub(crate) struct Run {
    pub(crate) plugin: Plugin,
    pub(crate) clock: Arc<dyn Clock>,
    manifest: Arc<Manifest>,
    pub(super) writer: Writer,
    pub(super) selection: Selection,
    /// Entitlements and grants are not asked for.
    pub(super) resources_only: bool,
    queue: Mutex<Queue>,
    /// How often listings had begun again before this run, where they had.
    earlier_restarts: OnceLock<HashMap<CollectionId, u32>>,
    pub(super) changed: Notify,
    pub(super) progress: Progress,
    pub(super) allowed_gaps: AllowedGaps,
    tape: Tape,
    /// Held by the worker that connects again.
    connecting: tokio::sync::Mutex<()>,
}

enum Tape {
    Off,
    Record(Recorder),
    Replay(Player),
}

impl Run {
    /// The collection that the manifest declares under this name.
    pub(crate) fn collection(&self, name: &str) -> Option<&Collection> {
        self.manifest.collections.iter().find(|collection| collection.name == name)
    }

    pub(crate) fn is_replay(&self) -> bool {
        matches!(self.tape, Tape::Replay(_))
    }

    /// Where a page's answers come from.
    pub(crate) fn exchanges(&self, address: &Address) -> Result<Exchanges, Problem> {
        Ok(match &self.tape {
            Tape::Off => Exchanges::Live { recorded: None, count: 0 },
            Tape::Record(_) => Exchanges::Live { recorded: Some(Vec::new()), count: 0 },
            Tape::Replay(player) => Exchanges::Replay { exchanges: player.page(address)?.into(), used: 0 },
        })
    }

    /// Keeps a page's exchanges, if the run records.
    pub(super) fn record(&self, address: &Address, exchanges: Vec<Exchange>) -> Result<(), Problem> {
        match &self.tape {
            Tape::Record(recorder) => recorder.page(address, exchanges),
            Tape::Off | Tape::Replay(_) => Ok(()),
        }
    }

    /// Connects again, because what sealed answers told until `generation` does not hold any more. One worker does it for
    /// all.
    pub(super) async fn reconnect(&self, generation: u64) -> Result<(), Problem> {
        let _alone = self.connecting.lock().await;
        if self.plugin.shared.gateway.generation() != generation {
            return Ok(());
        }
        tracing::warn!(plugin = self.plugin.shared.plugin_id, "what was learnt of the target does not hold any more");
        connect(self, &mut self.plugin.instantiate().await?).await
    }

    /// Each run has its own patience: what a listing went through before counts no more.
    pub(super) fn resumes(&self, records: &[CollectionRecord]) {
        let begun_again = records.iter().filter(|record| record.restarts > 0);
        self.earlier_restarts.get_or_init(|| begun_again.map(|record| (record.id, record.restarts)).collect());
    }

    /// Why a listing began again in this run, oldest first.
    pub(super) fn restarts<'r>(&self, record: &'r CollectionRecord) -> &'r [String] {
        let earlier = self.earlier_restarts.get().and_then(|earlier| earlier.get(&record.id)).copied().unwrap_or(0);
        let earlier = usize::try_from(earlier).unwrap_or(usize::MAX);
        record.restart_reasons.get(earlier..).unwrap_or_default()
    }

    pub(super) fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one sync to its published file.
pub async fn sync(setup: Setup<'_>, options: SyncOptions) -> Result<Report, Problem> {
    let mut meter = Meter::start();
    let manifest = Arc::clone(&setup.package.manifest);
    let target = canonical_target(&options.target)?;
    let selection = Selection::new(&manifest, &setup.configuration, &options.scope)?;
    let tape_in = match &options.tape {
        TapeMode::Replay(folder) => Some(Player::open(folder)?),
        TapeMode::Off | TapeMode::Record(_) => None,
    };
    let place = Place { target: &target, work_folder: options.work_folder.as_deref() };
    let mut stop = setup.stop.clone();
    let mut lock = take_turn(place, &options, &*setup.clock, &setup.progress, &mut stop).await?;
    // The sync begins now, however long the run had to wait.
    let (now, seed) = match &tape_in {
        Some(player) => {
            (timestamp(Duration::from_secs(player.header.started_at.max(0).unsigned_abs())), player.header.seed()?)
        }
        None => (timestamp(since_1970(&*setup.clock)), random_seed()?),
    };
    place.set_corrupt_target_aside(&options.unpacking, &*setup.clock)?;
    let wanted = OpenOptions {
        target: target.clone(),
        folder: options.work_folder.clone(),
        identity: identity(&setup, &options),
        resource_types: selection.selected.clone(),
        deselected: selection.deselected.clone(),
        profile: options.file_profile,
        now,
        seed,
    };
    let mut opened = place.open(wanted.clone())?;
    let records = opened.work.collections().map_err(errors::storage)?;
    if let Some(listing) = gap_no_longer_allowed(&records, &manifest, &options.allowed_gaps) {
        opened.work.discard().map_err(errors::storage)?;
        opened = place.open(wanted)?;
        opened.origin = Origin::Afresh { reason: format!("the gap of {listing} is not allowed any more") };
    }
    let mut resumed_pages = 0;
    match &opened.origin {
        Origin::Fresh => {}
        Origin::Resumed { pages, rows, .. } => {
            resumed_pages = *pages;
            tracing::info!(pages, rows, "resuming an interrupted sync");
        }
        Origin::Afresh { reason } => tracing::warn!("starting afresh: {reason}"),
    }
    let work = opened.work;
    let started_at = work.started_at();
    let (plugin, tape) = match prepare(&setup, &options, &work, tape_in) {
        Ok(ready) => ready,
        Err(problem) => return Err(keep_or_discard(work, problem, &options.target)),
    };
    let is_replay = matches!(tape, Tape::Replay(_));
    let (writer, thread) = Writer::start(work)?;
    let run = Arc::new(Run {
        plugin,
        clock: Arc::clone(&setup.clock),
        queue: Mutex::new(Queue::new(&manifest.collections, Vec::new())),
        earlier_restarts: OnceLock::new(),
        manifest: Arc::clone(&manifest),
        writer,
        selection,
        resources_only: options.scope.resources_only,
        changed: Notify::new(),
        progress: setup.progress.clone(),
        allowed_gaps: options.allowed_gaps.clone(),
        tape,
        connecting: tokio::sync::Mutex::default(),
    });
    meter.enter(Phase::Reading);
    let outcome = read_everything(&run, &options, &mut lock, setup.stop.clone()).await;
    // Workers are gone by now; the writer's last handle goes with the run.
    let shared = Arc::clone(&run.plugin.shared);
    drop(run);
    let (mut work, staged) = thread.finish()?;
    meter.staged(staged);
    let outcome = match outcome {
        Ok(()) => {
            let finishing = Finishing {
                manifest: &manifest,
                digest: &setup.package.digest,
                options: &options,
                ended_at: if is_replay { started_at } else { timestamp(since_1970(&*setup.clock)) },
                started_at,
                progress: setup.progress.clone(),
                meter: &mut meter,
            };
            finish(&mut work, finishing, setup.stop.clone()).await
        }
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok((finished, coverage, ended_at)) => {
            let sync_id = work.sync_id().to_owned();
            work.discard().map_err(errors::storage)?;
            setup.progress.enter(Stage::Done);
            let counters = shared.gateway.activity().counters();
            Ok(Report {
                version: 1,
                file: options.target.clone(),
                bytes: finished.bytes,
                sha256: hex(&finished.sha256),
                sync_id,
                started_at: rfc3339(started_at),
                ended_at: rfc3339(ended_at),
                resumed_pages,
                counts: Totals::from(&finished.summary.counts),
                traffic: Traffic::new(counters, setup.clock.monotonic()),
                cost: meter.cost(),
                coverage,
            })
        }
        Err(problem) => Err(keep_or_discard(work, problem, &options.target)),
    }
}

/// A stopped run keeps what it has read, unless the plugin's fault would be met again or there is nothing to keep.
fn keep_or_discard(work: WorkFile, problem: Problem, target: &Path) -> Problem {
    let records = work.collections().unwrap_or_default();
    let pages: u64 = records.iter().map(|record| u64::from(record.pages)).sum();
    let worth_keeping = pages > 0 && !matches!(problem.category, Category::Plugin | Category::Bug);
    let problem = problem.line("file", format!("{} not touched", target.display()));
    if worth_keeping {
        drop(work);
        return remaining::told(problem, &records)
            .line("resume", format!("run the same command again: {pages} pages need not be read again"));
    }
    if let Err(error) = work.discard() {
        tracing::warn!("the work file could not be removed: {error}");
    }
    problem
}

/// The plugin with its capabilities, and the tape.
fn prepare(
    setup: &Setup<'_>,
    options: &SyncOptions,
    work: &WorkFile,
    player: Option<Player>,
) -> Result<(Plugin, Tape), Problem> {
    let gateway = setup.gateway()?;
    let grants = Grants {
        configuration: &setup.configuration,
        gateway,
        limits: setup.limits.clone(),
        started_at: Duration::from_secs(work.started_at().seconds.max(0).unsigned_abs()),
    };
    let plugin = Plugin::load(setup.engine, setup.package, grants)?;
    let tape = match (&options.tape, player) {
        (_, Some(player)) => Tape::Replay(player),
        (TapeMode::Record(folder), None) => {
            Tape::Record(Recorder::begin(folder, &header(setup, work.started_at(), work.sync_id()))?)
        }
        _ => Tape::Off,
    };
    Ok((plugin, tape))
}

/// Runs the guest's `connect` and `begin`, and reads every listing. No worker is left when it returns.
async fn read_everything(
    run: &Arc<Run>,
    options: &SyncOptions,
    lock: &mut TargetLock,
    mut stop: watch::Receiver<Option<i32>>,
) -> Result<(), Problem> {
    run.progress.enter(Stage::Reading);
    let mut workers = JoinSet::new();
    let outcome = tokio::select! {
        result = drive(run, options, &mut workers) => result,
        signal = stopped(&mut stop) => Err(interrupted(signal)),
        never = tell_others(run, lock) => match never {},
    };
    workers.shutdown().await;
    outcome
}

/// Writes into the lock how far the run is, for whoever finds the target busy.
async fn tell_others(run: &Run, lock: &mut TargetLock) -> std::convert::Infallible {
    let mut told = None;
    loop {
        run.clock.sleep(Duration::from_secs(1)).await;
        let percent = run.progress.percent();
        if percent != told
            && let Some(percent) = percent
            && let Err(error) = lock.set_percent(percent)
        {
            tracing::debug!("the lock could not be updated: {error}");
        }
        told = percent;
    }
}

async fn drive(
    run: &Arc<Run>,
    options: &SyncOptions,
    workers: &mut JoinSet<Result<(), Problem>>,
) -> Result<(), Problem> {
    let first = begin(run, &options.scope.resources).await?;
    let mut instances = vec![first];
    let most = run.manifest.limits.workers.and_then(|workers| usize::try_from(workers).ok()).unwrap_or(usize::MAX);
    for _ in 0..options.workers.clamp(1, most.max(1)) {
        let run = Arc::clone(run);
        let instance = instances.pop();
        workers.spawn(async move { worker(&run, instance).await });
    }
    while let Some(ended) = workers.join_next().await {
        match ended {
            Ok(result) => result?,
            Err(error) if error.is_panic() => return Err(bug("a worker panicked", &error)),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Waits until the run is asked to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<Option<i32>>) -> i32 {
    loop {
        if let Some(signal) = *stop.borrow_and_update() {
            return signal;
        }
        if stop.changed().await.is_err() {
            // Nobody can ask any more.
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) fn interrupted(signal: i32) -> Problem {
    Problem::new(Category::Interrupted(signal), "STOP-001", "stopped on request")
}

fn random_seed() -> Result<[u8; 16], Problem> {
    let mut seed = [0; 16];
    SystemRandom::new().fill(&mut seed).map_err(|_| bug("the system gives no random bytes", &"getrandom failed"))?;
    Ok(seed)
}

pub(super) fn since_1970(clock: &dyn Clock) -> Duration {
    clock.now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn timestamp(since_1970: Duration) -> Timestamp {
    Timestamp {
        seconds: i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: since_1970.subsec_nanos(),
    }
}

fn rfc3339(moment: Timestamp) -> String {
    time::OffsetDateTime::from_unix_timestamp(moment.seconds)
        .ok()
        .and_then(|moment| moment.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default()
}
