//! The c1z sync file: read, stage, expand, write, verify.

pub mod container;
pub mod database;
pub mod encode;
pub mod lock;
pub mod model;
pub mod proto;
pub mod reader;
pub mod schema;
pub mod stats;
pub mod sync_id;
pub mod timestamp;
pub mod verify;
pub mod work;
