//! From staged rows to the published file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Error, Note, WorkFile};
use crate::model::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncType {
    Full,
    /// Selected resources.
    Partial,
    /// Without entitlements and grants.
    ResourcesOnly,
}

/// What happens to grants that pass access on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expand {
    /// They are expanded.
    Full,
    /// The reader expands them.
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
    /// Pairs of entitlements that pass access on; held in memory at about 40 bytes each.
    pub max_edges: u64,
}

impl Default for Limits {
    /// 50 million rows are about 20 GB of database, past what readers take (10 GiB); 2 million edges are 80 MB.
    fn default() -> Self {
        Self { max_expanded: 50_000_000, max_edges: 2_000_000 }
    }
}

/// How far a finish is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Merging,
    /// At most so many grants and sources will be added.
    ExpansionEstimate {
        at_most: u64,
    },
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
    pub resources_by_resource_type: BTreeMap<String, u64>,
    pub entitlements_by_resource_type: BTreeMap<String, u64>,
    /// By the resource type of the entitlement.
    pub grants_by_resource_type: BTreeMap<String, u64>,
}

/// What is known when all rows are written and the coverage is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    pub counts: Counts,
    /// What was left out, by name.
    pub notes: Vec<Note>,
}

pub struct FinishOptions<'a> {
    /// Collection names in the manifest's order: where rows disagree, the later one's wins.
    pub collection_order: &'a [String],
    pub sync_type: SyncType,
    /// For partial syncs: the latest finished full one, if known.
    pub parent_sync_id: String,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub indexes: Indexes,
    pub expand: Expand,
    pub zstd_level: i32,
    pub limits: Limits,
    /// Makes the coverage text for the file from what came out.
    pub coverage: &'a dyn Fn(&Summary) -> String,
    /// Set to stop: the finish returns [`Error::Cancelled`] within a second, and can be repeated.
    pub cancel: Arc<AtomicBool>,
    pub progress: &'a mut dyn FnMut(Progress),
}

impl std::fmt::Debug for FinishOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FinishOptions")
            .field("sync_type", &self.sync_type)
            .field("expand", &self.expand)
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

impl WorkFile {
    /// Makes the file and renames it over the target. The work file stays until [`WorkFile::discard`].
    ///
    /// # Errors
    /// Contradicting rows (both collections are named), a grant that passes on another principal's access, too many
    /// grants, space, cancellation. The previous target is untouched and no temporary file remains.
    pub fn finish(&mut self, options: FinishOptions<'_>) -> Result<Finished, Error> {
        let _ = options;
        todo!()
    }
}
