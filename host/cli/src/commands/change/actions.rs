//! `accord action list`: what a plugin offers to run, from its manifest alone.

use accord_runtime::Problem;
use accord_runtime::manifest::{Action, Argument, ArgumentKind, Manifest};
use serde::Serialize;

use crate::args::Format;
use crate::output::{self, Table};

#[derive(Debug, Serialize)]
struct Told<'a> {
    version: u32,
    plugin: &'a str,
    actions: Vec<ToldAction<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldAction<'a> {
    name: &'a str,
    display_name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<&'a str>,
    types: &'a [String],
    arguments: Vec<ToldField<'a>>,
    returns: Vec<ToldField<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldField<'a> {
    name: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resource_types: &'a [String],
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
    display_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    help: &'a str,
}

/// Prints the actions; of one resource type, if one is named.
pub(in crate::commands) fn list_actions(
    manifest: &Manifest,
    resource_type: Option<&str>,
    format: Format,
) -> Result<(), Problem> {
    let of_type = |action: &&Action| resource_type.is_none_or(|kind| action.resource_type.as_deref() == Some(kind));
    let actions: Vec<&Action> = manifest.actions.iter().filter(of_type).collect();
    match format {
        Format::Json => {
            let actions = actions.into_iter().map(told).collect();
            output::print_json(&Told { version: 1, plugin: &manifest.id, actions })
        }
        Format::Text if actions.is_empty() => output::print(&format!("{} offers no actions\n", manifest.id)),
        Format::Text => {
            let mut table = Table::new(&["ACTION", "TAKES", "WHAT IT DOES"]);
            for action in actions {
                let takes: Vec<String> = action.arguments.iter().map(taken).collect();
                let about = if action.description.is_empty() { &action.display_name } else { &action.description };
                table.row([action.name.clone(), takes.join(", "), about.clone()]);
            }
            output::print(&table.to_string())
        }
    }
}

/// A name, in brackets where it may be left out.
fn taken(argument: &Argument) -> String {
    if argument.required { argument.name.clone() } else { format!("[{}]", argument.name) }
}

fn told(action: &Action) -> ToldAction<'_> {
    ToldAction {
        name: &action.name,
        display_name: &action.display_name,
        description: &action.description,
        resource_type: action.resource_type.as_deref(),
        types: &action.types,
        arguments: action.arguments.iter().map(field).collect(),
        returns: action.returns.iter().map(field).collect(),
    }
}

fn field(argument: &Argument) -> ToldField<'_> {
    let (kind, resource_types): (_, &[String]) = match &argument.kind {
        ArgumentKind::Text => ("text", &[]),
        ArgumentKind::Bool => ("bool", &[]),
        ArgumentKind::Int => ("int", &[]),
        ArgumentKind::List => ("list", &[]),
        ArgumentKind::Id(types) => ("text", types),
        ArgumentKind::Resource(types) => ("resource", types),
    };
    ToldField {
        name: &argument.name,
        kind,
        resource_types,
        required: argument.required,
        default: argument.default.as_deref(),
        display_name: &argument.display_name,
        help: &argument.help,
    }
}
