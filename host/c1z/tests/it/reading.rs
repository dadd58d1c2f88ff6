//! Files of other writers: whatever they left out or added is evened out.

use std::path::{Path, PathBuf};

use accord_c1z::container::MAGIC;
use accord_c1z::model::Timestamp;
use accord_c1z::proto::{self, GrantExpandable, Message, pack};
use accord_c1z::reader::{ReadError, View};
use accord_c1z::schema::FileProfile;
use accord_c1z::timestamp;
use rusqlite::{Connection, params};

use crate::support::*;

/// The sample database, changed by these statements, in a container.
fn changed(folder: &Path, statements: &str) -> PathBuf {
    sample_file(folder, FileProfile::Current);
    let path = folder.join("build.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(statements).unwrap();
    drop(connection);
    container_around(folder, &std::fs::read(path).unwrap())
}

/// What every form of the sample must give.
fn assert_sample(path: &Path) {
    let reader = open(path).unwrap();
    let view = reader.default_view(timestamp::parse(ENDED_AT).unwrap()).unwrap();
    let stats = reader.stats(&view).unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (5, 4, 2, 2));
    assert_eq!(reader.resource_types(&view).map(Result::unwrap).count(), 5);
    assert_eq!(reader.resources(&view).map(Result::unwrap).count(), 4);
    assert_eq!(reader.entitlements(&view).map(Result::unwrap).count(), 2);
    let [direct, passed_on] = reader.grants(&view).map(Result::unwrap).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(direct.row.message.principal.unwrap().id.unwrap().resource, "u1");
    assert_eq!(direct.expansion, None);
    let entitlement = passed_on.row.message.entitlement.unwrap();
    assert_eq!(entitlement.id, "role:r:assigned");
    assert_eq!(entitlement.resource.unwrap().id.unwrap().resource_type, "role");
    assert_eq!(passed_on.expansion.unwrap().entitlement_ids, ["group:g:member"]);
    assert!(passed_on.row.message.annotations.is_empty());
    assert_eq!(reader.grants_of_entitlement(&view, "role:r:assigned").count(), 1);
    assert_eq!(reader.entitlements_of(&view, &id("group", "g")).count(), 1);
}

/// The columns of the oldest known writer, without a single index.
const OLDEST: &str = "
    drop table accord_coverage; drop table v1_connector_sessions; drop table v1_assets;
    drop index idx_grants_sync_expansion_v1; drop index idx_grants_sync_needs_expansion_v1;
    alter table v1_grants drop column expansion; alter table v1_grants drop column needs_expansion;
    alter table v1_sync_runs drop column sync_type; alter table v1_sync_runs drop column parent_sync_id;
    alter table v1_sync_runs drop column linked_sync_id; alter table v1_sync_runs drop column supports_diff;
    alter table v1_sync_runs drop column grants_backfilled; alter table v1_sync_runs drop column stats;
    alter table v1_sync_runs drop column ingest_invariant_generation;
    alter table v1_sync_runs drop column ingest_invariant_coverage;
    alter table v1_sync_runs drop column ingest_invariant_mode;";

// Checklist 8.
#[test]
fn the_oldest_columns_are_enough() {
    let folder = tempfile::tempdir().unwrap();
    changed(folder.path(), OLDEST);
    let database = folder.path().join("build.db");
    let connection = Connection::open(&database).unwrap();
    let indexes: Vec<String> = {
        let mut statement = connection.prepare("select name from sqlite_schema where type = 'index'").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for index in indexes {
        connection.execute_batch(&format!("drop index {index}")).unwrap();
    }
    // There, a grant that passes access on says so in its message.
    let data: Vec<u8> = connection.query_row("select data from v1_grants where id = 2", [], |row| row.get(0)).unwrap();
    let mut grant = proto::Grant::decode(data.as_slice()).unwrap();
    let entitlement_ids = vec!["group:g:member".into()];
    grant.annotations.push(pack(&GrantExpandable { entitlement_ids, ..Default::default() }));
    connection.execute("update v1_grants set data = ? where id = 2", [grant.encode_to_vec()]).unwrap();
    drop(connection);
    let path = container_around(folder.path(), &std::fs::read(database).unwrap());
    assert_sample(&path);
    assert!(verdict(&path).is_sound(), "{}", verdict(&path));
}

// Checklist 8.
#[test]
fn unknown_columns_and_tables_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    assert_sample(&changed(
        folder.path(),
        "create table v1_future (x); create view v1_view as select * from v1_future;
         alter table v1_grants add column later text not null default 'x'; alter table v1_sync_runs add column later;",
    ));
}

