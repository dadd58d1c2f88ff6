//! The way to the target: checked arguments become the options of the http capability, and its activity becomes text.

pub(crate) use accord_runtime::http_stub::{Activity, NetworkOptions};

use accord_runtime::Problem;

use crate::args::Network;

/// The options of the capability.
pub(crate) fn options(_network: &Network) -> Result<NetworkOptions, Problem> {
    Ok(NetworkOptions)
}

/// What is being waited for, if anything is.
pub(crate) fn waiting(_activity: &Activity) -> Option<String> {
    None
}
