//! One page in the making: its address, what it pushes, and what it has to say. Rows cross in batches.

use std::ops::Deref;

use serde::Serialize;

use crate::bindings::exports::accord::connector::sync;
use crate::host::CALL_LIMIT;
use crate::json::{self, FromJson};
use crate::plain::Plain;
use crate::types::{Collection, Entitlement, Failure, Grant, Note, Resource, ResourceId, Step};
use crate::{Connector, Host};

/// Rows are handed over in batches of this size: the cost per row is flat from 100 rows a call on. Plain grants, which are
/// small, and share more ids the more they are, go as many at a time as may.
const BATCH: usize = 1_000;

/// Examples that a note keeps; the interface takes no more.
const EXAMPLES: usize = 20;

/// The page that is being read. It is also the [`Host`].
#[derive(Debug)]
pub struct Page<'a> {
    host: &'a Host,
    collection: Collection,
    cursor: Option<String>,
    restarts: u32,
    resources: Vec<Resource>,
    entitlements: Vec<Entitlement>,
    grants: Vec<Grant>,
    plain_grants: Plain,
    items: u32,
    total: Option<u64>,
    discovered: Vec<Collection>,
    notes: Vec<Note>,
}

impl Deref for Page<'_> {
    type Target = Host;

    fn deref(&self) -> &Host {
        self.host
    }
}

impl<'a> Page<'a> {
    pub(crate) fn new(host: &'a Host, collection: Collection, cursor: Option<String>, restarts: u32) -> Self {
        Self {
            host,
            collection,
            cursor,
            restarts,
            resources: Vec::new(),
            entitlements: Vec::new(),
            grants: Vec::new(),
            plain_grants: Plain::default(),
            items: 0,
            total: None,
            discovered: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Lets the connector read this page, and hands over what is still held back.
    pub(crate) fn read_with(mut self, connector: &impl Connector) -> Result<sync::Page, Failure> {
        let step = connector.read(&mut self)?;
        self.flush_resources()?;
        self.flush_entitlements()?;
        self.flush_grants()?;
        self.flush_plain_grants()?;
        Ok(sync::Page { step, items: self.items, total: self.total, discovered: self.discovered, notes: self.notes })
    }

    /// The name of the listing.
    pub fn name(&self) -> &str {
        &self.collection.name
    }

    /// The key of a listing that has one.
    pub fn key(&self) -> Result<&str, Failure> {
        let name = &self.collection.name;
        self.collection
            .key
            .as_deref()
            .ok_or_else(|| Failure::bug(format!("collection `{name}` was read without a key")))
    }

    /// Where the listing stands, as an earlier page said with [`Page::next`]. None: at its beginning.
    pub fn cursor<T: FromJson>(&self) -> Result<Option<T>, Failure> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        json::read(cursor.as_bytes())
            .map(Some)
            .map_err(|problem| Failure::bug(format!("cursor of `{}` cannot be read: {problem}", self.collection.name)))
    }

    /// How often the listing began again.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Read on from here.
    pub fn next<T: Serialize>(&self, cursor: &T) -> Result<Step, Failure> {
        json::write(&format_args!("the cursor of `{}`", self.collection.name), cursor).map(Step::Next)
    }

    /// The failure for a listing whose name the connector does not know.
    pub fn unknown_collection(&self) -> Failure {
        Failure::bug(format!("collection `{}` is in the manifest, but the connector does not read it", self.name()))
    }

    /// Pushes a resource.
    pub fn resource(&mut self, row: Resource) -> Result<(), Failure> {
        self.demand_id(&row.id)?;
        self.resources.push(row);
        if self.resources.len() >= BATCH { self.flush_resources() } else { Ok(()) }
    }

    /// Pushes an entitlement.
    pub fn entitlement(&mut self, row: Entitlement) -> Result<(), Failure> {
        self.demand_id(&row.resource)?;
        self.entitlements.push(row);
        if self.entitlements.len() >= BATCH { self.flush_entitlements() } else { Ok(()) }
    }

    /// Pushes a grant.
    pub fn grant(&mut self, row: Grant) -> Result<(), Failure> {
        self.demand_id(&row.entitlement_resource)?;
        self.demand_id(&row.principal)?;
        match self.plain_grants.push(row) {
            Some(row) => {
                self.grants.push(row);
                if self.grants.len() >= BATCH { self.flush_grants() } else { Ok(()) }
            }
            None if self.plain_grants.len() >= CALL_LIMIT => self.flush_plain_grants(),
            None => Ok(()),
        }
    }

    /// How many items of the target the page held, and how many the target says that the listing has.
    pub fn holds(&mut self, items: usize, total: Option<u64>) {
        self.items = u32::try_from(items).unwrap_or(u32::MAX);
        self.total = total;
    }

    /// Names a listing that must be read too, when this one is complete.
    pub fn discover(&mut self, collection: Collection) {
        if !self.discovered.contains(&collection) {
            self.discovered.push(collection);
        }
    }

    /// Something worth telling, with an example. The same note again adds to its count.
    pub fn note(&mut self, what: &str, reason: &str, example: impl Into<String>) {
        self.add_note(what, reason, example.into(), false);
    }

    /// Like [`Page::note`], where access may be missing from the file: the listing then counts as incomplete.
    pub fn note_lost(&mut self, what: &str, reason: &str, example: impl Into<String>) {
        self.add_note(what, reason, example.into(), true);
    }

    fn add_note(&mut self, what: &str, reason: &str, example: String, lost: bool) {
        let same = |note: &&mut Note| note.what == what && note.reason == reason && note.lost == lost;
        match self.notes.iter_mut().find(same) {
            Some(note) => {
                note.count += 1;
                if note.examples.len() < EXAMPLES && !note.examples.contains(&example) {
                    note.examples.push(example);
                }
            }
            None => self.notes.push(Note {
                what: what.into(),
                count: 1,
                examples: vec![example],
                reason: reason.into(),
                lost,
            }),
        }
    }

    /// Structs that take missing fields for empty ones must not let a row without an id pass.
    fn demand_id(&self, id: &ResourceId) -> Result<(), Failure> {
        if id.resource.is_empty() {
            let message = format!("an item of type `{}` has no id", id.resource_type);
            Err(Failure::invalid_response(message, self.describe()))
        } else {
            Ok(())
        }
    }

    fn describe(&self) -> String {
        match &self.collection.key {
            Some(key) => format!("{}/{key}", self.collection.name),
            None => self.collection.name.clone(),
        }
    }

    fn flush_resources(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.resources);
        if rows.is_empty() { Ok(()) } else { self.host.put_resources(&rows) }
    }

    fn flush_entitlements(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.entitlements);
        if rows.is_empty() { Ok(()) } else { self.host.put_entitlements(&rows) }
    }

    fn flush_grants(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.grants);
        if rows.is_empty() { Ok(()) } else { self.host.put_grants(&rows) }
    }

    fn flush_plain_grants(&mut self) -> Result<(), Failure> {
        if self.plain_grants.len() == 0 { Ok(()) } else { self.host.put_plain_grants(&self.plain_grants.take()) }
    }
}

impl Collection {
    /// A listing that occurs once.
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), key: None }
    }

    /// One of several listings of a name, such as a team's members.
    pub fn keyed(name: &str, key: impl Into<String>) -> Self {
        Self { name: name.into(), key: Some(key.into()) }
    }
}
