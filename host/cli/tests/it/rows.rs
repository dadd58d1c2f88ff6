//! What a file holds, for comparing files: rows without the sync they were written in and the time they were written at.

use std::collections::{BTreeMap, BTreeSet};

use accord_c1z::proto::Resource;
use accord_c1z::reader::{Reader, View};
use accord_fixtures::world::Expected;

use crate::support::Desk;

/// The rows of a file by their ids, each as the text of all that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    resource_types: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
    entitlements: BTreeMap<String, String>,
    grants: BTreeMap<String, String>,
    coverage: Option<String>,
}

impl Rows {
    /// All rows of a file of the desk.
    pub(crate) fn of(desk: &Desk, file: &str) -> Self {
        // Unpacked elsewhere: tests look at what else is in the desk's folder.
        let elsewhere = tempfile::tempdir().unwrap();
        let reader = Reader::open(&desk.path(file), elsewhere.path()).unwrap();
        let all = &View::Everything;
        Self {
            resource_types: by_id(reader.resource_types(all).map(|row| {
                let row = row.unwrap();
                (row.external_id, format!("{:?}", row.message))
            })),
            resources: by_id(reader.resources(all).map(|row| {
                let row = row.unwrap();
                (row.external_id, format!("{:?}", row.message))
            })),
            entitlements: by_id(reader.entitlements(all).map(|row| {
                let row = row.unwrap();
                (row.external_id, format!("{:?}", row.message))
            })),
            grants: by_id(reader.grants(all).map(|row| {
                let grant = row.unwrap();
                let text = format!("{:?} {:?} {}", grant.row.message, grant.expansion, grant.needs_expansion);
                (grant.row.external_id, text)
            })),
            coverage: reader.coverage().unwrap().map(|coverage| coverage.json),
        }
    }

    /// The rows alone: a listing that was read again has more to tell of itself.
    pub(crate) fn without_coverage(&self) -> Self {
        Self { coverage: None, ..self.clone() }
    }

    /// Fails the test unless the file holds exactly what a sync of this world must yield.
    #[track_caller]
    pub(crate) fn are(&self, expected: &Expected) {
        let resources: BTreeSet<String> = expected.resources.iter().map(|(of, id)| format!("{of}:{id}")).collect();
        same("resources", &self.resources, &resources);
        same("entitlements", &self.entitlements, &expected.entitlements);
        same("grants", &self.grants, &expected.grants);
    }
}

/// The resources of a file by `type:id`.
pub(crate) fn resources(desk: &Desk, file: &str) -> BTreeMap<String, Resource> {
    let elsewhere = tempfile::tempdir().unwrap();
    let reader = Reader::open(&desk.path(file), elsewhere.path()).unwrap();
    let rows = reader.resources(&View::Everything).map(|row| row.unwrap());
    rows.map(|row| (row.external_id, row.message)).collect()
}

fn by_id(rows: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    for (id, text) in rows {
        assert!(known.insert(id.clone(), text).is_none(), "`{id}` is there twice");
    }
    known
}

/// Tells only the difference: a world has thousands of rows.
#[track_caller]
fn same(what: &str, found: &BTreeMap<String, String>, expected: &BTreeSet<String>) {
    let missing: Vec<_> = expected.iter().filter(|id| !found.contains_key(*id)).take(5).collect();
    let surplus: Vec<_> = found.keys().filter(|id| !expected.contains(*id)).take(5).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "{what}: missing {missing:?}, surplus {surplus:?}");
}
