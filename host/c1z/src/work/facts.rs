//! Facts: what one listing learns for a later one.
//!
//! What a page sees depends on the view alone, so that timing cannot change a result.

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::{CollectionId, CollectionState, Error, WorkFile};

/// What a page may see: its own listing's facts, then those of complete listings with these names, then `connect`'s.
/// Where several have a key, the first of that order wins; within one name, the listing whose key sorts first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactsView {
    /// The listing that asks; none for `begin`.
    pub own: Option<CollectionId>,
    /// The collection names that the asking one names in `after`.
    pub after: Vec<String>,
}

/// All facts of a sync, keys included: the interface's promise.
pub const MAX_FACT_BYTES: u64 = 256 * 1024 * 1024;

/// The collection number of `connect`.
const CONNECT: i64 = 0;

impl WorkFile {
    /// Replaces what `connect` learned.
    pub fn connect_facts(&mut self, facts: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        let replace = |work: &mut Self| -> Result<u64, Error> {
            let transaction = work.connection.transaction()?;
            let mut bytes = work.fact_bytes;
            bytes = bytes.saturating_sub(remove(&transaction, CONNECT)?);
            put(&transaction, CONNECT, &facts, &mut bytes)?;
            transaction.commit()?;
            Ok(bytes)
        };
        self.fact_bytes = replace(self).map_err(self.locate("keep facts in"))?;
        Ok(())
    }

    /// The values of these keys, in their order.
    pub fn facts_get(&self, view: &FactsView, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let get = || -> Result<Vec<Option<Vec<u8>>>, Error> {
            let ranks = self.ranks(view)?;
            let mut find = self.connection.prepare_cached("SELECT collection, value FROM facts WHERE key = ?")?;
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                let mut best: Option<Best> = None;
                let mut rows = find.query([key])?;
                while let Some(row) = rows.next()? {
                    keep_better(&mut best, &ranks, row.get(0)?, row.get_ref(1)?)?;
                }
                found.push(best.map(|best| best.value));
            }
            Ok(found)
        };
        get().map_err(self.locate("read facts of"))
    }

    /// Entries whose key begins with `prefix` and comes after `after`, in byte order, at most `limit`.
    pub fn facts_scan(
        &self,
        view: &FactsView,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let scan = || -> Result<Vec<(String, Vec<u8>)>, Error> {
            let ranks = self.ranks(view)?;
            let mut walk = self
                .connection
                .prepare_cached("SELECT key, collection, value FROM facts WHERE key >= ? AND key > ? ORDER BY key")?;
            // Every key is longer than the empty text.
            let mut rows = walk.query([prefix, after.unwrap_or_default()])?;
            let mut found: Vec<(String, Vec<u8>)> = Vec::new();
            let mut current: Option<(String, Best)> = None;
            while found.len() < limit {
                let row = rows.next()?;
                let key: Option<String> = row.map(|row| row.get(0)).transpose()?;
                let key = key.filter(|key| key.starts_with(prefix));
                if current.as_ref().map(|(known, _)| known) != key.as_ref()
                    && let Some((known, best)) = current.take()
                {
                    found.push((known, best.value));
                }
                let (Some(key), Some(row)) = (key, row) else { break };
                let mut best = current.take().map(|(_, best)| best);
                keep_better(&mut best, &ranks, row.get(1)?, row.get_ref(2)?)?;
                current = best.map(|best| (key, best));
            }
            Ok(found)
        };
        scan().map_err(self.locate("read facts of"))
    }

    /// The listings that a view sees; the lowest rank wins.
    fn ranks(&self, view: &FactsView) -> Result<HashMap<i64, usize>, Error> {
        let mut order: Vec<i64> = view.own.map(|own| own.0).into_iter().collect();
        let mut named =
            self.connection.prepare_cached("SELECT id FROM collections WHERE name = ? AND state = ? ORDER BY key")?;
        for name in &view.after {
            let complete = params![name, CollectionState::Complete.number()];
            for id in named.query_map(complete, |row| row.get(0))? {
                order.push(id?);
            }
        }
        order.push(CONNECT);
        let mut ranks = HashMap::with_capacity(order.len());
        for (rank, id) in order.into_iter().enumerate() {
            ranks.entry(id).or_insert(rank);
        }
        Ok(ranks)
    }
}

