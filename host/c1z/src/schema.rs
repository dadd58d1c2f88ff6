//! The tables, columns and indexes of a file, exactly as the field has them.
//!
//! Index names and uniqueness are the field's, its one swap of names included: readers keep a wrong index under a known
//! name, and their upserts need the unique ones. Indexes need not be there: readers build missing ones themselves. What the
//! rows mean is `database`'s business.

use rusqlite::Connection;

/// Which columns and indexes a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileProfile {
    /// All columns that SDK 0.25.0 knows: the cheapest to open for current readers.
    #[default]
    Current,
    /// The columns of SDK 0.7.27, whose viewer cannot export files with later ones; annotations that it does not know
    /// are left out too.
    Compat07,
}

/// Our own table: the coverage of the sync, one row. Both reference viewers ignore tables that they do not know.
pub const COVERAGE_TABLE: &str = "accord_coverage";

/// Creates all tables, without indexes.
///
/// # Errors
/// Whatever SQLite says; the tables must not exist.
pub fn create_tables(connection: &Connection, profile: FileProfile) -> rusqlite::Result<()> {
    for (table, columns) in TABLES {
        let extra = match (profile, *table) {
            (FileProfile::Current, "v1_sync_runs") => SYNC_RUNS_SINCE_0_9_10,
            _ => "",
        };
        connection.execute_batch(&format!("create table {table} (id integer primary key, {columns}{extra})"))?;
    }
    connection.execute_batch(&format!(
        "create table {COVERAGE_TABLE} (id integer primary key, version integer not null, coverage text not null)"
    ))
}

/// Creates the indexes that are wanted and not there yet: a pass over the table each. `done` is called after each with
/// (indexes made, indexes to make).
///
/// One that covers few rows, or in whose order the rows will come, is cheaper made before them.
///
/// # Errors
/// Whatever SQLite says; a repeated external id violates a unique index.
pub fn create_indexes(
    connection: &Connection,
    profile: FileProfile,
    wanted: impl Fn(&Index) -> bool,
    mut done: impl FnMut(u64, u64),
) -> rusqlite::Result<()> {
    let mut missing = Vec::new();
    for index in indexes(profile).filter(|index| wanted(index)) {
        if !exists(connection, index)? {
            missing.push(index);
        }
    }
    for (made, index) in (1..).zip(&missing) {
        connection.execute_batch(&index.statement())?;
        done(made, missing.len() as u64);
    }
    Ok(())
}

fn exists(connection: &Connection, index: &Index) -> rusqlite::Result<bool> {
    let find = "select exists (select 1 from sqlite_schema where type = 'index' and name = ?1)";
    connection.query_row(find, [index.name], |row| row.get(0))
}

/// One index as the field has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    pub name: &'static str,
    pub table: &'static str,
    pub unique: bool,
    pub columns: &'static [&'static str],
    /// Rows that it covers; all when empty.
    pub condition: &'static str,
    /// Whether rows in the order of their external ids are in its order too, or nearly: ids begin with what they belong to.
    pub in_row_order: bool,
}

impl Index {
    /// Whether it covers only some rows: almost none, in every index of the field's that does.
    pub fn is_partial(&self) -> bool {
        !self.condition.is_empty()
    }

    fn statement(&self) -> String {
        let unique = if self.unique { "unique " } else { "" };
        let condition = if self.is_partial() { format!(" where {}", self.condition) } else { String::new() };
        format!("create {unique}index {} on {} ({}){condition}", self.name, self.table, self.columns.join(", "))
    }
}

/// The indexes of a profile.
pub fn indexes(profile: FileProfile) -> impl Iterator<Item = &'static Index> {
    INDEXES.iter().filter(move |index| profile == FileProfile::Current || index.name != SINCE_0_9_10)
}

