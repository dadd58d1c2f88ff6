//! What came of a change, for people and for programs.

use std::collections::BTreeMap;

use accord_c1z::encode::{entitlement_id, grant_id};
use accord_c1z::model::{self, Grant, GrantAnnotation, Resource, ResourceId, State, Trait};
use accord_runtime::Category;
use accord_runtime::encryption::Encrypted;
use accord_runtime::http::PlannedRequest;
use accord_runtime::manifest::Manifest;
use accord_runtime::provision::{AccountState, ActionState, Answer, Done, Operation, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::credentials::Kept;
use crate::args::Format;
use crate::output::printable;
use crate::shape::Shape;

/// In which form it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Text,
    Json,
}

impl Style {
    /// A connector's results are read by programs.
    pub(super) fn of(format: Format, shape: &Shape) -> Self {
        if format == Format::Json || shape.is_connector() { Self::Json } else { Self::Text }
    }
}

/// What `--output json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    version: u32,
    plugin: &'a str,
    plugin_version: &'a str,
    operation: &'static str,
    outcome: &'static str,
    /// In the field's own words: `GrantAlreadyExists`.
    annotations: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    entitlement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Id<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    /// What there is now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<ToldResource<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entitlements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grants: Vec<ToldGrant<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ToldAction<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<ToldCredential<'a>>,
    /// What a dry run would have sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requests: Vec<ToldRequest<'a>>,
    #[serde(skip)]
    exit_code: i32,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Id<'a> {
    resource_type: &'a str,
    resource: &'a str,
}

#[derive(Debug, Serialize)]
struct ToldResource<'a> {
    id: Id<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Id<'a>>,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    profile: BTreeMap<&'a str, Value>,
}

#[derive(Debug, Serialize)]
struct ToldGrant<'a> {
    id: String,
    entitlement: &'a str,
    principal: Id<'a>,
    /// It cannot be revoked here; the text says what it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    immutable: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ToldAction<'a> {
    id: &'a str,
    state: &'static str,
    response: BTreeMap<&'a str, Value>,
}

#[derive(Debug, Serialize)]
struct ToldCredential<'a> {
    name: &'a str,
    description: &'a str,
    /// Where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    encrypted: Vec<ToldCipher<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldCipher<'a> {
    recipient: &'a str,
    provider: &'static str,
    key_ids: [&'a str; 1],
    /// In base64: an age file, or a compact JWE.
    ciphertext: String,
}

#[derive(Debug, Serialize)]
struct ToldRequest<'a> {
    method: &'a str,
    url: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// Only once those before it have succeeded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    follows: bool,
}

impl<'a> Told<'a> {
    pub(super) fn new(manifest: &'a Manifest, operation: &'a Operation, answer: &'a Answer, kept: &'a [Kept]) -> Self {
        let (entitlement, principal, resource) = match operation {
            Operation::Grant { entitlement, principal } | Operation::Revoke { entitlement, principal } => {
                (Some(entitlement.id.as_str()), Some(principal.into()), None)
            }
            Operation::DeleteResource(id) | Operation::RotateCredential(id) => (None, None, Some(id.into())),
            _ => (None, None, None),
        };
        let empty = Self {
            version: 1,
            plugin: &manifest.id,
            plugin_version: &manifest.version,
            operation: operation.export().name(),
            outcome: "planned",
            annotations: &[],
            entitlement,
            principal,
            resource,
            message: "",
            resources: Vec::new(),
            entitlements: Vec::new(),
            grants: Vec::new(),
            action: None,
            credentials: kept.iter().map(credential).collect(),
            requests: Vec::new(),
            exit_code: 0,
        };
        match answer {
            Answer::Planned(requests) => Self { requests: requests.iter().map(request).collect(), ..empty },
            Answer::Done(done) => empty.done(done),
        }
    }

