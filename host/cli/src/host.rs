//! What a run needs from this process: threads, the engine, the clock, the way to the network, and the word to stop.

use std::sync::Arc;

use accord_runtime::clock::{Clock, SystemClock};
use accord_runtime::configuration::Configuration;
use accord_runtime::engine::Engine;
use accord_runtime::http::{Activity, NetworkOptions};
use accord_runtime::limits::Limits;
use accord_runtime::plugin::Package;
use accord_runtime::sync::{Progress, Setup};
use accord_runtime::{Category, Problem};
use tokio::runtime::{Builder, Runtime};

use crate::folders::{self, CacheFolder};
use crate::output::{Screen, progress};
use crate::signals;

/// Makes waits shorter in tests: they last one part in so many.
const TIME_SCALE: &str = "ACCORD_TIME_SCALE";

/// What lives as long as the process works.
#[derive(Debug)]
pub(crate) struct Host {
    runtime: Runtime,
    engine: Engine,
    screen: Screen,
}

impl Host {
    pub(crate) fn start(screen: Screen) -> Result<Self, Problem> {
        // The thread that finishes a file computes for long; a second one has to be there for the rest.
        let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build().map_err(|error| {
            Problem::new(Category::Storage, "HOST-001", format!("no thread could be started: {error}"))
        })?;
        Ok(Self { runtime, engine: engine()?, screen })
    }

    /// Runs `work` with everything set up, showing its progress. Nothing that is still under way afterwards, such as a
    /// name that is being looked up, keeps the process.
    pub(crate) fn run<Output>(
        self,
        package: &Package,
        configuration: Configuration,
        network: NetworkOptions,
        work: impl AsyncFnOnce(Setup<'_>) -> Result<Output, Problem>,
    ) -> Result<Output, Problem> {
        let Self { runtime, engine, screen } = self;
        let outcome = runtime.block_on(async {
            let stop = signals::stop_requests(screen.clone())?;
            let (shown, activity) = (Progress::default(), Activity::default());
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new(time_scale()));
            let setup = Setup {
                engine: &engine,
                package,
                configuration: Arc::new(configuration),
                network,
                clock: Arc::clone(&clock),
                stop,
                progress: shown.clone(),
                activity: activity.clone(),
                limits: Limits::of(&package.manifest),
            };
            let watcher = tokio::spawn(progress::show(shown, activity, clock, screen.clone()));
            let outcome = work(setup).await;
            watcher.abort();
            let _ = watcher.await;
            progress::end(&screen);
            outcome
        });
        runtime.shutdown_background();
        outcome
    }
}

/// The engine with its cache. Only a cache that the operator named has to work.
fn engine() -> Result<Engine, Problem> {
    match folders::cache() {
        CacheFolder::Off => Engine::new(None),
        CacheFolder::Named(path) => Engine::new(Some(&path)),
        CacheFolder::Usual(path) => Engine::new(Some(&path)).or_else(|problem| {
            tracing::debug!("compiled plugins are not kept: {}", problem.headline);
            Engine::new(None)
        }),
    }
}

fn time_scale() -> f64 {
    std::env::var(TIME_SCALE).ok().and_then(|text| text.parse().ok()).unwrap_or(1.0)
}