const TABLES: &[(&str, &str)] = &[
    (
        "v1_resource_types",
        "external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null",
    ),
    (
        "v1_resources",
        "resource_type_id text not null, external_id text not null, parent_resource_type_id text, parent_resource_id text, \
         data blob not null, sync_id text not null, discovered_at datetime not null",
    ),
    (
        "v1_entitlements",
        "resource_type_id text not null, resource_id text not null, external_id text not null, \
         data blob not null, sync_id text not null, discovered_at datetime not null",
    ),
    (
        "v1_grants",
        "resource_type_id text not null, resource_id text not null, entitlement_id text not null, \
         principal_resource_type_id text not null, principal_resource_id text not null, external_id text not null, \
         expansion blob, needs_expansion integer not null default 0, \
         data blob not null, sync_id text not null, discovered_at datetime not null",
    ),
    (
        "v1_sync_runs",
        "sync_id text not null, started_at datetime not null, ended_at datetime, sync_token text not null, \
         sync_type text not null default 'full', parent_sync_id text not null default '', \
         linked_sync_id text not null default '', supports_diff integer not null default 0",
    ),
    (
        "v1_assets",
        "external_id text not null, content_type text not null, data blob not null, sync_id text not null, \
         discovered_at datetime not null",
    ),
    // Never filled: the connectors' scratch pad may hold what no file should. Readers expect the table.
    ("v1_connector_sessions", "sync_id text not null, key text not null, value blob not null"),
];

const SYNC_RUNS_SINCE_0_9_10: &str = ", grants_backfilled integer not null default 0, stats text, \
     ingest_invariant_generation text not null default '', ingest_invariant_coverage text not null default '', \
     ingest_invariant_mode text not null default ''";

const SINCE_0_9_10: &str = "idx_grants_entitlement_sync_grant_v1";

const INDEXES: &[Index] = &[
    in_row_order(unique("idx_resource_types_external_sync_v1", "v1_resource_types", &["external_id", "sync_id"])),
    in_row_order(plain("idx_resources_resource_type_id_v1", "v1_resources", &["resource_type_id"])),
    // The field has the names of these two swapped, in all its versions.
    plain("idx_resources_external_sync_v1", "v1_resources", &["parent_resource_type_id", "parent_resource_id"]),
    in_row_order(unique("idx_resources_parent_resource_id_v1", "v1_resources", &["external_id", "sync_id"])),
    in_row_order(plain("idx_entitlements_resource_id_v1", "v1_entitlements", &["resource_type_id", "resource_id"])),
    in_row_order(unique("idx_entitlements_external_sync_v1", "v1_entitlements", &["external_id", "sync_id"])),
    unique("idx_sync_runs_sync_id_v1", "v1_sync_runs", &["sync_id"]),
    in_row_order(plain(
        "idx_grants_resource_type_id_resource_id_v1",
        "v1_grants",
        &["resource_type_id", "resource_id"],
    )),
    plain("idx_grants_principal_id_v1", "v1_grants", &["principal_resource_type_id", "principal_resource_id"]),
    in_row_order(plain(
        "idx_grants_entitlement_id_principal_id_v1",
        "v1_grants",
        &["entitlement_id", "principal_resource_type_id", "principal_resource_id"],
    )),
    in_row_order(unique("idx_grants_external_sync_v1", "v1_grants", &["external_id", "sync_id"])),
    in_row_order(plain(SINCE_0_9_10, "v1_grants", &["entitlement_id", "sync_id", "id"])),
    partial("idx_grants_sync_expansion_v1", "v1_grants", &["sync_id"], "expansion is not null"),
    partial("idx_grants_sync_needs_expansion_v1", "v1_grants", &["sync_id"], "needs_expansion = 1"),
    unique("idx_assets_external_sync_v1", "v1_assets", &["external_id", "sync_id"]),
    unique("idx_session_store_sync_key_v1", "v1_connector_sessions", &["sync_id", "key"]),
];

const fn plain(name: &'static str, table: &'static str, columns: &'static [&'static str]) -> Index {
    Index { name, table, unique: false, columns, condition: "", in_row_order: false }
}

const fn unique(name: &'static str, table: &'static str, columns: &'static [&'static str]) -> Index {
    Index { unique: true, ..plain(name, table, columns) }
}

const fn partial(
    name: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
    condition: &'static str,
) -> Index {
    Index { condition, ..plain(name, table, columns) }
}

const fn in_row_order(index: Index) -> Index {
    Index { in_row_order: true, ..index }
}
