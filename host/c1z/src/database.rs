//! A new sync database: rows go in, in the order in which they will be listed.
//!
//! The caller brings rows with distinct ids, already sorted, merged and encoded; it creates the indexes (`schema`), most of
//! them beforehand, and compresses the closed file (`container`).

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Statement, params};

use crate::encode::{Encoded, EntitlementColumns, GrantColumns, ResourceColumns, ResourceTypeColumns};
use crate::schema::{self, FileProfile, Index};
use crate::stats::Stats;

/// `sync_type` of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncKind {
    Full,
    /// Selected resources.
    Partial,
    /// Without entitlements and grants.
    ResourcesOnly,
}

impl SyncKind {
    /// The text in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::ResourcesOnly => "resources_only",
        }
    }
}

/// The one row of `v1_sync_runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedSync {
    /// Both as `timestamp::format` writes them.
    pub started_at: String,
    pub ended_at: String,
    pub kind: SyncKind,
    /// For partial syncs the latest finished full one, if known; else empty.
    pub parent_sync_id: String,
    /// Whether the expansion columns are complete: expansion began, or is left to the reader.
    pub supports_diff: bool,
    /// Exact counts. The compatible profile has no column for them.
    pub stats: Stats,
}

/// A database under construction. One transaction spans everything until [`NewDatabase::close`].
#[derive(Debug)]
pub struct NewDatabase {
    connection: Connection,
    profile: FileProfile,
    sync_id: String,
    discovered_at: String,
}

