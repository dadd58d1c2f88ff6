//! The way into the cluster: what Azure says of it, a kubeconfig, and a credential that the API server takes.
//!
//! The kubeconfig's keys and tokens stay in the host, which trusts the cluster by the kubeconfig's own authority. What is
//! seen here is the server's name, which must be one of the cluster's, and the application that tokens are for.

use accord_sdk::json::FromJson;
use accord_sdk::types::Detail;
use accord_sdk::{Failure, Host, Response, Target};

use crate::Aks;
use crate::arm::{Arm, CLUSTER_ADMIN, ManagedCluster, Properties};
use crate::graph::{self, DIRECTORY};
use crate::kubernetes::{CLUSTER_ROLE_BINDINGS, Kubernetes};
use crate::situation::{self, Reach, Situation};

/// Credentials of the manifest.
pub(crate) const ENTRA: &str = "cluster-entra";
const TOKEN: &str = "cluster-token";
const CERTIFICATE: &str = "cluster-certificate";

/// The application that stands for the Kubernetes API of every cluster, in all clouds.
const EVERY_CLUSTER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// An id that nobody has: Graph answers whether it may be asked.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// What the host shows of a kubeconfig.
#[derive(FromJson, Default)]
#[json(default, rename_all = "kebab-case")]
struct Kubeconfig {
    server: String,
    token: bool,
    client_certificate: bool,
    server_id: Option<String>,
}

pub(crate) fn connect(aks: &Aks, host: &Host) -> Result<(), Failure> {
    let cluster = aks.cluster(host)?;
    let way = Way { aks, host, cluster: &cluster };
    let situation = match aks.mode.as_str() {
        "admin" => way.local(true)?,
        "entra" if cluster.aad_profile.is_none() => {
            let remedy = "set credential-mode to auto, or enable Microsoft Entra ID for the cluster";
            return Err(Failure::config("the cluster has no integration with Entra", remedy));
        }
        "entra" => way.entra()?,
        "user" => way.user()?,
        _ => way.any()?,
    };
    let graph = aks.may_ask_graph(host)?;
    situation::keep(host, &Situation { graph, ..situation })
}

impl Aks {
    fn cluster(&self, host: &Host) -> Result<Properties, Failure> {
        let response = Arm.send(host, &self.cluster_request())?;
        if response.status() == 404 {
            let (code, _) = crate::arm::explained(&response);
            let (what, remedy) = match code.as_str() {
                "SubscriptionNotFound" => ("the subscription is not there", "check BATON_SUBSCRIPTION_ID"),
                "ResourceGroupNotFound" => ("the resource group is not there", "check BATON_RESOURCE_GROUP"),
                _ => ("the cluster is not there", "check BATON_CLUSTER_NAME and BATON_RESOURCE_GROUP"),
            };
            let detail = Detail::new(format!("{what} (HTTP 404, code {code})")).place(response.place());
            return Err(Failure::Config(detail.remedy(remedy)));
        }
        let cluster = Arm.decode::<ManagedCluster>(&response)?.properties;
        let power = cluster.power_state.as_ref().map(|state| &*state.code).unwrap_or_default();
        if power == "Stopped" {
            let detail = Detail::new("the cluster is stopped").place(response.place());
            return Err(Failure::Upstream(
                detail.remedy("start the cluster (az aks start), then run the command again"),
            ));
        }
        if &*cluster.provisioning_state == "Deleting" {
            return Err(Failure::Upstream(Detail::new("the cluster is being deleted").place(response.place())));
        }
        Ok(cluster)
    }

