//! `accord validate` and `accord doctor`: does the configuration work, and is every permission there that a sync needs.

use accord_runtime::Problem;
use accord_runtime::configuration::Configuration;
use accord_runtime::manifest::FieldKind;
use accord_runtime::plugin::Package;
use accord_runtime::sync::{Check, CheckOutcome, validate};
use clap::ArgMatches;
use serde::Serialize;

use super::prepare::{Prepared, prepare};
use crate::args::Format;
use crate::host::Host;
use crate::output::{self, Detail, Screen, Table, printable};
use crate::shape::Shape;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What was checked.
    Checks,
    /// Also what a sync would rest on.
    Everything,
}

/// What `--output json` prints.
#[derive(Debug, Serialize)]
struct Told<'a> {
    version: u32,
    plugin: &'a str,
    plugin_version: &'a str,
    passed: bool,
    checks: Vec<ToldCheck<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldCheck<'a> {
    name: &'a str,
    needed_for: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    remedy: &'a str,
    /// Where it failed, and what that means.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

/// The exit code is that of the first check that failed.
pub(super) fn run(package: &Package, flags: &ArgMatches, screen: &Screen, depth: Depth) -> Result<i32, Problem> {
    let Prepared { configuration, network, format, .. } =
        prepare(&package.manifest, flags, screen, &Shape::Accord, |_, _| ((), None))?;
    if depth == Depth::Everything && format == Format::Text {
        output::print(&basis(package, &configuration))?;
    }
    let checks = Host::start(screen.clone())?.run(package, configuration, network, validate)?;
    match format {
        Format::Json => output::print_json(&told(package, &checks))?,
        Format::Text => output::print(&text(package, &checks))?,
    }
    Ok(checks.iter().find_map(failure).map_or(0, |problem| problem.category.exit_code()))
}

fn failure(check: &Check) -> Option<&Problem> {
    match &check.outcome {
        CheckOutcome::Failed(problem) => Some(problem),
        CheckOutcome::Passed | CheckOutcome::Skipped(_) => None,
    }
}

/// The plugin, and what every field of it is.
fn basis(package: &Package, configuration: &Configuration) -> String {
    let manifest = &package.manifest;
    let mut table = Table::indented();
    table.row(["plugin".to_owned(), format!("{} {}", manifest.id, manifest.version)]);
    table.row(["sha256".to_owned(), package.digest.clone()]);
    for field in &manifest.config {
        let value = match configuration.text(&field.name) {
            Some(text) if matches!(field.kind, FieldKind::Hostname | FieldKind::HttpsUrl) => text.to_owned(),
            Some(_) if field.kind == FieldKind::Certificates => "set".to_owned(),
            // Enough to recognise it by.
            Some(text) if field.masked => text.chars().take(6).chain("…".chars()).collect(),
            Some(text) => text.replace('\n', ", "),
            None if configuration.is_set(&field.name) => "set".to_owned(),
            None => "not set".to_owned(),
        };
        table.row([field.name.clone(), value]);
    }
    format!("{table}\n")
}

fn text(package: &Package, checks: &[Check]) -> String {
    let mut table = Table::indented();
    for check in checks {
        let needed_for = if check.needed_for.is_empty() { String::new() } else { format!("({})", check.needed_for) };
        match &check.outcome {
            CheckOutcome::Passed => table.row(["ok".to_owned(), check.name.clone(), needed_for]),
            CheckOutcome::Skipped(reason) => {
                table.row(["skip".to_owned(), check.name.clone(), needed_for, reason.clone()]);
            }
            CheckOutcome::Failed(problem) => {
                let needed_for = format!("needed for: {}", check.needed_for);
                let remedy = remedy(problem);
                let way_out = if remedy.is_empty() { String::new() } else { format!("→ {remedy}") };
                table.row(["FAIL".to_owned(), check.name.clone(), needed_for, way_out]);
            }
        }
    }
    let failed = checks.iter().filter(|check| failure(check).is_some()).count();
    let verdict = match failed {
        0 => format!("  {} can be synced\n", package.manifest.id),
        1 => "  1 check failed\n".to_owned(),
        several => format!("  {several} checks failed\n"),
    };
    table.to_string() + &verdict + &reasons(checks)
}

/// What failed, in full but for the way out, which stands beside the check. Checks often fail for one reason.
fn reasons(checks: &[Check]) -> String {
    let mut told: Vec<(&Problem, Vec<&str>)> = Vec::new();
    for check in checks {
        let Some(problem) = failure(check) else { continue };
        match told.iter_mut().find(|(known, _)| known.headline == problem.headline) {
            Some((_, names)) => names.push(&check.name),
            None => told.push((problem, vec![&check.name])),
        }
    }
    let mut text = String::new();
    for (problem, names) in told {
        text.push_str(&format!("\n{}: {}\n", printable(&names.join(", ")), printable(&problem.headline)));
        for Detail { label, text: line } in details(problem) {
            text.push_str(&format!("  {label:<7} {}\n", printable(line)));
        }
    }
    text
}

fn details(problem: &Problem) -> impl Iterator<Item = Detail<'_>> {
    output::details(problem).filter(|detail| detail.label != "do")
}

fn told<'a>(package: &'a Package, checks: &'a [Check]) -> Told<'a> {
    Told {
        version: 1,
        plugin: &package.manifest.id,
        plugin_version: &package.manifest.version,
        passed: checks.iter().all(|check| failure(check).is_none()),
        checks: checks
            .iter()
            .map(|check| ToldCheck {
                name: &check.name,
                needed_for: &check.needed_for,
                outcome: match &check.outcome {
                    CheckOutcome::Passed => "passed",
                    CheckOutcome::Failed(_) => "failed",
                    CheckOutcome::Skipped(_) => "skipped",
                },
                code: failure(check).map(|problem| problem.code),
                message: match &check.outcome {
                    CheckOutcome::Failed(problem) => &problem.headline,
                    CheckOutcome::Skipped(reason) => reason,
                    CheckOutcome::Passed => "",
                },
                remedy: failure(check).map_or("", remedy),
                details: failure(check).into_iter().flat_map(details).collect(),
            })
            .collect(),
    }
}

fn remedy(problem: &Problem) -> &str {
    problem.lines.iter().find(|(label, _)| *label == "do").map_or("", |(_, text)| text)
}
