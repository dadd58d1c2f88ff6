//! What can go wrong between the first page and the published file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::{CollectionAddress, space};

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
    #[error("{doing} `{}`: {source}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("{doing} `{}`: {source}", path.display())]
    Database { doing: &'static str, path: PathBuf, source: rusqlite::Error },
    /// `needed` is an estimate; none when a write failed and nothing was estimated before.
    #[error("no space for `{}`: {}{free} bytes free", path.display(), needed.map(|bytes| format!("about {bytes} bytes needed, ")).unwrap_or_default())]
    NoSpace { path: PathBuf, needed: Option<u64>, free: u64 },
    #[error("cursor `{cursor}` returned twice in {collection}")]
    CursorRepeated { collection: CollectionAddress, cursor: String },
    #[error("page {got} of {collection} was committed where page {expected} was due")]
    PageOrder { collection: CollectionAddress, expected: u32, got: u32 },
    #[error("{collection} is settled already")]
    NotOpen { collection: CollectionAddress },
    #[error("{collection} is still to be read: a file without it would look complete")]
    StillOpen { collection: CollectionAddress },
    #[error("the work file has no collection number {0}")]
    UnknownCollection(i64),
    #[error(
        "{collection} pushed {what} `{id}` of resource type `{resource_type}`, which the manifest does not declare"
    )]
    UndeclaredType { collection: CollectionAddress, what: &'static str, id: String, resource_type: String },
    #[error("{collection} pushed a row that no file may hold: {reason}")]
    BadRow { collection: CollectionAddress, reason: String },
    #[error("{0}")]
    Contradiction(Box<Contradiction>),
    #[error("{0}")]
    ForeignExpansion(Box<ForeignExpansion>),
    #[error(
        "expansion would come to at least {estimate} grants and sources at `{entitlement}`, more than the limit of {limit}"
    )]
    TooManyExpanded { entitlement: String, estimate: u64, limit: u64 },
    #[error("more than {limit} pairs of entitlements pass access on")]
    TooManyEdges { limit: u64 },
    #[error("expansion makes a grant whose id is longer than a file may hold: `{id}`")]
    LongGrantId { id: String },
    #[error("the facts of this sync take more than {limit} bytes")]
    TooManyFacts { limit: u64 },
    #[error("a staged row cannot be read: {0}")]
    Staged(String),
    #[error("the new file `{}` did not pass its check: {reason}", path.display())]
    Verification { path: PathBuf, reason: String },
    #[error("stopped on request")]
    Cancelled,
}

/// Two rows of one id that differ where they must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// `resource`, `entitlement` or `grant`.
    pub what: &'static str,
    pub id: String,
    pub field: &'static str,
    pub first: String,
    pub first_collection: CollectionAddress,
    pub second: String,
    pub second_collection: CollectionAddress,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, id, field, first, first_collection, second, second_collection } = self;
        write!(f, "{what} `{id}` has {field} `{first}` in {first_collection} and `{second}` in {second_collection}")
    }
}

/// A grant that passes on what its principal does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignExpansion {
    pub collection: CollectionAddress,
    pub grant: String,
    pub entitlement: String,
    /// Whose the entitlement is.
    pub resource: String,
    pub principal: String,
}

impl fmt::Display for ForeignExpansion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, grant, entitlement, resource, principal } = self;
        write!(f, "grant `{grant}` of {collection} passes on entitlement `{entitlement}`, ")?;
        write!(f, "which belongs to `{resource}` and not to the grant's principal `{principal}`")
    }
}

impl Error {
    /// Who has to act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } | Self::Database { .. } | Self::NoSpace { .. } | Self::Verification { .. } => {
                Fault::Storage
            }
            Self::Cancelled => Fault::Cancelled,
            Self::PageOrder { .. }
            | Self::NotOpen { .. }
            | Self::StillOpen { .. }
            | Self::UnknownCollection(_)
            | Self::Staged(_) => Fault::Bug,
            _ => Fault::Plugin,
        }
    }

    /// Says what was being done, and where, for an error of the database; tells a full disk and a stop apart.
    pub(super) fn located(self, doing: &'static str, path: &Path) -> Self {
        let Self::Database { path: known, source, .. } = self else { return self };
        if !known.as_os_str().is_empty() {
            return Self::Database { doing, path: known, source };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Cancelled,
            Some(ErrorCode::DiskFull) => {
                Self::NoSpace { path: path.to_path_buf(), needed: None, free: space::free_bytes(path) }
            }
            _ => Self::Database { doing, path: path.to_path_buf(), source },
        }
    }

    /// An error of a file; a full disk is told apart.
    pub(crate) fn file(doing: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::NoSpace { path: path.to_path_buf(), needed: None, free: space::free_bytes(path) }
            }
            _ => Self::File { doing, path: path.to_path_buf(), source },
        }
    }
}

/// For `?` inside this module; the public functions say where with [`Error::located`].
impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        Self::Database { doing: "use", path: PathBuf::new(), source }
    }
}
