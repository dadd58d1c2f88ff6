//! Constructors for rows, with the field's conventions for ids.

use crate::types::{
    AccountType, AppTrait, CredentialType, Email, Entitlement, EntitlementAnnotation, EntitlementKey, Expansion,
    Failure, Grant, GrantAnnotation, GroupTrait, Purpose, Resource, ResourceAnnotation, ResourceId, RoleTrait,
    SecretTrait, State, Status, StructuredName, Timestamp, Trait, UserTrait, Value,
};

/// The id of an entitlement, `<resource type>:<resource>:<slug>`. Never take it apart again: ids may contain `:`.
pub fn entitlement_id(resource: &ResourceId, slug: &str) -> String {
    [&resource.resource_type, ":", &resource.resource, ":", slug].concat()
}

impl ResourceId {
    /// The resource of a type with the target's own id.
    pub fn new(resource_type: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { resource_type: resource_type.into(), resource: resource.into() }
    }

    /// The target's own id where it is 1 to 64 letters, digits, `-` and `_`, as may stand in a path. Any other is refused:
    /// the target cannot have given it. The remedy says what its ids are like.
    pub fn plain(&self, remedy: &str) -> Result<&str, Failure> {
        let Self { resource_type, resource } = self;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if (1..=64).contains(&resource.len()) && resource.bytes().all(fits) {
            return Ok(resource);
        }
        let message = format!("`{}` cannot be the id of a {resource_type}", resource.escape_debug());
        Err(Failure::refused(message, remedy))
    }
}

impl From<&ResourceId> for ResourceId {
    fn from(id: &ResourceId) -> Self {
        id.clone()
    }
}

impl Resource {
    /// A resource of a type that the manifest declares.
    pub fn new(resource_type: impl Into<String>, id: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self {
            id: ResourceId::new(resource_type, id),
            parent: None,
            display_name: display_name.into(),
            description: String::new(),
            profile: Vec::new(),
            status: None,
            created_at: None,
            traits: Vec::new(),
            annotations: Vec::new(),
            stub: false,
        }
    }

