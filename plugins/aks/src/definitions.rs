//! Azure's role definitions: which of them matter for a cluster, and why. Most have nothing to do with it.

use accord_sdk::json::{self, FromJson, List};
use accord_sdk::types::SettledState;
use accord_sdk::{Failure, Page, Resource, RoleTrait, Step};
use serde::Serialize;

use crate::Aks;
use crate::authorization::{self, Permission, Properties};
use crate::situation::Situation;
use crate::text::{cut, lower};

const CLUSTERS: &str = "microsoft.containerservice/managedclusters/";

/// Actions of which a profile shows this many.
const SHOWN: usize = 50;

/// What an Azure role means for a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, FromJson)]
pub(crate) struct AzureRole {
    name: String,
    role_type: String,
    description: String,
    actions: Vec<String>,
    data_actions: Vec<String>,
    admin_kubeconfig: bool,
    user_kubeconfig: bool,
    manages_cluster: bool,
    assigns_roles: bool,
    /// Opens the Kubernetes API, where that asks Azure.
    data_plane: bool,
    /// Its definition is not there any more.
    missing: bool,
    /// Its definition could not be read.
    #[json(default)]
    unread: bool,
}

/// Roles that are the same in every tenant, for when the definitions may not be read: id, name, and the flags in order.
static WELL_KNOWN: [(&str, &str, [bool; 5]); 11] = [
    (
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        "Azure Kubernetes Service Cluster Admin Role",
        [true, false, true, false, false],
    ),
    (
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        "Azure Kubernetes Service Cluster User Role",
        [false, true, false, false, false],
    ),
    ("1afdec4b-e479-420e-99e7-f82237c7c5e6", "Azure Kubernetes Service Cluster Monitoring User", [false; 5]),
    (
        "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
        "Azure Kubernetes Service Contributor Role",
        [true, true, true, false, false],
    ),
    (
        "7f6c6a51-bcf8-42ba-9220-52d62157d7db",
        "Azure Kubernetes Service RBAC Reader",
        [false, false, false, false, true],
    ),
    (
        "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
        "Azure Kubernetes Service RBAC Writer",
        [false, false, false, false, true],
    ),
    ("3498e952-d568-435e-9b2c-8d77e338d7f7", "Azure Kubernetes Service RBAC Admin", [false, false, false, false, true]),
    (
        "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
        "Azure Kubernetes Service RBAC Cluster Admin",
        [false, false, false, false, true],
    ),
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", [true, true, true, true, false]),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", [true, true, true, false, false]),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", [false; 5]),
];

fn key(id: &str) -> String {
    format!("azure-role/{id}")
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let request = aks.authorization_request("roleDefinitions");
    let link = page.cursor()?;
    let (definitions, next) = authorization::list(aks, page, request, link)?;
    let mut facts = Vec::with_capacity(definitions.len());
    for definition in definitions {
        let id = lower(&definition.name);
        let role = json::write(&"a role", &definition.properties.meaning())?;
        facts.push((key(&id), role.into_bytes()));
    }
    page.put_facts(&facts)?;
    next.map_or(Ok(Step::Done), |link| page.next(&link))
}

/// What the roles of these ids mean. None: it is not known, since the definitions were not read.
pub(crate) fn find(page: &Page<'_>, ids: &[String]) -> Vec<Option<AzureRole>> {
    let complete = page.collection_state("role-definitions") == Some(SettledState::Complete);
    let keys: Vec<String> = ids.iter().map(|id| key(id)).collect();
    let facts = page.facts(&keys).into_iter().zip(ids);
    facts
        .map(|(fact, id)| match fact.and_then(|fact| json::read(&fact).ok()) {
            Some(role) => Some(role),
            None if complete => Some(AzureRole { name: id.clone(), missing: true, ..AzureRole::default() }),
            None => AzureRole::well_known(id),
        })
        .collect()
}

impl Properties {
    fn meaning(self) -> AzureRole {
        let shown = |list: fn(&Permission) -> &List<String>| -> Vec<String> {
            self.permissions.iter().flat_map(|permission| list(permission).iter()).take(SHOWN).cloned().collect()
        };
        AzureRole {
            name: self.role_name.to_string(),
            role_type: self.r#type.to_string(),
            description: cut(&self.description, 500),
            actions: shown(|permission| &permission.actions),
            data_actions: shown(|permission| &permission.data_actions),
            admin_kubeconfig: self.allow(&[CLUSTERS, "listclusteradmincredential/action"]),
            user_kubeconfig: self.allow(&[CLUSTERS, "listclusterusercredential/action"]),
            manages_cluster: self.allow(&[CLUSTERS, "write"]) || self.allow(&[CLUSTERS, "runcommand/action"]),
            assigns_roles: self.allow(&["microsoft.authorization/roleassignments/write"]),
            data_plane: self.permissions.iter().any(Permission::opens_clusters),
            missing: false,
            unread: false,
        }
    }

    /// Whether they allow the action of this name.
    fn allow(&self, name: &[&str]) -> bool {
        let action = name.concat();
        self.permissions
            .iter()
            .any(|permission| any_fits(&permission.actions, &action) && !any_fits(&permission.not_actions, &action))
    }
}

