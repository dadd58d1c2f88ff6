//! Who has an Azure role on the cluster: at it, below it, or at something that it is part of.

use accord_sdk::json::FromJson;
use accord_sdk::types::{GrantAnnotation, Value};
use accord_sdk::{Entitlement, Failure, Grant, Page, ResourceId, Step, entitlement_id};
use serde::Serialize;

use crate::Aks;
use crate::authorization::{self, Item};
use crate::bindings::expanded_over;
use crate::by_name::ByName;
use crate::definitions::{self, AzureRole};
use crate::directory::{Kind, Principals};
use crate::situation::{self, Situation};
use crate::text::lower;

/// Where the listing stands. It is read as a whole first; if nothing from above the cluster is in that, what holds at the
/// cluster is read too, since the two questions are documented in two ways.
#[derive(Serialize, FromJson, Default)]
struct Place {
    at_scope: bool,
    seen_from_above: bool,
    link: Option<String>,
}

/// What a role is held over.
struct Scope {
    slug: String,
    /// What people read: `in namespace team-a`.
    words: String,
    from_above: bool,
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let Place { at_scope, seen_from_above, link } = page.cursor()?.unwrap_or_default();
    let request = aks.authorization_request("roleAssignments");
    let request = if at_scope { request.query("$filter", "atScope()") } else { request };
    let (assignments, next) = authorization::list(aks, page, request, link)?;

    let cluster = aks.cluster_id();
    let scoped: Vec<(Item, Scope)> = assignments
        .into_iter()
        .filter_map(|assignment| scope(&assignment.properties.scope, &cluster).map(|scope| (assignment, scope)))
        .collect();
    let seen_from_above = seen_from_above || scoped.iter().any(|(_, scope)| scope.from_above);
    let roles = roles(page, &scoped);
    let mut assigned =
        Assigned { aks, situation: &situation, principals: Principals::default(), pushed: ByName::default() };
    for (assignment, scope) in &scoped {
        let role = role_id(&assignment.properties.role_definition_id);
        if let Some(meaning) = roles.get(&role).filter(|meaning| meaning.matters(&situation)) {
            assigned.push(page, &role, meaning, assignment, scope)?;
        }
    }
    assigned.principals.push(page, &situation)?;
    match next {
        Some(link) => page.next(&Place { at_scope, seen_from_above, link: Some(link) }),
        None if at_scope || seen_from_above => Ok(Step::Done),
        None => page.next(&Place { at_scope: true, seen_from_above, link: None }),
    }
}

/// What the roles of a page mean.
fn roles(page: &mut Page<'_>, scoped: &[(Item, Scope)]) -> ByName<AzureRole> {
    let mut ids = ByName::default();
    for (assignment, _) in scoped {
        ids.add(role_id(&assignment.properties.role_definition_id), || ());
    }
    let ids = ids.names();
    let mut roles = ByName::default();
    for (id, role) in ids.iter().zip(definitions::find(page, &ids)) {
        roles.add(id.clone(), || role.unwrap_or_else(|| AzureRole::unknown(id)));
    }
    roles
}

/// One page of assignments in the making.
struct Assigned<'a> {
    aks: &'a Aks,
    situation: &'a Situation,
    principals: Principals,
    /// Roles and entitlements, once each.
    pushed: ByName<()>,
}

impl Assigned<'_> {
    /// Pushes what one assignment gives. The host unites the grants of several assignments that give the same.
    fn push(
        &mut self,
        page: &mut Page<'_>,
        role: &str,
        meaning: &AzureRole,
        assignment: &Item,
        scope: &Scope,
    ) -> Result<(), Failure> {
        let properties = &assignment.properties;
        let kind = match &*properties.principal_type {
            "Group" | "ForeignGroup" => Kind::Team,
            "Device" => {
                let why = "devices do not log in to clusters";
                page.note("a role assigned to a device", why, &*properties.principal_id);
                return Ok(());
            }
            _ => Kind::Person,
        };
        let id = ResourceId::new("azure_role", role);
        if self.pushed.add(role.to_owned(), || ()) {
            page.resource(meaning.resource(role))?;
        }
        if self.pushed.add(entitlement_id(&id, &scope.slug), || ()) {
            let name = format!("{} {}", meaning.name(), scope.words);
            let entitlement = Entitlement::new(&id, &scope.slug).description(format!("Holds the Azure role {name}"));
            page.entitlement(entitlement.display_name(name).grantable_to("user").grantable_to("group"))?;
        }
        let principal = lower(&properties.principal_id);
        self.principals.add(kind, &principal, "");
        let mut grant = Grant::new(&id, &scope.slug, kind.id(principal));
        if kind == Kind::Team && self.situation.graph && self.aks.expand_groups {
            grant.expansion = Some(expanded_over(&grant.principal, "user"));
        }
        page.grant(grant.annotate(GrantAnnotation::Metadata(metadata(assignment, scope))))
    }
}

