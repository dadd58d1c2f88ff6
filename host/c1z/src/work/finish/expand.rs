//! Expansion: whoever holds an entitlement that passes access on gets a grant for what it passes on.
//!
//! Works on ranks, one destination at a time in topological order, so that a source is complete before it is read. A grant
//! that a connector pushed is held directly, one made here is not; that alone decides what a shallow edge passes on and
//! what is told of a source. Fills [`passed`], from which grants are made while the file is written; those of nested
//! entitlements become rows of `grants`.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::super::listings::add_notes;
use super::super::{CollectionAddress, Error, ForeignExpansion, Note};
use super::extras::cleaned;
use super::graph::{Edges, Plan, Rank};
use super::passed::{self, Entry, PassedOn};
use super::rank::{blob, collection_of_page, is_lost, principal_text, text};
use super::sort::{self, Sorter};
use super::{FinishOptions, Limits, Progress, check_cancelled, packed};

/// Tells how many grants it makes.
pub(super) fn expand(
    connection: &Connection,
    types: &[&str],
    options: &mut FinishOptions<'_>,
    notes: &mut Vec<Note>,
) -> Result<u64, Error> {
    let plan = edges(connection, types, &options.limits, notes)?.plan();
    let mut holders = holders(connection, &plan)?;
    if !plan.steps.is_empty() {
        let at_most = estimate(connection, &plan, holders.clone())?;
        (options.progress)(Progress::ExpansionEstimate { at_most });
    }
    let created = propagate(connection, &plan, &mut holders, options)?;
    sort::clear(connection)?;
    make_rows_of_nested(connection)?;
    Ok(created)
}

/// The edges that the grants name. A source that is not in the file is told; a source of another's is refused.
fn edges(connection: &Connection, types: &[&str], limits: &Limits, notes: &mut Vec<Note>) -> Result<Edges, Error> {
    let mut select = connection.prepare(
        "SELECT g.entitlement, g.principal, ifnull(m.expansion, x.expansion)
         FROM temp.grants g LEFT JOIN staged_grants x ON x.id = g.extra LEFT JOIN temp.merged_extras m ON m.id = -g.extra
         WHERE g.expands AND ifnull(m.expansion, x.expansion) IS NOT NULL
         ORDER BY g.entitlement, g.principal, g.variant",
    )?;
    let mut find = connection.prepare("SELECT rank, resource FROM temp.entitlements WHERE external_id = ?")?;
    let mut edges = Edges::default();
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (destination, principal): (Rank, i64) = (row.get(0)?, row.get(1)?);
        let Some(expansion) = cleaned(&row.get::<_, Vec<u8>>(2)?, types)? else { continue };
        for id in &expansion.entitlement_ids {
            let source = find.query_row([id], |row| Ok((row.get::<_, Rank>(0)?, row.get::<_, i64>(1)?))).optional()?;
            match source {
                None => add_notes(notes, vec![unknown_source(connection, id)?]),
                Some((_, resource)) if resource != principal => {
                    return Err(foreign(connection, destination, principal, id, resource)?);
                }
                Some((source, _)) => {
                    edges.add(source, destination, expansion.shallow, &expansion.resource_type_ids);
                    if edges.len() as u64 > limits.max_edges {
                        return Err(Error::TooManyEdges { limit: limits.max_edges });
                    }
                }
            }
        }
    }
    Ok(edges)
}

/// At most how many principals hold each entitlement of the plan, before anything is passed on: who has a plain grant and
/// one with an id of its own counts twice.
fn holders(connection: &Connection, plan: &Plan) -> Result<HashMap<Rank, u64>, Error> {
    let mut count = connection.prepare(
        "SELECT (SELECT count(DISTINCT principal) FROM temp.grants WHERE entitlement = ?1)
         + (SELECT ifnull(sum(length(principals) / 4), 0) FROM temp.packed WHERE entitlement = ?1)",
    )?;
    let mut holders = HashMap::new();
    for rank in plan.entitlements() {
        let held: i64 = count.query_row([rank], |row| row.get(0))?;
        holders.insert(rank, held.cast_unsigned());
    }
    Ok(holders)
}

/// At most how many grants and sources will be added: everyone is taken to be somebody else, up to all there are.
fn estimate(connection: &Connection, plan: &Plan, mut holders: HashMap<Rank, u64>) -> Result<u64, Error> {
    let principals: i64 = connection.query_row("SELECT count(*) FROM temp.principals", [], |row| row.get(0))?;
    let principals = principals.cast_unsigned();
    let mut total = 0_u64;
    for step in &plan.steps {
        let sources = step.incoming.iter().flat_map(|edge| &edge.sources);
        let arriving: u64 = sources.filter_map(|rank| holders.get(rank)).fold(0, |sum, held| sum.saturating_add(*held));
        for destination in &step.destinations {
            let held = holders.entry(*destination).or_default();
            let after = held.saturating_add(arriving).min(principals);
            total = total.saturating_add(arriving).saturating_add(after.saturating_sub(*held));
            *held = after;
        }
    }
    Ok(total)
}

