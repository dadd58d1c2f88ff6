//! The end of a sync as people read it: what was found, what it took, where it is, and what is missing.

use accord_c1z::model::TraitKind;
use accord_runtime::manifest::Manifest;
use accord_runtime::sync::{Coverage, Note, Report};

use super::{bytes, clock_time, grouped, printable};

/// Of what a note is about, so many are named; all that the file keeps are in the report.
const EXAMPLES: usize = 3;

/// One line of counts, the gaps and notes if there are any, and one line with the file.
pub(crate) fn summary(manifest: &Manifest, report: &Report) -> String {
    let mut text = format!("  {}\n", counts(manifest, report));
    for remark in remarks(&report.coverage) {
        text.push_str(&format!("  {remark}\n"));
    }
    let state = if report.coverage.complete { "complete" } else { "complete with declared gaps" };
    let file = printable(&report.file.display().to_string());
    text.push_str(&format!("  {state} → {file} ({}, sha256 {})\n", bytes(report.bytes), report.sha256));
    text
}

/// One line for each gap and note, gaps first.
pub(crate) fn remarks(coverage: &Coverage) -> Vec<String> {
    let mut gaps = Vec::new();
    let mut notes = Vec::new();
    for collection in &coverage.collections {
        for listing in &collection.gaps {
            let key = listing.key.as_deref().map(|key| format!("/{key}")).unwrap_or_default();
            let permission = listing.gap.permission.as_deref().map(|name| format!(" (needs \"{name}\")"));
            let (label, what) = if listing.gap.lost { ("gap ", "not collected") } else { ("note", "not read") };
            let permission = permission.unwrap_or_default();
            let line = format!("{label}  {}{key} {what}: {}{permission}", collection.name, listing.gap.reason);
            if listing.gap.lost { gaps.push(line) } else { notes.push(line) }
        }
        if collection.filtered > 0 {
            let rows = grouped(collection.filtered);
            notes.push(format!(
                "note  {}: {rows} × left out: a resource type that was not asked for is part of it",
                collection.name
            ));
        }
        notes.extend(collection.notes.iter().map(|note| told(&format!("{}: ", collection.name), note)));
    }
    notes.extend(coverage.notes.iter().map(|note| told("", note)));
    gaps.into_iter().chain(notes).map(|line| printable(&line)).collect()
}

fn told(place: &str, note: &Note) -> String {
    let label = if note.lost { "gap " } else { "note" };
    let reason = if note.reason.is_empty() { String::new() } else { format!(": {}", note.reason) };
    let shown = note.examples.iter().take(EXAMPLES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if note.count > EXAMPLES as u64 { ", …" } else { "" };
    let shown = if shown.is_empty() { shown } else { format!(" ({shown}{more})") };
    format!("{label}  {place}{} × {}{reason}{shown}", grouped(note.count), note.what)
}

fn counts(manifest: &Manifest, report: &Report) -> String {
    let by_type = &report.counts.resources_by_type;
    let of_type = |id: &str| by_type.get(id).copied().unwrap_or(0);
    let mut parts = Vec::new();
    let mut named = 0;
    for (kind, label) in [
        (TraitKind::User, "accounts"),
        (TraitKind::Role, "roles"),
        (TraitKind::Group, "groups"),
        (TraitKind::App, "apps"),
        (TraitKind::Secret, "secrets"),
    ] {
        // A type with several traits is told under the first of this list.
        let first = |traits: &[TraitKind]| traits.first() == Some(&kind);
        let types: Vec<_> = manifest.resource_types.iter().filter(|declared| first(&declared.traits)).collect();
        let count: u64 = types.iter().map(|declared| of_type(&declared.id)).sum();
        if !types.is_empty() {
            parts.push(format!("{label} {}", grouped(count)));
        }
        named += count;
    }
    let others = report.counts.resources.saturating_sub(named);
    if others > 0 {
        parts.push(format!("others {}", grouped(others)));
    }
    parts.push(format!("grants {}", grouped(report.counts.grants)));
    parts.push(format!("calls {}", grouped(report.traffic.calls)));
    parts.push(format!("429s {}", grouped(report.traffic.rate_limited)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a run, never negative")]
    parts.push(clock_time(report.traffic.seconds as u64));
    parts.join("  ")
}
