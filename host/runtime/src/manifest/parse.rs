//! From TOML to a [`Manifest`]. What each table may hold is in `tables`, rules across tables in `check`.

use std::fmt;

use toml::de::DeTable;

use super::account::{Account, Action};
use super::check;
use super::collect::{Collection, ResourceType};
use super::field::{Constraint, Field};
use super::network::{Credential, Egress, Origin, Rate};
use super::reader::{Problems, Table};
use super::tables::{collect, config, network};

/// A checked manifest: every name in it means something.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub id: String,
    pub name: String,
    pub description: String,
    pub version: String,
    /// The interface version it was made for: `0.1`.
    pub interface: String,
    /// A page about the target's API, or empty.
    pub docs: String,
    pub limits: WantedLimits,
    pub config: Vec<Field>,
    pub constraints: Vec<Constraint>,
    pub resource_types: Vec<ResourceType>,
    pub collections: Vec<Collection>,
    pub origins: Vec<Origin>,
    pub credentials: Vec<Credential>,
    pub rates: Vec<Rate>,
    pub egress: Vec<Egress>,
    pub account: Option<Account>,
    pub actions: Vec<Action>,
}

/// Limits that a connector asks for. Less than the host's own counts, more does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedLimits {
    pub memory_mib: Option<u32>,
    pub max_response_bytes: Option<u64>,
    /// For one attempt of a request, from the first byte sent to the last one received.
    pub request_seconds: Option<u32>,
    /// How many instances run at a time.
    pub workers: Option<u32>,
}

/// One fault of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ManifestProblem {
    /// The line, from 1.
    pub line: usize,
    /// The table: `[[collection]] users`.
    pub place: String,
    pub message: String,
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.place, self.message)
    }
}

/// The largest manifest that is read.
const MAX_BYTES: usize = 64 << 10;

impl Manifest {
    /// Reads and checks a manifest. The error holds every fault that was found, in the order of the lines.
    pub fn parse(text: &str) -> Result<Self, Vec<ManifestProblem>> {
        let problems = Problems::new(text);
        if text.len() > MAX_BYTES {
            problems.report(0, "manifest", format!("{} bytes, at most {MAX_BYTES} are read", text.len()));
            return Err(problems.into_found());
        }
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                problems.report(error.span().map_or(0, |span| span.start), "manifest", error.message());
                return Err(problems.into_found());
            }
        };
        let manifest = read(&Table::root(&document, &problems));
        check::check(&manifest, &problems);
        let found = problems.into_found();
        if found.is_empty() { Ok(manifest) } else { Err(found) }
    }

    /// The configuration field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.config.iter().find(|field| field.name == name)
    }

    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    pub fn resource_type(&self, id: &str) -> Option<&ResourceType> {
        self.resource_types.iter().find(|resource_type| resource_type.id == id)
    }
}

fn read(root: &Table<'_>) -> Manifest {
    let mut manifest = Manifest {
        id: String::new(),
        name: String::new(),
        description: String::new(),
        version: String::new(),
        interface: String::new(),
        docs: String::new(),
        limits: root.table("limits").map(limits).unwrap_or_default(),
        config: root.tables("config", "name").into_iter().map(config::field).collect(),
        constraints: root.tables("constraint", "kind").into_iter().filter_map(config::constraint).collect(),
        resource_types: root.tables("resource-type", "id").into_iter().map(collect::resource_type).collect(),
        collections: root.tables("collection", "name").into_iter().map(collect::collection).collect(),
        origins: root.tables("origin", "name").into_iter().map(network::origin).collect(),
        credentials: root.tables("credential", "id").into_iter().filter_map(network::credential).collect(),
        rates: root.tables("rate", "name").into_iter().map(network::rate).collect(),
        egress: root.tables("egress", "").into_iter().map(network::egress).collect(),
        account: root.table("account").map(collect::account),
        actions: root.tables("action", "name").into_iter().map(collect::action).collect(),
    };
    match root.table("plugin") {
        Some(plugin) => {
            manifest.id = plugin.name("id");
            manifest.name = plugin.required("name");
            manifest.description = plugin.text("description").unwrap_or_default();
            manifest.version = plugin.required("version");
            manifest.interface = plugin.required("interface");
            manifest.docs = plugin.text("docs").unwrap_or_default();
            plugin.finish();
        }
        None => root.report("plugin", "`[plugin]` is missing"),
    }
    root.finish();
    manifest
}

fn limits(table: Table<'_>) -> WantedLimits {
    let limits = WantedLimits {
        memory_mib: table.count("memory-mib", 1..=4096),
        max_response_bytes: table
            .integer("max-response-bytes", 1..=1 << 30)
            .and_then(|bytes| u64::try_from(bytes).ok()),
        request_seconds: table.count("request-seconds", 1..=3600),
        workers: table.count("workers", 1..=64),
    };
    table.finish();
    limits
}
