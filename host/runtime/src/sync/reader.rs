//! Reading one page of one listing: the guest is called, and a page that failed is read again where that can help.

use std::time::Duration;

use accord_c1z::work::{CollectionRecord, Note, PageCommit, Step};

use crate::bindings::accord::connector::types as wit;
use crate::bindings::exports::accord::connector::sync as guest;
use crate::capabilities::{Call, Exchanges};
use crate::http::Phase;
use crate::manifest::Export;
use crate::problem::{Category, Problem};
use crate::running::{CallError, Done, Instance};
use crate::tape::{Address, Exchange};

use super::errors::{self, clean};
use super::run::Run;
use super::writer::FactsReader;

/// A page whose answer was not what the API documents, or that leads back, is read so often again: a proxy's glitch may
/// heal.
pub(super) const TRIES_AGAIN: u32 = 3;

/// How reading a page ended, when it ended without a fault.
pub(crate) enum Outcome {
    Page {
        commit: PageCommit,
        exchanges: Vec<Exchange>,
        /// The last request of the page.
        asked: Option<String>,
    },
    /// The listing cannot be read on.
    Failed(Failed),
}

/// Why a page could not be read.
pub(crate) struct Failed {
    pub(crate) failure: wit::Failure,
    /// The request that is at fault, where the failure does not say.
    place: Option<String>,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Failed {
    fn new(failure: wit::Failure, call: Call) -> Self {
        let place = call.rate_limited.filter(|_| matches!(failure.kind, wit::FailureKind::RateLimited(_)));
        Self { failure, place, exchanges: recorded(call.exchanges) }
    }
}

/// Reads the page where `record` stands. A trapped instance is replaced, and the page read once more.
pub(crate) async fn read_page(
    run: &Run,
    instance: &mut Option<Instance>,
    record: &CollectionRecord,
    facts: FactsReader,
) -> Result<Outcome, Problem> {
    let place = record.address.to_string();
    let collection = guest::Collection { name: record.address.name.clone(), key: record.address.key.clone() };
    let address = Address {
        export: "read".into(),
        collection: record.address.name.clone(),
        key: record.address.key.clone(),
        restart: record.restarts,
        page: record.pages,
    };
    let mut trapped = false;
    let mut invalid = 0;
    let mut reconnected = false;
    loop {
        let generation = run.plugin.shared.gateway.generation();
        let ready = match instance.as_mut() {
            Some(ready) => ready,
            None => instance.insert(run.plugin.instantiate().await?),
        };
        let mut call = Call::new(Phase::new(Export::Read, false, format!("{place} page {}", record.pages)));
        call.listing = Some(place.clone());
        call.facts_reader = Some(facts.clone());
        call.exchanges = run.exchanges(&address)?;
        let done = ready.read(call, &address.to_string(), &collection, record.cursor.as_deref(), record.restarts).await;
        match done {
            Err(CallError::Trap(problem)) if !trapped => {
                tracing::warn!(
                    plugin = run.plugin.shared.plugin_id,
                    listing = place,
                    "{}; reading the page again",
                    problem.headline
                );
                *instance = None;
                trapped = true;
            }
            Err(error) => return Err(error.into_problem()),
            Ok(Done { result: Ok(page), call }) => return accept(run, record, page, call),
            // Keys and certificates that a sealed answer brought may have been replaced meanwhile.
            Ok(Done { result: Err(_), call }) if call.doubtful && !reconnected => {
                reconnected = true;
                run.reconnect(generation).await?;
            }
            // It would be as large again.
            Ok(Done { result: Err(failure), call }) if call.too_large.is_some() && errors::may_be_cut(&failure) => {
                return Err(errors::of_call(&run.plugin.shared, &place, failure, &call));
            }
            Ok(Done { result: Err(failure), .. })
                if matches!(failure.kind, wit::FailureKind::InvalidResponse)
                    && invalid < TRIES_AGAIN
                    && !run.is_replay() =>
            {
                invalid += 1;
                let text = clean(&run.plugin.shared, &failure.detail.message);
                tracing::warn!(plugin = run.plugin.shared.plugin_id, listing = place, "{text}; reading the page again");
                run.clock.sleep(before_again(invalid)).await;
            }
            Ok(Done { result: Err(failure), call }) => {
                return Ok(Outcome::Failed(Failed::new(failure, call)));
            }
        }
    }
}

/// How long to wait before a page is read again.
pub(super) fn before_again(times: u32) -> Duration {
    Duration::from_secs(1 << times.min(TRIES_AGAIN))
}

fn recorded(exchanges: Exchanges) -> Vec<Exchange> {
    match exchanges {
        Exchanges::Live { recorded: Some(recorded), .. } => recorded,
        Exchanges::Live { recorded: None, .. } | Exchanges::Replay { .. } => Vec::new(),
    }
}

/// A page as a commit, after the rules that concern the page alone.
fn accept(run: &Run, record: &CollectionRecord, page: guest::Page, call: Call) -> Result<Outcome, Problem> {
    let shared = &run.plugin.shared;
    let limits = &shared.limits;
    let fault = |code: &'static str, text: String| {
        Err(Problem::new(Category::Plugin, code, text)
            .place(record.address.to_string())
            .remedy("report this to the plugin's author; nothing of this page was kept"))
    };
    if let Exchanges::Replay { exchanges, used } = &call.exchanges
        && *used < exchanges.len()
    {
        return fault("TAPE-004", format!("the connector made {used} of the {} requests on the tape", exchanges.len()));
    }
    let step = match page.step {
        guest::Step::Done => Step::Done,
        guest::Step::Next(cursor) if cursor.len() > limits.cursor_bytes => {
            return fault(
                "LIMIT-006",
                format!("a cursor of {} bytes; at most {} are allowed", cursor.len(), limits.cursor_bytes),
            );
        }
        guest::Step::Next(_) if record.pages + 1 >= limits.pages_per_listing => {
            return fault("LOOP-003", format!("the listing has more than {} pages", limits.pages_per_listing));
        }
        guest::Step::Next(cursor) => Step::Next(cursor),
        guest::Step::Restart(reason) => Step::Restart(clean(shared, &reason)),
    };
    let mut discovered = Vec::with_capacity(page.discovered.len());
    for found in page.discovered {
        let declared =
            run.collection(&record.address.name).is_some_and(|collection| collection.discovers.contains(&found.name));
        if !declared {
            let name = clean(shared, &found.name);
            return fault(
                "ROWS-002",
                format!(
                    "`{}` found a listing of `{name}`, which its manifest does not say it discovers",
                    record.address.name
                ),
            );
        }
        discovered.push(accord_c1z::work::CollectionAddress { name: found.name, key: found.key });
    }
    let mut rows = call.rows;
    if run.resources_only {
        rows.entitlements.clear();
        rows.grants.clear();
    }
    let notes = page.notes.into_iter().map(|note| note_in(shared, note)).collect();
    let commit = PageCommit {
        collection: record.id,
        page: record.pages,
        rows,
        facts: call.facts,
        discovered,
        step,
        items: u64::from(page.items),
        total: page.total,
        notes,
    };
    Ok(Outcome::Page { commit, exchanges: recorded(call.exchanges), asked: call.asked })
}

fn note_in(shared: &crate::running::Shared, note: guest::Note) -> Note {
    Note {
        what: clean(shared, &note.what),
        count: u64::from(note.count),
        examples: note.examples.iter().take(20).map(|example| clean(shared, example)).collect(),
        reason: clean(shared, &note.reason),
        lost: note.lost,
    }
}

/// A guest's failure to read a listing, as a problem.
pub(crate) fn problem(run: &Run, record: &CollectionRecord, failed: Failed) -> Problem {
    let shared = &run.plugin.shared;
    let place = match failed.place {
        Some(request) => format!("{}, {}", record.address, clean(shared, &request)),
        None => record.address.to_string(),
    };
    errors::failure(shared, &place, failed.failure)
}
