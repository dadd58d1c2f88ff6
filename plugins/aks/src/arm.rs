//! Azure Resource Manager: how it answers, its pages, and the cluster as it knows it.

use accord_sdk::json::{self, FromJson, Json, List, Object, Problem, Text};
use accord_sdk::types::Detail;
use accord_sdk::{Failure, Request, Response, Target};

use crate::Aks;
use crate::text::cut;

/// The Azure role that reads clusters, role assignments and role definitions.
pub(crate) const READER: &str = "Reader";
pub(crate) const CLUSTER_USER: &str = "Azure Kubernetes Service Cluster User Role";
pub(crate) const CLUSTER_ADMIN: &str = "Azure Kubernetes Service Cluster Admin Role";

const CONTAINER_SERVICE: &str = "2025-08-01";
pub(crate) const AUTHORIZATION: &str = "2022-04-01";

/// Azure Resource Manager.
pub(crate) struct Arm;

#[derive(FromJson, Default)]
#[json(default)]
struct Refusal {
    error: Words,
    // Some refusals come without the envelope, and Entra's have other names.
    code: Text,
    message: Text,
    error_description: Text,
}

/// `{"code": …, "message": …}`; Entra has only a word there.
#[derive(Default)]
struct Words {
    code: Text,
    message: Text,
}

impl FromJson for Words {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        // The word says less than the description beside it.
        if json.is_nothing() || json.text().is_some() {
            return Self::default();
        }
        let mut object = Object::new(json, problem);
        Self { code: object.read("code"), message: object.read("message") }
    }
}

/// The code and the words of a refusal by Azure Resource Manager, Graph or Entra.
pub(crate) fn explained(response: &Response) -> (String, String) {
    let refusal: Refusal = json::read(response.body()).unwrap_or_default();
    if let Some(description) = refusal.error_description.given() {
        // `AADSTS7000215: Invalid client secret provided. … Trace ID: …`: the code is the first word.
        let (code, words) = description.split_once(':').unwrap_or(("", description));
        return (code.trim_ascii().to_owned(), first_line(words));
    }
    let code = refusal.error.code.given().or(refusal.code.given()).unwrap_or_default();
    let message = refusal.error.message.given().or(refusal.message.given()).unwrap_or_default();
    (code.to_owned(), first_line(message))
}

fn first_line(text: &str) -> String {
    cut(text.split('\n').next().unwrap_or_default().trim_ascii(), 300)
}

/// `code AADSTS7000215 Invalid client secret provided.`
pub(crate) fn told(response: &Response) -> String {
    match explained(response) {
        (code, _) if code.is_empty() => String::new(),
        (code, words) if words.is_empty() => format!("code {code}"),
        (code, words) => format!("code {code} {words}"),
    }
}

/// What a refused token request or token means, for any of Microsoft's APIs.
pub(crate) fn credentials_refused(response: &Response) -> Detail {
    let detail = Detail::new("Microsoft Entra refused the service principal");
    match explained(response).0.as_str() {
        "AADSTS7000215" => detail
            .meaning("`sp-client-secret` is not the secret of this application; the secret's ID is often taken for it")
            .remedy("copy the secret's *value* from Certificates & secrets, or make a new one"),
        "AADSTS7000222" => detail
            .meaning("the client secret has expired")
            .remedy("make a new client secret for the application, and set `sp-client-secret`"),
        "AADSTS700016" => detail
            .meaning("the application is not in this tenant")
            .remedy("check `sp-client-id` and `tenant-id`, and `azure-cloud`"),
        "AADSTS90002" => detail.meaning("there is no such tenant").remedy("check `tenant-id` and `azure-cloud`"),
        "AADSTS500011" => detail
            .meaning("the tenant does not know the API that a token was asked for")
            .remedy("check `azure-cloud` and `tenant-id`"),
        _ => Detail::new("Azure refused the service principal's token")
            .meaning("the token was taken back, or is for another tenant")
            .remedy("check `tenant-id`, and that the service principal is enabled"),
    }
}

