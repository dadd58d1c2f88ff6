//! The runtime's integration tests, one binary.

mod manifests;
