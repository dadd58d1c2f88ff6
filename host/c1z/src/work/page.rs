//! Committing one page: its rows, facts, discoveries and next cursor, or nothing.

use ring::digest::{SHA256, digest};
use rusqlite::params;

use super::listings::{add_notes, begin_again, discover, json, load};
use super::stage::Stage;
use super::{CollectionAddress, CollectionId, CollectionRecord, CollectionState, Error, Note, WorkFile, facts};
use crate::model::Rows;

/// Where a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Next(String),
    Done,
    /// The listing begins again, and why; the page's own rows are dropped too.
    Restart(String),
}

/// One page as it came back from the connector.
#[derive(Debug, Clone, PartialEq)]
pub struct PageCommit {
    pub collection: CollectionId,
    /// The page's number: [`CollectionRecord::pages`] at the time it was asked for.
    pub page: u32,
    pub rows: Rows,
    /// What later listings may see; a key written again is replaced.
    pub facts: Vec<(String, Vec<u8>)>,
    /// Listings found; known ones are left as they are.
    pub discovered: Vec<CollectionAddress>,
    pub step: Step,
    /// How many items of the target the page held.
    pub items: u64,
    /// How many items the target says that the listing has.
    pub total: Option<u64>,
    pub notes: Vec<Note>,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The listing after the commit.
    pub record: CollectionRecord,
    /// Listings that were not known before.
    pub discovered: Vec<CollectionRecord>,
    /// How many earlier pages of this listing pushed exactly these rows; 0 for a page without rows. A caller stops a
    /// listing that repeats itself.
    pub repeated_page: u32,
}

impl WorkFile {
    /// Commits a page as one transaction. The caller decides how many restarts are too many, before it commits one.
    ///
    /// # Errors
    /// [`Error::CursorRepeated`] if this listing had the cursor before; a row that breaks a rule of the file, with the
    /// row's id; storage. Nothing of the page is kept then.
    pub fn commit_page(&mut self, page: PageCommit) -> Result<Committed, Error> {
        self.commit(page).map_err(|error| {
            // An id that was interned in the transaction that failed is in no table.
            self.interner.forget();
            self.locate("commit a page to")(error)
        })
    }

    fn commit(&mut self, page: PageCommit) -> Result<Committed, Error> {
        let transaction = self.connection.transaction()?;
        let PageCommit { collection: id, step, .. } = page;
        let known = load(&transaction, id)?;
        if known.state != CollectionState::Open {
            return Err(Error::NotOpen { collection: known.address });
        }
        if known.pages != page.page {
            return Err(Error::PageOrder { collection: known.address, expected: known.pages, got: page.page });
        }
        if let Step::Restart(reason) = step {
            let freed = begin_again(&transaction, id.0, &reason)?;
            let record = load(&transaction, id)?;
            transaction.commit()?;
            self.fact_bytes = self.fact_bytes.saturating_sub(freed);
            return Ok(Committed { record, discovered: Vec::new(), repeated_page: 0 });
        }

        let page_id = transaction
            .prepare_cached("INSERT INTO pages (collection, number) VALUES (?, ?)")?
            .insert(params![id.0, page.page])?;
        let mut stage =
            Stage::new(&transaction, &mut self.interner, &self.encoder, &self.deselected, &known.address, page_id)?;
        stage.rows(&page.rows)?;
        let staged = stage.finish()?;
        let repeated_page = match &staged.digest {
            None => 0,
            Some(rows_digest) => {
                transaction
                    .prepare_cached("UPDATE pages SET digest = ? WHERE id = ?")?
                    .execute(params![rows_digest, page_id])?;
                transaction
                    .prepare_cached("SELECT count(*) FROM pages WHERE collection = ? AND digest = ? AND id <> ?")?
                    .query_row(params![id.0, rows_digest, page_id], |row| row.get(0))?
            }
        };

        let mut fact_bytes = self.fact_bytes;
        facts::put(&transaction, id.0, &page.facts, &mut fact_bytes)?;
        let mut discovered = Vec::new();
        for address in &page.discovered {
            discovered.extend(discover(&transaction, id.0, address)?);
        }

        let (state, cursor) = match step {
            Step::Next(cursor) => {
                let is_new = transaction
                    .prepare_cached("INSERT OR IGNORE INTO cursors VALUES (?, ?)")?
                    .execute(params![id.0, digest(&SHA256, cursor.as_bytes()).as_ref()])?;
                if is_new == 0 {
                    return Err(Error::CursorRepeated { collection: known.address, cursor: shown(&cursor) });
                }
                (CollectionState::Open, Some(cursor))
            }
            Step::Done | Step::Restart(_) => (CollectionState::Complete, None),
        };
        let mut notes = known.notes;
        add_notes(&mut notes, page.notes);
        add_notes(&mut notes, staged.notes);
        transaction
            .prepare_cached(
                "UPDATE collections SET state = ?, cursor = ?, pages = pages + 1, items = items + ?, total = ifnull(?, total),
                 rows = rows + ?, filtered = filtered + ?, notes = ? WHERE id = ?",
            )?
            .execute(params![
                state.number(),
                cursor,
                page.items.cast_signed(),
                page.total.map(u64::cast_signed),
                staged.rows.cast_signed(),
                staged.filtered.cast_signed(),
                json(&notes)?,
                id.0
            ])?;
        let record = load(&transaction, id)?;
        transaction.commit()?;
        self.fact_bytes = fact_bytes;
        Ok(Committed { record, discovered, repeated_page })
    }
}

/// A cursor for a message: it may be 64 KiB, and hold anything.
fn shown(cursor: &str) -> String {
    const CHARACTERS: usize = 120;
    // Quotes steer nothing, and cursors are often JSON.
    let escaped = |c: char| if c == '"' { c.to_string() } else { c.escape_debug().to_string() };
    let short: String = cursor.chars().take(CHARACTERS).map(escaped).collect();
    if cursor.chars().nth(CHARACTERS).is_some() { format!("{short}…") } else { short }
}
