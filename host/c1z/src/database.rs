//! A new sync database: rows go in, in the order in which they will be listed.
//!
//! The caller brings rows with distinct ids, already sorted, merged and encoded; it creates the indexes afterwards
//! (`schema`) and compresses the closed file (`container`).

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Statement, params};

use crate::encode::{Encoded, EntitlementColumns, GrantColumns, ResourceColumns, ResourceTypeColumns};
use crate::schema::{self, FileProfile};
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
        // memory, with a million grants; 8 MiB takes as long as 16, and 17 MiB less in a sync of 20,000 users. Pages of
        // 8 KiB, which SQLite reads as any: 6 % less time and 4 % smaller when packed than with 4 KiB; larger ones gain
        // nothing more.
        connection.execute_batch(
            "pragma page_size = 8192; pragma journal_mode = off; pragma synchronous = off;
             pragma locking_mode = exclusive; pragma cache_size = -8192; pragma temp_store = file; begin",
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
        self.grants()?.insert(row)
    }

    /// For inserting many grants.
    pub fn grants(&self) -> rusqlite::Result<GrantTable<'_>> {
        let mut insert = self.connection.prepare(
            "insert into v1_grants (sync_id, discovered_at, resource_type_id, resource_id, entitlement_id, \
             principal_resource_type_id, principal_resource_id, external_id, expansion, needs_expansion, data) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        insert.raw_bind_parameter(1, &self.sync_id)?;
        insert.raw_bind_parameter(2, &self.discovered_at)?;
        Ok(GrantTable { insert, bound: [const { None }; 4] })
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

    /// Creates the indexes that almost no row is in; before there are rows, this costs nothing.
    pub fn create_partial_indexes(&self) -> rusqlite::Result<()> {
        schema::create_partial_indexes(&self.connection, self.profile)
    }

    /// Creates all other indexes; see [`schema::create_indexes`].
    pub fn create_indexes(&self, done: impl FnMut(u64, u64)) -> rusqlite::Result<()> {
        schema::create_indexes(&self.connection, self.profile, done)
    }

    /// Ends the transaction and closes the file, which is then complete.
    pub fn close(self) -> rusqlite::Result<()> {
        self.connection.execute_batch("commit")?;
        self.connection.flush_prepared_statement_cache();
        self.connection.close().map_err(|(_, error)| error)
    }
}

/// Inserts grants. What a grant has in common with the one before it, which is most of it when they come in order, stays
/// bound.
#[derive(Debug)]
pub struct GrantTable<'a> {
    insert: Statement<'a>,
    /// The texts of columns 3 to 6.
    bound: [Option<String>; 4],
}

impl GrantTable<'_> {
    /// A grant that passes access on is marked as needing expansion; the mark stays after expansion, as in the reference.
    pub fn insert(&mut self, row: &GrantRow<'_>) -> rusqlite::Result<()> {
        let shared = [row.resource_type_id, row.resource_id, row.entitlement_id, row.principal_resource_type_id];
        for ((column, text), bound) in (3..).zip(shared).zip(&mut self.bound) {
            if bound.as_deref() != Some(text) {
                self.insert.raw_bind_parameter(column, text)?;
                let bound = bound.get_or_insert_default();
                bound.clear();
                bound.push_str(text);
            }
        }
        self.insert.raw_bind_parameter(7, row.principal_resource_id)?;
        self.insert.raw_bind_parameter(8, row.external_id)?;
        self.insert.raw_bind_parameter(9, row.expansion)?;
        self.insert.raw_bind_parameter(10, row.expansion.is_some())?;
        self.insert.raw_bind_parameter(11, row.data)?;
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
