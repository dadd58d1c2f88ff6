//! `accord plugin inspect`: what one plugin is, what it may send, what it asks of its host, and how much of it.

use accord_runtime::Problem;
use accord_runtime::limits::Limits;
use accord_runtime::manifest::{Condition, ConditionTest, Egress, Manifest, Origin};
use accord_runtime::plugin::Package;
use serde::Serialize;

use super::plugin::{Facts, facts, place};
use super::readme;
use crate::args::PluginFormat;
use crate::output::{self, Table};

/// What `--output json` prints.
#[derive(Debug, Serialize)]
struct Inspected {
    version: u32,
    #[serde(rename = "plugin")]
    facts: Facts,
    description: String,
    interface: String,
    docs: String,
    resource_types: Vec<String>,
    collections: Vec<Listing>,
    imports: Vec<Import>,
    egress: Vec<Rule>,
    limits: Vec<Limit>,
}

#[derive(Debug, Serialize)]
struct Listing {
    name: String,
    yields: Vec<String>,
    permission: Option<String>,
}

#[derive(Debug, Serialize)]
struct Import {
    name: String,
    /// It is there, and has nothing to give.
    refusing: bool,
}

/// What may be sent to one origin.
#[derive(Debug, Serialize)]
pub(super) struct Rule {
    pub(super) origin: String,
    pub(super) methods: Vec<String>,
    pub(super) paths: Vec<String>,
    /// The provisioning exports that open it; none: always open.
    only_for: Vec<&'static str>,
    conditions: Vec<String>,
    /// JSON pointers to what the plugin gets nothing of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Limit {
    name: &'static str,
    value: String,
}

pub(super) fn inspect(package: &Package, format: PluginFormat) -> Result<(), Problem> {
    match format {
        PluginFormat::Json => output::print_json(&inspected(package)),
        PluginFormat::Text => output::print(&inspect_text(&inspected(package))),
        PluginFormat::Markdown => output::print(&readme::tables(&package.manifest)),
    }
}

fn inspected(package: &Package) -> Inspected {
    let manifest = &package.manifest;
    Inspected {
        version: 1,
        facts: facts(package),
        description: manifest.description.clone(),
        interface: manifest.interface.clone(),
        docs: manifest.docs.clone(),
        resource_types: manifest.resource_types.iter().map(|declared| declared.id.clone()).collect(),
        collections: manifest
            .collections
            .iter()
            .map(|collection| Listing {
                name: collection.name.clone(),
                yields: collection.yields.clone(),
                permission: collection.permission.clone(),
            })
            .collect(),
        imports: package
            .imports
            .iter()
            .map(|import| Import { name: import.name.clone(), refusing: import.refusing })
            .collect(),
        egress: manifest.egress.iter().map(|entry| rule(manifest, entry)).collect(),
        limits: own_limits(manifest),
    }
}

/// The host's limits, less where the plugin asks for less.
fn own_limits(manifest: &Manifest) -> Vec<Limit> {
    let wanted = &manifest.limits;
    let seconds = wanted.request_seconds.map(|seconds| ("one attempt of a request", format!("{seconds} s")));
    let workers = wanted.workers.map(|workers| ("instances", workers.to_string()));
    let table = Limits::of(manifest).table().into_iter().chain(seconds).chain(workers);
    table.map(|(name, value)| Limit { name, value }).collect()
}

fn inspect_text(inspected: &Inspected) -> String {
    let facts = &inspected.facts;
    let mut text = format!("{} {} ({})\n", facts.id, facts.version, facts.name);
    for (title, table) in [
        ("", about(inspected)),
        ("collects", collections(inspected)),
        ("may send", egress(inspected)),
        ("imports", imports(inspected)),
        ("limits", limits(inspected)),
    ] {
        if table.is_empty() {
            continue;
        }
        text.push_str(&if title.is_empty() { String::new() } else { format!("\n{title}\n") });
        text.push_str(&table.to_string());
    }
    text
}

fn about(inspected: &Inspected) -> Table {
    let facts = &inspected.facts;
    let mut table = Table::indented();
    let secrets = if facts.secrets.is_empty() { "none".to_owned() } else { facts.secrets.join(", ") };
    for (name, value) in [
        ("what", inspected.description.clone()),
        ("docs", inspected.docs.clone()),
        ("file", facts.file.clone()),
        ("sha256", facts.digest.clone()),
        ("signed by", facts.signed_by.to_owned()),
        ("interface", inspected.interface.clone()),
        ("talks to", facts.talks_to.join(", ")),
        ("secrets", format!("{secrets} (kept in the host, never seen by the plugin)")),
    ] {
        if !value.is_empty() {
            table.row([name.to_owned(), value]);
        }
    }
    table
}

fn collections(inspected: &Inspected) -> Table {
    let mut table = Table::indented();
    for collection in &inspected.collections {
        let permission = collection.permission.as_ref().map(|name| format!("needs \"{name}\"")).unwrap_or_default();
        table.row([collection.name.clone(), collection.yields.join(", "), permission]);
    }
    table
}

fn egress(inspected: &Inspected) -> Table {
    let mut table = Table::indented();
    for rule in &inspected.egress {
        for path in &rule.paths {
            table.row([rule.methods.join(" "), format!("{}{path}", rule.origin), rule.remark()]);
        }
    }
    table
}

fn imports(inspected: &Inspected) -> Table {
    let mut table = Table::indented();
    for import in &inspected.imports {
        table.row([
            import.name.clone(),
            if import.refusing { "linked, gives nothing".to_owned() } else { String::new() },
        ]);
    }
    table
}

fn limits(inspected: &Inspected) -> Table {
    let mut table = Table::indented();
    for limit in &inspected.limits {
        table.row([limit.name.to_owned(), limit.value.clone()]);
    }
    table
}

impl Rule {
    /// When it is open, and what the plugin does not get of the answer; empty for always and everything.
    pub(super) fn remark(&self) -> String {
        let when =
            if self.only_for.is_empty() { String::new() } else { format!("only for {}", self.only_for.join(", ")) };
        let conditions =
            if self.conditions.is_empty() { String::new() } else { format!("if {}", self.conditions.join(" and ")) };
        let withheld = match self.withheld.len() {
            0 => String::new(),
            count => format!("{count} members of the answer withheld"),
        };
        [when, conditions, withheld].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn rule(manifest: &Manifest, entry: &Egress) -> Rule {
    let origin = manifest.origins.iter().find(|origin| origin.name == entry.origin);
    let conditions = origin.map(|origin: &Origin| origin.conditions.as_slice()).unwrap_or_default();
    Rule {
        origin: origin.and_then(|origin| origin.places().first().copied()).map(place).unwrap_or_default(),
        methods: entry.methods.clone(),
        paths: entry.paths.clone(),
        only_for: entry.when.iter().map(|export| export.name()).collect(),
        conditions: conditions.iter().chain(&entry.conditions).map(condition).collect(),
        withheld: entry.withhold.clone(),
    }
}

fn condition(condition: &Condition) -> String {
    match &condition.test {
        ConditionTest::Set => format!("{} is set", condition.field),
        ConditionTest::Unset => format!("{} is not set", condition.field),
        ConditionTest::Is(value) => format!("{} is {value}", condition.field),
    }
}