/// Why somebody holds a role.
fn metadata(assignment: &Item, scope: &Scope) -> Vec<(String, Value)> {
    let item = |text: &str| Value::Items(vec![text.to_owned()]);
    let mut metadata = vec![
        ("scopes".to_owned(), item(&assignment.properties.scope)),
        ("assignment_ids".to_owned(), item(&assignment.id)),
        ("inherited".to_owned(), Value::Flag(scope.from_above)),
    ];
    metadata.extend(assignment.properties.condition.given().map(|text| ("conditions".to_owned(), item(text))));
    metadata
}

/// The GUID at the end of a definition's id.
fn role_id(definition: &str) -> String {
    lower(definition.rsplit('/').next().unwrap_or_default())
}

/// How a scope relates to the cluster, whatever its spelling; none if it does not.
fn scope(scope: &str, cluster: &str) -> Option<Scope> {
    let found = |slug: String, words: String, from_above| Some(Scope { slug, words, from_above });
    if let Some(rest) = below(scope, cluster) {
        return match below(rest, "namespaces") {
            _ if rest.is_empty() => found("cluster:assigned".into(), "on the cluster".into(), false),
            Some(name) if !name.is_empty() && !name.contains('/') => {
                found(format!("namespace/{name}:assigned"), format!("in the namespace {name}"), false)
            }
            _ => found(format!("resource/{}:assigned", lower(rest)), format!("on {rest}"), false),
        };
    }
    if scope == "/" {
        return found("root:assigned".into(), "on everything".into(), true);
    }
    if let Some(name) = below(scope, "/providers/Microsoft.Management/managementGroups").filter(|name| !name.is_empty())
    {
        return found(format!("management-group/{name}:assigned"), format!("on the management group {name}"), true);
    }
    let rest = below(cluster, scope)?;
    if rest.starts_with("resourceGroups/") {
        found("subscription:assigned".into(), "on the subscription".into(), true)
    } else if rest.starts_with("providers/") {
        found("resource-group:assigned".into(), "on the resource group".into(), true)
    } else {
        None
    }
}

/// What a path has below another one; nothing if it is the same, and none if it is not below.
fn below<'p>(path: &'p str, front: &str) -> Option<&'p str> {
    let (head, rest) = path.split_at_checked(front.len())?;
    let is_below = head.eq_ignore_ascii_case(front) && (rest.is_empty() || rest.starts_with('/'));
    is_below.then(|| rest.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::scope;

    #[test]
    fn scopes_are_told_apart_however_they_are_spelled() {
        let cluster = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        for (text, slug, from_above) in [
            (cluster.to_lowercase(), Some("cluster:assigned"), false),
            (format!("{cluster}/namespaces/Team-A"), Some("namespace/Team-A:assigned"), false),
            (format!("{cluster}/agentPools/p"), Some("resource/agentpools/p:assigned"), false),
            ("/subscriptions/S/resourcegroups/G".into(), Some("resource-group:assigned"), true),
            ("/subscriptions/s".into(), Some("subscription:assigned"), true),
            ("/providers/Microsoft.Management/managementGroups/m".into(), Some("management-group/m:assigned"), true),
            ("/".into(), Some("root:assigned"), true),
            (format!("{cluster}-2"), None, false),
            ("/subscriptions/s/resourceGroups".into(), None, false),
            ("/subscriptions/s/resourceGroups/g2".into(), None, false),
            ("/subscriptions".into(), None, false),
            (String::new(), None, false),
        ] {
            let found = scope(&text, cluster);
            assert_eq!(found.as_ref().map(|scope| scope.slug.as_str()), slug, "{text}");
            assert_eq!(found.is_some_and(|scope| scope.from_above), from_above, "{text}");
        }
    }
}
