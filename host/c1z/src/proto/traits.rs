//! What kind of thing a resource is: trait messages, packed into `Resource.annotations`.
//!
//! Profile, icon, status and creation time of the older traits are deprecated in favour of the resource's own fields;
//! older readers know only the trait's, so both are written.

use super::{AssetRef, BoolValue, PackedStruct, ResourceId, Timestamp};

#[derive(Clone, PartialEq, prost::Message)]
pub struct UserTrait {
    #[prost(message, repeated, tag = "1")]
    pub emails: Vec<Email>,
    #[prost(message, optional, tag = "2")]
    pub status: Option<UserStatus>,
    #[prost(message, optional, tag = "3")]
    pub profile: Option<PackedStruct>,
    #[prost(message, optional, tag = "4")]
    pub icon: Option<AssetRef>,
    #[prost(enumeration = "AccountType", tag = "5")]
    pub account_type: i32,
    #[prost(string, tag = "6")]
    pub login: String,
    #[prost(string, repeated, tag = "7")]
    pub login_aliases: Vec<String>,
    #[prost(message, optional, tag = "8")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub last_login: Option<Timestamp>,
    #[prost(message, optional, tag = "10")]
    pub mfa_status: Option<MfaStatus>,
    #[prost(message, optional, tag = "11")]
    pub sso_status: Option<SsoStatus>,
    #[prost(message, optional, tag = "12")]
    pub structured_name: Option<StructuredName>,
    #[prost(string, repeated, tag = "13")]
    pub employee_ids: Vec<String>,
}

/// `UserTrait.Email`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Email {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(bool, tag = "2")]
    pub is_primary: bool,
}

/// `UserTrait.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct UserStatus {
    #[prost(enumeration = "super::ResourceStatus", tag = "1")]
    pub status: i32,
    #[prost(string, tag = "2")]
    pub details: String,
}

/// `UserTrait.MFAStatus`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MfaStatus {
    #[prost(bool, tag = "1")]
    pub mfa_enabled: bool,
}

/// `UserTrait.SSOStatus`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SsoStatus {
    #[prost(bool, tag = "1")]
    pub sso_enabled: bool,
}

/// `UserTrait.StructuredName`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StructuredName {
    #[prost(string, tag = "1")]
    pub given_name: String,
    #[prost(string, tag = "2")]
    pub family_name: String,
    #[prost(string, repeated, tag = "3")]
    pub middle_names: Vec<String>,
    #[prost(string, tag = "4")]
    pub prefix: String,
    #[prost(string, tag = "5")]
    pub suffix: String,
}

