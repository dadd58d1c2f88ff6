//! Roles and cluster roles: membership of each, once for a role, and for a cluster role wherever it is bound.

use accord_sdk::types::Value;
use accord_sdk::{Entitlement, Failure, Page, Resource, ResourceId, RoleTrait, Step};

use crate::kubernetes::Listing;
use crate::objects::Object;
use crate::{Aks, kubernetes, namespaces, rules, situation, stand_ins};

/// Rows of one page, where a cluster role has an entitlement for each namespace.
const MOST_ROWS: usize = 30_000;

/// Who can hold a role.
static PRINCIPALS: [&str; 5] = ["user", "group", "kube_user", "kube_group", "service_account"];

/// A role of a namespace, or of the cluster.
pub(crate) struct RoleName {
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl RoleName {
    pub(crate) fn id(&self) -> ResourceId {
        match &self.namespace {
            Some(namespace) => ResourceId::new("role", format!("{namespace}/{}", self.name)),
            None => ResourceId::new("cluster_role", &self.name),
        }
    }

    pub(crate) fn resource(&self) -> Resource {
        let id = self.id();
        let resource = Resource::new(id.resource_type, id.resource, &self.name).with(RoleTrait::unscoped());
        match &self.namespace {
            Some(namespace) => resource.parent(&namespaces::id(namespace)),
            None => resource,
        }
    }

    /// Membership wherever the role itself says.
    pub(crate) fn everywhere(&self) -> Entitlement {
        let name = &self.name;
        let (slug, kind) = if self.namespace.is_some() { ("member", "Role") } else { ("all:member", "Cluster Role") };
        let words = if self.namespace.is_some() { "role" } else { "cluster role" };
        grantable(Entitlement::new(&self.id(), slug))
            .display_name(format!("{name} {kind} Member"))
            .description(format!("Grants membership to the {name} {words}"))
    }

    /// Membership of a cluster role in one namespace.
    pub(crate) fn within(&self, namespace: &str) -> Entitlement {
        let name = &self.name;
        grantable(Entitlement::new(&self.id(), &slug_within(namespace)))
            .display_name(format!("\"{name}\" Cluster Role Member in \"{namespace}\" namespace"))
            .description(format!("Grants membership to the {name} cluster role in the namespace {namespace}"))
    }
}

/// A namespace that is called `all` must not look like all of them.
pub(crate) fn slug_within(namespace: &str) -> String {
    if namespace == "all" { "namespace/all:member".into() } else { format!("{namespace}:member") }
}

fn grantable(entitlement: Entitlement) -> Entitlement {
    PRINCIPALS.iter().fold(entitlement, |entitlement, kind| entitlement.grantable_to(kind))
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>, listing: Listing) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let namespaces =
        if listing.is_cluster_wide && aks.all_namespaces { stand_ins::known(page, "namespace") } else { Vec::new() };
    let limit = aks.page_size.min(MOST_ROWS / (namespaces.len() + 2)).max(1);
    let listed = kubernetes::list(&situation, page, listing, limit)?;
    let mut known = Vec::with_capacity(listed.items.len());
    let mut parent = "";
    for role in &listed.items {
        let namespace = &*role.metadata.namespace;
        if !listing.is_cluster_wide {
            stand_ins::parent(page, &mut parent, namespace)?;
        }
        let namespace = (!listing.is_cluster_wide).then(|| namespace.to_owned());
        let name = RoleName { namespace, name: role.metadata.name.to_string() };
        known.push(name.id());
        page.resource(told(role, name.resource()))?;
        page.entitlement(name.everywhere())?;
        for namespace in &namespaces {
            page.entitlement(name.within(namespace))?;
        }
    }
    stand_ins::remember(page, &known)?;
    Ok(listed.step)
}

fn told(role: &Object, resource: Resource) -> Resource {
    let aggregation = role.aggregation_rule.as_ref().map(|rule| Value::Json(rule.0.clone()));
    let managed = role.metadata.label("addonmanager.kubernetes.io/mode").is_some();
    rules::describe(&role.rules, role.metadata.describe(resource))
        .profile("aggregationRule", aggregation)
        .profile("built_in", role.metadata.is_built_in().then_some(true))
        .profile("managed_by_aks", managed.then_some(true))
}
