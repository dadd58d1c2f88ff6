//! The c1z sync file: read, stage, expand, write, verify.

pub mod lock;
pub mod model;
pub mod proto;
pub mod work;