    fn done(self, done: &'a Done) -> Self {
        let told = Self {
            outcome: outcome(&done.outcome),
            annotations: done.outcome.annotations(),
            resources: done.rows.resources.iter().map(resource).collect(),
            entitlements: done.rows.entitlements.iter().map(|row| entitlement_id(row).into_owned()).collect(),
            grants: done.rows.grants.iter().map(grant).collect(),
            ..self
        };
        match &done.outcome {
            Outcome::Account { account, message, .. } => {
                Self { message, resource: account.as_ref().map(Into::into), ..told }
            }
            Outcome::Action { id, state, response, message } => Self {
                message,
                action: Some(ToldAction { id, state: action_state(*state), response: fields(response) }),
                exit_code: if *state == ActionState::Failed { Category::Network.exit_code() } else { 0 },
                ..told
            },
            _ => told,
        }
    }

    pub(super) fn exit_code(&self) -> i32 {
        self.exit_code
    }

    /// A line or a few for people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![self.headline()];
        if !self.requests.is_empty() {
            let (follow, first): (Vec<_>, Vec<_>) = self.requests.iter().partition(|request| request.follows);
            lines.extend(first.into_iter().flat_map(ToldRequest::lines));
            lines.extend((!follow.is_empty()).then(|| "and once that has succeeded:".to_owned()));
            lines.extend(follow.into_iter().flat_map(ToldRequest::lines));
            lines.push("none of it was sent; what else would follow depends on the answer".to_owned());
        }
        if !self.message.is_empty() {
            lines.push(format!("  {}", self.message));
        }
        for row in &self.resources {
            let login = row.login.map(|login| format!(", login {login}")).unwrap_or_default();
            lines.push(format!("  {} {}: {}{login}", row.id.resource_type, row.id.resource, row.display_name));
        }
        lines.extend(self.credentials.iter().flat_map(ToldCredential::lines));
        if let Some(action) = &self.action {
            lines.extend(action.response.iter().map(|(name, value)| format!("  {name}: {}", shown(value))));
        }
        lines.iter().map(|line| printable(line) + "\n").collect()
    }

    fn headline(&self) -> String {
        let has = || {
            let Some(principal) = self.principal else { return String::new() };
            format!("{} {}: {}", principal.resource_type, principal.resource, self.entitlement.unwrap_or_default())
        };
        let resource = || {
            let id = self.resource.map(|id| format!("{} {}", id.resource_type, id.resource));
            id.unwrap_or_default()
        };
        match (self.operation, self.outcome) {
            (operation, "planned") => format!("{operation} would send:"),
            ("grant" | "revoke", outcome) => format!("{}: {}", outcome.replace('-', " "), has()),
            ("create-account", outcome) => {
                let of = resource();
                let separator = if of.is_empty() { "" } else { ": " };
                format!("account {}{separator}{of}", outcome.replace('-', " "))
            }
            ("invoke-action" | "action-status", outcome) => {
                let id = self.action.as_ref().map(|action| action.id).filter(|id| !id.is_empty());
                format!("action {outcome}{}", id.map(|id| format!(": run {id}")).unwrap_or_default())
            }
            (_, outcome) => format!("{}: {}", outcome.replace('-', " "), resource()),
        }
    }
}

impl ToldCredential<'_> {
    fn lines(&self) -> Vec<String> {
        let name = self.name;
        let mut lines: Vec<String> = self.secret.map(|secret| format!("  {name}: {secret}")).into_iter().collect();
        for cipher in &self.encrypted {
            lines.push(format!("  {name}, encrypted to {}, in base64: {}", cipher.recipient, cipher.ciphertext));
        }
        if lines.is_empty() {
            lines.push(format!("  {name}: nobody has it; give --encrypt-to or --show-credentials the next time"));
        }
        lines
    }
}

impl ToldRequest<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("  {} {}", self.method, self.url)];
        lines.extend(self.credential.map(|credential| format!("  signed by the credential `{credential}`")));
        lines.extend(self.headers.iter().map(|(name, value)| format!("  {name}: {value}")));
        lines.extend(self.body.map(|body| format!("  {body}")));
        lines
    }
}

