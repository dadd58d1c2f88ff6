//! What a connector tried that it may not.

use crate::problem::{Category, Problem};

/// A request that was refused before a byte of it left. The run stops with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyViolation {
    /// A stable code: `POLICY-003`.
    pub code: &'static str,
    /// One line: who tried what, and what is allowed.
    pub text: String,
    /// Which export and page, and the request.
    pub place: String,
    /// What to change, or empty.
    pub remedy: String,
}

impl PolicyViolation {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), place: String::new(), remedy: String::new() }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl From<PolicyViolation> for Problem {
    fn from(violation: PolicyViolation) -> Self {
        Self::new(Category::Plugin, violation.code, violation.text).place(violation.place).remedy(violation.remedy)
    }
}
