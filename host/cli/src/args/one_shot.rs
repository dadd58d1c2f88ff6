//! In a connector's place: the flags by which its users ask for a change in place of a sync.
//!
//! Of several, the first in the SDK's own order counts; here they exclude each other, as its newer versions have it.

use std::path::PathBuf;

use accord_runtime::configuration::ConfigurationProblem;

use super::change::{Account, Change, ChangeArguments, Fields, Membership, Revocation, object};
use super::checked::Reading;
use super::connector_flags::ConnectorFlag;
use super::values::on_or_off;
use crate::sources::{Sources, fault};

/// What is done in place of a sync.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OneShot {
    Change(Box<ChangeArguments>),
    ListActions { resource_type: Option<String> },
}

/// Flags that each ask for something else, in the order in which they count; the others only say more about one of them.
const MODES: [(&[&str], &[&str]); 7] = [
    (&["grant-entitlement"], &["grant-principal", "grant-principal-type"]),
    (&["revoke-grant"], &[]),
    (&["create-account-profile", "create-account-login", "create-account-email"], &["create-account-resource-type"]),
    (&["invoke-action"], &["invoke-action-args", "invoke-action-resource-type"]),
    (&["list-action-schemas"], &["list-action-schemas-resource-type"]),
    (&["delete-resource"], &["delete-resource-type"]),
    (&["rotate-credentials"], &["rotate-credentials-type"]),
];

/// What was asked for in place of a sync, if anything was. Faults make it nothing that may be done.
pub(crate) fn one_shot(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Option<OneShot> {
    let asked: Vec<&str> = MODES
        .iter()
        .filter_map(|(flags, _)| flags.iter().copied().find(|flag| given(sources, flag).is_some()))
        .collect();
    if asked.len() > 1 {
        let group = MODES.map(|(flags, _)| flags.join(" ")).join(" ");
        let message = format!(
            "if any flags in the group [{group}] are set none of the others can be; [{}] were all set",
            asked.join(" ")
        );
        faults.push(fault("one-shot", message));
    }
    for (flags, more) in MODES {
        let stray = more.iter().find(|flag| given(sources, flag).is_some());
        if let Some(stray) = stray
            && !flags.iter().any(|flag| given(sources, flag).is_some())
        {
            faults.push(together(&[flags.first().copied().unwrap_or_default(), stray], flags));
        }
    }
    let text = |name: &str| given(sources, name);
    let change = match *asked.first()? {
        "grant-entitlement" => Change::Grant(Membership {
            entitlement: text("grant-entitlement")?,
            principal: needed(sources, "grant-entitlement", "grant-principal", faults),
            principal_type: text("grant-principal-type"),
        }),
        "revoke-grant" => Change::Revoke(Revocation::Grant(text("revoke-grant")?)),
        "invoke-action" => Change::RunAction {
            name: text("invoke-action")?,
            resource_type: text("invoke-action-resource-type"),
            fields: Fields {
                texts: Vec::new(),
                json: text("invoke-action-args")
                    .map(|text| object("--invoke-action-args", &text, faults))
                    .unwrap_or_default(),
            },
        },
        "list-action-schemas" => {
            return Some(OneShot::ListActions { resource_type: text("list-action-schemas-resource-type") });
        }
        "delete-resource" => {
            Change::DeleteResource { id: text("delete-resource")?, resource_type: text("delete-resource-type") }
        }
        "rotate-credentials" => {
            Change::RotateCredential { id: text("rotate-credentials")?, resource_type: text("rotate-credentials-type") }
        }
        _ => Change::CreateAccount(account(sources, faults)),
    };
    // Names are looked up in the file that the last sync wrote; only one that was named has to be there.
    let mut reading = Reading { sources, faults };
    let file = reading.told("file").map(|(path, source)| (PathBuf::from(path), source));
    let file = file.filter(|(path, source)| source.is_some() || path.exists()).map(|(path, _)| path);
    let asked = ChangeArguments::new(change, file, sources, faults);
    // As connectors of the Baton SDK do.
    Some(OneShot::Change(Box::new(ChangeArguments { until_done: true, ..asked })))
}

fn account(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Account {
    let profile = given(sources, "create-account-profile");
    let mut json = profile.map(|text| object("--create-account-profile", &text, faults)).unwrap_or_default();
    // The profile's own login and e-mail address count before those of the flags.
    let mut told = |name: &str| match json.remove(name) {
        Some(serde_json::Value::String(text)) if !text.is_empty() => Some(text),
        _ => given(sources, &format!("create-account-{name}")),
    };
    Account {
        login: told("login"),
        email: told("email"),
        password: None,
        resource_type: given(sources, "create-account-resource-type"),
        fields: Fields { texts: Vec::new(), json },
    }
}

/// What a flag was given, from whatever source, unless it was turned off.
fn given(sources: Sources<'_>, name: &str) -> Option<String> {
    let flag = ConnectorFlag::named(name)?;
    let text = sources.given(name, &flag.environment())?.texts.last()?.trim().to_owned();
    let off = text.is_empty() || (name == "list-action-schemas" && on_or_off(&text) == Some(false));
    (!off).then_some(text)
}

fn needed(sources: Sources<'_>, first: &str, name: &str, faults: &mut Vec<ConfigurationProblem>) -> String {
    given(sources, name).unwrap_or_else(|| {
        faults.push(together(&[first, name], &[name]));
        String::new()
    })
}

fn together(group: &[&str], missing: &[&str]) -> ConfigurationProblem {
    let message = format!(
        "if any flags in the group [{}] are set they must all be set; missing [{}]",
        group.join(" "),
        missing.join(" or ")
    );
    fault(missing.first().copied().unwrap_or_default(), message)
}
