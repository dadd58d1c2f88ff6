//! `capabilities`: what a connector can do, as JSON in the form of `c1.connector.v2.ConnectorCapabilities`.
//!
//! Programs that keep a catalogue of connectors read this text, so members, order and indentation are those that
//! connectors of the Baton SDK print: by field number, defaults left out, no line feed at the end.

use accord_c1z::model::TraitKind;
use accord_runtime::Problem;
use accord_runtime::manifest::{AccountCredential, Manifest, ResourceType};
use serde::Serialize;

use crate::output;

/// In the order of the protocol's numbers, which is the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Capability {
    #[serde(rename = "CAPABILITY_PROVISION")]
    Provision,
    #[serde(rename = "CAPABILITY_SYNC")]
    Sync,
    #[serde(rename = "CAPABILITY_ACCOUNT_PROVISIONING")]
    AccountProvisioning,
    #[serde(rename = "CAPABILITY_CREDENTIAL_ROTATION")]
    CredentialRotation,
    #[serde(rename = "CAPABILITY_RESOURCE_DELETE")]
    ResourceDelete,
    #[serde(rename = "CAPABILITY_ACTIONS")]
    Actions,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectorCapabilities<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_type_capabilities: Vec<TypeCapabilities<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    connector_capabilities: Vec<Capability>,
    credential_details: CredentialDetails,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TypeCapabilities<'a> {
    resource_type: Type<'a>,
    capabilities: Vec<Capability>,
    permissions: Permissions<'a>,
    #[serde(skip_serializing_if = "is_false")]
    opt_in_required: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Type<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    display_name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traits: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
}

#[derive(Debug, Serialize)]
struct Annotation<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<Permission<'a>>,
}

#[derive(Debug, Serialize)]
struct Permissions<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<Permission<'a>>,
}

#[derive(Debug, Serialize)]
struct Permission<'a> {
    permission: &'a str,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    capability_account_provisioning: Option<AccountProvisioning>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountProvisioning {
    supported_credential_options: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_credential_option: Option<&'static str>,
}

/// The text for standard output.
pub(super) fn text(manifest: &Manifest) -> Result<String, Problem> {
    output::json(&describe(manifest))
}

fn describe(manifest: &Manifest) -> ConnectorCapabilities<'_> {
    let mut types: Vec<_> = manifest.resource_types.iter().map(|declared| of_type(manifest, declared)).collect();
    types.sort_by_key(|capabilities| capabilities.resource_type.id);
    let mut all: Vec<Capability> =
        types.iter().flat_map(|capabilities| capabilities.capabilities.iter().copied()).collect();
    if !manifest.actions.is_empty() {
        all.push(Capability::Actions);
    }
    all.sort_unstable();
    all.dedup();
    ConnectorCapabilities {
        kind: "type.googleapis.com/c1.connector.v2.ConnectorCapabilities",
        resource_type_capabilities: types,
        connector_capabilities: all,
        credential_details: CredentialDetails {
            capability_account_provisioning: manifest.account.as_ref().map(|account| {
                let options: Vec<_> = account.credentials.iter().map(credential_option).collect();
                AccountProvisioning {
                    preferred_credential_option: options.first().copied(),
                    supported_credential_options: options,
                }
            }),
        },
    }
}

fn of_type<'a>(manifest: &Manifest, declared: &'a ResourceType) -> TypeCapabilities<'a> {
    let creates = manifest.account.as_ref().is_some_and(|account| account.resource_type == declared.id);
    let capabilities = [
        (true, Capability::Sync),
        (declared.provisions, Capability::Provision),
        (creates, Capability::AccountProvisioning),
        (declared.rotates, Capability::CredentialRotation),
        (declared.deletes, Capability::ResourceDelete),
    ];
    let permissions = || declared.permissions.iter().map(|permission| Permission { permission }).collect::<Vec<_>>();
    let bare = |kind| Annotation { kind, permissions: Vec::new() };
    let mut annotations = Vec::new();
    if declared.skip_entitlements_and_grants {
        annotations.push(bare("type.googleapis.com/c1.connector.v2.SkipEntitlementsAndGrants"));
    }
    if declared.skip_entitlements {
        annotations.push(bare("type.googleapis.com/c1.connector.v2.SkipEntitlements"));
    }
    if !declared.permissions.is_empty() {
        let kind = "type.googleapis.com/c1.connector.v2.CapabilityPermissions";
        annotations.push(Annotation { kind, permissions: permissions() });
    }
    if declared.opt_in.is_some() {
        annotations.push(bare("type.googleapis.com/c1.connector.v2.OptInRequired"));
    }
    TypeCapabilities {
        resource_type: Type {
            id: &declared.id,
            display_name: &declared.name,
            traits: declared.traits.iter().map(trait_name).collect(),
            annotations,
            description: &declared.description,
        },
        capabilities: capabilities.into_iter().filter_map(|(has, capability)| has.then_some(capability)).collect(),
        permissions: Permissions { permissions: permissions() },
        opt_in_required: declared.opt_in.is_some(),
    }
}

fn trait_name(kind: &TraitKind) -> &'static str {
    match kind {
        TraitKind::User => "TRAIT_USER",
        TraitKind::Group => "TRAIT_GROUP",
        TraitKind::Role => "TRAIT_ROLE",
        TraitKind::App => "TRAIT_APP",
        TraitKind::Secret => "TRAIT_SECRET",
    }
}

fn credential_option(option: &AccountCredential) -> &'static str {
    match option {
        AccountCredential::NoPassword => "CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD",
        AccountCredential::RandomPassword => "CAPABILITY_DETAIL_CREDENTIAL_OPTION_RANDOM_PASSWORD",
        AccountCredential::Sso => "CAPABILITY_DETAIL_CREDENTIAL_OPTION_SSO",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