// Checklist 8.
#[test]
fn a_database_in_wal_mode_is_read_from_a_folder_without_side_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(folder.path(), "pragma journal_mode = wal");
    assert_eq!(std::fs::read(folder.path().join("build.db")).unwrap()[18..20], [2, 2]);
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    assert_sample(&path);
    assert_eq!(files(), before);
}

// Checklist 8.
#[test]
fn several_frames_without_size_or_checksum_are_one_database() {
    let folder = tempfile::tempdir().unwrap();
    sample_file(folder.path(), FileProfile::Current);
    let database = std::fs::read(folder.path().join("build.db")).unwrap();
    let mut bytes = MAGIC.to_vec();
    for part in database.chunks(50_000) {
        let mut encoder = zstd::Encoder::new(&mut bytes, 1).unwrap();
        encoder.include_checksum(false).unwrap();
        encoder.include_contentsize(false).unwrap();
        std::io::copy(&mut &*part, &mut encoder).unwrap();
        encoder.finish().unwrap();
        // A frame that decoders skip.
        bytes.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    }
    let path = file(folder.path(), &bytes);
    assert_sample(&path);
    let reader = open(&path).unwrap();
    let container = reader.container().unwrap();
    assert_eq!((container.declared_bytes, container.has_checksum), (None, false));
    assert_eq!(container.frames, 2 * database.len().div_ceil(50_000) as u32);
}

#[test]
fn a_slim_grant_gets_its_entitlement_and_principal_back() {
    let folder = tempfile::tempdir().unwrap();
    changed(folder.path(), "");
    let database = folder.path().join("build.db");
    let connection = Connection::open(&database).unwrap();
    for (row, id) in [(1, "group:g:member:user:u1"), (2, "role:r:assigned:group:g")] {
        let slim = proto::Grant { id: id.into(), ..Default::default() };
        connection.execute("update v1_grants set data = ? where id = ?", params![slim.encode_to_vec(), row]).unwrap();
    }
    drop(connection);
    let path = container_around(folder.path(), &std::fs::read(database).unwrap());
    assert_sample(&path);
    let verdict = verdict(&path);
    assert!(verdict.is_sound(), "{verdict}");
    assert_eq!(verdict.findings().count(), 2, "it is told all the same");
}

#[test]
fn one_row_that_does_not_decode_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(
        folder.path(),
        "update v1_resources set data = x'ff' where id = 2; update v1_resources set external_id = x'ff' where id = 3",
    );
    let reader = open(&path).unwrap();
    let rows: Vec<_> = reader.resources(&View::Everything).collect();
    assert_eq!(rows.len(), 4);
    let errors: Vec<_> = rows.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    assert!(errors[0].starts_with("`role:r` in row 2 of `v1_resources` does not decode: "), "{}", errors[0]);
    assert_eq!(errors[1], "row 3 of `v1_resources`: column `external_id` is not UTF-8 text");
}

