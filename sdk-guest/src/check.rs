//! Proofs that key and permissions suffice, each with what came of it.

use crate::Failure;
use crate::bindings::exports::accord::connector::sync as wire;

/// One proof that key and permissions suffice.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The permission, or what else is proven.
    pub name: String,
    /// What it is needed for.
    pub needed_for: String,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// What came of a proof.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckOutcome {
    /// It suffices.
    Passed,
    /// Why not; [`Failure::Permission`] names what is missing.
    Failed(Failure),
    /// Why it was not tried.
    Skipped(String),
}

impl Check {
    /// A proof that passed if the probe was answered.
    pub fn of<T>(name: impl Into<String>, needed_for: impl Into<String>, probe: Result<T, Failure>) -> Self {
        let outcome = match probe {
            Ok(_) => CheckOutcome::Passed,
            Err(failure) => CheckOutcome::Failed(failure),
        };
        Self { name: name.into(), needed_for: needed_for.into(), outcome }
    }

    /// A proof that was not tried, and why.
    pub fn skipped(name: impl Into<String>, needed_for: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), needed_for: needed_for.into(), outcome: CheckOutcome::Skipped(why.into()) }
    }
}

impl From<Check> for wire::Check {
    fn from(Check { name, needed_for, outcome }: Check) -> Self {
        let outcome = match outcome {
            CheckOutcome::Passed => wire::CheckOutcome::Passed,
            CheckOutcome::Failed(failure) => wire::CheckOutcome::Failed(failure.into()),
            CheckOutcome::Skipped(why) => wire::CheckOutcome::Skipped(why),
        };
        Self { name, needed_for, outcome }
    }
}
