//! Grants: the largest table, so that staging and the final pass can also use the pieces by themselves.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use super::rules::{MAX_ID_BYTES, Note, Row, RowError, RowKind};
use super::{Encoded, Encoder, GrantColumns, profile, trait_number};
use crate::model::{Grant, GrantAnnotation, PlainGrants, ResourceId};
use crate::proto::{self, Any, GrantExpandable, Message};

/// The grant's id, built the field's way when the connector gave none: `<entitlement id>:<principal type>:<principal>`.
pub fn grant_id(grant: &Grant) -> Cow<'_, str> {
    let built = || format!("{}:{}:{}", grant.entitlement, grant.principal.resource_type, grant.principal.resource);
    grant.id.as_deref().map_or_else(|| Cow::Owned(built()), Cow::Borrowed)
}

/// A resource id, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceRef<'a> {
    pub resource_type: &'a str,
    pub resource: &'a str,
}

impl ResourceRef<'_> {
    fn embedded(self) -> proto::Resource {
        let id = proto::ResourceId {
            resource_type: self.resource_type.to_owned(),
            resource: self.resource.to_owned(),
            baton_resource: false,
        };
        proto::Resource { id: Some(id), ..Default::default() }
    }
}

/// What a grant's message is made of. Entitlement and principal are embedded as ids only: readers look them up.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantParts<'a> {
    pub id: &'a str,
    pub entitlement: &'a str,
    pub entitlement_resource: ResourceRef<'a>,
    pub principal: ResourceRef<'a>,
    /// Without a `GrantExpandable`, which has a column of its own.
    pub annotations: Vec<Any>,
    /// Where an expanded grant comes from: entitlement ids, and whether each is held directly. Empty for others.
    pub sources: BTreeMap<String, bool>,
}

impl GrantParts<'_> {
    pub fn message(self) -> proto::Grant {
        proto::Grant {
            entitlement: Some(proto::Entitlement {
                resource: Some(self.entitlement_resource.embedded()),
                id: self.entitlement.to_owned(),
                ..Default::default()
            }),
            principal: Some(self.principal.embedded()),
            id: self.id.to_owned(),
            annotations: self.annotations,
            sources: grant_sources(self.sources),
        }
    }

    /// The bytes for the `data` column.
    pub fn data(self) -> Vec<u8> {
        self.message().encode_to_vec()
    }
}

/// The bytes of many grants: what those of one entitlement have in common is encoded once, and nothing is allocated.
#[derive(Debug, Default)]
pub struct GrantData {
    /// The beginning that all grants of an entitlement share.
    entitlement: Vec<u8>,
    /// Of the next grant.
    sources: Vec<u8>,
    data: Vec<u8>,
}

impl GrantData {
    /// The entitlement of the grants that follow.
    pub fn entitlement(&mut self, id: &str, resource: ResourceRef<'_>) {
        let entitlement =
            proto::Entitlement { resource: Some(resource.embedded()), id: id.to_owned(), ..Default::default() };
        self.entitlement.clear();
        // Writing to a vector cannot fail.
        let _ = proto::Grant { entitlement: Some(entitlement), ..Default::default() }.encode(&mut self.entitlement);
    }

    /// One of the sources of the next grant. They come in the order of their ids.
    pub fn source(&mut self, id: &str, is_direct: bool) {
        // An entry of the map in GrantSources: what is false is left out.
        let is_direct: &[u8] = if is_direct { &[2 << 3 | 2, 2, 1 << 3, 1] } else { &[] };
        begin_field(1, field_length(id) + is_direct.len(), &mut self.sources);
        field(1, id, &mut self.sources);
        self.sources.extend_from_slice(is_direct);
    }

    /// The same bytes as [`GrantParts::data`]. `annotations` are those of a Grant message that has nothing else.
    pub fn grant(&mut self, id: &str, principal: ResourceRef<'_>, annotations: &[u8]) -> &[u8] {
        let id_length = field_length(principal.resource_type) + field_length(principal.resource);
        let resource_length = 1 + encoded_len_varint(id_length as u64) + id_length;
        let data = &mut self.data;
        data.clear();
        data.extend_from_slice(&self.entitlement);
        // Grant.principal, Resource.id, and its two texts.
        begin_field(2, resource_length, data);
        begin_field(1, id_length, data);
        field(1, principal.resource_type, data);
        field(2, principal.resource, data);
        field(3, id, data);
        data.extend_from_slice(annotations);
        if !self.sources.is_empty() {
            begin_field(5, self.sources.len(), data);
            data.append(&mut self.sources);
        }
        data
    }
}

