//! Expansion: whoever holds an entitlement that passes access on gets a grant for what it passes on.
//!
//! Works on ranks in temporary tables, one destination at a time in topological order, so that a source is complete
//! before it is read. A grant that a connector pushed is held directly, one made here is not; that alone decides what a
//! shallow edge passes on and what `is_direct` says. Adds to `grants` and fills `sources` (destination, principal, source
//! entitlement, direct).

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::super::listings::add_notes;
use super::super::{CollectionAddress, Error, ForeignExpansion, Note};
use super::extras::cleaned;
use super::graph::{Edges, Plan, Rank};
use super::packed::unpack;
use super::rank::{collection_of_page, is_lost, principal_text};
use super::{FinishOptions, Limits, Progress, check_cancelled};

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// Entitlements whose grants may have sources.
    pub(super) destinations: HashSet<Rank>,
    /// Grants made.
    pub(super) created: u64,
}

pub(super) fn expand(
    connection: &Connection,
    types: &[&str],
    options: &mut FinishOptions<'_>,
    notes: &mut Vec<Note>,
) -> Result<Expanded, Error> {
    connection.execute_batch(
        "CREATE TEMP TABLE sources (
             entitlement INTEGER NOT NULL, principal INTEGER NOT NULL, source INTEGER NOT NULL, direct INTEGER NOT NULL,
             PRIMARY KEY (entitlement, principal, source)
         ) WITHOUT ROWID;
         CREATE TEMP TABLE filters (filter INTEGER NOT NULL, type TEXT NOT NULL, PRIMARY KEY (filter, type)) WITHOUT ROWID;",
    )?;
    let plan = edges(connection, types, &options.limits, notes)?.plan();
    for (number, types) in (0_i64..).zip(&plan.filters) {
        for resource_type in types {
            connection.execute("INSERT INTO temp.filters VALUES (?, ?)", params![number, resource_type])?;
        }
    }
    for entitlement in plan.entitlements() {
        unpack(connection, entitlement)?;
    }
    let mut holders = holders(connection, &plan)?;
    if !plan.steps.is_empty() {
        let at_most = estimate(connection, &plan, holders.clone())?;
        (options.progress)(Progress::ExpansionEstimate { at_most });
    }
    propagate(connection, &plan, &mut holders, options)
}

/// The edges that the grants name. A source that is not in the file is told; a source of another's is refused.
fn edges(connection: &Connection, types: &[&str], limits: &Limits, notes: &mut Vec<Note>) -> Result<Edges, Error> {
    let mut select = connection.prepare(
        "SELECT g.entitlement, g.principal, ifnull(m.expansion, x.expansion)
         FROM temp.grants g LEFT JOIN staged_grants x ON x.id = g.extra LEFT JOIN temp.merged_extras m ON m.id = -g.extra
         WHERE g.extra IS NOT NULL AND ifnull(m.expansion, x.expansion) IS NOT NULL
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

/// How many principals hold each entitlement of the plan, before anything is passed on.
fn holders(connection: &Connection, plan: &Plan) -> Result<HashMap<Rank, u64>, Error> {
    let mut count = connection.prepare("SELECT count(DISTINCT principal) FROM temp.grants WHERE entitlement = ?")?;
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
) -> Result<Expanded, Error> {
    let mut pass_all = connection.prepare(
        "INSERT INTO temp.sources SELECT ?1, principal, ?2, NOT max(created) FROM temp.grants
         WHERE entitlement = ?2 AND NOT (?3 AND created) GROUP BY principal",
    )?;
    let mut pass_some = connection.prepare(
        "INSERT INTO temp.sources SELECT ?1, g.principal, ?2, NOT max(g.created)
         FROM temp.grants g JOIN temp.principals p ON p.rank = g.principal
         WHERE g.entitlement = ?2 AND NOT (?3 AND g.created)
         AND p.type IN (SELECT f.type FROM temp.filters f WHERE f.filter = ?4) GROUP BY g.principal",
    )?;
    let mut create = connection.prepare(
        "INSERT INTO temp.grants
         SELECT DISTINCT ?1, s.principal, 0, NULL, 0, 1 FROM temp.sources s WHERE s.entitlement = ?1
         AND NOT EXISTS (SELECT 1 FROM temp.grants g WHERE g.entitlement = ?1 AND g.principal = s.principal)",
    )?;
    let mut expanded = Expanded::default();
    let mut added = 0_u64;
    let of = plan.steps.len() as u64;
    for (done, step) in (0..).zip(&plan.steps) {
        (options.progress)(Progress::Expanding { done, of });
        check_cancelled(options)?;
        for destination in &step.destinations {
            for edge in &step.incoming {
                for source in &edge.sources {
                    let estimate = added.saturating_add(holders.get(source).copied().unwrap_or_default());
                    if estimate > options.limits.max_expanded {
                        let entitlement = entitlement_text(connection, *destination)?;
                        return Err(Error::TooManyExpanded {
                            entitlement,
                            estimate,
                            limit: options.limits.max_expanded,
                        });
                    }
                    added += match edge.filter {
                        None => pass_all.execute(params![destination, source, edge.shallow])?,
                        Some(filter) => pass_some.execute(params![destination, source, edge.shallow, filter])?,
                    } as u64;
                }
            }
            let created = create.execute([destination])? as u64;
            added += created;
            expanded.created += created;
            *holders.entry(*destination).or_default() += created;
            expanded.destinations.insert(*destination);
        }
    }
    Ok(expanded)
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
