//! What `verify` finds: one broken rule after the other.

use std::path::Path;

use accord_c1z::proto::{self, Any, GrantExpandable, Message, pack};
use accord_c1z::schema::FileProfile;
use accord_c1z::verify::{Part, Severity, Verdict};
use rusqlite::{Connection, params};

use crate::support::*;

/// The verdict on the sample after these statements.
fn after(statements: &str) -> Verdict {
    after_change(|connection| connection.execute_batch(statements).unwrap())
}

fn after_change(change: impl FnOnce(&Connection)) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    sample_file(folder.path(), FileProfile::Current);
    let path = folder.path().join("build.db");
    let connection = Connection::open(&path).unwrap();
    change(&connection);
    drop(connection);
    verdict(&container_around(folder.path(), &std::fs::read(path).unwrap()))
}

/// Changes the message of one row.
fn with_message<M: Message + Default>(table: &str, row: i64, change: impl FnOnce(&mut M)) -> Verdict {
    after_change(|connection| {
        let select = format!("select data from {table} where id = ?");
        let data: Vec<u8> = connection.query_row(&select, [row], |row| row.get(0)).unwrap();
        let mut message = M::decode(data.as_slice()).unwrap();
        change(&mut message);
        let update = format!("update {table} set data = ? where id = ?");
        connection.execute(&update, params![message.encode_to_vec(), row]).unwrap();
    })
}

#[track_caller]
fn assert_finding(verdict: &Verdict, part: Part, severity: Severity, what: &str) {
    let found: Vec<_> = verdict.findings().map(|(part, found)| (part, found.severity, found.what.as_str())).collect();
    assert!(found.contains(&(part, severity, what)), "`{what}` is not among {found:#?} of {verdict}");
    assert_eq!(verdict.is_sound(), found.iter().all(|(_, severity, _)| *severity == Severity::Warning));
    assert!(verdict.is_readable(), "{verdict}");
}

#[track_caller]
fn assert_fault(verdict: &Verdict, part: Part, what: &str) {
    assert_finding(verdict, part, Severity::Fault, what);
}

#[track_caller]
fn assert_warning(verdict: &Verdict, part: Part, what: &str) {
    assert_finding(verdict, part, Severity::Warning, what);
    assert!(verdict.is_sound(), "{verdict}");
}

#[test]
fn golden_files_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    let expanded = verdict_within(&golden("expanded-sdk-0.25.0.c1z"), folder.path(), &Default::default());
    assert!(expanded.is_sound() && expanded.findings().count() == 0, "{expanded}");
    // The demo connector grants a role to a user without an id.
    let demo = verdict_within(&golden("demo-sdk-0.2.51.c1z"), folder.path(), &Default::default());
    assert_warning(&demo, Part::References, "a principal that does not exist is named in `v1_grants`");
    assert_eq!(demo.findings().count(), 1);
    let v3 = verdict_within(&golden("demo-v3-pebble-sdk-0.25.0.c1z"), folder.path(), &Default::default());
    assert!(v3.to_string().starts_with("header: this is a c1z v3 (engine pebble3"), "{v3}");
    assert!(verdict_file_error(Path::new("none.c1z")), "a missing file is not a verdict");
}

fn verdict_file_error(path: &Path) -> bool {
    let cancel = std::sync::atomic::AtomicBool::new(false);
    let mut watch = accord_c1z::container::Watch { cancel: &cancel, progress: &mut |_, _| {} };
    accord_c1z::verify::verify(path, &std::env::temp_dir(), &Default::default(), &mut watch).is_err()
}

// Checklist 13.
#[test]
fn columns_that_differ_from_the_message_are_faults() {
    for (statement, what) in [
        (
            "update v1_resource_types set external_id = 'x' where id = 1",
            "column `external_id` differs from the message",
        ),
        (
            "update v1_resources set resource_type_id = 'group' where id = 3",
            "column `resource_type_id` differs from the message",
        ),
        ("update v1_resources set parent_resource_id = 'x' where id = 2", "the parent columns differ from the message"),
        ("update v1_entitlements set resource_id = 'x' where id = 1", "column `resource_id` differs from the message"),
        ("update v1_grants set entitlement_id = 'x' where id = 1", "column `entitlement_id` differs from the message"),
        (
            "update v1_grants set principal_resource_id = 'x' where id = 1",
            "column `principal_resource_id` differs from the message",
        ),
    ] {
        assert_fault(&after(statement), Part::Rows, what);
    }
}

// Checklist 14.
#[test]
fn an_empty_parent_is_not_no_parent() {
    let verdict = after("update v1_resources set parent_resource_type_id = '', parent_resource_id = '' where id = 1");
    assert_fault(&verdict, Part::Rows, "the parent columns differ from the message");
}

