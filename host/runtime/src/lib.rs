//! Loads connectors, grants them their capabilities, and runs their syncs.

mod bindings;
mod capabilities;
pub mod clock;
pub mod configuration;
mod convert;
mod credentials;
pub mod encryption;
pub mod engine;
pub mod http;
#[cfg(test)]
mod leak_tests;
pub mod limits;
pub mod manifest;
pub mod plugin;
pub mod policy;
pub mod problem;
pub mod provision;
mod running;
mod sealed;
pub mod secrets;
pub mod sync;
pub mod tape;
mod text;
#[cfg(test)]
mod watched_memory;

pub use problem::{Category, Problem};
