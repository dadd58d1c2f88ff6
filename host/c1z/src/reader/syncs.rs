//! Which syncs a file has, and which one to show.

use rusqlite::types::ValueRef;

use super::{ReadError, Reader};
use crate::model::Timestamp;
use crate::timestamp;

/// One row of `v1_sync_runs`. Columns that an older writer does not have hold their default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRun {
    /// A KSUID in files of known writers, any text in others.
    pub sync_id: String,
    /// Text as it stands in the file; `timestamp::parse` reads it.
    pub started_at: String,
    /// `None` while the sync is unfinished.
    pub ended_at: Option<String>,
    /// The writer's own checkpoint.
    pub sync_token: String,
    /// `full`, `partial`, `resources_only`, `partial_upserts`, `partial_deletions`, or what a later writer adds.
    pub sync_type: String,
    pub parent_sync_id: String,
    pub linked_sync_id: String,
    pub supports_diff: bool,
    pub grants_backfilled: bool,
    /// JSON, see `stats`.
    pub stats: Option<String>,
    pub ingest_invariant_generation: String,
    pub ingest_invariant_coverage: String,
    pub ingest_invariant_mode: String,
}

/// Whose rows are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    Sync(String),
    /// All rows of all syncs, mixed: what readers show when no sync qualifies.
    Everything,
}

/// Unfinished syncs that are older are not shown.
const UNFINISHED_SECONDS: i64 = 7 * 24 * 3600;

impl Reader {
    /// All syncs, in the order of the file.
    ///
    /// # Errors
    /// If the database does not answer, or a necessary column is missing.
    pub fn syncs(&self) -> Result<Vec<SyncRun>, ReadError> {
        let columns = self.columns(TABLE)?;
        let mut selected: Vec<&str> = Vec::with_capacity(COLUMNS.len());
        for (column, default) in COLUMNS {
            match default {
                _ if columns.iter().any(|name| name == column) => selected.push(column),
                Some(default) => selected.push(default),
                None => return Err(ReadError::MissingColumn { table: TABLE, column }),
            }
        }
        let statement = format!("select id, {} from {TABLE} order by id", selected.join(", "));
        let mut statement = self.connection.prepare(&statement)?;
        let mut rows = statement.query([])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            runs.push(read(row)?);
        }
        Ok(runs)
    }

    /// The sync to show: the latest finished full one; else the latest unfinished one that started within 7 days
    /// before `now`; else everything mixed.
    ///
    /// # Errors
    /// As [`Reader::syncs`].
    pub fn default_view(&self, now: Timestamp) -> Result<View, ReadError> {
        let runs = self.syncs()?;
        let finished = runs
            .iter()
            .filter(|run| run.sync_type == "full" && run.ended_at.is_some())
            .max_by_key(|run| (&run.ended_at, &run.sync_id));
        let recent = |run: &&SyncRun| {
            timestamp::parse(&run.started_at).is_some_and(|started| started.seconds > now.seconds - UNFINISHED_SECONDS)
        };
        let unfinished =
            || runs.iter().filter(|run| run.ended_at.is_none()).filter(recent).max_by_key(|run| &run.started_at);
        let chosen = finished.or_else(unfinished);
        Ok(chosen.map_or(View::Everything, |run| View::Sync(run.sync_id.clone())))
    }
}

const TABLE: &str = "v1_sync_runs";

/// Columns, and what stands for a missing one; the first four are in every file.
const COLUMNS: [(&str, Option<&str>); 13] = [
    ("sync_id", None),
    ("started_at", None),
    ("ended_at", None),
    ("sync_token", None),
    ("sync_type", Some("'full'")),
    ("parent_sync_id", Some("''")),
    ("linked_sync_id", Some("''")),
    ("supports_diff", Some("0")),
    ("grants_backfilled", Some("0")),
    ("stats", Some("null")),
    ("ingest_invariant_generation", Some("''")),
    ("ingest_invariant_coverage", Some("''")),
    ("ingest_invariant_mode", Some("''")),
];

fn read(row: &rusqlite::Row<'_>) -> Result<SyncRun, ReadError> {
    let row_id = row.get(0)?;
    let value = |at: usize| -> Result<Option<String>, ReadError> {
        let column = COLUMNS.get(at).map_or("", |column| column.0);
        super::raw::text(row.get_ref(at + 1)?).map_err(|problem| ReadError::Value {
            table: TABLE,
            row_id,
            column,
            problem,
        })
    };
    let text = |at| value(at).map(Option::unwrap_or_default);
    let flag = |at: usize| -> Result<bool, ReadError> {
        Ok(matches!(row.get_ref(at + 1)?, ValueRef::Integer(number) if number != 0))
    };
    Ok(SyncRun {
        sync_id: text(0)?,
        started_at: text(1)?,
        ended_at: value(2)?,
        sync_token: text(3)?,
        sync_type: text(4)?,
        parent_sync_id: text(5)?,
        linked_sync_id: text(6)?,
        supports_diff: flag(7)?,
        grants_backfilled: flag(8)?,
        stats: value(9)?,
        ingest_invariant_generation: text(10)?,
        ingest_invariant_coverage: text(11)?,
        ingest_invariant_mode: text(12)?,
    })
}
