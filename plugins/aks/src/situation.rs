//! What `connect` found out about the cluster, for every page.

use accord_sdk::json::{self, FromJson};
use accord_sdk::{Failure, Host};
use serde::Serialize;

const FACT: &str = "situation";

/// How the cluster is set up, and how to log in.
#[derive(Debug, Clone, Serialize, FromJson)]
pub(crate) struct Situation {
    /// People log in with Entra: object ids and principal names mean something.
    pub(crate) entra: bool,
    /// Azure's roles open the Kubernetes API.
    pub(crate) azure_rbac: bool,
    /// The manifest's credential for the Kubernetes API.
    pub(crate) credential: String,
    /// Graph may be asked.
    pub(crate) graph: bool,
    pub(crate) reach: Reach,
}

/// What stands between the cluster and whoever calls it.
#[derive(Debug, Clone, Default, Serialize, FromJson)]
pub(crate) struct Reach {
    pub(crate) private: bool,
    pub(crate) authorized_ranges: bool,
}

pub(crate) fn read(host: &Host) -> Result<Situation, Failure> {
    let fact = host.fact(FACT.to_owned()).ok_or_else(|| Failure::bug("`connect` left no situation"))?;
    json::read(&fact).map_err(|error| Failure::bug(format!("the situation cannot be read: {error}")))
}

pub(crate) fn keep(host: &Host, situation: &Situation) -> Result<(), Failure> {
    let fact = json::write(&"the situation", situation)?;
    host.put_facts(&[(FACT.to_owned(), fact.into_bytes())])
}
