//! Reading any v1 file, whoever wrote it.
//!
//! Older writers left columns, tables and indexes out, set the WAL flag, and kept `GrantExpandable` inside grants; newer
//! ones may leave entitlement and principal out of a grant. All of that is evened out here, so that a caller sees one
//! shape. Rows come in the order of the file, in bounded memory, and one that does not decode is an error of that row
//! alone. Whether a file keeps the field's rules is told by `verify`.
//!
//! An unknown file is not trusted: it is unpacked within limits into a private file, opened immutable, and no view,
//! virtual table or oversized value is touched.

mod error;
mod query;
mod raw;
mod rows;
mod syncs;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

pub use error::ReadError;
pub use query::{Page, Rows};
pub use raw::{RawRow, Table};
pub use rows::{Asset, GrantRow, Row};
pub use syncs::{SyncRun, View};

use crate::container::{self, Extracted, Limits, Watch, grouped};
use crate::schema::COVERAGE_TABLE;
use crate::stats::Stats;

/// The largest text or blob that is read, 64 MiB: an icon is smaller, and a hostile row is not.
const MAX_VALUE_BYTES: i32 = 64 << 20;

/// What a file says about what its sync covers: a JSON text of accord's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    pub version: u32,
    pub json: String,
}

/// An open sync file.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    /// Deleted with the reader; absent for a bare database.
    container: Option<Extracted>,
}

impl Reader {
    /// Unpacks a file into a private temporary file in `folder` and opens it, with the default limits.
    ///
    /// # Errors
    /// If the file is damaged or not a sync file; see [`ReadError`].
    pub fn open(path: &Path, folder: &Path) -> Result<Self, ReadError> {
        let mut watch = Watch { cancel: &AtomicBool::new(false), progress: &mut |_, _| {} };
        Self::open_with(path, folder, &Limits::default(), &mut watch)
    }

    /// Like [`Reader::open`], with limits, progress and a way to stop.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open_with(path: &Path, folder: &Path, limits: &Limits, watch: &mut Watch<'_>) -> Result<Self, ReadError> {
        let container = container::extract(path, folder, limits, watch)?;
        Self::from_extracted(container)
    }

    /// Opens what was unpacked before.
    ///
    /// # Errors
    /// If it is not a sync database.
    pub fn from_extracted(container: Extracted) -> Result<Self, ReadError> {
        let mut reader = Self::open_database(container.path())?;
        // SQLite's own temporary files go there too: the system's folder may be read-only or small. The setting is the
        // process's, guarded by SQLite; a folder that is gone by then is passed over.
        if let Some(folder) = container.path().parent().and_then(Path::to_str) {
            reader.connection.pragma_update(None, "temp_store_directory", folder)?;
        }
        reader.container = Some(container);
        Ok(reader)
    }

    /// Opens a bare database, which must not change while it is open.
    ///
    /// # Errors
    /// If it is not a sync database.
    pub fn open_database(path: &Path) -> Result<Self, ReadError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(immutable_uri(path), flags)?;
        harden(&connection)?;
        let reader = Self { connection, container: None };
        if reader.columns("v1_sync_runs")?.is_empty() {
            return Err(ReadError::NotASync);
        }
        Ok(reader)
    }

    /// SQLite's own look at every page: whether the database can be read to its end.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn quick_check(&self) -> Result<(), ReadError> {
        if let Some((held, said)) = self.cut_short()? {
            return Err(ReadError::Broken(format!("it has {} of {} bytes", grouped(held), grouped(said))));
        }
        let state: String = self.connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
        match state.strip_prefix("*** in database main ***").unwrap_or(&state).trim() {
            "ok" => Ok(()),
            damage => Err(ReadError::Broken(damage.to_owned())),
        }
    }

    /// How long the database is and how long it says it is, if it lacks something. SQLite reads the missing part of a last
    /// page as zeros.
    pub(crate) fn cut_short(&self) -> Result<Option<(u64, u64)>, ReadError> {
        let number = |pragma: &str| self.connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let said = number("pragma page_count")?.saturating_mul(number("pragma page_size")?).unsigned_abs();
        let held = self.container.as_ref().map(|container| container.database_bytes);
        Ok(held.filter(|held| *held < said).map(|held| (held, said)))
    }

    /// The container that was unpacked; `None` for a bare database.
    pub fn container(&self) -> Option<&Extracted> {
        self.container.as_ref()
    }

    /// The database itself, read-only, for questions that the reader has no method for.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The row counts that the file keeps for this view, else counted.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn stats(&self, view: &View) -> Result<Stats, ReadError> {
        let kept = match view {
            View::Sync(id) => self.syncs()?.into_iter().find(|run| run.sync_id == *id).and_then(|run| run.stats),
            View::Everything => None,
        };
        // As every reader does: a text without a resource type is not believed.
        match kept.and_then(|text| Stats::from_json(&text)).filter(|stats| stats.resource_types > 0) {
            Some(stats) => Ok(stats),
            None => self.count(view),
        }
    }

    /// What the sync covers, if accord wrote the file.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn coverage(&self) -> Result<Option<Coverage>, ReadError> {
        if self.columns(COVERAGE_TABLE)?.is_empty() {
            return Ok(None);
        }
        let statement = format!("select version, coverage from {COVERAGE_TABLE} order by id desc limit 1");
        let found =
            self.connection.query_row(&statement, [], |row| Ok(Coverage { version: row.get(0)?, json: row.get(1)? }));
        Ok(found.optional()?)
    }

    /// The names of a table's columns; none if there is no such table.
    pub(crate) fn columns(&self, table: &str) -> Result<Vec<String>, ReadError> {
        let kind: Option<(String, Option<String>)> = self
            .connection
            .query_row("select type, sql from sqlite_schema where name = ?1", [table], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((kind, sql)) = kind else { return Ok(Vec::new()) };
        let sql = sql.unwrap_or_default().to_ascii_lowercase();
        if kind != "table" || sql.trim_start().starts_with("create virtual") {
            return Err(ReadError::NotATable { table: table.to_owned() });
        }
        let mut statement = self.connection.prepare_cached("select name from pragma_table_info(?1)")?;
        let names = statement.query_map([table], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }
}

/// A URI that opens the file without locks, journal or write-ahead log, also when it carries the WAL flag.
fn immutable_uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

/// Settings for a database that somebody else made.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
    connection.execute_batch("pragma cell_size_check = on; pragma query_only = on; pragma temp_store = file")
}
