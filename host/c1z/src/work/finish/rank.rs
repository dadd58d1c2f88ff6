//! Which row of an id counts, and the ranks that stand for ids from here on.
//!
//! Temporary tables: `page_ranks` (precedence of pages), `principals` and `principal_ranks` (every resource id that any
//! row names, by external id; `staged` is none of those that are not in the file), `entitlements` and
//! `entitlement_ranks` (those that are in the file, by id). A rank may stand for several numbers of one id.

use rusqlite::{Connection, Row, params};

use super::super::listings::{add_notes, load};
use super::super::pairs::pairs;
use super::super::{CollectionAddress, CollectionId, Contradiction, Error, Note};

/// Pages in the order of their precedence: by the collection's place in the manifest, then key, then number.
pub(super) fn pages(connection: &Connection, collection_order: &[String]) -> Result<(), Error> {
    connection.execute_batch(
        "CREATE TEMP TABLE collection_places (name TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TEMP TABLE page_ranks (page INTEGER PRIMARY KEY, rank INTEGER NOT NULL);",
    )?;
    for (place, name) in (0_i64..).zip(collection_order) {
        connection.execute("INSERT OR IGNORE INTO temp.collection_places VALUES (?, ?)", params![name, place])?;
    }
    connection.execute(
        "INSERT INTO temp.page_ranks
         SELECT p.id, row_number() OVER (ORDER BY o.place IS NULL, o.place, c.name, c.key, p.number)
         FROM pages p JOIN collections c ON c.id = p.collection LEFT JOIN temp.collection_places o ON o.name = c.name",
        [],
    )?;
    Ok(())
}

/// Ranks all resource ids by external id, and chooses among the rows of each.
pub(super) fn resources(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch(
        "CREATE TEMP TABLE principals (rank INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL, staged INTEGER);
         CREATE TEMP TABLE principal_ranks (id INTEGER PRIMARY KEY, rank INTEGER NOT NULL);",
    )?;
    rank_resources(connection)?;
    choose_resources(connection)
}

fn rank_resources(connection: &Connection) -> Result<(), Error> {
    let mut select =
        connection.prepare("SELECT id, type, resource FROM resource_ids ORDER BY type || ':' || resource, type")?;
    let mut add = connection.prepare("INSERT INTO temp.principals (rank, type, resource) VALUES (?, ?, ?)")?;
    let mut point = connection.prepare("INSERT INTO temp.principal_ranks VALUES (?, ?)")?;
    let mut rank = 0_i64;
    let mut known: Option<(String, String)> = None;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (resource_type, resource) = (text(row, 1)?, text(row, 2)?);
        if !known.as_ref().is_some_and(|(known_type, known)| known_type == resource_type && known == resource) {
            rank += 1;
            add.execute(params![rank, resource_type, resource])?;
            known = Some((resource_type.to_owned(), resource.to_owned()));
        }
        point.execute([row.get(0)?, rank])?;
    }
    Ok(())
}

fn choose_resources(connection: &Connection) -> Result<(), Error> {
    struct Candidate {
        resource: i64,
        staged: i64,
        stub: bool,
        parent: Option<i64>,
        page: i64,
    }
    let mut select = connection.prepare(
        "SELECT p.rank, s.id, s.stub, q.rank, s.page
         FROM staged_resources s CROSS JOIN temp.page_ranks r ON r.page = s.page
         CROSS JOIN temp.principal_ranks p ON p.id = s.resource LEFT JOIN temp.principal_ranks q ON q.id = s.parent
         ORDER BY p.rank, s.stub DESC, r.rank, s.id",
    )?;
    let mut keep = connection.prepare("UPDATE temp.principals SET staged = ?2 WHERE rank = ?1")?;
    let mut rows = select.query([])?;
    let mut best: Option<Candidate> = None;
    while let Some(row) = rows.next()? {
        let next = Candidate {
            resource: row.get(0)?,
            staged: row.get(1)?,
            stub: row.get(2)?,
            parent: row.get(3)?,
            page: row.get(4)?,
        };
        match best.take() {
            Some(known) if known.resource != next.resource => {
                keep.execute([known.resource, known.staged])?;
            }
            // A stub says nothing about a parent that it does not name.
            Some(known)
                if known.stub == next.stub
                    && known.parent != next.parent
                    && (!next.stub || (known.parent.is_some() && next.parent.is_some())) =>
            {
                let parent =
                    |rank: Option<i64>| rank.map_or(Ok("none".to_owned()), |rank| principal_text(connection, rank));
                return Err(Error::Contradiction(Box::new(Contradiction {
                    what: "resource",
                    id: principal_text(connection, next.resource)?,
                    field: "parent",
                    first: parent(known.parent)?,
                    first_collection: collection_of_page(connection, known.page)?,
                    second: parent(next.parent)?,
                    second_collection: collection_of_page(connection, next.page)?,
                })));
            }
            _ => {}
        }
        best = Some(next);
    }
    if let Some(known) = best {
        keep.execute([known.resource, known.staged])?;
    }
    Ok(())
}

