//! `accord sync`: one sync, its summary, its report and its exit code.

use std::io::Write;
use std::path::Path;

use accord_runtime::plugin::Package;
use accord_runtime::sync::{PluginFacts, Report, sync};
use accord_runtime::{Category, Problem};
use clap::ArgMatches;
use serde::Serialize;

use super::prepare::{Prepared, prepare_sync};
use crate::args::{self, Format};
use crate::host::Host;
use crate::output::{self, Detail, Screen, remarks, summary};
use crate::shape::Shape;
use crate::sources::{SettingsFile, Sources};

pub(super) fn run(package: &Package, flags: &ArgMatches, screen: &Screen, shape: &Shape) -> Result<i32, Problem> {
    let prepared = prepare_sync(&package.manifest, flags, screen, shape);
    if let Err(problem) = &prepared {
        report_refusal(package, flags, problem);
    }
    let Prepared { configuration, network, asked, format } = prepared?;
    let target = asked.options.target.clone();
    let outcome = Host::start(screen.clone())
        .and_then(|host| host.run(package, configuration, network, async |setup| sync(setup, asked.options).await));
    if let Some(path) = &asked.report {
        let written = match &outcome {
            Ok(report) => write_report(path, report),
            Err(problem) => write_report(path, &Failure::new(package, Some(&target), problem)),
        };
        match (&outcome, written) {
            (_, Ok(())) => {}
            (Ok(_), Err(problem)) => return Err(problem),
            // The failure of the run matters more.
            (Err(_), Err(problem)) => tracing::warn!("{}", problem.headline),
        }
    }
    let report = outcome?;
    match (format, shape.is_connector()) {
        (Format::Json, _) => output::print_json(&report)?,
        (Format::Text, false) => output::print(&summary(&package.manifest, &report))?,
        (Format::Text, true) => tell_as_connector(package, &report)?,
    }
    Ok(report.exit_code())
}

/// What was refused before it began is told as well, in place of a report that is about an earlier run.
fn report_refusal(package: &Package, flags: &ArgMatches, problem: &Problem) {
    let file = SettingsFile::load().ok().flatten();
    let Some(path) = args::report(Sources { flags, file: file.as_ref() }) else { return };
    if let Err(unwritten) = write_report(&path, &Failure::new(package, None, problem)) {
        tracing::warn!("{}", unwritten.headline);
    }
}

/// A connector's results are log lines, and one line that its users look for.
fn tell_as_connector(package: &Package, report: &Report) -> Result<(), Problem> {
    for remark in remarks(&report.coverage) {
        tracing::warn!("{remark}");
    }
    tracing::info!(
        sync_id = report.sync_id,
        file = %report.file.display(),
        bytes = report.bytes,
        sha256 = report.sha256,
        resources = report.counts.resources,
        entitlements = report.counts.entitlements,
        grants = report.counts.grants,
        calls = report.traffic.calls,
        "Sync complete."
    );
    if report.coverage.complete {
        output::print("Task complete!\n")
    } else {
        output::print(&summary(&package.manifest, report))
    }
}

/// What the report holds when the run failed.
#[derive(Debug, Serialize)]
struct Failure<'a> {
    version: u32,
    plugin: PluginFacts,
    /// The file that is as it was; none: the run was refused before it was known which.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
    exit_code: i32,
    error: Told<'a>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
    details: Vec<Detail<'a>>,
}

impl<'a> Failure<'a> {
    fn new(package: &Package, file: Option<&'a Path>, problem: &'a Problem) -> Self {
        Self {
            version: 1,
            plugin: PluginFacts::new(&package.manifest, &package.digest),
            file,
            exit_code: problem.category.exit_code(),
            error: Told { code: problem.code, message: &problem.headline, details: output::details(problem).collect() },
        }
    }
}

/// Writes beside the path and renames, so that whoever watches it never reads half a report.
fn write_report(path: &Path, report: &impl Serialize) -> Result<(), Problem> {
    let text = output::json(report)? + "\n";
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        // As any file of the user: who may read it is the user's mask to say.
        let readable = std::fs::Permissions::from_mode(0o666);
        let mut file = tempfile::Builder::new().prefix(".accord-report").permissions(readable).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| {
        let headline = format!("the report `{}` cannot be written: {error}", path.display());
        Problem::new(Category::Storage, "REPORT-001", headline).remedy("name another file with --report")
    })
}
