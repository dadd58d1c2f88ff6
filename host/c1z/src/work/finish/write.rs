//! The database of the file: rows in the order of their external ids, then indexes.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Row, Rows, Statement, params};

use super::super::{Contradiction, Error, Note, WorkFile};
use super::expand::Expanded;
use super::extras::{annotations_of, cleaned};
use super::{COVERAGE_VERSION, Counts, Expand, FinishOptions, Indexes, Progress, Summary, check_cancelled, stoppable};
use crate::database::{FinishedSync, GrantRow, GrantTable, NewDatabase};
use crate::encode::{GrantData, MAX_ID_BYTES, ResourceRef};
use crate::model::Timestamp;
use crate::proto::{GrantImmutable, Message, pack};
use crate::timestamp;

pub(super) fn write(
    work: &WorkFile,
    scratch: &Connection,
    path: &Path,
    expanded: &Expanded,
    notes: Vec<Note>,
    options: &mut FinishOptions<'_>,
) -> Result<Summary, Error> {
    let started_at = time_text(options.started_at)?;
    let ended_at = time_text(options.ended_at)?;
    // Not the time of each write: two finishes of the same rows are the same bytes.
    let mut database = NewDatabase::create(path, work.profile, work.sync_id(), &started_at)?;
    stoppable(database.connection_mut(), &options.cancel)?;
    if options.indexes == Indexes::All {
        database.create_partial_indexes()?;
    }
    let counts = Counts { expanded_grants: expanded.created, ..Counts::default() };
    let mut summary = Summary { counts, notes };
    let of: i64 = scratch.query_row(
        "SELECT (SELECT count(staged) FROM temp.principals) + (SELECT count(*) FROM temp.entitlements)
         + (SELECT count(*) FROM temp.grants)",
        [],
        |row| row.get(0),
    )?;
    let mut writer = Writer {
        work,
        scratch,
        database: &database,
        expanded,
        summary: &mut summary,
        options,
        done: 0,
        of: of.cast_unsigned(),
    };
    writer.resource_types()?;
    writer.resources()?;
    writer.entitlements()?;
    writer.grants()?;
    database.insert_coverage(COVERAGE_VERSION, &(options.coverage)(&summary))?;
    database.insert_sync(&FinishedSync {
        started_at,
        ended_at,
        kind: options.sync_type,
        parent_sync_id: options.parent_sync_id.clone(),
        supports_diff: options.expand != Expand::None,
        stats: summary.counts.stats(),
    })?;
    // What sorting the indexes needs, the scratch tables need no more.
    scratch.execute_batch("PRAGMA shrink_memory")?;
    if options.indexes == Indexes::All {
        let progress = &mut options.progress;
        database.create_indexes(|done, of| progress(Progress::Indexing { done, of }))?;
    }
    check_cancelled(options)?;
    database.close()?;
    Ok(summary)
}

struct Writer<'a, 'b> {
    work: &'a WorkFile,
    scratch: &'a Connection,
    database: &'a NewDatabase,
    expanded: &'a Expanded,
    summary: &'a mut Summary,
    options: &'a mut FinishOptions<'b>,
    done: u64,
    of: u64,
}

impl Writer<'_, '_> {
    fn resource_types(&mut self) -> Result<(), Error> {
        let mut kinds: Vec<_> = self.work.resource_types.iter().collect();
        kinds.sort_by(|a, b| a.id.cmp(&b.id));
        for kind in kinds {
            let encoded = self.work.encoder.resource_type(kind).map_err(|error| Error::Staged(error.to_string()))?;
            self.database.resource_type(&encoded)?;
            self.summary.counts.resource_types += 1;
            // Types without a resource are listed too.
            self.summary.counts.resources_by_resource_type.insert(kind.id.clone(), 0);
        }
        Ok(())
    }

