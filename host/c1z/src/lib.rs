//! The c1z sync file: read, stage, expand, write, verify.

pub mod model;
