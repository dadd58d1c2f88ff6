//! `accord stats FILE`: how much of what is in a sync file, and what its sync covered.

use std::path::Path;

use accord_c1z::reader::{Coverage, ReadError, SyncRun, View};
use accord_c1z::stats::Stats;
use accord_c1z::timestamp;
use accord_runtime::Problem;
use serde::Serialize;

use super::opened::{Opened, open, unreadable};
use crate::args::Format;
use crate::output::{self, Table, grouped};

/// What `--output json` prints.
#[derive(Debug, Serialize)]
struct Told<'a> {
    version: u32,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<Sync<'a>>,
    counts: Counts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct Sync<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    /// As in a report.
    started_at: String,
    ended_at: Option<String>,
}

/// As in the file's own statistics, and zeros are told.
#[derive(Debug, Serialize)]
struct Counts<'a> {
    resource_types: u64,
    resources: u64,
    entitlements: u64,
    grants: u64,
    resources_by_resource_type: &'a std::collections::BTreeMap<String, u64>,
    entitlements_by_resource_type: &'a std::collections::BTreeMap<String, u64>,
    grants_by_resource_type: &'a std::collections::BTreeMap<String, u64>,
}

pub(super) fn run(file: &Path, format: Format) -> Result<(), Problem> {
    let Opened { reader, view, runs } = open(file)?;
    let unreadable = |error: ReadError| unreadable(file, &error);
    let stats = reader.stats(&view).map_err(unreadable)?;
    let coverage = reader.coverage().map_err(unreadable)?;
    let run = match &view {
        View::Sync(id) => runs.iter().find(|run| run.sync_id == *id),
        View::Everything => None,
    };
    match format {
        Format::Text => output::print(&text(run, &stats, coverage.as_ref())),
        Format::Json => output::print_json(&told(file, run, &stats, coverage.as_ref())),
    }
}

fn text(run: Option<&SyncRun>, stats: &Stats, coverage: Option<&Coverage>) -> String {
    let mut text = match run {
        Some(run) => {
            let mut facts = Table::default();
            facts.row(["sync".to_owned(), format!("{} ({})", run.sync_id, run.sync_type)]);
            facts.row(["started".to_owned(), for_people(&run.started_at)]);
            let ended = run.ended_at.as_deref().map_or_else(|| "not finished".to_owned(), for_people);
            facts.row(["ended".to_owned(), ended]);
            if let Some(line) = coverage.and_then(coverage_line) {
                facts.row(["coverage".to_owned(), line]);
            }
            facts.to_string() + "\n"
        }
        None => "no finished sync: all rows of the file are counted\n\n".to_owned(),
    };
    let mut table = Table::new(&["TYPE", "RESOURCES", "ENTITLEMENTS", "GRANTS"]);
    let by_type =
        [&stats.resources_by_resource_type, &stats.entitlements_by_resource_type, &stats.grants_by_resource_type];
    let mut types: Vec<&String> = by_type.iter().flat_map(|counts| counts.keys()).collect();
    types.sort();
    types.dedup();
    for name in types {
        let counts = by_type.iter().map(|counts| grouped(counts.get(name).copied().unwrap_or(0)));
        table.row(std::iter::once(name.clone()).chain(counts));
    }
    let totals = [stats.resources, stats.entitlements, stats.grants].map(grouped);
    table.row(std::iter::once("all".to_owned()).chain(totals));
    text.push_str(&table.to_string());
    text
}

/// A time of the file to the second, with the zone that the file leaves out. What is no time stays as it is.
fn for_people(text: &str) -> String {
    let seconds = |time: String| format!("{} UTC", time.split('.').next().unwrap_or_default());
    timestamp::parse(text).and_then(timestamp::format).map_or_else(|| text.to_owned(), seconds)
}

fn for_programs(text: &str) -> String {
    let rfc3339 = |time: String| time.replacen(' ', "T", 1) + "Z";
    timestamp::parse(text).and_then(timestamp::format).map_or_else(|| text.to_owned(), rfc3339)
}

/// How many collections are complete, or which are not.
fn coverage_line(coverage: &Coverage) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(&coverage.json).ok()?;
    let collections = value.get("collections")?.as_array()?;
    let in_state = |state: &str| -> Vec<&str> {
        let is =
            |collection: &&serde_json::Value| collection.get("state").and_then(|value| value.as_str()) == Some(state);
        collections.iter().filter(is).filter_map(|collection| collection.get("name")?.as_str()).collect()
    };
    if !value.get("complete")?.as_bool()? {
        return Some(format!("gaps in: {}", in_state("gap").join(", ")));
    }
    let deselected = in_state("deselected");
    let left_out =
        if deselected.is_empty() { String::new() } else { format!(", not asked for: {}", deselected.join(", ")) };
    Some(format!("complete, {} collections{left_out}", collections.len() - deselected.len()))
}

fn told<'a>(file: &Path, run: Option<&'a SyncRun>, stats: &'a Stats, coverage: Option<&Coverage>) -> Told<'a> {
    Told {
        version: 1,
        file: file.display().to_string(),
        sync: run.map(|run| Sync {
            id: &run.sync_id,
            kind: &run.sync_type,
            started_at: for_programs(&run.started_at),
            ended_at: run.ended_at.as_deref().map(for_programs),
        }),
        counts: Counts {
            resource_types: stats.resource_types,
            resources: stats.resources,
            entitlements: stats.entitlements,
            grants: stats.grants,
            resources_by_resource_type: &stats.resources_by_resource_type,
            entitlements_by_resource_type: &stats.entitlements_by_resource_type,
            grants_by_resource_type: &stats.grants_by_resource_type,
        },
        coverage: coverage.and_then(|coverage| serde_json::from_str(&coverage.json).ok()),
    }
}
