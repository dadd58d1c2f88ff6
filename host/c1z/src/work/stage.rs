//! The rows of one page go into the staging tables: checked, encoded, ids interned.
//!
//! Nothing is merged here; rows with one id lie beside each other until the finish.

use std::collections::HashSet;

use ring::digest::{SHA256, digest};
use rusqlite::{CachedStatement, Connection, params};

use super::intern::Interner;
use super::listings::add_notes;
use super::pairs::Pairs;
use super::{CollectionAddress, Error, Note};
use crate::encode::{self, Adjustment, Encoder, RowError, entitlement_id};
use crate::model::{Entitlement, Grant, GrantAnnotation, GrantedEntitlement, PlainGrants, Resource, ResourceId, Rows};
use crate::proto::{self, Message};

/// What a page's rows came to.
pub(super) struct Staged {
    /// Rows kept.
    pub(super) rows: u64,
    /// Rows of types that are not selected.
    pub(super) filtered: u64,
    /// What was cut or left out of rows.
    pub(super) notes: Vec<Note>,
    /// Of all rows in their order; none for a page without rows.
    pub(super) digest: Option<Vec<u8>>,
}

/// One page on its way into the tables.
pub(super) struct Stage<'a> {
    connection: &'a Connection,
    interner: &'a mut Interner,
    encoder: &'a Encoder,
    deselected: &'a HashSet<String>,
    collection: &'a CollectionAddress,
    page: i64,
    insert_resource: CachedStatement<'a>,
    insert_grant: CachedStatement<'a>,
    /// Grants that have nothing beyond their ids.
    pairs: Pairs,
    /// What the page's digest is of.
    content: Vec<u8>,
    staged: Staged,
}

/// What a grant has beyond its ids.
struct Extra<'r> {
    own_id: Option<&'r str>,
    annotations: Vec<u8>,
    expansion: Option<Vec<u8>>,
}