/// Chooses among entitlement rows of one id, ranks those whose resource is in the file, and drops the others by name.
///
/// The order is that of `id:`, since that is how grant ids begin. An entitlement is *nested* if the ids of its grants
/// lie between those of another entitlement's.
pub(super) fn entitlements(connection: &Connection, notes: &mut Vec<Note>) -> Result<(), Error> {
    connection.execute_batch(
        "CREATE TEMP TABLE entitlements (
             rank INTEGER PRIMARY KEY, external_id TEXT NOT NULL, resource INTEGER NOT NULL, staged INTEGER NOT NULL,
             nested INTEGER NOT NULL
         )",
    )?;
    choose_entitlements(connection, notes)?;
    connection.execute_batch(
        "CREATE UNIQUE INDEX temp.entitlements_external_id ON entitlements (external_id);
         CREATE TEMP TABLE entitlement_ranks (id INTEGER PRIMARY KEY, rank INTEGER NOT NULL);
         INSERT INTO temp.entitlement_ranks
         SELECT i.id, e.rank FROM entitlement_ids i JOIN temp.entitlements e ON e.external_id = i.external_id
         JOIN temp.principal_ranks p ON p.id = i.resource WHERE p.rank = e.resource ORDER BY i.id;",
    )?;
    refuse_foreign_grants(connection)
}

fn choose_entitlements(connection: &Connection, notes: &mut Vec<Note>) -> Result<(), Error> {
    struct Candidate {
        external_id: String,
        resource: i64,
        /// Whether the resource is in the file.
        present: bool,
        staged: i64,
        page: i64,
    }
    let mut select = connection.prepare(
        "SELECT i.external_id, p.rank, m.staged IS NOT NULL, s.id, s.page
         FROM staged_entitlements s CROSS JOIN temp.page_ranks r ON r.page = s.page
         CROSS JOIN entitlement_ids i ON i.id = s.entitlement CROSS JOIN temp.principal_ranks p ON p.id = i.resource
         CROSS JOIN temp.principals m ON m.rank = p.rank
         ORDER BY i.external_id || ':', s.stub DESC, r.rank, s.id",
    )?;
    let mut insert = connection
        .prepare("INSERT INTO temp.entitlements (external_id, resource, staged, nested) VALUES (?, ?, ?, ?)")?;
    let mut outer = String::new();
    let mut keep = |chosen: Candidate, notes: &mut Vec<Note>| -> Result<(), Error> {
        if !chosen.present {
            let note = Note {
                what: "entitlement of an unknown resource".to_owned(),
                count: 1,
                examples: vec![chosen.external_id],
                reason: "no listing has the resource".to_owned(),
                lost: is_lost(connection)?,
            };
            add_notes(notes, vec![note]);
            return Ok(());
        }
        let beginning = format!("{}:", chosen.external_id);
        let nested = !outer.is_empty() && beginning.starts_with(&outer);
        if !nested {
            outer = beginning;
        }
        insert.execute(params![chosen.external_id, chosen.resource, chosen.staged, nested])?;
        Ok(())
    };
    let mut rows = select.query([])?;
    let mut best: Option<Candidate> = None;
    while let Some(row) = rows.next()? {
        let next = Candidate {
            external_id: row.get(0)?,
            resource: row.get(1)?,
            present: row.get(2)?,
            staged: row.get(3)?,
            page: row.get(4)?,
        };
        match best.take() {
            Some(known) if known.external_id != next.external_id => keep(known, notes)?,
            Some(known) if known.resource != next.resource => {
                return Err(Error::Contradiction(Box::new(Contradiction {
                    what: "entitlement",
                    id: next.external_id,
                    field: "resource",
                    first: principal_text(connection, known.resource)?,
                    first_collection: collection_of_page(connection, known.page)?,
                    second: principal_text(connection, next.resource)?,
                    second_collection: collection_of_page(connection, next.page)?,
                })));
            }
            _ => {}
        }
        best = Some(next);
    }
    best.map_or(Ok(()), |known| keep(known, notes))
}

