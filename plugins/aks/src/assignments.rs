//! Who has an Azure role on the cluster: at it, below it, or at something that it is part of.

use std::collections::{BTreeMap, BTreeSet};

use accord_sdk::json::{FromJson, Text};
use accord_sdk::types::{GrantAnnotation, Value};
use accord_sdk::{Entitlement, Failure, Grant, Page, ResourceId, Step};
use serde::Serialize;

use crate::bindings::expanded_over;
use crate::definitions::{self, AzureRole};
use crate::directory::{self, Kind};
use crate::situation;
use crate::{Aks, arm};

#[derive(FromJson)]
struct Assignment {
    id: String,
    properties: Properties,
}

#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
struct Properties {
    role_definition_id: Text,
    principal_id: Text,
    principal_type: Text,
    scope: Text,
    condition: Text,
}

/// Where the listing stands. It is read as a whole first; if nothing from above the cluster is in that, what holds at the
/// cluster is read too, since the two questions are documented in two ways.
#[derive(Serialize, FromJson)]
struct Place {
    at_scope: bool,
    seen_from_above: bool,
    query: Vec<(String, String)>,
}

/// What a role is held over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Scope {
    slug: String,
    /// What people read: `in namespace team-a`.
    words: String,
    from_above: bool,
}

/// Why somebody holds a role.
#[derive(Default)]
struct Reasons {
    scopes: BTreeSet<String>,
    assignments: BTreeSet<String>,
    conditions: BTreeSet<String>,
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let place: Option<Place> = page.cursor()?;
    let (at_scope, seen) = place.as_ref().map_or((false, false), |place| (place.at_scope, place.seen_from_above));
    let filter: &[(&str, &str)] = if at_scope { &[("$filter", "atScope()")] } else { &[] };
    let (assignments, next) = arm::list::<Assignment>(aks, page, "roleAssignments", filter)?;

    let cluster = aks.cluster_id();
    let scoped: Vec<(&Assignment, Scope)> = assignments
        .iter()
        .filter_map(|assignment| Some((assignment, scope(&assignment.properties.scope, &cluster)?)))
        .collect();
    let seen_from_above = seen || scoped.iter().any(|(_, scope)| scope.from_above);
    let roles = roles(page, &scoped);
    let mut grants: BTreeMap<(String, Scope, Kind, String), Reasons> = BTreeMap::new();
    for (assignment, scope) in scoped {
        let properties = &assignment.properties;
        let role = role_id(&properties.role_definition_id);
        if !roles.get(&role).is_some_and(|role| role.matters(&situation)) {
            continue;
        }
        let kind = match &*properties.principal_type {
            "Group" | "ForeignGroup" => Kind::Team,
            "Device" => {
                page.note(
                    "a role assigned to a device",
                    "devices do not log in to clusters",
                    &*properties.principal_id,
                );
                continue;
            }
            _ => Kind::Person,
        };
        let reasons = grants.entry((role, scope, kind, properties.principal_id.to_lowercase())).or_default();
        reasons.scopes.insert(properties.scope.to_string());
        reasons.assignments.insert(assignment.id.clone());
        reasons.conditions.extend(properties.condition.given().map(str::to_owned));
    }
    push(aks, page, &situation, &roles, grants)?;
    match next {
        Some(next) => page.next(&Place { at_scope, seen_from_above, query: next.query }),
        None if at_scope || seen_from_above => Ok(Step::Done),
        None => {
            let query = aks.authorization_request("roleAssignments").query("$filter", "atScope()").into_query();
            page.next(&Place { at_scope: true, seen_from_above, query })
        }
    }
}

/// What the roles of a page mean.
fn roles(page: &mut Page<'_>, scoped: &[(&Assignment, Scope)]) -> BTreeMap<String, AzureRole> {
    let ids: BTreeSet<String> =
        scoped.iter().map(|(assignment, _)| role_id(&assignment.properties.role_definition_id)).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let found = definitions::find(page, &ids);
    ids.iter().zip(found).map(|(id, role)| (id.clone(), role.unwrap_or_else(|| AzureRole::unknown(id)))).collect()
}

