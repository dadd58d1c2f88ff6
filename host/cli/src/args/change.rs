//! What a command that changes a target was asked for. Names are not looked up here, and ids not taken apart.
//!
//! What is to be changed stands on the command line and nowhere else: naming it there is leave to do it.

use std::path::PathBuf;

use accord_runtime::configuration::{ConfigurationProblem, Source};
use accord_runtime::provision::CredentialOption;
use clap::ArgMatches;
use serde_json::{Map, Value};

use super::checked::Reading;
use super::values::new_password;
use crate::sources::{Sources, fault};

/// A change, and how it is to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangeArguments {
    pub(crate) change: Change,
    /// Where names and ids are looked up.
    pub(crate) file: Option<PathBuf>,
    pub(crate) dry_run: bool,
    /// Whether an action is asked about until it has ended.
    pub(crate) until_done: bool,
    /// What forbids changes, if anything does: `BATON_PROVISIONING`.
    pub(crate) forbidden: Option<String>,
    pub(crate) recipients: Vec<String>,
    pub(crate) show_credentials: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Grant(Membership),
    Revoke(Revocation),
    CreateAccount(Account),
    DeleteResource { id: String, resource_type: Option<String> },
    RotateCredential { id: String, resource_type: Option<String> },
    RunAction { name: String, resource_type: Option<String>, fields: Fields },
    ActionStatus { name: String, id: String },
}

/// Who holds what, or is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) entitlement: String,
    pub(crate) principal: String,
    pub(crate) principal_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revocation {
    Grant(String),
    Membership(Membership),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Account {
    pub(crate) login: Option<String>,
    pub(crate) email: Option<String>,
    /// None: what the connector prefers.
    pub(crate) password: Option<CredentialOption>,
    /// None: the only one that there is.
    pub(crate) resource_type: Option<String>,
    pub(crate) fields: Fields,
}

/// Fields by name: texts whose kind the schema knows, and JSON that brings its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fields {
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) json: Map<String, Value>,
}

impl ChangeArguments {
    /// The change, with what was given about how to make it.
    pub(crate) fn new(
        change: Change,
        file: Option<PathBuf>,
        sources: Sources<'_>,
        faults: &mut Vec<ConfigurationProblem>,
    ) -> Self {
        let mut reading = Reading { sources, faults };
        let provisioning = reading.switched("provisioning");
        let forbidden = provisioning.filter(|(on, _)| !on).and_then(|(_, source)| source);
        Self {
            change,
            file,
            dry_run: reading.switch("dry-run"),
            until_done: reading.switch("until-done"),
            forbidden: forbidden.map(|source| source.to_string()),
            recipients: reading.list("encrypt-to"),
            show_credentials: reading.switch("show-credentials"),
        }
    }

    /// Of `accord`'s own commands.
    pub(crate) fn read(command: &str, sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Self {
        let flags = sources.flags;
        let id = positional(flags, "RESOURCE");
        let resource_type = flag(flags, "resource-type");
        let change = match command {
            "revoke" => Change::Revoke(revocation(flags, faults)),
            "account create" => Change::CreateAccount(account(flags, faults)),
            "account delete" => Change::DeleteResource { id, resource_type },
            "credential rotate" => Change::RotateCredential { id, resource_type },
            "action run" => {
                let fields = fields(flags, faults);
                Change::RunAction { name: positional(flags, "ACTION"), resource_type, fields }
            }
            "action status" => Change::ActionStatus { name: positional(flags, "ACTION"), id: positional(flags, "RUN") },
            _ => Change::Grant(membership(flags, faults)),
        };
        Self::new(change, flag(flags, "file").map(PathBuf::from), sources, faults)
    }
}

/// Where leave to change the target was given, if it was.
pub(crate) fn provisioning(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Option<Source> {
    Reading { sources, faults }.switched("provisioning").filter(|(on, _)| *on)?.1
}

/// On the command line; a command that has no such flag was not given it.
fn flag(flags: &ArgMatches, name: &str) -> Option<String> {
    let text = flags.try_get_one::<String>(name).ok()??.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn positional(flags: &ArgMatches, name: &str) -> String {
    flag(flags, name).unwrap_or_default()
}

fn membership(flags: &ArgMatches, faults: &mut Vec<ConfigurationProblem>) -> Membership {
    let mut needed = |name: &str| {
        flag(flags, name).unwrap_or_else(|| {
            faults.push(fault(name, format!("--{name} is missing")));
            String::new()
        })
    };
    Membership {
        entitlement: needed("entitlement"),
        principal: needed("principal"),
        principal_type: flag(flags, "principal-type"),
    }
}

fn revocation(flags: &ArgMatches, faults: &mut Vec<ConfigurationProblem>) -> Revocation {
    let Some(grant) = flag(flags, "grant") else { return Revocation::Membership(membership(flags, faults)) };
    for name in ["entitlement", "principal", "principal-type"] {
        if flag(flags, name).is_some() {
            faults.push(fault(name, format!("--grant and --{name} exclude each other")));
        }
    }
    Revocation::Grant(grant)
}

fn account(flags: &ArgMatches, faults: &mut Vec<ConfigurationProblem>) -> Account {
    let password = flag(flags, "new-password").and_then(|text| {
        new_password(&text).map_err(|told| faults.push(fault("new-password", format!("--new-password {told}")))).ok()
    });
    Account {
        login: flag(flags, "account-login"),
        email: flag(flags, "account-email"),
        password,
        resource_type: None,
        fields: fields(flags, faults),
    }
}

fn fields(flags: &ArgMatches, faults: &mut Vec<ConfigurationProblem>) -> Fields {
    let mut texts = Vec::new();
    for text in flags.get_many::<String>("set").into_iter().flatten() {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => texts.push((name.to_owned(), value.to_owned())),
            _ => faults.push(fault("set", "--set needs a name, an equals sign and a value".to_owned())),
        }
    }
    let json = flag(flags, "values").map(|text| object("--values", &text, faults)).unwrap_or_default();
    Fields { texts, json }
}

/// A JSON object; what was given may hold a secret, so it is not repeated.
pub(super) fn object(name: &str, text: &str, faults: &mut Vec<ConfigurationProblem>) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_else(|_| {
        faults.push(fault(name, format!("{name} should be a JSON object, such as {{\"name\": \"value\"}}")));
        Map::new()
    })
}
