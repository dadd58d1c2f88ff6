//! `accord verify FILE`: the verdict on a sync file, and an exit code that scripts can act on.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use accord_c1z::container::Watch;
use accord_c1z::verify::{Severity, Verdict, verify};
use accord_runtime::{Category, Problem};
use serde::Serialize;

use super::{limits, opened, scratch_folder};
use crate::args::Format;
use crate::output::{self, printable};

/// What `--output json` prints.
#[derive(Debug, Serialize)]
struct Told {
    version: u32,
    file: String,
    readable: bool,
    sound: bool,
    verdict: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    part: String,
    severity: &'static str,
    message: String,
}

/// Exit code 0 for a sound file, 14 for any other.
pub(super) fn run(file: &Path, format: Format) -> Result<i32, Problem> {
    let mut watch = Watch { cancel: &AtomicBool::new(false), progress: &mut |_, _| {} };
    let verdict = verify(file, &scratch_folder(file), &limits()?, &mut watch)
        .map_err(|error| opened::unreadable(file, &error))?;
    match format {
        Format::Text => output::print(&text(&verdict))?,
        Format::Json => output::print_json(&told(file, &verdict))?,
    }
    Ok(if verdict.is_sound() { 0 } else { Category::Storage.exit_code() })
}

fn text(verdict: &Verdict) -> String {
    let mut text = format!("{}\n", printable(&verdict.to_string()));
    for (part, finding) in verdict.findings() {
        text.push_str(&format!("  {:<8} {part}: {}\n", severity(finding.severity), printable(&finding.to_string())));
    }
    text
}

fn told(file: &Path, verdict: &Verdict) -> Told {
    Told {
        version: 1,
        file: file.display().to_string(),
        readable: verdict.is_readable(),
        sound: verdict.is_sound(),
        verdict: verdict.to_string(),
        findings: verdict
            .findings()
            .map(|(part, finding)| Finding {
                part: part.to_string(),
                severity: severity(finding.severity),
                message: finding.to_string(),
            })
            .collect(),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Fault => "fault",
        _ => "warning",
    }
}
