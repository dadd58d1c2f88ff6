//! What lies at the target before a sync: nothing, a file, or something that cannot be read and must not be lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use time::OffsetDateTime;
use time::macros::format_description;

use super::{Error, paths};
use crate::container::{self, ContainerError, Limits, Watch};
use crate::model::Timestamp;
use crate::reader::{ReadError, Reader};

/// What lies at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Nothing, or a file without a byte, which counts as nothing.
    Nothing,
    File {
        bytes: u64,
    },
}

/// Looks at a target; a link is followed.
pub fn existing(target: &Path) -> Result<Existing, Error> {
    match fs::metadata(target) {
        Ok(file) if file.is_file() => match file.len() {
            0 => Ok(Existing::Nothing),
            bytes => Ok(Existing::File { bytes }),
        },
        Ok(_) => Err(Error::file("use", target, io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Existing::Nothing),
        Err(source) => Err(Error::file("look at", target, source)),
    }
}

/// What keeps a target from being read; none if nothing does. It is unpacked for that beside the work file, under a name
/// that the next run of this target uses again, so that a kill leaves nothing for long. The caller holds its lock.
///
/// # Errors
/// It could not be looked at, whatever is in it.
pub fn damage(target: &Path, folder: Option<&Path>, limits: &Limits) -> Result<Option<ReadError>, Error> {
    let canonical = paths::canonical(target).map_err(|source| Error::file("find", target, source))?;
    let place = match folder {
        Some(folder) => paths::within(folder, &canonical, "work-check"),
        None => paths::beside(&canonical, "work-check"),
    };
    match look(target, &place, limits) {
        Ok(()) => Ok(None),
        Err(ReadError::Container(ContainerError::File { doing, path, source })) => {
            Err(Error::file(doing, &path, source))
        }
        Err(ReadError::Database(source)) if is_ours(&source) => Err(Error::from(source).located("look at", target)),
        Err(damage) => Ok(Some(damage)),
    }
}

fn look(target: &Path, place: &Path, limits: &Limits) -> Result<(), ReadError> {
    let mut watch = Watch { cancel: &AtomicBool::new(false), progress: &mut |_, _| {} };
    let extracted = container::extract_as(target, place, limits, &mut watch)?;
    Reader::from_extracted(extracted)?.quick_check()
}

/// Whether it is this machine that failed, and not the database.
fn is_ours(source: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, OutOfMemory, SystemIoFailure};
    matches!(source.sqlite_error_code(), Some(CannotOpen | DiskFull | OutOfMemory | SystemIoFailure))
}

/// Moves a target that cannot be read to `<name>.corrupt-<UTC time>` and says where. The caller holds its lock.
pub fn set_aside(target: &Path, now: Timestamp) -> Result<PathBuf, Error> {
    let canonical = paths::canonical(target).map_err(|source| Error::file("find", target, source))?;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = OffsetDateTime::from_unix_timestamp(now.seconds)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_else(|| now.seconds.to_string());
    let mut place = paths::appended(&canonical, &format!(".corrupt-{time}"));
    let mut number = 2;
    while fs::symlink_metadata(&place).is_ok() {
        place = paths::appended(&canonical, &format!(".corrupt-{time}-{number}"));
        number += 1;
    }
    fs::rename(&canonical, &place).map_err(|source| Error::file("move aside", &canonical, source))?;
    Ok(place)
}