/// `UserTrait.AccountType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum AccountType {
    Unspecified = 0,
    Human = 1,
    Service = 2,
    System = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct GroupTrait {
    #[prost(message, optional, tag = "1")]
    pub icon: Option<AssetRef>,
    #[prost(message, optional, tag = "2")]
    pub profile: Option<PackedStruct>,
    #[prost(string, tag = "3")]
    pub group_source_type: String,
    #[prost(string, tag = "4")]
    pub raw_group_source_type: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RoleTrait {
    #[prost(message, optional, tag = "1")]
    pub profile: Option<PackedStruct>,
    #[prost(message, optional, tag = "2")]
    pub role_scope_conditions: Option<RoleScopeConditions>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RoleScopeConditions {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(message, repeated, tag = "3")]
    pub conditions: Vec<RoleScopeCondition>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RoleScopeCondition {
    #[prost(string, tag = "1")]
    pub expression: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ScopeBindingTrait {
    #[prost(message, optional, tag = "1")]
    pub role_id: Option<ResourceId>,
    #[prost(message, optional, tag = "2")]
    pub scope_resource_id: Option<ResourceId>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct AppTrait {
    #[prost(string, tag = "1")]
    pub help_url: String,
    #[prost(message, optional, tag = "2")]
    pub icon: Option<AssetRef>,
    #[prost(message, optional, tag = "3")]
    pub logo: Option<AssetRef>,
    #[prost(message, optional, tag = "4")]
    pub profile: Option<PackedStruct>,
    #[prost(enumeration = "AppFlag", repeated, tag = "5")]
    pub flags: Vec<i32>,
    #[prost(string, tag = "6")]
    pub app_source_type: String,
    #[prost(string, tag = "7")]
    pub raw_app_source_type: String,
}

/// `AppTrait.AppFlag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum AppFlag {
    Unspecified = 0,
    Hidden = 1,
    Inactive = 2,
    Saml = 3,
    Oidc = 4,
    Bookmark = 5,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SecretTrait {
    #[prost(message, optional, tag = "1")]
    pub profile: Option<PackedStruct>,
    #[prost(message, optional, tag = "2")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub expires_at: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub last_used_at: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub created_by_id: Option<ResourceId>,
    #[prost(message, optional, tag = "6")]
    pub identity_id: Option<ResourceId>,
    #[prost(enumeration = "CredentialType", tag = "7")]
    pub credential_type: i32,
    #[prost(string, tag = "8")]
    pub credential_detail: String,
}

/// `SecretTrait.CredentialType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum CredentialType {
    Unspecified = 0,
    StaticSecret = 1,
    AsymmetricKey = 2,
    Certificate = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct LicenseProfileTrait {
    #[prost(string, tag = "1")]
    pub license_name: String,
    #[prost(int64, tag = "2")]
    pub purchased_seats: i64,
    #[prost(int64, tag = "3")]
    pub consumed_seats: i64,
    #[prost(int64, tag = "4")]
    pub cost_per_unit_in_cents: i64,
    #[prost(string, tag = "5")]
    pub currency: String,
    #[prost(string, repeated, tag = "6")]
    pub entitlement_ids: Vec<String>,
}

/// May accompany any trait; no resource type promises it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NonHumanIdentityTrait {
    #[prost(enumeration = "NhiType", tag = "1")]
    pub nhi_type: i32,
    #[prost(string, tag = "2")]
    pub nhi_detail: String,
}

/// `NonHumanIdentityTrait.NhiType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum NhiType {
    Unspecified = 0,
    AppRegistration = 1,
    AssumableRole = 2,
    ManagedIdentity = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct AgentTrait {
    #[prost(enumeration = "AgentStatus", tag = "1")]
    pub status: i32,
    #[prost(message, optional, tag = "2")]
    pub identity_resource_id: Option<ResourceId>,
    #[prost(message, optional, tag = "3")]
    pub profile: Option<PackedStruct>,
}

/// `AgentTrait.AgentStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum AgentStatus {
    Unspecified = 0,
    Ready = 1,
    Disabled = 2,
    Deleted = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ManagedDeviceTrait {
    #[prost(string, tag = "1")]
    pub serial: String,
    #[prost(string, tag = "2")]
    pub udid: String,
    #[prost(string, tag = "3")]
    pub hardware_hash: String,
    #[prost(enumeration = "DeviceType", tag = "4")]
    pub device_type: i32,
    #[prost(string, tag = "5")]
    pub model: String,
    #[prost(string, tag = "6")]
    pub vendor: String,
    #[prost(message, optional, tag = "7")]
    pub os: Option<DeviceOs>,
    #[prost(enumeration = "Compliance", tag = "8")]
    pub compliance: i32,
    #[prost(message, optional, tag = "9")]
    pub is_encrypted: Option<BoolValue>,
    #[prost(message, optional, tag = "10")]
    pub is_supervised: Option<BoolValue>,
    #[prost(message, optional, tag = "11")]
    pub is_personal: Option<BoolValue>,
    #[prost(enumeration = "ManagementState", tag = "12")]
    pub management_state: i32,
    #[prost(message, optional, tag = "13")]
    pub enrolled_at: Option<Timestamp>,
}

/// `ManagedDeviceTrait.DeviceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DeviceType {
    Unspecified = 0,
    Server = 1,
    Desktop = 2,
    Laptop = 3,
    Tablet = 4,
    Mobile = 5,
    Virtual = 6,
    Other = 99,
}

/// `ManagedDeviceTrait.Compliance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Compliance {
    Unspecified = 0,
    Compliant = 1,
    Noncompliant = 2,
    InGracePeriod = 3,
    Error = 4,
}

/// `ManagedDeviceTrait.ManagementState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ManagementState {
    Unspecified = 0,
    Managed = 1,
    Unmanaged = 2,
    Pending = 3,
    Retired = 4,
    Wiped = 5,
}

/// `DeviceOS`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DeviceOs {
    #[prost(enumeration = "OsType", tag = "1")]
    pub r#type: i32,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub version: String,
    #[prost(string, tag = "4")]
    pub build: String,
}

/// `DeviceOS.OsType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum OsType {
    Unspecified = 0,
    Windows = 1,
    WindowsMobile = 2,
    Linux = 3,
    Android = 4,
    Macos = 5,
    Ios = 6,
    Ipados = 7,
    Solaris = 8,
    Aix = 9,
    Hpux = 10,
    Chromeos = 11,
    Other = 99,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SecurityInsightTrait {
    #[prost(oneof = "Insight", tags = "1, 2")]
    pub insight: Option<Insight>,
    #[prost(message, optional, tag = "3")]
    pub observed_at: Option<Timestamp>,
    #[prost(oneof = "InsightTarget", tags = "4, 5, 6, 7")]
    pub target: Option<InsightTarget>,
}

/// What was observed.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Insight {
    #[prost(message, tag = "1")]
    RiskScore(RiskScore),
    #[prost(message, tag = "2")]
    Issue(Issue),
}

