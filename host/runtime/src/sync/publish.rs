//! The final pass: from the work file to the published file and its coverage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accord_c1z::model::Timestamp;
use accord_c1z::work::{Error, Expand, FinishOptions, Finished, Limits, Progress as Step, Summary, SyncType, WorkFile};
use tokio::sync::watch;

use crate::manifest::Manifest;
use crate::problem::Problem;

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
