//! The database of the file: rows in the order of their external ids, and indexes.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::super::{Contradiction, Error, Note, WorkFile};
use super::extras::cleaned;
use super::names::Principals;
use super::passed::{self, Passed};
use super::rank::{blob, collection_of_page, first_page, text};
use super::streams::{Entitlements, Pending, Stream, Texts};
use super::{COVERAGE_VERSION, Counts, Expand, FinishOptions, Indexes, Progress, Summary, check_cancelled, stoppable};
use crate::database::{FinishedSync, GrantRow, GrantTable, NewDatabase};
use crate::encode::{MAX_ID_BYTES, ResourceRef};
use crate::model::Timestamp;
use crate::proto::{self, GrantImmutable, Message, pack};
use crate::timestamp;

/// All grants of the file: as rows, packed, and made by expansion.
const GRANTS: &str =
    "(SELECT count(*) FROM temp.grants) + (SELECT ifnull(sum(length(principals) / 4), 0) FROM temp.packed)
                      + (SELECT ifnull(sum(made), 0) FROM temp.passed)";

pub(super) fn write(
    work: &WorkFile,
    scratch: &Connection,
    path: &Path,
    expanded_grants: u64,
    notes: Vec<Note>,
    options: &mut FinishOptions<'_>,
) -> Result<Summary, Error> {
    let started_at = time_text(options.started_at)?;
    let ended_at = time_text(options.ended_at)?;
    // Not the time of each write: two finishes of the same rows are the same bytes.
    let mut database = NewDatabase::create(path, work.profile, work.sync_id(), &started_at)?;
    stoppable(database.connection_mut(), &options.cancel)?;
    if options.indexes == Indexes::All {
        let sorted = !has_many_own_ids(scratch)?;
        database.create_first_indexes(|index| index.is_partial() || (sorted && index.in_row_order))?;
    }
    let counts = Counts { expanded_grants, ..Counts::default() };
    let mut summary = Summary { counts, notes };
    let others = "(SELECT count(staged) FROM temp.principals) + (SELECT count(*) FROM temp.entitlements)";
    let of: i64 = scratch.query_row(&format!("SELECT {others} + {GRANTS}"), [], |row| row.get(0))?;
    let immutable = proto::Grant { annotations: vec![pack(&GrantImmutable::default())], ..Default::default() };
    let mut writer = Writer {
        work,
        scratch,
        database: &database,
        summary: &mut summary,
        options,
        done: 0,
        of: of.cast_unsigned(),
        immutable: immutable.encode_to_vec(),
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

/// Ids of their own tell nothing of the entitlement: in their order, rows jump about in its indexes.
fn has_many_own_ids(scratch: &Connection) -> Result<bool, Error> {
    let own = "(SELECT count(*) FROM temp.grants WHERE variant > 0)";
    Ok(scratch.query_row(&format!("SELECT 10 * {own} > {GRANTS}"), [], |row| row.get(0))?)
}

struct Writer<'a, 'b> {
    work: &'a WorkFile,
    scratch: &'a Connection,
    database: &'a NewDatabase,
    summary: &'a mut Summary,
    options: &'a mut FinishOptions<'b>,
    done: u64,
    of: u64,
    /// What a grant has beyond its ids that expansion made.
    immutable: Vec<u8>,
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

    /// Most grants come in order by their ranks alone: packed, made by expansion, or as rows. Those of nested entitlements,
    /// and those with an id of their own, are sorted by their text. All are merged here.
    fn grants(&mut self) -> Result<(), Error> {
        let nested = "g.entitlement IN (SELECT rank FROM temp.entitlements WHERE nested)";
        let with_extras =
            "g.entitlement, g.principal, ifnull(s.annotations, m.annotations), ifnull(s.expansion, m.expansion)";
        let extras = "LEFT JOIN staged_grants s ON s.id = g.extra LEFT JOIN temp.merged_extras m ON m.id = -g.extra";
        let mut packed =
            self.scratch.prepare("SELECT entitlement, principals FROM temp.packed ORDER BY entitlement, part")?;
        let mut made = self
            .scratch
            .prepare("SELECT entitlement, entries FROM temp.passed WHERE made > 0 ORDER BY entitlement, last")?;
        let mut rows = self.scratch.prepare(&format!(
            "SELECT {with_extras}, NULL FROM temp.grants g {extras}
             WHERE g.variant = 0 AND NOT {nested} ORDER BY g.entitlement, g.principal"
        ))?;
        // Sorted before what they have beyond their ids is read. A limit keeps the two steps apart.
        let mut others = self.scratch.prepare(&format!(
            "SELECT {with_extras}, g.id
             FROM (SELECT g.entitlement, g.principal, g.extra, c.id FROM temp.grants g
                   CROSS JOIN temp.principals p ON p.rank = g.principal
                   CROSS JOIN temp.entitlements e ON e.rank = g.entitlement
                   LEFT JOIN temp.custom_ids c ON c.number = g.variant
                   WHERE g.variant > 0 OR {nested}
                   ORDER BY ifnull(c.id, e.external_id || ':' || p.type || ':' || p.resource) LIMIT -1) g {extras}"
        ))?;
        let mut texts =
            Texts { entitlements: Entitlements::new(self.scratch)?, principals: Principals::new(self.scratch)? };
        let types: Vec<&str> = self.work.resource_types.iter().map(|known| known.id.as_str()).collect();
        let mut table = self.database.grants()?;
        let mut streams = [
            Stream::of_packed(packed.query([])?, Passed::new(self.scratch)?, &mut texts)?,
            Stream::of_made(made.query([])?, Passed::new(self.scratch)?, &mut texts)?,
            Stream::of_rows(rows.query([])?, Passed::new(self.scratch)?, &mut texts)?,
            Stream::of_rows(others.query([])?, Passed::new(self.scratch)?, &mut texts)?,
        ];
        let mut previous = Pending::default();
        loop {
            let running = streams.iter_mut().filter(|stream| !stream.ended);
            let Some(stream) = running.min_by(|a, b| a.next.id.cmp(&b.next.id)) else { return Ok(table.finish()?) };
            let next = &mut stream.next;
            if previous.id == next.id {
                return Err(self.same_grant_id(&previous, next, &mut texts)?);
            }
            self.grant(next, &mut texts, &mut stream.passed, &types, &mut table)?;
            std::mem::swap(&mut previous, next);
            stream.advance(&mut texts)?;
            self.step();
        }
    }

    fn grant(
        &mut self,
        grant: &Pending,
        texts: &mut Texts<'_>,
        passed: &mut Passed<'_>,
        types: &[&str],
        table: &mut GrantTable<'_>,
    ) -> Result<(), Error> {
        if grant.id.len() > MAX_ID_BYTES {
            return Err(Error::LongGrantId { id: grant.id.clone() });
        }
        let principal = texts.principals.of(grant.principal)?;
        let mut annotations = grant.annotations.as_slice();
        let entries = passed.of(grant.entitlement, grant.principal)?;
        texts.entitlements.sources(grant.entitlement, entries)?;
        if passed::make_a_grant(grant.entitlement, entries) {
            annotations = &self.immutable;
        }
        let entitlement = texts.entitlements.of(grant.entitlement)?;
        let expansion = grant.expansion.as_deref().map(|bytes| cleaned(bytes, types)).transpose()?.flatten();
        let expansion = expansion.map(|expansion| expansion.encode_to_vec());
        let holder = ResourceRef { resource_type: principal.resource_type, resource: principal.resource };
        table.insert(&GrantRow {
            resource_type_id: &entitlement.resource_type,
            resource_id: &entitlement.resource,
            entitlement_id: &entitlement.external_id,
            principal_resource_type_id: principal.resource_type,
            principal_resource_id: principal.resource,
            external_id: &grant.id,
            expansion: expansion.as_deref(),
            data: entitlement.data.grant(&grant.id, holder, annotations),
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
            collection_of_page(self.scratch, page)
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

    fn same_grant_id(&self, known: &Pending, other: &Pending, texts: &mut Texts<'_>) -> Result<Error, Error> {
        // A grant that expansion made has no page: its entitlement's listing stands for it.
        let collection = |grant: &Pending| {
            let numbers = |table: &str, rank: i64| -> Result<Vec<u32>, Error> {
                let mut select = self.scratch.prepare(&format!("SELECT id FROM {table} WHERE rank = ?"))?;
                Ok(select.query_map([rank], |row| row.get(0))?.collect::<Result<_, _>>()?)
            };
            let entitlements = numbers("temp.entitlement_ranks", grant.entitlement)?;
            let principals = numbers("temp.principal_ranks", grant.principal.into())?;
            let page = first_page(self.scratch, &entitlements, Some(&principals))?;
            let staged = self.scratch.query_row(
                "SELECT s.page FROM temp.entitlements e JOIN staged_entitlements s ON s.id = e.staged WHERE e.rank = ?",
                [grant.entitlement],
                |row| row.get(0),
            )?;
            collection_of_page(self.scratch, page.unwrap_or(staged))
        };
        let mut pair = |grant: &Pending| -> Result<String, Error> {
            let entitlement = texts.entitlements.of(grant.entitlement)?.external_id.clone();
            Ok(format!("{entitlement} to {}", texts.principals.of(grant.principal)?.text))
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

fn count(counts: &mut BTreeMap<String, u64>, key: &str) {
    match counts.get_mut(key) {
        Some(known) => *known += 1,
        None => {
            counts.insert(key.to_owned(), 1);
        }
    }
}

fn time_text(moment: Timestamp) -> Result<String, Error> {
    timestamp::format(moment).ok_or_else(|| Error::Staged(format!("no file can hold the time {moment:?}")))
}
