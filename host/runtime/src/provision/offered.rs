//! What a connector does not offer is refused before anything is called, with the reason.

use std::fmt::Write as _;

use accord_c1z::model::{Profile, ResourceId, Value};

use super::operation::{AccountRequest, CredentialOption, EntitlementKey, Operation};
use crate::manifest::{AccountCredential, Argument, ArgumentKind, Manifest, ResourceType};
use crate::problem::{Category, Problem};

/// Refuses a connector that changes nothing at all.
pub fn check_writable(manifest: &Manifest) -> Result<(), Problem> {
    let writable = manifest.resource_types.iter().any(|kind| kind.provisions || kind.deletes || kind.rotates)
        || manifest.account.is_some()
        || !manifest.actions.is_empty();
    if writable {
        return Ok(());
    }
    let text = format!("`{}` is read-only: its connector changes nothing in its target", manifest.id);
    Err(refused(text).remedy(format!("make the change in {} itself", manifest.name)))
}

/// Refuses what the manifest does not offer.
pub fn check(manifest: &Manifest, operation: &Operation) -> Result<(), Problem> {
    check_writable(manifest)?;
    match operation {
        Operation::Grant { entitlement, principal } | Operation::Revoke { entitlement, principal } => {
            membership(manifest, entitlement, principal)
        }
        Operation::CreateAccount(request) => account(manifest, request),
        Operation::DeleteResource(id) => on_type(manifest, id, "deletes no", |declared| declared.deletes),
        Operation::RotateCredential(id) => {
            on_type(manifest, id, "rotates the credentials of no", |declared| declared.rotates)
        }
        Operation::InvokeAction { name, resource_type, arguments } => {
            action(manifest, name, resource_type.as_deref(), Some(arguments))
        }
        Operation::ActionStatus { name, .. } => action(manifest, name, None, None),
    }
}

fn refused(text: impl Into<String>) -> Problem {
    Problem::new(Category::Usage, "PROV-001", text)
}

fn declared<'m>(manifest: &'m Manifest, id: &str) -> Result<&'m ResourceType, Problem> {
    manifest.resource_types.iter().find(|declared| declared.id == id).ok_or_else(|| {
        let known = names(manifest.resource_types.iter().map(|declared| declared.id.as_str()));
        refused(format!("`{}` has no resource type `{id}`", manifest.id)).remedy(format!("name one of {known}"))
    })
}

fn membership(manifest: &Manifest, entitlement: &EntitlementKey, principal: &ResourceId) -> Result<(), Problem> {
    declared(manifest, &principal.resource_type)?;
    on_type(manifest, &entitlement.resource, "cannot grant or revoke what is on a", |declared| declared.provisions)
}

fn on_type(
    manifest: &Manifest,
    id: &ResourceId,
    does_not: &str,
    offers: impl Fn(&ResourceType) -> bool,
) -> Result<(), Problem> {
    // Nobody named a type where there is none to name.
    let unnamed = id.resource_type.is_empty();
    if !unnamed && offers(declared(manifest, &id.resource_type)?) {
        return Ok(());
    }
    let able: Vec<&str> =
        manifest.resource_types.iter().filter(|kind| offers(kind)).map(|kind| kind.id.as_str()).collect();
    let remedy = if able.is_empty() {
        format!("make the change in {} itself", manifest.name)
    } else {
        format!("it can for {}; make any other change in {} itself", names(able.into_iter()), manifest.name)
    };
    let what = if unnamed { "resource".to_owned() } else { format!("`{}`", id.resource_type) };
    Err(refused(format!("`{}` {does_not} {what}", manifest.id)).remedy(remedy))
}

