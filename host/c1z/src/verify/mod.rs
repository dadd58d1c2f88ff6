//! Whether a file is what it should be: `accord verify`.
//!
//! Checks go from the outside in, and stop where nothing further can be read: header, zstd, database, schema, syncs,
//! rows, references, counts. What no reader can live with is a fault; what readers merely show badly, or what other
//! writers legitimately do, is a warning. Memory grows with the syncs and resource types of a file, not with its rows.

mod database;
mod findings;
mod rows;

use std::fmt;
use std::path::Path;

pub use findings::{Finding, MAX_EXAMPLES, Severity};

use crate::container::{self, ContainerError, Extracted, Limits, Watch};
use crate::reader::{ReadError, Reader};
use findings::Findings;

/// What was checked, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The file's first bytes.
    Header,
    /// Frames, checksums, limits.
    Zstd,
    /// SQLite's own integrity.
    Database,
    /// Tables, columns, indexes.
    Schema,
    /// The syncs' ids and times.
    Syncs,
    /// Every row: it decodes, its columns repeat its message, its fields keep the rules.
    Rows,
    /// What rows point at exists.
    References,
    /// The kept statistics are the true counts.
    Counts,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Zstd => "zstd",
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Syncs => "syncs",
            Self::Rows => "rows",
            Self::References => "references",
            Self::Counts => "counts",
        })
    }
}

/// What came out of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub part: Part,
    /// Why nothing further could be read.
    pub broken: Option<String>,
    /// What is not as it should be, faults first.
    pub findings: Vec<Finding>,
}

/// The verdict on a file. `Display` is one line: `header ok · zstd: CRC mismatch at byte 2,750 of 5,501 · not readable`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub steps: Vec<Step>,
}

impl Verdict {
    /// Whether the file can be read at all.
    pub fn is_readable(&self) -> bool {
        self.steps.iter().all(|step| step.broken.is_none())
    }

    /// Whether the file is readable and has no fault; there may be warnings.
    pub fn is_sound(&self) -> bool {
        self.is_readable() && self.findings().all(|(_, finding)| finding.severity != Severity::Fault)
    }

    /// All findings, with the part that each belongs to.
    pub fn findings(&self) -> impl Iterator<Item = (Part, &Finding)> {
        self.steps.iter().flat_map(|step| step.findings.iter().map(|finding| (step.part, finding)))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match (&step.broken, step.findings.first()) {
                (Some(reason), _) => write!(f, "{}: {reason} · ", step.part)?,
                (None, None) => write!(f, "{} ok · ", step.part)?,
                (None, Some(first)) => write!(f, "{}: {first} · ", step.part)?,
            }
        }
        f.write_str(match (self.is_readable(), self.is_sound()) {
            (false, _) => "not readable",
            (true, false) => "readable, with faults",
            (true, true) => "readable",
        })
    }
}

/// Checks a file, unpacking it into a private temporary file in `folder`.
///
/// # Errors
/// Only what is not the file's fault: it cannot be opened, `folder` cannot take it, or the watch stopped it (between
/// two blocks or rows; SQLite's integrity check is one step).
pub fn verify(path: &Path, folder: &Path, limits: &Limits, watch: &mut Watch<'_>) -> Result<Verdict, ContainerError> {
    let mut steps = Vec::new();
    match container::extract(path, folder, limits, watch) {
        Ok(extracted) => {
            steps.push(ok(Part::Header));
            steps.push(ok(Part::Zstd));
            inside(extracted, &mut steps, watch)?;
        }
        Err(error) if !error.is_damage() => return Err(error),
        Err(error) => {
            let text = error.to_string();
            match text.strip_prefix("zstd: ") {
                Some(reason) => steps.extend([ok(Part::Header), broken(Part::Zstd, reason)]),
                None if is_about_header(&error) => steps.push(broken(Part::Header, text)),
                None => steps.extend([ok(Part::Header), broken(Part::Zstd, text)]),
            }
        }
    }
    Ok(Verdict { steps })
}

/// Checks the database and everything in it.
fn inside(extracted: Extracted, steps: &mut Vec<Step>, watch: &mut Watch<'_>) -> Result<(), ContainerError> {
    let reader = match Reader::from_extracted(extracted) {
        Ok(reader) => reader,
        Err(error) => {
            steps.push(broken(Part::Database, error));
            return Ok(());
        }
    };
    type Check = fn(&Reader, &mut Findings, &mut Watch<'_>) -> Result<(), ReadError>;
    let checks: [(Part, Check); 6] = [
        (Part::Database, database::integrity),
        (Part::Schema, database::schema),
        (Part::Syncs, database::syncs),
        (Part::Rows, rows::rows),
        (Part::References, database::references),
        (Part::Counts, database::counts),
    ];
    for (part, check) in checks {
        let mut findings = Findings::default();
        match check(&reader, &mut findings, watch) {
            Ok(()) => steps.push(Step { part, broken: None, findings: findings.into_vec() }),
            Err(ReadError::Container(error)) if !error.is_damage() => return Err(error),
            Err(error) => {
                steps.push(Step { part, broken: Some(error.to_string()), findings: findings.into_vec() });
                return Ok(());
            }
        }
    }
    Ok(())
}

fn is_about_header(error: &ContainerError) -> bool {
    matches!(error, ContainerError::Empty | ContainerError::NotC1z { .. } | ContainerError::V3 { .. })
}

fn ok(part: Part) -> Step {
    Step { part, broken: None, findings: Vec::new() }
}

fn broken(part: Part, reason: impl fmt::Display) -> Step {
    Step { part, broken: Some(reason.to_string()), findings: Vec::new() }
}
