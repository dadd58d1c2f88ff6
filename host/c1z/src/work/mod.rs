//! Staging a sync and making its file.
//!
//! A run commits page after page into a *work file* beside its target: rows, facts, discovered listings and the next
//! cursor of one page are one transaction, so a killed run loses only the pages in flight. [`WorkFile::finish`] then
//! merges the rows, expands grants, builds the database, compresses it and renames it over the target.
//!
//! The target is the previous good file or the new good file, at every moment. One thread calls; nothing here is shared.

mod aside;
mod collection;
mod error;
mod facts;
mod finish;
mod intern;
mod listings;
mod page;
mod pairs;
pub(crate) mod paths;
mod space;
mod stage;
mod store;

pub use aside::{Existing, damage, existing, set_aside};
pub use collection::{CollectionAddress, CollectionId, CollectionRecord, CollectionState, Gap, Note, Settlement};
pub use error::{Contradiction, Error, Fault, ForeignExpansion};
pub use facts::{FactsView, MAX_FACT_BYTES};
pub use finish::{
    COVERAGE_VERSION, Counts, Expand, FinishOptions, Finished, Indexes, Limits, Progress, Summary, SyncType,
};
pub use page::{Committed, PageCommit, Step};
pub use space::check_space;
pub use store::{Identity, OpenOptions, Opened, Origin, WorkFile, work_path};
