//! The Azure Kubernetes Service connector.
//!
//! One connector is about one cluster. [`connect`] finds out from Azure Resource Manager where the cluster is and how to
//! log in, and leaves that as the [`situation`] for every page. Six listings of the Kubernetes API ([`kubernetes`]), whose
//! [`objects`] are of one struct, bring [`namespaces`], [`service_accounts`], [`roles`] and [`bindings`]; whom a binding
//! means is decided in [`subjects`]. Azure's own roles on the cluster come from the two listings of [`authorization`]:
//! [`definitions`] and [`assignments`]. Who the people and groups are, and who is in the groups, is asked of Microsoft
//! Graph ([`graph`]), packed: [`directory`], [`members`]. What is named but not there gets a stand-in that says so
//! ([`stand_ins`]).
//!
//! Nothing is changed: the connector only reads.

mod arm;
mod assignments;
mod authorization;
mod bindings;
mod built_in_groups;
mod by_name;
mod connect;
mod definitions;
mod directory;
mod fitting;
mod graph;
mod kubernetes;
mod members;
mod namespaces;
mod objects;
mod roles;
mod rules;
mod service_accounts;
mod situation;
mod stand_ins;
mod subjects;
mod text;
mod validate;

use accord_sdk::types::Value;
use accord_sdk::{Check, Collection, Config, Connector, Failure, Host, Page, Step};

accord_sdk::connector!(Aks, "manifest.toml");

/// One cluster, as the operator configured it.
#[derive(Debug)]
pub struct Aks {
    subscription: String,
    resource_group: String,
    cluster_name: String,
    arm: String,
    graph: String,
    mode: String,
    server_fqdn: String,
    has_own_url: bool,
    identities: String,
    expand_groups: bool,
    azure_roles: bool,
    system_subjects: String,
    all_namespaces: bool,
    page_size: usize,
}

/// A text of the configuration; that it is missing is kept for the end.
fn text_of(config: &Config, name: &str, missing: &mut Result<(), Failure>) -> String {
    let text = config.text(name).map(str::to_owned);
    text.unwrap_or_else(|failure| {
        *missing = Err(failure);
        String::new()
    })
}

impl Connector for Aks {
    fn new(config: &Config) -> Result<Self, Failure> {
        let mut missing = Ok(());
        let mut text = |name: &str| text_of(config, name, &mut missing);
        let aks = Self {
            subscription: text("subscription-id"),
            resource_group: text("resource-group"),
            cluster_name: text("cluster-name"),
            arm: text("azure-cloud.arm"),
            graph: text("azure-cloud.graph"),
            mode: text("credential-mode"),
            server_fqdn: text("server-fqdn"),
            has_own_url: config.optional_text("api-server-url").is_some(),
            identities: text("resolve-identities"),
            expand_groups: config.flag("expand-groups"),
            azure_roles: config.flag("azure-role-assignments"),
            system_subjects: text("system-subjects"),
            all_namespaces: text("namespace-entitlements") == "all",
            page_size: match config.get("page-size") {
                Some(Value::Int(size)) => usize::try_from(*size).unwrap_or(500),
                _ => 500,
            },
        };
        missing.map(|()| aks)
    }

    fn connect(&self, host: &Host) -> Result<(), Failure> {
        connect::connect(self, host)
    }

    fn validate(&self, host: &Host) -> Vec<Check> {
        validate::checks(self, host)
    }

    fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
        let mut names = vec![
            "namespaces",
            "service-accounts",
            "roles",
            "cluster-roles",
            "role-bindings",
            "cluster-role-bindings",
            "built-in-groups",
        ];
        if self.azure_roles {
            names.extend(["role-definitions", "role-assignments"]);
        }
        // Without Graph it says what is missing; whoever does not want names needs no reminder.
        if self.identities != "off" {
            names.push("directory");
            if self.expand_groups {
                names.push("group-members");
            }
        }
        Ok(names.into_iter().map(Collection::named).collect())
    }

    fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
        match page.name() {
            "namespaces" => namespaces::read(self, page),
            "service-accounts" => service_accounts::read(self, page),
            "roles" => roles::read(self, page, kubernetes::ROLES),
            "cluster-roles" => roles::read(self, page, kubernetes::CLUSTER_ROLES),
            "role-bindings" => bindings::read(self, page, kubernetes::ROLE_BINDINGS),
            "cluster-role-bindings" => bindings::read(self, page, kubernetes::CLUSTER_ROLE_BINDINGS),
            "built-in-groups" => built_in_groups::read(page),
            "role-definitions" => definitions::read(self, page),
            "role-assignments" => assignments::read(self, page),
            "group-members" => members::read(self, page),
            "more-group-members" => members::read_more(self, page),
            "directory" => directory::read(page),
            _ => Err(page.unknown_collection()),
        }
    }
}
