//! Connectors in plain `cargo test`: answers are scripted, rows, notes and logs are kept for assertions.
//!
//! A request that the script does not answer, and an answer that nobody asked for, fail the test. What the real host
//! adds (policy, retries, rules for merging and dropping rows, visibility of facts) is not imitated.

#![expect(clippy::panic, reason = "a test fails by panicking")]

pub(crate) mod script;

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::marker::PhantomData;
use std::rc::Rc;

use script::{Backend, Script};
pub use script::{Exchange, LogLine, Sent};

use crate::types::{
    Check, Collection, Entitlement, EntitlementKey, Failure, Grant, GrantOutcome, Note, Resource, ResourceId,
    RevokeOutcome, SettledState, Step, Value,
};
use crate::{Connector, Host, Page};

/// A listing may begin again this often, as with the real host.
const RESTARTS: u32 = 3;

/// A connector on a bench: configured, with scripted answers before it.
#[derive(Debug)]
pub struct Bench<C> {
    script: Rc<RefCell<Script>>,
    host: Host,
    connector: PhantomData<C>,
}

impl<C: Connector> Default for Bench<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Connector> Bench<C> {
    /// A bench without configuration and answers.
    pub fn new() -> Self {
        let script = Rc::new(RefCell::new(Script::default()));
        let host = Host::new(Backend::new(Rc::clone(&script)));
        Self { script, host, connector: PhantomData }
    }

    /// Sets a configuration field to text.
    #[must_use]
    pub fn text(self, field: &str, value: &str) -> Self {
        self.value(field, Value::Text(value.into()))
    }

    /// Sets a configuration field.
    #[must_use]
    pub fn value(self, field: &str, value: Value) -> Self {
        self.script.borrow_mut().config.push((field.into(), value));
        self
    }

    /// Answers one such request, `GET` and `/users?limit=100&offset=0`, with JSON. Answers to the same request are
    /// given in the order of their scripting.
    pub fn on(&self, method: &str, target: &str, status: u16, json: impl Into<String>) {
        self.exchange(Exchange::new(method, target, status, json));
    }

    /// Answers one request in any way.
    pub fn exchange(&self, exchange: Exchange) {
        self.script.borrow_mut().expect(exchange);
    }

    /// How a listing named in a collection's `after` ended, where it is not read on this bench.
    pub fn ended(&self, collection: &str, state: SettledState) {
        self.script.borrow_mut().states.insert(collection.into(), state);
    }

    /// What `validate` finds.
    pub fn validate(&self) -> Vec<Check> {
        match C::new(&self.host.config()) {
            Ok(connector) => connector.validate(&self.host),
            Err(failure) => panic!("the connector refused its configuration: {failure:?}"),
        }
    }

    /// Reads everything, as a full sync does: what `begin` names, then what that discovers.
    pub fn sync(&self) -> Result<Synced, Failure> {
        let connector = C::new(&self.host.config())?;
        connector.connect(&self.host)?;
        let begin = connector.begin(&self.host)?;
        self.listings(begin)
    }

    /// Reads one listing, and what it discovers.
    pub fn read(&self, collection: Collection) -> Result<Synced, Failure> {
        self.listings(vec![collection])
    }

    /// Gives an entitlement to a principal.
    pub fn grant(&self, entitlement: &EntitlementKey, principal: &ResourceId) -> Result<GrantOutcome, Failure> {
        self.provision(|connector, host| connector.grant(host, entitlement, principal))
    }

    /// Takes an entitlement from a principal.
    pub fn revoke(&self, entitlement: &EntitlementKey, principal: &ResourceId) -> Result<RevokeOutcome, Failure> {
        self.provision(|connector, host| connector.revoke(host, entitlement, principal))
    }

    /// Any call that changes the target.
    pub fn provision<T>(&self, call: impl FnOnce(&C, &Host) -> Result<T, Failure>) -> Result<T, Failure> {
        call(&C::new(&self.host.config())?, &self.host)
    }

    /// The rows that calls which change the target have told so far.
    pub fn told(&self) -> Synced {
        self.script.borrow_mut().take_rows()
    }

    /// Every request so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.script.borrow().sent.clone()
    }

    /// Every request so far that was announced to follow a write.
    pub fn announced(&self) -> Vec<Sent> {
        self.script.borrow().announced.clone()
    }

    /// Every log line so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.script.borrow().logs.clone()
    }

    fn listings(&self, begin: Vec<Collection>) -> Result<Synced, Failure> {
        let mut synced = Synced::default();
        let mut queue = VecDeque::from(begin);
        let mut known: Vec<Collection> = queue.iter().cloned().collect();
        while let Some(collection) = queue.pop_front() {
            let mut restarts = 0;
            let listing = loop {
                if let Some(listing) = self.listing(&collection, restarts)? {
                    break listing;
                }
                restarts += 1;
                assert!(restarts <= RESTARTS, "{collection:?} began again more than {RESTARTS} times");
            };
            self.script.borrow_mut().states.insert(collection.name.clone(), SettledState::Complete);
            // Before those that stand behind it in `begin`, which may come after what it found.
            let found: Vec<_> = listing.discovered.iter().filter(|found| !known.contains(found)).cloned().collect();
            known.extend(found.iter().cloned());
            found.into_iter().rev().for_each(|found| queue.push_front(found));
            synced.add(listing);
        }
        Ok(synced)
    }

    /// One listing from its beginning to its end. None: it must begin again.
    fn listing(&self, collection: &Collection, restarts: u32) -> Result<Option<Synced>, Failure> {
        let mut listing = Synced::default();
        let mut cursor = None;
        let mut seen = HashSet::new();
        loop {
            let connector = C::new(&self.host.config())?;
            let page = Page::new(&self.host, collection.clone(), cursor, restarts).read_with(&connector);
            let pushed = self.script.borrow_mut().take_rows();
            let page = page?;
            listing.add(Synced {
                pages: vec![(collection.clone(), page.items, page.total)],
                discovered: page.discovered,
                notes: page.notes,
                ..pushed
            });
            match page.step {
                Step::Done => return Ok(Some(listing)),
                Step::Restart(_) => return Ok(None),
                Step::Next(next) => {
                    assert!(seen.insert(next.clone()), "{collection:?} gave cursor {next} twice");
                    cursor = Some(next);
                }
            }
        }
    }
}