    fn resources(&mut self) -> Result<(), Error> {
        let mut select = self.scratch.prepare(
            "SELECT p.type, p.resource, q.type, q.resource, s.data
             FROM temp.principals p CROSS JOIN staged_resources s ON s.id = p.staged
             LEFT JOIN resource_ids q ON q.id = s.parent ORDER BY p.rank",
        )?;
        let mut rows = select.query([])?;
        let mut previous: Option<(String, String)> = None;
        while let Some(row) = rows.next()? {
            let resource_type: String = row.get(0)?;
            let resource: String = row.get(1)?;
            let external_id = format!("{resource_type}:{resource}");
            if let Some((known_type, known_id)) = previous.take()
                && known_id == external_id
            {
                return Err(self.same_external_id(external_id, known_type, resource_type)?);
            }
            let (parent_type, parent): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            let parent = parent_type.as_deref().zip(parent.as_deref());
            self.database.insert_resource(&resource_type, &external_id, parent, blob(row, 4)?)?;
            self.summary.counts.resources += 1;
            count(&mut self.summary.counts.resources_by_resource_type, &resource_type);
            previous = Some((resource_type, external_id));
            self.step();
        }
        Ok(())
    }

    fn entitlements(&mut self) -> Result<(), Error> {
        let mut select = self.scratch.prepare(
            "SELECT p.type, p.resource, e.external_id, s.data
             FROM temp.entitlements e CROSS JOIN staged_entitlements s ON s.id = e.staged
             CROSS JOIN temp.principals p ON p.rank = e.resource ORDER BY e.external_id",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let resource_type = text(row, 0)?;
            self.database.insert_entitlement(resource_type, text(row, 1)?, text(row, 2)?, blob(row, 3)?)?;
            self.summary.counts.entitlements += 1;
            count(&mut self.summary.counts.entitlements_by_resource_type, resource_type);
            self.step();
        }
        Ok(())
    }

