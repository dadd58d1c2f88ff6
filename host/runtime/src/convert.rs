//! Rows of interface 0.1.0 as rows of the sync file's model, and back where a call needs it. Fields move, nothing is judged.

use accord_c1z::model;

use crate::bindings::accord::connector::types as wit;

pub(crate) fn resource_id(id: wit::ResourceId) -> model::ResourceId {
    model::ResourceId { resource_type: id.resource_type, resource: id.resource }
}

pub(crate) fn guest_id(id: &model::ResourceId) -> wit::ResourceId {
    wit::ResourceId { resource_type: id.resource_type.clone(), resource: id.resource.clone() }
}

/// A named value on its way to a guest.
pub(crate) fn guest_field((name, value): (String, model::Value)) -> (String, wit::Value) {
    let value = match value {
        model::Value::Text(text) => wit::Value::Text(text),
        model::Value::Int(number) => wit::Value::Int(number),
        model::Value::Number(number) => wit::Value::Number(number),
        model::Value::Flag(flag) => wit::Value::Flag(flag),
        model::Value::Items(items) => wit::Value::Items(items),
        model::Value::Json(json) => wit::Value::Json(json),
    };
    (name, value)
}

pub(crate) fn resource(row: wit::Resource) -> model::Resource {
    model::Resource {
        id: resource_id(row.id),
        parent: row.parent.map(resource_id),
        display_name: row.display_name,
        description: row.description,
        profile: profile(row.profile),
        status: row.status.map(|status| model::Status { state: state(status.state), details: status.details }),
        created_at: row.created_at.map(timestamp),
        traits: row.traits.into_iter().map(resource_trait).collect(),
        annotations: row.annotations.into_iter().map(resource_annotation).collect(),
        stub: row.stub,
    }
}

pub(crate) fn entitlement(row: wit::Entitlement) -> model::Entitlement {
    model::Entitlement {
        id: row.id,
        resource: resource_id(row.resource),
        slug: row.slug,
        display_name: row.display_name,
        description: row.description,
        purpose: match row.purpose {
            wit::Purpose::Unspecified => model::Purpose::Unspecified,
            wit::Purpose::Assignment => model::Purpose::Assignment,
            wit::Purpose::Permission => model::Purpose::Permission,
            wit::Purpose::Ownership => model::Purpose::Ownership,
        },
        grantable_to: row.grantable_to,
        annotations: row.annotations.into_iter().map(entitlement_annotation).collect(),
        stub: row.stub,
    }
}

pub(crate) fn grant(row: wit::Grant) -> model::Grant {
    model::Grant {
        id: row.id,
        entitlement: row.entitlement,
        entitlement_resource: resource_id(row.entitlement_resource),
        principal: resource_id(row.principal),
        expansion: row.expansion.map(|expansion| model::Expansion {
            entitlement_ids: expansion.entitlement_ids,
            shallow: expansion.shallow,
            resource_type_ids: expansion.resource_type_ids,
        }),
        annotations: row.annotations.into_iter().map(grant_annotation).collect(),
    }
}

/// None if a place is in no list.
pub(crate) fn plain_grants(told: wit::PlainGrants) -> Option<model::PlainGrants> {
    let entitlement = |named: wit::GrantedEntitlement| model::GrantedEntitlement {
        id: named.id,
        resource: resource_id(named.resource),
    };
    let entitlements = told.entitlements.into_iter().map(entitlement).collect();
    model::PlainGrants::new(entitlements, told.principals.into_iter().map(resource_id).collect(), told.grants)
}

fn timestamp(moment: wit::Timestamp) -> model::Timestamp {
    model::Timestamp { seconds: moment.seconds, nanoseconds: moment.nanoseconds }
}

pub(crate) fn profile(fields: Vec<(String, wit::Value)>) -> model::Profile {
    fields.into_iter().map(|(name, field)| (name, value(field))).collect()
}

fn value(value: wit::Value) -> model::Value {
    match value {
        wit::Value::Text(text) => model::Value::Text(text),
        wit::Value::Int(number) => model::Value::Int(number),
        wit::Value::Number(number) => model::Value::Number(number),
        wit::Value::Flag(flag) => model::Value::Flag(flag),
        wit::Value::Items(items) => model::Value::Items(items),
        wit::Value::Json(json) => model::Value::Json(json),
    }
}

fn state(state: wit::State) -> model::State {
    match state {
        wit::State::Unspecified => model::State::Unspecified,
        wit::State::Enabled => model::State::Enabled,
        wit::State::Disabled => model::State::Disabled,
        wit::State::Deleted => model::State::Deleted,
    }
}

