//! One sync: lock, stage, read every listing, finish, publish.
//!
//! The host drives: it asks guests for pages of listings (`reader`), keeps the order of listings (`queue`), commits each
//! page as one transaction through the thread that owns the work file (`writer`), and decides what a failure means for
//! the run (`coverage`). A stop or an error loses only the pages in flight.

mod begin;
mod cost;
mod coverage;
pub(crate) mod errors;
mod listing;
mod progress;
mod publish;
mod queue;
mod reader;
mod remaining;
mod report;
mod run;
mod scope;
mod target;
mod turn;
mod validate;
mod writer;

pub use accord_c1z::schema::FileProfile;
pub use accord_c1z::work::{Counts, Indexes, Note};
pub use cost::Cost;
pub use coverage::{AllowedGaps, CollectionCoverage, Coverage, ListingGap, PluginFacts, State};
pub use progress::{ListingProgress, Progress, Stage};
pub use report::{Report, Traffic};
pub use run::{Setup, SyncOptions, TapeMode, sync};
pub use scope::Scope;
pub use turn::WhenBusy;
pub use validate::{Check, CheckOutcome, validate};

pub(crate) use run::{interrupted, stopped};
pub(crate) use validate::connected;
pub(crate) use writer::FactsReader;
