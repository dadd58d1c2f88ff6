//! `accord plugin list` and `accord plugin inspect`: what is installed, what it may do, and what is wrong with it.

use accord_runtime::Problem;
use accord_runtime::limits::Limits;
use accord_runtime::manifest::{Condition, ConditionTest, Egress, Manifest, Origin, Part, Template};
use accord_runtime::plugin::{Catalog, CatalogEntry, Package};
use clap::ArgMatches;
use serde::Serialize;

use super::find;
use crate::args::Format;
use crate::output::{self, Table, printable};

pub(super) fn run(catalog: &Catalog, flags: &ArgMatches, format: Format) -> Result<i32, Problem> {
    match flags.subcommand() {
        Some(("inspect", flags)) => {
            let name = flags.get_one::<String>("plugin").map_or("", String::as_str);
            inspect(&find(catalog, name)?, format)
        }
        _ => list(catalog, format),
    }
    .map(|()| 0)
}

#[derive(Debug, Serialize)]
struct Listed {
    version: u32,
    plugins: Vec<Facts>,
    bad_files: Vec<BadFile>,
    folders: Vec<String>,
}

/// What is told of a plugin in a list.
#[derive(Debug, Serialize)]
struct Facts {
    id: String,
    name: String,
    version: String,
    signed_by: &'static str,
    talks_to: Vec<String>,
    secrets: Vec<String>,
    file: String,
    digest: String,
}

#[derive(Debug, Serialize)]
struct BadFile {
    file: String,
    reason: String,
}

fn list(catalog: &Catalog, format: Format) -> Result<(), Problem> {
    let mut listed = Listed { version: 1, plugins: Vec::new(), bad_files: Vec::new(), folders: Vec::new() };
    listed.folders =
        catalog.folders.iter().map(|folder| format!("{} ({})", folder.path.display(), folder.because)).collect();
    for CatalogEntry { path, package } in catalog.entries() {
        match package {
            // The first folder wins.
            Ok(package) if listed.plugins.iter().any(|known| known.id == package.manifest.id) => {}
            Ok(package) => listed.plugins.push(facts(&package)),
            Err(error) => {
                listed.bad_files.push(BadFile { file: path.display().to_string(), reason: error.to_string() });
            }
        }
    }
    listed.plugins.sort_by(|one, other| one.id.cmp(&other.id));
    match format {
        Format::Json => output::print_json(&listed),
        Format::Text => output::print(&list_text(&listed)),
    }
}

fn list_text(listed: &Listed) -> String {
    let mut text = if listed.plugins.is_empty() {
        let folders: Vec<String> = listed.folders.iter().map(|folder| format!("  {}\n", printable(folder))).collect();
        format!("no plugin is in any of these folders:\n{}", folders.concat())
    } else {
        let mut table = Table::new(&["NAME", "VERSION", "SIGNED BY", "TALKS TO", "SECRETS"]);
        for plugin in &listed.plugins {
            let talks_to =
                if plugin.talks_to.is_empty() { "nobody".to_owned() } else { plugin.talks_to.join(", ") + " only" };
            let secrets = if plugin.secrets.is_empty() { "none".to_owned() } else { plugin.secrets.join(", ") };
            table.row([plugin.id.clone(), plugin.version.clone(), plugin.signed_by.to_owned(), talks_to, secrets]);
        }
        table.to_string()
    };
    for bad in &listed.bad_files {
        text.push_str(&format!("\n`{}` {}\n", printable(&bad.file), printable(&bad.reason)));
    }
    text
}

fn facts(package: &Package) -> Facts {
    let manifest = &package.manifest;
    Facts {
        id: manifest.id.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        // Signatures are not checked by this version, so none is claimed.
        signed_by: "unsigned",
        talks_to: manifest.origins.iter().map(|origin| place(&origin.url)).collect(),
        secrets: manifest.config.iter().filter(|field| field.is_secret()).map(|field| field.name.clone()).collect(),
        file: package.path.display().to_string(),
        digest: package.digest.clone(),
    }
}

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

#[derive(Debug, Serialize)]
struct Rule {
    origin: String,
    methods: Vec<String>,
    paths: Vec<String>,
    /// The provisioning exports that open it; none: always open.
    only_for: Vec<&'static str>,
    conditions: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Limit {
    name: &'static str,
    value: String,
}

fn inspect(package: &Package, format: Format) -> Result<(), Problem> {
    let inspected = inspected(package);
    match format {
        Format::Json => output::print_json(&inspected),
        Format::Text => output::print(&inspect_text(&inspected)),
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

/// The host's limits, with those that the plugin asks for instead.
fn own_limits(manifest: &Manifest) -> Vec<Limit> {
    let wanted = &manifest.limits;
    let mut limits = Limits::default();
    if let Some(bytes) = wanted.max_response_bytes {
        limits.response_bytes = bytes;
    }
    if let Some(mebibytes) = wanted.memory_mib {
        limits.memory_bytes = usize::try_from(mebibytes).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    }
    let seconds = wanted.request_seconds.map(|seconds| ("one attempt of a request", format!("{seconds} s")));
    let workers = wanted.workers.map(|workers| ("instances", workers.to_string()));
    let table = limits.table().into_iter().chain(seconds).chain(workers);
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
        let when =
            if rule.only_for.is_empty() { String::new() } else { format!("only for {}", rule.only_for.join(", ")) };
        let conditions =
            if rule.conditions.is_empty() { String::new() } else { format!("if {}", rule.conditions.join(" and ")) };
        let remark = [when, conditions].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        for path in &rule.paths {
            table.row([rule.methods.join(" "), format!("{}{path}", rule.origin), remark.clone()]);
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

fn rule(manifest: &Manifest, entry: &Egress) -> Rule {
    let origin = manifest.origins.iter().find(|origin| origin.name == entry.origin);
    let conditions = origin.map(|origin: &Origin| origin.conditions.as_slice()).unwrap_or_default();
    Rule {
        origin: origin.map(|origin| place(&origin.url)).unwrap_or_default(),
        methods: entry.methods.clone(),
        paths: entry.paths.clone(),
        only_for: entry.when.iter().map(|export| export.name()).collect(),
        conditions: conditions.iter().chain(&entry.conditions).map(condition).collect(),
    }
}

fn condition(condition: &Condition) -> String {
    match &condition.test {
        ConditionTest::Set => format!("{} is set", condition.field),
        ConditionTest::Unset => format!("{} is not set", condition.field),
        ConditionTest::Is(value) => format!("{} is {value}", condition.field),
    }
}

/// A URL with its holes as people write them: `<api-hostname>`. The scheme is always https, so it goes.
fn place(template: &Template) -> String {
    let text: String = template
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(name) => format!("<{name}>"),
            Part::Base64(_) => "<…>".to_owned(),
        })
        .collect();
    text.strip_prefix("https://").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_reads_as_people_write_it() {
        let template = Template::parse("https://{api-hostname}/path").unwrap();
        assert_eq!(place(&template), "<api-hostname>/path");
    }
}
