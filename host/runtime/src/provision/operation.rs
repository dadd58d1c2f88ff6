//! What can be asked for, and the texts by which the field names it.

use accord_c1z::model::{Profile, ResourceId};

use crate::manifest::{Export, Manifest};

/// One change, or a question about one that is under way.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    Grant { entitlement: EntitlementKey, principal: ResourceId },
    Revoke { entitlement: EntitlementKey, principal: ResourceId },
    CreateAccount(AccountRequest),
    DeleteResource(ResourceId),
    RotateCredential(ResourceId),
    InvokeAction { name: String, resource_type: Option<String>, arguments: Profile },
    ActionStatus { name: String, id: String },
}

/// An entitlement, by the resource that it belongs to and what one has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementKey {
    pub id: String,
    pub resource: ResourceId,
    pub slug: String,
}

/// A new account.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountRequest {
    pub login: Option<String>,
    pub email: Option<String>,
    /// Fields of the manifest's account schema.
    pub profile: Profile,
    pub credential: CredentialOption,
}

/// How the new account proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialOption {
    NoPassword,
    /// Its length, 0 for the connector's choice.
    RandomPassword(u32),
    Sso,
}

impl Operation {
    pub fn export(&self) -> Export {
        match self {
            Self::Grant { .. } => Export::Grant,
            Self::Revoke { .. } => Export::Revoke,
            Self::CreateAccount(_) => Export::CreateAccount,
            Self::DeleteResource(_) => Export::DeleteResource,
            Self::RotateCredential(_) => Export::RotateCredential,
            Self::InvokeAction { .. } => Export::InvokeAction,
            Self::ActionStatus { .. } => Export::ActionStatus,
        }
    }

    /// What is not known if it ends without an answer: reads after "nobody knows whether".
    pub(super) fn question(&self) -> String {
        match self {
            Self::Grant { entitlement, principal } => format!("{} has `{}` now", named(principal), entitlement.id),
            Self::Revoke { entitlement, principal } => {
                format!("{} still has `{}`", named(principal), entitlement.id)
            }
            Self::CreateAccount(_) => "the account exists now".to_owned(),
            Self::DeleteResource(id) => format!("{} still exists", named(id)),
            Self::RotateCredential(id) => format!("the credentials of {} are the old or the new ones", named(id)),
            Self::InvokeAction { name, .. } => format!("`{name}` was done"),
            Self::ActionStatus { name, .. } => format!("`{name}` is done"),
        }
    }
}

fn named(id: &ResourceId) -> String {
    format!("{} `{}`", id.resource_type, id.resource)
}

impl EntitlementKey {
    /// `<resource type>:<resource>:<slug>` taken apart, as far as that can be known from the text: a resource's id may
    /// hold colons, so the slug is what stands behind the last one.
    pub fn conventional(manifest: &Manifest, id: &str) -> Option<Self> {
        let (resource_type, rest) = id.split_once(':')?;
        manifest.resource_types.iter().find(|declared| declared.id == resource_type)?;
        let (resource, slug) = rest.rsplit_once(':')?;
        if resource.is_empty() || slug.is_empty() {
            return None;
        }
        let resource = ResourceId { resource_type: resource_type.to_owned(), resource: resource.to_owned() };
        Some(Self { id: id.to_owned(), resource, slug: slug.to_owned() })
    }

    /// Every way to read `<entitlement id>:<principal type>:<principal>`: ids may hold colons and words that are types.
    pub fn of_conventional_grant(manifest: &Manifest, id: &str) -> Vec<(Self, ResourceId)> {
        let mut readings = Vec::new();
        for (at, _) in id.match_indices(':') {
            let (entitlement, rest) = id.split_at(at);
            let Some((resource_type, resource)) = rest.get(1..).and_then(|rest| rest.split_once(':')) else { continue };
            let declared = manifest.resource_types.iter().any(|declared| declared.id == resource_type);
            if declared
                && !resource.is_empty()
                && let Some(key) = Self::conventional(manifest, entitlement)
            {
                let principal = ResourceId { resource_type: resource_type.to_owned(), resource: resource.to_owned() };
                readings.push((key, principal));
            }
        }
        readings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let text = "
            [plugin]
            id = \"acme\"
            name = \"Acme\"
            description = \"Acme\"
            version = \"0.1.0\"
            interface = \"0.1\"
            [[resource-type]]
            id = \"group\"
            name = \"Group\"
            [[resource-type]]
            id = \"user\"
            name = \"User\"
            [[collection]]
            name = \"all\"
            yields = [\"group\", \"user\"]
        ";
        Manifest::parse(text).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    #[test]
    fn a_conventional_id_is_taken_apart_by_the_types_that_there_are() {
        let manifest = manifest();
        let key = EntitlementKey::conventional(&manifest, "group:urn:a:b:member").unwrap();
        assert_eq!((key.resource.resource.as_str(), key.slug.as_str()), ("urn:a:b", "member"));
        for other in ["", "group", "group:member", "team:1:member", "group::member", "group:1:"] {
            assert_eq!(EntitlementKey::conventional(&manifest, other), None, "{other}");
        }
    }

    #[test]
    fn a_grant_id_with_two_readings_has_two() {
        let manifest = manifest();
        let readings = |id: &str| EntitlementKey::of_conventional_grant(&manifest, id);
        let [(key, principal)] = &readings("group:1:member:user:2:3")[..] else { panic!() };
        assert_eq!((key.id.as_str(), principal.resource.as_str()), ("group:1:member", "2:3"));
        assert_eq!(readings("group:1:member:user:2:user:3").len(), 2);
        assert_eq!(readings("group:1:member").len(), 0);
    }
}
