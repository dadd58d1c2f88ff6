//! The service accounts of all namespaces, in one listing.

use accord_sdk::types::{NonHumanIdentity, ResourceAnnotation};
use accord_sdk::{Failure, Page, Resource, ResourceId, State, Step, UserTrait};

use crate::objects::{Object, Reference};
use crate::{Aks, kubernetes, namespaces, situation, stand_ins};

const WORKLOAD_IDENTITY: &str = "azure.workload.identity/client-id";

pub(crate) fn id(namespace: &str, name: &str) -> ResourceId {
    ResourceId::new("service_account", format!("{namespace}/{name}"))
}

/// A service account as far as its name tells.
pub(crate) fn resource(namespace: &str, name: &str) -> Resource {
    Resource::new("service_account", format!("{namespace}/{name}"), name)
        .parent(&namespaces::id(namespace))
        .with(UserTrait::service().login(format!("system:serviceaccount:{namespace}:{name}")))
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let listed = kubernetes::list(&situation, page, kubernetes::SERVICE_ACCOUNTS, aks.page_size)?;
    let mut known = Vec::with_capacity(listed.items.len());
    let mut parent = "";
    for account in &listed.items {
        let (namespace, name) = (&*account.metadata.namespace, &*account.metadata.name);
        known.push(id(namespace, name));
        stand_ins::parent(page, &mut parent, namespace)?;
        page.resource(told(account))?;
    }
    stand_ins::remember(page, &known)?;
    Ok(listed.step)
}

fn told(account: &Object) -> Resource {
    let names = |list: &[Reference]| -> Vec<String> { list.iter().map(|each| each.name.to_string()).collect() };
    let client_id = account.metadata.annotation(WORKLOAD_IDENTITY);
    // Only where Azure vouches for it does the kind of identity have a name in the field's terms.
    let kind = match client_id {
        Some(_) => NonHumanIdentity::ManagedIdentity,
        None => NonHumanIdentity::Unspecified,
    };
    let plain = resource(&account.metadata.namespace, &account.metadata.name);
    account
        .metadata
        .describe(plain)
        .profile("secrets", names(&account.secrets))
        .profile("imagePullSecrets", names(&account.image_pull_secrets))
        .profile("automountServiceAccountToken", account.automount_service_account_token)
        .profile("workload_identity_client_id", client_id.unwrap_or_default())
        .status(State::Enabled, "")
        .annotate(ResourceAnnotation::NonHumanIdentity((kind, "kubernetes_service_account".into())))
}