fn propagate(
    connection: &Connection,
    plan: &Plan,
    holders: &mut HashMap<Rank, u64>,
    options: &mut FinishOptions<'_>,
) -> Result<u64, Error> {
    let mut holding = Holding::new(connection)?;
    let filters = Filters::new(connection, &plan.filters)?;
    let mut all_created = 0;
    let mut added = 0_u64;
    let of = plan.steps.len() as u64;
    for (done, step) in (0..).zip(&plan.steps) {
        (options.progress)(Progress::Expanding { done, of });
        check_cancelled(options)?;
        for destination in &step.destinations {
            let mut arriving = Sorter::new(connection);
            let mut arrived = 0_u64;
            for edge in &step.incoming {
                for source in &edge.sources {
                    let holding_it = holders.get(source).copied().unwrap_or_default();
                    let estimate = added.saturating_add(arrived).saturating_add(holding_it);
                    if estimate > options.limits.max_expanded {
                        let entitlement = entitlement_text(connection, *destination)?;
                        return Err(Error::TooManyExpanded {
                            entitlement,
                            estimate,
                            limit: options.limits.max_expanded,
                        });
                    }
                    holding.each(*source, |principal, direct| {
                        if (direct || !edge.shallow) && filters.let_pass(edge.filter, principal) {
                            arriving.push(Entry::new(principal, *source, direct)?.to_number())?;
                            arrived += 1;
                        }
                        Ok(())
                    })?;
                }
            }
            holding.each(*destination, |principal, _| {
                arriving.push(Entry::new(principal, *destination, true)?.to_number())
            })?;
            let Received { created, sources } = receive(connection, *destination, arriving, options)?;
            added += created + sources;
            all_created += created;
            *holders.entry(*destination).or_default() += created;
        }
    }
    Ok(all_created)
}

/// What came of an entitlement that received.
struct Received {
    /// Grants made.
    created: u64,
    /// Sources of all its grants, the entitlement itself not counted.
    sources: u64,
}

/// Keeps what arrived at an entitlement, together with who holds it already.
fn receive(
    connection: &Connection,
    destination: Rank,
    arrived: Sorter<'_>,
    options: &FinishOptions<'_>,
) -> Result<Received, Error> {
    let mut passed_on = PassedOn::to(connection, destination)?;
    let mut sources = 0;
    let mut keep = |entries: &[Entry]| -> Result<(), Error> {
        let others = entries.iter().filter(|entry| entry.source() != destination).count();
        sources += others as u64;
        // Whoever holds it, and nothing through which it comes, is as before.
        if others > 0 && passed_on.push(entries)? { check_cancelled(options) } else { Ok(()) }
    };
    let mut sorted = arrived.sorted()?;
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(entry) = sorted.next()?.map(Entry::of_number) {
        if entries.first().is_some_and(|first| first.principal() != entry.principal()) {
            keep(&entries)?;
            entries.clear();
        }
        // A plain grant and one with an id of its own arrive as two.
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    keep(&entries)?;
    Ok(Received { created: passed_on.finish()?, sources })
}

/// The ids of nested entitlements' grants are sorted by their text: those that are made here become rows like the others.
fn make_rows_of_nested(connection: &Connection) -> Result<(), Error> {
    let nested = "entitlement IN (SELECT rank FROM temp.entitlements WHERE nested)";
    let mut select = connection.prepare(&format!("SELECT entitlement, entries FROM temp.passed WHERE {nested}"))?;
    let mut insert = connection.prepare("INSERT INTO temp.grants VALUES (?, ?, 0, NULL, 0, 0)")?;
    let mut parts = select.query([])?;
    while let Some(part) = parts.next()? {
        let entitlement: Rank = part.get(0)?;
        for principal in passed::made(entitlement, blob(part, 1)?) {
            insert.execute(params![entitlement, principal])?;
        }
    }
    connection.execute(&format!("UPDATE temp.passed SET made = 0 WHERE {nested}"), [])?;
    Ok(())
}

/// Who holds an entitlement.
struct Holding<'a> {
    packed: Statement<'a>,
    rows: Statement<'a>,
    passed: Statement<'a>,
}

