//! Loads connectors, grants them their capabilities, and runs their syncs.

mod bindings;
mod capabilities;
pub mod clock;
pub mod configuration;
mod convert;
pub mod engine;
pub mod http;
mod http_stub;
pub mod limits;
pub mod manifest;
pub mod plugin;
pub mod policy;
pub mod problem;
mod running;
pub mod secrets;
pub mod sync;
pub mod tape;

pub use problem::{Category, Problem};