    /// Most grants come in order by their ranks alone. Those of nested entitlements, and those with an id of their own,
    /// are sorted by their text and merged in.
    fn grants(&mut self) -> Result<(), Error> {
        let select = "SELECT g.entitlement, g.principal, g.created, p.type, p.resource, g.extra";
        let from = "FROM temp.grants g CROSS JOIN temp.principals p ON p.rank = g.principal";
        let nested = "SELECT rank FROM temp.entitlements WHERE nested";
        // Where there are none of them, not every grant is asked whether it is one.
        let any = |table: &str| -> Result<bool, Error> {
            Ok(self.scratch.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |row| row.get(0))?)
        };
        let any_nested = any("temp.entitlements WHERE nested")?;
        let is_plain = if any_nested { format!("AND g.entitlement NOT IN ({nested})") } else { String::new() };
        let is_other = match (any("temp.custom_ids")?, any_nested) {
            (false, false) => "0".to_owned(),
            _ => format!("g.variant > 0 OR g.entitlement IN ({nested})"),
        };
        let mut plain = self.scratch.prepare(&format!(
            "{select}, NULL {from} WHERE g.variant = 0 {is_plain} ORDER BY g.entitlement, g.principal"
        ))?;
        let mut others = self.scratch.prepare(&format!(
            "{select}, c.id {from} CROSS JOIN temp.entitlements e ON e.rank = g.entitlement
             LEFT JOIN temp.custom_ids c ON c.number = g.variant
             WHERE {is_other} ORDER BY ifnull(c.id, e.external_id || ':' || p.type || ':' || p.resource)"
        ))?;
        let mut extras = self.scratch.prepare(
            "SELECT annotations, expansion FROM grant_extras WHERE id = ?1
             UNION ALL SELECT annotations, expansion FROM temp.merged_extras WHERE id = -?1",
        )?;
        let mut entitlements = Entitlements::new(self.scratch)?;
        let mut sources = self.scratch.prepare(if self.expanded.destinations.is_empty() {
            "SELECT NULL, NULL WHERE ?1 IS NULL AND ?2 IS NULL"
        } else {
            "SELECT e.external_id, s.direct FROM temp.sources s CROSS JOIN temp.entitlements e ON e.rank = s.source
             WHERE s.entitlement = ?1 AND s.principal = ?2"
        })?;
        let types: Vec<&str> = self.work.resource_types.iter().map(|known| known.id.as_str()).collect();
        let mut table = self.database.grants()?;
        let mut plain = Stream::new(plain.query([])?, &mut entitlements)?;
        let mut others = Stream::new(others.query([])?, &mut entitlements)?;
        let mut previous = Pending::default();
        loop {
            let stream = match (plain.ended, others.ended) {
                (true, true) => return Ok(()),
                (false, true) => &mut plain,
                (true, false) => &mut others,
                (false, false) if plain.next.id <= others.next.id => &mut plain,
                (false, false) => &mut others,
            };
            let next = &mut stream.next;
            if previous.id == next.id {
                return Err(self.same_grant_id(&previous, next)?);
            }
            if let Some(extra) = next.extra {
                (next.annotations, next.expansion) = extras.query_row([extra], |row| Ok((row.get(0)?, row.get(1)?)))?;
            }
            self.grant(next, entitlements.of(next.entitlement)?, &mut sources, &types, &mut table)?;
            std::mem::swap(&mut previous, next);
            stream.advance(&mut entitlements)?;
            self.step();
        }
    }

    fn grant(
        &mut self,
        grant: &Pending,
        entitlement: &mut Known,
        sources: &mut Statement<'_>,
        types: &[&str],
        table: &mut GrantTable<'_>,
    ) -> Result<(), Error> {
        if grant.id.len() > MAX_ID_BYTES {
            return Err(Error::LongGrantId { id: grant.id.clone() });
        }
        let mut annotations = grant.annotations.as_deref().map(annotations_of).transpose()?.unwrap_or_default();
        let mut origins = BTreeMap::new();
        if self.expanded.destinations.contains(&grant.entitlement) {
            let mut rows = sources.query(params![grant.entitlement, grant.principal])?;
            while let Some(row) = rows.next()? {
                origins.insert(row.get(0)?, row.get(1)?);
            }
            if grant.created {
                annotations.push(pack(&GrantImmutable::default()));
            } else if !origins.is_empty() {
                origins.insert(entitlement.external_id.clone(), true);
            }
        }
        let expansion = grant.expansion.as_deref().map(|bytes| cleaned(bytes, types)).transpose()?.flatten();
        let expansion = expansion.map(|expansion| expansion.encode_to_vec());
        let principal = ResourceRef { resource_type: &grant.principal_type, resource: &grant.principal_resource };
        table.insert(&GrantRow {
            resource_type_id: &entitlement.resource_type,
            resource_id: &entitlement.resource,
            entitlement_id: &entitlement.external_id,
            principal_resource_type_id: &grant.principal_type,
            principal_resource_id: &grant.principal_resource,
            external_id: &grant.id,
            expansion: expansion.as_deref(),
            data: entitlement.data.grant(&grant.id, principal, annotations, origins),
        })?;
        self.summary.counts.grants += 1;
        count(&mut self.summary.counts.grants_by_resource_type, &entitlement.resource_type);
        Ok(())
    }

    fn step(&mut self) {
        /// Rows between two words to the caller.
        const ROWS: u64 = 4096;
        self.done += 1;
        if self.done.is_multiple_of(ROWS) || self.done == self.of {
            (self.options.progress)(Progress::Writing { rows: self.done, of: self.of });
        }
    }

    /// `a:b` and `c`, `a` and `b:c`: the file cannot tell them apart.
    fn same_external_id(&self, id: String, first: String, second: String) -> Result<Error, Error> {
        let collection = |resource_type: &str| {
            let page = self.scratch.query_row(
                "SELECT s.page FROM temp.principals p JOIN staged_resources s ON s.id = p.staged
                 WHERE p.type = ? AND p.type || ':' || p.resource = ?",
                [resource_type, &id],
                |row| row.get(0),
            )?;
            super::rank::collection_of_page(self.scratch, page)
        };
        let (first_collection, second_collection) = (collection(&first)?, collection(&second)?);
        Ok(Error::Contradiction(Box::new(Contradiction {
            what: "resource",
            id,
            field: "resource type",
            first,
            first_collection,
            second,
            second_collection,
        })))
    }

    fn same_grant_id(&self, known: &Pending, other: &Pending) -> Result<Error, Error> {
        // A grant that expansion made has no page: its entitlement's listing stands for it.
        let collection = |grant: &Pending| {
            let page = self.scratch.query_row(
                "SELECT ifnull(
                     (SELECT g.page FROM staged_grants g JOIN temp.entitlement_ranks e ON e.id = g.entitlement
                      JOIN temp.principal_ranks p ON p.id = g.principal JOIN temp.page_ranks r ON r.page = g.page
                      WHERE e.rank = ?1 AND p.rank = ?2 ORDER BY r.rank LIMIT 1),
                     (SELECT s.page FROM temp.entitlements e JOIN staged_entitlements s ON s.id = e.staged WHERE e.rank = ?1))",
                [grant.entitlement, grant.principal],
                |row| row.get(0),
            )?;
            super::rank::collection_of_page(self.scratch, page)
        };
        let mut entitlements = Entitlements::new(self.scratch)?;
        let mut pair = |grant: &Pending| -> Result<String, Error> {
            let entitlement = entitlements.of(grant.entitlement)?;
            Ok(format!("{} to {}:{}", entitlement.external_id, grant.principal_type, grant.principal_resource))
        };
        Ok(Error::Contradiction(Box::new(Contradiction {
            what: "grant",
            id: known.id.clone(),
            field: "entitlement and principal",
            first: pair(known)?,
            first_collection: collection(known)?,
            second: pair(other)?,
            second_collection: collection(other)?,
        })))
    }
}

