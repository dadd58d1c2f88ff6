//! The target: found before anything is read, replaced by the finished file at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accord_c1z::container::ContainerError;
use accord_c1z::model::Timestamp;
use accord_c1z::reader::ReadError;
use accord_c1z::work::{
    Error, Existing, Expand, FinishOptions, Finished, Limits, Progress as Step, Summary, SyncType, WorkFile, existing,
    read_existing, set_aside,
};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::manifest::Manifest;
use crate::problem::{Category, Problem};

use super::cost::{Meter, Phase};
use super::coverage::Coverage;
use super::errors;
use super::progress::{Progress, Stage};
use super::run::{SyncOptions, interrupted, stopped};

pub(super) struct Finishing<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) digest: &'a str,
    pub(super) options: &'a SyncOptions,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Timestamp,
    pub(super) progress: Progress,
    pub(super) meter: &'a mut Meter,
}

/// The final pass. It computes for long, so it gets this thread while others of the runtime go on.
pub(super) async fn finish(
    work: &mut WorkFile,
    finishing: Finishing<'_>,
    mut stop: watch::Receiver<Option<i32>>,
) -> Result<(Finished, Coverage, Timestamp), Problem> {
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancel);
    let watcher = tokio::spawn(async move {
        let signal = stopped(&mut stop).await;
        flag.store(true, Ordering::Relaxed);
        signal
    });
    let records = work.collections().map_err(errors::storage)?;
    let order: Vec<String> = finishing.manifest.collections.iter().map(|collection| collection.name.clone()).collect();
    let scope = &finishing.options.scope;
    let (sync_type, expand) = match (scope.resources_only, scope.resources.is_empty()) {
        (true, _) => (SyncType::ResourcesOnly, Expand::None),
        (false, false) => (SyncType::Partial, Expand::None),
        (false, true) if finishing.options.expand_grants => (SyncType::Full, Expand::Full),
        (false, true) => (SyncType::Full, Expand::Skip),
    };
    let coverage_of = |summary: &Summary| Coverage::new(finishing.manifest, finishing.digest, &records, summary);
    let text_of = |summary: &Summary| serde_json::to_string(&coverage_of(summary)).unwrap_or_default();
    let progress = finishing.progress.clone();
    let meter = finishing.meter;
    let mut tell = move |step: Step| {
        meter.enter(Phase::Finishing(step.into()));
        progress.enter(Stage::Finishing(step_text(step)));
    };
    let finished = tokio::task::block_in_place(|| {
        work.finish(FinishOptions {
            collection_order: &order,
            sync_type,
            parent_sync_id: String::new(),
            started_at: finishing.started_at,
            ended_at: finishing.ended_at,
            indexes: finishing.options.indexes,
            expand,
            limits: Limits::default(),
            coverage: &text_of,
            cancel,
            progress: &mut tell,
        })
    });
    match finished {
        Ok(finished) => {
            watcher.abort();
            let coverage = coverage_of(&finished.summary);
            Ok((finished, coverage, finishing.ended_at))
        }
        Err(Error::Cancelled) => Err(interrupted(watcher.await.unwrap_or(15))),
        Err(error) => {
            watcher.abort();
            Err(errors::storage(error))
        }
    }
}

fn step_text(step: Step) -> String {
    let percent = |done: u64, of: u64| (done * 100).checked_div(of).unwrap_or(100);
    match step {
        Step::Merging => "merging rows".into(),
        Step::ExpansionEstimate { at_most } => format!("expanding grants, at most {at_most} more"),
        Step::Expanding { done, of } => format!("expanding grants, {} %", percent(done, of)),
        Step::Writing { rows, of } => format!("writing rows, {} %", percent(rows, of)),
        Step::Indexing { done, of } => format!("building indexes, {} %", percent(done, of)),
        Step::Compressing { bytes, of } => format!("compressing, {} %", percent(bytes, of)),
        Step::Verifying => "verifying".into(),
    }
}

/// The folder of the target must exist; its name is resolved so that locks and work files of one target are one.
pub(super) fn canonical_target(target: &Path) -> Result<PathBuf, Problem> {
    let problem = |error: std::io::Error| {
        Problem::new(Category::Storage, "DISK-003", format!("cannot write `{}`: {error}", target.display()))
            .remedy("name a file in a folder that exists and that you may write to with --file")
    };
    if target.is_dir() {
        return Err(problem(std::io::Error::other("it is a folder")));
    }
    if let Ok(existing) = target.canonicalize() {
        return Ok(existing);
    }
    let name = target.file_name().ok_or_else(|| problem(std::io::Error::other("it names no file")))?;
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize().map_err(problem)?.join(name))
}

/// A target that cannot be read is moved aside, and said so; the new file takes its place.
///
/// A v3 file is no wreck but another tool's file, so it is left where it is and the run refused.
pub(super) fn set_corrupt_target_aside(
    target: &Path,
    work_folder: Option<&Path>,
    clock: &dyn Clock,
) -> Result<(), Problem> {
    if existing(target).map_err(errors::storage)? == Existing::Nothing {
        return Ok(());
    }
    let damage = match read_existing(target, work_folder) {
        Ok(()) => return Ok(()),
        Err(ReadError::Container(error @ ContainerError::V3 { .. })) => {
            return Err(Problem::new(
                Category::Storage,
                "FILE-002",
                format!("`{}` cannot be replaced: {error}", target.display()),
            )
            .remedy("name another file with --file, or move this one away"));
        }
        Err(ReadError::Container(error)) if !error.is_damage() => {
            return Err(Problem::new(Category::Storage, "FILE-001", error.to_string()));
        }
        Err(error) => error,
    };
    let now = Timestamp { seconds: clock.unix_seconds(), nanoseconds: 0 };
    let place = set_aside(target, now).map_err(errors::storage)?;
    tracing::warn!("`{}` cannot be read ({damage}); it is now `{}`", target.display(), place.display());
    Ok(())
}
