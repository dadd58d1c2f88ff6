//! Loads connectors, grants them their capabilities, and runs their syncs.

pub mod clock;
pub mod configuration;
pub mod http;
pub mod manifest;
pub mod policy;
pub mod problem;
pub mod secrets;

pub use problem::{Category, Problem};
mod bindings;
pub mod limits;