fn account(manifest: &Manifest, request: &AccountRequest) -> Result<(), Problem> {
    let Some(account) = &manifest.account else {
        return Err(refused(format!("`{}` creates no accounts", manifest.id))
            .remedy(format!("create the account in {} itself", manifest.name)));
    };
    let wanted = match request.credential {
        CredentialOption::NoPassword => AccountCredential::NoPassword,
        CredentialOption::RandomPassword(_) => AccountCredential::RandomPassword,
        CredentialOption::Sso => AccountCredential::Sso,
    };
    if !account.credentials.contains(&wanted) {
        let known = names(account.credentials.iter().map(|credential| credential_name(*credential)));
        let text = format!("`{}` creates no account with `{}`", manifest.id, credential_name(wanted));
        return Err(refused(text).remedy(format!("choose one of {known}")));
    }
    let told = [("login", &request.login), ("email", &request.email)];
    let told: Vec<&str> = told.iter().filter(|(_, text)| text.is_some()).map(|(name, _)| *name).collect();
    fields("an account", &account.fields, &request.profile, &told)
}

pub(super) fn credential_name(credential: AccountCredential) -> &'static str {
    match credential {
        AccountCredential::NoPassword => "none",
        AccountCredential::RandomPassword => "random",
        AccountCredential::Sso => "sso",
    }
}

fn action(
    manifest: &Manifest,
    name: &str,
    resource_type: Option<&str>,
    arguments: Option<&Profile>,
) -> Result<(), Problem> {
    let named = |action: &&crate::manifest::Action| {
        action.name == name && resource_type.is_none_or(|wanted| action.resource_type.as_deref() == Some(wanted))
    };
    let Some(action) = manifest.actions.iter().find(named) else {
        let of = resource_type.map(|kind| format!(" for `{kind}`")).unwrap_or_default();
        let text = format!("`{}` has no action `{name}`{of}", manifest.id);
        let remedy = if manifest.actions.is_empty() {
            "it offers none".to_owned()
        } else {
            format!("name one of {}", names(manifest.actions.iter().map(|action| action.name.as_str())))
        };
        return Err(refused(text).remedy(remedy));
    };
    arguments.map_or(Ok(()), |given| fields(&format!("`{name}`"), &action.arguments, given, &[]))
}

/// Whether what was given is what a schema takes, with every fault at once. `told` are fields that came in another way.
fn fields(what: &str, schema: &[Argument], given: &Profile, told: &[&str]) -> Result<(), Problem> {
    let mut faults: Vec<String> = Vec::new();
    for (name, value) in given {
        match schema.iter().find(|argument| argument.name == *name) {
            None => faults.push(format!("{what} has no field `{name}`")),
            Some(argument) if !fits(&argument.kind, value) => {
                faults.push(format!("`{name}` should be {}", kind(&argument.kind)));
            }
            Some(_) => {}
        }
    }
    for argument in schema.iter().filter(|argument| argument.required && argument.default.is_none()) {
        let name = argument.name.as_str();
        if !told.contains(&name) && !given.iter().any(|(known, _)| known == name) {
            faults.push(format!("`{name}` is missing"));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let mut known = String::new();
    for argument in schema {
        let separator = if known.is_empty() { "" } else { ", " };
        let required = if argument.required { ", required" } else { "" };
        let _ = write!(known, "{separator}{} ({}{required})", argument.name, kind(&argument.kind));
    }
    let known = if known.is_empty() { format!("{what} takes no fields") } else { format!("{what} takes {known}") };
    Err(refused(faults.join("; ")).remedy(known))
}

fn fits(kind: &ArgumentKind, value: &Value) -> bool {
    match kind {
        ArgumentKind::Text => matches!(value, Value::Text(_)),
        // An id, or an object that names the type as well.
        ArgumentKind::Id(_) | ArgumentKind::Resource(_) => matches!(value, Value::Text(_) | Value::Json(_)),
        ArgumentKind::Bool => matches!(value, Value::Flag(_)),
        ArgumentKind::Int => matches!(value, Value::Int(_)),
        ArgumentKind::List => matches!(value, Value::Items(_)),
    }
}

fn kind(kind: &ArgumentKind) -> String {
    match kind {
        ArgumentKind::Text => "text".to_owned(),
        ArgumentKind::Bool => "true or false".to_owned(),
        ArgumentKind::Int => "a whole number".to_owned(),
        ArgumentKind::List => "a list".to_owned(),
        ArgumentKind::Resource(types) if types.is_empty() => "a resource's id".to_owned(),
        ArgumentKind::Id(types) | ArgumentKind::Resource(types) => format!("the id of a {}", types.join(" or ")),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
