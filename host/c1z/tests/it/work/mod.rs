//! Staging and finishing through the public API: what a run would do, and what it must find in the file.

mod expansion;
mod merging;
mod publishing;
mod resuming;
mod staging;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use accord_c1z::model::{
    Entitlement, Expansion, Grant, GrantedEntitlement, GroupTrait, PlainGrants, Purpose, Resource, ResourceId,
    ResourceType, RoleTrait, Rows, Timestamp, Trait, TraitKind, UserTrait,
};
use accord_c1z::proto::{self, GrantImmutable, holds};
use accord_c1z::reader::{Reader, View};
use accord_c1z::schema::FileProfile;
use accord_c1z::work::{
    CollectionAddress, CollectionId, Committed, Error, Expand, FinishOptions, Finished, Identity, Indexes, Limits,
    OpenOptions, Opened, PageCommit, Progress, Step, Summary, SyncType, WorkFile,
};
use tempfile::TempDir;

/// 2026-11-21, the start of every sync here.
pub(crate) const NOW: Timestamp = Timestamp { seconds: 1_795_219_200, nanoseconds: 0 };

/// A folder with a target to be.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.folder.path().join("sync.c1z")
    }

    pub(crate) fn options(&self) -> OpenOptions {
        options(self.target())
    }

    pub(crate) fn open(&self) -> Opened {
        WorkFile::open(self.options()).unwrap()
    }

    /// Names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.target(), self.folder.path()).unwrap()
    }

    /// Opens, stages each listing in one page, and finishes.
    pub(crate) fn sync(&self, listings: &[(&str, Rows)]) -> Result<Finished, Error> {
        let mut work = self.open().work;
        stage(&mut work, listings);
        let finished = finish(&mut work);
        work.discard().unwrap();
        finished
    }
}

pub(crate) fn options(target: PathBuf) -> OpenOptions {
    OpenOptions {
        target,
        folder: None,
        identity: Identity::from([("plugin".to_owned(), "sha256:00".to_owned())]),
        resource_types: types(),
        deselected: vec!["device".to_owned()],
        profile: FileProfile::Current,
        now: NOW,
        seed: [7; 16],
    }
}

pub(crate) fn types() -> Vec<ResourceType> {
    let kind = |id: &str, traits: &[TraitKind]| ResourceType {
        id: id.to_owned(),
        display_name: id.to_owned(),
        traits: traits.to_vec(),
        ..ResourceType::default()
    };
    vec![
        kind("user", &[TraitKind::User]),
        kind("group", &[TraitKind::Group]),
        kind("role", &[TraitKind::Role]),
        kind("app", &[]),
    ]
}

/// The names of the listings, in the manifest's order.
pub(crate) fn order() -> Vec<String> {
    ["groups", "roles", "users", "members", "apps"].map(str::to_owned).to_vec()
}

/// Stages each listing in one page.
pub(crate) fn stage(work: &mut WorkFile, listings: &[(&str, Rows)]) {
    for (name, rows) in listings {
        let id = begin(work, name);
        commit(work, id, rows.clone(), Step::Done).unwrap();
    }
}

/// `name` or `name/key`.
pub(crate) fn address(text: &str) -> CollectionAddress {
    match text.split_once('/') {
        Some((name, key)) => CollectionAddress::new(name, Some(key)),
        None => CollectionAddress::new(text, None),
    }
}

pub(crate) fn begin(work: &mut WorkFile, name: &str) -> CollectionId {
    work.begin(&[address(name)]).unwrap();
    find(work, name)
}

pub(crate) fn find(work: &WorkFile, name: &str) -> CollectionId {
    work.collections().unwrap().into_iter().find(|record| record.address == address(name)).unwrap().id
}

pub(crate) fn page(work: &WorkFile, collection: CollectionId, rows: Rows, step: Step) -> PageCommit {
    PageCommit {
        collection,
        page: work.collection(collection).unwrap().pages,
        items: (rows.resources.len() + rows.grants.len()) as u64,
        rows,
        facts: Vec::new(),
        discovered: Vec::new(),
        step,
        total: None,
        notes: Vec::new(),
    }
}

pub(crate) fn commit(
    work: &mut WorkFile,
    collection: CollectionId,
    rows: Rows,
    step: Step,
) -> Result<Committed, Error> {
    let page = page(work, collection, rows, step);
    work.commit_page(page)
}

/// What a finish is asked in a test.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) expand: Expand,
    pub(crate) sync_type: SyncType,
    pub(crate) limits: Limits,
    pub(crate) cancel: Arc<AtomicBool>,
}

