//! What a connector may reach and how it authenticates: origins, credentials, rates and egress entries.
//!
//! Everything here is a declaration. `policy` decides by it, `credentials` evaluates the recipes, `http` sends.

use super::field::Condition;
use super::template::Template;

/// A place on the network: scheme, host and port, with a path in front if the operator's URL has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub name: String,
    /// Renders to an https URL. Empty where the origin is learnt.
    pub url: Template,
    /// Where it is not known before a sealed answer tells.
    pub learnt: Option<Learnt>,
    /// May have private addresses without the operator's leave.
    pub private_addresses: bool,
    /// The field with certificates that this origin may be signed by, beside the system's.
    pub certificates: Option<String>,
    /// Cookies are kept in the host and sent back.
    pub cookies: bool,
    /// A JSON pointer to where a refusal's code stands in its body. Shown beside the plugin's name while it is waited for.
    pub error_code: Option<String>,
    /// It exists only if all of these hold.
    pub conditions: Vec<Condition>,
}

impl Origin {
    /// What people may call it: its URL, or where it may turn out to be.
    pub fn places(&self) -> Vec<&Template> {
        match &self.learnt {
            Some(learnt) => learnt.hosts.iter().chain(&learnt.url).collect(),
            None => vec![&self.url],
        }
    }
}

/// An origin that a sealed answer names. It is trusted by the certificates that came with it, and by no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// Hosts that it may have, of any depth below a `*.` in front.
    pub hosts: Vec<Template>,
    /// The operator's own URL, which counts instead where it is set.
    pub url: Option<Template>,
}

/// A way to authenticate. Several may share an id; the first whose conditions hold counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub id: String,
    /// Names of the origins that it may go to.
    pub origins: Vec<String>,
    pub conditions: Vec<Condition>,
    pub recipe: Recipe,
}

impl Credential {
    /// Whether the moment of a request is part of what is signed.
    pub fn signs_a_date(&self) -> bool {
        let Recipe::Hmac(hmac) = &self.recipe else { return false };
        let mut templates = hmac.lines.iter().chain(hmac.headers.iter().map(|(_, template)| template));
        templates.any(|template| template.holes().contains(&"date"))
    }

