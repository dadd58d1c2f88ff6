//! The program through its front door: the real binary, its exit codes, what it prints, and the files it leaves.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps tests may panic as tests may")]

mod aks;
mod calm;
mod config_sources;
mod conformance;
mod connector;
mod damaged;
mod datadog;
mod disk_full;
mod endless;
mod faults;
mod files;
mod final_pass;
mod gone;
mod hostile;
mod kills;
mod leaks;
mod limits;
mod mounts;
mod network;
mod outage;
mod plugins;
mod privx;
mod progress;
mod provision;
mod readmes;
mod redirects;
mod resuming;
mod revoked;
mod rows;
mod secrets;
mod skew;
mod stopping;
mod storm;
mod support;
mod syncing;
mod tapes;
mod targets;
mod third_party;
mod totals;
mod trouble;
mod two_runs;
mod usage;
