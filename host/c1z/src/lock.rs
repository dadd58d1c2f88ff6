//! One writer per target: an advisory lock beside it that names its holder.
//!
//! The kernel drops the lock of a dead process, so what a dead holder left is simply taken over. The file's text is for
//! people only; the lock decides.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::work::{Error, paths};

/// Who holds a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub host: String,
    /// Seconds since 1970.
    pub since: i64,
    /// How far it is, if it said.
    pub percent: Option<u8>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} on {}", self.pid, self.host)?;
        if let Ok(since) = OffsetDateTime::from_unix_timestamp(self.since) {
            let (date, time) = (since.date(), since.time());
            write!(f, " since {date} {:02}:{:02}:{:02} UTC", time.hour(), time.minute(), time.second())?;
        }
        self.percent.map_or(Ok(()), |percent| write!(f, " ({percent} %)"))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Nothing is known of a holder that has the lock and has not written its name yet.
    #[error("`{}` is being written by {}", target.display(), holder.as_ref().map_or_else(|| "another process".to_owned(), Holder::to_string))]
    Busy { target: PathBuf, holder: Option<Holder> },
    /// The lock's own file.
    #[error(transparent)]
    File(Error),
}

/// The lock, held until dropped.
#[derive(Debug)]
pub struct TargetLock {
    path: PathBuf,
    file: File,
    holder: Holder,
}

/// What a holder may write: enough for a host name of 255 bytes. One fixed size, so that one write replaces all of it.
const TEXT_BYTES: usize = 512;

impl TargetLock {
    /// Takes the lock of a target, whose folder must exist. `since` is the present in seconds since 1970.
    ///
    /// # Errors
    /// [`LockError::Busy`] at once, with the holder, if another process (or another run in this one) has it.
    pub fn acquire(target: &Path, since: i64) -> Result<Self, LockError> {
        let canonical = paths::canonical(target).map_err(at("find the folder of", target))?;
        let path = paths::beside(&canonical, "lock");
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&path)
                .map_err(at("open", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Busy { target: target.to_path_buf(), holder: read_holder(&file) });
                }
                Err(TryLockError::Error(source)) => return Err(at("lock", &path)(source)),
            }
            // The previous holder may have removed the file between our open and our lock: then it locks nobody out.
            if !is_same_file(&file, &path).map_err(at("look at", &path))? {
                continue;
            }
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            let holder = Holder { pid: std::process::id(), host, since, percent: None };
            let lock = Self { path, file, holder };
            lock.write_holder()?;
            return Ok(lock);
        }
    }

    /// Tells others how far this run is.
    pub fn set_percent(&mut self, percent: u8) -> Result<(), LockError> {
        self.holder.percent = Some(percent.min(100));
        self.write_holder()
    }

    fn write_holder(&self) -> Result<(), LockError> {
        let mut text = serde_json::to_vec(&self.holder).unwrap_or_default();
        text.resize(TEXT_BYTES, b' ');
        self.file.write_all_at(&text, 0).map_err(at("write", &self.path))
    }
}

impl Drop for TargetLock {
    /// Removes the file while the lock is still held: who opened it before will find that it is gone and open anew.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn read_holder(mut file: &File) -> Option<Holder> {
    let mut text = Vec::with_capacity(TEXT_BYTES);
    file.by_ref().take(TEXT_BYTES as u64).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(theirs) => Ok(ours.dev() == theirs.dev() && ours.ino() == theirs.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn at<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> LockError + 'a {
    move |source| LockError::File(Error::file(doing, path, source))
}
