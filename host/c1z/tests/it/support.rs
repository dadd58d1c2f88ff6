//! What several tests need: golden files, a small finished file of our own, and reading a whole file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use accord_c1z::container::{self, Limits, Watch};
use accord_c1z::database::{FinishedSync, NewDatabase, SyncKind};
use accord_c1z::encode::Encoder;
use accord_c1z::model::{
    Email, Entitlement, Expansion, Grant, Purpose, Resource, ResourceId, ResourceType, State, Status, Trait, TraitKind,
    UserTrait, Value,
};
use accord_c1z::reader::{ReadError, Reader, View};
use accord_c1z::schema::FileProfile;
use accord_c1z::verify::{Verdict, verify};
use accord_c1z::{stats::Stats, timestamp};

/// The sync id of every file that is built here.
pub(crate) const SYNC_ID: &str = "3MOOaoFE8nVm9oKkq6on3JdyKs6";
pub(crate) const STARTED_AT: &str = "2026-11-20 23:43:33.5";
pub(crate) const ENDED_AT: &str = "2026-11-20 23:43:34";

/// A file of `fixtures/golden`.
pub(crate) fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden").join(name)
}

/// Builds a database with these rows, all indexes and exact statistics.
pub(crate) fn database(folder: &Path, profile: FileProfile, rows: impl FnOnce(&NewDatabase)) -> PathBuf {
    let path = folder.join("build.db");
    let database = NewDatabase::create(&path, profile, SYNC_ID, ENDED_AT).unwrap();
    rows(&database);
    let sync = FinishedSync {
        started_at: STARTED_AT.into(),
        ended_at: ENDED_AT.into(),
        kind: SyncKind::Full,
        parent_sync_id: String::new(),
        supports_diff: true,
        stats: counted(&database),
    };
    database.insert_sync(&sync).unwrap();
    database.insert_coverage(1, r#"{"collections":[]}"#).unwrap();
    database.create_indexes(|_, _| {}).unwrap();
    database.close().unwrap();
    path
}

fn counted(database: &NewDatabase) -> Stats {
    let count = |table: &str| -> u64 {
        let count: i64 =
            database.connection().query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap();
        count.unsigned_abs()
    };
    let by_type = |table: &str, key: &str| {
        let statement = format!("select {key}, count(*) from {table} group by 1");
        let mut statement = database.connection().prepare(&statement).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())));
        rows.unwrap().map(Result::unwrap).collect::<std::collections::BTreeMap<String, u64>>()
    };
    let mut resources_by_resource_type = by_type("v1_resources", "resource_type_id");
    for kind in by_type("v1_resource_types", "external_id").into_keys() {
        resources_by_resource_type.entry(kind).or_default();
    }
    Stats {
        resource_types: count("v1_resource_types"),
        resources: count("v1_resources"),
        entitlements: count("v1_entitlements"),
        grants: count("v1_grants"),
        assets: count("v1_assets"),
        resources_by_resource_type,
        grants_by_resource_type: by_type("v1_grants", "resource_type_id"),
        entitlements_by_resource_type: by_type("v1_entitlements", "resource_type_id"),
    }
}

/// Packs a database as `sync.c1z`.
pub(crate) fn packed(folder: &Path, database: &Path) -> PathBuf {
    let path = folder.join("sync.c1z");
    let mut file = File::create(&path).unwrap();
    let cancel = AtomicBool::new(false);
    container::write(database, &mut file, &mut Watch { cancel: &cancel, progress: &mut |_, _| {} }).unwrap();
    path
}

/// Magic, then these bytes as one frame made by the plain library call.
pub(crate) fn container_around(folder: &Path, content: &[u8]) -> PathBuf {
    let mut bytes = container::MAGIC.to_vec();
    bytes.extend(zstd::encode_all(content, 3).unwrap());
    file(folder, &bytes)
}