/// The value of a key that counts, of those seen so far.
struct Best {
    rank: usize,
    value: Vec<u8>,
}

fn keep_better(
    best: &mut Option<Best>,
    ranks: &HashMap<i64, usize>,
    collection: i64,
    value: ValueRef<'_>,
) -> Result<(), Error> {
    if let Some(&rank) = ranks.get(&collection)
        && best.as_ref().is_none_or(|known| rank < known.rank)
    {
        let value = value.as_blob().map_err(|error| Error::Staged(error.to_string()))?.to_vec();
        *best = Some(Best { rank, value });
    }
    Ok(())
}

/// Adds facts of one listing and counts their bytes.
pub(super) fn put(
    connection: &Connection,
    collection: i64,
    facts: &[(String, Vec<u8>)],
    bytes: &mut u64,
) -> Result<(), Error> {
    let mut add = connection.prepare_cached("INSERT OR IGNORE INTO facts (key, collection, value) VALUES (?, ?, ?)")?;
    let mut known = connection.prepare_cached("SELECT length(value) FROM facts WHERE key = ? AND collection = ?")?;
    let mut replace = connection.prepare_cached("UPDATE facts SET value = ?3 WHERE key = ?1 AND collection = ?2")?;
    let mut count = |fewer: u64, more: usize| {
        *bytes = bytes.saturating_sub(fewer).saturating_add(more as u64);
        if *bytes > MAX_FACT_BYTES { Err(Error::TooManyFacts { limit: MAX_FACT_BYTES }) } else { Ok(()) }
    };
    for (key, value) in facts {
        if add.execute(params![key, collection, value])? > 0 {
            count(0, key.len() + value.len())?;
            continue;
        }
        let replaced: i64 = known.query_row(params![key, collection], |row| row.get(0))?;
        if replaced > 0 || !value.is_empty() {
            count(replaced.cast_unsigned(), value.len())?;
            replace.execute(params![key, collection, value])?;
        }
    }
    Ok(())
}

/// Removes the facts of one listing and says how many bytes they were.
pub(super) fn remove(connection: &Connection, collection: i64) -> Result<u64, Error> {
    let bytes: i64 = connection
        .prepare_cached(
            "SELECT ifnull(sum(length(CAST(key AS BLOB)) + length(value)), 0) FROM facts WHERE collection = ?",
        )?
        .query_row([collection], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM facts WHERE collection = ?")?.execute([collection])?;
    Ok(bytes.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_have_a_limit_and_a_fact_written_again_takes_no_more() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        let facts = |length: usize| vec![("ten bytes.".to_owned(), vec![0; length])];
        let mut bytes = MAX_FACT_BYTES - 100;
        put(&connection, 1, &facts(90), &mut bytes).unwrap();
        put(&connection, 1, &facts(90), &mut bytes).unwrap();
        assert_eq!(bytes, MAX_FACT_BYTES);
        assert!(matches!(
            put(&connection, 1, &facts(91), &mut bytes),
            Err(Error::TooManyFacts { limit: MAX_FACT_BYTES })
        ));
        assert_eq!(remove(&connection, 1).unwrap(), 100);
    }

    #[test]
    fn the_last_value_of_a_fact_counts() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        let mut bytes = 0;
        for value in ["", "some", "", "", "more", "more still"] {
            put(&connection, 1, &[("key".to_owned(), value.into())], &mut bytes).unwrap();
            let kept: Vec<u8> = connection.query_row("SELECT value FROM facts", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, value.as_bytes());
            assert_eq!(bytes, (3 + value.len()) as u64);
        }
    }
}