fn resource_trait(of: wit::Trait) -> model::Trait {
    match of {
        wit::Trait::User(user) => model::Trait::User(model::UserTrait {
            emails: user
                .emails
                .into_iter()
                .map(|email| model::Email { address: email.address, primary: email.primary })
                .collect(),
            login: user.login,
            login_aliases: user.login_aliases,
            account_type: match user.account_type {
                wit::AccountType::Unspecified => model::AccountType::Unspecified,
                wit::AccountType::Human => model::AccountType::Human,
                wit::AccountType::Service => model::AccountType::Service,
                wit::AccountType::System => model::AccountType::System,
            },
            last_login: user.last_login.map(timestamp),
            mfa_enabled: user.mfa_enabled,
            sso_enabled: user.sso_enabled,
            structured_name: user.structured_name.map(|name| model::StructuredName {
                given_name: name.given_name,
                family_name: name.family_name,
                middle_names: name.middle_names,
                prefix: name.prefix,
                suffix: name.suffix,
            }),
            employee_ids: user.employee_ids,
        }),
        wit::Trait::Group(group) => model::Trait::Group(model::GroupTrait {
            source_type: group.source_type,
            raw_source_type: group.raw_source_type,
        }),
        wit::Trait::Role(role) => model::Trait::Role(model::RoleTrait {
            scope: role.scope.map(|scope| model::RoleScope { kind: scope.kind, expressions: scope.expressions }),
        }),
        wit::Trait::App(app) => model::Trait::App(model::AppTrait {
            help_url: app.help_url,
            flags: app
                .app_flags
                .into_iter()
                .map(|flag| match flag {
                    wit::AppFlag::Hidden => model::AppFlag::Hidden,
                    wit::AppFlag::Inactive => model::AppFlag::Inactive,
                    wit::AppFlag::Saml => model::AppFlag::Saml,
                    wit::AppFlag::Oidc => model::AppFlag::Oidc,
                    wit::AppFlag::Bookmark => model::AppFlag::Bookmark,
                })
                .collect(),
            source_type: app.source_type,
            raw_source_type: app.raw_source_type,
        }),
        wit::Trait::Secret(secret) => model::Trait::Secret(model::SecretTrait {
            expires_at: secret.expires_at.map(timestamp),
            last_used_at: secret.last_used_at.map(timestamp),
            created_by: secret.created_by.map(resource_id),
            identity: secret.identity.map(resource_id),
            credential_type: match secret.credential_type {
                wit::CredentialType::Unspecified => model::CredentialType::Unspecified,
                wit::CredentialType::StaticSecret => model::CredentialType::StaticSecret,
                wit::CredentialType::AsymmetricKey => model::CredentialType::AsymmetricKey,
                wit::CredentialType::Certificate => model::CredentialType::Certificate,
            },
            credential_detail: secret.credential_detail,
        }),
    }
}

fn trait_kind(kind: wit::TraitKind) -> model::TraitKind {
    match kind {
        wit::TraitKind::User => model::TraitKind::User,
        wit::TraitKind::Group => model::TraitKind::Group,
        wit::TraitKind::Role => model::TraitKind::Role,
        wit::TraitKind::App => model::TraitKind::App,
        wit::TraitKind::Secret => model::TraitKind::Secret,
    }
}

fn resource_annotation(annotation: wit::ResourceAnnotation) -> model::ResourceAnnotation {
    use model::ResourceAnnotation as To;
    use wit::ResourceAnnotation as From;
    match annotation {
        From::ChildResourceType(id) => To::ChildResourceType(id),
        From::ExternalLink(url) => To::ExternalLink(url),
        From::RawId(id) => To::RawId(id),
        From::V1Identifier(id) => To::V1Identifier(id),
        From::Aliases(ids) => To::Aliases(ids),
        From::NonHumanIdentity((kind, detail)) => To::NonHumanIdentity(
            match kind {
                wit::NonHumanIdentity::Unspecified => model::NonHumanIdentity::Unspecified,
                wit::NonHumanIdentity::AppRegistration => model::NonHumanIdentity::AppRegistration,
                wit::NonHumanIdentity::AssumableRole => model::NonHumanIdentity::AssumableRole,
                wit::NonHumanIdentity::ManagedIdentity => model::NonHumanIdentity::ManagedIdentity,
            },
            detail,
        ),
        From::SkipEntitlementsAndGrants => To::SkipEntitlementsAndGrants,
        From::SkipEntitlements => To::SkipEntitlements,
        From::SkipGrants => To::SkipGrants,
    }
}

fn entitlement_annotation(annotation: wit::EntitlementAnnotation) -> model::EntitlementAnnotation {
    use model::EntitlementAnnotation as To;
    use wit::EntitlementAnnotation as From;
    match annotation {
        From::Immutable(source) => To::Immutable(source),
        From::ExclusionGroup(group) => To::ExclusionGroup(model::ExclusionGroup {
            id: group.id,
            order: group.order,
            is_default: group.is_default,
            scope_to_resource: group.scope_to_resource,
        }),
        From::ExternalLink(url) => To::ExternalLink(url),
        From::RawId(id) => To::RawId(id),
        From::V1Identifier(id) => To::V1Identifier(id),
    }
}

fn grant_annotation(annotation: wit::GrantAnnotation) -> model::GrantAnnotation {
    use model::GrantAnnotation as To;
    use wit::GrantAnnotation as From;
    match annotation {
        From::Immutable(source) => To::Immutable(source),
        From::Metadata(fields) => To::Metadata(profile(fields)),
        From::RawId(id) => To::RawId(id),
        From::V1Identifier(id) => To::V1Identifier(id),
        From::ExternalResourceMatch(rule) => {
            To::ExternalResourceMatch { kind: trait_kind(rule.kind), key: rule.key, value: rule.value }
        }
        From::ExternalResourceMatchAll(kind) => To::ExternalResourceMatchAll(trait_kind(kind)),
        From::ExternalResourceMatchId(id) => To::ExternalResourceMatchId(id),
    }
}
