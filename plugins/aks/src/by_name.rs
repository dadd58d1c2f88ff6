//! Things by their names: each once, and found by name. All of them share one tree, whatever they are.

use std::collections::BTreeMap;

/// Things in the order in which they were named first.
pub(crate) struct ByName<T> {
    places: BTreeMap<String, usize>,
    things: Vec<T>,
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), things: Vec::new() }
    }
}

impl<T> ByName<T> {
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.things.get(*self.places.get(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.things.get_mut(*self.places.get(name)?)
    }

    /// Adds what is new. Whether it was.
    pub(crate) fn add(&mut self, name: String, thing: impl FnOnce() -> T) -> bool {
        let is_new = place_of(&mut self.places, name) == self.things.len();
        if is_new {
            self.things.push(thing());
        }
        is_new
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }

    pub(crate) fn into_things(self) -> Vec<T> {
        self.things
    }
}

/// Where a name's thing is, or is to be added: behind all others.
fn place_of(places: &mut BTreeMap<String, usize>, name: String) -> usize {
    let behind = places.len();
    *places.entry(name).or_insert(behind)
}
