//! What was read and what was not, by name: kept in the file, shown to the operator, and decided on by the exit code.
//!
//! Only what a replay repeats is in it: retries and durations belong to the report.

use std::collections::BTreeMap;

use accord_c1z::work::{CollectionRecord, CollectionState, Gap, Note, Summary};
use serde::Serialize;

use crate::manifest::{Manifest, Rule};

/// Listings of one collection name with something to tell; more are only counted.
const NAMED_LISTINGS: usize = 100;

/// The coverage of one sync.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    pub version: u32,
    pub plugin: PluginFacts,
    pub host_version: String,
    /// No gap in what was asked for.
    pub complete: bool,
    pub collections: Vec<CollectionCoverage>,
    /// What the final pass left out or changed.
    pub notes: Vec<Note>,
}

/// Which plugin read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginFacts {
    pub id: String,
    pub version: String,
    /// SHA-256 of the component, in hex.
    pub digest: String,
    pub interface: String,
}

/// All listings of one collection name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CollectionCoverage {
    pub name: String,
    pub state: State,
    pub listings: u64,
    pub pages: u64,
    pub items: u64,
    /// What the target said; none if it did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    pub rows: u64,
    /// Rows left out because their resource type was not asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub filtered: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub restarts: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<ListingGap>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// How a collection ended: the worst of its listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Deselected,
    Complete,
    /// Only decoration is missing.
    Degraded,
    Gap,
}

/// A listing that was not read to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListingGap {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(flatten)]
    pub gap: Gap,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl PluginFacts {
    /// `digest`: the SHA-256 of the component, in hex.
    pub fn new(manifest: &Manifest, digest: &str) -> Self {
        Self {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            digest: digest.to_owned(),
            interface: manifest.interface.clone(),
        }
    }
}

impl Coverage {
    pub(crate) fn new(manifest: &Manifest, digest: &str, records: &[CollectionRecord], summary: &Summary) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&CollectionRecord>> = BTreeMap::new();
        for record in records {
            by_name.entry(&record.address.name).or_default().push(record);
        }
        let collections: Vec<CollectionCoverage> = manifest
            .collections
            .iter()
            .filter_map(|declared| {
                by_name.get(declared.name.as_str()).map(|records| collection(&declared.name, records))
            })
            .collect();
        let lost_in_final_pass = summary.notes.iter().any(|note| note.lost);
        Self {
            version: 1,
            plugin: PluginFacts::new(manifest, digest),
            host_version: env!("CARGO_PKG_VERSION").to_owned(),
            complete: !lost_in_final_pass && collections.iter().all(|collection| collection.state != State::Gap),
            collections,
            notes: summary.notes.clone(),
        }
    }

    /// One line a gap or note, for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for collection in &self.collections {
            for listing in &collection.gaps {
                let key = listing.key.as_deref().map(|key| format!("/{key}")).unwrap_or_default();
                let what = if listing.gap.lost { "not collected" } else { "not read" };
                let permission = listing
                    .gap
                    .permission
                    .as_deref()
                    .map(|name| format!(" (permission \"{name}\")"))
                    .unwrap_or_default();
                lines.push(format!("{}{key}: {what}: {}{permission}", collection.name, listing.gap.reason));
            }
            lines.extend(collection.notes.iter().map(|note| format!("{}: {}", collection.name, note_line(note))));
        }
        lines.extend(self.notes.iter().map(note_line));
        lines
    }
}

fn note_line(note: &Note) -> String {
    let examples = if note.examples.is_empty() { String::new() } else { format!(" ({})", note.examples.join(", ")) };
    let reason = if note.reason.is_empty() { String::new() } else { format!(": {}", note.reason) };
    format!("{} × {}{reason}{examples}", note.count, note.what)
}

fn collection(name: &str, records: &[&CollectionRecord]) -> CollectionCoverage {
    let sum = |of: fn(&CollectionRecord) -> u64| records.iter().map(|record| of(record)).sum();
    let mut gaps = Vec::new();
    let mut notes: Vec<Note> = Vec::new();
    let mut state = State::Deselected;
    for record in records {
        state = state.max(state_of(record));
        if let Some(gap) = &record.gap
            && gaps.len() < NAMED_LISTINGS
        {
            gaps.push(ListingGap { key: record.address.key.clone(), gap: gap.clone() });
        }
        for note in &record.notes {
            merge_note(&mut notes, note);
        }
    }
    let totals: Vec<u64> = records.iter().filter_map(|record| record.total).collect();
    CollectionCoverage {
        name: name.to_owned(),
        state,
        listings: records.len() as u64,
        pages: sum(|record| u64::from(record.pages)),
        items: sum(|record| record.items),
        total: (!totals.is_empty()).then(|| totals.iter().sum()),
        rows: sum(|record| record.rows),
        filtered: sum(|record| record.filtered),
        restarts: sum(|record| u64::from(record.restarts)),
        gaps,
        notes,
    }
}

fn state_of(record: &CollectionRecord) -> State {
    let lost_note = record.notes.iter().any(|note| note.lost);
    match record.state {
        CollectionState::Deselected => State::Deselected,
        CollectionState::Gap if record.gap.as_ref().is_some_and(|gap| !gap.lost) && !lost_note => State::Degraded,
        CollectionState::Complete if !lost_note => State::Complete,
        CollectionState::Gap | CollectionState::Complete | CollectionState::Open => State::Gap,
    }
}

fn merge_note(notes: &mut Vec<Note>, note: &Note) {
    match notes
        .iter_mut()
        .find(|known| known.what == note.what && known.reason == note.reason && known.lost == note.lost)
    {
        Some(known) => {
            known.count += note.count;
            let room = 20_usize.saturating_sub(known.examples.len());
            let new: Vec<String> =
                note.examples.iter().filter(|text| !known.examples.contains(text)).cloned().collect();
            known.examples.extend(new.into_iter().take(room));
        }
        None => notes.push(note.clone()),
    }
}

/// Which gaps the operator accepts, by resource type or collection name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AllowedGaps {
    #[default]
    None,
    These(Vec<String>),
    All,
}

impl AllowedGaps {
    pub(crate) fn allows(&self, collection: &str, yields: &[String]) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(names) => names.iter().any(|name| name == collection || yields.contains(name)),
        }
    }
}

/// What happens to a listing that ended without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The run ends; `by_flag` if `--allow-gaps` would let it go on.
    Stop { by_flag: bool },
    /// Go on; access may be missing.
    Gap,
    /// Go on; only decoration is missing.
    Degrade,
}

pub(crate) fn verdict(rule: Rule, allowed: bool) -> Verdict {
    match rule {
        Rule::Fail => Verdict::Stop { by_flag: false },
        Rule::Gap if !allowed => Verdict::Stop { by_flag: true },
        Rule::Gap | Rule::Accept => Verdict::Gap,
        Rule::Degrade => Verdict::Degrade,
    }
}