impl<C> Drop for Bench<C> {
    fn drop(&mut self) {
        let unasked = self.script.borrow().unasked();
        if !std::thread::panicking() && !unasked.is_empty() {
            panic!("nobody asked {}", unasked.join(", "));
        }
    }
}

/// What was read, as the connector pushed it: in its order, and with rows of one id unmerged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Synced {
    /// Resources.
    pub resources: Vec<Resource>,
    /// Entitlements.
    pub entitlements: Vec<Entitlement>,
    /// Grants.
    pub grants: Vec<Grant>,
    /// Notes of all pages.
    pub notes: Vec<Note>,
    /// Listings that pages discovered.
    pub discovered: Vec<Collection>,
    /// Each page: its listing, its number of items, and the listing's total.
    pub pages: Vec<(Collection, u32, Option<u64>)>,
}

impl Synced {
    /// The resource of this id; a full row before a stub. Fails the test if there is none.
    #[track_caller]
    pub fn resource(&self, resource_type: &str, id: &str) -> &Resource {
        let is_it = |row: &&Resource| row.id.resource_type == resource_type && row.id.resource == id;
        let found = self.resources.iter().filter(is_it).min_by_key(|row| row.stub);
        found.unwrap_or_else(|| panic!("no resource `{id}` of type `{resource_type}`"))
    }

    /// The ids of a type's resources, sorted, each once.
    pub fn resource_ids(&self, resource_type: &str) -> Vec<&str> {
        let of_type = self.resources.iter().filter(|row| row.id.resource_type == resource_type);
        sorted(of_type.map(|row| row.id.resource.as_str()).collect())
    }

    /// The ids of all entitlements, sorted, each once.
    pub fn entitlement_ids(&self) -> Vec<String> {
        sorted(self.entitlements.iter().map(Entitlement::identifier).collect())
    }

    /// The ids of all grants, sorted, each once.
    pub fn grant_ids(&self) -> Vec<String> {
        sorted(self.grants.iter().map(Grant::identifier).collect())
    }

    /// The notes about something.
    pub fn notes_about(&self, what: &str) -> Vec<&Note> {
        self.notes.iter().filter(|note| note.what == what).collect()
    }

    fn add(&mut self, other: Self) {
        self.resources.extend(other.resources);
        self.entitlements.extend(other.entitlements);
        self.grants.extend(other.grants);
        self.notes.extend(other.notes);
        self.discovered.extend(other.discovered);
        self.pages.extend(other.pages);
    }
}

fn sorted<T: Ord>(mut ids: Vec<T>) -> Vec<T> {
    ids.sort();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Request, Target};

    struct Echo;

    impl Target for Echo {
        const NAME: &'static str = "Echo";
        const CREDENTIAL: Option<&'static str> = None;
    }

    impl Connector for Echo {
        fn new(_: &Config) -> Result<Self, Failure> {
            Ok(Self)
        }

        fn validate(&self, _: &Host) -> Vec<Check> {
            Vec::new()
        }

        fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
            Ok(vec![Collection::named("things")])
        }

        fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
            for id in 0..2_500 {
                page.resource(Resource::new("thing", id.to_string(), ""))?;
            }
            let ids: Vec<String> = self.fetch(page, &Request::get("/things").query("restarts", page.restarts()))?;
            page.holds(ids.len(), None);
            if ids.is_empty() { Ok(Step::Restart("empty".into())) } else { Ok(Step::Done) }
        }
    }

    #[test]
    fn a_restarted_listing_leaves_nothing_behind() {
        let bench = Bench::<Echo>::new();
        bench.on("GET", "/things?restarts=0", 200, "[]");
        bench.on("GET", "/things?restarts=1", 200, r#"["a"]"#);
        let synced = bench.sync().unwrap();
        assert_eq!(synced.resources.len(), 2_500);
        assert_eq!(synced.pages.len(), 1);
    }

    #[test]
    #[should_panic(expected = "the connector asked GET /things?restarts=0, which the script does not answer")]
    fn a_request_without_an_answer_fails_the_test() {
        let _ = Bench::<Echo>::new().sync();
    }

    #[test]
    #[should_panic(expected = "nobody asked GET /other")]
    fn an_answer_without_a_request_fails_the_test() {
        let bench = Bench::<Echo>::new();
        bench.on("GET", "/other", 200, "[]");
        bench.on("GET", "/things?restarts=0", 200, r#"["a"]"#);
        bench.sync().unwrap();
    }
}