// Checklist 12, 17.
#[test]
fn foreign_and_repeated_rows_are_faults() {
    let verdict = after("update v1_grants set sync_id = 'other' where id = 1; update v1_sync_runs set stats = null");
    assert_fault(&verdict, Part::Rows, "a row belongs to a sync that is not in the file");
    let verdict = after(
        "drop index idx_grants_external_sync_v1; update v1_sync_runs set stats = null;
         insert into v1_grants select 9, resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
         principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at from v1_grants where id = 1",
    );
    assert_fault(&verdict, Part::Schema, "an id stands twice in `v1_grants`");
}

// Checklist 15, 16.
#[test]
fn grants_keep_what_they_pass_on_in_the_column() {
    let entitlement_ids = vec!["group:g:member".into()];
    let verdict = with_message("v1_grants", 2, |grant: &mut proto::Grant| {
        grant.annotations.push(pack(&GrantExpandable { entitlement_ids, ..Default::default() }));
    });
    assert_fault(&verdict, Part::Rows, "a grant keeps what it passes on where readers do not look for it");
    let blank = GrantExpandable { entitlement_ids: vec![" ".into()], ..Default::default() }.encode_to_vec();
    let verdict = after_change(|connection| {
        connection.execute("update v1_grants set expansion = ? where id = 2", [blank]).unwrap();
    });
    assert_fault(&verdict, Part::Rows, "a grant passes on no entitlement");
    let verdict = after("update v1_grants set expansion = x'ff' where id = 2");
    assert_fault(&verdict, Part::Rows, "what a grant passes on does not decode");
    let verdict = after("update v1_grants set needs_expansion = 1 where id = 1");
    assert_warning(&verdict, Part::Rows, "a grant that passes nothing on is marked as needing expansion");
    let verdict = with_message("v1_grants", 1, |grant: &mut proto::Grant| grant.principal = None);
    assert_warning(&verdict, Part::Rows, "a grant does not hold its principal: older readers fail on it");
}

// Checklist 20.
#[test]
fn a_missing_trait_is_a_fault() {
    let verdict = with_message("v1_resources", 3, |resource: &mut proto::Resource| resource.annotations.clear());
    assert_fault(&verdict, Part::Rows, "a resource lacks a trait that its type promises");
}

// Checklist 22, 23, 25.
#[test]
fn fields_that_break_the_rules_are_told() {
    let invented = Any { type_url: "type.googleapis.com/example.Invented".into(), value: Vec::new() };
    let verdict = with_message("v1_grants", 1, |grant: &mut proto::Grant| grant.annotations.push(invented));
    assert_warning(&verdict, Part::Rows, "an annotation is of an unknown type");
    let resource = |change: fn(&mut proto::Resource)| with_message("v1_resources", 3, change);
    let verdict = resource(|resource| resource.display_name = "x".repeat(1025));
    assert_warning(&verdict, Part::Rows, "display_name is longer than 1024 bytes");
    let verdict = resource(|resource| {
        resource.annotations.push(pack(&proto::ExternalLink { url: "http://example.com".into() }));
    });
    assert_warning(&verdict, Part::Rows, "a link is not an https one");
    let verdict = resource(|resource| resource.profile = Some(proto::PackedStruct::default()));
    assert_warning(&verdict, Part::Rows, "profile, status or creation time differ between a resource and its trait");
    let verdict = with_message("v1_entitlements", 1, |entitlement: &mut proto::Entitlement| entitlement.id.clear());
    assert_fault(&verdict, Part::Rows, "an id is empty");
    let verdict = after("update v1_entitlements set data = x'ff' where id = 1");
    assert_fault(&verdict, Part::Rows, "a message does not decode");
    // An entry that ends in the middle of its length.
    let verdict = resource(|resource| resource.profile = proto::PackedStruct::decode([10, 1, 255].as_slice()).ok());
    assert_fault(&verdict, Part::Rows, "a message does not decode");
    let verdict = resource(|resource| {
        let profile = proto::PackedStruct::decode([10, 1, 255].as_slice()).ok();
        resource.annotations = vec![pack(&proto::UserTrait { profile, ..Default::default() })];
    });
    assert_fault(&verdict, Part::Rows, "a trait does not decode");
}

// Checklist 10, 11.
#[test]
fn syncs_with_odd_ids_or_times_are_told() {
    let verdict = after("update v1_sync_runs set started_at = '2026-11-20T23:43:33Z'");
    assert_warning(&verdict, Part::Syncs, "a time of a sync has another shape");
    let verdict = after("update v1_sync_runs set ended_at = '2026-11-20 23:43:33.4'");
    assert_fault(&verdict, Part::Syncs, "a sync ended before it started");
    let verdict = after("update v1_sync_runs set ended_at = null");
    assert_warning(&verdict, Part::Syncs, "a sync is unfinished");
    let verdict = after("update v1_grants set discovered_at = '2026-11-20 23:43:34.50' where id = 1");
    assert_warning(&verdict, Part::Rows, "a time of writing has another shape");
    let verdict = after(
        "update v1_sync_runs set sync_id = 'mine'; update v1_resource_types set sync_id = 'mine';
         update v1_resources set sync_id = 'mine'; update v1_entitlements set sync_id = 'mine';
         update v1_grants set sync_id = 'mine'",
    );
    assert_warning(&verdict, Part::Syncs, "a sync id is not a KSUID");
}

