//! Every limit that a guest can run into, in one place. `accord plugin inspect` prints this table.

use std::time::Duration;

use crate::manifest::Manifest;

/// What one plugin may use. Each limit has a test that trips it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Linear memory of one instance, in bytes.
    pub memory_bytes: usize,
    /// Time that one call may compute, waiting for the host not counted.
    pub compute: Duration,
    /// Core instances, tables and memories inside one component instance. A component of the Rust toolchain has about 10.
    pub core_instances: usize,
    /// Data lifted from the guest in one host call, in bytes.
    pub host_call_bytes: usize,
    /// Rows in one call of a `put-…` function.
    pub rows_per_call: usize,
    /// Rows that one page may push; they are held until the page returns.
    pub rows_per_page: usize,
    /// Bytes of row text that one page may push.
    pub row_bytes_per_page: usize,
    /// One decoded response body, in bytes.
    pub response_bytes: u64,
    /// Requests in one call of `send-all`.
    pub requests_per_call: usize,
    /// Answers of one call of `send-all`, in bytes.
    pub answer_bytes_per_call: u64,
    /// Requests that one page may make.
    pub requests_per_page: u32,
    /// Pages of one listing.
    pub pages_per_listing: u32,
    /// Pages with exactly the rows of an earlier page of the listing, before it counts as endless.
    pub repeated_pages: u32,
    /// Times that a listing may begin again.
    pub restarts: u32,
    /// Listings that one sync may discover.
    pub collections: usize,
    /// A cursor, in bytes.
    pub cursor_bytes: usize,
    /// Facts: entries in a call; a key and a value, in bytes. What a sync keeps in all is the work file's to bound.
    pub facts_per_call: usize,
    pub fact_key_bytes: usize,
    pub fact_value_bytes: usize,
    /// Bytes of facts that one page may put; they are held until the page returns.
    pub fact_bytes_per_page: usize,
    /// Log lines of a run, and bytes of one line.
    pub log_lines: u32,
    pub log_line_bytes: usize,
    /// What is kept of a guest's standard error, for the report of a panic.
    pub stderr_bytes: usize,
    /// Random bytes in one request for them.
    pub random_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            compute: Duration::from_secs(30),
            core_instances: 64,
            host_call_bytes: 32 << 20,
            rows_per_call: 5_000,
            rows_per_page: 50_000,
            row_bytes_per_page: 16 << 20,
            response_bytes: 32 << 20,
            requests_per_call: 64,
            answer_bytes_per_call: 32 << 20,
            requests_per_page: 1_000,
            pages_per_listing: 100_000,
            repeated_pages: 20,
            restarts: 3,
            collections: 1_000_000,
            cursor_bytes: 64 << 10,
            facts_per_call: 5_000,
            fact_key_bytes: 512,
            fact_value_bytes: 64 << 10,
            fact_bytes_per_page: 16 << 20,
            log_lines: 10_000,
            log_line_bytes: 4 << 10,
            stderr_bytes: 8 << 10,
            random_bytes: 64 << 10,
        }
    }
}

impl Limits {
    /// The limits of one plugin: the host's, or less where its manifest says that it needs less.
    pub fn of(manifest: &Manifest) -> Self {
        let mut limits = Self::default();
        if let Some(bytes) = manifest.limits.max_response_bytes {
            limits.response_bytes = limits.response_bytes.min(bytes);
        }
        if let Some(mebibytes) = manifest.limits.memory_mib {
            let bytes = usize::try_from(mebibytes).unwrap_or(usize::MAX).saturating_mul(1 << 20);
            limits.memory_bytes = limits.memory_bytes.min(bytes);
        }
        limits
    }

    /// Name and value of each, for people.
    pub fn table(&self) -> Vec<(&'static str, String)> {
        vec![
            ("memory", bytes(self.memory_bytes as u64)),
            ("compute per call", format!("{} s", self.compute.as_secs())),
            ("core instances", self.core_instances.to_string()),
            ("data per host call", bytes(self.host_call_bytes as u64)),
            ("rows per call", self.rows_per_call.to_string()),
            ("rows per page", self.rows_per_page.to_string()),
            ("row text per page", bytes(self.row_bytes_per_page as u64)),
            ("response", bytes(self.response_bytes)),
            ("requests per call", self.requests_per_call.to_string()),
            ("answers per call", bytes(self.answer_bytes_per_call)),
            ("requests per page", self.requests_per_page.to_string()),
            ("pages per listing", self.pages_per_listing.to_string()),
            ("repeated pages", self.repeated_pages.to_string()),
            ("restarts per listing", self.restarts.to_string()),
            ("listings", self.collections.to_string()),
            ("cursor", bytes(self.cursor_bytes as u64)),
            ("facts per call", self.facts_per_call.to_string()),
            ("fact key", bytes(self.fact_key_bytes as u64)),
            ("fact value", bytes(self.fact_value_bytes as u64)),
            ("facts per page", bytes(self.fact_bytes_per_page as u64)),
            ("facts", bytes(accord_c1z::work::MAX_FACT_BYTES)),
            ("log lines", self.log_lines.to_string()),
            ("log line", bytes(self.log_line_bytes as u64)),
            ("standard error kept", bytes(self.stderr_bytes as u64)),
            ("random bytes per call", bytes(self.random_bytes)),
        ]
    }
}

/// `32 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        n if n >= 1 << 20 && n % (1 << 20) == 0 => format!("{} MiB", n >> 20),
        n if n >= 1 << 10 && n % (1 << 10) == 0 => format!("{} KiB", n >> 10),
        n => format!("{n} bytes"),
    }
}
