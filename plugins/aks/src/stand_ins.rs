//! Stand-ins for what is named and not there, so that nobody's access hangs in the air.
//!
//! The listings of objects remember what they saw; a binding that names something else pushes a stand-in that says so. Where
//! a listing was refused, everything that bindings name is a stand-in, and says that instead.

use accord_sdk::types::SettledState;
use accord_sdk::{Failure, Page, Resource, ResourceId};

use crate::by_name::ByName;
use crate::namespaces;

/// The longest key of a fact.
pub(crate) const LONGEST_KEY: usize = 512;

fn key(id: &ResourceId) -> String {
    format!("known/{}/{}", id.resource_type, id.resource)
}

/// Remembers what a listing saw.
pub(crate) fn remember(page: &Page<'_>, known: &[ResourceId]) -> Result<(), Failure> {
    let keys = known.iter().map(key).filter(|key| key.len() <= LONGEST_KEY);
    page.put_facts(&keys.map(|key| (key, Vec::new())).collect::<Vec<_>>())
}

/// The parent of an object that was listed, in case that the namespaces are not. Lists are in the order of namespaces: the
/// last one need not be told again.
pub(crate) fn parent<'n>(page: &mut Page<'_>, last: &mut &'n str, namespace: &'n str) -> Result<(), Failure> {
    if std::mem::replace(last, namespace) == namespace {
        return Ok(());
    }
    page.resource(namespaces::resource(namespace).stub())
}

/// What a page names, once each.
#[derive(Default)]
pub(crate) struct Named(ByName<Resource>);

impl Named {
    /// Something that is named by another object, made when it is named for the first time; `by` is for people.
    pub(crate) fn add(&mut self, id: &ResourceId, resource: impl FnOnce() -> Resource, by: impl FnOnce() -> String) {
        self.0.add(key(id), || resource().description(format!("named by {}", by())));
    }

    pub(crate) fn namespace(&mut self, name: &str) {
        self.add(&namespaces::id(name), || namespaces::resource(name), || "what is in it".into());
    }

    /// Pushes stand-ins for everything that no listing saw.
    pub(crate) fn push(self, page: &mut Page<'_>) -> Result<(), Failure> {
        let resources = self.0.into_things();
        let keys: Vec<String> = resources.iter().map(|resource| key(&resource.id)).collect();
        let lookups: Vec<String> =
            keys.iter().map(|key| if key.len() <= LONGEST_KEY { key.clone() } else { String::from("-") }).collect();
        let known = page.facts(&lookups);
        for (resource, known) in resources.into_iter().zip(known) {
            if known.is_some() {
                continue;
            }
            let stand_in = said(page, resource).stub();
            page.resource(stand_in)?;
        }
        Ok(())
    }
}

/// The stand-in with its reason.
fn said(page: &Page<'_>, resource: Resource) -> Resource {
    let listing = match resource.id.resource_type.as_str() {
        "namespace" => "namespaces",
        "service_account" => "service-accounts",
        "role" => "roles",
        "cluster_role" => "cluster-roles",
        // People and groups have a listing of their own, and say what is known of them.
        _ => return resource,
    };
    let description = resource.description.clone();
    match page.collection_state(listing) {
        Some(SettledState::Complete) => {
            resource.description(format!("{description}, does not exist")).profile("missing", true)
        }
        _ => resource.description(format!("{description}; the {listing} could not be listed")).profile("listed", false),
    }
}

/// The ids of a type that its listing saw, in their order.
pub(crate) fn known(page: &Page<'_>, resource_type: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let more = known_after(page, resource_type, found.last().map(String::as_str));
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The same, at most 5,000 of them from behind this one.
pub(crate) fn known_after(page: &Page<'_>, resource_type: &str, after: Option<&str>) -> Vec<String> {
    let prefix = format!("known/{resource_type}/");
    let after = after.map(|id| format!("{prefix}{id}"));
    let facts = page.scan_facts(&prefix, after.as_deref(), 5_000);
    facts.iter().filter_map(|(key, _)| key.strip_prefix(&prefix)).map(str::to_owned).collect()
}