fn begin_field(tag: u32, length: usize, data: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, data);
    encode_varint(length as u64, data);
}

fn field(tag: u32, text: &str, data: &mut Vec<u8>) {
    begin_field(tag, text.len(), data);
    data.extend_from_slice(text.as_bytes());
}

/// Of a text with a small tag.
fn field_length(text: &str) -> usize {
    1 + encoded_len_varint(text.len() as u64) + text.len()
}

fn grant_sources(sources: BTreeMap<String, bool>) -> Option<proto::GrantSources> {
    let sources: BTreeMap<_, _> =
        sources.into_iter().map(|(id, is_direct)| (id, proto::GrantSource { is_direct })).collect();
    (!sources.is_empty()).then_some(proto::GrantSources { sources })
}

/// What a grant has beyond its ids.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GrantExtras {
    pub annotations: Vec<Any>,
    /// What it passes on.
    pub expansion: Option<GrantExpandable>,
    pub notes: Vec<Note>,
}

impl Encoder {
    /// A grant as the connector gave it.
    ///
    /// # Errors
    /// If an id is empty or too long.
    pub fn grant(&self, grant: &Grant) -> Result<Encoded<GrantColumns>, RowError> {
        let id = grant_id(grant);
        let GrantExtras { annotations, expansion, notes } = self.grant_extras(grant)?;
        let parts = GrantParts {
            id: &id,
            entitlement: &grant.entitlement,
            entitlement_resource: ResourceRef {
                resource_type: &grant.entitlement_resource.resource_type,
                resource: &grant.entitlement_resource.resource,
            },
            principal: ResourceRef {
                resource_type: &grant.principal.resource_type,
                resource: &grant.principal.resource,
            },
            annotations,
            sources: BTreeMap::new(),
        };
        let data = parts.data();
        let columns = GrantColumns {
            resource_type_id: grant.entitlement_resource.resource_type.clone(),
            resource_id: grant.entitlement_resource.resource.clone(),
            entitlement_id: grant.entitlement.clone(),
            principal_resource_type_id: grant.principal.resource_type.clone(),
            principal_resource_id: grant.principal.resource.clone(),
            external_id: id.into_owned(),
            needs_expansion: expansion.is_some(),
            expansion: expansion.map(|expansion| expansion.encode_to_vec()),
        };
        Ok(Encoded { columns, data, notes })
    }

    /// Checks a grant's ids, and gives what it has beyond them.
    ///
    /// # Errors
    /// If an id is empty or too long.
    pub fn grant_extras(&self, grant: &Grant) -> Result<GrantExtras, RowError> {
        if is_plain(grant) {
            return Ok(GrantExtras::default());
        }
        let id = grant_id(grant);
        let mut row = Row::new(RowKind::Grant, &id);
        row.check_id("id", &id)?;
        row.check_id("entitlement", &grant.entitlement)?;
        for part in [&grant.entitlement_resource.resource_type, &grant.entitlement_resource.resource] {
            row.check_id("entitlement resource", part)?;
        }
        for part in [&grant.principal.resource_type, &grant.principal.resource] {
            row.check_id("principal", part)?;
        }
        let mut annotations = Vec::with_capacity(grant.annotations.len());
        for annotation in &grant.annotations {
            self.grant_annotation(&mut row, &mut annotations, annotation);
        }
        let expansion = expandable(&mut row, grant);
        Ok(GrantExtras { annotations, expansion, notes: row.into_notes() })
    }

    fn grant_annotation(&self, row: &mut Row<'_>, annotations: &mut Vec<Any>, annotation: &GrantAnnotation) {
        match annotation {
            GrantAnnotation::Immutable(source) => {
                let message = proto::GrantImmutable { source_id: source.clone(), metadata: None };
                self.annotate(row, annotations, &message);
            }
            GrantAnnotation::Metadata(facts) => {
                let metadata = profile::encode(row, facts);
                self.annotate(row, annotations, &proto::GrantMetadata { metadata });
            }
            GrantAnnotation::RawId(id) => self.annotate(row, annotations, &proto::RawId { id: id.clone() }),
            GrantAnnotation::V1Identifier(id) => {
                self.annotate(row, annotations, &proto::V1Identifier { id: id.clone() });
            }
            GrantAnnotation::ExternalResourceMatch { kind, key, value } => {
                let message = proto::ExternalResourceMatch {
                    resource_type: trait_number(*kind),
                    key: key.clone(),
                    value: value.clone(),
                };
                self.annotate(row, annotations, &message);
            }
            GrantAnnotation::ExternalResourceMatchAll(kind) => {
                let message = proto::ExternalResourceMatchAll { resource_type: trait_number(*kind) };
                self.annotate(row, annotations, &message);
            }
            GrantAnnotation::ExternalResourceMatchId(id) => {
                self.annotate(row, annotations, &proto::ExternalResourceMatchID { id: id.clone() });
            }
        }
    }
}

