//! The http capability: the only place that opens connections for guests.

mod activity;
mod attempt;
mod batch;
mod bucket;
mod client;
mod code;
mod deliver;
mod fault;
mod gateway;
mod message;
mod options;
mod reach;
mod resolver;
mod retry;
mod skew;
pub(crate) mod tls;
mod token;
mod types;
mod unseal;
mod verdict;
mod withhold;
mod writes;

pub(crate) use tls::certificates_in;

pub use activity::{Activity, Counters, Reason, Waiting};
pub use bucket::RateTable;
pub use gateway::Gateway;
pub use options::{AddressOverride, NetworkOptions, Proxies, RateLimit};
pub use types::{Body, HttpError, Outcome, Phase, Request, Response};
pub use writes::PlannedRequest;

pub(crate) use writes::{Fate, SentWrite};
