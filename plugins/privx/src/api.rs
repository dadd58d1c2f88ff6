//! How PrivX answers and refuses, and the permissions that it asks for.

use accord_sdk::json::{self, FromJson, Text};
use accord_sdk::types::Detail;
use accord_sdk::{Config, Response, Target};

use crate::PrivX;

/// Permissions of a PrivX role, as its administration and the manifest name them.
pub(crate) const USERS_VIEW: &str = "users-view";
pub(crate) const ROLES_VIEW: &str = "roles-view";
pub(crate) const ROLES_MANAGE: &str = "roles-manage";

/// Which credentials are configured. The manifest chooses the request for a token by the same fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairs {
    Both,
    ApiClient,
    OAuthClient,
}

impl Pairs {
    pub(crate) fn of(config: &Config) -> Self {
        match (config.flag("api-client-secret"), config.flag("oauth-client-secret")) {
            (true, true) => Self::Both,
            (true, false) => Self::ApiClient,
            (false, _) => Self::OAuthClient,
        }
    }
}

/// `{"error_code": "PERMISSION_DENIED", "error_message": "…", "property": "roles-view"}`, and at the token endpoints
/// `{"error": "invalid_client", "error_description": "…"}`.
#[derive(FromJson, Default)]
#[json(default)]
struct Refusal {
    error: Text,
    error_description: Text,
    error_code: Text,
    error_message: Text,
    property: Text,
}

impl Refusal {
    fn of(response: &Response) -> Self {
        json::read(response.body()).unwrap_or_default()
    }
}

impl Target for PrivX {
    const NAME: &'static str = "PrivX";
    const CREDENTIAL: Option<&'static str> = Some("api-client");

    fn explain(&self, response: &Response) -> String {
        let refusal = Refusal::of(response);
        let words = [&refusal.error, &refusal.error_description, &refusal.error_code, &refusal.error_message];
        let words: Vec<&str> = words.into_iter().filter_map(Text::given).collect();
        match refusal.property.given() {
            Some(property) => format!("{} ({property})", words.join(" ")),
            None => words.join(" "),
        }
    }

    fn credentials_refused(&self, response: &Response) -> Detail {
        if response.token_refused().is_none() {
            return Detail::new("PrivX refused the access token that it gave")
                .meaning("the API client was deleted, or it has lost its roles")
                .remedy("look at the API client in PrivX (Administration > Deployment > Integrate with PrivX Using API Clients)");
        }
        let refused = Detail::new("PrivX gave no access token");
        match (self.pairs, &*Refusal::of(response).error) {
            (Pairs::Both, "invalid_client") => refused
                .meaning("`oauth-client-id` and `oauth-client-secret` do not belong together")
                .remedy("copy the OAuth client's id and secret again from the API client's page in PrivX"),
            (Pairs::Both, "invalid_grant") => refused
                .meaning("`api-client-id` and `api-client-secret` do not belong together, or the API client is gone")
                .remedy("copy the API client's id and secret again from its page in PrivX"),
            (Pairs::Both, _) => refused
                .meaning("the OAuth client and the API client are not those of this installation")
                .remedy("copy both pairs again from the API client's page in PrivX, and check `base-url`"),
            (Pairs::ApiClient, _) => refused
                .meaning("PrivX lets an API client in without the OAuth client only where it is set up to")
                .remedy(
                    "give the OAuth client too (BATON_OAUTH_CLIENT_ID, BATON_OAUTH_CLIENT_SECRET), or set \
                     `privx-external.client_type` to `public` in PrivX; if it is, copy the API client's secret again",
                ),
            (Pairs::OAuthClient, _) => refused
                .meaning(
                    "the OAuth client only says which kind of program asks; who asks, PrivX knows by the API client",
                )
                .remedy(
                    "give the API client too (BATON_API_CLIENT_ID, BATON_API_CLIENT_SECRET): both pairs stand on the \
                     API client's page in PrivX",
                ),
        }
    }

    fn permission_remedy(&self, permission: &str) -> String {
        format!("add `{permission}` to the role of the API client in PrivX (Administration > Roles)")
    }

    fn unreachable_remedy(&self) -> String {
        "check `base-url`, what stands between this machine and it, and `tls-trust-anchor` if its certificate is not \
         trusted"
            .into()
    }
}

impl PrivX {
    /// Whether PrivX itself says that there is no such thing. A 404 in other words may come from a proxy or from another
    /// server, and proves nothing.
    pub(crate) fn has_none(&self, answer: &Response) -> bool {
        answer.status() == 404 && Refusal::of(answer).error_code.given().is_some()
    }
}
