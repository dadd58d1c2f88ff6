//! Messages that say something more about a row, packed into its `annotations`. Their place is told at each one.

use super::{PackedStruct, ResourceId, Timestamp, TraitKind};

/// An https page for people.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalLink {
    #[prost(string, tag = "1")]
    pub url: String,
}

/// The id in an earlier connector generation.
#[derive(Clone, PartialEq, prost::Message)]
pub struct V1Identifier {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// The source system's own id.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RawId {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// Alternative ids of a resource.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Aliases {
    #[prost(string, repeated, tag = "1")]
    pub ids: Vec<String>,
}

/// On a resource, repeatable: list that type again with this resource as parent.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ChildResourceType {
    #[prost(string, tag = "1")]
    pub resource_type_id: String,
}

/// On a type or resource: neither entitlements nor grants are listed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SkipEntitlementsAndGrants {}

/// On a type or resource: entitlements are not listed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SkipEntitlements {}

/// On a resource only: grants are not listed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SkipGrants {}

/// On a type: upstream permissions that it needs.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CapabilityPermissions {
    #[prost(message, repeated, tag = "1")]
    pub permissions: Vec<CapabilityPermission>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CapabilityPermission {
    #[prost(string, tag = "1")]
    pub permission: String,
}

/// On a type: synced only when asked for.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OptInRequired {}

/// On a type.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Deprecated {}

/// On a type.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SkipSyncAnomalyDetection {}

/// On a type: one call lists the entitlements of all its resources.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TypeScopedEntitlements {}

/// On a type: one call lists the grants of all its resources.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TypeScopedGrants {}

/// On an entitlement: cannot be requested or changed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EntitlementImmutable {
    #[prost(string, tag = "1")]
    pub source_id: String,
    #[prost(message, optional, tag = "2")]
    pub metadata: Option<PackedStruct>,
}

/// On entitlements that exclude each other.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EntitlementExclusionGroup {
    #[prost(string, tag = "1")]
    pub exclusion_group_id: String,
    #[prost(uint32, tag = "2")]
    pub order: u32,
    #[prost(bool, tag = "3")]
    pub is_default: bool,
    #[prost(bool, tag = "4")]
    pub scope_to_resource: bool,
}

/// On a grant: whoever holds one of these entitlements, which belong to the principal, also holds the grant's.
///
/// In current files these bytes stand in a column of their own; in older ones the annotation is in the grant.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantExpandable {
    #[prost(string, repeated, tag = "1")]
    pub entitlement_ids: Vec<String>,
    #[prost(bool, tag = "2")]
    pub shallow: bool,
    #[prost(string, repeated, tag = "3")]
    pub resource_type_ids: Vec<String>,
}

/// On a grant: cannot be revoked here. Expansion sets it on every grant that it makes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantImmutable {
    #[prost(string, tag = "1")]
    pub source_id: String,
    #[prost(message, optional, tag = "2")]
    pub metadata: Option<PackedStruct>,
}

/// On a grant: free facts.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantMetadata {
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<PackedStruct>,
}

/// On a listing's answer: also store the entitlement's resource.
#[derive(Clone, PartialEq, prost::Message)]
pub struct InsertResourceGrants {}

/// On a grant: its principals are found in another file by a profile value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalResourceMatch {
    #[prost(enumeration = "TraitKind", tag = "1")]
    pub resource_type: i32,
    #[prost(string, tag = "2")]
    pub key: String,
    #[prost(string, tag = "3")]
    pub value: String,
}

/// On a grant: its principals are all of a trait in another file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalResourceMatchAll {
    #[prost(enumeration = "TraitKind", tag = "1")]
    pub resource_type: i32,
}

/// On a grant: its principal is the one with this id in another file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalResourceMatchID {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// Marks principals copied from another file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BatonID {}

/// A provisioning answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantAlreadyExists {}

/// A provisioning answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantAlreadyRevoked {}

/// A provisioning answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrantReplaced {
    #[prost(string, tag = "1")]
    pub replaced_grant_id: String,
}

/// A provisioning answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResourceDeleted {
    #[prost(message, optional, tag = "1")]
    pub resource_id: Option<ResourceId>,
}

/// A provisioning answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResourceDoesNotExist {}

/// Obsolete; old files hold it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ETag {
    #[prost(string, tag = "1")]
    pub value: String,
    #[prost(string, tag = "2")]
    pub entitlement_id: String,
}

/// Obsolete; old files hold it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ETagMetadata {
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<PackedStruct>,
}

/// Obsolete; old files hold it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ETagMatch {
    #[prost(string, tag = "1")]
    pub entitlement_id: String,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RequestId {
    #[prost(string, tag = "1")]
    pub request_id: String,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitDescription {
    #[prost(enumeration = "RateLimitStatus", tag = "1")]
    pub status: i32,
    #[prost(int64, tag = "2")]
    pub limit: i64,
    #[prost(int64, tag = "3")]
    pub remaining: i64,
    #[prost(message, optional, tag = "4")]
    pub reset_at: Option<Timestamp>,
}

/// `RateLimitDescription.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum RateLimitStatus {
    Unspecified = 0,
    Ok = 1,
    Overlimit = 2,
    Error = 3,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitWaitReport {
    #[prost(int64, tag = "1")]
    pub wait_ms: i64,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EnqueuePageTokens {
    #[prost(string, repeated, tag = "1")]
    pub page_tokens: Vec<String>,
    #[prost(int64, tag = "2")]
    pub estimated_total: i64,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SourceCacheRecord {
    #[prost(string, tag = "1")]
    pub scope_key: String,
    #[prost(string, tag = "2")]
    pub cache_validator: String,
    #[prost(string, repeated, tag = "3")]
    pub deleted_ids: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub deleted_principal_ids: Vec<String>,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SourceCacheReplay {
    #[prost(string, tag = "1")]
    pub scope_key: String,
    #[prost(string, tag = "2")]
    pub cache_validator: String,
    #[prost(bool, tag = "3")]
    pub overlay: bool,
    #[prost(string, repeated, tag = "4")]
    pub deleted_ids: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    pub deleted_principal_ids: Vec<String>,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalTicketSettings {
    #[prost(bool, tag = "1")]
    pub enabled: bool,
}

/// On calls; never stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalTicketRef {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub external_ticket_provisioner_config_id: String,
}

/// On read calls: selects a sync.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SyncDetails {
    #[prost(string, tag = "1")]
    pub id: String,
}
