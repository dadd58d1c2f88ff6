//! Resources and their traits.

use super::rules::{Row, RowError, RowKind};
use super::{Encoded, Encoder, ResourceColumns, profile};
use crate::model::{
    AccountType, AppFlag, AppTrait, CredentialType, GroupTrait, NonHumanIdentity, Resource, ResourceAnnotation,
    RoleTrait, SecretTrait, State, StructuredName, Trait, TraitKind, UserTrait,
};
use crate::proto::{self, Any, PackedStruct, Timestamp};

/// What stands at the resource and, for older readers, in its traits too. A trait takes the profile and gives it back
/// when it is encoded: it is the largest part of most resources.
struct Shared {
    profile: Option<PackedStruct>,
    status: Option<proto::Status>,
    created_at: Option<Timestamp>,
}

impl Encoder {
    /// # Errors
    /// If an id is empty or too long, the resource type is not of the sync, or a promised trait is missing.
    pub fn resource(&self, resource: &Resource) -> Result<Encoded<ResourceColumns>, RowError> {
        let external_id = format!("{}:{}", resource.id.resource_type, resource.id.resource);
        let mut row = Row::new(RowKind::Resource, &external_id);
        let id = row.resource_id("id", &resource.id)?;
        let parent =
            resource.parent.as_ref().map(|parent| row.resource_id("parent_resource_id", parent)).transpose()?;
        self.check_traits(&row, resource)?;

        let mut shared = Shared {
            profile: profile::encode(&mut row, &resource.profile),
            status: resource.status.as_ref().map(|status| proto::Status {
                status: state(status.state).into(),
                details: row.cut("status.details", &status.details, 1024),
            }),
            created_at: row.time("created_at", resource.created_at),
        };
        let annotations = self.resource_annotations(&mut row, resource, &mut shared)?;
        let message = proto::Resource {
            id: Some(id),
            parent_resource_id: parent,
            display_name: row.cut("display_name", &resource.display_name, 1024),
            annotations,
            description: row.cut("description", &resource.description, 2048),
            profile: shared.profile,
            status: shared.status,
            created_at: shared.created_at,
            ..Default::default()
        };
        let columns = ResourceColumns {
            resource_type_id: resource.id.resource_type.clone(),
            external_id: external_id.clone(),
            parent_resource_type_id: resource.parent.as_ref().map(|parent| parent.resource_type.clone()),
            parent_resource_id: resource.parent.as_ref().map(|parent| parent.resource.clone()),
        };
        Ok(row.finish(columns, &message))
    }

    fn check_traits(&self, row: &Row<'_>, resource: &Resource) -> Result<(), RowError> {
        let Some(promised) = self.traits.get(&resource.id.resource_type) else {
            let resource_type = resource.id.resource_type.clone();
            return Err(RowError::UnknownResourceType { row: row.name(), resource_type });
        };
        match promised.iter().find(|kind| !resource.traits.iter().any(|carried| kind_of(carried) == **kind)) {
            Some(missing) => Err(RowError::MissingTrait { row: row.name(), missing: trait_word(*missing) }),
            None => Ok(()),
        }
    }

    fn resource_annotations(
        &self,
        row: &mut Row<'_>,
        resource: &Resource,
        shared: &mut Shared,
    ) -> Result<Vec<Any>, RowError> {
        let mut annotations = Vec::with_capacity(resource.traits.len() + resource.annotations.len());
        for (position, carried) in resource.traits.iter().enumerate() {
            if resource.traits.iter().take(position).any(|earlier| kind_of(earlier) == kind_of(carried)) {
                row.dropped("annotations", "a second trait of one kind, which readers ignore");
                continue;
            }
            match carried {
                Trait::User(user) => {
                    let message = user_trait(row, user, shared);
                    self.annotate(row, &mut annotations, &message);
                    shared.profile = message.profile;
                }
                Trait::Group(group) => {
                    let message = group_trait(row, group, shared);
                    self.annotate(row, &mut annotations, &message);
                    shared.profile = message.profile;
                }
                Trait::Role(role) => {
                    let message = role_trait(role, shared);
                    self.annotate(row, &mut annotations, &message);
                    shared.profile = message.profile;
                }
                Trait::App(app) => {
                    let message = app_trait(row, app, shared);
                    self.annotate(row, &mut annotations, &message);
                    shared.profile = message.profile;
                }
                Trait::Secret(secret) => {
                    let message = secret_trait(row, secret, shared)?;
                    self.annotate(row, &mut annotations, &message);
                    shared.profile = message.profile;
                }
            }
        }
        for annotation in &resource.annotations {
            self.resource_annotation(row, &mut annotations, annotation);
        }
        Ok(annotations)
    }

