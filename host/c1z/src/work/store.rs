//! The work file itself: where it lies, whose it is, and when it is thrown away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{CollectionAddress, CollectionId, CollectionRecord, Error, Settlement};
use crate::model::{ResourceType, Timestamp};

/// What a sync is a function of, by name: plugin digest, host and interface version, configuration without secrets,
/// scope, flags. A work file is resumed only by the same identity.
pub type Identity = BTreeMap<String, String>;

/// What [`WorkFile::open`] needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenOptions {
    /// Where the finished file will be.
    pub target: PathBuf,
    /// Where the work file, SQLite's temporary files and the database under construction lie; none: beside the target.
    pub folder: Option<PathBuf>,
    pub identity: Identity,
    /// The resource types of this sync, in the manifest's order.
    pub resource_types: Vec<ResourceType>,
    /// Declared types that are not part of this sync: their rows are counted as filtered. A row of any other type is
    /// the plugin's fault.
    pub deselected: Vec<String>,
    /// The present.
    pub now: Timestamp,
    /// Random bytes for the sync id of a fresh start; a resumed run keeps its own.
    pub seed: [u8; 16],
}

/// Why and how a work file begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Fresh,
    Resumed {
        started_at: Timestamp,
        /// Pages that need not be read again.
        pages: u64,
        rows: u64,
    },
    /// An earlier work file was thrown away.
    Afresh {
        reason: String,
    },
}

#[derive(Debug)]
pub struct Opened {
    pub work: WorkFile,
    pub origin: Origin,
}

/// An open work file.
#[derive(Debug)]
pub struct WorkFile {
    pub(super) target: PathBuf,
}

/// Where the work file of a target lies.
pub fn work_path(target: &Path, folder: Option<&Path>) -> PathBuf {
    let _ = folder;
    target.to_path_buf()
}

impl WorkFile {
    /// Opens or begins the work file. The caller holds the target's lock.
    pub fn open(options: OpenOptions) -> Result<Opened, Error> {
        let _ = options;
        todo!()
    }

    /// When the sync began; a resumed run keeps it.
    pub fn started_at(&self) -> Timestamp {
        todo!()
    }

    /// The sync's id; a resumed run keeps it.
    pub fn sync_id(&self) -> &str {
        todo!()
    }

    /// Adds the listings to begin with; known ones are left as they are.
    pub fn begin(&mut self, collections: &[CollectionAddress]) -> Result<(), Error> {
        let _ = collections;
        todo!()
    }

    /// All listings, by name and key.
    pub fn collections(&self) -> Result<Vec<CollectionRecord>, Error> {
        todo!()
    }

    pub fn collection(&self, id: CollectionId) -> Result<CollectionRecord, Error> {
        let _ = id;
        todo!()
    }

    /// Ends a listing that has no last page. What it pushed is kept.
    pub fn settle(&mut self, id: CollectionId, settlement: Settlement) -> Result<(), Error> {
        let _ = (id, settlement);
        todo!()
    }

    /// Begins a listing again: its rows, facts, and the listings that only it found are dropped.
    pub fn restart(&mut self, id: CollectionId, reason: &str) -> Result<CollectionRecord, Error> {
        let _ = (id, reason);
        todo!()
    }

    /// How many distinct resources of this type the listing pushed (stubs do not count), or its items if it pushed
    /// none: to compare with its total.
    pub fn distinct(&self, id: CollectionId, resource_type: &str) -> Result<u64, Error> {
        let _ = (id, resource_type);
        todo!()
    }

    /// Bytes that the work file takes.
    pub fn bytes(&self) -> u64 {
        todo!()
    }

    /// Removes the work file: after a finished sync was delivered, or when it is not wanted any more.
    pub fn discard(self) -> Result<(), Error> {
        todo!()
    }
}
