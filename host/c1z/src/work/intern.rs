//! Texts of ids become small integers while rows are staged.
//!
//! A bounded memory of recent ids spares most of them a second number. Those that it forgot get one, which costs a row
//! more in the work file and no look-up: an index over texts in no order would be most of the work of staging.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{Connection, params};

use super::Error;
use crate::model::ResourceId;

/// Entries kept per kind, at roughly 100 bytes each: 6 MiB.
const REMEMBERED: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Interner {
    resources: HashMap<String, i64, RandomState>,
    entitlements: HashMap<String, i64, RandomState>,
    key: String,
}

impl Interner {
    /// Forgets everything: after a transaction that failed, a number may not be in the table.
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
        let number = connection
            .prepare_cached("INSERT INTO resource_ids (type, resource) VALUES (?, ?)")?
            .insert([&id.resource_type, &id.resource])?;
        remember(&mut self.resources, &self.key, number);
        Ok(number)
    }

    pub(super) fn entitlement(&mut self, connection: &Connection, id: &str, of: &ResourceId) -> Result<i64, Error> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        for part in [of.resource_type.as_str(), "\0", &of.resource, "\0", id] {
            key.push_str(part);
        }
        let known = self.entitlements.get(&key).copied();
        let number = known.map_or_else(|| self.new_entitlement(connection, &key, id, of), Ok);
        self.key = key;
        number
    }

    fn new_entitlement(&mut self, connection: &Connection, key: &str, id: &str, of: &ResourceId) -> Result<i64, Error> {
        let resource = self.resource(connection, of)?;
        let number = connection
            .prepare_cached("INSERT INTO entitlement_ids (external_id, resource) VALUES (?, ?)")?
            .insert(params![id, resource])?;
        remember(&mut self.entitlements, key, number);
        Ok(number)
    }
}

fn remember(known: &mut HashMap<String, i64, RandomState>, key: &str, number: i64) {
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(key.to_owned(), number);
}