    fn resource_annotation(&self, row: &mut Row<'_>, annotations: &mut Vec<Any>, annotation: &ResourceAnnotation) {
        match annotation {
            ResourceAnnotation::ChildResourceType(id) => {
                self.annotate(row, annotations, &proto::ChildResourceType { resource_type_id: id.clone() });
            }
            ResourceAnnotation::ExternalLink(link) => {
                if let Some(url) = row.link("ExternalLink.url", link) {
                    self.annotate(row, annotations, &proto::ExternalLink { url });
                }
            }
            ResourceAnnotation::RawId(id) => self.annotate(row, annotations, &proto::RawId { id: id.clone() }),
            ResourceAnnotation::V1Identifier(id) => {
                self.annotate(row, annotations, &proto::V1Identifier { id: id.clone() });
            }
            ResourceAnnotation::Aliases(ids) => {
                let ids = aliases(row, ids);
                if !ids.is_empty() {
                    self.annotate(row, annotations, &proto::Aliases { ids });
                }
            }
            ResourceAnnotation::NonHumanIdentity(kind, detail) => {
                let nhi_detail = row.cut("nhi_detail", detail, 1024);
                let message = proto::NonHumanIdentityTrait { nhi_type: identity(*kind).into(), nhi_detail };
                self.annotate(row, annotations, &message);
            }
            ResourceAnnotation::SkipEntitlementsAndGrants => {
                self.annotate(row, annotations, &proto::SkipEntitlementsAndGrants {});
            }
            ResourceAnnotation::SkipEntitlements => self.annotate(row, annotations, &proto::SkipEntitlements {}),
            ResourceAnnotation::SkipGrants => self.annotate(row, annotations, &proto::SkipGrants {}),
        }
    }
}

fn user_trait(row: &mut Row<'_>, user: &UserTrait, shared: &mut Shared) -> proto::UserTrait {
    let mut emails = Vec::with_capacity(user.emails.len());
    for email in &user.emails {
        if let Some(address) = row.email("emails.address", &email.address) {
            emails.push(proto::Email { address, is_primary: email.primary });
        }
    }
    let account_type = match user.account_type {
        AccountType::Unspecified => proto::AccountType::Unspecified,
        AccountType::Human => proto::AccountType::Human,
        AccountType::Service => proto::AccountType::Service,
        AccountType::System => proto::AccountType::System,
    };
    let status = |status: &proto::Status| proto::UserStatus { status: status.status, details: status.details.clone() };
    proto::UserTrait {
        emails,
        status: shared.status.as_ref().map(status),
        profile: shared.profile.take(),
        icon: None,
        account_type: account_type.into(),
        login: user.login.clone(),
        login_aliases: user.login_aliases.clone(),
        created_at: shared.created_at,
        last_login: row.time("last_login", user.last_login),
        mfa_status: user.mfa_enabled.map(|mfa_enabled| proto::MfaStatus { mfa_enabled }),
        sso_status: user.sso_enabled.map(|sso_enabled| proto::SsoStatus { sso_enabled }),
        structured_name: user.structured_name.as_ref().map(structured_name),
        employee_ids: user.employee_ids.clone(),
    }
}

fn structured_name(name: &StructuredName) -> proto::StructuredName {
    proto::StructuredName {
        given_name: name.given_name.clone(),
        family_name: name.family_name.clone(),
        middle_names: name.middle_names.clone(),
        prefix: name.prefix.clone(),
        suffix: name.suffix.clone(),
    }
}

fn group_trait(row: &mut Row<'_>, group: &GroupTrait, shared: &mut Shared) -> proto::GroupTrait {
    proto::GroupTrait {
        icon: None,
        profile: shared.profile.take(),
        group_source_type: row.cut("group_source_type", &group.source_type, 64),
        raw_group_source_type: row.cut("raw_group_source_type", &group.raw_source_type, 256),
    }
}

