//! What a connector may reach: paths, addresses, and the decision about each request. Nothing here sends anything.

pub mod address;
pub(crate) mod path;