impl NewDatabase {
    /// Creates the file, which must be empty or absent, and its tables. Every row gets this sync id and time of writing.
    ///
    /// Nothing is synced to disk and there is no journal: a crash loses a scratch file.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn create(
        path: &Path,
        profile: FileProfile,
        sync_id: impl Into<String>,
        discovered_at: impl Into<String>,
    ) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        // A small cache and sorting in files: 16 MiB took less time and a sixth of the memory of 256 MiB that sorts in
        // memory, with a million grants; 4 MiB takes as long as 16. Pages of 8 KiB, which SQLite reads as any: 6 % less
        // time and 4 % smaller when packed than with 4 KiB; larger ones gain nothing more.
        connection.execute_batch(
            "pragma page_size = 8192; pragma journal_mode = off; pragma synchronous = off;
             pragma locking_mode = exclusive; pragma cache_size = -4096; pragma temp_store = file; begin",
        )?;
        schema::create_tables(&connection, profile)?;
        Ok(Self { connection, profile, sync_id: sync_id.into(), discovered_at: discovered_at.into() })
    }

    /// For statements of the caller's own, between its rows.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// For a handler that stops what runs too long.
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub fn resource_type(&self, row: &Encoded<ResourceTypeColumns>) -> rusqlite::Result<()> {
        self.insert_resource_type(&row.columns.external_id, &row.data)
    }

    pub fn insert_resource_type(&self, external_id: &str, data: &[u8]) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "insert into v1_resource_types (external_id, data, sync_id, discovered_at) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![external_id, data, self.sync_id, self.discovered_at])
            .map(drop)
    }

    pub fn resource(&self, row: &Encoded<ResourceColumns>) -> rusqlite::Result<()> {
        let columns = &row.columns;
        let parent = columns.parent_resource_type_id.as_deref().zip(columns.parent_resource_id.as_deref());
        self.insert_resource(&columns.resource_type_id, &columns.external_id, parent, &row.data)
    }

    /// `parent` is (resource type, resource).
    pub fn insert_resource(
        &self,
        resource_type_id: &str,
        external_id: &str,
        parent: Option<(&str, &str)>,
        data: &[u8],
    ) -> rusqlite::Result<()> {
        let (parent_type, parent) = parent.unzip();
        self.connection
            .prepare_cached(
                "insert into v1_resources (resource_type_id, external_id, parent_resource_type_id, parent_resource_id, \
                 data, sync_id, discovered_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                resource_type_id,
                external_id,
                parent_type,
                parent,
                data,
                self.sync_id,
                self.discovered_at
            ])
            .map(drop)
    }

    pub fn entitlement(&self, row: &Encoded<EntitlementColumns>) -> rusqlite::Result<()> {
        let columns = &row.columns;
        self.insert_entitlement(&columns.resource_type_id, &columns.resource_id, &columns.external_id, &row.data)
    }

    pub fn insert_entitlement(
        &self,
        resource_type_id: &str,
        resource_id: &str,
        external_id: &str,
        data: &[u8],
    ) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "insert into v1_entitlements (resource_type_id, resource_id, external_id, data, sync_id, discovered_at) \
                 values (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![resource_type_id, resource_id, external_id, data, self.sync_id, self.discovered_at])
            .map(drop)
    }

    pub fn grant(&self, row: &Encoded<GrantColumns>) -> rusqlite::Result<()> {
        let columns = &row.columns;
        self.insert_grant(&GrantRow {
            resource_type_id: &columns.resource_type_id,
            resource_id: &columns.resource_id,
            entitlement_id: &columns.entitlement_id,
            principal_resource_type_id: &columns.principal_resource_type_id,
            principal_resource_id: &columns.principal_resource_id,
            external_id: &columns.external_id,
            expansion: columns.expansion.as_deref(),
            data: &row.data,
        })
    }

    /// One grant. Who has many takes [`NewDatabase::grants`].
    pub fn insert_grant(&self, row: &GrantRow<'_>) -> rusqlite::Result<()> {
        let mut table = self.grants()?;
        table.insert(row)?;
        table.finish()
    }

    /// For inserting many grants.
    pub fn grants(&self) -> rusqlite::Result<GrantTable<'_>> {
        let row = |row: usize| {
            let first = SHARED + row * GRANT_COLUMNS;
            let columns: Vec<String> = (first + 1..=first + GRANT_COLUMNS).map(|column| format!("?{column}")).collect();
            format!("(?1, ?2, {})", columns.join(", "))
        };
        let rows: Vec<String> = (0..GRANTS_AT_A_TIME).map(row).collect();
        let mut insert = self.connection.prepare(&format!(
            "insert or fail into v1_grants (sync_id, discovered_at, resource_type_id, resource_id, entitlement_id, \
             principal_resource_type_id, principal_resource_id, external_id, expansion, needs_expansion, data) \
             select * from (values {}) limit ?{SHARED}",
            rows.join(", ")
        ))?;
        insert.raw_bind_parameter(1, &self.sync_id)?;
        insert.raw_bind_parameter(2, &self.discovered_at)?;
        Ok(GrantTable { insert, rows: 0, bound: [const { [const { String::new() }; 4] }; GRANTS_AT_A_TIME] })
    }

    /// An icon or logo. An empty content type becomes `unknown`, as in the reference.
    pub fn insert_asset(&self, external_id: &str, content_type: &str, data: &[u8]) -> rusqlite::Result<()> {
        let content_type = if content_type.is_empty() { "unknown" } else { content_type };
        self.connection
            .prepare_cached(
                "insert into v1_assets (external_id, content_type, data, sync_id, discovered_at) \
                 values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![external_id, content_type, data, self.sync_id, self.discovered_at])
            .map(drop)
    }

    /// What the sync covers, as a JSON text of this version.
    pub fn insert_coverage(&self, version: u32, coverage: &str) -> rusqlite::Result<()> {
        let statement = format!("insert into {} (version, coverage) values (?1, ?2)", schema::COVERAGE_TABLE);
        self.connection.execute(&statement, params![version, coverage]).map(drop)
    }

    /// Writes the sync's own row: from here on it counts as finished.
    pub fn insert_sync(&self, sync: &FinishedSync) -> rusqlite::Result<()> {
        self.connection.execute(
            "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type, parent_sync_id, \
             supports_diff) values (?1, ?2, ?3, '', ?4, ?5, ?6)",
            params![
                self.sync_id,
                sync.started_at,
                sync.ended_at,
                sync.kind.as_str(),
                sync.parent_sync_id,
                sync.supports_diff
            ],
        )?;
        match self.profile {
            FileProfile::Current => self
                .connection
                .execute("update v1_sync_runs set grants_backfilled = 1, stats = ?1", [sync.stats.to_json()])
                .map(drop),
            FileProfile::Compat07 => Ok(()),
        }
    }

    /// Creates indexes before there are rows; see [`schema::create_indexes`].
    pub fn create_first_indexes(&self, which: impl Fn(&Index) -> bool) -> rusqlite::Result<()> {
        schema::create_indexes(&self.connection, self.profile, which, |_, _| {})
    }

    /// Creates the indexes that are still missing.
    pub fn create_indexes(&self, done: impl FnMut(u64, u64)) -> rusqlite::Result<()> {
        schema::create_indexes(&self.connection, self.profile, |_| true, done)
    }

    /// Ends the transaction and closes the file, which is then complete.
    pub fn close(self) -> rusqlite::Result<()> {
        self.connection.execute_batch("commit")?;
        self.connection.flush_prepared_statement_cache();
        self.connection.close().map_err(|(_, error)| error)
    }
}