impl<'a> From<&'a ResourceId> for Id<'a> {
    fn from(id: &'a ResourceId) -> Self {
        Self { resource_type: &id.resource_type, resource: &id.resource }
    }
}

fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::AlreadyGranted => "already-granted",
        Outcome::Revoked => "revoked",
        Outcome::AlreadyRevoked => "already-revoked",
        Outcome::Account { state: AccountState::Created, .. } => "created",
        Outcome::Account { state: AccountState::AlreadyExists, .. } => "already-exists",
        Outcome::Account { state: AccountState::ActionRequired, .. } => "action-required",
        Outcome::Account { state: AccountState::InProgress, .. } => "in-progress",
        Outcome::Deleted => "deleted",
        Outcome::AlreadyDeleted => "already-deleted",
        Outcome::Rotated => "rotated",
        Outcome::Action { state, .. } => action_state(*state),
    }
}

fn action_state(state: ActionState) -> &'static str {
    match state {
        ActionState::Pending => "pending",
        ActionState::Running => "running",
        ActionState::Complete => "complete",
        ActionState::Failed => "failed",
    }
}

fn resource(row: &Resource) -> ToldResource<'_> {
    let user = row.traits.iter().find_map(|kind| match kind {
        Trait::User(user) => Some(user),
        _ => None,
    });
    ToldResource {
        id: (&row.id).into(),
        parent: row.parent.as_ref().map(Into::into),
        display_name: &row.display_name,
        state: row.status.as_ref().map(|status| match status.state {
            State::Unspecified => "unspecified",
            State::Enabled => "enabled",
            State::Disabled => "disabled",
            State::Deleted => "deleted",
        }),
        login: user.map(|user| user.login.as_str()).filter(|login| !login.is_empty()),
        emails: user.map(|user| user.emails.iter().map(|email| email.address.as_str()).collect()).unwrap_or_default(),
        profile: fields(&row.profile),
    }
}

fn grant(row: &Grant) -> ToldGrant<'_> {
    ToldGrant {
        id: grant_id(row).into_owned(),
        entitlement: &row.entitlement,
        principal: (&row.principal).into(),
        immutable: row.annotations.iter().find_map(|annotation| match annotation {
            GrantAnnotation::Immutable(source) => Some(source.as_str()),
            _ => None,
        }),
    }
}

fn credential(kept: &Kept) -> ToldCredential<'_> {
    ToldCredential {
        name: &kept.name,
        description: &kept.description,
        secret: kept.shown.as_deref(),
        encrypted: kept.encrypted.iter().map(|(recipient, encrypted)| cipher(recipient, encrypted)).collect(),
    }
}

fn cipher<'a>(recipient: &'a str, encrypted: &'a Encrypted) -> ToldCipher<'a> {
    ToldCipher {
        recipient,
        provider: encrypted.provider,
        key_ids: [&encrypted.key_id],
        ciphertext: STANDARD.encode(&encrypted.ciphertext),
    }
}

fn request(planned: &PlannedRequest) -> ToldRequest<'_> {
    ToldRequest {
        method: &planned.method,
        url: &planned.url,
        headers: planned.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        credential: planned.credential.as_deref(),
        body: planned.body.as_deref(),
        follows: planned.follows,
    }
}

fn fields(profile: &model::Profile) -> BTreeMap<&str, Value> {
    profile.iter().map(|(name, field)| (name.as_str(), value(field))).collect()
}

fn value(value: &model::Value) -> Value {
    match value {
        model::Value::Text(text) => text.as_str().into(),
        model::Value::Int(number) => (*number).into(),
        model::Value::Number(number) => (*number).into(),
        model::Value::Flag(flag) => (*flag).into(),
        model::Value::Items(items) => items.clone().into(),
        // What is no JSON after all is told as the text that it is.
        model::Value::Json(json) => serde_json::from_str(json).unwrap_or_else(|_| json.as_str().into()),
    }
}

/// A value for people: text without its quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