impl Permission {
    /// Whether a data action is about something in clusters, and is not taken away as a whole.
    fn opens_clusters(&self) -> bool {
        let reaches = |pattern: &String| {
            let pattern = lower(pattern);
            let front = pattern.split('*').next().unwrap_or_default();
            let whole = front.len() == pattern.len();
            front.starts_with(CLUSTERS) || (!whole && CLUSTERS.starts_with(front))
        };
        let everything = [CLUSTERS, "anything/at/all"].concat();
        self.data_actions.iter().any(reaches) && !any_fits(&self.not_data_actions, &everything)
    }
}

fn any_fits(patterns: &[String], action: &str) -> bool {
    patterns.iter().any(|pattern| fits(&lower(pattern), action))
}

/// Whether a pattern in lower case, in which `*` is anything, is about an action.
fn fits(pattern: &str, action: &str) -> bool {
    let (mut pattern, mut action) = (pattern.as_bytes(), action.as_bytes());
    // What comes after the last star, and what it was tried with last.
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, action) {
            ([b'*', rest @ ..], _) => {
                pattern = rest;
                again = Some((rest, action));
            }
            ([wanted, rest @ ..], [found, left @ ..]) if wanted == found => (pattern, action) = (rest, left),
            ([], []) => return true,
            // The star takes one more.
            _ => match again {
                Some((rest, [_, left @ ..])) => {
                    (pattern, action) = (rest, left);
                    again = Some((rest, left));
                }
                _ => return false,
            },
        }
    }
}

impl AzureRole {
    fn well_known(id: &str) -> Option<Self> {
        let (_, name, flags) = WELL_KNOWN.iter().find(|(known, _, _)| *known == id)?;
        let [admin_kubeconfig, user_kubeconfig, manages_cluster, assigns_roles, data_plane] = *flags;
        Some(Self {
            name: (*name).into(),
            role_type: "BuiltInRole".into(),
            admin_kubeconfig,
            user_kubeconfig,
            manages_cluster,
            assigns_roles,
            data_plane,
            ..Self::default()
        })
    }

    /// A role of which nothing but the id is known. It may well matter.
    pub(crate) fn unknown(id: &str) -> Self {
        Self { name: id.into(), unread: true, ..Self::default() }
    }

    /// Whether holding it on the cluster means anything. What a definition meant that nobody could read, nobody knows.
    pub(crate) fn matters(&self, situation: &Situation) -> bool {
        self.missing
            || self.unread
            || self.admin_kubeconfig
            || self.user_kubeconfig
            || self.manages_cluster
            || self.assigns_roles
            || (self.data_plane && situation.azure_rbac)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn resource(&self, id: &str) -> Resource {
        let description = match (self.missing, self.unread) {
            (true, _) => "its definition does not exist any more",
            (_, true) => "its definition could not be read, so what it allows is not known",
            _ => &self.description,
        };
        let flag = |flag: bool| flag.then_some(true);
        Resource::new("azure_role", id, &self.name)
            .description(description)
            .profile("role_type", self.role_type.as_str())
            .profile("actions", self.actions.clone())
            .profile("data_actions", self.data_actions.clone())
            .profile("admin_kubeconfig", flag(self.admin_kubeconfig))
            .profile("user_kubeconfig", flag(self.user_kubeconfig))
            .profile("manages_cluster", flag(self.manages_cluster))
            .profile("assigns_roles", flag(self.assigns_roles))
            .profile("data_plane", flag(self.data_plane))
            .profile("missing", flag(self.missing))
            .profile("listed", self.unread.then_some(false))
            .with(RoleTrait::unscoped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(permission: &str) -> AzureRole {
        let json = format!(r#"{{"roleName":"R","type":"CustomRole","permissions":[{permission}]}}"#);
        json::read::<Properties>(json.as_bytes()).unwrap().meaning()
    }

    #[test]
    fn patterns_fit_as_azure_reads_them() {
        for (pattern, action, expected) in [
            ("*", "a/b", true),
            ("*/read", "a/b/read", true),
            ("*/read", "a/b/write", false),
            ("a/*/write", "a/b/c/write", true),
            ("a/*/write", "a/write", false),
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
            ("a/*", "b/a/", false),
        ] {
            assert_eq!(fits(pattern, action), expected, "{pattern} {action}");
        }
    }

    #[test]
    fn roles_matter_for_what_they_allow() {
        let situation = |azure_rbac| Situation {
            entra: true,
            azure_rbac,
            credential: String::new(),
            graph: true,
            reach: crate::situation::Reach::default(),
        };
        let reader = role(r#"{"actions":["*/read"]}"#);
        assert!(!reader.matters(&situation(true)));
        let contributor = role(r#"{"actions":["*"],"notActions":["Microsoft.Authorization/*/Write"]}"#);
        assert!(contributor.manages_cluster && contributor.admin_kubeconfig && !contributor.assigns_roles);
        let data = role(r#"{"dataActions":["Microsoft.ContainerService/managedClusters/pods/read"]}"#);
        assert!(data.matters(&situation(true)) && !data.matters(&situation(false)));
        for wide in ["*", "Microsoft.*", "Microsoft.ContainerService/managedClusters/*"] {
            assert!(role(&format!(r#"{{"dataActions":["{wide}"]}}"#)).data_plane, "{wide}");
        }
        let taken = r#"{"dataActions":["*"],"notDataActions":["Microsoft.ContainerService/*"]}"#;
        assert!(!role(taken).data_plane);
        assert!(!role(r#"{"dataActions":["Microsoft.Storage/*"]}"#).data_plane);
        assert!(role(r#"{"actions":["Microsoft.ContainerService/*/runCommand/action"]}"#).manages_cluster);
    }
}
