//! What a connector collects: resource types, and the listings that yield them.

use accord_c1z::model;

/// A kind of resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceType {
    pub id: String,
    pub name: String,
    pub description: String,
    pub traits: Vec<model::TraitKind>,
    /// Grants on it can be made and revoked.
    pub provisions: bool,
    /// Its resources can be deleted.
    pub deletes: bool,
    /// Its credentials can be rotated.
    pub rotates: bool,
    /// Collected only if this boolean field is true.
    pub opt_in: Option<String>,
    /// Upstream permissions that it needs.
    pub permissions: Vec<String>,
    pub skip_entitlements: bool,
    pub skip_entitlements_and_grants: bool,
}

impl From<&ResourceType> for model::ResourceType {
    fn from(declared: &ResourceType) -> Self {
        Self {
            id: declared.id.clone(),
            display_name: declared.name.clone(),
            description: declared.description.clone(),
            traits: declared.traits.clone(),
            skip_entitlements_and_grants: declared.skip_entitlements_and_grants,
            skip_entitlements: declared.skip_entitlements,
            permissions: declared.permissions.clone(),
            opt_in_required: declared.opt_in.is_some(),
        }
    }
}

/// One listing that must be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub name: String,
    /// Ids of the resource types that it concerns.
    pub yields: Vec<String>,
    /// Names of the collections that must be settled before it starts.
    pub after: Vec<String>,
    /// Names of the collections whose listings this one may find.
    pub discovers: Vec<String>,
    /// What its key is, in words, when there is one listing for each key.
    pub key: Option<String>,
    /// The upstream permission that it needs, as the target's console shows it.
    pub permission: Option<String>,
    /// What to do when the target refuses it.
    pub forbidden: Rule,
    /// What to do when it cannot be read to its end.
    pub lost: Rule,
}

/// What an unreadable listing means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// The run ends.
    #[default]
    Fail,
    /// A gap, which the operator must allow.
    Gap,
    /// A gap that is told but needs no leave.
    Accept,
    /// Nothing but decoration is lost.
    Degrade,
}
