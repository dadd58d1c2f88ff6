//! The file at the end: complete, sorted, the same every time, and never half there.

use std::fs;
use std::sync::atomic::Ordering;

use accord_c1z::model::{ResourceType, Rows};
use accord_c1z::reader::View;
use accord_c1z::stats::Stats;
use accord_c1z::work::{Error, Existing, Expand, Fault, Progress, SyncType, check_space, damage, existing, set_aside};

use super::*;
use crate::support::verdict;

/// Listings with something of everything, in pages of several collections.
fn tenant() -> Vec<(&'static str, Rows)> {
    let mut member = grant("group:g:member", "user:a");
    member.id = Some("group:g:member:user:0 of our own".to_owned());
    let mut nested = entitlement("group:g:x");
    nested.id = Some("group:g:member:user".to_owned());
    let mut through_nested = grant("group:g:x", "user:b");
    through_nested.entitlement = "group:g:member:user".to_owned();
    let mut child = resource("user:b");
    child.parent = Some(id("group:g"));
    let mut users = rows(&["user:a", "user:z", "user:user"], &[], Vec::new());
    users.resources.push(child);
    let mut groups = rows(
        &["group:g", "group:g-2"],
        &["group:g:member", "group:g-2:member"],
        vec![
            member,
            grant("group:g:member", "user:a"),
            grant("group:g:member", "user:b"),
            grant("group:g:member", "user:z"),
            grant("group:g-2:member", "user:a"),
            grant("group:g-2:member", "user:b"),
            passing("group:g-2:member", "group:g", &["group:g:member"], false, &["user"]),
            through_nested,
        ],
    );
    groups.entitlements.push(nested);
    vec![
        ("groups", groups),
        ("users", users),
        ("members/1", rows(&["app:p"], &[], Vec::new())),
        ("members/2", rows(&["app:q"], &[], Vec::new())),
    ]
}