fn role_trait(role: &RoleTrait, shared: &mut Shared) -> proto::RoleTrait {
    let condition = |expression: &String| proto::RoleScopeCondition { expression: expression.clone() };
    proto::RoleTrait {
        profile: shared.profile.take(),
        role_scope_conditions: role.scope.as_ref().map(|scope| proto::RoleScopeConditions {
            r#type: scope.kind.clone(),
            conditions: scope.expressions.iter().map(condition).collect(),
        }),
    }
}

fn app_trait(row: &mut Row<'_>, app: &AppTrait, shared: &mut Shared) -> proto::AppTrait {
    let flag = |flag: &AppFlag| match flag {
        AppFlag::Hidden => proto::AppFlag::Hidden.into(),
        AppFlag::Inactive => proto::AppFlag::Inactive.into(),
        AppFlag::Saml => proto::AppFlag::Saml.into(),
        AppFlag::Oidc => proto::AppFlag::Oidc.into(),
        AppFlag::Bookmark => proto::AppFlag::Bookmark.into(),
    };
    let help_url = if app.help_url.is_empty() { None } else { row.link("help_url", &app.help_url) };
    proto::AppTrait {
        help_url: help_url.unwrap_or_default(),
        icon: None,
        logo: None,
        profile: shared.profile.take(),
        flags: app.flags.iter().map(flag).collect(),
        app_source_type: row.cut("app_source_type", &app.source_type, 64),
        raw_app_source_type: row.cut("raw_app_source_type", &app.raw_source_type, 256),
    }
}

fn secret_trait(row: &mut Row<'_>, secret: &SecretTrait, shared: &mut Shared) -> Result<proto::SecretTrait, RowError> {
    let credential_type = match secret.credential_type {
        CredentialType::Unspecified => proto::CredentialType::Unspecified,
        CredentialType::StaticSecret => proto::CredentialType::StaticSecret,
        CredentialType::AsymmetricKey => proto::CredentialType::AsymmetricKey,
        CredentialType::Certificate => proto::CredentialType::Certificate,
    };
    Ok(proto::SecretTrait {
        profile: shared.profile.take(),
        created_at: shared.created_at,
        expires_at: row.time("expires_at", secret.expires_at),
        last_used_at: row.time("last_used_at", secret.last_used_at),
        created_by_id: secret.created_by.as_ref().map(|id| row.resource_id("created_by_id", id)).transpose()?,
        identity_id: secret.identity.as_ref().map(|id| row.resource_id("identity_id", id)).transpose()?,
        credential_type: credential_type.into(),
        credential_detail: secret.credential_detail.clone(),
    })
}

/// Aliases as the field's rule has them: each once, 1 to 256 characters, at most 100.
fn aliases(row: &mut Row<'_>, ids: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for id in ids {
        if !(1..=256).contains(&id.chars().count()) {
            row.dropped("Aliases.ids", "an alias that is empty or longer than 256 characters");
        } else if kept.len() == 100 {
            row.dropped("Aliases.ids", "more than 100 aliases");
            break;
        } else if !kept.contains(id) {
            kept.push(id.clone());
        }
    }
    kept
}

fn state(state: State) -> proto::ResourceStatus {
    match state {
        State::Unspecified => proto::ResourceStatus::Unspecified,
        State::Enabled => proto::ResourceStatus::Enabled,
        State::Disabled => proto::ResourceStatus::Disabled,
        State::Deleted => proto::ResourceStatus::Deleted,
    }
}

fn identity(kind: NonHumanIdentity) -> proto::NhiType {
    match kind {
        NonHumanIdentity::Unspecified => proto::NhiType::Unspecified,
        NonHumanIdentity::AppRegistration => proto::NhiType::AppRegistration,
        NonHumanIdentity::AssumableRole => proto::NhiType::AssumableRole,
        NonHumanIdentity::ManagedIdentity => proto::NhiType::ManagedIdentity,
    }
}

fn kind_of(carried: &Trait) -> TraitKind {
    match carried {
        Trait::User(_) => TraitKind::User,
        Trait::Group(_) => TraitKind::Group,
        Trait::Role(_) => TraitKind::Role,
        Trait::App(_) => TraitKind::App,
        Trait::Secret(_) => TraitKind::Secret,
    }
}

fn trait_word(kind: TraitKind) -> &'static str {
    match kind {
        TraitKind::User => "user",
        TraitKind::Group => "group",
        TraitKind::Role => "role",
        TraitKind::App => "app",
        TraitKind::Secret => "secret",
    }
}
