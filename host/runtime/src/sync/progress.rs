//! How far a sync is, for whoever watches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use accord_c1z::work::{CollectionRecord, CollectionState};

/// A snapshot that the run updates and a watcher reads; cheap enough for every page.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Snapshot>>);

#[derive(Debug, Clone, Default)]
struct Snapshot {
    stage: Stage,
    listings: BTreeMap<String, ListingProgress>,
}

/// What the run is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Starting,
    /// Another run writes the target; the text says which.
    Waiting(String),
    Reading,
    /// The final pass; the text says what: `expanding grants`.
    Finishing(String),
    Done,
}

/// All listings of one collection name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListingProgress {
    pub found: u64,
    pub settled: u64,
    pub items: u64,
    pub rows: u64,
    /// What the target said that there are; 0 if it did not say.
    pub total: u64,
}

impl Progress {
    pub fn stage(&self) -> Stage {
        self.lock().stage.clone()
    }

    /// By collection name.
    pub fn listings(&self) -> BTreeMap<String, ListingProgress> {
        self.lock().listings.clone()
    }

    /// How much of what is known to exist has been read; none while too little is known.
    pub fn percent(&self) -> Option<u8> {
        let snapshot = self.lock();
        match snapshot.stage {
            Stage::Starting | Stage::Waiting(_) => None,
            Stage::Done => Some(100),
            Stage::Finishing(_) => Some(99),
            Stage::Reading => {
                let (mut done, mut all) = (0_u64, 0_u64);
                for listing in snapshot.listings.values() {
                    // A listing without a total counts as one item until it is settled.
                    all += listing.total.max(listing.items).max(listing.found);
                    done += if listing.settled == listing.found {
                        listing.total.max(listing.items).max(listing.found)
                    } else {
                        listing.items
                    };
                }
                (all > 0).then(|| u8::try_from((done * 98 / all).min(98)).unwrap_or(98))
            }
        }
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.lock().stage = stage;
    }

    /// Counts a listing that was found, or that a resumed run already has.
    pub(crate) fn found(&self, record: &CollectionRecord) {
        let mut snapshot = self.lock();
        let listing = snapshot.listings.entry(record.address.name.clone()).or_default();
        listing.found += 1;
        listing.items += record.items;
        listing.rows += record.rows;
        listing.total += record.total.unwrap_or(0);
        listing.settled += u64::from(record.state != CollectionState::Open);
    }

    /// Counts what a page changed.
    pub(crate) fn changed(&self, before: &CollectionRecord, after: &CollectionRecord) {
        let mut snapshot = self.lock();
        let listing = snapshot.listings.entry(after.address.name.clone()).or_default();
        listing.items = (listing.items + after.items).saturating_sub(before.items);
        listing.rows = (listing.rows + after.rows).saturating_sub(before.rows);
        listing.total = (listing.total + after.total.unwrap_or(0)).saturating_sub(before.total.unwrap_or(0));
        if before.state == CollectionState::Open && after.state != CollectionState::Open {
            listing.settled += 1;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
