//! `[[resource-type]]`, `[[collection]]`, `[account]` and `[[action]]`.

use accord_c1z::model::TraitKind;

use crate::manifest::account::{Account, AccountCredential, Action, Argument, ArgumentKind};
use crate::manifest::collect::{Collection, ResourceType, Rule};
use crate::manifest::reader::Table;

pub(in crate::manifest) fn resource_type(table: Table<'_>) -> ResourceType {
    let traits = [
        ("user", TraitKind::User),
        ("group", TraitKind::Group),
        ("role", TraitKind::Role),
        ("app", TraitKind::App),
        ("secret", TraitKind::Secret),
    ];
    let resource_type = ResourceType {
        id: table.name("id"),
        name: table.required("name"),
        description: table.text("description").unwrap_or_default(),
        traits: table.words("traits", &traits),
        provisions: table.flag("provisions"),
        deletes: table.flag("deletes"),
        rotates: table.flag("rotates"),
        opt_in: table.text("opt-in"),
        permissions: table.texts("permissions"),
        skip_entitlements: table.flag("skip-entitlements"),
        skip_entitlements_and_grants: table.flag("skip-entitlements-and-grants"),
    };
    table.finish();
    resource_type
}

pub(in crate::manifest) fn collection(table: Table<'_>) -> Collection {
    let rules = [("fail", Rule::Fail), ("gap", Rule::Gap), ("accept", Rule::Accept), ("degrade", Rule::Degrade)];
    let collection = Collection {
        name: table.name("name"),
        yields: table.some_texts("yields"),
        after: table.texts("after"),
        discovers: table.texts("discovers"),
        key: table.text("key"),
        permission: table.text("permission"),
        forbidden: table.word("forbidden", &rules).unwrap_or_default(),
        lost: table.word("lost", &rules).unwrap_or_default(),
    };
    table.finish();
    collection
}

pub(in crate::manifest) fn account(table: Table<'_>) -> Account {
    let credentials = [
        ("no-password", AccountCredential::NoPassword),
        ("random-password", AccountCredential::RandomPassword),
        ("sso", AccountCredential::Sso),
    ];
    if !table.has("credentials") {
        table.report("credentials", "`credentials` is missing");
    }
    let account = Account {
        resource_type: table.required("resource-type"),
        fields: table.tables("field", "name").into_iter().map(argument).collect(),
        credentials: table.words("credentials", &credentials),
    };
    table.finish();
    account
}

pub(in crate::manifest) fn action(table: Table<'_>) -> Action {
    let name = table.name("name");
    let action = Action {
        display_name: table.text("display-name").unwrap_or_else(|| name.clone()),
        name,
        description: table.text("description").unwrap_or_default(),
        resource_type: table.text("resource-type"),
        types: table.texts("types"),
        arguments: table.tables("argument", "name").into_iter().map(argument).collect(),
        returns: table.tables("returns", "name").into_iter().map(argument).collect(),
    };
    table.finish();
    action
}

fn argument(table: Table<'_>) -> Argument {
    let name = table.name("name");
    let kinds = ["text", "bool", "int", "list", "resource"];
    if !table.has("kind") {
        table.report("kind", "`kind` is missing");
    }
    let of = table.texts("resource-types");
    let kind = match table.word("kind", &kinds.map(|kind| (kind, kind))) {
        Some("bool") => ArgumentKind::Bool,
        Some("int") => ArgumentKind::Int,
        Some("list") => ArgumentKind::List,
        Some("resource") => ArgumentKind::Resource(of),
        _ if of.is_empty() => ArgumentKind::Text,
        _ => ArgumentKind::Id(of),
    };
    let argument = Argument {
        kind,
        required: table.flag("required"),
        default: table.scalar("default"),
        display_name: table.text("display-name").unwrap_or_else(|| name.clone()),
        help: table.text("help").unwrap_or_default(),
        name,
    };
    table.finish();
    argument
}
