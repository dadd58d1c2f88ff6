//! The namespaces. Everything that is in one has it as parent.

use accord_sdk::{Failure, Page, Resource, ResourceId, Step};

use crate::{Aks, kubernetes, situation, stand_ins};

pub(crate) fn id(name: &str) -> ResourceId {
    ResourceId::new("namespace", name)
}

pub(crate) fn resource(name: &str) -> Resource {
    Resource::new("namespace", name, name).children(&["service_account", "role"])
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let listed = kubernetes::list(&situation, page, kubernetes::NAMESPACES, aks.page_size)?;
    let mut known = Vec::with_capacity(listed.items.len());
    for namespace in &listed.items {
        known.push(id(&namespace.metadata.name));
        let resource = namespace.metadata.describe(resource(&namespace.metadata.name));
        page.resource(resource.profile("status.phase", &*namespace.status.phase))?;
    }
    stand_ins::remember(page, &known)?;
    Ok(listed.step)
}
