//! Committing one page: its rows, facts, discoveries and next cursor, or nothing.

use super::{CollectionAddress, CollectionId, CollectionRecord, Error, Note, WorkFile};
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
    pub items: u64,
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
        let _ = page;
        todo!()
    }
}
