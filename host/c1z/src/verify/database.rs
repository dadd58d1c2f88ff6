//! The database as a whole: SQLite's integrity, schema, syncs, references between rows, kept statistics.

use std::collections::BTreeSet;

use prost::Message;

use super::findings::Findings;
use crate::container::{Watch, grouped};
use crate::encode::{EntitlementColumns, GrantColumns, ResourceColumns, ResourceTypeColumns};
use crate::proto::{self, ExternalResourceMatch, ExternalResourceMatchAll, ExternalResourceMatchID};
use crate::reader::{ReadError, Reader, Table, View};
use crate::schema::{self, FileProfile};
use crate::stats::Stats;
use crate::sync_id::SyncId;
use crate::timestamp;

/// Statistics of so many syncs are checked, the newest: each costs a pass over the file. Real files have one or two.
const SYNCS_COUNTED: usize = 16;

/// SQLite's own check of pages, indexes and constraints.
pub(super) fn integrity(reader: &Reader, findings: &mut Findings, _: &mut Watch<'_>) -> Result<(), ReadError> {
    let mut statement = reader.connection().prepare("pragma integrity_check(20)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if text != "ok" {
            findings.fault("SQLite's integrity check failed", text);
        }
    }
    if let Some((held, said)) = reader.cut_short()? {
        let (held, said) = (grouped(held), grouped(said));
        findings.fault("the database is shorter than it says", format!("{held} of {said} bytes"));
    }
    Ok(())
}

/// Necessary columns, and that an index under a known name is the known index: readers keep a wrong one.
pub(super) fn schema(reader: &Reader, findings: &mut Findings, _: &mut Watch<'_>) -> Result<(), ReadError> {
    table::<ResourceTypeColumns>(reader, findings)?;
    table::<ResourceColumns>(reader, findings)?;
    table::<EntitlementColumns>(reader, findings)?;
    table::<GrantColumns>(reader, findings)?;

    let mut list =
        reader.connection().prepare("select \"unique\", partial from pragma_index_list(?1) where name = ?2")?;
    let mut info = reader.connection().prepare("select name from pragma_index_info(?1) order by seqno")?;
    for index in schema::indexes(FileProfile::Current) {
        let mut found = list.query([index.table, index.name])?;
        let Some(row) = found.next()? else { continue };
        let (unique, partial): (bool, bool) = (row.get(0)?, row.get(1)?);
        // The rowid is reported without a name.
        let columns = info.query_map([index.name], |row| row.get::<_, Option<String>>(0))?;
        let columns: Vec<String> =
            columns.map(|name| name.map(|name| name.unwrap_or_else(|| "id".into()))).collect::<Result<_, _>>()?;
        if unique != index.unique || partial == index.condition.is_empty() || columns != index.columns {
            findings.fault("an index under a known name is another one", index.name);
        }
    }
    for table in [ResourceTypeColumns::NAME, ResourceColumns::NAME, EntitlementColumns::NAME, GrantColumns::NAME] {
        repeated_ids(reader, findings, table)?;
    }
    Ok(())
}

fn table<T: Table>(reader: &Reader, findings: &mut Findings) -> Result<(), ReadError> {
    let present = reader.columns(T::NAME)?;
    if present.is_empty() {
        findings.warning("a table is missing", T::NAME);
        return Ok(());
    }
    let necessary = T::COLUMNS.iter().filter(|(_, default)| default.is_none()).map(|(column, _)| *column);
    for column in ["id", "sync_id", "discovered_at", "data"].into_iter().chain(necessary) {
        if !present.iter().any(|name| name == column) {
            return Err(ReadError::MissingColumn { table: T::NAME, column });
        }
    }
    Ok(())
}

/// With a unique index the integrity check has done this.
fn repeated_ids(reader: &Reader, findings: &mut Findings, table: &str) -> Result<(), ReadError> {
    if reader.columns(table)?.is_empty() {
        return Ok(());
    }
    let mut unique = reader.connection().prepare(
        "select 1 from pragma_index_list(?1) as list where \"unique\" and not partial and
         (select group_concat(name) from pragma_index_info(list.name)) = 'external_id,sync_id'",
    )?;
    if unique.exists([table])? {
        return Ok(());
    }
    let repeated = format!("select external_id from {table} group by external_id, sync_id having count(*) > 1");
    let mut statement = reader.connection().prepare(&repeated)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        findings.fault(format!("an id stands twice in `{table}`"), row.get::<_, String>(0)?);
    }
    Ok(())
}

