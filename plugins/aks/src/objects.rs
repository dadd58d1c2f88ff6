//! What all objects of Kubernetes have, and how it is told.

use std::collections::BTreeMap;

use accord_sdk::json::{FromJson, Text};
use accord_sdk::types::Value;
use accord_sdk::{Resource, Timestamp};

/// Longer values of labels and annotations are somebody's documents, not facts about access.
const LONGEST_VALUE: usize = 256;

/// `metadata`; the managed fields, most of the bytes, are skipped.
#[derive(FromJson, Default, Clone)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: Text,
    pub(crate) namespace: Text,
    pub(crate) uid: Text,
    pub(crate) creation_timestamp: Text,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

impl Metadata {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.as_ref()?.get(name).map(String::as_str)
    }

    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(name).map(String::as_str)
    }

    /// Kubernetes itself brings it and puts it back.
    pub(crate) fn is_built_in(&self) -> bool {
        self.label("kubernetes.io/bootstrapping") == Some("rbac-defaults")
    }

    /// AKS brings it and puts it back.
    pub(crate) fn is_managed(&self) -> bool {
        self.label("addonmanager.kubernetes.io/mode") == Some("Reconcile")
    }

    /// What is told of any object.
    pub(crate) fn describe(&self, resource: Resource) -> Resource {
        resource
            .profile("name", &*self.name)
            .profile("namespace", &*self.namespace)
            .profile("uid", &*self.uid)
            .profile("creationTimestamp", &*self.creation_timestamp)
            .profile("labels", short(self.labels.as_ref()))
            .profile("annotations", short(self.annotations.as_ref()))
            .created_at(Timestamp::rfc3339(&self.creation_timestamp))
    }
}

/// Short values only, as JSON.
fn short(pairs: Option<&BTreeMap<String, String>>) -> Option<Value> {
    let short = |(name, value): &(&String, &String)| {
        value.len() <= LONGEST_VALUE && *name != "kubectl.kubernetes.io/last-applied-configuration"
    };
    let kept: BTreeMap<_, _> = pairs?.iter().filter(short).collect();
    if kept.is_empty() { None } else { serde_json::to_string(&kept).ok().map(Value::Json) }
}
