//! The work file itself: where it lies, whose it is, and when it is thrown away.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::finish::{Temporary, build_path, packed_path};
use super::intern::Interner;
use super::{Error, paths};
use crate::encode::Encoder;
use crate::model::{ResourceType, Timestamp};
use crate::schema::FileProfile;
use crate::sync_id::SyncId;

/// What a sync is a function of, by name: plugin digest, host and interface version, configuration without secrets,
/// scope, flags. A work file is resumed only by the same identity.
pub type Identity = BTreeMap<String, String>;

/// What [`WorkFile::open`] needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenOptions {
    /// Where the finished file will be; its folder must exist.
    pub target: PathBuf,
    /// Where the work file, SQLite's temporary files and the database under construction lie; none: beside the target.
    pub folder: Option<PathBuf>,
    pub identity: Identity,
    /// The resource types of this sync, in the manifest's order.
    pub resource_types: Vec<ResourceType>,
    /// Declared types that are not part of this sync: their rows are counted as filtered. A row of any other type is
    /// the plugin's fault.
    pub deselected: Vec<String>,
    /// What the finished file may hold.
    pub profile: FileProfile,
    /// The present.
    pub now: Timestamp,
    /// Random bytes for the sync id of a fresh start; a resumed run keeps its own.
    pub seed: [u8; 16],
}

/// Why and how a work file begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Fresh,
    Resumed {
        started_at: Timestamp,
        /// Pages that need not be read again.
        pages: u64,
        /// Rows that these pages pushed.
        rows: u64,
    },
    /// An earlier work file was thrown away, and why: a fragment for people.
    Afresh {
        reason: String,
    },
}

#[derive(Debug)]
pub struct Opened {
    pub work: WorkFile,
    pub origin: Origin,
}

/// An open work file.
pub struct WorkFile {
    /// Canonical.
    pub(super) target: PathBuf,
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) interner: Interner,
    pub(super) encoder: Encoder,
    pub(super) resource_types: Vec<ResourceType>,
    pub(super) profile: FileProfile,
    pub(super) deselected: HashSet<String>,
    pub(super) fact_bytes: u64,
    started_at: Timestamp,
    sync_id: String,
}

/// Older work files are not resumed: what they hold may not be true any more, and a sync takes minutes.
const MAX_AGE_SECONDS: u64 = 24 * 60 * 60;

/// Changes when `schema.sql` or the meaning of a column does.
const FORMAT: &str = "4";

/// Where the work file of a target lies. The target's folder must exist.
pub fn work_path(target: &Path, folder: Option<&Path>) -> io::Result<PathBuf> {
    let target = paths::canonical(target)?;
    Ok(match folder {
        Some(folder) => paths::within(folder, &target, "work"),
        None => paths::beside(&target, "work"),
    })
}