/// Ids and times of the syncs.
pub(super) fn syncs(reader: &Reader, findings: &mut Findings, _: &mut Watch<'_>) -> Result<(), ReadError> {
    let runs = reader.syncs()?;
    if runs.is_empty() {
        findings.warning("the file has no sync", "v1_sync_runs is empty");
    }
    let mut seen = BTreeSet::new();
    for run in &runs {
        let id = &run.sync_id;
        if !seen.insert(id) {
            findings.fault("a sync id stands twice", id);
        }
        if SyncId::parse(id).is_none() {
            findings.warning("a sync id is not a KSUID", id);
        }
        let times = [Some(&run.started_at), run.ended_at.as_ref()];
        for time in times.into_iter().flatten().filter(|time| !timestamp::is_canonical(time)) {
            findings.warning("a time of a sync has another shape", format!("{id}: {time}"));
        }
        match &run.ended_at {
            None => findings.warning("a sync is unfinished", id),
            Some(ended) => {
                let moments = timestamp::parse(&run.started_at).zip(timestamp::parse(ended));
                let before = |(start, end): (crate::model::Timestamp, crate::model::Timestamp)| {
                    (end.seconds, end.nanoseconds) < (start.seconds, start.nanoseconds)
                };
                if moments.is_some_and(before) {
                    findings.fault("a sync ended before it started", id);
                }
            }
        }
    }
    Ok(())
}

/// What rows point at, within their sync.
pub(super) fn references(reader: &Reader, findings: &mut Findings, _: &mut Watch<'_>) -> Result<(), ReadError> {
    /// What, in which table, by which expression, and in which table it should be.
    const REFERENCES: [(&str, &str, &str, &str); 5] = [
        ("a resource type that does not exist", "v1_resources", "resource_type_id", "v1_resource_types"),
        (
            "a parent that does not exist",
            "v1_resources",
            "parent_resource_type_id || ':' || parent_resource_id",
            "v1_resources",
        ),
        ("a resource that does not exist", "v1_entitlements", "resource_type_id || ':' || resource_id", "v1_resources"),
        ("an entitlement that does not exist", "v1_grants", "entitlement_id", "v1_entitlements"),
        (
            "a principal that does not exist",
            "v1_grants",
            "principal_resource_type_id || ':' || principal_resource_id",
            "v1_resources",
        ),
    ];
    for (what, table, reference, target) in REFERENCES {
        if reader.columns(table)?.is_empty() || reader.columns(target)?.is_empty() {
            continue;
        }
        let statement = format!(
            "select external_id, {reference}, data from {table}
             where ({reference}, sync_id) not in (select external_id, sync_id from {target})"
        );
        let mut statement = reader.connection().prepare(&statement)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if table == "v1_grants" && is_matched_elsewhere(row.get_ref(2)?.as_blob().unwrap_or_default()) {
                continue;
            }
            let (id, missing): (String, String) = (row.get(0)?, row.get(1)?);
            findings.warning(format!("{what} is named in `{table}`"), format!("{id} names {missing}"));
        }
    }
    Ok(())
}

/// Whether a grant's principals are to be found in another file.
fn is_matched_elsewhere(data: &[u8]) -> bool {
    proto::Grant::decode(data).is_ok_and(|grant| {
        grant.annotations.iter().any(|any| {
            proto::holds::<ExternalResourceMatch>(any)
                || proto::holds::<ExternalResourceMatchAll>(any)
                || proto::holds::<ExternalResourceMatchID>(any)
        })
    })
}

/// Readers believe kept statistics, right or wrong.
pub(super) fn counts(reader: &Reader, findings: &mut Findings, _: &mut Watch<'_>) -> Result<(), ReadError> {
    let mut runs = reader.syncs()?;
    runs.reverse();
    for run in runs.iter().take(SYNCS_COUNTED) {
        let Some(kept) = &run.stats else { continue };
        let Some(kept) = Stats::from_json(kept) else {
            findings.fault("the statistics of a sync are not readable", &run.sync_id);
            continue;
        };
        let counted = reader.count(&View::Sync(run.sync_id.clone()))?;
        if kept.resource_types > 0 && kept != counted {
            let wrong = difference(&kept, &counted);
            findings.fault("the statistics of a sync are wrong", format!("{}: {wrong}", run.sync_id));
        }
    }
    for run in runs.iter().skip(SYNCS_COUNTED) {
        findings.warning("the statistics of an older sync were not checked", &run.sync_id);
    }
    Ok(())
}

/// What is kept, for what was counted.
fn difference(kept: &Stats, counted: &Stats) -> String {
    let totals = [
        ("resource types", kept.resource_types, counted.resource_types),
        ("resources", kept.resources, counted.resources),
        ("entitlements", kept.entitlements, counted.entitlements),
        ("grants", kept.grants, counted.grants),
        ("assets", kept.assets, counted.assets),
    ];
    let wrong = totals.into_iter().filter(|(_, kept, counted)| kept != counted);
    let wrong: Vec<String> = wrong.map(|(what, kept, counted)| format!("{what} {kept} for {counted}")).collect();
    if wrong.is_empty() { "counts by resource type".to_owned() } else { wrong.join(", ") }
}
