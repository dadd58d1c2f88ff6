//! What a check gathers: each kind of finding once, with a count and a few examples.

use std::collections::BTreeMap;
use std::fmt;

use crate::container::grouped;
use crate::text::printable;

/// So many examples of one finding are kept.
pub const MAX_EXAMPLES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Readers fail on it, or show something wrong.
    Fault,
    /// Readers live with it.
    Warning,
}

/// One kind of thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// A fragment: `entitlement that does not exist`.
    pub what: String,
    pub count: u64,
    /// At most [`MAX_EXAMPLES`], control characters escaped.
    pub examples: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.what, grouped(self.count))?;
        match self.examples.first() {
            Some(example) => write!(f, ", for example {example})"),
            None => f.write_str(")"),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<(Severity, String), (u64, Vec<String>)>);

impl Findings {
    pub(super) fn fault(&mut self, what: impl Into<String>, example: impl fmt::Display) {
        self.add(Severity::Fault, what.into(), example);
    }

    pub(super) fn warning(&mut self, what: impl Into<String>, example: impl fmt::Display) {
        self.add(Severity::Warning, what.into(), example);
    }

    fn add(&mut self, severity: Severity, what: String, example: impl fmt::Display) {
        let (count, examples) = self.0.entry((severity, what)).or_default();
        *count += 1;
        if examples.len() < MAX_EXAMPLES {
            /// Arbitrary: a few lines of a terminal.
            const SHOWN: usize = 300;
            examples.push(printable(&example.to_string(), SHOWN));
        }
    }

    /// Faults first.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        let finding = |((severity, what), (count, examples))| Finding { severity, what, count, examples };
        self.0.into_iter().map(finding).collect()
    }
}
