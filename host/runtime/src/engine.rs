//! The WebAssembly engine of the process: how guests are compiled, interrupted and cached.
//!
//! One engine serves every plugin. Compiled code is kept in a private folder of ours, keyed by content and settings;
//! compiled code from anywhere else is never loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{Cache, CacheConfig, Config};

use crate::problem::{Category, Problem};

/// How often a running guest is asked whether it may go on. Measured cost of asking at all: a quarter to a third of
/// guest time, which is 4 % of a sync.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The engine and its ticker.
#[derive(Debug)]
pub struct Engine {
    pub(crate) inner: wasmtime::Engine,
    stopped: Arc<AtomicBool>,
}

impl Engine {
    /// Makes the engine. `cache`: the private folder for compiled code; none compiles anew in each process.
    pub fn new(cache: Option<&Path>) -> Result<Self, Problem> {
        Self::with(cache, |_| {})
    }

    /// As [`Engine::new`], with more settings.
    pub(crate) fn with(cache: Option<&Path>, adjust: impl FnOnce(&mut Config)) -> Result<Self, Problem> {
        let mut config = Config::new();
        config.epoch_interruption(true).wasm_component_model(true).max_wasm_stack(512 << 10);
        if let Some(folder) = cache {
            config.cache(Some(open_cache(folder)?));
        }
        adjust(&mut config);
        let inner =
            wasmtime::Engine::new(&config).map_err(|error| bug("the WebAssembly engine did not start", &error))?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (ticking, flag) = (inner.weak(), Arc::clone(&stopped));
        std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while !flag.load(Ordering::Relaxed) {
                    std::thread::sleep(TICK);
                    let Some(engine) = ticking.upgrade() else { break };
                    engine.increment_epoch();
                }
            })
            .map_err(|error| {
                Problem::new(Category::Storage, "HOST-001", format!("no thread could be started: {error}"))
            })?;
        Ok(Self { inner, stopped })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn open_cache(folder: &Path) -> Result<Cache, Problem> {
    let unusable = |error: &dyn std::fmt::Display| {
        Problem::new(Category::Storage, "CACHE-001", format!("the cache folder cannot be used: {error}"))
            .place(folder.display().to_string())
            .remedy("name a writable folder with ACCORD_CACHE, or turn the cache off with ACCORD_CACHE=off")
    };
    let folder = private_folder(folder).map_err(|error| unusable(&error))?;
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config).map_err(|error| unusable(&error))
}

/// Makes the folder with mode 0700, and refuses one that belongs to somebody else or that others may write to.
fn private_folder(folder: &Path) -> std::io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let folder = folder.canonicalize()?;
    let metadata = std::fs::metadata(&folder)?;
    let ours = rustix::process::geteuid().as_raw();
    if metadata.uid() != ours {
        return Err(std::io::Error::other("it belongs to another user, who could put code into it"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(std::io::Error::other("others may write to it, and could put code into it"));
    }
    Ok(folder)
}

pub(crate) fn bug(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Category::Bug, "BUG-001", format!("{what}: {error:#}"))
        .remedy("this is a fault of accord; please report it with this text")
}
