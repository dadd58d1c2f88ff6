//! Grants of one id become one; grants of nothing or to nobody are left out by name.
//!
//! Most grants are nothing but two ids: they end in the temporary table `packed`. The others are rows of `grants`:
//! entitlement and principal as ranks, `variant` 0 for the built id or the number of an id of its own in `custom_ids`,
//! `extra` for what few have, `expands` if that passes access on. A negative `extra` is a merged one, in `merged_extras`.
//! What is left out is in `dropped`, by interned ids.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::super::listings::add_notes;
use super::super::pairs::{narrow, pairs};
use super::super::{Contradiction, Error, Note};
use super::extras::Merged;
use super::packed::{Packer, unpack};
use super::rank::{blob, collection_of_page, is_lost};
use super::sort::{self, Sorted, Sorter};

pub(super) fn merge(connection: &Connection, notes: &mut Vec<Note>) -> Result<(), Error> {
    connection.execute_batch(
        "CREATE TEMP TABLE custom_ids (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
         INSERT INTO temp.custom_ids (id) SELECT DISTINCT external_id FROM staged_grants WHERE external_id IS NOT NULL ORDER BY 1;
         CREATE TEMP TABLE grants (
             entitlement INTEGER NOT NULL, principal INTEGER NOT NULL, variant INTEGER NOT NULL, extra INTEGER,
             copies INTEGER NOT NULL, expands INTEGER NOT NULL, PRIMARY KEY (entitlement, principal, variant)
         ) WITHOUT ROWID;
         CREATE TEMP TABLE merged_extras (id INTEGER PRIMARY KEY, annotations BLOB NOT NULL, expansion BLOB);
         CREATE TEMP TABLE dropped (
             entitlement INTEGER NOT NULL, principal INTEGER NOT NULL, PRIMARY KEY (entitlement, principal)
         ) WITHOUT ROWID;",
    )?;
    // Cross joins keep the long table outside: the others are looked up by number.
    connection.execute_batch(
        "INSERT INTO temp.grants
         SELECT e.rank, p.rank, ifnull(c.number, 0) AS variant, g.id, 1, g.expansion IS NOT NULL
         FROM staged_grants g CROSS JOIN temp.entitlement_ranks e ON e.id = g.entitlement
         CROSS JOIN temp.principal_ranks p ON p.id = g.principal CROSS JOIN temp.principals m ON m.rank = p.rank
         LEFT JOIN temp.custom_ids c ON c.id = g.external_id
         WHERE m.staged IS NOT NULL OR g.matches
         ORDER BY e.rank, p.rank, variant, g.id
         ON CONFLICT DO UPDATE
         SET copies = copies + 1, extra = min(extra, excluded.extra), expands = max(expands, excluded.expands);
         INSERT OR IGNORE INTO temp.dropped
         SELECT g.entitlement, g.principal
         FROM staged_grants g LEFT JOIN temp.entitlement_ranks e ON e.id = g.entitlement
         CROSS JOIN temp.principal_ranks p ON p.id = g.principal CROSS JOIN temp.principals m ON m.rank = p.rank
         WHERE e.id IS NULL OR NOT (m.staged IS NOT NULL OR g.matches);",
    )?;
    sort::create(connection)?;
    pack(connection, sort(connection)?)?;
    sort::clear(connection)?;
    refuse_shared_ids(connection)?;
    merge_extras(connection)?;
    // Those of nested entitlements are sorted by their text, not by rank.
    let mut nested = connection.prepare("SELECT rank FROM temp.entitlements WHERE nested")?;
    for entitlement in nested.query_map([], |row| row.get(0))? {
        unpack(connection, entitlement?)?;
    }
    name_dropped(connection, notes)
}

/// The staged pairs as ranks, in the order of the file: the entitlement's above the principal's.
fn sort(connection: &Connection) -> Result<Sorted<'_>, Error> {
    let mut entitlements = Ranks::new(connection, "temp.entitlement_ranks")?;
    let mut principals =
        Ranks::new(connection, "temp.principal_ranks JOIN temp.principals USING (rank) WHERE staged IS NOT NULL")?;
    let mut drop = connection.prepare("INSERT OR IGNORE INTO temp.dropped VALUES (?, ?)")?;
    let mut sorter = Sorter::new(connection);
    let mut select = connection.prepare("SELECT pairs FROM staged_pairs")?;
    let mut pages = select.query([])?;
    while let Some(page) = pages.next()? {
        for (entitlement, principal) in pairs(blob(page, 0)?) {
            match (entitlements.of(entitlement)?, principals.of(principal)?) {
                (Some(entitlement), Some(principal)) => {
                    sorter.push(u64::from(entitlement) << 32 | u64::from(principal))?;
                }
                _ => {
                    drop.execute([entitlement, principal])?;
                }
            }
        }
    }
    sorter.sorted()
}

