//! Grants on their way into the file: streams of them in the order of their ids, and what their ranks stand for.

use std::collections::{HashMap, hash_map};

use rusqlite::{Connection, Row, Rows, Statement};

use super::super::Error;
use super::graph::Rank;
use super::names::Principals;
use super::packed;
use super::passed::{self, Entry, Passed};
use super::rank::blob;
use crate::encode::{GrantData, ResourceRef};

/// What ranks stand for.
pub(super) struct Texts<'a> {
    pub(super) entitlements: Entitlements<'a>,
    pub(super) principals: Principals<'a>,
}

/// Grants in the order of their ids, and the next of them.
pub(super) struct Stream<'a> {
    source: Source<'a>,
    pub(super) next: Pending,
    pub(super) ended: bool,
    /// Through whom principals come to the entitlements of these grants: where this stream is, not where others are.
    pub(super) passed: Passed<'a>,
}

enum Source<'a> {
    Rows(Rows<'a>),
    Parts {
        parts: Rows<'a>,
        /// The principals in a part.
        read: fn(Rank, &[u8]) -> Vec<u32>,
        /// Of the part that is being read.
        entitlement: Rank,
        principals: std::vec::IntoIter<u32>,
    },
}

impl<'a> Stream<'a> {
    /// Rows of entitlement, principal, annotations, expansion, and an id of the grant's own.
    pub(super) fn of_rows(rows: Rows<'a>, passed: Passed<'a>, texts: &mut Texts<'_>) -> Result<Self, Error> {
        Self::begin(Source::Rows(rows), passed, texts)
    }

    /// Parts of the table `packed`: entitlement and principals.
    pub(super) fn of_packed(parts: Rows<'a>, passed: Passed<'a>, texts: &mut Texts<'_>) -> Result<Self, Error> {
        Self::of_parts(parts, |_, part| packed::principals(part).collect(), passed, texts)
    }

    /// Parts of the table `passed`, entitlement and entries: the grants that they make.
    pub(super) fn of_made(parts: Rows<'a>, passed: Passed<'a>, texts: &mut Texts<'_>) -> Result<Self, Error> {
        Self::of_parts(parts, passed::made, passed, texts)
    }

    fn of_parts(
        parts: Rows<'a>,
        read: fn(Rank, &[u8]) -> Vec<u32>,
        passed: Passed<'a>,
        texts: &mut Texts<'_>,
    ) -> Result<Self, Error> {
        Self::begin(Source::Parts { parts, read, entitlement: 0, principals: Vec::new().into_iter() }, passed, texts)
    }

    fn begin(source: Source<'a>, passed: Passed<'a>, texts: &mut Texts<'_>) -> Result<Self, Error> {
        let mut stream = Self { source, next: Pending::default(), ended: false, passed };
        stream.advance(texts)?;
        Ok(stream)
    }

    pub(super) fn advance(&mut self, texts: &mut Texts<'_>) -> Result<(), Error> {
        match &mut self.source {
            Source::Rows(rows) => match rows.next()? {
                Some(row) => self.next.read(row, texts)?,
                None => self.ended = true,
            },
            Source::Parts { parts, read, entitlement, principals } => loop {
                if let Some(principal) = principals.next() {
                    self.next.begin(*entitlement, principal);
                    self.next.build_id(texts)?;
                    break;
                }
                let Some(part) = parts.next()? else {
                    self.ended = true;
                    break;
                };
                *entitlement = part.get(0)?;
                *principals = read(*entitlement, blob(part, 1)?).into_iter();
            },
        }
        Ok(())
    }
}

/// A grant on its way into the file. Used again for the next one, so that nothing need be allocated anew.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) id: String,
    pub(super) entitlement: Rank,
    pub(super) principal: u32,
    /// As a Grant message with nothing else.
    pub(super) annotations: Vec<u8>,
    pub(super) expansion: Option<Vec<u8>>,
}

impl Pending {
    /// A grant that is nothing but its two ranks so far.
    fn begin(&mut self, entitlement: Rank, principal: u32) {
        (self.entitlement, self.principal) = (entitlement, principal);
        self.id.clear();
        self.annotations.clear();
        self.expansion = None;
    }

    fn read(&mut self, row: &Row<'_>, texts: &mut Texts<'_>) -> Result<(), Error> {
        self.begin(row.get(0)?, row.get(1)?);
        let staged = |error: rusqlite::types::FromSqlError| Error::Staged(error.to_string());
        self.annotations.extend_from_slice(row.get_ref(2)?.as_blob_or_null().map_err(staged)?.unwrap_or_default());
        self.expansion = row.get(3)?;
        match row.get_ref(4)?.as_str_or_null().map_err(staged)? {
            Some(own) => {
                self.id.push_str(own);
                Ok(())
            }
            None => self.build_id(texts),
        }
    }

    fn build_id(&mut self, texts: &mut Texts<'_>) -> Result<(), Error> {
        let entitlement = texts.entitlements.of(self.entitlement)?.external_id.as_str();
        for part in [entitlement, ":", texts.principals.of(self.principal)?.text] {
            self.id.push_str(part);
        }
        Ok(())
    }
}

/// What grants say of their entitlement. Grants of one lie together, so the last one is remembered.
pub(super) struct Entitlements<'a> {
    find: Statement<'a>,
    known: Known,
    find_id: Statement<'a>,
    /// Ids of sources, of bounded number.
    ids: HashMap<Rank, String>,
}

#[derive(Default)]
pub(super) struct Known {
    rank: Rank,
    pub(super) external_id: String,
    pub(super) resource_type: String,
    pub(super) resource: String,
    pub(super) data: GrantData,
}

impl<'a> Entitlements<'a> {
    pub(super) fn new(scratch: &'a Connection) -> Result<Self, Error> {
        let find = scratch.prepare(
            "SELECT e.external_id, p.type, p.resource FROM temp.entitlements e JOIN temp.principals p ON p.rank = e.resource
             WHERE e.rank = ?",
        )?;
        let find_id = scratch.prepare("SELECT external_id FROM temp.entitlements WHERE rank = ?")?;
        Ok(Self { find, known: Known::default(), find_id, ids: HashMap::new() })
    }

    pub(super) fn of(&mut self, rank: Rank) -> Result<&mut Known, Error> {
        let known = &mut self.known;
        if known.rank != rank {
            (known.external_id, known.resource_type, known.resource) =
                self.find.query_row([rank], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let resource = ResourceRef { resource_type: &known.resource_type, resource: &known.resource };
            known.data.entitlement(&known.external_id, resource);
            known.rank = rank;
        }
        Ok(known)
    }

    /// The next grant of this entitlement has these sources.
    pub(super) fn sources(&mut self, rank: Rank, entries: &[Entry]) -> Result<(), Error> {
        /// Ids that are held from one grant to the next: some 5 MiB.
        const HELD: usize = 1 << 16;
        self.of(rank)?;
        if self.ids.len() > HELD {
            self.ids.clear();
        }
        for entry in entries {
            if let hash_map::Entry::Vacant(place) = self.ids.entry(entry.source()) {
                place.insert(self.find_id.query_row([entry.source()], |row| row.get(0))?);
            }
        }
        let id = |entry: &Entry| self.ids.get(&entry.source()).map(String::as_str).unwrap_or_default();
        let mut sources: Vec<(&str, bool)> = entries.iter().map(|entry| (id(entry), entry.is_direct())).collect();
        // Ranks are in the order of ids with a colon behind them.
        sources.sort_unstable();
        for (id, is_direct) in sources {
            self.known.data.source(id, is_direct);
        }
        Ok(())
    }
}