fn push(
    aks: &Aks,
    page: &mut Page<'_>,
    situation: &situation::Situation,
    roles: &BTreeMap<String, AzureRole>,
    grants: BTreeMap<(String, Scope, Kind, String), Reasons>,
) -> Result<(), Failure> {
    let people: BTreeSet<(Kind, &str, &str)> = grants.keys().map(|(_, _, kind, id)| (*kind, id.as_str(), "")).collect();
    directory::push_principals(page, situation, &people)?;
    let mut pushed = BTreeSet::new();
    for ((role, scope, kind, principal), reasons) in grants {
        let id = ResourceId::new("azure_role", &role);
        let meaning = roles.get(&role).cloned().unwrap_or_else(|| AzureRole::unknown(&role));
        if pushed.insert((role.clone(), String::new())) {
            page.resource(meaning.resource(&role))?;
        }
        if pushed.insert((role, scope.slug.clone())) {
            let name = format!("{} {}", meaning.name(), scope.words);
            let entitlement = Entitlement::new(&id, &scope.slug).description(format!("Holds the Azure role {name}"));
            page.entitlement(entitlement.display_name(name).grantable_to("user").grantable_to("group"))?;
        }
        let mut grant = Grant::new(&id, &scope.slug, kind.id(&principal));
        grant.annotations.push(GrantAnnotation::Metadata(reasons.metadata(scope.from_above)));
        if kind == Kind::Team && situation.graph && aks.expand_groups {
            grant.expansion = Some(expanded_over(&kind.id(&principal), "user"));
        }
        page.grant(grant)?;
    }
    Ok(())
}

impl Reasons {
    fn metadata(self, from_above: bool) -> Vec<(String, Value)> {
        let items = |set: BTreeSet<String>| Value::Items(set.into_iter().collect());
        let mut metadata = vec![
            ("scopes".to_owned(), items(self.scopes)),
            ("assignment_ids".to_owned(), items(self.assignments)),
            ("inherited".to_owned(), Value::Flag(from_above)),
        ];
        if !self.conditions.is_empty() {
            metadata.push(("conditions".to_owned(), items(self.conditions)));
        }
        metadata
    }
}

/// The GUID at the end of a definition's id.
fn role_id(definition: &str) -> String {
    definition.rsplit('/').next().unwrap_or_default().to_lowercase()
}

/// How a scope relates to the cluster, whatever its spelling; none if it does not.
fn scope(scope: &str, cluster: &str) -> Option<Scope> {
    let below = |front: &str| {
        let (head, rest) = scope.split_at_checked(front.len())?;
        (head.eq_ignore_ascii_case(front) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    };
    let found = |slug: String, words: String, from_above| Some(Scope { slug, words, from_above });
    if let Some(rest) = below(cluster) {
        let rest = rest.trim_start_matches('/');
        let namespace = rest.split_once('/').filter(|(kind, _)| kind.eq_ignore_ascii_case("namespaces"));
        return match (rest, namespace) {
            ("", _) => found("cluster:assigned".into(), "on the cluster".into(), false),
            (_, Some((_, name))) if !name.contains('/') => {
                found(format!("namespace/{name}:assigned"), format!("in the namespace {name}"), false)
            }
            _ => found(format!("resource/{}:assigned", rest.to_lowercase()), format!("on {rest}"), false),
        };
    }
    const MANAGEMENT: &str = "/providers/Microsoft.Management/managementGroups";
    if scope == "/" {
        return found("root:assigned".into(), "on everything".into(), true);
    }
    if let Some(name) = below(MANAGEMENT).map(|rest| rest.trim_start_matches('/')).filter(|name| !name.is_empty()) {
        return found(format!("management-group/{name}:assigned"), format!("on the management group {name}"), true);
    }
    // What the cluster's own id begins with.
    let front = cluster.get(..scope.len()).filter(|front| front.eq_ignore_ascii_case(scope))?;
    let rest = cluster.get(front.len()..).filter(|rest| rest.starts_with('/'))?;
    match rest.split('/').nth(1).unwrap_or_default() {
        "resourceGroups" => found("subscription:assigned".into(), "on the subscription".into(), true),
        "providers" => found("resource-group:assigned".into(), "on the resource group".into(), true),
        _ => None,
    }
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
