//! Facts: what one listing learns for a later one.

use super::{CollectionId, Error, WorkFile};

/// What a page may see: its own listing's facts, then those of complete listings with these names, then `connect`'s.
/// Where several have a key, the first of that order wins; within one name, the listing whose key sorts first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsView {
    /// The listing that asks; none for `begin`.
    pub own: Option<CollectionId>,
    /// The collection names that its manifest entry names in `after`.
    pub after: Vec<String>,
}

impl WorkFile {
    /// Replaces what `connect` learned.
    pub fn connect_facts(&mut self, facts: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        let _ = facts;
        todo!()
    }

    /// The values of these keys, in their order.
    pub fn facts_get(&self, view: &FactsView, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let _ = (view, keys);
        todo!()
    }

    /// Entries whose key begins with `prefix` and comes after `after`, in byte order, at most `limit`.
    pub fn facts_scan(
        &self,
        view: &FactsView,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let _ = (view, prefix, after, limit);
        todo!()
    }
}
