//! Texts of ids become small integers while rows are staged.
//!
//! The table of the work file is the truth; a bounded memory of recent ids in front of it saves most look-ups.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension, params};

use super::Error;
use crate::model::ResourceId;

/// Entries kept per kind, at roughly 100 bytes each: 6 MiB.
const REMEMBERED: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Interner {
    /// Every resource of the table is remembered, so one that is not remembered is new.
    all_resources: bool,
    resources: HashMap<String, i64, RandomState>,
    entitlements: HashMap<String, i64, RandomState>,
    key: String,
}

impl Interner {
    /// For a work file that has no ids yet.
    pub(super) fn of_nothing() -> Self {
        Self { all_resources: true, ..Self::default() }
    }

    /// Forgets everything: after a transaction that failed, an id may not be in the table.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn resource(&mut self, connection: &Connection, id: &ResourceId) -> Result<i64, Error> {
        self.key.clear();
        self.key.push_str(&id.resource_type);
        // Not part of any text that SQLite or protobuf readers would accept gladly; the type's length would do as well.
        self.key.push('\0');
        self.key.push_str(&id.resource);
        if let Some(number) = self.resources.get(&self.key) {
            return Ok(*number);
        }
        let known = if self.all_resources { None } else { find_resource(connection, id)? };
        let number = match known {
            Some(number) => number,
            None => connection
                .prepare_cached("INSERT INTO resource_ids (type, resource) VALUES (?, ?)")?
                .insert([&id.resource_type, &id.resource])?,
        };
        self.all_resources &= remember(&mut self.resources, &self.key, number);
        Ok(number)
    }

    pub(super) fn entitlement(&mut self, connection: &Connection, id: &str, of: &ResourceId) -> Result<i64, Error> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        for part in [of.resource_type.as_str(), "\0", &of.resource, "\0", id] {
            key.push_str(part);
        }
        let known = self.entitlements.get(&key).copied();
        let number = known.map_or_else(|| self.find_entitlement(connection, &key, id, of), Ok);
        self.key = key;
        number
    }

    fn find_entitlement(
        &mut self,
        connection: &Connection,
        key: &str,
        id: &str,
        of: &ResourceId,
    ) -> Result<i64, Error> {
        let resource = self.resource(connection, of)?;
        let mut find =
            connection.prepare_cached("SELECT id FROM entitlement_ids WHERE external_id = ? AND resource = ?")?;
        let number = match find.query_row(params![id, resource], |row| row.get(0)).optional()? {
            Some(number) => number,
            None => connection
                .prepare_cached("INSERT INTO entitlement_ids (external_id, resource) VALUES (?, ?)")?
                .insert(params![id, resource])?,
        };
        remember(&mut self.entitlements, key, number);
        Ok(number)
    }
}

fn find_resource(connection: &Connection, id: &ResourceId) -> Result<Option<i64>, Error> {
    let mut find = connection.prepare_cached("SELECT id FROM resource_ids WHERE type = ? AND resource = ?")?;
    Ok(find.query_row([&id.resource_type, &id.resource], |row| row.get(0)).optional()?)
}

/// Whether all that was remembered before still is.
fn remember(known: &mut HashMap<String, i64, RandomState>, key: &str, number: i64) -> bool {
    let full = known.len() >= REMEMBERED;
    if full {
        known.clear();
    }
    known.insert(key.to_owned(), number);
    !full
}