/// Packs sorted pairs. Those that are rows already are counted as copies there.
fn pack(connection: &Connection, mut sorted: Sorted<'_>) -> Result<(), Error> {
    let mut rows = connection
        .prepare("SELECT entitlement, principal FROM temp.grants WHERE variant = 0 ORDER BY entitlement, principal")?;
    let mut rows = rows.query([])?;
    let mut row = || -> Result<Option<u64>, Error> {
        let pair =
            rows.next()?.map(|row| Ok::<_, Error>((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))).transpose()?;
        Ok(pair.map(|(entitlement, principal)| u64::from(entitlement) << 32 | u64::from(principal)))
    };
    // A copy changes nothing that the query above looks at.
    let mut copy = connection.prepare(
        "UPDATE temp.grants SET copies = copies + 1 WHERE entitlement = ? AND principal = ? AND variant = 0",
    )?;
    let mut packer = Packer::new(connection)?;
    let mut next_row = row()?;
    let mut previous = None;
    while let Some(pair) = sorted.next()? {
        while next_row.is_some_and(|row| row < pair) {
            next_row = row()?;
        }
        let (entitlement, principal) = halves(pair);
        if next_row == Some(pair) {
            copy.execute([entitlement, principal])?;
        } else if previous != Some(pair) {
            packer.push(entitlement, principal)?;
        }
        previous = Some(pair);
    }
    packer.finish()
}

fn halves(pair: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = pair.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

/// The ranks of interned ids: those of the first in memory, of bounded size, the rest looked up.
struct Ranks<'a> {
    /// By id; 0 for what is not in the file.
    held: Vec<u32>,
    find: CachedStatement<'a>,
}

impl<'a> Ranks<'a> {
    /// Ids that are held: 16 MiB.
    const HELD: u32 = 4 << 20;

    /// `ranks`: where `id` and `rank` come from.
    fn new(connection: &'a Connection, ranks: &str) -> Result<Self, Error> {
        let ranks = format!("SELECT id, rank FROM {ranks}");
        let mut held: Vec<u32> = vec![0];
        let mut select = connection.prepare(&format!("SELECT * FROM ({ranks}) WHERE id < ? ORDER BY id"))?;
        let mut rows = select.query([Self::HELD])?;
        while let Some(row) = rows.next()? {
            held.resize(row.get::<_, u32>(0)? as usize, 0);
            held.push(narrow(row.get(1)?)?);
        }
        let find = connection.prepare_cached(&format!("SELECT rank FROM ({ranks}) WHERE id = ?"))?;
        Ok(Self { held, find })
    }

    fn of(&mut self, id: u32) -> Result<Option<u32>, Error> {
        match self.held.get(id as usize) {
            Some(rank) => Ok((*rank > 0).then_some(*rank)),
            None if id < Self::HELD => Ok(None),
            None => Ok(self.find.query_row([id], |row| row.get(0)).optional()?),
        }
    }
}

