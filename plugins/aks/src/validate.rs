//! Proof that key and permissions suffice, with the cheapest requests. That the cluster could be connected to was proven
//! before.

use accord_sdk::json::Ignored;
use accord_sdk::types::Detail;
use accord_sdk::{Check, Failure, Host, Target};

use crate::arm::{Arm, READER};
use crate::graph::{self, DIRECTORY};
use crate::kubernetes::{self, Kubernetes, Listing};
use crate::{Aks, situation};

static LISTINGS: [(Listing, &str); 6] = [
    (kubernetes::NAMESPACES, "namespaces"),
    (kubernetes::SERVICE_ACCOUNTS, "service accounts"),
    (kubernetes::ROLES, "roles"),
    (kubernetes::CLUSTER_ROLES, "cluster roles"),
    (kubernetes::ROLE_BINDINGS, "who holds roles"),
    (kubernetes::CLUSTER_ROLE_BINDINGS, "who holds cluster roles"),
];

/// What Graph is needed for.
const NAMES: &str = "names and members of groups";

pub(crate) fn checks(aks: &Aks, host: &Host) -> Vec<Check> {
    let situation = match situation::read(host) {
        Ok(situation) => situation,
        Err(failure) => return vec![check("connection", "everything", Err(failure))],
    };
    let api = Kubernetes(&situation);
    let mut checks = vec![check("connection", "everything", Ok(()))];
    let requests: Vec<_> = LISTINGS.iter().map(|(listing, _)| api.request(*listing, 1)).collect();
    for ((listing, needed_for), answer) in LISTINGS.iter().zip(api.send_all(host, &requests)) {
        let outcome = answer.and_then(|answer| match answer.status() {
            200..300 => Ok(()),
            _ if api.has_no_rbac(*listing, &answer) => Ok(()),
            _ => Err(api.failure(&answer)),
        });
        checks.push(check(listing.permission, needed_for, outcome));
    }
    if aks.azure_roles {
        let listed = Arm.fetch::<Ignored>(host, &aks.authorization_request("roleAssignments"));
        checks.push(check(READER, "Azure roles on the cluster", listed.map(drop)));
    }
    checks.push(match (aks.identities.as_str(), situation.graph) {
        ("off", _) => Check::skipped(DIRECTORY, NAMES, "resolve-identities is off"),
        (_, true) => check(DIRECTORY, NAMES, Ok(())),
        _ => check(DIRECTORY, NAMES, graph::by_ids(host, &[]).and_then(|_| permitted())),
    });
    checks
}

fn check(permission: &str, needed_for: &str, outcome: Result<(), Failure>) -> Check {
    Check::of(permission, needed_for, outcome)
}

/// It was refused a moment ago.
fn permitted() -> Result<(), Failure> {
    Err(Failure::Refused(Detail::new("Microsoft Graph takes some requests and refuses others")))
}
