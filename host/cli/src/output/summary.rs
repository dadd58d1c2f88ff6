//! The end of a sync as people read it: what was found, what it took, where it is, and what is missing.

use accord_c1z::model::TraitKind;
use accord_runtime::manifest::Manifest;
use accord_runtime::sync::Report;

use super::{bytes, clock_time, grouped, printable};

/// One line of counts, the gaps and notes if there are any, and one line with the file.
pub(crate) fn summary(manifest: &Manifest, report: &Report) -> String {
    let mut text = format!("  {}\n", counts(manifest, report));
    for line in report.coverage.lines() {
        text.push_str(&format!("  {}\n", printable(&line)));
    }
    let state = if report.coverage.complete { "complete" } else { "complete with declared gaps" };
    let file = printable(&report.file.display().to_string());
    text.push_str(&format!("  {state} → {file} ({}, sha256 {})\n", bytes(report.bytes), report.sha256));
    text
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
