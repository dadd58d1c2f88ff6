//! From staged rows to the published file.
//!
//! Rows are merged and grants expanded in temporary tables of small integers, which are ranks: the order of the integers
//! is the order of the file. Then the database is written in one pass, compressed, checked and renamed. Everything
//! temporary goes away on every path, and the staged rows stay as they are, so a finish can be repeated.

mod expand;
mod extras;
mod grants;
mod graph;
mod names;
mod packed;
mod passed;
mod publish;
mod rank;
mod sort;
mod streams;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::{CollectionState, Error, Note, WorkFile, paths, space};
pub use crate::database::SyncKind as SyncType;
use crate::model::Timestamp;
use crate::stats::Stats;
pub(super) use publish::Temporary;

/// What happens to grants that pass access on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expand {
    /// They are expanded.
    Full,
    /// The reader of the file expands them.
    Skip,
    /// Expansion has no meaning for this sync: selected resources, or no grants.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexes {
    All,
    /// A smaller file; readers build them when they open it.
    None,
}

/// Bounds of a finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Grants plus their sources that an expansion may come to.
    pub max_expanded: u64,
    /// Pairs of entitlements that pass access on; held in memory at about 60 bytes each.
    pub max_edges: u64,
}

impl Default for Limits {
    /// 50 million rows are about 20 GB of database, past what readers take (10 GiB); 2 million edges are 120 MB.
    fn default() -> Self {
        Self { max_expanded: 50_000_000, max_edges: 2_000_000 }
    }
}

/// How far a finish is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Merging,
    /// Expansion will add at most so many grants and sources.
    ExpansionEstimate {
        at_most: u64,
    },
    /// Entitlements.
    Expanding {
        done: u64,
        of: u64,
    },
    Writing {
        rows: u64,
        of: u64,
    },
    Indexing {
        done: u64,
        of: u64,
    },
    Compressing {
        bytes: u64,
        of: u64,
    },
    Verifying,
}

/// Rows of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    pub resource_types: u64,
    pub resources: u64,
    pub entitlements: u64,
    pub grants: u64,
    /// Grants that expansion made; contained in `grants`.
    pub expanded_grants: u64,
    /// Every resource type of the sync, also those without a resource.
    pub resources_by_resource_type: BTreeMap<String, u64>,
    pub entitlements_by_resource_type: BTreeMap<String, u64>,
    /// By the resource type of the entitlement.
    pub grants_by_resource_type: BTreeMap<String, u64>,
}

impl Counts {
    /// As the file holds them.
    fn stats(&self) -> Stats {
        Stats {
            resource_types: self.resource_types,
            resources: self.resources,
            entitlements: self.entitlements,
            grants: self.grants,
            assets: 0,
            resources_by_resource_type: self.resources_by_resource_type.clone(),
            grants_by_resource_type: self.grants_by_resource_type.clone(),
            entitlements_by_resource_type: self.entitlements_by_resource_type.clone(),
        }
    }
}

/// What is known when all rows are written and the coverage is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    pub counts: Counts,
    /// What was left out, by name. A reference to nothing counts as lost access unless every listing is complete, which
    /// disproves it.
    pub notes: Vec<Note>,
}

/// What a finish needs to know.
pub struct FinishOptions<'a> {
    /// Collection names in the manifest's order: where rows disagree, the later one's wins.
    pub collection_order: &'a [String],
    pub sync_type: SyncType,
    /// For partial syncs: the latest finished full one, if known.
    pub parent_sync_id: String,
    /// Usually [`WorkFile::started_at`].
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub indexes: Indexes,
    pub expand: Expand,
    pub limits: Limits,
    /// Makes the coverage text for the file from what came out.
    pub coverage: &'a dyn Fn(&Summary) -> String,
    /// Set to stop: the finish returns [`Error::Cancelled`] within a second, and can be repeated.
    pub cancel: Arc<AtomicBool>,
    pub progress: &'a mut dyn FnMut(Progress),
}

impl fmt::Debug for FinishOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishOptions")
            .field("sync_type", &self.sync_type)
            .field("expand", &self.expand)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub summary: Summary,
    /// Size of the file.
    pub bytes: u64,
    pub sha256: [u8; 32],
    /// Size of the database inside it.
    pub database_bytes: u64,
}

/// The coverage table's version of its text.
pub const COVERAGE_VERSION: u32 = 1;

impl WorkFile {
    /// Makes the file and renames it over the target. The work file stays until [`WorkFile::discard`].
    ///
    /// # Errors
    /// A listing that is not settled; contradicting rows (both collections are named), a grant that passes on another principal's access, too many
    /// grants, space, cancellation. The previous target is untouched and no temporary file remains.
    pub fn finish(&mut self, mut options: FinishOptions<'_>) -> Result<Finished, Error> {
        let build = Temporary::new(build_path(&self.path))?;
        self.interner.forget();
        stoppable(&mut self.connection, &options.cancel)?;
        let built = self.build(&build, &mut options);
        // The handler would hold on to the caller's flag.
        self.connection.progress_handler(0, None::<fn() -> bool>)?;
        let summary = built.map_err(|error| error.located("build", build.path()))?;
        publish::publish(&self.target, build, summary, &mut options)
    }

    /// Writes the database. The transaction holds nothing but temporary tables, and is never committed.
    fn build(&self, build: &Temporary, options: &mut FinishOptions<'_>) -> Result<Summary, Error> {
        (options.progress)(Progress::Merging);
        if let Some(open) = self.collections()?.into_iter().find(|record| record.state == CollectionState::Open) {
            return Err(Error::StillOpen { collection: open.address });
        }
        let scratch = self.connection.unchecked_transaction()?;
        scratch.pragma_update(Some("temp"), "cache_size", -16 * 1024)?;
        let mut notes = Vec::new();
        rank::pages(&scratch, options.collection_order)?;
        rank::resources(&scratch)?;
        rank::entitlements(&scratch, &mut notes)?;
        grants::merge(&scratch, &mut notes)?;
        passed::create(&scratch)?;
        let types: Vec<&str> = self.resource_types.iter().map(|known| known.id.as_str()).collect();
        let expanded = match options.expand {
            Expand::Full => expand::expand(&scratch, &types, options, &mut notes)?,
            Expand::Skip | Expand::None => 0,
        };
        space::check_finish(&scratch, &self.path, &self.target)?;
        write::write(self, &scratch, build.path(), expanded, notes, options)
    }
}

/// Where the database of a work file lies while it is built.
pub(super) fn build_path(work: &Path) -> PathBuf {
    paths::appended(work, "-build")
}

/// Where the packed file of a target lies until it is renamed.
pub(super) fn packed_path(target: &Path) -> PathBuf {
    paths::beside(target, "tmp")
}

/// Lets the flag stop a statement that runs.
fn stoppable(connection: &mut Connection, cancel: &Arc<AtomicBool>) -> Result<(), Error> {
    /// Virtual machine steps between two looks: some 100 microseconds.
    const STEPS: i32 = 10_000;
    let cancel = Arc::clone(cancel);
    connection.progress_handler(STEPS, Some(move || cancel.load(Ordering::Relaxed)))?;
    Ok(())
}

fn check_cancelled(options: &FinishOptions<'_>) -> Result<(), Error> {
    if options.cancel.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
}
