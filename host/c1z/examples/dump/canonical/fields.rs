//! The fields that the canonical text shows by name; what is not here is shown by number.

/// What stands before the names of the field's own messages.
pub(crate) const NAMESPACE: &str = "c1.connector.v2.";

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    number: u64,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) repeated: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Bool,
    Number,
    /// An enum, by its values' names.
    Names(&'static [&'static str]),
    Message(&'static str),
}

use Kind::{Bool, Message, Names, Number, Text};

/// Whether a message of this name is shown field by field.
pub(crate) fn is_known(message: &str) -> bool {
    MESSAGES.iter().any(|(name, _)| *name == message)
}

/// A field of a message by its number.
pub(crate) fn field(message: &str, number: u64) -> Option<Field> {
    let (_, fields) = MESSAGES.iter().find(|(name, _)| *name == message)?;
    fields.iter().find(|field| field.number == number).copied()
}

const fn one(number: u64, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, repeated: false }
}

const fn many(number: u64, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, repeated: true }
}

const TRAIT: &[&str] = &[
    "UNSPECIFIED",
    "USER",
    "GROUP",
    "ROLE",
    "APP",
    "SECRET",
    "SECURITY_INSIGHT",
    "SCOPE_BINDING",
    "VENDOR",
    "VENDOR_AGREEMENT",
    "LICENSE_PROFILE",
    "AGENT",
    "MANAGED_DEVICE",
];
const STATUS: &[&str] = &["UNSPECIFIED", "ENABLED", "DISABLED", "DELETED"];
const PURPOSE: &[&str] = &["UNSPECIFIED", "ASSIGNMENT", "PERMISSION", "OWNERSHIP"];
const ACCOUNT: &[&str] = &["UNSPECIFIED", "HUMAN", "SERVICE", "SYSTEM"];
const SOURCE: &[&str] = &["UNSPECIFIED", "LIST_RESOURCES", "LIST_GRANTS_PRINCIPAL_JIT"];