// Checklist 24.
#[test]
fn references_to_nothing_are_warnings_unless_another_file_has_them() {
    let no_counts = "update v1_sync_runs set stats = null;";
    for (statement, what) in [
        (
            "delete from v1_resources where external_id = 'user:u1'",
            "a principal that does not exist is named in `v1_grants`",
        ),
        (
            "delete from v1_resources where external_id = 'group:g'",
            "a parent that does not exist is named in `v1_resources`",
        ),
        (
            "delete from v1_resources where external_id = 'group:g'",
            "a resource that does not exist is named in `v1_entitlements`",
        ),
        ("delete from v1_entitlements where id = 1", "an entitlement that does not exist is named in `v1_grants`"),
        (
            "delete from v1_resource_types where external_id = 'user'",
            "a resource type that does not exist is named in `v1_resources`",
        ),
    ] {
        assert_warning(&after(&format!("{no_counts}{statement}")), Part::References, what);
    }
    let verdict = after_change(|connection| {
        connection
            .execute_batch("update v1_sync_runs set stats = null; delete from v1_resources where id = 3")
            .unwrap();
        let data: Vec<u8> =
            connection.query_row("select data from v1_grants where id = 1", [], |row| row.get(0)).unwrap();
        let mut grant = proto::Grant::decode(data.as_slice()).unwrap();
        grant.annotations.push(pack(&proto::ExternalResourceMatchID { id: "u1".into() }));
        connection.execute("update v1_grants set data = ? where id = 1", [grant.encode_to_vec()]).unwrap();
    });
    assert_eq!(verdict.findings().count(), 0, "{verdict}");
}

// Checklist 19.
#[test]
fn wrong_statistics_are_a_fault_because_readers_believe_them() {
    let verdict = after("delete from v1_grants where id = 1");
    assert_fault(&verdict, Part::Counts, "the statistics of a sync are wrong");
    let (_, finding) = verdict.findings().next().unwrap();
    assert_eq!(finding.examples, [format!("{SYNC_ID}: grants 2 for 1")]);
    let verdict = after("update v1_sync_runs set stats = replace(stats, '\"user\":2', '\"user\":3')");
    let (_, finding) = verdict.findings().next().unwrap();
    assert_eq!(finding.examples, [format!("{SYNC_ID}: counts by resource type")]);
    let verdict = after("update v1_sync_runs set stats = 'x'");
    assert_fault(&verdict, Part::Counts, "the statistics of a sync are not readable");
}

// Checklist 9.
#[test]
fn a_wrong_index_under_a_known_name_is_a_fault_and_a_missing_one_is_not() {
    let verdict = after("drop index idx_grants_principal_id_v1");
    assert_eq!(verdict.findings().count(), 0, "{verdict}");
    for wrong in [
        "create index idx_grants_principal_id_v1 on v1_grants (principal_resource_id)",
        "create unique index idx_grants_principal_id_v1 on v1_grants (principal_resource_type_id, principal_resource_id)",
        "create index idx_grants_principal_id_v1 on v1_grants (principal_resource_type_id, principal_resource_id) where id > 1",
    ] {
        let verdict = after(&format!("drop index idx_grants_principal_id_v1; {wrong}"));
        assert_fault(&verdict, Part::Schema, "an index under a known name is another one");
    }
    let verdict = after("drop table v1_entitlements; update v1_sync_runs set stats = null");
    assert_warning(&verdict, Part::Schema, "a table is missing");
    let verdict =
        after("drop index idx_entitlements_resource_id_v1; alter table v1_entitlements drop column resource_id");
    assert!(!verdict.is_readable());
    assert!(
        verdict.to_string().ends_with("schema: table `v1_entitlements` has no column `resource_id` · not readable")
    );
}

#[test]
fn many_findings_of_one_kind_are_counted_and_twenty_are_named() {
    let verdict = after(
        "update v1_sync_runs set stats = null;
         insert into v1_resource_types (external_id, data, sync_id, discovered_at)
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)
         select 't' || i || char(10), x'', (select sync_id from v1_sync_runs), '2026-11-20 23:43:34' from n",
    );
    let (_, finding) = verdict.findings().find(|(_, finding)| finding.what == "an id is empty").unwrap();
    assert_eq!((finding.count, finding.examples.len()), (1500, 20));
    assert_eq!(finding.to_string(), "an id is empty (1,500, for example `t1\\n` in `v1_resource_types`)");
}
