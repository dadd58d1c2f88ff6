//! How much room there is, and how much a finish will need.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::Connection;

use super::Error;
use crate::container::MAGIC;

/// Free bytes for us where this path lies or would lie; 0 if that cannot be told.
pub(super) fn free_bytes(path: &Path) -> u64 {
    path.ancestors()
        .find_map(|place| {
            let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
            rustix::fs::statvfs(place).ok()
        })
        .map_or(0, |figures| figures.f_bavail.saturating_mul(figures.f_frsize))
}

/// Refuses to begin a sync that will not fit, where a previous file of the target tells how large it will be. A target
/// that is not there, or does not say, passes. `folder` is that of [`super::OpenOptions`].
///
/// # Errors
/// [`Error::NoSpace`] with both figures; a target that cannot be opened.
pub fn check_space(target: &Path, folder: Option<&Path>) -> Result<(), Error> {
    let work = super::work_path(target, folder).map_err(|source| Error::file("find the folder of", target, source))?;
    let header = match fs::File::open(target) {
        Ok(file) => {
            let mut header = Vec::new();
            file.take(HEADER_BYTES).read_to_end(&mut header).map_err(|source| Error::file("read", target, source))?;
            header
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::file("open", target, source)),
    };
    let declared =
        header.strip_prefix(&MAGIC).and_then(|frame| zstd::zstd_safe::get_frame_content_size(frame).ok().flatten());
    declared.map_or(Ok(()), |database| check(database, staged_bytes(database), &work, target))
}

/// About how large the work file of such a database will be: a sixth of it at 140,000 rows and a third at 4,000, and a log
/// beside it that is as large at first and stays at 5 MiB.
fn staged_bytes(database: u64) -> u64 {
    (database / 4).saturating_add((database / 2).min(5 << 20))
}

/// The magic and the longest header of a zstd frame.
const HEADER_BYTES: u64 = 5 + 18;

/// Refuses to begin writing a file that will not fit. `scratch` holds the merged rows.
pub(super) fn check_finish(scratch: &Connection, work: &Path, target: &Path) -> Result<(), Error> {
    check(database_bytes(scratch)?, 0, work, target)
}

/// `staged` is what the work file has still to take.
fn check(database: u64, staged: u64, work: &Path, target: &Path) -> Result<(), Error> {
    // The largest index is sorted in a file of its own beside the database: about a fifth of it. Packed, rows of ids are
    // a tenth or less; an eighth leaves room for random ones.
    let (building, packed) = (staged.saturating_add(database).saturating_add(database / 5), database / 8);
    let device = |path: &Path| path.parent().and_then(|folder| fs::metadata(folder).ok()).map(|folder| folder.dev());
    let needs = if device(work) == device(target) {
        vec![(work, building.saturating_add(packed))]
    } else {
        vec![(work, building), (target, packed)]
    };
    for (path, needed) in needs {
        let free = free_bytes(path);
        if free < needed {
            return Err(Error::NoSpace { path: path.to_path_buf(), needed: Some(needed), free });
        }
    }
    Ok(())
}

/// About how large the database will be: an id is counted as often as columns, message and indexes repeat it, and the
/// fixed parts (sync id, times, headers) are those of the golden files.
fn database_bytes(scratch: &Connection) -> Result<u64, Error> {
    let rows: i64 = scratch.query_row(
        "SELECT
           (SELECT ifnull(sum(length(s.data) + 3 * (length(p.type) + length(p.resource)) + 150), 0)
            FROM temp.principals p JOIN staged_resources s ON s.id = p.staged)
         + (SELECT ifnull(sum(length(s.data) + 3 * length(e.external_id) + 150), 0)
            FROM temp.entitlements e JOIN staged_entitlements s ON s.id = e.staged)",
        [],
        |row| row.get(0),
    )?;
    let principal: i64 = scratch.query_row(
        "SELECT ifnull(CAST(avg(length(type) + length(resource)) AS INTEGER), 0) FROM temp.principals",
        [],
        |row| row.get(0),
    )?;
    let grants: i64 = scratch.query_row(
        "SELECT ifnull(sum(g.count * (7 * length(e.external_id) + 3 * (length(p.type) + length(p.resource)) + 7 * ? + 250)), 0)
         FROM (SELECT entitlement, count(*) AS count FROM temp.grants GROUP BY entitlement
               UNION ALL SELECT entitlement, length(principals) / 4 FROM temp.packed
               UNION ALL SELECT entitlement, made FROM temp.passed) g
         JOIN temp.entitlements e ON e.rank = g.entitlement JOIN temp.principals p ON p.rank = e.resource",
        [principal],
        |row| row.get(0),
    )?;
    // Empty tables and indexes: 24 pages.
    Ok(rows.cast_unsigned() + grants.cast_unsigned() + 24 * 8192)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_take_the_same_room_however_they_are_kept() {
        let estimated = |kept: &str| {
            let connection = Connection::open_in_memory().unwrap();
            let tables = "
                CREATE TEMP TABLE principals (rank INTEGER PRIMARY KEY, type TEXT, resource TEXT, staged INTEGER);
                CREATE TEMP TABLE entitlements (rank INTEGER PRIMARY KEY, external_id TEXT, resource INTEGER, staged INTEGER);
                CREATE TEMP TABLE grants (entitlement INTEGER);
                CREATE TEMP TABLE packed (entitlement INTEGER, principals BLOB);
                CREATE TEMP TABLE passed (entitlement INTEGER, made INTEGER);
                INSERT INTO principals VALUES (1, 'group', 'g', NULL);
                INSERT INTO entitlements VALUES (1, 'group:g:member', 1, NULL);";
            connection.execute_batch(include_str!("schema.sql")).unwrap();
            connection.execute_batch(&format!("{tables} {kept}")).unwrap();
            database_bytes(&connection).unwrap()
        };
        let none = estimated("");
        let rows = estimated("INSERT INTO grants VALUES (1), (1), (1)");
        assert!(rows > none + 3 * 250, "{none} {rows}");
        assert_eq!(estimated("INSERT INTO packed VALUES (1, zeroblob(12))"), rows);
        assert_eq!(estimated("INSERT INTO passed VALUES (1, 2), (1, 1)"), rows);
    }
}