const MESSAGES: &[(&str, &[Field])] = &[
    (
        "ResourceType",
        &[
            one(1, "id", Text),
            one(2, "display_name", Text),
            many(3, "traits", Names(TRAIT)),
            many(4, "annotations", Message("Any")),
            one(5, "description", Text),
            one(6, "sourced_externally", Bool),
        ],
    ),
    ("ResourceId", &[one(1, "resource_type", Text), one(2, "resource", Text), one(3, "baton_resource", Bool)]),
    ("ExternalId", &[one(1, "id", Text), one(2, "link", Text), one(3, "description", Text)]),
    ("AssetRef", &[one(1, "id", Text)]),
    ("ResourceStatus", &[one(1, "status", Names(STATUS)), one(2, "details", Text)]),
    (
        "Resource",
        &[
            one(1, "id", Message("ResourceId")),
            one(2, "parent_resource_id", Message("ResourceId")),
            one(3, "display_name", Text),
            many(4, "annotations", Message("Any")),
            one(5, "description", Text),
            one(6, "baton_resource", Bool),
            one(7, "external_id", Message("ExternalId")),
            one(8, "creation_source", Names(SOURCE)),
            one(9, "profile", Message("Struct")),
            one(10, "icon", Message("AssetRef")),
            one(11, "status", Message("ResourceStatus")),
            one(12, "created_at", Message("Timestamp")),
        ],
    ),
    (
        "Entitlement",
        &[
            one(1, "resource", Message("Resource")),
            one(2, "id", Text),
            one(3, "display_name", Text),
            one(4, "description", Text),
            many(5, "grantable_to", Message("ResourceType")),
            many(6, "annotations", Message("Any")),
            one(7, "purpose", Names(PURPOSE)),
            one(8, "slug", Text),
        ],
    ),
    (
        "Grant",
        &[
            one(1, "entitlement", Message("Entitlement")),
            one(2, "principal", Message("Resource")),
            one(3, "id", Text),
            many(4, "annotations", Message("Any")),
            one(5, "sources", Message("GrantSources")),
        ],
    ),
    ("GrantSources", &[many(1, "sources", Message("GrantSourcesEntry"))]),
    ("GrantSourcesEntry", &[one(1, "key", Text), one(2, "value", Message("GrantSource"))]),
    ("GrantSource", &[one(1, "is_direct", Bool)]),
    ("Email", &[one(1, "address", Text), one(2, "is_primary", Bool)]),
    ("UserStatus", &[one(1, "status", Names(STATUS)), one(2, "details", Text)]),
    ("MFA", &[one(1, "mfa_enabled", Bool)]),
    ("SSO", &[one(1, "sso_enabled", Bool)]),
    (
        "Name",
        &[
            one(1, "given_name", Text),
            one(2, "family_name", Text),
            many(3, "middle_names", Text),
            one(4, "prefix", Text),
            one(5, "suffix", Text),
        ],
    ),
    (
        "UserTrait",
        &[
            many(1, "emails", Message("Email")),
            one(2, "status", Message("UserStatus")),
            one(3, "profile", Message("Struct")),
            one(4, "icon", Message("AssetRef")),
            one(5, "account_type", Names(ACCOUNT)),
            one(6, "login", Text),
            many(7, "login_aliases", Text),
            one(8, "created_at", Message("Timestamp")),
            one(9, "last_login", Message("Timestamp")),
            one(10, "mfa_status", Message("MFA")),
            one(11, "sso_status", Message("SSO")),
            one(12, "structured_name", Message("Name")),
            many(13, "employee_ids", Text),
        ],
    ),
    (
        "GroupTrait",
        &[
            one(1, "icon", Message("AssetRef")),
            one(2, "profile", Message("Struct")),
            one(3, "group_source_type", Text),
            one(4, "raw_group_source_type", Text),
        ],
    ),
    (
        "RoleTrait",
        &[one(1, "profile", Message("Struct")), one(2, "role_scope_conditions", Message("RoleScopeConditions"))],
    ),
    ("RoleScopeConditions", &[one(1, "type", Text), many(3, "conditions", Message("RoleScopeCondition"))]),
    ("RoleScopeCondition", &[one(1, "expression", Text)]),
    (
        "ScopeBindingTrait",
        &[one(1, "role_id", Message("ResourceId")), one(2, "scope_resource_id", Message("ResourceId"))],
    ),
    (
        "AppTrait",
        &[
            one(1, "help_url", Text),
            one(2, "icon", Message("AssetRef")),
            one(3, "logo", Message("AssetRef")),
            one(4, "profile", Message("Struct")),
            many(5, "flags", Number),
        ],
    ),
    (
        "SecretTrait",
        &[
            one(1, "profile", Message("Struct")),
            one(2, "created_at", Message("Timestamp")),
            one(3, "expires_at", Message("Timestamp")),
            one(4, "last_used_at", Message("Timestamp")),
            one(5, "created_by_id", Message("ResourceId")),
            one(6, "identity_id", Message("ResourceId")),
            one(7, "credential_type", Number),
            one(8, "credential_detail", Text),
        ],
    ),
    ("ChildResourceType", &[one(1, "resource_type_id", Text)]),
    ("ETag", &[one(1, "value", Text), one(2, "entitlement_id", Text)]),
    ("ExternalLink", &[one(1, "url", Text)]),
    ("V1Identifier", &[one(1, "id", Text)]),
    ("RawId", &[one(1, "id", Text)]),
    ("Aliases", &[many(1, "ids", Text)]),
    (
        "GrantExpandable",
        &[many(1, "entitlement_ids", Text), one(2, "shallow", Bool), many(3, "resource_type_ids", Text)],
    ),
    ("GrantImmutable", &[one(1, "source_id", Text), one(2, "metadata", Message("Struct"))]),
    ("EntitlementImmutable", &[one(1, "source_id", Text), one(2, "metadata", Message("Struct"))]),
    ("GrantMetadata", &[one(1, "metadata", Message("Struct"))]),
    ("CapabilityPermissions", &[many(1, "permissions", Message("CapabilityPermission"))]),
    ("CapabilityPermission", &[one(1, "permission", Text)]),
    ("SkipEntitlementsAndGrants", &[]),
    ("SkipGrants", &[]),
    ("SkipEntitlements", &[]),
    ("Timestamp", &[one(1, "seconds", Number), one(2, "nanos", Number)]),
];