impl Target for Arm {
    const NAME: &'static str = "Azure Resource Manager";
    const CREDENTIAL: Option<&'static str> = Some("arm");

    fn explain(&self, response: &Response) -> String {
        told(response)
    }

    fn credentials_refused(&self, response: &Response) -> Detail {
        credentials_refused(response)
    }

    fn permission_remedy(&self, permission: &str) -> String {
        format!(
            "assign the role `{permission}` to the service principal, on the cluster or above it; that takes up to 30 minutes to work"
        )
    }

    fn unreachable_remedy(&self) -> String {
        "check `azure-cloud`, and what stands between this machine and Azure".into()
    }
}

/// The cluster, as far as it matters here.
#[derive(FromJson)]
pub(crate) struct ManagedCluster {
    pub(crate) properties: Properties,
}

#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Properties {
    pub(crate) provisioning_state: Text,
    pub(crate) power_state: Option<PowerState>,
    pub(crate) fqdn: Text,
    #[json(rename = "privateFQDN")]
    pub(crate) private_fqdn: Text,
    #[json(rename = "azurePortalFQDN")]
    pub(crate) portal_fqdn: Text,
    pub(crate) disable_local_accounts: Option<bool>,
    pub(crate) aad_profile: Option<AadProfile>,
    pub(crate) api_server_access_profile: Option<AccessProfile>,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct PowerState {
    pub(crate) code: Text,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct AadProfile {
    #[json(rename = "enableAzureRBAC")]
    pub(crate) enable_azure_rbac: Option<bool>,
    #[json(rename = "serverAppID")]
    pub(crate) server_app_id: Text,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct AccessProfile {
    #[json(rename = "enablePrivateCluster")]
    pub(crate) enable_private_cluster: Option<bool>,
    #[json(rename = "authorizedIPRanges")]
    pub(crate) authorized_ip_ranges: List<String>,
}

impl Aks {
    /// The cluster's resource id.
    pub(crate) fn cluster_id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerService/managedClusters/{}",
            self.subscription, self.resource_group, self.cluster_name
        )
    }

    /// A request about the cluster, or about something below it.
    fn about_cluster(&self, method: &str, below: &str, version: &str) -> Request {
        Request::new(method, &format!("{}{below}", self.cluster_id())).query("api-version", version)
    }

    pub(crate) fn cluster_request(&self) -> Request {
        self.about_cluster("GET", "", CONTAINER_SERVICE).permission(READER)
    }

    pub(crate) fn credential_request(&self, admin: bool) -> Request {
        let (action, role) = match admin {
            true => ("/listClusterAdminCredential", CLUSTER_ADMIN),
            false => ("/listClusterUserCredential", CLUSTER_USER),
        };
        let request = self.about_cluster("POST", action, CONTAINER_SERVICE).permission(role);
        let request = if admin { request } else { request.query("format", "exec") };
        match self.server_fqdn.as_str() {
            "auto" => request,
            which => request.query("server-fqdn", which),
        }
    }

    /// A listing of the provider `Microsoft.Authorization`.
    pub(crate) fn authorization_request(&self, listing: &str) -> Request {
        let below = format!("/providers/Microsoft.Authorization/{listing}");
        self.about_cluster("GET", &below, AUTHORIZATION).permission(READER)
    }
}

/// A link to the next page of a listing, without its origin. It leads to the same path of the same origin, however that is
/// spelled; what counts is its query.
pub(crate) fn checked(origin: &str, link: &str, request: &Request) -> Result<String, Failure> {
    let elsewhere = || Failure::invalid_response("a link to the next page leads elsewhere", request.place());
    let rest = link.strip_prefix(origin).ok_or_else(elsewhere)?;
    let (linked, _) = rest.split_once('?').ok_or_else(elsewhere)?;
    if !linked.eq_ignore_ascii_case(request.path()) {
        return Err(elsewhere());
    }
    Request::link(rest)?;
    Ok(rest.to_owned())
}

/// The request for the page that such a link leads to.
pub(crate) fn follow(request: Request, link: &str) -> Result<Request, Failure> {
    Ok(request.with_query(Request::link(link)?.into_query()))
}
