//! What can go wrong between the first page and the published file.

use std::path::PathBuf;

use super::CollectionAddress;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A file or folder of this machine.
    Storage,
    /// The plugin pushed what no file may hold.
    Plugin,
    /// Asked to stop; the work file can be resumed.
    Cancelled,
    /// accord itself.
    Bug,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{doing} `{path}`: {source}", path = path.display())]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{doing} `{path}`: {source}", path = path.display())]
    Database { doing: &'static str, path: PathBuf, source: rusqlite::Error },
    #[error("no space in `{path}`: about {needed} bytes needed, {free} free", path = path.display())]
    NoSpace { path: PathBuf, needed: u64, free: u64 },
    #[error("cursor `{cursor}` returned twice in {collection}")]
    CursorRepeated { collection: CollectionAddress, cursor: String },
    #[error("page {got} of {collection} was committed where page {expected} was due")]
    PageOrder { collection: CollectionAddress, expected: u32, got: u32 },
    #[error("{collection} is not open")]
    NotOpen { collection: CollectionAddress },
    #[error("unknown collection number {0}")]
    UnknownCollection(i64),
    #[error(
        "{collection} pushed {what} `{id}` of resource type `{resource_type}`, which its manifest does not declare"
    )]
    UndeclaredType { collection: CollectionAddress, what: &'static str, id: String, resource_type: String },
    #[error("{collection} pushed a row that no file may hold: {reason}")]
    BadRow { collection: CollectionAddress, reason: String },
    #[error("{what} `{id}` has {field} `{first}` in {first_collection} and `{second}` in {second_collection}")]
    Contradiction {
        what: &'static str,
        id: String,
        field: &'static str,
        first: String,
        first_collection: CollectionAddress,
        second: String,
        second_collection: CollectionAddress,
    },
    #[error(
        "grant `{grant}` of {collection} passes on entitlement `{entitlement}`, which belongs to `{resource}` and not to its principal `{principal}`"
    )]
    ForeignExpansion {
        collection: CollectionAddress,
        grant: String,
        entitlement: String,
        resource: String,
        principal: String,
    },
    #[error("expansion would come to {estimate} grants and sources, more than the limit of {limit}")]
    TooManyExpanded { estimate: u64, limit: u64 },
    #[error("{edges} pairs of entitlements pass access on, more than the limit of {limit}")]
    TooManyEdges { edges: u64, limit: u64 },
    #[error("facts take more than {limit} bytes")]
    TooManyFacts { limit: u64 },
    #[error("the new file did not pass its check: {reason}")]
    Verification { reason: String },
    #[error("stopped on request")]
    Cancelled,
}

impl Error {
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } | Self::Database { .. } | Self::NoSpace { .. } | Self::Verification { .. } => {
                Fault::Storage
            }
            Self::Cancelled => Fault::Cancelled,
            Self::PageOrder { .. } | Self::NotOpen { .. } | Self::UnknownCollection(_) => Fault::Bug,
            _ => Fault::Plugin,
        }
    }
}
