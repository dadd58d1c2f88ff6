//! What each table of the TOML may hold, one function a table. Rules across tables are in `check`.

pub(super) mod collect;
pub(super) mod config;
pub(super) mod network;
