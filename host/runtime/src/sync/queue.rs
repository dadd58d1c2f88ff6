//! Which listing is read next. Pure bookkeeping over the work file's records: no waiting, no storage, no guest.
//!
//! A listing may start when every collection named in its `after`, and every collection that can discover it, is
//! settled and none of them can still be discovered (design D2). Listings of one name are read in the order they were
//! found; names in the manifest's order.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use accord_c1z::work::{CollectionId, CollectionRecord, CollectionState};

use crate::manifest::Collection;

/// The listings of one sync.
#[derive(Debug)]
pub(crate) struct Queue {
    names: Vec<Name>,
    index: HashMap<String, usize>,
    in_flight: usize,
}

/// All listings of one collection name.
#[derive(Debug)]
struct Name {
    name: String,
    /// Indexes of the names that must be settled first.
    after: BTreeSet<usize>,
    /// Indexes of the names that can come into being while this one is open.
    may_discover: BTreeSet<usize>,
    waiting: VecDeque<CollectionRecord>,
    /// Listings that are not settled: waiting or being read.
    open: usize,
    ended: BTreeMap<CollectionId, CollectionState>,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    Read(Box<CollectionRecord>),
    /// Others must return first.
    Wait,
    /// Everything is settled.
    Finished,
    /// Nothing can start and nobody will return: the manifest's order is circular. Names what waits.
    Stuck(Vec<String>),
}

impl Queue {
    pub(crate) fn new(collections: &[Collection], records: Vec<CollectionRecord>) -> Self {
        let index: HashMap<String, usize> =
            collections.iter().enumerate().map(|(position, collection)| (collection.name.clone(), position)).collect();
        let positions =
            |names: &[String]| names.iter().filter_map(|name| index.get(name).copied()).collect::<BTreeSet<_>>();
        let discovers: Vec<BTreeSet<usize>> =
            collections.iter().map(|collection| positions(&collection.discovers)).collect();
        let names = collections
            .iter()
            .enumerate()
            .map(|(position, collection)| {
                let mut after = positions(&collection.after);
                after.extend((0..collections.len()).filter(|finder| {
                    *finder != position && discovers.get(*finder).is_some_and(|found| found.contains(&position))
                }));
                Name {
                    name: collection.name.clone(),
                    after,
                    may_discover: closure(&discovers, position),
                    waiting: VecDeque::new(),
                    open: 0,
                    ended: BTreeMap::new(),
                }
            })
            .collect();
        let mut queue = Self { names, index, in_flight: 0 };
        queue.add(records);
        queue
    }

    /// Adds listings that were found.
    pub(crate) fn add(&mut self, records: Vec<CollectionRecord>) {
        for record in records {
            let Some(name) = self.entry(&record) else { continue };
            if record.state == CollectionState::Open {
                name.open += 1;
                name.waiting.push_back(record);
            } else {
                name.ended.insert(record.id, record.state);
            }
        }
    }

    /// Takes the next listing that may be read.
    pub(crate) fn next(&mut self) -> Next {
        for position in 0..self.names.len() {
            if !self.may_start(position) {
                continue;
            }
            if let Some(record) = self.names.get_mut(position).and_then(|name| name.waiting.pop_front()) {
                self.in_flight += 1;
                return Next::Read(Box::new(record));
            }
        }
        match (self.in_flight, self.names.iter().any(|name| name.open > 0)) {
            (0, false) => Next::Finished,
            (0, true) => {
                Next::Stuck(self.names.iter().filter(|name| name.open > 0).map(|name| name.name.clone()).collect())
            }
            _ => Next::Wait,
        }
    }

    /// Gives a listing back after a page. An open one is read on before others of its name.
    pub(crate) fn give_back(&mut self, record: CollectionRecord) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(name) = self.entry(&record) else { return };
        if record.state == CollectionState::Open {
            name.waiting.push_front(record);
        } else {
            name.open = name.open.saturating_sub(1);
            name.ended.insert(record.id, record.state);
        }
    }

    /// Forgets listings that a restart of their finder dropped.
    pub(crate) fn retain(&mut self, known: &BTreeSet<CollectionId>) {
        for name in &mut self.names {
            let before = name.waiting.len();
            name.waiting.retain(|record| known.contains(&record.id));
            name.open = name.open.saturating_sub(before - name.waiting.len());
            name.ended.retain(|id, _| known.contains(id));
        }
    }

    /// How the collections that this one comes after ended: the worst of each name.
    pub(crate) fn settled_before(&self, collection: &str) -> Vec<(String, CollectionState)> {
        let Some(position) = self.index.get(collection) else { return Vec::new() };
        let Some(name) = self.names.get(*position) else { return Vec::new() };
        name.after
            .iter()
            .filter_map(|before| self.names.get(*before))
            .map(|before| {
                let worst = before.ended.values().copied().max_by_key(|state| match state {
                    CollectionState::Gap => 2,
                    CollectionState::Deselected => 1,
                    CollectionState::Complete | CollectionState::Open => 0,
                });
                (before.name.clone(), worst.unwrap_or(CollectionState::Complete))
            })
            .collect()
    }

    /// All listings of the sync so far.
    pub(crate) fn known(&self) -> usize {
        self.names.iter().map(|name| name.open + name.ended.len()).sum()
    }

    fn may_start(&self, position: usize) -> bool {
        let Some(name) = self.names.get(position) else { return false };
        name.after.iter().all(|before| !self.alive(*before))
    }

    /// Whether listings of this name are open or can still come into being.
    fn alive(&self, position: usize) -> bool {
        self.names
            .iter()
            .enumerate()
            .any(|(other, name)| name.open > 0 && (other == position || name.may_discover.contains(&position)))
    }

    fn entry(&mut self, record: &CollectionRecord) -> Option<&mut Name> {
        self.index.get(&record.address.name).and_then(|position| self.names.get_mut(*position))
    }
}