/// What a type is to this sync.
enum Kind {
    Selected,
    Deselected,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        interner: &'a mut Interner,
        encoder: &'a Encoder,
        deselected: &'a HashSet<String>,
        collection: &'a CollectionAddress,
        page: i64,
    ) -> Result<Self, Error> {
        Ok(Self {
            connection,
            interner,
            encoder,
            deselected,
            collection,
            page,
            insert_resource: connection.prepare_cached(
                "INSERT INTO staged_resources (page, resource, parent, stub, data) VALUES (?, ?, ?, ?, ?)",
            )?,
            insert_grant: connection.prepare_cached(
                "INSERT INTO staged_grants (page, entitlement, principal, external_id, annotations, expansion, matches)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?,
            pairs: Pairs::default(),
            content: Vec::new(),
            staged: Staged { rows: 0, filtered: 0, notes: Vec::new(), digest: None },
        })
    }

    pub(super) fn rows(&mut self, rows: &Rows) -> Result<(), Error> {
        for resource in &rows.resources {
            self.resource(resource)?;
        }
        for entitlement in &rows.entitlements {
            self.entitlement(entitlement)?;
        }
        for grant in &rows.grants {
            self.grant(grant)?;
        }
        for grants in &rows.plain_grants {
            self.plain_grants(grants)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Staged, Error> {
        if let Some(pairs) = self.pairs.blob() {
            self.connection
                .prepare_cached("INSERT INTO staged_pairs (page, pairs) VALUES (?, ?)")?
                .execute(params![self.page, pairs])?;
        }
        let digest = (!self.content.is_empty()).then(|| digest(&SHA256, &self.content).as_ref().to_vec());
        Ok(Staged { digest, ..self.staged })
    }

    fn resource(&mut self, row: &Resource) -> Result<(), Error> {
        self.hash(&[b"resource", row.id.resource_type.as_bytes(), row.id.resource.as_bytes()]);
        if let Kind::Deselected = self.kind("resource", || text(&row.id), &row.id.resource_type)? {
            self.staged.filtered += 1;
            return Ok(());
        }
        let encoded = self.encoder.resource(row).map_err(|error| self.refuse(&error))?;
        self.hash(&[&encoded.data, &[u8::from(row.stub)]]);
        self.note(encoded.notes);
        let resource = self.interner.resource(self.connection, &row.id)?;
        let parent = row.parent.as_ref().map(|parent| self.interner.resource(self.connection, parent)).transpose()?;
        self.insert_resource.execute(params![self.page, resource, parent, row.stub, encoded.data])?;
        self.staged.rows += 1;
        Ok(())
    }

    fn entitlement(&mut self, row: &Entitlement) -> Result<(), Error> {
        let id = entitlement_id(row);
        self.hash(&[
            b"entitlement",
            id.as_bytes(),
            row.resource.resource_type.as_bytes(),
            row.resource.resource.as_bytes(),
        ]);
        if let Kind::Deselected = self.kind("entitlement", || id.to_string(), &row.resource.resource_type)? {
            self.staged.filtered += 1;
            return Ok(());
        }
        let encoded = self.encoder.entitlement(row).map_err(|error| self.refuse(&error))?;
        self.hash(&[&encoded.data, &[u8::from(row.stub)]]);
        self.note(encoded.notes);
        let entitlement = self.interner.entitlement(self.connection, &id, &row.resource)?;
        self.connection
            .prepare_cached("INSERT INTO staged_entitlements (page, entitlement, stub, data) VALUES (?, ?, ?, ?)")?
            .execute(params![self.page, entitlement, row.stub, encoded.data])?;
        self.staged.rows += 1;
        Ok(())
    }

    fn grant(&mut self, row: &Grant) -> Result<(), Error> {
        self.hash(&[
            b"grant",
            row.id.as_deref().unwrap_or_default().as_bytes(),
            row.entitlement.as_bytes(),
            row.principal.resource_type.as_bytes(),
            row.principal.resource.as_bytes(),
        ]);
        // Another file's principal may be of a type that this sync does not have.
        let matches = row.annotations.iter().any(is_match);
        let types = [Some(&row.entitlement_resource.resource_type), (!matches).then_some(&row.principal.resource_type)];
        for resource_type in types.into_iter().flatten() {
            if let Kind::Deselected = self.kind("grant", || encode::grant_id(row).into_owned(), resource_type)? {
                self.staged.filtered += 1;
                return Ok(());
            }
        }
        let extra = self.grant_extra(row)?;
        let entitlement = self.interner.entitlement(self.connection, &row.entitlement, &row.entitlement_resource)?;
        let principal = self.interner.resource(self.connection, &row.principal)?;
        match extra {
            None => self.pairs.push(entitlement, principal)?,
            Some(Extra { own_id, annotations, expansion }) => {
                self.insert_grant.execute(params![
                    self.page,
                    entitlement,
                    principal,
                    own_id,
                    annotations,
                    expansion,
                    matches
                ])?;
            }
        }
        self.staged.rows += 1;
        Ok(())
    }

    fn plain_grants(&mut self, grants: &PlainGrants) -> Result<(), Error> {
        if grants.is_empty() {
            return Ok(());
        }
        // Those that have something to be said about are gone through one by one.
        if !encode::are_good(grants) || !self.are_selected(grants) {
            return grants.grants().try_for_each(|grant| self.grant(&grant));
        }
        let PlainGrants { entitlements, principals, places } = grants;
        self.hash(&[b"grants"]);
        let mut entitlement_numbers = Vec::with_capacity(entitlements.len());
        for GrantedEntitlement { id, resource } in entitlements {
            self.hash(&[id.as_bytes(), resource.resource_type.as_bytes(), resource.resource.as_bytes()]);
            entitlement_numbers.push(self.interner.entitlement(self.connection, id, resource)?);
        }
        let mut principal_numbers = Vec::with_capacity(principals.len());
        for id in principals {
            self.hash(&[id.resource_type.as_bytes(), id.resource.as_bytes()]);
            principal_numbers.push(self.interner.resource(self.connection, id)?);
        }
        let number = |numbers: &[i64], place: u32| numbers.get(place as usize).copied().unwrap_or_default();
        for &(entitlement, principal) in places {
            self.content.extend_from_slice(&entitlement.to_le_bytes());
            self.content.extend_from_slice(&principal.to_le_bytes());
            self.pairs.push(number(&entitlement_numbers, entitlement), number(&principal_numbers, principal))?;
        }
        self.staged.rows += places.len() as u64;
        Ok(())
    }

    fn are_selected(&self, grants: &PlainGrants) -> bool {
        let resources = grants.entitlements.iter().map(|entitlement| &entitlement.resource);
        resources.chain(&grants.principals).all(|id| self.encoder.knows(&id.resource_type))
    }

    /// What a grant has beyond its ids, if it has anything.
    fn grant_extra<'r>(&mut self, row: &'r Grant) -> Result<Option<Extra<'r>>, Error> {
        let extras = self.encoder.grant_extras(row).map_err(|error| self.refuse(&error))?;
        self.note(extras.notes);
        // The id that everybody would build anyway is no id of its own.
        let own_id = row.id.as_deref().filter(|id| !is_built(id, row));
        if own_id.is_none() && extras.annotations.is_empty() && extras.expansion.is_none() {
            return Ok(None);
        }
        let annotations = proto::Grant { annotations: extras.annotations, ..Default::default() }.encode_to_vec();
        let expansion = extras.expansion.map(|expansion| expansion.encode_to_vec());
        self.hash(&[&annotations, expansion.as_deref().unwrap_or_default()]);
        Ok(Some(Extra { own_id, annotations, expansion }))
    }

    fn kind(&self, what: &'static str, id: impl FnOnce() -> String, resource_type: &str) -> Result<Kind, Error> {
        if self.encoder.knows(resource_type) {
            Ok(Kind::Selected)
        } else if self.deselected.contains(resource_type) {
            Ok(Kind::Deselected)
        } else {
            let resource_type = resource_type.to_owned();
            Err(Error::UndeclaredType { collection: self.collection.clone(), what, id: id(), resource_type })
        }
    }

    fn refuse(&self, error: &RowError) -> Error {
        Error::BadRow { collection: self.collection.clone(), reason: error.to_string() }
    }

    /// Each part with its length, so that parts cannot run into each other.
    fn hash(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.content.extend_from_slice(&(part.len() as u64).to_le_bytes());
            self.content.extend_from_slice(part);
        }
    }

    fn note(&mut self, adjustments: Vec<encode::Note>) {
        let notes = adjustments.into_iter().map(|note| {
            let (verb, reason) = match note.adjustment {
                Adjustment::Cut { .. } => ("cut", "longer than a file may hold"),
                Adjustment::Dropped(reason) => ("left out", reason),
                Adjustment::AsText(reason) => ("kept as text", reason),
            };
            Note {
                what: format!("{} {} {verb}", note.row.kind, note.field.replace('_', " ")),
                count: 1,
                examples: vec![note.row.id],
                reason: reason.to_owned(),
                lost: false,
            }
        });
        add_notes(&mut self.staged.notes, notes.collect());
    }
}

fn is_match(annotation: &GrantAnnotation) -> bool {
    matches!(
        annotation,
        GrantAnnotation::ExternalResourceMatch { .. }
            | GrantAnnotation::ExternalResourceMatchAll(_)
            | GrantAnnotation::ExternalResourceMatchId(_)
    )
}

/// Whether an id is `<entitlement id>:<principal type>:<principal>`.
fn is_built(id: &str, row: &Grant) -> bool {
    let rest = id.strip_prefix(row.entitlement.as_str()).and_then(|rest| rest.strip_prefix(':'));
    let rest = rest.and_then(|rest| rest.strip_prefix(row.principal.resource_type.as_str()));
    rest.and_then(|rest| rest.strip_prefix(':')) == Some(row.principal.resource.as_str())
}

fn text(id: &ResourceId) -> String {
    format!("{}:{}", id.resource_type, id.resource)
}
