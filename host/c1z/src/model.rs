//! Rows as a connector hands them over: plain Rust, one struct per row kind, before anything is encoded.
//!
//! The shapes mirror `wit/connector-0.1.0` (`interface types`); field rules and truncation are applied when a row is
//! staged. What a *file* holds is protobuf, see `proto`.

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// One value of a profile.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    /// Beyond ±2^53 the file keeps it as text.
    Int(i64),
    Number(f64),
    Flag(bool),
    Items(Vec<String>),
    /// Any JSON text.
    Json(String),
}

/// Free facts in the order given; a file keeps them sorted by name.
pub type Profile = Vec<(String, Value)>;

/// Names one resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    pub resource_type: String,
    pub resource: String,
}

/// What a resource type promises of its resources (`ResourceType.Trait` of the connector protobuf).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraitKind {
    User,
    Group,
    Role,
    App,
    Secret,
}

/// A resource type, as the manifest declares it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceType {
    pub id: String,
    pub display_name: String,
    pub description: String,
    pub traits: Vec<TraitKind>,
    pub skip_entitlements_and_grants: bool,
    pub skip_entitlements: bool,
    /// Upstream permissions that syncing the type needs.
    pub permissions: Vec<String>,
    pub opt_in_required: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Unspecified,
    Enabled,
    Disabled,
    Deleted,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    pub state: State,
    pub details: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    pub address: String,
    pub primary: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountType {
    #[default]
    Unspecified,
    Human,
    Service,
    System,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StructuredName {
    pub given_name: String,
    pub family_name: String,
    pub middle_names: Vec<String>,
    pub prefix: String,
    pub suffix: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserTrait {
    pub emails: Vec<Email>,
    pub login: String,
    pub login_aliases: Vec<String>,
    pub account_type: AccountType,
    pub last_login: Option<Timestamp>,
    pub mfa_enabled: Option<bool>,
    pub sso_enabled: Option<bool>,
    pub structured_name: Option<StructuredName>,
    pub employee_ids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupTrait {
    pub source_type: String,
    pub raw_source_type: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleScope {
    pub kind: String,
    pub expressions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleTrait {
    pub scope: Option<RoleScope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppFlag {
    Hidden,
    Inactive,
    Saml,
    Oidc,
    Bookmark,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppTrait {
    pub help_url: String,
    pub flags: Vec<AppFlag>,
    pub source_type: String,
    pub raw_source_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CredentialType {
    #[default]
    Unspecified,
    StaticSecret,
    AsymmetricKey,
    Certificate,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretTrait {
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub created_by: Option<ResourceId>,
    pub identity: Option<ResourceId>,
    pub credential_type: CredentialType,
    pub credential_detail: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Trait {
    User(UserTrait),
    Group(GroupTrait),
    Role(RoleTrait),
    App(AppTrait),
    Secret(SecretTrait),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonHumanIdentity {
    #[default]
    Unspecified,
    AppRegistration,
    AssumableRole,
    ManagedIdentity,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ResourceAnnotation {
    ChildResourceType(String),
    ExternalLink(String),
    RawId(String),
    V1Identifier(String),
    Aliases(Vec<String>),
    NonHumanIdentity(NonHumanIdentity, String),
    SkipEntitlementsAndGrants,
    SkipEntitlements,
    SkipGrants,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub id: ResourceId,
    pub parent: Option<ResourceId>,
    pub display_name: String,
    pub description: String,
    pub profile: Profile,
    pub status: Option<Status>,
    pub created_at: Option<Timestamp>,
    pub traits: Vec<Trait>,
    pub annotations: Vec<ResourceAnnotation>,
    /// Counts only if no full row has this id.
    pub stub: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    #[default]
    Unspecified,
    Assignment,
    Permission,
    Ownership,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionGroup {
    pub id: String,
    pub order: u32,
    pub is_default: bool,
    pub scope_to_resource: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EntitlementAnnotation {
    /// Empty text: no source.
    Immutable(String),
    ExclusionGroup(ExclusionGroup),
    ExternalLink(String),
    RawId(String),
    V1Identifier(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entitlement {
    /// None: `<resource type>:<resource>:<slug>`.
    pub id: Option<String>,
    pub resource: ResourceId,
    pub slug: String,
    pub display_name: String,
    pub description: String,
    pub purpose: Purpose,
    pub grantable_to: Vec<String>,
    pub annotations: Vec<EntitlementAnnotation>,
    /// Counts only if no full row has this id.
    pub stub: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    pub entitlement_ids: Vec<String>,
    pub shallow: bool,
    pub resource_type_ids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum GrantAnnotation {
    /// Empty text: no source.
    Immutable(String),
    Metadata(Profile),
    RawId(String),
    V1Identifier(String),
    ExternalResourceMatch {
        kind: TraitKind,
        key: String,
        value: String,
    },
    ExternalResourceMatchAll(TraitKind),
    ExternalResourceMatchId(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// None: `<entitlement id>:<principal type>:<principal>`.
    pub id: Option<String>,
    pub entitlement: String,
    pub entitlement_resource: ResourceId,
    pub principal: ResourceId,
    pub expansion: Option<Expansion>,
    pub annotations: Vec<GrantAnnotation>,
}

/// An entitlement by its id and the resource that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedEntitlement {
    pub id: String,
    pub resource: ResourceId,
}

/// Grants that are nothing but who has what, with each id once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlainGrants {
    pub(crate) entitlements: Vec<GrantedEntitlement>,
    pub(crate) principals: Vec<ResourceId>,
    pub(crate) places: Vec<(u32, u32)>,
}

impl PlainGrants {
    /// `places` are those of each grant's entitlement and principal. None if one of them is in no list.
    pub fn new(
        entitlements: Vec<GrantedEntitlement>,
        principals: Vec<ResourceId>,
        places: Vec<(u32, u32)>,
    ) -> Option<Self> {
        let fits = |&(entitlement, principal): &(u32, u32)| {
            (entitlement as usize) < entitlements.len() && (principal as usize) < principals.len()
        };
        places.iter().all(fits).then_some(Self { entitlements, principals, places })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Each as a row.
    pub fn grants(&self) -> impl Iterator<Item = Grant> {
        self.places.iter().filter_map(|(entitlement, principal)| {
            let entitlement = self.entitlements.get(*entitlement as usize)?;
            Some(Grant {
                id: None,
                entitlement: entitlement.id.clone(),
                entitlement_resource: entitlement.resource.clone(),
                principal: self.principals.get(*principal as usize)?.clone(),
                expansion: None,
                annotations: Vec::new(),
            })
        })
    }
}

/// What one page pushed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    pub resources: Vec<Resource>,
    pub entitlements: Vec<Entitlement>,
    pub grants: Vec<Grant>,
    pub plain_grants: Vec<PlainGrants>,
}