/// A file with exactly these bytes.
pub(crate) fn file(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("any.c1z");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A finished file with the sample rows.
pub(crate) fn sample_file(folder: &Path, profile: FileProfile) -> PathBuf {
    let database = database(folder, profile, |database| sample_rows(database, profile));
    packed(folder, &database)
}

/// Two users and a group, whose members hold a role; one user is a member.
pub(crate) fn sample_rows(database: &NewDatabase, profile: FileProfile) {
    let types = resource_types();
    let encoder = Encoder::new(profile, &types);
    for kind in &types {
        database.resource_type(&encoder.resource_type(kind).unwrap()).unwrap();
    }
    let mut role = resource("role", "r", Trait::Role(Default::default()));
    role.parent = Some(id("group", "g"));
    let group = resource("group", "g", Trait::Group(Default::default()));
    for row in [group, role, user("u1"), user("u2")] {
        database.resource(&encoder.resource(&row).unwrap()).unwrap();
    }
    for row in [entitlement("group", "g", "member"), entitlement("role", "r", "assigned")] {
        database.entitlement(&encoder.entitlement(&row).unwrap()).unwrap();
    }
    let mut through_group = grant("role", "r", "assigned", id("group", "g"));
    through_group.expansion = Some(Expansion {
        entitlement_ids: vec!["group:g:member".into()],
        shallow: false,
        resource_type_ids: vec!["user".into()],
    });
    for row in [grant("group", "g", "member", id("user", "u1")), through_group] {
        database.grant(&encoder.grant(&row).unwrap()).unwrap();
    }
}

pub(crate) fn resource_types() -> Vec<ResourceType> {
    let kind = |id: &str, traits| ResourceType {
        id: id.into(),
        display_name: id.to_uppercase(),
        traits: vec![traits],
        skip_entitlements_and_grants: id == "user",
        ..Default::default()
    };
    vec![
        kind("app", TraitKind::App),
        kind("group", TraitKind::Group),
        kind("role", TraitKind::Role),
        kind("secret", TraitKind::Secret),
        kind("user", TraitKind::User),
    ]
}

pub(crate) fn id(resource_type: &str, resource: &str) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource: resource.into() }
}

pub(crate) fn resource(resource_type: &str, own: &str, carried: Trait) -> Resource {
    Resource {
        id: id(resource_type, own),
        parent: None,
        display_name: own.to_uppercase(),
        description: String::new(),
        profile: Vec::new(),
        status: None,
        created_at: None,
        traits: vec![carried],
        annotations: Vec::new(),
        stub: false,
    }
}

pub(crate) fn user(own: &str) -> Resource {
    let email = Email { address: format!("{own}@example.com"), primary: true };
    let mut user = resource("user", own, Trait::User(UserTrait { emails: vec![email], ..Default::default() }));
    user.profile = vec![("department".into(), Value::Text("Sales".into())), ("age".into(), Value::Int(41))];
    user.status = Some(Status { state: State::Enabled, details: "active".into() });
    user.created_at = timestamp::parse("2020-02-29 12:00:00.25");
    user
}

pub(crate) fn entitlement(resource_type: &str, own: &str, slug: &str) -> Entitlement {
    Entitlement {
        id: None,
        resource: id(resource_type, own),
        slug: slug.into(),
        display_name: slug.into(),
        description: format!("{slug} of {own}"),
        purpose: Purpose::Assignment,
        grantable_to: vec!["user".into(), "group".into()],
        annotations: Vec::new(),
        stub: false,
    }
}

pub(crate) fn grant(resource_type: &str, own: &str, slug: &str, principal: ResourceId) -> Grant {
    Grant {
        id: None,
        entitlement: format!("{resource_type}:{own}:{slug}"),
        entitlement_resource: id(resource_type, own),
        principal,
        expansion: None,
        annotations: Vec::new(),
    }
}

/// Opens a file whose temporary copy goes where the test's files are.
pub(crate) fn open(path: &Path) -> Result<Reader, ReadError> {
    Reader::open(path, path.parent().unwrap())
}

pub(crate) fn verdict(path: &Path) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    verdict_within(path, folder.path(), &Limits::default())
}

pub(crate) fn verdict_within(path: &Path, folder: &Path, limits: &Limits) -> Verdict {
    let cancel = AtomicBool::new(false);
    verify(path, folder, limits, &mut Watch { cancel: &cancel, progress: &mut |_, _| {} }).unwrap()
}

/// All rows of all syncs, decoded, one text each: what two files must share to be the same.
pub(crate) fn content(reader: &Reader) -> Result<Vec<String>, ReadError> {
    let mut lines: Vec<String> = reader.syncs()?.iter().map(|run| format!("{run:?}")).collect();
    let view = View::Everything;
    for row in reader.resource_types(&view) {
        lines.push(format!("{:?}", row?));
    }
    for row in reader.resources(&view) {
        lines.push(format!("{:?}", row?));
    }
    for row in reader.entitlements(&view) {
        lines.push(format!("{:?}", row?));
    }
    for row in reader.grants(&view) {
        lines.push(format!("{:?}", row?));
    }
    Ok(lines)
}
