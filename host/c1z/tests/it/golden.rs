//! Files that the reference tools wrote.

use std::collections::BTreeMap;

use accord_c1z::container::ContainerError;
use accord_c1z::model::{ResourceId, Timestamp};
use accord_c1z::proto::{GrantImmutable, UserTrait, find, holds};
use accord_c1z::reader::{ReadError, Reader, View};
use accord_c1z::timestamp;

use crate::support::golden;

fn open(name: &str) -> (Reader, View) {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::open(&golden(name), folder.path()).unwrap();
    let view = reader.default_view(timestamp::parse("2026-12-01 00:00:00").unwrap()).unwrap();
    (reader, view)
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

// Checklist 37, 8: several old writers in one: no declared size, WAL flag, five columns of sync runs, no expansion columns.
#[test]
fn the_old_connector_s_file_is_read_with_its_counts() {
    let (reader, view) = open("demo-sdk-0.2.51.c1z");
    assert_eq!(view, View::Sync("3MOOaoFE8nVm9oKkq6on3JdyKs6".into()));
    let container = reader.container().unwrap();
    assert_eq!((container.frames, container.declared_bytes, container.has_checksum), (1, None, true));

    let run = &reader.syncs().unwrap()[0];
    assert_eq!(run.started_at, "2026-11-20 23:43:33.531508564");
    assert_eq!(run.sync_type, "full");
    assert!(!run.supports_diff && !run.grants_backfilled && run.stats.is_none());

    let stats = reader.stats(&view).unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (4, 11, 10, 32));
    assert_eq!(stats.resources_by_resource_type, counts(&[("group", 2), ("project", 2), ("role", 2), ("user", 5)]));
    assert_eq!(stats.entitlements_by_resource_type, counts(&[("group", 4), ("project", 4), ("role", 2)]));
    assert_eq!(stats.grants_by_resource_type, counts(&[("group", 7), ("project", 12), ("role", 13)]));

    assert_eq!(reader.resources(&view).filter_map(Result::ok).count(), 11);
    assert_eq!(reader.grants(&view).filter_map(Result::ok).count(), 32);
    let users: Vec<_> = reader.resources_of_type(&view, "user").map(Result::unwrap).collect();
    assert!(users.iter().all(|user| find::<UserTrait>(&user.message.annotations).unwrap().is_some()));
    assert_eq!(reader.coverage().unwrap(), None);
    assert_eq!(reader.asset_ids(&view).unwrap(), Vec::<String>::new());
}

// Checklist 37.
#[test]
fn the_expanded_file_is_read_with_sources_and_expansion() {
    let (reader, view) = open("expanded-sdk-0.25.0.c1z");
    let stats = reader.stats(&view).unwrap();
    assert_eq!(stats, reader.count(&view).unwrap(), "what the reference kept is what we count");
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (4, 11, 6, 22));
    assert_eq!(stats.resources_by_resource_type, counts(&[("app", 0), ("group", 3), ("role", 3), ("user", 5)]));

    let grants: Vec<_> = reader.grants(&view).map(Result::unwrap).collect();
    let derived =
        |grant: &&accord_c1z::reader::GrantRow| grant.row.message.annotations.iter().any(holds::<GrantImmutable>);
    assert_eq!(grants.iter().filter(derived).count(), 13);
    assert_eq!(grants.iter().filter(|grant| grant.expansion.is_some() && grant.needs_expansion).count(), 5);
    assert_eq!(grants.iter().filter(|grant| grant.row.message.sources.is_some()).count(), 14);

    let member = ResourceId { resource_type: "user".into(), resource: "u0".into() };
    let held: Vec<_> = reader.grants_of_principal(&view, &member).map(|grant| grant.unwrap().row.external_id).collect();
    assert_eq!(held.len(), 5, "{held:?}");
    assert_eq!(reader.grants_of_entitlement(&view, "group:C:member").count(), 5);
    let grant = reader.grant(&view, "group:C:member:user:u0").unwrap().unwrap();
    let sources = grant.row.message.sources.unwrap().sources;
    assert!(sources["group:C:member"].is_direct && !sources["group:B:member"].is_direct);
    assert_eq!(reader.resource(&view, &member).unwrap().unwrap().message.display_name, "U0");
    assert_eq!(reader.entitlement(&view, "role:R1:assigned").unwrap().unwrap().message.slug, "assigned");
    assert_eq!(reader.resource_type(&view, "app").unwrap().unwrap().message.display_name, "App");
    assert_eq!(reader.grant(&view, "none").unwrap(), None);

    let run = &reader.syncs().unwrap()[0];
    assert!(run.supports_diff && run.grants_backfilled);
    assert_eq!(run.ingest_invariant_coverage, r#"["I5","I10"]"#);
}

// Checklist 6.
#[test]
fn a_v3_file_is_refused_by_name_engine_and_sync() {
    let folder = tempfile::tempdir().unwrap();
    let error = Reader::open(&golden("demo-v3-pebble-sdk-0.25.0.c1z"), folder.path()).unwrap_err();
    assert!(
        matches!(&error, ReadError::Container(ContainerError::V3 { engine: Some(engine), .. }) if engine == "pebble3")
    );
    assert_eq!(
        error.to_string(),
        "this is a c1z v3 (engine pebble3, sync 3MOOaoFE8nVm9oKkq6on3JdyKs6), which accord does not read; \
         sync again with the sqlite storage engine"
    );
}

#[test]
fn nothing_remains_of_an_opened_file() {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::open(&golden("demo-sdk-0.2.51.c1z"), folder.path()).unwrap();
    let unpacked = reader.container().unwrap().path().to_owned();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(unpacked.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        reader.default_view(Timestamp { seconds: 0, nanoseconds: 0 }).unwrap(),
        View::Sync("3MOOaoFE8nVm9oKkq6on3JdyKs6".into())
    );
    drop(reader);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
