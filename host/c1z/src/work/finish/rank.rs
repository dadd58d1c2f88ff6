//! Which row of an id counts, and the ranks that stand for ids from here on.
//!
//! Temporary tables: `page_ranks` (precedence of pages), `principals` and `principal_ranks` (every resource id that any
//! row names, by external id), `entitlements` and `entitlement_ranks` (those that are in the file, by id).

use rusqlite::{Connection, OptionalExtension, params};

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

/// Chooses among resource rows of one id, and ranks all resource ids by external id.
pub(super) fn resources(connection: &Connection) -> Result<(), Error> {
    connection
        .execute_batch("CREATE TEMP TABLE chosen_resources (resource INTEGER PRIMARY KEY, staged INTEGER NOT NULL)")?;
    choose_resources(connection)?;
    connection.execute_batch(
        "CREATE TEMP TABLE principals (
             rank INTEGER PRIMARY KEY, id INTEGER NOT NULL, type TEXT NOT NULL, resource TEXT NOT NULL, staged INTEGER
         );
         INSERT INTO temp.principals (id, type, resource, staged)
         SELECT i.id, i.type, i.resource, w.staged
         FROM resource_ids i LEFT JOIN temp.chosen_resources w ON w.resource = i.id
         ORDER BY i.type || ':' || i.resource, i.type;
         CREATE TEMP TABLE principal_ranks (id INTEGER PRIMARY KEY, rank INTEGER NOT NULL, present INTEGER NOT NULL);
         INSERT INTO temp.principal_ranks SELECT id, rank, staged IS NOT NULL FROM temp.principals ORDER BY id;",
    )?;
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
        "SELECT s.resource, s.id, s.stub, s.parent, s.page
         FROM staged_resources s JOIN temp.page_ranks r ON r.page = s.page
         ORDER BY s.resource, s.stub DESC, r.rank, s.id",
    )?;
    let mut keep = connection.prepare("INSERT INTO temp.chosen_resources VALUES (?, ?)")?;
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
                let parent = |id: Option<i64>| id.map_or(Ok("none".to_owned()), |id| resource_text(connection, id));
                return Err(Error::Contradiction(Box::new(Contradiction {
                    what: "resource",
                    id: resource_text(connection, next.resource)?,
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
             rank INTEGER PRIMARY KEY, external_id TEXT NOT NULL, resource INTEGER NOT NULL, resource_id INTEGER NOT NULL,
             staged INTEGER NOT NULL, nested INTEGER NOT NULL
         )",
    )?;
    choose_entitlements(connection, notes)?;
    connection.execute_batch(
        "CREATE UNIQUE INDEX temp.entitlements_external_id ON entitlements (external_id);
         CREATE TEMP TABLE entitlement_ranks (id INTEGER PRIMARY KEY, rank INTEGER NOT NULL);
         INSERT INTO temp.entitlement_ranks
         SELECT i.id, e.rank FROM entitlement_ids i JOIN temp.entitlements e ON e.external_id = i.external_id
         WHERE i.resource = e.resource_id ORDER BY i.id;",
    )?;
    refuse_foreign_grants(connection)
}

fn choose_entitlements(connection: &Connection, notes: &mut Vec<Note>) -> Result<(), Error> {
    struct Candidate {
        external_id: String,
        resource_id: i64,
        /// The rank of a resource that is in the file.
        resource: Option<i64>,
        staged: i64,
        page: i64,
    }
    let mut select = connection.prepare(
        "SELECT i.external_id, i.resource, p.rank, p.present, s.id, s.page
         FROM staged_entitlements s JOIN temp.page_ranks r ON r.page = s.page
         JOIN entitlement_ids i ON i.id = s.entitlement JOIN temp.principal_ranks p ON p.id = i.resource
         ORDER BY i.external_id || ':', s.stub DESC, r.rank, s.id",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO temp.entitlements (external_id, resource, resource_id, staged, nested) VALUES (?, ?, ?, ?, ?)",
    )?;
    let mut outer = String::new();
    let mut keep = |chosen: Candidate, notes: &mut Vec<Note>| -> Result<(), Error> {
        let Some(resource) = chosen.resource else {
            let note = Note {
                what: "entitlement of an unknown resource".to_owned(),
                count: 1,
                examples: vec![chosen.external_id],
                reason: "no listing has the resource".to_owned(),
                lost: is_lost(connection)?,
            };
            add_notes(notes, vec![note]);
            return Ok(());
        };
        let beginning = format!("{}:", chosen.external_id);
        let nested = !outer.is_empty() && beginning.starts_with(&outer);
        if !nested {
            outer = beginning;
        }
        insert.execute(params![chosen.external_id, resource, chosen.resource_id, chosen.staged, nested])?;
        Ok(())
    };
    let mut rows = select.query([])?;
    let mut best: Option<Candidate> = None;
    while let Some(row) = rows.next()? {
        let present: bool = row.get(3)?;
        let next = Candidate {
            external_id: row.get(0)?,
            resource_id: row.get(1)?,
            resource: if present { Some(row.get(2)?) } else { None },
            staged: row.get(4)?,
            page: row.get(5)?,
        };
        match best.take() {
            Some(known) if known.external_id != next.external_id => keep(known, notes)?,
            Some(known) if known.resource_id != next.resource_id => {
                return Err(Error::Contradiction(Box::new(Contradiction {
                    what: "entitlement",
                    id: next.external_id,
                    field: "resource",
                    first: resource_text(connection, known.resource_id)?,
                    first_collection: collection_of_page(connection, known.page)?,
                    second: resource_text(connection, next.resource_id)?,
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
        "SELECT i.id, i.external_id, i.resource, e.resource_id, s.page
         FROM entitlement_ids i JOIN temp.entitlements e ON e.external_id = i.external_id
         JOIN staged_entitlements s ON s.id = e.staged WHERE i.resource <> e.resource_id ORDER BY i.external_id, i.id",
    )?;
    let mut rows = differing.query([])?;
    while let Some(row) = rows.next()? {
        // Ids of dropped rows stay interned.
        let Some(page) = first_page(connection, row.get(0)?, None)? else { continue };
        return Err(Error::Contradiction(Box::new(Contradiction {
            what: "entitlement",
            id: row.get(1)?,
            field: "resource",
            first: resource_text(connection, row.get(3)?)?,
            first_collection: collection_of_page(connection, row.get(4)?)?,
            second: resource_text(connection, row.get(2)?)?,
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

/// The first page, by precedence, that granted an entitlement, to this principal or to any; both are interned ids. Reads
/// what was staged from its beginning: for messages.
pub(super) fn first_page(
    connection: &Connection,
    entitlement: i64,
    principal: Option<i64>,
) -> Result<Option<i64>, Error> {
    let wanted = |(of, to): (u32, u32)| {
        i64::from(of) == entitlement && principal.is_none_or(|principal| i64::from(to) == principal)
    };
    let row: Option<(i64, i64)> = connection
        .query_row(
            "SELECT r.rank, g.page FROM staged_grants g JOIN temp.page_ranks r ON r.page = g.page
             WHERE g.entitlement = ?1 AND ifnull(g.principal = ?2, 1) ORDER BY r.rank LIMIT 1",
            params![entitlement, principal],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let mut select = connection.prepare(
        "SELECT r.rank, s.page, s.pairs FROM staged_pairs s JOIN temp.page_ranks r ON r.page = s.page ORDER BY r.rank",
    )?;
    let mut pages = select.query([])?;
    while let Some(page) = pages.next()? {
        let (rank, number) = (page.get(0)?, page.get(1)?);
        if row.is_some_and(|(earlier, _)| earlier < rank) {
            break;
        }
        if pairs(&page.get::<_, Vec<u8>>(2)?).any(wanted) {
            return Ok(Some(number));
        }
    }
    Ok(row.map(|(_, number)| number))
}

pub(super) fn collection_of_page(connection: &Connection, page: i64) -> Result<CollectionAddress, Error> {
    let id = connection.query_row("SELECT collection FROM pages WHERE id = ?", [page], |row| row.get(0))?;
    Ok(load(connection, CollectionId(id))?.address)
}

/// `type:resource` of an interned id.
pub(super) fn resource_text(connection: &Connection, id: i64) -> Result<String, Error> {
    Ok(connection.query_row("SELECT type || ':' || resource FROM resource_ids WHERE id = ?", [id], |row| row.get(0))?)
}
