//! The Kubernetes API: how it answers, and its listings with limit and continue.

use accord_sdk::json::{self, FromJson, List, Text};
use accord_sdk::types::Detail;
use accord_sdk::{Failure, Page, Request, Response, Step, Target};

use crate::fitting::fitting;
use crate::objects::Object;
use crate::situation::Situation;

/// One listing, over the whole cluster.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    pub(crate) path: &'static str,
    /// What has to be allowed, as a rule of a cluster role says it.
    pub(crate) permission: &'static str,
    pub(crate) is_rbac: bool,
    /// Its objects are the cluster's, not a namespace's.
    pub(crate) is_cluster_wide: bool,
}

const fn rbac(path: &'static str, permission: &'static str, is_cluster_wide: bool) -> Listing {
    Listing { path, permission, is_rbac: true, is_cluster_wide }
}

pub(crate) const NAMESPACES: Listing =
    Listing { path: "/api/v1/namespaces", permission: "get, list namespaces", is_rbac: false, is_cluster_wide: true };
pub(crate) const SERVICE_ACCOUNTS: Listing = Listing {
    path: "/api/v1/serviceaccounts",
    permission: "get, list serviceaccounts",
    is_rbac: false,
    is_cluster_wide: false,
};
pub(crate) const ROLES: Listing = rbac("/apis/rbac.authorization.k8s.io/v1/roles", "get, list roles", false);
pub(crate) const CLUSTER_ROLES: Listing =
    rbac("/apis/rbac.authorization.k8s.io/v1/clusterroles", "get, list clusterroles", true);
pub(crate) const ROLE_BINDINGS: Listing =
    rbac("/apis/rbac.authorization.k8s.io/v1/rolebindings", "get, list rolebindings", false);
pub(crate) const CLUSTER_ROLE_BINDINGS: Listing =
    rbac("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "get, list clusterrolebindings", true);

/// With restarts before this one, a listing whose token is too old goes on with what the server offers instead.
const PATIENT_RESTARTS: u32 = 2;

/// The API server of the cluster.
pub(crate) struct Kubernetes<'s>(pub(crate) &'s Situation);

/// `{"kind": "Status", "reason": "Forbidden", "message": …}`.
#[derive(FromJson, Default)]
#[json(default)]
struct Status {
    reason: Text,
    message: Text,
    metadata: ListMeta,
}

#[derive(FromJson, Default)]
#[json(default)]
struct ListMeta {
    r#continue: Text,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Listed {
    metadata: ListMeta,
    items: List<Object>,
}

impl Target for Kubernetes<'_> {
    const NAME: &'static str = "the Kubernetes API";
    const CREDENTIAL: Option<&'static str> = None;

    fn explain(&self, response: &Response) -> String {
        let status: Status = json::read(response.body()).unwrap_or_default();
        match (status.reason.given(), status.message.given()) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            // A token for it was refused before.
            _ => crate::arm::told(response),
        }
    }

    fn credentials_refused(&self, response: &Response) -> Detail {
        if !crate::arm::explained(response).0.is_empty() {
            return crate::arm::credentials_refused(response);
        }
        let detail = Detail::new("the Kubernetes API refused the credential");
        match self.0.credential.as_str() {
            crate::connect::ENTRA => detail
                .meaning("the cluster does not take this tenant's tokens")
                .remedy("check `tenant-id`: it must be the tenant that the cluster trusts"),
            _ => detail
                .meaning("the cluster does not take the credential of its own kubeconfig")
                .remedy("run the command again; if it stays so, rotate the cluster's certificates"),
        }
    }

    fn permission_remedy(&self, permission: &str) -> String {
        format!(
            "bind a ClusterRole that allows `{permission}` to the service principal's object id with a ClusterRoleBinding"
        )
    }

    fn unreachable_remedy(&self) -> String {
        match &self.0.reach {
            reach if reach.private => "private cluster: run the connector inside the cluster's network".into(),
            reach if reach.authorized_ranges => {
                "the cluster takes calls from authorized IP ranges only: add this machine's address to them".into()
            }
            _ => "check what stands between this machine and the cluster's API server".into(),
        }
    }
}

impl Kubernetes<'_> {
    pub(crate) fn request(&self, listing: Listing, limit: usize) -> Request {
        let request = Request::get(listing.path).origin("cluster").credential(&self.0.credential);
        request.permission(listing.permission).query("limit", limit)
    }

    /// Whether the RBAC API is not there at all.
    pub(crate) fn has_no_rbac(&self, listing: Listing, response: &Response) -> bool {
        let status: Status = json::read(response.body()).unwrap_or_default();
        listing.is_rbac && response.status() == 404 && &*status.reason == "NotFound"
    }
}

/// Some of a listing's objects, and what comes after them.
pub(crate) struct Objects {
    pub(crate) items: Vec<Object>,
    pub(crate) step: Step,
}

/// Reads one page of a listing, of as many objects as one page of ours can take. The token of the next one is its cursor.
pub(crate) fn list(
    situation: &Situation,
    page: &mut Page<'_>,
    listing: Listing,
    mut limit: usize,
) -> Result<Objects, Failure> {
    let api = Kubernetes(situation);
    let mut token: Option<String> = page.cursor()?;
    loop {
        let mut request = api.request(listing, limit);
        if let Some(token) = &token {
            request = request.query("continue", token);
        }
        let response = api.send(page, &request)?;
        if response.status() == 410 {
            let status: Status = json::read(response.body()).unwrap_or_default();
            match status.metadata.r#continue.given() {
                // What was read before does not fit what comes now: a binding may be missing in between. Again and again,
                // that is better than nothing; objects that come twice are the same rows.
                Some(offered) if page.restarts() >= PATIENT_RESTARTS && token.as_deref() != Some(offered) => {
                    let why = "the listing took longer than the API server keeps one state of it";
                    page.note("a listing that spans two states of the cluster", why, listing.path);
                    token = Some(offered.to_owned());
                    continue;
                }
                _ => {
                    let step = Step::Restart("the API server does not keep this state of the listing any more".into());
                    return Ok(Objects { items: Vec::new(), step });
                }
            }
        }
        if api.has_no_rbac(listing, &response) {
            page.note("the cluster has no RBAC API", "everybody who can log in may do everything", listing.path);
            return Ok(Objects { items: Vec::new(), step: Step::Done });
        }
        let listed: Listed = api.decode(&response)?;
        let fitting = fitting(&listed.items).max(1);
        if fitting < listed.items.len() && fitting < limit {
            limit = fitting;
            continue;
        }
        page.holds(listed.items.len(), None);
        let step = match listed.metadata.r#continue.given() {
            Some(token) => page.next(&token.to_owned())?,
            None => Step::Done,
        };
        return Ok(Objects { items: listed.items.into_vec(), step });
    }
}