    /// Below another resource.
    #[must_use]
    pub fn parent(mut self, parent: &ResourceId) -> Self {
        self.parent = Some(parent.clone());
        self
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// A fact about it. Empty text, empty lists and None are left out.
    #[must_use]
    pub fn profile(mut self, name: &str, value: impl IntoValue) -> Self {
        if let Some(value) = value.into_value() {
            self.profile.push((name.into(), value));
        }
        self
    }

    /// Whether it is in use, with the target's own word for it.
    #[must_use]
    pub fn status(mut self, state: State, details: impl Into<String>) -> Self {
        self.status = Some(Status { state, details: details.into() });
        self
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(mut self, moment: Option<Timestamp>) -> Self {
        self.created_at = moment;
        self
    }

    /// What kind of thing it is.
    #[must_use]
    pub fn with(mut self, kind: impl Into<Trait>) -> Self {
        self.traits.push(kind.into());
        self
    }

    /// Anything else that is to be said about it.
    #[must_use]
    pub fn annotate(mut self, annotation: ResourceAnnotation) -> Self {
        self.annotations.push(annotation);
        self
    }

    /// Announces that resources of these types have this one as their parent. Order is kept.
    #[must_use]
    pub fn children(mut self, resource_types: &[&str]) -> Self {
        let children = resource_types.iter().map(|&child| ResourceAnnotation::ChildResourceType(child.into()));
        self.annotations.extend(children);
        self
    }

    /// Only a stand-in: it counts if no full row has this id.
    #[must_use]
    pub fn stub(mut self) -> Self {
        self.stub = true;
        self
    }

    /// An entitlement to be assigned to this resource, such as `member`. It is a stub if the resource is one.
    pub fn entitlement(&self, slug: &str) -> Entitlement {
        Entitlement { stub: self.stub, ..Entitlement::new(&self.id, slug) }
    }
}

impl Entitlement {
    /// Something that one can have at a resource, by default an assignment.
    pub fn new(resource: &ResourceId, slug: &str) -> Self {
        Self {
            id: None,
            resource: resource.clone(),
            slug: slug.into(),
            display_name: slug.into(),
            description: String::new(),
            purpose: Purpose::Assignment,
            grantable_to: Vec::new(),
            annotations: Vec::new(),
            stub: false,
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// What it allows.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// What kind of thing one has with it.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// A resource type whose resources can have it.
    #[must_use]
    pub fn grantable_to(mut self, resource_type: &str) -> Self {
        self.grantable_to.push(resource_type.into());
        self
    }

    /// Anything else that is to be said about it.
    #[must_use]
    pub fn annotate(mut self, annotation: EntitlementAnnotation) -> Self {
        self.annotations.push(annotation);
        self
    }

    /// Its id, also where that is left to convention.
    pub fn identifier(&self) -> String {
        self.id.clone().unwrap_or_else(|| entitlement_id(&self.resource, &self.slug))
    }
}

impl EntitlementKey {
    /// The entitlement of a slug at a resource.
    pub fn new(resource: ResourceId, slug: &str) -> Self {
        Self { id: entitlement_id(&resource, slug), resource, slug: slug.into() }
    }
}

impl Grant {
    /// A principal has the entitlement of this slug at a resource. An id that is not needed any more need not be
    /// borrowed: of a row that is made a hundred thousand times, each copy counts.
    pub fn new(resource: impl Into<ResourceId>, slug: &str, principal: ResourceId) -> Self {
        let resource = resource.into();
        Self {
            id: None,
            entitlement: entitlement_id(&resource, slug),
            entitlement_resource: resource,
            principal,
            expansion: None,
            annotations: Vec::new(),
        }
    }

    /// Whoever holds one of these entitlements of the principal also holds this grant's.
    #[must_use]
    pub fn expand(mut self, entitlement_ids: Vec<String>) -> Self {
        self.expansion = Some(Expansion { entitlement_ids, shallow: false, resource_type_ids: Vec::new() });
        self
    }

    /// Anything else that is to be said about it.
    #[must_use]
    pub fn annotate(mut self, annotation: GrantAnnotation) -> Self {
        self.annotations.push(annotation);
        self
    }

    /// Its id, also where that is left to convention: `<entitlement>:<principal type>:<principal>`.
    pub fn identifier(&self) -> String {
        let composed = || format!("{}:{}:{}", self.entitlement, self.principal.resource_type, self.principal.resource);
        self.id.clone().unwrap_or_else(composed)
    }
}

impl UserTrait {
    /// A person.
    pub fn human() -> Self {
        Self::of(AccountType::Human)
    }

    /// A service's account.
    pub fn service() -> Self {
        Self::of(AccountType::Service)
    }

    /// An account of a type.
    pub fn of(account_type: AccountType) -> Self {
        Self {
            emails: Vec::new(),
            login: String::new(),
            login_aliases: Vec::new(),
            account_type,
            last_login: None,
            mfa_enabled: None,
            sso_enabled: None,
            structured_name: None,
            employee_ids: Vec::new(),
        }
    }

    /// An address; the first is the primary one, and empty text is none. The host drops what is not an address.
    #[must_use]
    pub fn email(mut self, address: impl Into<String>) -> Self {
        let address = address.into();
        if !address.is_empty() {
            self.emails.push(Email { address, primary: self.emails.is_empty() });
        }
        self
    }

    /// What they log in with.
    #[must_use]
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.login = login.into();
        self
    }

    /// What else they log in with.
    #[must_use]
    pub fn login_aliases(mut self, aliases: Vec<String>) -> Self {
        self.login_aliases = aliases;
        self
    }

    /// When they last logged in.
    #[must_use]
    pub fn last_login(mut self, moment: Option<Timestamp>) -> Self {
        self.last_login = moment;
        self
    }

    /// Whether a second factor is demanded of them, where the target says so.
    #[must_use]
    pub fn mfa(mut self, enabled: Option<bool>) -> Self {
        self.mfa_enabled = enabled;
        self
    }

    /// Whether they log in through an identity provider, where the target says so.
    #[must_use]
    pub fn sso(mut self, enabled: Option<bool>) -> Self {
        self.sso_enabled = enabled;
        self
    }

    /// Given and family name, where the target keeps them apart; nothing if both are empty.
    #[must_use]
    pub fn name(mut self, given: &str, family: &str) -> Self {
        if !(given.is_empty() && family.is_empty()) {
            self.structured_name = Some(StructuredName {
                given_name: given.into(),
                family_name: family.into(),
                middle_names: Vec::new(),
                prefix: String::new(),
                suffix: String::new(),
            });
        }
        self
    }
}

impl GroupTrait {
    /// A group whose kind is not told.
    pub fn plain() -> Self {
        Self { source_type: String::new(), raw_source_type: String::new() }
    }
}

impl RoleTrait {
    /// A role that holds everywhere.
    pub fn unscoped() -> Self {
        Self { scope: None }
    }
}

impl AppTrait {
    /// An application of which nothing more is told.
    pub fn plain() -> Self {
        Self {
            help_url: String::new(),
            app_flags: Vec::new(),
            source_type: String::new(),
            raw_source_type: String::new(),
        }
    }
}

impl SecretTrait {
    /// A key, token or certificate.
    pub fn of(credential_type: CredentialType) -> Self {
        Self {
            expires_at: None,
            last_used_at: None,
            created_by: None,
            identity: None,
            credential_type,
            credential_detail: String::new(),
        }
    }
}

macro_rules! kinds {
    ($($record:ident => $case:ident),*) => {
        $(impl From<$record> for Trait {
            fn from(record: $record) -> Self {
                Self::$case(record)
            }
        })*
    };
}
kinds!(UserTrait => User, GroupTrait => Group, RoleTrait => Role, AppTrait => App, SecretTrait => Secret);

/// What can be a profile's value; None is left out.
pub trait IntoValue {
    /// The value, if there is anything to tell.
    fn into_value(self) -> Option<Value>;
}

impl IntoValue for Value {
    fn into_value(self) -> Option<Value> {
        Some(self)
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::Text(self.into()))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Option<Value> {
        (!self.is_empty()).then_some(Value::Text(self))
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Option<Value> {
        Some(Value::Flag(self))
    }
}

impl IntoValue for i64 {
    fn into_value(self) -> Option<Value> {
        Some(Value::Int(self))
    }
}

impl IntoValue for usize {
    fn into_value(self) -> Option<Value> {
        i64::try_from(self).ok().map(Value::Int)
    }
}

impl IntoValue for f64 {
    fn into_value(self) -> Option<Value> {
        self.is_finite().then_some(Value::Number(self))
    }
}

impl IntoValue for Vec<String> {
    fn into_value(self) -> Option<Value> {
        (!self.is_empty()).then_some(Value::Items(self))
    }
}

impl IntoValue for Timestamp {
    fn into_value(self) -> Option<Value> {
        Some(Value::Text(self.to_string()))
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Option<Value> {
        self.and_then(T::into_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_conventions() {
        let group = Resource::new("group", "DG1", "VPN");
        let member = group.entitlement("member");
        assert_eq!(member.identifier(), "group:DG1:member");
        let grant = Grant::new(&group.id, "member", ResourceId::new("user", "DU1"));
        assert_eq!(grant.entitlement, member.identifier());
        assert_eq!(grant.identifier(), "group:DG1:member:user:DU1");
    }

    #[test]
    fn what_is_empty_stays_out_of_a_profile() {
        let user = Resource::new("user", "1", "")
            .profile("notes", "")
            .profile("aliases", Vec::new())
            .profile("last_login", None::<Timestamp>)
            .profile("enrolled", false);
        assert_eq!(user.profile, [("enrolled".to_string(), Value::Flag(false))]);
    }

    #[test]
    fn the_first_address_is_primary() {
        let user = UserTrait::human().email("").email("a@example.com").email("b@example.com");
        let primary: Vec<_> = user.emails.iter().map(|email| (email.address.as_str(), email.primary)).collect();
        assert_eq!(primary, [("a@example.com", true), ("b@example.com", false)]);
    }
}