/// Whether a grant is nothing but good ids, as most are: then nothing has to be built to see that.
fn is_plain(grant: &Grant) -> bool {
    let Grant { id: None, entitlement, entitlement_resource, principal, expansion: None, annotations } = grant else {
        return false;
    };
    let ids = [
        entitlement,
        &entitlement_resource.resource_type,
        &entitlement_resource.resource,
        &principal.resource_type,
        &principal.resource,
    ];
    let built = entitlement.len() + principal.resource_type.len() + principal.resource.len() + 2;
    annotations.is_empty() && built <= MAX_ID_BYTES && ids.iter().all(|id| (1..=MAX_ID_BYTES).contains(&id.len()))
}

/// Whether all these grants are nothing but good ids, whichever of the entitlements goes with whichever of the principals.
pub(crate) fn are_good(grants: &PlainGrants) -> bool {
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let entitlement = longest(&mut grants.entitlements.iter().map(|entitlement| entitlement.id.len()));
    let principal = |id: &ResourceId| id.resource_type.len() + id.resource.len();
    let principal = longest(&mut grants.principals.iter().map(principal));
    let resources = grants.entitlements.iter().map(|entitlement| &entitlement.resource).chain(&grants.principals);
    let ids = resources.flat_map(|id| [&id.resource_type, &id.resource]);
    let mut ids = ids.chain(grants.entitlements.iter().map(|entitlement| &entitlement.id));
    entitlement + principal + 2 <= MAX_ID_BYTES && ids.all(|id| (1..=MAX_ID_BYTES).contains(&id.len()))
}

/// What the grant passes on, each id once and none blank; `None` when nothing is left.
fn expandable(row: &mut Row<'_>, grant: &Grant) -> Option<GrantExpandable> {
    let expansion = grant.expansion.as_ref()?;
    let mut seen = HashSet::new();
    let named = expansion.entitlement_ids.iter().filter(|id| !id.trim().is_empty() && seen.insert(id.as_str()));
    let entitlement_ids: Vec<String> = named.cloned().collect();
    if entitlement_ids.is_empty() {
        row.dropped("GrantExpandable", "it names no entitlement");
        return None;
    }
    Some(GrantExpandable {
        entitlement_ids,
        shallow: expansion.shallow,
        resource_type_ids: expansion.resource_type_ids.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_encoded_in_pieces_are_those_of_the_whole_message() {
        let long = "x".repeat(300);
        let mut data = GrantData::default();
        for (entitlement, resource_type, resource) in [("group:1:member", "group", "1"), (long.as_str(), "g", &long)] {
            let entitlement_resource = ResourceRef { resource_type, resource };
            data.entitlement(entitlement, entitlement_resource);
            for (principal, annotations, sources) in [
                ("u", Vec::new(), BTreeMap::new()),
                (long.as_str(), vec![proto::pack(&proto::GrantImmutable::default())], BTreeMap::new()),
                ("", Vec::new(), BTreeMap::from([("a".to_owned(), true), (long.clone(), false)])),
                ("v", vec![proto::pack(&proto::GrantImmutable::default())], BTreeMap::from([(long.clone(), true)])),
                ("w", Vec::new(), BTreeMap::new()),
            ] {
                let id = format!("{entitlement}:user:{principal}");
                let principal = ResourceRef { resource_type: "user", resource: principal };
                let parts = GrantParts {
                    id: &id,
                    entitlement,
                    entitlement_resource,
                    principal,
                    annotations: annotations.clone(),
                    sources: sources.clone(),
                };
                let whole = parts.message();
                let annotations = proto::Grant { annotations, ..Default::default() }.encode_to_vec();
                sources.iter().for_each(|(id, is_direct)| data.source(id, *is_direct));
                let pieces = data.grant(&id, principal, &annotations);
                assert_eq!(proto::Grant::decode(pieces).unwrap(), whole);
                if !principal.resource.is_empty() {
                    assert_eq!(pieces, whole.encode_to_vec());
                }
            }
        }
    }
}