    /// Whether Graph tells us about the directory.
    fn may_ask_graph(&self, host: &Host) -> Result<bool, Failure> {
        if self.identities == "off" {
            return Ok(false);
        }
        match graph::by_ids(host, &[NOBODY.to_owned()]) {
            Ok(_) => Ok(true),
            Err(Failure::Permission(detail)) if self.identities == "auto" => {
                accord_sdk::warn!(host, "Microsoft Graph may not be asked", permission = DIRECTORY);
                let _ = detail;
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A cluster, and the ways to log in to it.
struct Way<'w> {
    aks: &'w Aks,
    host: &'w Host,
    cluster: &'w Properties,
}

impl Way<'_> {
    /// Entra where the cluster has it; a local account where it has not, or where that does not suffice.
    fn any(&self) -> Result<Situation, Failure> {
        if self.cluster.aad_profile.is_none() {
            return self.local(false);
        }
        let refused = match self.entra() {
            Err(Failure::Permission(detail)) if self.cluster.disable_local_accounts != Some(true) => detail,
            other => return other,
        };
        match self.local(true) {
            Ok(situation) => {
                accord_sdk::warn!(
                    self.host,
                    "the service principal may not list bindings: a static admin credential is used instead"
                );
                Ok(situation)
            }
            Err(_) => {
                let tried = format!("{}; an admin kubeconfig would do, and may not be had", refused.detail.meaning);
                let remedy = format!("{}; or assign it the role `{CLUSTER_ADMIN}`", refused.detail.remedy);
                let detail = refused.detail.clone().meaning(tried).remedy(remedy);
                Err(Failure::Permission(accord_sdk::PermissionDetail { detail, ..refused }))
            }
        }
    }

    /// What the user's kubeconfig has.
    fn user(&self) -> Result<Situation, Failure> {
        if self.cluster.aad_profile.is_some() { self.entra() } else { self.local(false) }
    }

    fn entra(&self) -> Result<Situation, Failure> {
        let kubeconfig = self.kubeconfig(false)?;
        let id = kubeconfig.server_id.as_deref().unwrap_or_default();
        let own = self.cluster.aad_profile.as_ref().map(|profile| &*profile.server_app_id).unwrap_or_default();
        if !id.eq_ignore_ascii_case(EVERY_CLUSTER) && (own.is_empty() || !id.eq_ignore_ascii_case(own)) {
            let message = format!("the kubeconfig wants a token for `{}`, which is not this cluster", shown(id));
            return Err(Failure::config(message, "see who answers in the place of Azure Resource Manager"));
        }
        let situation = self.situation(ENTRA);
        let response = self.probe(&situation)?;
        self.taken(situation, &response)
    }

    /// A local account: its token, or else its certificate.
    fn local(&self, admin: bool) -> Result<Situation, Failure> {
        let kubeconfig = self.kubeconfig(admin)?;
        let with = |has: bool, credential: &'static str| has.then_some(credential);
        let ways = [with(kubeconfig.token, TOKEN), with(kubeconfig.client_certificate, CERTIFICATE)];
        let mut refused = None;
        for credential in ways.into_iter().flatten() {
            let situation = self.situation(credential);
            let response = self.probe(&situation)?;
            if response.status() != 401 {
                return self.taken(situation, &response);
            }
            refused = Some((situation, response));
        }
        match refused {
            Some((situation, response)) => Err(Kubernetes(&situation).failure(&response)),
            None => {
                let remedy = "enable local accounts, or Microsoft Entra ID, for the cluster";
                Err(Failure::config("the kubeconfig holds neither a token nor a certificate", remedy))
            }
        }
    }

    fn kubeconfig(&self, admin: bool) -> Result<Kubeconfig, Failure> {
        let response = Arm.send(self.host, &self.aks.credential_request(admin))?;
        if response.status() == 400 && admin && self.cluster.disable_local_accounts == Some(true) {
            let remedy = "set credential-mode to entra, or allow local accounts";
            return Err(Failure::config("local accounts are disabled on this cluster", remedy));
        }
        let kubeconfig: Kubeconfig = Arm.decode(&response)?;
        self.check_server(&kubeconfig)?;
        Ok(kubeconfig)
    }

    /// Whoever answers in Azure's place must not choose where the tokens go.
    fn check_server(&self, kubeconfig: &Kubeconfig) -> Result<(), Failure> {
        if self.aks.has_own_url {
            return Ok(());
        }
        let rest = kubeconfig.server.strip_prefix("https://").unwrap_or(&kubeconfig.server);
        let host = rest.split([':', '/']).next().unwrap_or_default();
        let cluster = self.cluster;
        let names = [&cluster.fqdn, &cluster.private_fqdn, &cluster.portal_fqdn].map(|name| &**name);
        let mut names = names.into_iter().filter(|name| !name.is_empty());
        if names.clone().any(|name| name.eq_ignore_ascii_case(host)) {
            return Ok(());
        }
        let message = format!("the kubeconfig names the server `{}`, which is not this cluster", shown(host));
        let known = names.by_ref().collect::<Vec<_>>().join(", ");
        let detail = Detail::new(message).meaning(format!("the cluster is called {known}"));
        Err(Failure::Config(detail.remedy("if that is the right server, name it with --api-server-url")))
    }

    fn situation(&self, credential: &str) -> Situation {
        let profile = self.cluster.aad_profile.as_ref();
        let access = self.cluster.api_server_access_profile.as_ref();
        Situation {
            entra: profile.is_some(),
            azure_rbac: profile.and_then(|profile| profile.enable_azure_rbac).unwrap_or(false),
            credential: credential.to_owned(),
            graph: false,
            reach: Reach {
                private: access.and_then(|access| access.enable_private_cluster).unwrap_or(false),
                authorized_ranges: access.is_some_and(|access| !access.authorized_ip_ranges.is_empty()),
            },
        }
    }

    /// The listing without which nothing can be told.
    fn probe(&self, situation: &Situation) -> Result<Response, Failure> {
        let api = Kubernetes(situation);
        api.send(self.host, &api.request(CLUSTER_ROLE_BINDINGS, 1))
    }

    fn taken(&self, situation: Situation, response: &Response) -> Result<Situation, Failure> {
        let api = Kubernetes(&situation);
        if (200..300).contains(&response.status()) || api.has_no_rbac(CLUSTER_ROLE_BINDINGS, response) {
            return Ok(situation);
        }
        Err(api.failure(response))
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
