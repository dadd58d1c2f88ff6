//! From what was given to ids: looked up in a file, or taken apart by the field's convention.

use accord_c1z::model::{Profile, ResourceId, Value};
use accord_runtime::manifest::{AccountCredential, Argument, ArgumentKind, Manifest};
use accord_runtime::provision::{AccountRequest, CredentialOption, EntitlementKey, Operation};
use accord_runtime::{Category, Problem};

use super::lookup::{Entitlement, Lookup};
use crate::args::{Account, Change, ChangeArguments, Fields, Membership, Revocation};
use crate::shape::Shape;

/// Passwords that nobody asked a length of have this one, as connectors of the Baton SDK do.
const PASSWORD_LENGTH: u32 = 20;

/// The operation that was asked for. Flags are named as the program has them in this shape.
pub(super) fn operation(manifest: &Manifest, asked: &ChangeArguments, shape: &Shape) -> Result<Operation, Problem> {
    let named = |own, connector| if shape.is_connector() { connector } else { own };
    let principal_type = named("--principal-type", "--grant-principal-type");
    let lookup = || asked.file.as_deref().map(Lookup::open).transpose();
    Ok(match &asked.change {
        Change::Grant(wanted) => {
            let (entitlement, principal) = grantable(manifest, lookup()?.as_ref(), wanted, principal_type)?;
            Operation::Grant { entitlement, principal }
        }
        Change::Revoke(Revocation::Membership(wanted)) => {
            let (entitlement, principal) = revocable(manifest, lookup()?.as_ref(), wanted, principal_type)?;
            Operation::Revoke { entitlement, principal }
        }
        Change::Revoke(Revocation::Grant(id)) => {
            let (entitlement, principal) = match lookup()? {
                Some(lookup) => lookup.grant(id)?,
                None => conventional_grant(manifest, id)?,
            };
            Operation::Revoke { entitlement, principal }
        }
        Change::CreateAccount(account) => Operation::CreateAccount(account_request(manifest, account)?),
        Change::DeleteResource { id, resource_type } => {
            let able = of_types(manifest, |declared| declared.deletes);
            let flag = named("--resource-type", "--delete-resource-type");
            Operation::DeleteResource(resource(id, resource_type.as_deref(), &able, flag)?)
        }
        Change::RotateCredential { id, resource_type } => {
            let able = of_types(manifest, |declared| declared.rotates);
            let flag = named("--resource-type", "--rotate-credentials-type");
            Operation::RotateCredential(resource(id, resource_type.as_deref(), &able, flag)?)
        }
        Change::RunAction { name, resource_type, fields } => {
            let action = manifest.actions.iter().find(|action| action.name == *name);
            let schema = action.map(|action| action.arguments.as_slice()).unwrap_or_default();
            let arguments = typed(schema, fields);
            Operation::InvokeAction { name: name.clone(), resource_type: resource_type.clone(), arguments }
        }
        Change::ActionStatus { name, id } => Operation::ActionStatus { name: name.clone(), id: id.clone() },
    })
}

pub(super) fn unresolved(headline: impl Into<String>) -> Problem {
    Problem::new(Category::Usage, "PROV-003", headline)
}

fn grantable(
    manifest: &Manifest,
    lookup: Option<&Lookup>,
    wanted: &Membership,
    type_flag: &str,
) -> Result<(EntitlementKey, ResourceId), Problem> {
    let Some(lookup) = lookup else { return by_convention(manifest, wanted, type_flag) };
    let (entitlement, principal) = named(manifest, lookup, wanted)?;
    entitlement.takes(&principal)?;
    Ok((entitlement.key, principal))
}

fn revocable(
    manifest: &Manifest,
    lookup: Option<&Lookup>,
    wanted: &Membership,
    type_flag: &str,
) -> Result<(EntitlementKey, ResourceId), Problem> {
    let Some(lookup) = lookup else { return by_convention(manifest, wanted, type_flag) };
    let (entitlement, principal) = named(manifest, lookup, wanted)?;
    lookup.may_revoke(&entitlement.key, &principal)?;
    Ok((entitlement.key, principal))
}

/// Both ends by their names, if the entitlement can be changed at all.
fn named(manifest: &Manifest, lookup: &Lookup, wanted: &Membership) -> Result<(Entitlement, ResourceId), Problem> {
    let entitlement = lookup.entitlement(&wanted.entitlement)?;
    entitlement.may_change()?;
    let principal = lookup.principal(manifest, wanted)?;
    Ok((entitlement, principal))
}

/// Without a file, ids are what they are by convention.
fn by_convention(
    manifest: &Manifest,
    wanted: &Membership,
    type_flag: &str,
) -> Result<(EntitlementKey, ResourceId), Problem> {
    let entitlement = EntitlementKey::conventional(manifest, &wanted.entitlement).ok_or_else(|| {
        unresolved(format!("`{}` is no entitlement's id of the usual form", wanted.entitlement)).remedy(format!(
            "name it as <resource type>:<resource>:<what is held>, with one of the types {}, or name a sync file with --file",
            types(manifest)
        ))
    })?;
    let Some(resource_type) = wanted.principal_type.clone() else {
        return Err(unresolved("the principal's resource type is not known")
            .remedy(format!("say it with {type_flag}: one of {}; or name a sync file with --file", types(manifest))));
    };
    Ok((entitlement, ResourceId { resource_type, resource: wanted.principal.clone() }))
}

