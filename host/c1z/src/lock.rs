//! One writer per target: an advisory lock beside it that names its holder.

use std::path::{Path, PathBuf};

/// Who holds a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub host: String,
    /// Seconds since 1970.
    pub since: i64,
    /// How far it is, if it said.
    pub percent: Option<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("`{target}` is being written by {holder}", target = target.display())]
    Busy { target: PathBuf, holder: String, details: Option<Holder> },
    #[error("{doing} `{path}`: {source}", path = path.display())]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
}

/// The lock, held until dropped.
#[derive(Debug)]
pub struct TargetLock {
    path: PathBuf,
}

impl TargetLock {
    /// Takes the lock of a target, whose folder must exist. `since` is the present in seconds since 1970.
    pub fn acquire(target: &Path, since: i64) -> Result<Self, LockError> {
        let _ = since;
        Ok(Self { path: target.to_path_buf() })
    }

    /// Tells others how far this run is.
    pub fn set_percent(&mut self, percent: u8) -> Result<(), LockError> {
        let _ = (percent, &self.path);
        Ok(())
    }
}