impl<'a> Holding<'a> {
    fn new(connection: &'a Connection) -> Result<Self, Error> {
        Ok(Self {
            packed: connection.prepare("SELECT principals FROM temp.packed WHERE entitlement = ?")?,
            rows: connection.prepare("SELECT DISTINCT principal FROM temp.grants WHERE entitlement = ?")?,
            passed: connection.prepare("SELECT entries FROM temp.passed WHERE entitlement = ?")?,
        })
    }

    /// Each principal, and whether it holds the entitlement directly. One that has a plain grant and one with an id of its
    /// own comes twice.
    fn each(&mut self, entitlement: Rank, mut act: impl FnMut(u32, bool) -> Result<(), Error>) -> Result<(), Error> {
        let mut parts = self.packed.query([entitlement])?;
        while let Some(part) = parts.next()? {
            packed::principals(blob(part, 0)?).try_for_each(|principal| act(principal, true))?;
        }
        let mut rows = self.rows.query([entitlement])?;
        while let Some(row) = rows.next()? {
            act(row.get(0)?, true)?;
        }
        let mut parts = self.passed.query([entitlement])?;
        while let Some(part) = parts.next()? {
            passed::made(entitlement, blob(part, 0)?).into_iter().try_for_each(|principal| act(principal, false))?;
        }
        Ok(())
    }
}

/// Which principals are of the types that an edge is for.
struct Filters {
    /// For each filter, whether the principals of each run are let pass.
    passing: Vec<Vec<bool>>,
    /// Ranks lie together by type, mostly: where each run of one type begins.
    runs: Vec<u32>,
}

impl Filters {
    fn new(connection: &Connection, filters: &[Vec<String>]) -> Result<Self, Error> {
        let mut found = Self { passing: vec![Vec::new(); filters.len()], runs: Vec::new() };
        if filters.is_empty() {
            return Ok(found);
        }
        let mut select = connection.prepare("SELECT rank, type FROM temp.principals ORDER BY rank")?;
        let mut current: Option<String> = None;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let resource_type = text(row, 1)?;
            if current.as_deref() != Some(resource_type) {
                found.runs.push(row.get(0)?);
                for (passing, filter) in found.passing.iter_mut().zip(filters) {
                    passing.push(filter.iter().any(|known| known == resource_type));
                }
                current = Some(resource_type.to_owned());
            }
        }
        Ok(found)
    }

    fn let_pass(&self, filter: Option<u32>, principal: u32) -> bool {
        let Some(passing) = filter.and_then(|filter| self.passing.get(filter as usize)) else { return true };
        let run = self.runs.partition_point(|first| *first <= principal);
        run.checked_sub(1).and_then(|run| passing.get(run)).copied().unwrap_or_default()
    }
}

fn unknown_source(connection: &Connection, id: &str) -> Result<Note, Error> {
    Ok(Note {
        what: "access passed on from an unknown entitlement".to_owned(),
        count: 1,
        examples: vec![id.to_owned()],
        reason: "no listing has the entitlement".to_owned(),
        lost: is_lost(connection)?,
    })
}

fn foreign(
    connection: &Connection,
    destination: Rank,
    principal: i64,
    id: &str,
    resource: i64,
) -> Result<Error, Error> {
    let entitlement = entitlement_text(connection, destination)?;
    let holder = principal_text(connection, principal)?;
    Ok(Error::ForeignExpansion(Box::new(ForeignExpansion {
        collection: collection_of_grant(connection, destination, principal, id)?,
        grant: format!("{entitlement}:{holder}"),
        entitlement: id.to_owned(),
        resource: principal_text(connection, resource)?,
        principal: holder,
    })))
}

/// The first listing that pushed this grant with this source.
fn collection_of_grant(
    connection: &Connection,
    entitlement: Rank,
    principal: i64,
    source: &str,
) -> Result<CollectionAddress, Error> {
    let page: i64 = connection.query_row(
        "SELECT g.page FROM staged_grants g JOIN temp.page_ranks r ON r.page = g.page
         JOIN temp.entitlement_ranks e ON e.id = g.entitlement
         JOIN temp.principal_ranks p ON p.id = g.principal
         WHERE e.rank = ? AND p.rank = ? AND g.expansion IS NOT NULL
         ORDER BY instr(g.expansion, CAST(? AS BLOB)) = 0, r.rank LIMIT 1",
        params![entitlement, principal, source],
        |row| row.get(0),
    )?;
    collection_of_page(connection, page)
}

fn entitlement_text(connection: &Connection, rank: Rank) -> Result<String, Error> {
    Ok(connection.query_row("SELECT external_id FROM temp.entitlements WHERE rank = ?", [rank], |row| row.get(0))?)
}