/// Grants that one statement inserts. While it runs, it knows where the last row lies in the table and in each index, and
/// the next one, which comes in order, goes behind it without being searched for.
const GRANTS_AT_A_TIME: usize = 64;

/// Columns of a grant that are its own.
const GRANT_COLUMNS: usize = 9;

/// Parameters that all rows of a statement share: sync id, time of writing, and how many rows there are.
const SHARED: usize = 3;

/// Inserts grants, some at a time. What a grant has in common with the one that was in its place before, which is most of
/// it when they come in order, stays bound.
#[derive(Debug)]
pub struct GrantTable<'a> {
    insert: Statement<'a>,
    /// Rows that are bound and not inserted yet.
    rows: usize,
    /// The first four texts of each place.
    bound: [[String; 4]; GRANTS_AT_A_TIME],
}

impl GrantTable<'_> {
    /// A grant that passes access on is marked as needing expansion; the mark stays after expansion, as in the reference.
    ///
    /// It is in the table after [`GrantTable::finish`].
    pub fn insert(&mut self, row: &GrantRow<'_>) -> rusqlite::Result<()> {
        let first = SHARED + self.rows * GRANT_COLUMNS + 1;
        let texts = [row.resource_type_id, row.resource_id, row.entitlement_id, row.principal_resource_type_id];
        for ((parameter, text), bound) in (first..).zip(texts).zip(self.bound.get_mut(self.rows).into_iter().flatten())
        {
            if bound != text {
                self.insert.raw_bind_parameter(parameter, text)?;
                bound.clear();
                bound.push_str(text);
            }
        }
        self.insert.raw_bind_parameter(first + 4, row.principal_resource_id)?;
        self.insert.raw_bind_parameter(first + 5, row.external_id)?;
        self.insert.raw_bind_parameter(first + 6, row.expansion)?;
        self.insert.raw_bind_parameter(first + 7, row.expansion.is_some())?;
        self.insert.raw_bind_parameter(first + 8, row.data)?;
        self.rows += 1;
        if self.rows == GRANTS_AT_A_TIME { self.flush() } else { Ok(()) }
    }

    /// Inserts those that are still held back.
    pub fn finish(mut self) -> rusqlite::Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        self.insert.raw_bind_parameter(SHARED, self.rows.cast_signed())?;
        self.rows = 0;
        self.insert.raw_execute().map(drop)
    }
}

/// One row of `v1_grants`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantRow<'a> {
    /// The resource that the entitlement belongs to.
    pub resource_type_id: &'a str,
    pub resource_id: &'a str,
    pub entitlement_id: &'a str,
    pub principal_resource_type_id: &'a str,
    pub principal_resource_id: &'a str,
    pub external_id: &'a str,
    /// A serialised `GrantExpandable`.
    pub expansion: Option<&'a [u8]>,
    pub data: &'a [u8],
}
