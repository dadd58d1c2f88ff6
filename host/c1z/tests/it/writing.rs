//! Files that we write: container, schema, columns, statistics.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use accord_c1z::container::{self, ContainerError, MAGIC, Watch};
use accord_c1z::encode::Encoder;
use accord_c1z::proto::{GrantExpandable, Message};
use accord_c1z::reader::View;
use accord_c1z::schema::FileProfile;
use accord_c1z::{sync_id::SyncId, timestamp};
use rusqlite::Connection;

use crate::support::*;

// Checklist 1, 2, 3, 5.
#[test]
fn a_file_is_magic_and_one_checked_sized_frame_around_a_plain_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path(), FileProfile::Current);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes[..5], MAGIC);
    assert_eq!(bytes[5..9], [0x28, 0xb5, 0x2f, 0xfd]);
    let descriptor = bytes[9];
    assert_ne!(descriptor & 0b100, 0, "a checksum follows");
    let single_segment = descriptor & 0b10_0000 != 0;
    assert!(single_segment || bytes[10] >> 3 <= 13, "the window is at most 2^23");

    let database = zstd::decode_all(&bytes[5..]).unwrap();
    assert_eq!(database, std::fs::read(folder.path().join("build.db")).unwrap());
    assert!(database.starts_with(b"SQLite format 3\0"));
    assert_eq!(database[18..20], [1, 1], "not in WAL mode");
    assert_eq!(zstd::zstd_safe::get_frame_content_size(&bytes[5..]).unwrap(), Some(database.len() as u64));
    assert_eq!(zstd::zstd_safe::find_frame_compressed_size(&bytes[5..]).unwrap(), bytes.len() - 5, "one frame");

    let reader = open(&path).unwrap();
    let container = reader.container().unwrap();
    assert_eq!((container.frames, container.has_checksum), (1, true));
    assert_eq!(container.declared_bytes, Some(container.database_bytes));
    let verdict = verdict(&path);
    assert!(verdict.is_sound() && verdict.findings().count() == 0, "{verdict}");
    assert_eq!(
        verdict.to_string(),
        "header ok · zstd ok · database ok · schema ok · syncs ok · rows ok · references ok · counts ok · readable"
    );
}

// Checklist 2.
#[test]
fn a_large_database_keeps_its_window_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("create table t (x); insert into t values (zeroblob(9000000))").unwrap();
    drop(connection);
    let mut bytes = Vec::new();
    let (cancel, mut last) = (AtomicBool::new(false), (0, 0));
    let mut progress = |done, of| last = (done, of);
    let written = container::write(&path, &mut bytes, &mut Watch { cancel: &cancel, progress: &mut progress }).unwrap();
    assert_eq!(written.bytes, bytes.len() as u64);
    assert_eq!(last, (written.database_bytes, written.database_bytes), "progress reaches the end");
    assert_eq!(bytes[9] & 0b10_0000, 0, "not a single segment");
    assert_eq!(bytes[10] >> 3, 13, "window 2^23");
}

#[test]
fn a_database_that_is_not_closed_for_good_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wal.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("pragma journal_mode = wal; create table t (x)").unwrap();
    let cancel = AtomicBool::new(false);
    let pack = |path: &Path| {
        let mut watch = Watch { cancel: &cancel, progress: &mut |_, _| {} };
        container::write(path, &mut Vec::new(), &mut watch).unwrap_err().to_string()
    };
    assert_eq!(pack(&path), format!("`{}` cannot be packed: it is in WAL mode", path.display()));
    connection.execute_batch("pragma journal_mode = delete").unwrap();
    drop(connection);
    std::fs::write(folder.path().join("wal.db-wal"), b"left over").unwrap();
    assert_eq!(pack(&path), format!("`{}` cannot be packed: a write-ahead log lies beside it", path.display()));
    assert!(pack(&golden("README.md")).ends_with("cannot be packed: it is not a SQLite database"));
    let cancelled = AtomicBool::new(true);
    std::fs::remove_file(folder.path().join("wal.db-wal")).unwrap();
    let mut watch = Watch { cancel: &cancelled, progress: &mut |_, _| {} };
    assert!(matches!(container::write(&path, &mut Vec::new(), &mut watch), Err(ContainerError::Cancelled)));
}