impl WorkFile {
    /// Opens or begins the work file. The caller holds the target's lock.
    ///
    /// # Errors
    /// Storage only. A work file that is damaged, too old or of another identity is thrown away, and the origin says so.
    pub fn open(options: OpenOptions) -> Result<Opened, Error> {
        let target = paths::canonical(&options.target)
            .map_err(|source| Error::file("find the folder of", &options.target, source))?;
        let path = work_path(&options.target, options.folder.as_deref())
            .map_err(|source| Error::file("find the folder of", &options.target, source))?;
        // A finish that was killed left these; nobody else has them while we have the lock.
        drop(Temporary::new(build_path(&path))?);
        drop(Temporary::new(packed_path(&target))?);
        let known = path.try_exists().map_err(|source| Error::file("look at", &path, source))?;
        let (connection, meta, origin) = match known {
            false => {
                remove_files(&path)?;
                let (connection, meta) = create(&path, &options)?;
                (connection, meta, Origin::Fresh)
            }
            true => match resume(&path, &options)? {
                Resume::Usable(connection, meta) => {
                    let (pages, rows) = connection
                        .query_row("SELECT ifnull(sum(pages), 0), ifnull(sum(rows), 0) FROM collections", [], |row| {
                            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
                        })
                        .map_err(|source| Error::from(source).located("read", &path))?;
                    let started_at = meta.started_at;
                    (connection, meta, Origin::Resumed { started_at, pages, rows })
                }
                Resume::Useless(reason) => {
                    remove_files(&path)?;
                    let (connection, meta) = create(&path, &options)?;
                    (connection, meta, Origin::Afresh { reason })
                }
            },
        };
        let fact_bytes = connection
            .query_row("SELECT ifnull(sum(length(CAST(key AS BLOB)) + length(value)), 0) FROM facts", [], |row| {
                row.get::<_, i64>(0)
            })
            .map_err(|source| Error::from(source).located("read", &path))?
            .cast_unsigned();
        let work = Self {
            target,
            path,
            connection,
            interner: Interner::default(),
            encoder: Encoder::new(options.profile, &options.resource_types),
            resource_types: options.resource_types,
            profile: options.profile,
            deselected: options.deselected.into_iter().collect(),
            fact_bytes,
            started_at: meta.started_at,
            sync_id: meta.sync_id,
        };
        Ok(Opened { work, origin })
    }

    /// When the sync began; a resumed run keeps it.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The sync's id, 27 characters; a resumed run keeps it.
    pub fn sync_id(&self) -> &str {
        &self.sync_id
    }

    /// Where the work file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that the work file takes on disk.
    pub fn bytes(&self) -> u64 {
        SIDE_FILES
            .iter()
            .map(|suffix| fs::metadata(paths::appended(&self.path, suffix)).map_or(0, |file| file.len()))
            .sum()
    }

    /// Removes the work file: after the finished file was delivered, or when it is not wanted any more.
    pub fn discard(self) -> Result<(), Error> {
        let Self { connection, path, .. } = self;
        // What a failing close would have written is about to be removed.
        drop(connection);
        remove_files(&path)
    }

    /// Adds where an error of the database happened.
    pub(super) fn locate(&self, doing: &'static str) -> impl FnOnce(Error) -> Error {
        let path = self.path.clone();
        move |error| error.located(doing, &path)
    }
}

impl fmt::Debug for WorkFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkFile").field("path", &self.path).field("sync_id", &self.sync_id).finish_non_exhaustive()
    }
}

struct Meta {
    started_at: Timestamp,
    sync_id: String,
}

enum Resume {
    Usable(Connection, Meta),
    Useless(String),
}

/// The file, and what SQLite puts beside it.
const SIDE_FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

fn remove_files(path: &Path) -> Result<(), Error> {
    for suffix in SIDE_FILES {
        let file = paths::appended(path, suffix);
        match fs::remove_file(&file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(Error::file("remove", &file, source));
            }
            _ => {}
        }
    }
    Ok(())
}

fn create(path: &Path, options: &OpenOptions) -> Result<(Connection, Meta), Error> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| Error::file("create", path, source))?;
    let begin = || -> Result<(Connection, Meta), Error> {
        let mut connection = connect(path)?;
        let sync_id = SyncId::new(options.now, options.seed).to_string();
        let transaction = connection.transaction()?;
        transaction.execute_batch(include_str!("schema.sql"))?;
        let identity = serde_json::to_string(&options.identity).map_err(|error| Error::Staged(error.to_string()))?;
        for (name, value) in [
            ("format", FORMAT),
            ("identity", &identity),
            ("sync_id", &sync_id),
            ("started_seconds", &options.now.seconds.to_string()),
            ("started_nanoseconds", &options.now.nanoseconds.to_string()),
        ] {
            transaction.execute("INSERT INTO meta VALUES (?, ?)", params![name, value])?;
        }
        transaction.commit()?;
        Ok((connection, Meta { started_at: options.now, sync_id }))
    };
    begin().map_err(|error| {
        let error = error.located("begin", path);
        // A half-made work file would be called damaged by the next run.
        let _ = remove_files(path);
        error
    })
}

