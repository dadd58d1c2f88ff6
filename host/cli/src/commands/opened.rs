//! A sync file that is read: unpacked, whole, and looked at by the sync that it is about.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use accord_c1z::container::{ContainerError, Watch};
use accord_c1z::model::Timestamp;
use accord_c1z::reader::{ReadError, Reader, SyncRun, View};
use accord_runtime::{Category, Problem};

use super::{limits, scratch_folder};
use crate::unpacking;

/// An open file.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) reader: Reader,
    pub(super) view: View,
    pub(super) runs: Vec<SyncRun>,
}

pub(super) fn open(file: &Path) -> Result<Opened, Problem> {
    let unreadable = |error: ReadError| match &error {
        ReadError::Container(ContainerError::TooLarge { .. } | ContainerError::WindowTooLarge { .. }) => {
            cannot_be_read(file, &error).remedy(unpacking::REMEDY)
        }
        // That says itself what to do.
        ReadError::Container(ContainerError::V3 { .. }) => cannot_be_read(file, &error),
        _ => unreadable(file, &error),
    };
    let limits = limits()?;
    let mut watch = Watch { cancel: &AtomicBool::new(false), progress: &mut |_, _| {} };
    let reader = Reader::open_with(file, &scratch_folder(file), &limits, &mut watch).map_err(unreadable)?;
    // Rows of a broken database would look as good as any.
    reader.quick_check().map_err(unreadable)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp { seconds: i64::try_from(now.as_secs()).unwrap_or(i64::MAX), nanoseconds: 0 };
    let runs = reader.syncs().map_err(unreadable)?;
    let view = match reader.default_view(now).map_err(unreadable)? {
        // Without a full sync, the newest one that is finished, whatever was asked of it.
        View::Everything => newest(&runs).map_or(View::Everything, |run| View::Sync(run.sync_id.clone())),
        view @ View::Sync(_) => view,
    };
    Ok(Opened { reader, view, runs })
}

fn newest(runs: &[SyncRun]) -> Option<&SyncRun> {
    runs.iter().filter(|run| run.ended_at.is_some()).max_by_key(|run| (&run.ended_at, &run.sync_id))
}

/// What keeps a file from being read, and what to do where nothing better is known.
pub(super) fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> Problem {
    cannot_be_read(file, error).remedy(if file.is_file() {
        "take it from a backup, or make it anew with `accord sync`"
    } else {
        "name a file that is there and that you may read; `accord sync` makes one"
    })
}

fn cannot_be_read(file: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Category::Storage, "FILE-001", format!("`{}` cannot be read: {error}", file.display()))
}
