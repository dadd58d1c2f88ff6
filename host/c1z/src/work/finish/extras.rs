//! What few grants have beyond their ids: how copies merge, and what an expansion may say in the file.

use super::super::Error;
use crate::proto::{
    self, Any, DecodeError, ExternalResourceMatch, ExternalResourceMatchAll, ExternalResourceMatchID, GrantExpandable,
    GrantImmutable, GrantMetadata, Kind, ListValue, Message, PackedStruct, Struct, Value, find, holds, pack,
};

/// The copies of one grant, added in the order of their precedence.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Copies that exist, also those without extras.
    copies: u64,
    immutable: u64,
    /// One of a kind, except matches, of which all are kept.
    annotations: Vec<Any>,
    expansion: Option<GrantExpandable>,
}

impl Merged {
    pub(super) fn of_copies(copies: u64) -> Self {
        Self { copies, ..Self::default() }
    }

    pub(super) fn add(&mut self, annotations: &[u8], expansion: Option<&[u8]>) -> Result<(), Error> {
        let added = annotations_of(annotations)?;
        self.immutable += u64::from(added.iter().any(holds::<GrantImmutable>));
        for annotation in added {
            let known = self.annotations.iter_mut().find(|known| known.type_url == annotation.type_url);
            match known {
                _ if is_match(&annotation) => {
                    if !self.annotations.contains(&annotation) {
                        self.annotations.push(annotation);
                    }
                }
                None => self.annotations.push(annotation),
                Some(known) if holds::<GrantMetadata>(known) => *known = pack(&unite(known, &annotation)?),
                Some(known) => *known = annotation,
            }
        }
        if let Some(expansion) = expansion {
            let expansion = expandable_of(expansion)?;
            self.expansion = Some(match self.expansion.take() {
                None => expansion,
                Some(known) => widest(known, expansion),
            });
        }
        Ok(())
    }

    /// The annotations, as a Grant message with nothing else, and the expansion.
    pub(super) fn finish(mut self) -> (Vec<u8>, Option<Vec<u8>>) {
        // Immutable only if every copy is: one that can be revoked makes the access revocable.
        if self.immutable < self.copies {
            self.annotations.retain(|annotation| !holds::<GrantImmutable>(annotation));
        }
        let annotations = proto::Grant { annotations: self.annotations, ..Default::default() };
        (annotations.encode_to_vec(), self.expansion.map(|expansion| expansion.encode_to_vec()))
    }
}

pub(super) fn annotations_of(bytes: &[u8]) -> Result<Vec<Any>, Error> {
    proto::Grant::decode(bytes).map(|grant| grant.annotations).map_err(|error| Error::Staged(error.to_string()))
}

/// An expansion as the file may hold it. Types that the sync does not have are taken out; if none remains of several,
/// the grant passes nothing on, since an empty list would mean all.
pub(super) fn cleaned(bytes: &[u8], types: &[&str]) -> Result<Option<GrantExpandable>, Error> {
    let mut expansion = expandable_of(bytes)?;
    let was_empty = expansion.resource_type_ids.is_empty();
    expansion.resource_type_ids.retain(|id| types.contains(&id.as_str()));
    Ok((was_empty || !expansion.resource_type_ids.is_empty()).then_some(expansion))
}

fn expandable_of(bytes: &[u8]) -> Result<GrantExpandable, Error> {
    GrantExpandable::decode(bytes).map_err(|error| Error::Staged(error.to_string()))
}

fn widest(mut known: GrantExpandable, other: GrantExpandable) -> GrantExpandable {
    unite_items(&mut known.entitlement_ids, other.entitlement_ids);
    known.shallow &= other.shallow;
    if known.resource_type_ids.is_empty() || other.resource_type_ids.is_empty() {
        known.resource_type_ids.clear();
    } else {
        unite_items(&mut known.resource_type_ids, other.resource_type_ids);
    }
    known
}

/// Lists of one name are united, other facts are the later one's.
fn unite(known: &Any, other: &Any) -> Result<GrantMetadata, Error> {
    let decode = |any: &Any| {
        let found = find::<GrantMetadata>(std::slice::from_ref(any))?;
        found.and_then(|found| found.metadata).unwrap_or_default().unpack()
    };
    let failed = |error: DecodeError| Error::Staged(error.to_string());
    let mut metadata: Struct = decode(known).map_err(failed)?;
    for (name, value) in decode(other).map_err(failed)?.fields {
        match (metadata.fields.get_mut(&name), value.kind) {
            (Some(Value { kind: Some(Kind::ListValue(list)) }), Some(Kind::ListValue(ListValue { values }))) => {
                unite_items(&mut list.values, values);
            }
            (_, kind) => {
                metadata.fields.insert(name, Value { kind });
            }
        }
    }
    Ok(GrantMetadata { metadata: Some(PackedStruct::from(&metadata)) })
}

fn unite_items<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !known.contains(&item) {
            known.push(item);
        }
    }
}

fn is_match(annotation: &Any) -> bool {
    holds::<ExternalResourceMatch>(annotation)
        || holds::<ExternalResourceMatchAll>(annotation)
        || holds::<ExternalResourceMatchID>(annotation)
}