/// Grants in the order of their ids, and the next of them.
struct Stream<'a> {
    rows: Rows<'a>,
    next: Pending,
    ended: bool,
}

impl<'a> Stream<'a> {
    fn new(rows: Rows<'a>, entitlements: &mut Entitlements<'_>) -> Result<Self, Error> {
        let mut stream = Self { rows, next: Pending::default(), ended: false };
        stream.advance(entitlements)?;
        Ok(stream)
    }

    fn advance(&mut self, entitlements: &mut Entitlements<'_>) -> Result<(), Error> {
        match self.rows.next()? {
            Some(row) => self.next.read(row, entitlements),
            None => {
                self.ended = true;
                Ok(())
            }
        }
    }
}

/// A grant on its way into the file. Used again for the next one, so that its texts need not be allocated anew.
#[derive(Default)]
struct Pending {
    id: String,
    entitlement: i64,
    principal: i64,
    created: bool,
    principal_type: String,
    principal_resource: String,
    /// What it has beyond its ids, if anything.
    extra: Option<i64>,
    annotations: Option<Vec<u8>>,
    expansion: Option<Vec<u8>>,
}

impl Pending {
    fn read(&mut self, row: &Row<'_>, entitlements: &mut Entitlements<'_>) -> Result<(), Error> {
        self.entitlement = row.get(0)?;
        self.principal = row.get(1)?;
        self.created = row.get(2)?;
        let (principal_type, principal_resource) = (text(row, 3)?, text(row, 4)?);
        replace(&mut self.principal_type, &[principal_type]);
        replace(&mut self.principal_resource, &[principal_resource]);
        self.extra = row.get(5)?;
        (self.annotations, self.expansion) = (None, None);
        match row.get_ref(6)?.as_str_or_null().map_err(|error| Error::Staged(error.to_string()))? {
            Some(own) => replace(&mut self.id, &[own]),
            None => {
                let entitlement = &entitlements.of(self.entitlement)?.external_id;
                replace(&mut self.id, &[entitlement, ":", principal_type, ":", principal_resource]);
            }
        }
        Ok(())
    }
}

fn replace(text: &mut String, parts: &[&str]) {
    text.clear();
    parts.iter().for_each(|part| text.push_str(part));
}

/// What grants say of their entitlement. Grants of one lie together, so the last one is remembered.
struct Entitlements<'a> {
    find: Statement<'a>,
    known: Known,
}

#[derive(Default)]
struct Known {
    rank: i64,
    external_id: String,
    resource_type: String,
    resource: String,
    data: GrantData,
}

impl<'a> Entitlements<'a> {
    fn new(scratch: &'a Connection) -> Result<Self, Error> {
        let find = scratch.prepare(
            "SELECT e.external_id, p.type, p.resource FROM temp.entitlements e JOIN temp.principals p ON p.rank = e.resource
             WHERE e.rank = ?",
        )?;
        Ok(Self { find, known: Known::default() })
    }

    fn of(&mut self, rank: i64) -> Result<&mut Known, Error> {
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
}

fn count(counts: &mut BTreeMap<String, u64>, key: &str) {
    match counts.get_mut(key) {
        Some(known) => *known += 1,
        None => {
            counts.insert(key.to_owned(), 1);
        }
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Error> {
    row.get_ref(column)?.as_str().map_err(|error| Error::Staged(error.to_string()))
}

fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], Error> {
    row.get_ref(column)?.as_blob().map_err(|error| Error::Staged(error.to_string()))
}

fn time_text(moment: Timestamp) -> Result<String, Error> {
    timestamp::format(moment).ok_or_else(|| Error::Staged(format!("no file can hold the time {moment:?}")))
}