fn conventional_grant(manifest: &Manifest, id: &str) -> Result<(EntitlementKey, ResourceId), Problem> {
    let mut readings = EntitlementKey::of_conventional_grant(manifest, id);
    let other_ways = "name entitlement and principal instead, or a sync file with --file";
    match readings.len() {
        1 => readings.pop().ok_or_else(|| unresolved("a reading vanished")),
        0 => Err(unresolved(format!("`{id}` is no grant's id of the usual form"))
            .remedy(format!("name it as <entitlement's id>:<principal's type>:<principal>; or {other_ways}"))),
        _ => {
            let mut problem = unresolved(format!("`{id}` can be read in {} ways", readings.len()));
            for (entitlement, principal) in readings {
                let reading = format!("{} of {} `{}`", entitlement.id, principal.resource_type, principal.resource);
                problem = problem.line("either", reading);
            }
            Err(problem.remedy(other_ways))
        }
    }
}

fn types(manifest: &Manifest) -> String {
    let types: Vec<&str> = manifest.resource_types.iter().map(|declared| declared.id.as_str()).collect();
    types.join(", ")
}

fn of_types(manifest: &Manifest, wanted: impl Fn(&accord_runtime::manifest::ResourceType) -> bool) -> Vec<&str> {
    manifest.resource_types.iter().filter(|declared| wanted(declared)).map(|declared| declared.id.as_str()).collect()
}

/// A resource by its id, and its type where there can be only one.
fn resource(id: &str, resource_type: Option<&str>, able: &[&str], flag: &str) -> Result<ResourceId, Problem> {
    let resource_type = match (resource_type, able) {
        (Some(named), _) => named,
        (None, [only]) => only,
        // Refused a moment later, with the reason.
        (None, []) => "",
        (None, several) => {
            return Err(unresolved("the resource's type is not known")
                .remedy(format!("say it with {flag}: one of {}", several.join(", "))));
        }
    };
    Ok(ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned() })
}

fn account_request(manifest: &Manifest, account: &Account) -> Result<AccountRequest, Problem> {
    let declared = manifest.account.as_ref();
    if let (Some(wanted), Some(declared)) = (&account.resource_type, declared)
        && *wanted != declared.resource_type
    {
        return Err(unresolved(format!("`{}` creates no accounts of type `{wanted}`", manifest.id))
            .remedy(format!("leave it out: accounts are of type `{}`", declared.resource_type)));
    }
    let preferred = declared.and_then(|declared| declared.credentials.first());
    let credential = account.password.unwrap_or(match preferred {
        Some(AccountCredential::RandomPassword) => CredentialOption::RandomPassword(PASSWORD_LENGTH),
        Some(AccountCredential::Sso) => CredentialOption::Sso,
        Some(AccountCredential::NoPassword) | None => CredentialOption::NoPassword,
    });
    let schema = declared.map(|declared| declared.fields.as_slice()).unwrap_or_default();
    let profile = typed(schema, &account.fields);
    Ok(AccountRequest { login: account.login.clone(), email: account.email.clone(), profile, credential })
}

/// Fields with the kinds that the schema says. What it does not know, or what is of another kind, stays as it was given,
/// for the check to name.
fn typed(schema: &[Argument], fields: &Fields) -> Profile {
    let kind = |name: &str| schema.iter().find(|argument| argument.name == name).map(|argument| &argument.kind);
    let texts = fields.texts.iter().map(|(name, text)| (name.clone(), of_text(kind(name), text)));
    let json = fields.json.iter().map(|(name, value)| (name.clone(), of_json(value)));
    let mut typed: Profile = Vec::new();
    for (name, value) in texts.chain(json) {
        match (typed.iter_mut().find(|(known, _)| *known == name), value) {
            // A list is given item by item.
            (Some((_, Value::Items(items))), Value::Items(more)) => items.extend(more),
            (Some((_, known)), value) => *known = value,
            (None, value) => typed.push((name, value)),
        }
    }
    typed
}

fn of_text(kind: Option<&ArgumentKind>, text: &str) -> Value {
    let as_given = || Value::Text(text.to_owned());
    match kind {
        Some(ArgumentKind::Bool) => match text.to_ascii_lowercase().as_str() {
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            _ => as_given(),
        },
        Some(ArgumentKind::Int) => text.parse().map_or_else(|_| as_given(), Value::Int),
        Some(ArgumentKind::List) => Value::Items(text.split(',').map(|item| item.trim().to_owned()).collect()),
        Some(ArgumentKind::Text | ArgumentKind::Id(_) | ArgumentKind::Resource(_)) | None => as_given(),
    }
}

fn of_json(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::Number(number),
            (None, None) => Value::Json(number.to_string()),
        },
        Json::Array(items) if items.iter().all(Json::is_string) => {
            Value::Items(items.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        }
        other => Value::Json(other.to_string()),
    }
}