/// Committed pages survive a killed process; a power cut may lose the last ones and never damages the rest.
fn connect(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path)?;
    // Alone by the target's lock: without shared memory, WAL also works where memory cannot be mapped.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", if mode == "wal" { "NORMAL" } else { "FULL" })?;
    tune(&connection, path)?;
    Ok(connection)
}

/// A small cache and sorting in files cost less CPU and a sixth of the memory of a large cache with sorting in memory
/// (418 MiB at a million grants). The folder holds for the whole process, the last one named wins; files in it are
/// unlinked as soon as they are open.
pub(super) fn tune(connection: &Connection, path: &Path) -> Result<(), Error> {
    connection.pragma_update(None, "cache_size", -8 * 1024)?;
    connection.pragma_update(None, "temp_store", "FILE")?;
    if let Some(folder) = path.parent().and_then(Path::to_str) {
        connection.pragma_update(None, "temp_store_directory", folder)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn resume(path: &Path, options: &OpenOptions) -> Result<Resume, Error> {
    match examine(path, options) {
        Err(Error::Database { source, .. }) if is_damage(&source) => {
            Ok(Resume::Useless(format!("the work file `{}` is damaged: {source}", path.display())))
        }
        other => other.map_err(|error| error.located("open", path)),
    }
}

fn is_damage(source: &rusqlite::Error) -> bool {
    match source {
        rusqlite::Error::SqliteFailure(failure, message) => {
            matches!(failure.code, ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
                // A table or column that is not there.
                || (failure.code == ErrorCode::Unknown && message.as_deref().is_some_and(|text| text.starts_with("no such ")))
        }
        rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::QueryReturnedNoRows => true,
        _ => false,
    }
}

fn examine(path: &Path, options: &OpenOptions) -> Result<Resume, Error> {
    let connection = connect(path)?;
    let state: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if state != "ok" {
        return Ok(Resume::Useless(format!("the work file `{}` is damaged: {state}", path.display())));
    }
    let meta = |name: &str| -> Result<Option<String>, Error> {
        Ok(connection.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0)).optional()?)
    };
    if meta("format")?.as_deref() != Some(FORMAT) {
        return Ok(Resume::Useless("the work file is of another version of accord".to_owned()));
    }
    let identity: Identity = meta("identity")?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if let Some(reason) = difference(&identity, &options.identity) {
        return Ok(Resume::Useless(reason));
    }
    let (Some(seconds), Some(nanoseconds), Some(sync_id)) = (
        meta("started_seconds")?.and_then(|text| text.parse::<i64>().ok()),
        meta("started_nanoseconds")?.and_then(|text| text.parse().ok()),
        meta("sync_id")?,
    ) else {
        return Ok(Resume::Useless("the work file does not say when it began".to_owned()));
    };
    let age = options.now.seconds.abs_diff(seconds);
    if age > MAX_AGE_SECONDS {
        return Ok(Resume::Useless(format!("the work file is {} h old, more than 24 h", age / 3600)));
    }
    // What a full disk kept in the log would take its room twice. Without room for that either, it stays there.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(Resume::Usable(connection, Meta { started_at: Timestamp { seconds, nanoseconds }, sync_id }))
}

/// The first difference, for people.
fn difference(was: &Identity, is: &Identity) -> Option<String> {
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names.into_iter().find_map(|name| match (was.get(name), is.get(name)) {
        (Some(was), Some(is)) if was == is => None,
        (Some(was), Some(is)) => Some(format!("{name} was `{}` and is `{}`", short(was), short(is))),
        (Some(was), None) => Some(format!("{name} was `{}` and is not set", short(was))),
        (None, Some(is)) => Some(format!("{name} was not set and is `{}`", short(is))),
        (None, None) => None,
    })
}

/// Enough to recognise a value.
fn short(text: &str) -> String {
    const CHARACTERS: usize = 60;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