#[test]
fn the_sync_to_show_is_the_one_that_the_field_shows() {
    let now = timestamp::parse("2026-11-21 00:00:00").unwrap();
    let shown = |statements: &str, now: Timestamp| {
        let folder = tempfile::tempdir().unwrap();
        let path = changed(folder.path(), &format!("delete from v1_sync_runs; {statements}"));
        open(&path).unwrap().default_view(now).unwrap()
    };
    let run = |id: &str, kind: &str, started: &str, ended: &str| {
        format!(
            "insert into v1_sync_runs (sync_id, sync_type, started_at, ended_at, sync_token)
             values ('{id}', '{kind}', '2026-11-{started}', {ended}, '');"
        )
    };
    let older = run("a", "full", "10 00:00:00", "'2026-11-10 01:00:00'");
    let newer = run("b", "full", "09 00:00:00", "'2026-11-11 01:00:00'");
    let same_end = run("c", "full", "08 00:00:00", "'2026-11-11 01:00:00'");
    let partial = run("d", "partial", "12 00:00:00", "'2026-11-12 01:00:00'");
    let unfinished = run("e", "partial", "20 00:00:00", "null");
    let stale = run("f", "full", "13 23:59:59", "null");
    assert_eq!(shown(&format!("{older}{newer}{partial}{unfinished}"), now), View::Sync("b".into()));
    assert_eq!(shown(&format!("{newer}{same_end}"), now), View::Sync("c".into()), "ties go to the later id");
    assert_eq!(shown(&format!("{partial}{unfinished}{stale}"), now), View::Sync("e".into()));
    assert_eq!(shown(&stale, now), View::Everything, "unfinished for more than 7 days");
    assert_eq!(shown(&stale, Timestamp { seconds: now.seconds - 2, nanoseconds: 0 }), View::Sync("f".into()));
    assert_eq!(shown(&partial, now), View::Everything);
    assert_eq!(shown("", now), View::Everything);
}

#[test]
fn what_is_not_a_sync_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let message = |statements: &str| {
        std::fs::remove_file(folder.path().join("build.db")).ok();
        open(&changed(folder.path(), statements)).and_then(|reader| content(&reader)).unwrap_err()
    };
    assert!(matches!(message("drop table v1_sync_runs"), ReadError::NotASync));
    assert!(matches!(
        message("alter table v1_sync_runs drop column sync_token"),
        ReadError::MissingColumn { table: "v1_sync_runs", column: "sync_token" }
    ));
    // A view could be an endless query.
    let endless = "drop table v1_grants; create view v1_grants as
        with recursive n(id) as (select 1 union all select id + 1 from n) select id from n";
    assert_eq!(message(endless).to_string(), "`v1_grants` is not an ordinary table");
    let error = message("update v1_grants set data = zeroblob(70000000) where id = 1").to_string();
    assert_eq!(error, "the database inside is damaged or not one: string or blob too big");
}

#[test]
fn a_listing_longer_than_a_page_is_complete_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = changed(
        folder.path(),
        "insert into v1_resource_types (id, external_id, data, sync_id, discovered_at)
         with recursive n(i) as (select 6 union all select i + 1 from n where i < 2600)
         select i * 3, 't' || i, cast(x'0a0174' as blob), (select sync_id from v1_sync_runs), '2026-11-20 23:43:34' from n;
         insert into v1_resource_types values (-7, 'first', x'', 'other', '2026-11-20 23:43:34');
         insert into v1_resource_types values (9223372036854775807, 'last', x'', 'other', '2026-11-20 23:43:34');",
    );
    let reader = open(&path).unwrap();
    let mine = View::Sync(SYNC_ID.into());
    let rows: Vec<i64> = reader.resource_types(&mine).map(|row| row.unwrap().row_id).collect();
    assert_eq!(rows.len(), 5 + 2595);
    assert!(rows.is_sorted());
    let all: Vec<_> = reader.resource_types(&View::Everything).map(|row| row.unwrap().external_id).collect();
    assert_eq!((all.len(), all[0].as_str(), all[2601].as_str()), (2602, "first", "last"));
    assert_eq!(reader.count(&mine).unwrap().resource_types, 2600);
}