impl Default for Wish {
    fn default() -> Self {
        Self { expand: Expand::Full, sync_type: SyncType::Full, limits: Limits::default(), cancel: Arc::default() }
    }
}

pub(crate) fn finish(work: &mut WorkFile) -> Result<Finished, Error> {
    finish_as(work, &Wish::default(), &mut |_| {})
}

pub(crate) fn finish_as(
    work: &mut WorkFile,
    wish: &Wish,
    progress: &mut dyn FnMut(Progress),
) -> Result<Finished, Error> {
    let coverage = |summary: &Summary| format!(r#"{{"grants":{}}}"#, summary.counts.grants);
    let order = order();
    work.finish(FinishOptions {
        collection_order: &order,
        sync_type: wish.sync_type,
        parent_sync_id: String::new(),
        started_at: NOW,
        ended_at: Timestamp { seconds: NOW.seconds + 60, nanoseconds: 0 },
        indexes: Indexes::All,
        expand: wish.expand,
        limits: wish.limits,
        coverage: &coverage,
        cancel: Arc::clone(&wish.cancel),
        progress,
    })
}

pub(crate) fn id(text: &str) -> ResourceId {
    let (resource_type, resource) = text.split_once(':').unwrap();
    ResourceId { resource_type: resource_type.to_owned(), resource: resource.to_owned() }
}

/// A full row with the trait of its type.
pub(crate) fn resource(text: &str) -> Resource {
    let id = id(text);
    let traits = match id.resource_type.as_str() {
        "user" => vec![Trait::User(UserTrait::default())],
        "group" => vec![Trait::Group(GroupTrait::default())],
        "role" => vec![Trait::Role(RoleTrait::default())],
        _ => Vec::new(),
    };
    Resource {
        display_name: format!("name of {text}"),
        id,
        parent: None,
        description: String::new(),
        profile: Vec::new(),
        status: None,
        created_at: None,
        traits,
        annotations: Vec::new(),
        stub: false,
    }
}

/// `group:a:member`.
pub(crate) fn entitlement(text: &str) -> Entitlement {
    let (of, slug) = text.rsplit_once(':').unwrap();
    Entitlement {
        id: None,
        resource: id(of),
        slug: slug.to_owned(),
        display_name: format!("name of {text}"),
        description: String::new(),
        purpose: Purpose::Assignment,
        grantable_to: Vec::new(),
        annotations: Vec::new(),
        stub: false,
    }
}

/// `group:a:member` to `user:u`.
pub(crate) fn grant(entitlement: &str, principal: &str) -> Grant {
    let (of, _) = entitlement.rsplit_once(':').unwrap();
    Grant {
        id: None,
        entitlement: entitlement.to_owned(),
        entitlement_resource: id(of),
        principal: id(principal),
        expansion: None,
        annotations: Vec::new(),
    }
}

/// A grant whose principal passes it on to whoever holds these entitlements of it.
pub(crate) fn passing(entitlement: &str, principal: &str, from: &[&str], shallow: bool, types: &[&str]) -> Grant {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let expansion = Expansion { entitlement_ids: texts(from), shallow, resource_type_ids: texts(types) };
    Grant { expansion: Some(expansion), ..grant(entitlement, principal) }
}

pub(crate) fn rows(resources: &[&str], entitlements: &[&str], grants: Vec<Grant>) -> Rows {
    Rows {
        resources: resources.iter().map(|text| resource(text)).collect(),
        entitlements: entitlements.iter().map(|text| entitlement(text)).collect(),
        grants,
        ..Rows::default()
    }
}

/// Every grant of the file: `id`, then its sources with `+` for direct ones, then `!` if it is immutable.
pub(crate) fn grant_lines(reader: &Reader) -> Vec<String> {
    reader.grants(&View::Everything).map(|row| grant_line(&row.unwrap().row.message)).collect()
}

fn grant_line(grant: &proto::Grant) -> String {
    let sources = grant.sources.iter().flat_map(|sources| &sources.sources);
    let sources: Vec<String> =
        sources.map(|(id, source)| format!("{id}{}", if source.is_direct { "+" } else { "-" })).collect();
    let immutable = if grant.annotations.iter().any(holds::<GrantImmutable>) { " !" } else { "" };
    match sources.as_slice() {
        [] => format!("{}{immutable}", grant.id),
        _ => format!("{} <- {}{immutable}", grant.id, sources.join(" ")),
    }
}