/// Whom or what it concerns.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum InsightTarget {
    #[prost(message, tag = "4")]
    User(UserTarget),
    #[prost(message, tag = "5")]
    ResourceId(ResourceId),
    #[prost(message, tag = "6")]
    ExternalResource(ExternalResourceTarget),
    #[prost(message, tag = "7")]
    AppUser(AppUserTarget),
}

/// `SecurityInsightTrait.UserTarget`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct UserTarget {
    #[prost(string, tag = "1")]
    pub email: String,
}

/// `SecurityInsightTrait.AppUserTarget`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AppUserTarget {
    #[prost(string, tag = "1")]
    pub email: String,
    #[prost(string, tag = "2")]
    pub external_id: String,
}

/// `SecurityInsightTrait.ExternalResourceTarget`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExternalResourceTarget {
    #[prost(string, tag = "1")]
    pub external_id: String,
    #[prost(string, tag = "2")]
    pub app_hint: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RiskScore {
    #[prost(string, tag = "1")]
    pub value: String,
    #[prost(string, repeated, tag = "2")]
    pub factors: Vec<String>,
    #[prost(uint32, tag = "3")]
    pub normalized_score: u32,
    #[prost(string, tag = "4")]
    pub source_score: String,
    #[prost(message, repeated, tag = "5")]
    pub risk_factors: Vec<RiskFactor>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RiskFactor {
    #[prost(string, tag = "1")]
    pub description: String,
    #[prost(enumeration = "Severity", tag = "2")]
    pub severity: i32,
}

/// `RiskFactor.Severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Severity {
    Unspecified = 0,
    Low = 1,
    Medium = 2,
    High = 3,
    Critical = 4,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Issue {
    #[prost(string, tag = "1")]
    pub value: String,
    #[prost(string, tag = "2")]
    pub severity: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct VendorTrait {
    #[prost(string, tag = "1")]
    pub vendor_id: String,
    #[prost(string, tag = "2")]
    pub vendor_name: String,
    #[prost(string, tag = "3")]
    pub vendor_dba_name: String,
    #[prost(string, tag = "4")]
    pub website_domain: String,
    #[prost(string, tag = "5")]
    pub external_vendor_id: String,
    #[prost(string, tag = "6")]
    pub deep_link_url: String,
    #[prost(string, tag = "7")]
    pub source_business_id: String,
    #[prost(string, tag = "8")]
    pub source_entity_id: String,
    #[prost(message, optional, tag = "9")]
    pub trailing_30d_spend: Option<Money>,
    #[prost(message, optional, tag = "10")]
    pub trailing_365d_spend: Option<Money>,
    #[prost(message, optional, tag = "11")]
    pub ytd_spend: Option<Money>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct VendorAgreementTrait {
    #[prost(string, tag = "1")]
    pub agreement_name: String,
    #[prost(message, optional, tag = "2")]
    pub start_date: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub end_date: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub last_date_to_terminate: Option<Timestamp>,
    #[prost(bool, tag = "5")]
    pub auto_renewal: bool,
    #[prost(enumeration = "RenewalStatus", tag = "6")]
    pub renewal_status: i32,
    #[prost(string, tag = "7")]
    pub renewal_status_raw: String,
    #[prost(message, optional, tag = "8")]
    pub total_value: Option<Money>,
    #[prost(message, repeated, tag = "9")]
    pub line_items: Vec<LineItem>,
    #[prost(enumeration = "PricingModel", tag = "10")]
    pub pricing_model: i32,
    #[prost(string, tag = "11")]
    pub external_account_manager_email: String,
    #[prost(string, tag = "12")]
    pub external_account_manager_name: String,
}

/// `VendorAgreementTrait.RenewalStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum RenewalStatus {
    Unspecified = 0,
    NotStarted = 1,
    Initiated = 2,
    Renewed = 3,
    Cancelled = 4,
    Rejected = 5,
    Expired = 6,
}

/// `VendorAgreementTrait.PricingModel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum PricingModel {
    Unspecified = 0,
    Unknown = 1,
    PerSeat = 2,
    PerLicense = 3,
    Flat = 4,
    Tiered = 5,
    Usage = 6,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct LineItem {
    #[prost(string, tag = "1")]
    pub product_or_service_name: String,
    #[prost(double, tag = "2")]
    pub quantity: f64,
    #[prost(string, tag = "3")]
    pub unit: String,
    #[prost(message, optional, tag = "4")]
    pub price_per_unit: Option<Money>,
    #[prost(message, optional, tag = "5")]
    pub total_price: Option<Money>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Money {
    /// In minor units: cents, not euros.
    #[prost(int64, tag = "1")]
    pub amount_minor: i64,
    #[prost(string, tag = "2")]
    pub currency_code: String,
}
