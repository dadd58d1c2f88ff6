//! What a large sync costs: `cargo run --profile plugin -p accord-c1z --example load -- GRANTS [bare|work] FOLDER`.
//!
//! `work` stages invented users and grants page by page and finishes the file; `bare` inserts the same rows, sorted and
//! encoded, into a new database, makes the indexes and packs it. Prints CPU seconds and the peak of resident memory, as
//! Linux tells them.
//!
//! Measured 2026-11 on a shared two-core machine with 1,000,000 grants, three runs each: `bare` 9.4 to 10.5 s and 45 MiB,
//! `work` 16.8 to 18.3 s and 78 MiB (staging 3.3, merging 1.5, writing 4, indexes 4.3, packing 3.3, checking 1). The
//! database is 755 MB, the file 68 MB, the work file 52 MB.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use accord_c1z::container::{self, Watch};
use accord_c1z::database::{GrantRow, NewDatabase};
use accord_c1z::encode::{Encoder, GrantParts, ResourceRef};
use accord_c1z::model::{
    Entitlement, Grant, GroupTrait, Purpose, Resource, ResourceId, ResourceType, Rows, Timestamp, Trait, TraitKind,
    UserTrait,
};
use accord_c1z::schema::FileProfile;
use accord_c1z::work::{
    CollectionAddress, Expand, FinishOptions, Identity, Indexes, Limits, OpenOptions, PageCommit, Step, SyncType,
    WorkFile,
};

type Failure = Box<dyn std::error::Error>;

const GROUPS: usize = 1000;
const GROUPS_OF_A_USER: usize = 10;
const USERS_OF_A_PAGE: usize = 300;
const NOW: Timestamp = Timestamp { seconds: 1_795_219_200, nanoseconds: 0 };

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, grants, how, folder] = arguments.as_slice() else { return Err("wanted: GRANTS bare|work FOLDER".into()) };
    let users = grants.parse::<usize>()? / GROUPS_OF_A_USER;
    let bytes = match how.as_str() {
        "bare" => bare(users, Path::new(folder))?,
        _ => staged(users, Path::new(folder))?,
    };
    let (cpu, peak) = cost()?;
    writeln!(std::io::stdout(), "{how}: {grants} grants, {bytes} bytes, {cpu:.2} s of CPU, peak {peak} MiB")?;
    Ok(())
}

fn staged(users: usize, folder: &Path) -> Result<u64, Failure> {
    let mut work = WorkFile::open(OpenOptions {
        target: folder.join("load.c1z"),
        folder: None,
        identity: Identity::new(),
        resource_types: types(),
        deselected: Vec::new(),
        profile: FileProfile::Current,
        now: NOW,
        seed: [1; 16],
    })?
    .work;
    work.begin(&[CollectionAddress::new("groups", None), CollectionAddress::new("users", None)])?;
    let mut pages = vec![Rows {
        resources: (0..GROUPS).map(|number| resource(group_id(number))).collect(),
        entitlements: (0..GROUPS).map(entitlement).collect(),
        grants: Vec::new(),
    }];
    let listings: Vec<_> = work.collections()?.into_iter().map(|record| record.id).collect();
    for (listing, name) in listings.into_iter().zip(["groups", "users"]) {
        if name == "users" {
            pages = Vec::new();
        }
        let count = if name == "users" { users.div_ceil(USERS_OF_A_PAGE) } else { 1 };
        for number in 0..count {
            let rows = pages.pop().unwrap_or_else(|| page(number, users));
            let step = if number + 1 == count { Step::Done } else { Step::Next(number.to_string()) };
            work.commit_page(PageCommit {
                collection: listing,
                page: u32::try_from(number)?,
                items: rows.resources.len() as u64,
                rows,
                facts: Vec::new(),
                discovered: Vec::new(),
                step,
                total: None,
                notes: Vec::new(),
            })?;
        }
    }
    let (cpu, peak) = cost()?;
    writeln!(std::io::stderr(), "staged: {} bytes, {cpu:.2} s of CPU, peak {peak} MiB", work.bytes())?;
    let mut last = cpu;
    let finished = work.finish(FinishOptions {
        collection_order: &["groups".to_owned(), "users".to_owned()],
        sync_type: SyncType::Full,
        parent_sync_id: String::new(),
        started_at: NOW,
        ended_at: NOW,
        indexes: Indexes::All,
        expand: Expand::Full,
        limits: Limits::default(),
        coverage: &|_| "{}".to_owned(),
        cancel: Arc::default(),
        progress: &mut |progress| {
            if let Ok((cpu, _)) = cost()
                && cpu - last > 0.5
            {
                last = cpu;
                let _ = writeln!(std::io::stderr(), "{cpu:.2} {progress:?}");
            }
        },
    })?;
    work.discard()?;
    Ok(finished.bytes)
}

