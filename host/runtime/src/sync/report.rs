//! What a finished sync tells: for people, for `--report`, and for the exit code.

use std::path::PathBuf;
use std::time::Duration;

use accord_c1z::work::Counts;
use serde::Serialize;

use crate::http::Counters;

use super::cost::Cost;
use super::coverage::Coverage;

/// A finished sync.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub version: u32,
    pub file: PathBuf,
    pub bytes: u64,
    /// Of the file, in hex.
    pub sha256: String,
    pub sync_id: String,
    /// RFC 3339.
    pub started_at: String,
    pub ended_at: String,
    /// Pages that an earlier, interrupted run had read.
    pub resumed_pages: u64,
    pub counts: Totals,
    pub traffic: Traffic,
    pub cost: Cost,
    pub coverage: Coverage,
}

/// Rows of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub resources: u64,
    pub entitlements: u64,
    pub grants: u64,
    pub expanded_grants: u64,
    pub resources_by_type: std::collections::BTreeMap<String, u64>,
    pub grants_by_type: std::collections::BTreeMap<String, u64>,
}

/// What went over the network in this process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Traffic {
    /// Requests that guests made.
    pub calls: u64,
    /// Times that something was sent, repetitions counted.
    pub attempts: u64,
    /// Answers of status 429.
    pub rate_limited: u64,
    pub response_bytes: u64,
    /// Since the process began the sync.
    pub seconds: f64,
}

impl Report {
    /// 0, or 3 where gaps were declared.
    pub fn exit_code(&self) -> i32 {
        if self.coverage.complete { 0 } else { 3 }
    }
}

impl Traffic {
    pub(super) fn new(counters: Counters, since_start: Duration) -> Self {
        Self {
            calls: counters.calls,
            attempts: counters.attempts,
            rate_limited: counters.rate_limited,
            response_bytes: counters.response_bytes,
            seconds: since_start.as_secs_f64(),
        }
    }
}

impl From<&Counts> for Totals {
    fn from(counts: &Counts) -> Self {
        Self {
            resources: counts.resources,
            entitlements: counts.entitlements,
            grants: counts.grants,
            expanded_grants: counts.expanded_grants,
            resources_by_type: counts.resources_by_resource_type.clone(),
            grants_by_type: counts.grants_by_resource_type.clone(),
        }
    }
}
