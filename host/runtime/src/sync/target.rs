//! The target before anything is read: it is found, what lies there is looked at, and the sync gets its work file if
//! there is room for it.

use std::path::{Path, PathBuf};

use accord_c1z::container::{ContainerError, Limits};
use accord_c1z::model::Timestamp;
use accord_c1z::reader::ReadError;
use accord_c1z::work::{
    Error, Existing, OpenOptions, Opened, Origin, WorkFile, check_space, damage, existing, set_aside,
};

use crate::clock::Clock;
use crate::problem::{Category, Problem};

use super::errors;

/// The folder of the target must exist; its name is resolved so that locks and work files of one target are one.
pub(super) fn canonical_target(target: &Path) -> Result<PathBuf, Problem> {
    let problem = |error: std::io::Error| {
        Problem::new(Category::Storage, "DISK-003", format!("cannot write `{}`: {error}", target.display()))
            .remedy("name a file in a folder that exists and that you may write to with --file")
    };
    if target.is_dir() {
        return Err(problem(std::io::Error::other("it is a folder")));
    }
    if let Ok(existing) = target.canonicalize() {
        return Ok(existing);
    }
    let name = target.file_name().ok_or_else(|| problem(std::io::Error::other("it names no file")))?;
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize().map_err(problem)?.join(name))
}

/// Where a sync writes. Its lock is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) target: &'a Path,
    /// Where the work file lies; none: beside the target.
    pub(super) work_folder: Option<&'a Path>,
}

impl Place<'_> {
    /// A target that cannot be read is moved aside, and said so; the new file takes its place.
    ///
    /// A v3 file is no wreck but another tool's file, so it is left where it is and the run refused.
    pub(super) fn set_corrupt_target_aside(self, limits: &Limits, clock: &dyn Clock) -> Result<(), Problem> {
        let target = self.target;
        if existing(target).map_err(errors::storage)? == Existing::Nothing {
            return Ok(());
        }
        let damage = match damage(target, self.work_folder, limits).map_err(|error| self.told(error))? {
            None => return Ok(()),
            Some(ReadError::Container(error @ ContainerError::V3 { .. })) => {
                let headline = format!("`{}` cannot be replaced: {error}", target.display());
                return Err(Problem::new(Category::Storage, "FILE-002", headline)
                    .remedy("name another file with --file, or move this one away"));
            }
            Some(damage) => damage,
        };
        let now = Timestamp { seconds: clock.unix_seconds(), nanoseconds: 0 };
        let aside = set_aside(target, now).map_err(errors::storage)?;
        tracing::warn!("`{}` cannot be read ({damage}); it is now `{}`", target.display(), aside.display());
        Ok(())
    }

    /// The work file, if all that a fresh one leads to will fit, as far as the previous file tells.
    pub(super) fn open(self, options: OpenOptions) -> Result<Opened, Problem> {
        let opened = WorkFile::open(options).map_err(|error| self.told(error))?;
        if matches!(opened.origin, Origin::Resumed { .. }) {
            return Ok(opened);
        }
        if let Err(error) = check_space(self.target, self.work_folder) {
            if let Err(error) = opened.work.discard() {
                tracing::warn!("the work file could not be removed: {error}");
            }
            return Err(errors::storage(error));
        }
        Ok(opened)
    }

    /// An error before anything is read. A disk that is full already is told with what the previous file says of the
    /// need.
    pub(super) fn told(self, error: Error) -> Problem {
        let error = match error {
            Error::NoSpace { needed: None, .. } => match check_space(self.target, self.work_folder) {
                Err(estimated @ Error::NoSpace { .. }) => estimated,
                _ => error,
            },
            other => other,
        };
        errors::storage(error)
    }
}