/// Columns (name, type, not null, default) of each table, and (unique, columns, condition) of each index.
type Tables = BTreeMap<String, Vec<(String, String, bool, Option<String>)>>;
type Indexes = BTreeMap<String, (String, bool, Vec<String>, String)>;

fn schema(path: &Path) -> (Tables, Indexes) {
    let connection = Connection::open(path).unwrap();
    let names = |kind: &str| -> Vec<(String, String, Option<String>)> {
        let mut statement =
            connection.prepare("select name, tbl_name, sql from sqlite_schema where type = ?1 order by name").unwrap();
        let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let mut tables = Tables::new();
    for (table, _, _) in names("table") {
        let mut statement =
            connection.prepare("select name, type, \"notnull\", dflt_value from pragma_table_info(?1)").unwrap();
        let columns =
            statement.query_map([&table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        let mut columns: Vec<(String, String, bool, Option<String>)> = columns.map(Result::unwrap).collect();
        columns.sort();
        tables.insert(table, columns);
    }
    let mut indexes = Indexes::new();
    for (index, table, sql) in names("index") {
        let sql = sql.unwrap().to_lowercase();
        let mut statement = connection.prepare("select name from pragma_index_info(?1) order by seqno").unwrap();
        let columns = statement.query_map([&index], |row| row.get::<_, Option<String>>(0)).unwrap();
        let columns = columns.map(|name| name.unwrap().unwrap_or("id".into())).collect();
        let condition = sql.split_once(" where ").map_or("", |(_, condition)| condition).to_owned();
        indexes.insert(index, (table, sql.starts_with("create unique"), columns, condition));
    }
    (tables, indexes)
}

// Checklist 9.
#[test]
fn the_schema_is_the_one_that_the_reference_writes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(golden("expanded-sdk-0.25.0.c1z")).unwrap();
    let reference = folder.path().join("reference.db");
    std::fs::write(&reference, zstd::decode_all(&bytes[5..]).unwrap()).unwrap();
    let (tables, indexes) = schema(&reference);

    let (mut ours, our_indexes) = schema(&database(folder.path(), FileProfile::Current, |_| {}));
    assert!(ours.remove("accord_coverage").is_some());
    assert_eq!(ours, tables);
    assert_eq!(our_indexes, indexes);

    std::fs::remove_file(folder.path().join("build.db")).unwrap();
    let (mut compatible, mut compatible_indexes) = schema(&database(folder.path(), FileProfile::Compat07, |_| {}));
    compatible.remove("accord_coverage");
    let later = ["grants_backfilled", "stats"];
    let mut expected = tables;
    let runs = expected.get_mut("v1_sync_runs").unwrap();
    runs.retain(|(name, ..)| !later.contains(&name.as_str()) && !name.starts_with("ingest_invariant"));
    assert_eq!(compatible, expected);
    let (name, index) = indexes.get_key_value("idx_grants_entitlement_sync_grant_v1").unwrap();
    compatible_indexes.insert(name.clone(), index.clone());
    assert_eq!(compatible_indexes, indexes);
}

// Checklist 10, 11, 12, 19.
#[test]
fn a_file_has_one_finished_sync_with_exact_statistics() {
    for profile in [FileProfile::Current, FileProfile::Compat07] {
        let folder = tempfile::tempdir().unwrap();
        let path = sample_file(folder.path(), profile);
        let reader = open(&path).unwrap();
        let [run] = reader.syncs().unwrap().try_into().unwrap();
        assert_eq!(run.sync_type, "full");
        assert_eq!(SyncId::parse(&run.sync_id).unwrap().seconds(), timestamp::parse(&run.started_at).unwrap().seconds);
        assert!(run.ended_at.as_ref().unwrap() >= &run.started_at);
        assert_eq!(run.grants_backfilled, profile == FileProfile::Current);
        assert_eq!((run.sync_token.as_str(), run.ingest_invariant_mode.as_str()), ("", ""));
        assert_eq!(run.stats.is_some(), profile == FileProfile::Current);
        let view = reader.default_view(timestamp::parse(ENDED_AT).unwrap()).unwrap();
        assert_eq!(view, View::Sync(SYNC_ID.into()));
        assert_eq!(reader.stats(&view).unwrap(), reader.count(&view).unwrap());
        assert_eq!(reader.stats(&view).unwrap().resources_by_resource_type["app"], 0, "types without resources count");
        for row in reader.grants(&View::Everything) {
            let row = row.unwrap().row;
            assert_eq!(row.sync_id, SYNC_ID);
            assert!(timestamp::is_canonical(&row.discovered_at));
        }
        assert_eq!(reader.coverage().unwrap().unwrap().json, r#"{"collections":[]}"#);
    }
}

// Checklist 13, 14, 16.
#[test]
fn columns_repeat_the_message_and_are_null_where_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    sample_file(folder.path(), FileProfile::Current);
    let connection = Connection::open(folder.path().join("build.db")).unwrap();
    let texts = |statement: &str| -> Vec<String> {
        let mut statement = connection.prepare(statement).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(
        texts(
            "select resource_type_id || ' ' || external_id || ' ' || ifnull(parent_resource_type_id || '/' || parent_resource_id, 'null') from v1_resources"
        ),
        ["group group:g null", "role role:r group/g", "user user:u1 null", "user user:u2 null"]
    );
    assert_eq!(
        texts("select resource_type_id || ' ' || resource_id || ' ' || external_id from v1_entitlements"),
        ["group g group:g:member", "role r role:r:assigned"]
    );
    assert_eq!(
        texts(
            "select resource_type_id || ' ' || resource_id || ' ' || entitlement_id || ' ' || principal_resource_type_id \
             || ' ' || principal_resource_id || ' ' || external_id || ' ' || needs_expansion || (expansion is null) from v1_grants"
        ),
        [
            "group g group:g:member user u1 group:g:member:user:u1 01",
            "role r role:r:assigned group g role:r:assigned:group:g 10"
        ]
    );
    let expansion: Vec<u8> =
        connection.query_row("select expansion from v1_grants where needs_expansion", [], |row| row.get(0)).unwrap();
    assert_eq!(GrantExpandable::decode(expansion.as_slice()).unwrap().entitlement_ids, ["group:g:member"]);
    assert_eq!(texts("select cast(count(*) as text) from v1_connector_sessions"), ["0"]);
}

// Checklist 17: the unique index is there to refuse what the merge should have made one.
#[test]
fn one_id_cannot_stand_twice() {
    let folder = tempfile::tempdir().unwrap();
    let types = resource_types();
    let encoder = Encoder::new(FileProfile::Current, &types);
    let path = folder.path().join("twice.db");
    let database = accord_c1z::database::NewDatabase::create(&path, FileProfile::Current, SYNC_ID, ENDED_AT).unwrap();
    for _ in 0..2 {
        database.resource(&encoder.resource(&user("u")).unwrap()).unwrap();
    }
    let error = database.create_indexes(|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("UNIQUE constraint failed: v1_resources.external_id"), "{error}");
}

// Checklist 18.
#[test]
fn the_same_rows_give_the_same_file() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [first, second] =
        folders.each_ref().map(|folder| std::fs::read(sample_file(folder.path(), FileProfile::Current)).unwrap());
    assert!(first == second);
}

// Checklist 2, 3, by tools that know nothing of us.
#[test]
fn other_tools_accept_the_container_and_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(folder.path(), FileProfile::Current);
    let frame = folder.path().join("frame.zst");
    std::fs::write(&frame, &std::fs::read(path).unwrap()[5..]).unwrap();
    // Neither tool is needed to build or test accord: where one is missing, the tests above stand alone.
    if let Ok(output) = Command::new("zstd").arg("-lv").arg(&frame).output() {
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("XXH64"), "{text}");
        assert!(Command::new("zstd").arg("-tq").arg(&frame).status().unwrap().success());
    }
    if let Ok(output) =
        Command::new("sqlite3").arg(folder.path().join("build.db")).arg("pragma integrity_check").output()
    {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\n");
    }
}
