//! Entitlements.

use std::borrow::Cow;

use super::rules::{Row, RowError, RowKind};
use super::{Encoded, Encoder, EntitlementColumns, trait_numbers};
use crate::model::{Entitlement, EntitlementAnnotation, Purpose};
use crate::proto;

/// The entitlement's id, built the field's way when the connector gave none: `<resource type>:<resource>:<slug>`.
pub fn entitlement_id(entitlement: &Entitlement) -> Cow<'_, str> {
    let built =
        || format!("{}:{}:{}", entitlement.resource.resource_type, entitlement.resource.resource, entitlement.slug);
    entitlement.id.as_deref().map_or_else(|| Cow::Owned(built()), Cow::Borrowed)
}

impl Encoder {
    /// # Errors
    /// If an id is empty or too long.
    pub fn entitlement(&self, entitlement: &Entitlement) -> Result<Encoded<EntitlementColumns>, RowError> {
        let id = entitlement_id(entitlement);
        let mut row = Row::new(RowKind::Entitlement, &id);
        row.check_id("id", &id)?;
        let resource = row.resource_id("resource", &entitlement.resource)?;
        let mut grantable_to = Vec::with_capacity(entitlement.grantable_to.len());
        for kind in &entitlement.grantable_to {
            row.check_id("grantable_to", kind)?;
            let traits = self.traits.get(kind).map(|traits| trait_numbers(traits)).unwrap_or_default();
            grantable_to.push(proto::ResourceType { id: kind.clone(), traits, ..Default::default() });
        }
        let mut annotations = Vec::with_capacity(entitlement.annotations.len());
        for annotation in &entitlement.annotations {
            self.entitlement_annotation(&mut row, &mut annotations, annotation);
        }
        let purpose = match entitlement.purpose {
            Purpose::Unspecified => proto::Purpose::Unspecified,
            Purpose::Assignment => proto::Purpose::Assignment,
            Purpose::Permission => proto::Purpose::Permission,
            Purpose::Ownership => proto::Purpose::Ownership,
        };
        let message = proto::Entitlement {
            resource: Some(proto::Resource { id: Some(resource), ..Default::default() }),
            id: id.clone().into_owned(),
            display_name: row.cut("display_name", &entitlement.display_name, 1024),
            description: row.cut("description", &entitlement.description, 2048),
            grantable_to,
            annotations,
            purpose: purpose.into(),
            slug: entitlement.slug.clone(),
        };
        let columns = EntitlementColumns {
            resource_type_id: entitlement.resource.resource_type.clone(),
            resource_id: entitlement.resource.resource.clone(),
            external_id: id.clone().into_owned(),
        };
        Ok(row.finish(columns, &message))
    }

    fn entitlement_annotation(
        &self,
        row: &mut Row<'_>,
        annotations: &mut Vec<proto::Any>,
        annotation: &EntitlementAnnotation,
    ) {
        match annotation {
            EntitlementAnnotation::Immutable(source) => {
                let message = proto::EntitlementImmutable { source_id: source.clone(), metadata: None };
                self.annotate(row, annotations, &message);
            }
            EntitlementAnnotation::ExclusionGroup(group) => {
                let message = proto::EntitlementExclusionGroup {
                    exclusion_group_id: group.id.clone(),
                    order: group.order,
                    is_default: group.is_default,
                    scope_to_resource: group.scope_to_resource,
                };
                self.annotate(row, annotations, &message);
            }
            EntitlementAnnotation::ExternalLink(link) => {
                if let Some(url) = row.link("ExternalLink.url", link) {
                    self.annotate(row, annotations, &proto::ExternalLink { url });
                }
            }
            EntitlementAnnotation::RawId(id) => self.annotate(row, annotations, &proto::RawId { id: id.clone() }),
            EntitlementAnnotation::V1Identifier(id) => {
                self.annotate(row, annotations, &proto::V1Identifier { id: id.clone() });
            }
        }
    }
}
