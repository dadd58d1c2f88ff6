//! Rows of the model become what a file holds: the protobuf bytes, and the columns copied out of them.
//!
//! Here the field rules are applied. Text that is too long is cut, links, addresses and times that no reader accepts are
//! left out, and each such adjustment is told as a [`Note`]; a row that no file may hold is refused with a [`RowError`].
//! The same row gives the same bytes every time. Which rows there are, and how two with one id merge, is decided by
//! `work`.

mod entitlement;
mod grant;
mod profile;
mod resource;
mod rules;

use std::collections::BTreeMap;

pub use entitlement::entitlement_id;
pub(crate) use grant::are_good;
pub use grant::{GrantData, GrantExtras, GrantParts, ResourceRef, grant_id};
pub use profile::{MAX_EXACT_INTEGER, profile};
pub use rules::{Adjustment, MAX_ID_BYTES, Note, RowError, RowKind, RowName};
pub(crate) use rules::{is_email_address, is_https_link};

use crate::model::{ResourceType, TraitKind};
use crate::proto::{self, Annotation, Any, SdkVersion};
use crate::schema::FileProfile;
use rules::Row;

/// One row, ready for its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded<Columns> {
    pub columns: Columns,
    /// The serialised message.
    pub data: Vec<u8>,
    pub notes: Vec<Note>,
}

/// Columns of `v1_resource_types`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceTypeColumns {
    pub external_id: String,
}

/// Columns of `v1_resources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceColumns {
    pub resource_type_id: String,
    /// `<resource type>:<resource>`.
    pub external_id: String,
    /// Both or neither; absent, not empty, for a resource without a parent.
    pub parent_resource_type_id: Option<String>,
    pub parent_resource_id: Option<String>,
}

/// Columns of `v1_entitlements`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementColumns {
    /// The resource that the entitlement belongs to.
    pub resource_type_id: String,
    pub resource_id: String,
    pub external_id: String,
}

/// Columns of `v1_grants`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantColumns {
    /// The resource that the entitlement belongs to.
    pub resource_type_id: String,
    pub resource_id: String,
    pub entitlement_id: String,
    pub principal_resource_type_id: String,
    pub principal_resource_id: String,
    pub external_id: String,
    /// A serialised `GrantExpandable`, for a grant that passes access on.
    pub expansion: Option<Vec<u8>>,
    /// Whether the expander must look at the row; stays set after expansion.
    pub needs_expansion: bool,
}

/// Encodes the rows of one sync.
#[derive(Debug, Clone)]
pub struct Encoder {
    profile: FileProfile,
    /// What each resource type promises of its resources.
    traits: BTreeMap<String, Vec<TraitKind>>,
}

impl Encoder {
    /// `resource_types` are those of the sync; a resource of another type is refused.
    pub fn new(profile: FileProfile, resource_types: &[ResourceType]) -> Self {
        let traits = resource_types.iter().map(|kind| (kind.id.clone(), kind.traits.clone())).collect();
        Self { profile, traits }
    }

    /// Whether the sync has this resource type.
    pub fn knows(&self, resource_type: &str) -> bool {
        self.traits.contains_key(resource_type)
    }

    /// # Errors
    /// If the id is empty or longer than 1,024 bytes.
    pub fn resource_type(&self, kind: &ResourceType) -> Result<Encoded<ResourceTypeColumns>, RowError> {
        let mut row = Row::new(RowKind::ResourceType, &kind.id);
        row.check_id("id", &kind.id)?;
        let mut annotations = Vec::new();
        if kind.skip_entitlements_and_grants {
            self.annotate(&mut row, &mut annotations, &proto::SkipEntitlementsAndGrants {});
        }
        if kind.skip_entitlements {
            self.annotate(&mut row, &mut annotations, &proto::SkipEntitlements {});
        }
        if !kind.permissions.is_empty() {
            let permission = |permission: &String| proto::CapabilityPermission { permission: permission.clone() };
            let permissions = kind.permissions.iter().map(permission).collect();
            self.annotate(&mut row, &mut annotations, &proto::CapabilityPermissions { permissions });
        }
        if kind.opt_in_required {
            self.annotate(&mut row, &mut annotations, &proto::OptInRequired {});
        }
        let message = proto::ResourceType {
            id: kind.id.clone(),
            display_name: row.cut("display_name", &kind.display_name, 1024),
            traits: trait_numbers(&kind.traits),
            annotations,
            description: row.cut("description", &kind.description, 4096),
            sourced_externally: false,
        };
        Ok(row.finish(ResourceTypeColumns { external_id: kind.id.clone() }, &message))
    }

    /// Adds an annotation, unless the profile's readers do not know it.
    fn annotate<A: Annotation>(&self, row: &mut Row<'_>, annotations: &mut Vec<Any>, message: &A) {
        if self.profile == FileProfile::Compat07 && A::FIRST_SEEN > SdkVersion::V0_7_27 {
            row.dropped(A::NAME, "readers of the chosen profile do not know it");
        } else {
            annotations.push(proto::pack(message));
        }
    }
}

/// The numbers of traits, each once, in order.
fn trait_numbers(traits: &[TraitKind]) -> Vec<i32> {
    let mut numbers: Vec<i32> = traits.iter().map(|kind| trait_number(*kind)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The number of a trait in the field's protobuf.
fn trait_number(kind: TraitKind) -> i32 {
    let kind = match kind {
        TraitKind::User => proto::TraitKind::User,
        TraitKind::Group => proto::TraitKind::Group,
        TraitKind::Role => proto::TraitKind::Role,
        TraitKind::App => proto::TraitKind::App,
        TraitKind::Secret => proto::TraitKind::Secret,
    };
    kind.into()
}