fn bare(users: usize, folder: &Path) -> Result<u64, Failure> {
    let path = folder.join("bare.db");
    let _ = fs::remove_file(&path);
    let encoder = Encoder::new(FileProfile::Current, &types());
    let database =
        NewDatabase::create(&path, FileProfile::Current, "3MOOaoFE8nVm9oKkq6on3JdyKs6", "2026-11-21 00:00:00")?;
    for number in 0..users {
        database.resource(&encoder.resource(&resource(user_id(number)))?)?;
    }
    for group in 0..GROUPS {
        database.entitlement(&encoder.entitlement(&entitlement(group))?)?;
    }
    for group in 0..GROUPS {
        let of = group_id(group);
        let entitlement = format!("group:{}:member", of.resource);
        for user in (0..users).filter(|user| groups_of(*user).any(|own| own == group)) {
            let user = user_id(user);
            let id = format!("{entitlement}:user:{}", user.resource);
            let parts = GrantParts {
                id: &id,
                entitlement: &entitlement,
                entitlement_resource: ResourceRef { resource_type: "group", resource: &of.resource },
                principal: ResourceRef { resource_type: "user", resource: &user.resource },
                annotations: Vec::new(),
                sources: BTreeMap::new(),
            };
            database.insert_grant(&GrantRow {
                resource_type_id: "group",
                resource_id: &of.resource,
                entitlement_id: &entitlement,
                principal_resource_type_id: "user",
                principal_resource_id: &user.resource,
                external_id: &id,
                expansion: None,
                data: &parts.data(),
            })?;
        }
    }
    database.create_indexes(|_, _| {})?;
    database.close()?;
    let cancel = AtomicBool::new(false);
    let mut output = File::create(folder.join("bare.c1z"))?;
    let mut watch = Watch { cancel: &cancel, progress: &mut |_, _| {} };
    let written = container::write(&path, &mut output, &mut watch)?;
    fs::remove_file(path)?;
    Ok(written.bytes)
}

/// One page of users with their memberships.
fn page(number: usize, users: usize) -> Rows {
    let range = number * USERS_OF_A_PAGE..users.min((number + 1) * USERS_OF_A_PAGE);
    let mut rows = Rows::default();
    for user in range {
        rows.resources.push(resource(user_id(user)));
        for group in groups_of(user) {
            let of = group_id(group);
            rows.grants.push(Grant {
                id: None,
                entitlement: format!("group:{}:member", of.resource),
                entitlement_resource: of,
                principal: user_id(user),
                expansion: None,
                annotations: Vec::new(),
            });
        }
    }
    rows
}

/// Spread over all groups, each once.
fn groups_of(user: usize) -> impl Iterator<Item = usize> {
    (0..GROUPS_OF_A_USER).map(move |place| (user * 7 + place * 101) % GROUPS)
}

/// 20 characters, without an order in them, as vendors' ids are.
fn scattered(kind: &str, number: usize) -> String {
    let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{kind}{mixed:018X}")
}

fn user_id(number: usize) -> ResourceId {
    ResourceId { resource_type: "user".to_owned(), resource: scattered("DU", number) }
}

fn group_id(number: usize) -> ResourceId {
    ResourceId { resource_type: "group".to_owned(), resource: scattered("DG", number) }
}

fn resource(id: ResourceId) -> Resource {
    let carried = match id.resource_type.as_str() {
        "user" => Trait::User(UserTrait { login: format!("{}@example.com", id.resource), ..UserTrait::default() }),
        _ => Trait::Group(GroupTrait::default()),
    };
    Resource {
        display_name: format!("name of {}", id.resource),
        id,
        parent: None,
        description: String::new(),
        profile: Vec::new(),
        status: None,
        created_at: Some(NOW),
        traits: vec![carried],
        annotations: Vec::new(),
        stub: false,
    }
}

fn entitlement(group: usize) -> Entitlement {
    Entitlement {
        id: None,
        resource: group_id(group),
        slug: "member".to_owned(),
        display_name: "Member".to_owned(),
        description: String::new(),
        purpose: Purpose::Assignment,
        grantable_to: vec!["user".to_owned()],
        annotations: Vec::new(),
        stub: false,
    }
}

fn types() -> Vec<ResourceType> {
    let kind = |id: &str, of| ResourceType { id: id.to_owned(), traits: vec![of], ..ResourceType::default() };
    vec![kind("user", TraitKind::User), kind("group", TraitKind::Group)]
}

/// CPU seconds of this process, and the peak of its resident memory in MiB.
fn cost() -> Result<(f64, u64), Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.and_then(|text| text.split_whitespace().next()).unwrap_or("0").parse()?;
    // USER_HZ is 100 on every Linux.
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let seconds = ticks as f64 / 100.0;
    Ok((seconds, peak / 1024))
}