// Checklist 1 to 3, 5, 9 to 16, 18, 19, 25: the verifier knows them all.
#[test]
fn the_file_passes_every_check_and_tells_its_rows() {
    let place = Place::new();
    let finished = place.sync(&tenant()).unwrap();
    let verdict = verdict(&place.target());
    assert!(verdict.is_sound(), "{verdict}");
    assert_eq!(verdict.findings().collect::<Vec<_>>(), Vec::new());

    let bytes = fs::read(place.target()).unwrap();
    assert_eq!(finished.bytes, bytes.len() as u64);
    assert_eq!(finished.sha256, *ring_sha256(&bytes));
    let reader = place.reader();
    assert_eq!(finished.database_bytes, reader.container().unwrap().database_bytes);
    let counts = &finished.summary.counts;
    assert_eq!((counts.resource_types, counts.resources, counts.entitlements, counts.grants), (4, 8, 3, 9));
    assert_eq!(counts.expanded_grants, 1);
    let run = reader.syncs().unwrap().remove(0);
    assert_eq!(Stats::from_json(run.stats.as_deref().unwrap()).unwrap(), reader.count(&View::Everything).unwrap());
    assert_eq!(
        (run.started_at.as_str(), run.ended_at.as_deref()),
        ("2026-11-21 00:00:00", Some("2026-11-21 00:01:00"))
    );
    assert_eq!((run.sync_token.as_str(), run.sync_type.as_str(), run.supports_diff), ("", "full", true));
    let coverage = reader.coverage().unwrap().unwrap();
    assert_eq!(coverage.json, r#"{"grants":9}"#);
}

fn ring_sha256(bytes: &[u8]) -> Box<[u8; 32]> {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    Box::new(digest.as_ref().try_into().unwrap())
}

#[test]
fn rows_are_sorted_by_their_ids_also_where_ids_lie_within_each_other() {
    let place = Place::new();
    place.sync(&tenant()).unwrap();
    let reader = place.reader();
    let grants: Vec<String> = reader.grants(&View::Everything).map(|row| row.unwrap().row.external_id).collect();
    let mut sorted = grants.clone();
    sorted.sort();
    assert_eq!(grants, sorted);
    assert_eq!(
        grants,
        [
            "group:g-2:member:group:g",
            "group:g-2:member:user:a",
            "group:g-2:member:user:b",
            "group:g-2:member:user:z",
            "group:g:member:user:0 of our own",
            "group:g:member:user:a",
            "group:g:member:user:b",
            "group:g:member:user:user:b",
            "group:g:member:user:z",
        ]
    );
    let resources: Vec<String> = reader.resources(&View::Everything).map(|row| row.unwrap().external_id).collect();
    assert!(resources.is_sorted(), "{resources:?}");
    let entitlements: Vec<String> =
        reader.entitlements(&View::Everything).map(|row| row.unwrap().external_id).collect();
    assert!(entitlements.is_sorted(), "{entitlements:?}");
}

// Checklist 18.
#[test]
fn grants_of_entitlements_whose_ids_begin_alike_are_sorted_too() {
    let place = Place::new();
    let mut within = entitlement("group:g:x");
    within.id = Some("group:g:member:user".to_owned());
    let mut through = grant("group:g:x", "user:b");
    through.entitlement = "group:g:member:user".to_owned();
    let grants = vec![
        grant("group:g:member", "user:a"),
        grant("group:g:member", "user:z"),
        grant("group:g:member-2", "user:a"),
        through,
    ];
    let entitlements = ["group:g:member", "group:g:member-2"];
    let mut all = rows(&["group:g", "user:a", "user:b", "user:z"], &entitlements, grants);
    all.entitlements.push(within);
    place.sync(&[("groups", all)]).unwrap();
    let grants: Vec<String> =
        place.reader().grants(&View::Everything).map(|row| row.unwrap().row.external_id).collect();
    let sorted =
        ["group:g:member-2:user:a", "group:g:member:user:a", "group:g:member:user:user:b", "group:g:member:user:z"];
    assert_eq!(grants, sorted);
}

#[test]
fn the_order_in_which_listings_come_in_does_not_show() {
    let mut files = Vec::new();
    for backwards in [false, true] {
        let mut listings = tenant();
        if backwards {
            listings.reverse();
        }
        let place = Place::new();
        place.sync(&listings).unwrap();
        files.push(fs::read(place.target()).unwrap());
    }
    assert_eq!(files[0], files[1]);
}

// Checklist 10.
#[test]
fn other_kinds_of_sync_say_so() {
    for (sync_type, text) in [(SyncType::Partial, "partial"), (SyncType::ResourcesOnly, "resources_only")] {
        let place = Place::new();
        let mut work = place.open().work;
        stage(&mut work, &tenant());
        finish_as(&mut work, &Wish { sync_type, expand: Expand::None, ..Wish::default() }, &mut |_| {}).unwrap();
        let run = place.reader().syncs().unwrap().remove(0);
        assert_eq!((run.sync_type.as_str(), run.supports_diff), (text, false));
    }
}

#[test]
fn an_empty_sync_is_a_file_with_its_resource_types() {
    let place = Place::new();
    let finished = place.sync(&[]).unwrap();
    assert_eq!(finished.summary.counts.resource_types, 4);
    assert!(verdict(&place.target()).is_sound());
}

// Checklist 4.
#[test]
fn a_stop_at_any_stage_leaves_the_old_file_and_a_finish_that_can_be_repeated() {
    let place = Place::new();
    let mut work = place.open().work;
    stage(&mut work, &tenant());
    fs::write(place.target(), "the old file").unwrap();
    let before = place.names();
    let mut stages = Vec::new();
    finish_as(&mut work, &Wish::default(), &mut |progress| stages.push(progress)).unwrap();
    let expected = fs::read(place.target()).unwrap();
    let kinds: Vec<&str> = stages.iter().map(|stage| kind(*stage)).collect();
    for wanted in ["merging", "estimate", "expanding", "writing", "indexing", "compressing", "verifying"] {
        assert!(kinds.contains(&wanted), "{wanted} in {kinds:?}");
        fs::write(place.target(), "the old file").unwrap();
        let wish = Wish::default();
        let cancel = Arc::clone(&wish.cancel);
        let mut stop = move |progress| {
            if kind(progress) == wanted {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let error = finish_as(&mut work, &wish, &mut stop).unwrap_err();
        assert!(matches!(error, Error::Cancelled), "{wanted}: {error}");
        assert_eq!(fs::read(place.target()).unwrap(), b"the old file", "{wanted}");
        assert_eq!(place.names(), before, "{wanted}");
    }
    finish(&mut work).unwrap();
    assert_eq!(fs::read(place.target()).unwrap(), expected);
}

fn kind(progress: Progress) -> &'static str {
    match progress {
        Progress::Merging => "merging",
        Progress::ExpansionEstimate { .. } => "estimate",
        Progress::Expanding { .. } => "expanding",
        Progress::Writing { .. } => "writing",
        Progress::Indexing { .. } => "indexing",
        Progress::Compressing { .. } => "compressing",
        Progress::Verifying => "verifying",
    }
}

#[test]
fn a_linked_target_is_replaced_where_it_lies() {
    let place = Place::new();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("real.c1z"), "the old file").unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("real.c1z"), place.target()).unwrap();
    place.sync(&tenant()).unwrap();
    assert!(fs::symlink_metadata(place.target()).unwrap().is_symlink());
    let names: Vec<_> = fs::read_dir(elsewhere.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["real.c1z"]);
    assert!(verdict(&place.target()).is_sound());
}