/// A grant names its entitlement's resource too: it must be the entitlement's.
fn refuse_foreign_grants(connection: &Connection) -> Result<(), Error> {
    let mut differing = connection.prepare(
        "SELECT i.id, i.external_id, p.rank, e.resource, s.page
         FROM entitlement_ids i JOIN temp.entitlements e ON e.external_id = i.external_id
         JOIN temp.principal_ranks p ON p.id = i.resource JOIN staged_entitlements s ON s.id = e.staged
         WHERE p.rank <> e.resource ORDER BY i.external_id, i.id",
    )?;
    let mut rows = differing.query([])?;
    while let Some(row) = rows.next()? {
        // Ids of dropped rows stay interned.
        let Some(page) = first_page(connection, &[row.get(0)?], None)? else { continue };
        return Err(Error::Contradiction(Box::new(Contradiction {
            what: "entitlement",
            id: row.get(1)?,
            field: "resource",
            first: principal_text(connection, row.get(3)?)?,
            first_collection: collection_of_page(connection, row.get(4)?)?,
            second: principal_text(connection, row.get(2)?)?,
            second_collection: collection_of_page(connection, page)?,
        })));
    }
    Ok(())
}

/// Whether a reference to nothing may mean that access is missing: complete listings disprove it, and one that ended
/// without losing access says nothing else.
pub(super) fn is_lost(connection: &Connection) -> Result<bool, Error> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM collections WHERE state <> 1 AND ifnull(json_extract(gap, '$.lost'), 1))",
        )?
        .query_row([], |row| row.get(0))?)
}

/// The first page, by precedence, that granted one of these entitlements to one of these principals, or to anybody; all
/// are interned ids. Reads what was staged from its beginning: for messages.
pub(super) fn first_page(
    connection: &Connection,
    entitlements: &[u32],
    principals: Option<&[u32]>,
) -> Result<Option<i64>, Error> {
    let wanted = |(entitlement, principal): (u32, u32)| {
        entitlements.contains(&entitlement) && principals.is_none_or(|principals| principals.contains(&principal))
    };
    let mut select = connection.prepare(
        "SELECT r.page, s.pairs, g.entitlement, g.principal FROM temp.page_ranks r
         LEFT JOIN staged_pairs s ON s.page = r.page LEFT JOIN staged_grants g ON g.page = r.page ORDER BY r.rank",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let blob: Option<Vec<u8>> = row.get(1)?;
        let single = row.get::<_, Option<u32>>(2)?.zip(row.get(3)?);
        if blob.iter().flat_map(|blob| pairs(blob)).chain(single).any(wanted) {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

pub(super) fn collection_of_page(connection: &Connection, page: i64) -> Result<CollectionAddress, Error> {
    let id = connection.query_row("SELECT collection FROM pages WHERE id = ?", [page], |row| row.get(0))?;
    Ok(load(connection, CollectionId(id))?.address)
}

/// `type:resource` of a principal.
pub(super) fn principal_text(connection: &Connection, rank: i64) -> Result<String, Error> {
    let find = "SELECT type || ':' || resource FROM temp.principals WHERE rank = ?";
    Ok(connection.query_row(find, [rank], |row| row.get(0))?)
}

pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Error> {
    row.get_ref(column)?.as_str().map_err(|error| Error::Staged(error.to_string()))
}

pub(super) fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], Error> {
    row.get_ref(column)?.as_blob().map_err(|error| Error::Staged(error.to_string()))
}
