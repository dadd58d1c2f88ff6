//! Listings: their addresses, how far they are, and what is to be told about them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names one listing: a collection that the manifest declares, and the key of one discovered at run time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CollectionAddress {
    pub name: String,
    pub key: Option<String>,
}

impl CollectionAddress {
    pub fn new(name: impl Into<String>, key: Option<&str>) -> Self {
        Self { name: name.into(), key: key.map(str::to_owned) }
    }
}

impl fmt::Display for CollectionAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}/{key}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A listing's number in one work file. Kept over a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CollectionId(pub(crate) i64);

impl CollectionId {
    /// The listing of this number, for a record that comes from elsewhere than a work file.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CollectionState {
    /// Pages are still to be read.
    Open,
    /// Read to its end.
    Complete,
    /// Ended without its end: see [`CollectionRecord::gap`].
    Gap,
    /// Not asked for.
    Deselected,
}

/// Why a listing ended without its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// A fragment for people: `Duo refused the listing (HTTP 403)`.
    pub reason: String,
    /// The permission that is missing, as the target's console names it.
    pub permission: Option<String>,
    /// Whether access may be missing from the file; false for cosmetic data only.
    pub lost: bool,
}

/// Something worth telling about a listing, or about the whole file, that went well otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What: `membership in an unknown group`.
    pub what: String,
    pub count: u64,
    /// At most 20.
    pub examples: Vec<String>,
    pub reason: String,
    /// Whether access may be missing from the file.
    pub lost: bool,
}

/// How the caller ends a listing that has no last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    Gap(Gap),
    Deselected,
}

/// One listing as the work file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionRecord {
    pub id: CollectionId,
    pub address: CollectionAddress,
    pub state: CollectionState,
    /// Where to read on; none before the first page and after the last.
    pub cursor: Option<String>,
    /// How often the listing began again.
    pub restarts: u32,
    /// Why it began again, oldest first.
    pub restart_reasons: Vec<String>,
    /// Pages committed since the last restart: the number of the next page.
    pub pages: u32,
    /// Items of the target that these pages held.
    pub items: u64,
    /// How many items the target says that the listing has, by its last page that said so.
    pub total: Option<u64>,
    /// Rows that these pages pushed and that were kept.
    pub rows: u64,
    /// Rows that were left out because their resource type is not selected.
    pub filtered: u64,
    pub notes: Vec<Note>,
    pub gap: Option<Gap>,
}
