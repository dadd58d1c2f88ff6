//! The way to the target: checked arguments become the options of the http capability, and its activity becomes text.

pub(crate) use accord_runtime::http::{Activity, NetworkOptions};

use accord_runtime::Problem;
use accord_runtime::http::AddressOverride;

use crate::args::Network;

/// The options of the capability.
pub(crate) fn options(network: &Network) -> Result<NetworkOptions, Problem> {
    let overrides = network.overrides.iter().map(|each| AddressOverride {
        host: each.host.clone(),
        port: each.port,
        address: each.address,
    });
    Ok(NetworkOptions {
        certificate_files: network.certificate_files.clone(),
        allowed_addresses: network.allowed_addresses.clone(),
        overrides: overrides.collect(),
        per_minute: network.per_minute,
        deadline: network.deadline,
        offline_limit: network.offline_limit,
        attempt: network.attempt,
        ..NetworkOptions::default()
    })
}

/// What is being waited for, if anything is.
pub(crate) fn waiting(activity: &Activity) -> Option<String> {
    activity.waiting_text()
}
