//! How much text a row holds, in every field that can hold any: what is held until a page returns is bounded by it.

use crate::bindings::accord::connector::types as wit;

/// What an element of a list takes beside its text; the size of an empty string. Otherwise a list of nothings is free.
const ELEMENT: usize = 24;

/// The text in a value, in bytes.
pub(super) trait Weigh {
    fn weigh(&self) -> usize;
}

impl Weigh for String {
    fn weigh(&self) -> usize {
        self.len()
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn weigh(&self) -> usize {
        self.as_ref().map_or(0, T::weigh)
    }
}

impl<T: Weigh> Weigh for Vec<T> {
    fn weigh(&self) -> usize {
        self.iter().map(|element| element.weigh() + ELEMENT).sum()
    }
}

impl<A: Weigh, B: Weigh> Weigh for (A, B) {
    fn weigh(&self) -> usize {
        self.0.weigh() + self.1.weigh()
    }
}

/// Records as the sum of the fields named.
macro_rules! weigh {
    ($($record:ident { $($field:ident),* })*) => {$(
        impl Weigh for wit::$record {
            fn weigh(&self) -> usize {
                0 $(+ self.$field.weigh())*
            }
        }
    )*};
}

weigh! {
    ResourceId { resource_type, resource }
    Status { details }
    Email { address }
    StructuredName { given_name, family_name, middle_names, prefix, suffix }
    UserTrait { emails, login, login_aliases, structured_name, employee_ids }
    GroupTrait { source_type, raw_source_type }
    RoleScope { kind, expressions }
    RoleTrait { scope }
    AppTrait { help_url, app_flags, source_type, raw_source_type }
    SecretTrait { created_by, identity, credential_detail }
    Resource { id, parent, display_name, description, profile, status, traits, annotations }
    ExclusionGroup { id }
    Entitlement { id, resource, slug, display_name, description, grantable_to, annotations }
    Expansion { entitlement_ids, resource_type_ids }
    ExternalMatch { key, value }
    Grant { id, entitlement, entitlement_resource, principal, expansion, annotations }
    GrantedEntitlement { id, resource }
    PlainGrants { entitlements, principals, grants }
}

impl Weigh for u32 {
    fn weigh(&self) -> usize {
        0
    }
}

impl Weigh for wit::AppFlag {
    fn weigh(&self) -> usize {
        0
    }
}

impl Weigh for wit::NonHumanIdentity {
    fn weigh(&self) -> usize {
        0
    }
}

impl Weigh for wit::Value {
    fn weigh(&self) -> usize {
        match self {
            Self::Text(text) | Self::Json(text) => text.len(),
            Self::Items(items) => items.weigh(),
            Self::Int(_) | Self::Number(_) | Self::Flag(_) => 8,
        }
    }
}

impl Weigh for wit::Trait {
    fn weigh(&self) -> usize {
        match self {
            Self::User(user) => user.weigh(),
            Self::Group(group) => group.weigh(),
            Self::Role(role) => role.weigh(),
            Self::App(app) => app.weigh(),
            Self::Secret(secret) => secret.weigh(),
        }
    }
}

impl Weigh for wit::ResourceAnnotation {
    fn weigh(&self) -> usize {
        match self {
            Self::ChildResourceType(text) | Self::ExternalLink(text) | Self::RawId(text) | Self::V1Identifier(text) => {
                text.len()
            }
            Self::Aliases(aliases) => aliases.weigh(),
            Self::NonHumanIdentity(identity) => identity.weigh(),
            Self::SkipEntitlementsAndGrants | Self::SkipEntitlements | Self::SkipGrants => 0,
        }
    }
}

impl Weigh for wit::EntitlementAnnotation {
    fn weigh(&self) -> usize {
        match self {
            Self::Immutable(text) | Self::ExternalLink(text) | Self::RawId(text) | Self::V1Identifier(text) => {
                text.len()
            }
            Self::ExclusionGroup(group) => group.weigh(),
        }
    }
}

impl Weigh for wit::GrantAnnotation {
    fn weigh(&self) -> usize {
        match self {
            Self::Immutable(text)
            | Self::RawId(text)
            | Self::V1Identifier(text)
            | Self::ExternalResourceMatchId(text) => text.len(),
            Self::Metadata(pairs) => pairs.weigh(),
            Self::ExternalResourceMatch(wanted) => wanted.weigh(),
            Self::ExternalResourceMatchAll(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_weighs_wherever_it_stands() {
        let long = || "x".repeat(1_000);
        let id = |text: String| wit::ResourceId { resource_type: String::new(), resource: text };
        let annotated = |annotation| wit::Grant {
            id: None,
            entitlement: String::new(),
            entitlement_resource: id(String::new()),
            principal: id(String::new()),
            expansion: None,
            annotations: vec![annotation],
        };
        assert_eq!(annotated(wit::GrantAnnotation::RawId(long())).weigh(), 1_000 + ELEMENT);
        let pairs = vec![(long(), wit::Value::Items(vec![long()]))];
        assert_eq!(annotated(wit::GrantAnnotation::Metadata(pairs)).weigh(), 2_000 + 3 * ELEMENT);
        let name = wit::StructuredName {
            given_name: long(),
            family_name: long(),
            middle_names: vec![long()],
            prefix: long(),
            suffix: long(),
        };
        assert_eq!(name.weigh(), 5_000 + ELEMENT);
        assert_eq!(vec![String::new(); 1_000].weigh(), 1_000 * ELEMENT, "a list of nothings is not free");
    }
}