/// Everything that can be discovered from `start`, directly or through what it discovers.
fn closure(discovers: &[BTreeSet<usize>], start: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(position) = open.pop() {
        for next in discovers.get(position).into_iter().flatten() {
            if found.insert(*next) {
                open.push(*next);
            }
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use accord_c1z::work::CollectionAddress;

    use crate::manifest::Rule;

    fn declared(name: &str, after: &[&str], discovers: &[&str]) -> Collection {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Collection {
            name: name.into(),
            yields: vec!["user".into()],
            after: texts(after),
            discovers: texts(discovers),
            key: None,
            permission: None,
            forbidden: Rule::Fail,
            lost: Rule::Fail,
        }
    }

    /// A listing that was not begun.
    pub(crate) fn open(number: i64, name: &str, key: Option<&str>) -> CollectionRecord {
        CollectionRecord {
            id: CollectionId::from_number(number),
            address: CollectionAddress::new(name, key),
            state: CollectionState::Open,
            cursor: None,
            restarts: 0,
            restart_reasons: Vec::new(),
            pages: 0,
            items: 0,
            total: None,
            rows: 0,
            filtered: 0,
            notes: Vec::new(),
            gap: None,
        }
    }

    fn ended(record: CollectionRecord) -> CollectionRecord {
        CollectionRecord { state: CollectionState::Complete, ..record }
    }

    fn take(queue: &mut Queue) -> CollectionRecord {
        match queue.next() {
            Next::Read(record) => *record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_collection_waits_for_those_before_it() {
        let manifest = [declared("users", &["groups"], &[]), declared("groups", &[], &[])];
        let mut queue = Queue::new(&manifest, vec![open(1, "users", None), open(2, "groups", None)]);
        let groups = take(&mut queue);
        assert_eq!(groups.address.name, "groups");
        assert!(matches!(queue.next(), Next::Wait), "users come after groups");
        queue.give_back(ended(groups));
        let users = take(&mut queue);
        assert_eq!(users.address.name, "users");
        queue.give_back(ended(users));
        assert!(matches!(queue.next(), Next::Finished));
    }

    #[test]
    fn a_collection_that_can_still_be_discovered_holds_up_those_after_it() {
        // `report` comes after `members`, of which none exists yet: only `teams` can find them.
        let manifest = [
            declared("report", &["members"], &[]),
            declared("teams", &[], &["members"]),
            declared("members", &[], &[]),
        ];
        let mut queue = Queue::new(&manifest, vec![open(1, "report", None), open(2, "teams", None)]);
        let teams = take(&mut queue);
        assert_eq!(teams.address.name, "teams");
        queue.add(vec![open(3, "members", Some("a"))]);
        assert!(matches!(queue.next(), Next::Wait), "what was found starts when its finder is complete");
        queue.give_back(ended(teams));
        let members = take(&mut queue);
        assert_eq!(members.address.key.as_deref(), Some("a"));
        assert!(matches!(queue.next(), Next::Wait));
        queue.give_back(ended(members));
        assert_eq!(take(&mut queue).address.name, "report");
    }

    #[test]
    fn an_open_listing_is_read_on_before_others_of_its_name() {
        let manifest = [declared("users", &[], &[])];
        let mut queue = Queue::new(&manifest, vec![open(1, "users", Some("a")), open(2, "users", Some("b"))]);
        let first = take(&mut queue);
        queue.give_back(CollectionRecord { pages: 1, ..first });
        assert_eq!(take(&mut queue).address.key.as_deref(), Some("a"));
        assert_eq!(take(&mut queue).address.key.as_deref(), Some("b"));
    }

    #[test]
    fn listings_that_wait_for_each_other_are_named() {
        let manifest = [declared("a", &["b"], &[]), declared("b", &[], &[]), declared("c", &["a"], &["b"])];
        let mut queue = Queue::new(&manifest, vec![open(1, "a", None), open(2, "c", None)]);
        match queue.next() {
            Next::Stuck(names) => assert_eq!(names, ["a", "c"]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn listings_dropped_by_a_restart_are_forgotten() {
        let manifest = [declared("teams", &[], &["members"]), declared("members", &[], &[])];
        let mut queue = Queue::new(&manifest, vec![open(1, "teams", None), open(2, "members", Some("a"))]);
        let teams = take(&mut queue);
        queue.retain(&BTreeSet::from([teams.id]));
        queue.give_back(ended(teams));
        assert!(matches!(queue.next(), Next::Finished));
    }

    #[test]
    fn the_worst_end_of_a_collection_is_told_to_those_after_it() {
        let manifest = [declared("users", &["teams"], &[]), declared("teams", &[], &[])];
        let gap = CollectionRecord { state: CollectionState::Gap, ..open(1, "teams", Some("a")) };
        let queue = Queue::new(&manifest, vec![gap, ended(open(2, "teams", Some("b")))]);
        assert_eq!(queue.settled_before("users"), [("teams".to_owned(), CollectionState::Gap)]);
    }
}
