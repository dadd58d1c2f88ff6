//! The http capability: the only place that opens connections for guests.

pub(crate) mod tls;
mod types;

pub use types::{Body, HttpError, Outcome, Phase, Request, Response};
