//! What went wrong, told to the person who must act: one headline, where, what it means, what to do.
//!
//! Every failure of a run ends as one [`Problem`]. Its category decides the exit code; the command line prints it once.

use std::fmt;

use crate::text::printable;

/// Longer lines are cut. Ids and keys in them come from plugins and targets, and may be megabytes; no list of ours is.
const LINE_BYTES: usize = 4 << 10;

/// Who has to act, and with it the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Wrong usage or configuration.
    Usage,
    /// The target refused who we are.
    Credentials,
    /// The target refused what we asked.
    Permission,
    /// The target limited our rate beyond our patience.
    RateLimited,
    /// The target could not be reached, or failed.
    Network,
    /// A file or folder of ours could not be read or written.
    Storage,
    /// The plugin broke a rule: policy, limits, traps, contradictory rows.
    Plugin,
    /// Another run holds the target file.
    Busy,
    /// Asked to stop by a signal (its number); the run can be resumed.
    Interrupted(i32),
    /// A fault of accord itself.
    Bug,
}

impl Category {
    /// The process exit code.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Usage => 2,
            Self::Credentials => 10,
            Self::Permission => 11,
            Self::RateLimited => 12,
            Self::Network => 13,
            Self::Storage => 14,
            Self::Plugin => 15,
            Self::Busy => 16,
            Self::Interrupted(signal) => 128 + signal,
            Self::Bug => 1,
        }
    }
}

/// A failure and its story. Never holds a secret or a raw body. What steers a terminal is taken out where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub category: Category,
    /// A stable code such as `CRED-001`.
    pub code: &'static str,
    /// One line: what failed.
    pub headline: String,
    /// Labelled lines below it, in order: `where`, `means`, `do`, `file`, or none for a continued list.
    pub lines: Vec<(&'static str, String)>,
}

impl Problem {
    pub fn new(category: Category, code: &'static str, headline: impl Into<String>) -> Self {
        Self { category, code, headline: headline.into(), lines: Vec::new() }
    }

    /// Where it happened.
    #[must_use]
    pub fn place(self, text: impl Into<String>) -> Self {
        self.line("where", text)
    }

    /// What it means.
    #[must_use]
    pub fn means(self, text: impl Into<String>) -> Self {
        self.line("means", text)
    }

    /// What to change.
    #[must_use]
    pub fn remedy(self, text: impl Into<String>) -> Self {
        self.line("do", text)
    }

    /// Adds a labelled line; empty text adds nothing.
    #[must_use]
    pub fn line(mut self, label: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.lines.push((label, text));
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}] {}", self.code, printable(&self.headline, LINE_BYTES))?;
        for (label, text) in &self.lines {
            write!(f, "\n  {label:<7} {}", printable(text, LINE_BYTES))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
