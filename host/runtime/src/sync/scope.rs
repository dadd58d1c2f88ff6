//! What is part of a run, and what makes two runs the same.

use std::path::Path;

use accord_c1z::model::{ResourceId, ResourceType, Timestamp};
use accord_c1z::schema::FileProfile;
use accord_c1z::work::{CollectionRecord, Identity};

use crate::configuration::Configuration;
use crate::manifest::Manifest;
use crate::problem::{Category, Problem};
use crate::tape::Header;

use super::coverage::{AllowedGaps, Verdict, verdict};
use super::run::{Setup, SyncOptions, TapeMode};

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Resource type ids; empty: all that the configuration opts into.
    pub resource_types: Vec<String>,
    /// Only these resources; empty: all.
    pub resources: Vec<ResourceId>,
    /// Neither entitlements nor grants.
    pub resources_only: bool,
}

/// Which resource types are part of the run.
pub(super) struct Selection {
    pub(super) selected: Vec<ResourceType>,
    pub(super) deselected: Vec<String>,
}

impl Selection {
    pub(super) fn new(manifest: &Manifest, configuration: &Configuration, scope: &Scope) -> Result<Self, Problem> {
        let known: Vec<&str> = manifest.resource_types.iter().map(|declared| declared.id.as_str()).collect();
        if let Some(unknown) = scope.resource_types.iter().find(|id| !known.contains(&id.as_str())) {
            return Err(Problem::new(
                Category::Usage,
                "CONF-003",
                format!("{} has no resource type `{unknown}`", manifest.id),
            )
            .line("known", known.join(", "))
            .remedy("name resource types of this list with --sync-resource-types"));
        }
        let mut selection = Self { selected: Vec::new(), deselected: Vec::new() };
        for declared in &manifest.resource_types {
            let opted_in = declared.opt_in.as_ref().is_none_or(|field| configuration.is_set(field));
            let named = scope.resource_types.is_empty() || scope.resource_types.contains(&declared.id);
            if opted_in && named {
                selection.selected.push(declared.into());
            } else {
                selection.deselected.push(declared.id.clone());
            }
        }
        Ok(selection)
    }

    pub(super) fn wants(&self, id: &str) -> bool {
        self.selected.iter().any(|selected| selected.id == id)
    }
}

/// What a work file must agree on to be resumed.
///
/// The tape is part of it: one that was begun in the middle would lack pages, and two tapes must not be mixed.
pub(super) fn identity(setup: &Setup<'_>, options: &SyncOptions) -> Identity {
    let mut identity = Identity::new();
    identity.insert("plugin".into(), setup.package.digest.clone());
    identity.insert("host".into(), env!("CARGO_PKG_VERSION").into());
    identity.insert("interface".into(), setup.package.manifest.interface.clone());
    identity.insert("resource types".into(), options.scope.resource_types.join(","));
    let resources: Vec<String> =
        options.scope.resources.iter().map(|id| format!("{}:{}", id.resource_type, id.resource)).collect();
    identity.insert("resources".into(), resources.join(","));
    let file_profile = match options.file_profile {
        FileProfile::Current => "current",
        FileProfile::Compat07 => "compat-0.7",
    };
    identity.insert("file profile".into(), file_profile.into());
    identity.insert("resources only".into(), options.scope.resources_only.to_string());
    identity.insert("tape".into(), tape(&options.tape));
    for (name, text) in setup.configuration.identity() {
        identity.insert(format!("configuration {name}"), text.clone());
    }
    identity
}

/// A listing whose gap an earlier run was allowed and this one is not. What was allowed is no part of the identity: who is
/// told that a gap can be allowed shall not read everything again for it.
pub(super) fn gap_no_longer_allowed(
    records: &[CollectionRecord],
    manifest: &Manifest,
    allowed: &AllowedGaps,
) -> Option<String> {
    let stops = |record: &&CollectionRecord| {
        let gap = record.gap.as_ref().filter(|gap| gap.lost);
        let collection = manifest.collections.iter().find(|collection| collection.name == record.address.name);
        let Some((gap, collection)) = gap.zip(collection) else { return false };
        let rule = if gap.permission.is_some() { collection.forbidden } else { collection.lost };
        matches!(verdict(rule, allowed.allows(&collection.name, &collection.yields)), Verdict::Stop { .. })
    };
    records.iter().find(stops).map(|record| record.address.to_string())
}

fn tape(mode: &TapeMode) -> String {
    let text = |verb: &str, folder: &Path| {
        // Without a current folder the name as it was given has to do.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        format!("{verb} {}", folder.display())
    };
    match mode {
        TapeMode::Off => "none".to_owned(),
        TapeMode::Record(folder) => text("recorded to", folder),
        TapeMode::Replay(folder) => text("replayed from", folder),
    }
}

pub(super) fn header(setup: &Setup<'_>, started_at: Timestamp, sync_id: &str) -> Header {
    Header {
        version: crate::tape::version(),
        plugin: setup.package.manifest.id.clone(),
        plugin_version: setup.package.manifest.version.clone(),
        interface: setup.package.manifest.interface.clone(),
        configuration: setup.configuration.identity().clone(),
        secrets: setup
            .package
            .manifest
            .config
            .iter()
            .filter(|field| field.is_secret() && setup.configuration.is_set(&field.name))
            .map(|field| field.name.clone())
            .collect(),
        started_at: started_at.seconds,
        sync_id: sync_id.to_owned(),
    }
}
