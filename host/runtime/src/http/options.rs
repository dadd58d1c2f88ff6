//! How the operator wants targets to be reached.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::bucket::RateTable;

/// The operator's settings for the network. Clones share their rates, so one process is polite as a whole.
#[derive(Debug, Clone, Default)]
pub struct NetworkOptions {
    /// PEM files with certificates to trust beside the system's.
    pub certificate_files: Vec<PathBuf>,
    /// Private and loopback networks that may be reached.
    pub allowed_addresses: Vec<IpNet>,
    pub overrides: Vec<AddressOverride>,
    /// Replaces the manifest's rates.
    pub rate: Option<RateLimit>,
    /// How long the run may take, from the gateway's beginning.
    pub deadline: Option<Duration>,
    /// How long an origin may be out of reach; ten minutes unless given.
    pub offline_limit: Option<Duration>,
    /// How long one attempt may take; the manifest's, or a minute, unless given.
    pub attempt: Option<Duration>,
    /// Dates are signed by the target's clock where it differs from ours.
    pub tolerate_skew: bool,
    pub proxies: Proxies,
    /// Shared by everything that was cloned from these settings.
    pub rates: RateTable,
}

/// At most so many requests in any such while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub requests: u32,
    pub window: Duration,
}

/// Another address for a host and port. TLS name, policy, `Host` and signatures keep the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressOverride {
    pub host: String,
    pub port: u16,
    pub address: SocketAddr,
}

/// Where proxies come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Proxies {
    /// `HTTPS_PROXY`, `NO_PROXY` and the like.
    #[default]
    Environment,
    /// This one for every origin.
    Always(String),
    Never,
}
