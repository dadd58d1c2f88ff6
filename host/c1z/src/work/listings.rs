//! The listings of a work file: begin, look, settle, begin again.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    CollectionAddress, CollectionId, CollectionRecord, CollectionState, Error, Note, Settlement, WorkFile, facts,
};

/// Who found the listings that a run begins with.
const BEGIN: i64 = 0;

/// A listing that makes up ever new notes is told about in one.
const MAX_NOTES: usize = 200;
const MAX_EXAMPLES: usize = 20;

impl WorkFile {
    /// Adds the listings to begin with; known ones are left as they are.
    pub fn begin(&mut self, collections: &[CollectionAddress]) -> Result<(), Error> {
        let add = |work: &mut Self| -> Result<(), Error> {
            let transaction = work.connection.transaction()?;
            for address in collections {
                discover(&transaction, BEGIN, address)?;
            }
            Ok(transaction.commit()?)
        };
        add(self).map_err(self.locate("add listings to"))
    }

    /// All listings, by name and key.
    pub fn collections(&self) -> Result<Vec<CollectionRecord>, Error> {
        let list = || -> Result<Vec<CollectionRecord>, Error> {
            let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY name, key"))?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(record(row)?);
            }
            Ok(found)
        };
        list().map_err(self.locate("read"))
    }

    /// One listing.
    pub fn collection(&self, id: CollectionId) -> Result<CollectionRecord, Error> {
        load(&self.connection, id).map_err(self.locate("read"))
    }

    /// Ends a listing that has no last page. What it pushed is kept.
    pub fn settle(&mut self, id: CollectionId, settlement: Settlement) -> Result<(), Error> {
        let settle = || -> Result<(), Error> {
            let known = load(&self.connection, id)?;
            if known.state != CollectionState::Open {
                return Err(Error::NotOpen { collection: known.address });
            }
            let (state, gap) = match &settlement {
                Settlement::Gap(gap) => (CollectionState::Gap, Some(json(gap)?)),
                Settlement::Deselected => (CollectionState::Deselected, None),
            };
            self.connection.execute(
                "UPDATE collections SET state = ?, gap = ?, cursor = NULL WHERE id = ?",
                params![state.number(), gap, id.0],
            )?;
            Ok(())
        };
        settle().map_err(self.locate("settle a listing in"))
    }

    /// Begins a listing again, whatever its state: its rows, facts, notes, and the listings that only it found, with
    /// all of theirs, are dropped.
    pub fn restart(&mut self, id: CollectionId, reason: &str) -> Result<CollectionRecord, Error> {
        let restart = |work: &mut Self| -> Result<CollectionRecord, Error> {
            let transaction = work.connection.transaction()?;
            let freed = begin_again(&transaction, id.0, reason)?;
            let record = load(&transaction, id)?;
            transaction.commit()?;
            work.fact_bytes = work.fact_bytes.saturating_sub(freed);
            Ok(record)
        };
        restart(self).map_err(self.locate("restart a listing in"))
    }

    /// How many distinct resources of this type the listing pushed (stubs do not count), or its items if it pushed
    /// none: to compare with its total.
    pub fn distinct(&self, id: CollectionId, resource_type: &str) -> Result<u64, Error> {
        let count = || -> Result<u64, Error> {
            let known = load(&self.connection, id)?;
            let distinct: i64 = self
                .connection
                .prepare_cached(
                    "SELECT count(DISTINCT r.resource) FROM pages p JOIN staged_resources s ON s.page = p.id
                     JOIN resource_ids r ON r.id = s.resource
                     WHERE p.collection = ? AND s.stub = 0 AND r.type = ?",
                )?
                .query_row(params![id.0, resource_type], |row| row.get(0))?;
            Ok(if distinct > 0 { distinct.cast_unsigned() } else { known.items })
        };
        count().map_err(self.locate("count rows of"))
    }
}

impl CollectionState {
    /// As the work file keeps it.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Complete => 1,
            Self::Gap => 2,
            Self::Deselected => 3,
        }
    }

    fn of(number: i64) -> Option<Self> {
        [Self::Open, Self::Complete, Self::Gap, Self::Deselected].into_iter().find(|state| state.number() == number)
    }
}

const SELECT: &str = "SELECT id, name, key, state, cursor, restarts, restart_reasons, pages, items, total, rows, filtered, \
                      notes, gap FROM collections";

pub(super) fn load(connection: &Connection, id: CollectionId) -> Result<CollectionRecord, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE id = ?"))?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(record).transpose()?.ok_or(Error::UnknownCollection(id.0))
}

