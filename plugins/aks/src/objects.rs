//! The objects of Kubernetes, as far as they are told. One struct is for all kinds: what a kind does not have is empty.

use accord_sdk::json::{self, FromJson, Json, List, Object as Members, Problem, Text, Verbatim};
use accord_sdk::types::Value;
use accord_sdk::{Resource, Timestamp};

use crate::rules::Rule;
use crate::subjects::Subject;

/// Longer values of labels and annotations are somebody's documents, not facts about access.
const LONGEST_VALUE: usize = 256;

/// A namespace, service account, role or binding.
#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Object {
    pub(crate) metadata: Metadata,
    /// Of a namespace.
    pub(crate) status: Status,
    /// Of a service account.
    pub(crate) secrets: List<Reference>,
    pub(crate) image_pull_secrets: List<Reference>,
    pub(crate) automount_service_account_token: Option<bool>,
    /// Of a role.
    pub(crate) rules: List<Rule>,
    pub(crate) aggregation_rule: Option<Verbatim>,
    /// Of a binding.
    pub(crate) subjects: List<Subject>,
    pub(crate) role_ref: Reference,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Status {
    pub(crate) phase: Text,
}

/// The name of another object, and of what kind it is where that is not clear.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Reference {
    pub(crate) kind: Text,
    pub(crate) name: Text,
}

/// `metadata`; the managed fields, most of the bytes, are skipped.
#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: Text,
    pub(crate) namespace: Text,
    uid: Text,
    creation_timestamp: Text,
    labels: Pairs,
    annotations: Pairs,
}

impl Metadata {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name)
    }

    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name)
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
            .profile("labels", self.labels.told())
            .profile("annotations", self.annotations.told())
            .created_at(Timestamp::rfc3339(&self.creation_timestamp))
    }
}

/// Labels or annotations, in the order of the answer, which is that of the names.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Those with short values, as JSON.
    fn told(&self) -> Option<Value> {
        let short = self.0.iter().filter(|(name, value)| {
            value.len() <= LONGEST_VALUE && name != "kubectl.kubernetes.io/last-applied-configuration"
        });
        let members: Vec<String> =
            short.map(|(name, value)| [json::quoted(name), json::quoted(value)].join(":")).collect();
        (!members.is_empty()).then(|| Value::Json(format!("{{{}}}", members.join(","))))
    }
}

impl FromJson for Pairs {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        if json.is_nothing() {
            return Self::default();
        }
        let mut members = Members::new(json, problem);
        let names = json.members().into_iter().flatten().map(|(name, _)| name);
        Self(names.map(|name| (name.to_owned(), members.read(name))).collect())
    }
}
