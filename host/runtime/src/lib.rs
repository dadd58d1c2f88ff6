//! Loads connectors, grants them their capabilities, and runs their syncs.

pub mod clock;
pub mod problem;

pub use problem::{Category, Problem};
pub mod limits;
mod bindings;