/// Adds a listing that `finder` found. Its record, if it was not known before.
pub(super) fn discover(
    connection: &Connection,
    finder: i64,
    address: &CollectionAddress,
) -> Result<Option<CollectionRecord>, Error> {
    let known: Option<i64> = connection
        .prepare_cached(
            "SELECT id FROM collections WHERE name = ?1 AND (key IS NULL) = (?2 IS NULL) AND ifnull(key, '') = ifnull(?2, '')",
        )?
        .query_row(params![address.name, address.key], |row| row.get(0))
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => connection
            .prepare_cached("INSERT INTO collections (name, key) VALUES (?, ?)")?
            .insert(params![address.name, address.key])?,
    };
    connection.prepare_cached("INSERT OR IGNORE INTO discoveries VALUES (?, ?)")?.execute([finder, id])?;
    match known {
        Some(_) => Ok(None),
        None => load(connection, CollectionId(id)).map(Some),
    }
}

/// Drops what a listing did and counts the restart. Says how many bytes of facts went.
pub(super) fn begin_again(connection: &Connection, id: i64, reason: &str) -> Result<u64, Error> {
    let mut reasons = load(connection, CollectionId(id))?.restart_reasons;
    reasons.push(reason.to_owned());
    let freed = drop_contents(connection, id)?;
    connection.execute(
        "UPDATE collections SET state = 0, cursor = NULL, restarts = restarts + 1, restart_reasons = ?, pages = 0, items = 0,
         total = NULL, rows = 0, filtered = 0, notes = '[]', gap = NULL WHERE id = ?",
        params![json(&reasons)?, id],
    )?;
    Ok(freed)
}

/// Removes the rows, cursors, facts and discoveries of a listing, and the listings that nobody else found.
fn drop_contents(connection: &Connection, id: i64) -> Result<u64, Error> {
    let mut freed = 0;
    // A listing is dropped once, so that listings that found each other end.
    let mut due = vec![id];
    while let Some(collection) = due.pop() {
        for table in ["staged_resources", "staged_entitlements", "staged_grants", "staged_pairs"] {
            // The rows of few pages: their table is scanned, which a restart may cost.
            connection.execute(
                &format!("DELETE FROM {table} WHERE page IN (SELECT id FROM pages WHERE collection = ?)"),
                [collection],
            )?;
        }
        connection.execute("DELETE FROM pages WHERE collection = ?", [collection])?;
        connection.execute("DELETE FROM cursors WHERE collection = ?", [collection])?;
        freed += facts::remove(connection, collection)?;
        connection.execute("DELETE FROM discoveries WHERE finder = ?", [collection])?;
        let mut orphans = connection.prepare_cached(
            "SELECT id FROM collections c WHERE id <> ? AND NOT EXISTS (SELECT 1 FROM discoveries d WHERE d.found = c.id)",
        )?;
        let orphans: Vec<i64> = orphans.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for orphan in orphans {
            connection.execute("DELETE FROM collections WHERE id = ?", [orphan])?;
            due.push(orphan);
        }
    }
    Ok(freed)
}

/// Joins notes of one kind; the caller's are of one page, so their number is small.
pub(super) fn add_notes(known: &mut Vec<Note>, more: Vec<Note>) {
    for mut note in more {
        let full = known.len() >= MAX_NOTES;
        let same = |other: &&mut Note| {
            other.lost == note.lost && (full || (other.what == note.what && other.reason == note.reason))
        };
        if let Some(other) = known.iter_mut().rev().find(same) {
            other.count += note.count;
            let room = MAX_EXAMPLES.saturating_sub(other.examples.len());
            // Several pages may name the same thing.
            note.examples.retain(|example| !other.examples.contains(example));
            other.examples.extend(note.examples.into_iter().take(room));
        } else {
            note.examples.truncate(MAX_EXAMPLES);
            known.push(note);
        }
    }
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Staged(error.to_string()))
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Staged(error.to_string()))
}

fn record(row: &Row<'_>) -> Result<CollectionRecord, Error> {
    let state: i64 = row.get("state")?;
    let gap: Option<String> = row.get("gap")?;
    Ok(CollectionRecord {
        id: CollectionId(row.get("id")?),
        address: CollectionAddress { name: row.get("name")?, key: row.get("key")? },
        state: CollectionState::of(state).ok_or_else(|| Error::Staged(format!("collection state {state}")))?,
        cursor: row.get("cursor")?,
        restarts: row.get("restarts")?,
        restart_reasons: parse(&row.get::<_, String>("restart_reasons")?)?,
        pages: row.get("pages")?,
        items: row.get::<_, i64>("items")?.cast_unsigned(),
        total: row.get::<_, Option<i64>>("total")?.map(i64::cast_unsigned),
        rows: row.get::<_, i64>("rows")?.cast_unsigned(),
        filtered: row.get::<_, i64>("filtered")?.cast_unsigned(),
        notes: parse(&row.get::<_, String>("notes")?)?,
        gap: gap.as_deref().map(parse).transpose()?,
    })
}
