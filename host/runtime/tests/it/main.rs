//! The runtime's integration tests, one binary.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod acme;
mod architecture;
mod configuration;
mod http;
mod limits;
mod log;
mod manifests;