    /// The headers that it writes, which a guest must not set.
    pub fn header_names(&self) -> Vec<&str> {
        match &self.recipe {
            Recipe::Header(headers) | Recipe::Hmac(Hmac { headers, .. }) => {
                headers.iter().map(|(name, _)| name.as_str()).collect()
            }
            Recipe::Basic { .. } | Recipe::Bearer { .. } | Recipe::OAuth2(_) => vec!["authorization"],
            Recipe::Tls { .. } => Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// Headers with fixed content.
    Header(Vec<(String, Template)>),
    Basic {
        username: Template,
        password: Template,
    },
    Bearer {
        token: Template,
    },
    OAuth2(OAuth2),
    Hmac(Hmac),
    /// A client certificate: names of a certificate field and of a secret field.
    Tls {
        certificate: String,
        key: String,
    },
}

impl Recipe {
    /// Everything that it uses: fields, secrets, and what came with a learnt origin.
    pub fn names(&self) -> Vec<&str> {
        let templates: Vec<&Template> = match self {
            Self::Header(headers) => headers.iter().map(|(_, template)| template).collect(),
            Self::Basic { username, password } => vec![username, password],
            Self::Bearer { token } => vec![token],
            Self::OAuth2(oauth2) => {
                let fields = oauth2.fields.iter().map(|(_, template)| template);
                let client = [&oauth2.client_id, &oauth2.client_secret, &oauth2.scope].into_iter().flatten();
                fields.chain(client).chain([&oauth2.token_path]).collect()
            }
            Self::Hmac(hmac) => hmac.lines.iter().chain(hmac.headers.iter().map(|(_, template)| template)).collect(),
            Self::Tls { certificate, key } => return vec![certificate, key],
        };
        templates.into_iter().flat_map(Template::holes).collect()
    }
}

/// A token fetched from a token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    pub token_origin: String,
    pub token_path: Template,
    pub client_authentication: ClientAuthentication,
    pub client_id: Option<Template>,
    pub client_secret: Option<Template>,
    pub encoding: TokenEncoding,
    pub fields: Vec<(String, Template)>,
    pub scope: Option<Template>,
    /// How long a token lives whose answer does not say so.
    pub default_seconds: u32,
    /// How long before its end a token is renewed; at most a fifth of its life is given away, or 10 s.
    pub renew_before_seconds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// The fields say it all.
    None,
    Basic,
    /// `client_id` and `client_secret` among the fields.
    Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEncoding {
    Form,
    Json,
}

/// A signature over the request that is about to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hmac {
    /// The name of a secret field.
    pub key: String,
    pub algorithm: Algorithm,
    /// Joined with line feeds, none at the end.
    pub lines: Vec<Template>,
    pub headers: Vec<(String, Template)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

/// How often a class of endpoints may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    pub name: String,
    /// At most so many in any minute.
    pub per_minute: u32,
    /// How many of those may go at once; the minute is cut into as many parts as that takes.
    pub burst: u32,
    /// How many may be under way at a time.
    pub in_flight: u32,
    pub headers: Option<VendorHeaders>,
}

/// Response headers in which the target tells its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorHeaders {
    pub remaining: Option<String>,
    pub reset: String,
    pub reset_form: ResetForm,
    /// With this many requests left, the next one waits for the reset.
    pub low_water: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetForm {
    /// Seconds from now.
    Seconds,
    /// Seconds since 1970.
    Epoch,
}

/// Pointers that one egress entry may withhold.
pub const MOST_WITHHELD: usize = 64;

/// Leave to send some requests to one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    pub origin: String,
    pub methods: Vec<String>,
    /// Whole paths below the origin's; `*` stands for one segment, a final `/**` for any rest.
    pub paths: Vec<String>,
    /// Only while one of these exports runs under provisioning; empty: always.
    pub when: Vec<Export>,
    pub conditions: Vec<Condition>,
    /// True: safe to send twice, whatever its method. False: not even after a 429, because what it says is out of date
    /// by then. None: by its method.
    pub repeatable: Option<bool>,
    /// What a 200 must be. `application/json` also stands for every `…+json`.
    pub content_type: Option<String>,
    /// The name of a rate.
    pub rate: Option<String>,
    /// JSON pointers to what no guest and no tape gets of a JSON answer; `*` is every item or member.
    pub withhold: Vec<String>,
    pub inspect: Option<Inspection>,
    /// Its answers hold a key: the host opens them.
    pub seal: Option<Seal>,
}

/// Where a sealed document stands in an answer, what it is, and which origin is learnt from it.
///
/// Its secrets are named after that origin: `<origin>.token` for a `bearer`, `<origin>.certificate` and `<origin>.key` for
/// `tls`. Recipes may use them at that origin alone, and so they may the facts that came with them: `{<origin>.server-id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// A JSON pointer to the base64 text.
    pub at: String,
    pub decode: Sealed,
    pub origin: String,
}

/// What a sealed document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    Kubeconfig,
}

impl Sealed {
    /// Names behind the origin's that stand for secrets, and for other facts.
    pub const SECRETS: [&str; 3] = ["token", "certificate", "key"];
    pub const FACTS: [&str; 1] = ["server-id"];
}

/// A rule for what is inside a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspection {
    /// Every request in an OData JSON batch passes the same rules.
    ODataBatch,
}

/// A function of the connector, as far as policy tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Export {
    Connect,
    Validate,
    Begin,
    Read,
    Grant,
    Revoke,
    CreateAccount,
    DeleteResource,
    RotateCredential,
    InvokeAction,
    ActionStatus,
}

impl Export {
    /// The exports that change a target, with the names that manifests use.
    pub const WRITING: [(&str, Self); 7] = [
        ("grant", Self::Grant),
        ("revoke", Self::Revoke),
        ("create-account", Self::CreateAccount),
        ("delete-resource", Self::DeleteResource),
        ("rotate-credential", Self::RotateCredential),
        ("invoke-action", Self::InvokeAction),
        ("action-status", Self::ActionStatus),
    ];

    /// Whether it belongs to provisioning.
    pub fn is_writing(self) -> bool {
        Self::WRITING.iter().any(|(_, export)| *export == self)
    }

    /// Its name in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Validate => "validate",
            Self::Begin => "begin",
            Self::Read => "read",
            _ => Self::WRITING.iter().find(|(_, export)| *export == self).map_or("", |(name, _)| name),
        }
    }
}