/// An id of a grant's own names one entitlement and one principal.
fn refuse_shared_ids(connection: &Connection) -> Result<(), Error> {
    let mut shared = connection.prepare(
        "SELECT c.id FROM temp.grants g JOIN temp.custom_ids c ON c.number = g.variant
         WHERE g.variant > 0 GROUP BY g.variant HAVING count(*) > 1 ORDER BY c.id LIMIT 1",
    )?;
    let mut rows = shared.query([])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    let id: String = row.get(0)?;
    let mut holders = connection.prepare(
        "SELECT i.external_id || ' to ' || p.type || ':' || p.resource AS pair, g.page, min(r.rank)
         FROM staged_grants g JOIN temp.page_ranks r ON r.page = g.page
         JOIN entitlement_ids i ON i.id = g.entitlement JOIN resource_ids p ON p.id = g.principal
         WHERE g.external_id = ? GROUP BY pair ORDER BY min(r.rank), pair LIMIT 2",
    )?;
    let holders: Vec<(String, i64)> =
        holders.query_map([&id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let [(first, first_page), (second, second_page)] = holders.as_slice() else { return Ok(()) };
    Err(Error::Contradiction(Box::new(Contradiction {
        what: "grant",
        id,
        field: "entitlement and principal",
        first: first.clone(),
        first_collection: collection_of_page(connection, *first_page)?,
        second: second.clone(),
        second_collection: collection_of_page(connection, *second_page)?,
    })))
}

/// Merges what several copies of a grant have beyond their ids.
fn merge_extras(connection: &Connection) -> Result<(), Error> {
    let any: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM temp.grants WHERE copies > 1 AND extra IS NOT NULL)",
        [],
        |row| row.get(0),
    )?;
    if !any {
        return Ok(());
    }
    let mut select = connection.prepare(
        "SELECT e.rank, p.rank, ifnull(c.number, 0) AS variant, g.annotations, g.expansion, m.copies
         FROM staged_grants g JOIN temp.page_ranks r ON r.page = g.page
         JOIN temp.entitlement_ranks e ON e.id = g.entitlement JOIN temp.principal_ranks p ON p.id = g.principal
         LEFT JOIN temp.custom_ids c ON c.id = g.external_id
         JOIN temp.grants m ON m.entitlement = e.rank AND m.principal = p.rank AND m.variant = ifnull(c.number, 0)
         WHERE m.copies > 1
         ORDER BY e.rank, p.rank, variant, r.rank, g.id",
    )?;
    let mut keep = connection.prepare("INSERT INTO temp.merged_extras (annotations, expansion) VALUES (?, ?)")?;
    let mut point = connection
        .prepare("UPDATE temp.grants SET extra = ? WHERE entitlement = ? AND principal = ? AND variant = ?")?;
    let mut store = |(entitlement, principal, variant): (i64, i64, i64), merged: Merged| -> Result<(), Error> {
        let (annotations, expansion) = merged.finish();
        let id = keep.insert(params![annotations, expansion])?;
        point.execute([-id, entitlement, principal, variant])?;
        Ok(())
    };
    // Storing changes `extra` of the table that the rows come from, and nothing that the query looks at.
    let mut rows = select.query([])?;
    let mut current: Option<((i64, i64, i64), Merged)> = None;
    while let Some(row) = rows.next()? {
        let key = (row.get(0)?, row.get(1)?, row.get(2)?);
        let annotations: Vec<u8> = row.get(3)?;
        let expansion: Option<Vec<u8>> = row.get(4)?;
        let mut merged = match current.take() {
            Some((known, merged)) if known == key => merged,
            other => {
                if let Some((known, merged)) = other {
                    store(known, merged)?;
                }
                Merged::of_copies(row.get::<_, i64>(5)?.cast_unsigned())
            }
        };
        merged.add(&annotations, expansion.as_deref())?;
        current = Some((key, merged));
    }
    current.map_or(Ok(()), |(known, merged)| store(known, merged))
}

/// Notes for grants whose entitlement or principal is in no row.
fn name_dropped(connection: &Connection, notes: &mut Vec<Note>) -> Result<(), Error> {
    let lost = is_lost(connection)?;
    let mut select = connection.prepare(
        "SELECT DISTINCT i.external_id, q.type, q.resource, e.id IS NULL
         FROM temp.dropped d CROSS JOIN entitlement_ids i ON i.id = d.entitlement
         CROSS JOIN resource_ids q ON q.id = d.principal LEFT JOIN temp.entitlement_ranks e ON e.id = d.entitlement
         ORDER BY 1, 2, 3",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (entitlement, resource_type, resource): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (what, reason) = match row.get(3)? {
            true => ("grant of an unknown entitlement", "no listing has the entitlement"),
            false => ("grant to an unknown principal", "no listing has the principal"),
        };
        let note = Note {
            what: what.to_owned(),
            count: 1,
            examples: vec![format!("{entitlement}:{resource_type}:{resource}")],
            reason: reason.to_owned(),
            lost,
        };
        add_notes(notes, vec![note]);
    }
    Ok(())
}