// S10.
#[test]
fn a_target_that_cannot_be_read_is_moved_aside_and_kept() {
    let place = Place::new();
    assert_eq!(existing(&place.target()).unwrap(), Existing::Nothing);
    fs::write(place.target(), "").unwrap();
    assert_eq!(existing(&place.target()).unwrap(), Existing::Nothing);
    for number in ["", "-2", "-3"] {
        fs::write(place.target(), format!("corrupt{number}")).unwrap();
        assert!(matches!(existing(&place.target()).unwrap(), Existing::File { bytes: 7..=9 }));
        let kept = set_aside(&place.target(), NOW).unwrap();
        let name = format!("sync.c1z.corrupt-20261121T000000Z{number}");
        assert_eq!(kept, place.folder.path().canonicalize().unwrap().join(name));
        assert_eq!(fs::read_to_string(kept).unwrap(), format!("corrupt{number}"));
    }
    assert!(matches!(existing(place.folder.path()), Err(Error::File { .. })));
}

#[test]
fn a_target_in_no_folder_is_a_storage_error_that_names_it() {
    let place = Place::new();
    let error = WorkFile::open(options(place.folder.path().join("nowhere/sync.c1z"))).unwrap_err();
    assert_eq!(error.fault(), Fault::Storage);
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn the_compatible_profile_is_kept_to_the_file() {
    let place = Place::new();
    let mut options = place.options();
    options.profile = FileProfile::Compat07;
    options.resource_types.push(ResourceType { id: "zone".to_owned(), ..ResourceType::default() });
    let mut work = WorkFile::open(options).unwrap().work;
    stage(&mut work, &tenant());
    finish(&mut work).unwrap();
    let reader = place.reader();
    let columns: i64 = reader
        .connection()
        .query_row("SELECT count(*) FROM pragma_table_info('v1_sync_runs') WHERE name = 'stats'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(columns, 0);
    assert_eq!(reader.count(&View::Everything).unwrap().resource_types, 5);
}

#[test]
fn a_sync_with_an_open_listing_is_never_published() {
    let place = Place::new();
    let mut work = place.open().work;
    stage(&mut work, &tenant());
    let apps = begin(&mut work, "apps");
    commit(&mut work, apps, Rows::default(), Step::Next("2".to_owned())).unwrap();
    let error = finish(&mut work).unwrap_err();
    assert_eq!(error.to_string(), "apps is still to be read: a file without it would look complete");
    assert!(!place.target().exists());
}

// S7.
#[test]
fn a_previous_file_tells_beforehand_that_there_is_no_room() {
    let place = Place::new();
    check_space(&place.target(), None).unwrap();
    place.sync(&tenant()).unwrap();
    check_space(&place.target(), None).unwrap();
    // A frame's header that declares 1 EiB: eight bytes of size (0xc0), and no window (0x20).
    let mut vast = b"C1ZF\0\x28\xb5\x2f\xfd\xe0".to_vec();
    vast.extend((1_u64 << 60).to_le_bytes());
    fs::write(place.target(), vast).unwrap();
    let error = check_space(&place.target(), None).unwrap_err();
    assert!(matches!(&error, Error::NoSpace { needed: Some(needed), .. } if *needed > 1 << 60), "{error}");
    assert!(error.to_string().contains("bytes needed"), "{error}");
    fs::write(place.target(), "damaged").unwrap();
    check_space(&place.target(), None).unwrap();
}

#[test]
fn a_look_at_the_previous_file_leaves_nothing_behind_and_clears_what_a_kill_left() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("duo.c1z");
    std::fs::copy(crate::support::golden("demo-sdk-0.2.51.c1z"), &target).unwrap();
    std::fs::write(folder.path().join(".duo.c1z.accord-work-check"), "half of a database").unwrap();
    assert!(damage(&target, None, &accord_c1z::container::Limits::default()).unwrap().is_none());
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["duo.c1z"]);

    std::fs::write(&target, "C1ZF\0 but nothing else").unwrap();
    let found = damage(&target, None, &accord_c1z::container::Limits::default()).unwrap().unwrap();
    assert!(found.to_string().contains("zstd"), "{found}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
