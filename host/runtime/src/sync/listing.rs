//! Listings in the hands of workers: the next page is read and committed, and a failure is weighed.

use std::collections::BTreeSet;

use accord_c1z::work::{
    CollectionId, CollectionRecord, CollectionState, Committed, Error, FactsView, Gap, Settlement, Step,
};

use crate::bindings::accord::connector::types as wit;
use crate::manifest::Collection;
use crate::problem::{Category, Problem};
use crate::running::Instance;
use crate::tape::Address;

use super::begin::deselect;
use super::coverage::{Verdict, verdict};
use super::errors;
use super::queue::Next;
use super::reader::{self, Failed, Outcome, TRIES_AGAIN, before_again};
use super::run::Run;
use super::writer::FactsReader;

/// Reads pages until nothing is left. One instance at a time; a trapped one is replaced.
pub(super) async fn worker(run: &Run, mut instance: Option<Instance>) -> Result<(), Problem> {
    loop {
        let waiting = run.changed.notified();
        tokio::pin!(waiting);
        waiting.as_mut().enable();
        let next = run.queue().next();
        let record = match next {
            Next::Read(record) => *record,
            Next::Wait => {
                waiting.await;
                continue;
            }
            Next::Finished => {
                run.changed.notify_waiters();
                return Ok(());
            }
            Next::Stuck(names) => {
                let text = format!(
                    "plugin '{}' has listings that wait for each other: {}",
                    run.plugin.shared.plugin_id,
                    names.join(", ")
                );
                return Err(
                    Problem::new(Category::Plugin, "LOOP-004", text).remedy("report this to the plugin's author")
                );
            }
        };
        let after = read_one(run, &mut instance, &record).await?;
        run.progress.changed(&record, &after);
        run.queue().give_back(after);
        run.changed.notify_waiters();
    }
}

/// Reads the next page of a listing, commits it, and returns how the listing stands.
async fn read_one(
    run: &Run,
    instance: &mut Option<Instance>,
    record: &CollectionRecord,
) -> Result<CollectionRecord, Problem> {
    let name = &record.address.name;
    let settled = run.queue().settled_before(name);
    let after = run.collection(name).map(|collection| collection.after.clone()).unwrap_or_default();
    let visible = settled.into_iter().filter(|(name, _)| after.contains(name)).collect();
    let facts = FactsReader::new(run.writer.clone(), FactsView { own: Some(record.id), after }, visible);
    let address = Address {
        export: "read".into(),
        collection: name.clone(),
        key: record.address.key.clone(),
        restart: record.restarts,
        page: record.pages,
    };
    let mut again = 0;
    loop {
        let (commit, exchanges, asked) = match reader::read_page(run, instance, record, facts.clone()).await? {
            Outcome::Page { commit, exchanges, asked } => (commit, exchanges, asked),
            Outcome::Failed(mut failed) => {
                run.record(&address, std::mem::take(&mut failed.exchanges))?;
                return weigh(run, record, failed).await;
            }
        };
        run.record(&address, exchanges)?;
        if let Step::Restart(reason) = &commit.step {
            return restart(run, record, reason.clone()).await;
        }
        match run.writer.run(move |work| work.commit_page(commit)).await? {
            Ok(committed) => return go_on(run, record, committed, asked.as_deref()).await,
            Err(error @ Error::CursorRepeated { .. }) => {
                again += 1;
                // Without a request the page would be the same, and from a tape it is.
                if asked.is_none() || again > TRIES_AGAIN || run.is_replay() {
                    return Err(endless(run, record, "LOOP-001", error.to_string(), asked.as_deref()));
                }
                tracing::warn!(plugin = run.plugin.shared.plugin_id, "{error}; reading the page again");
                run.clock.sleep(before_again(again)).await;
            }
            Err(error) => return Err(errors::storage(error)),
        }
    }
}

/// Weighs a page that was committed, and adds what it found.
async fn go_on(
    run: &Run,
    record: &CollectionRecord,
    committed: Committed,
    asked: Option<&str>,
) -> Result<CollectionRecord, Problem> {
    if committed.repeated_page >= run.plugin.shared.limits.repeated_pages {
        let text = format!("{} returned the same rows on {} pages", record.address, committed.repeated_page + 1);
        return Err(endless(run, record, "LOOP-002", text, asked));
    }
    for found in committed.discovered {
        let found = deselect(run, found).await?;
        run.progress.found(&found);
        run.queue().add(vec![found]);
    }
    let known = run.queue().known();
    within_limit(run, known, &record.address.to_string())?;
    match committed.record.state {
        CollectionState::Complete => compare_with_total(run, committed.record).await,
        _ => Ok(committed.record),
    }
}

/// A listing that repeats itself.
fn endless(run: &Run, record: &CollectionRecord, code: &'static str, text: String, asked: Option<&str>) -> Problem {
    Problem::new(Category::Plugin, code, text)
        .place(errors::asked(&run.plugin.shared, &record.address.to_string(), asked))
        .means("the listing would never end")
        .remedy("try later, in case the target repeats itself for a while; else report this to the plugin's author")
}

/// Refuses more listings than one sync may have.
pub(super) fn within_limit(run: &Run, listings: usize, place: &str) -> Result<(), Problem> {
    let limit = run.plugin.shared.limits.collections;
    if listings <= limit {
        return Ok(());
    }
    let text = format!("plugin '{}' found more than {limit} listings", run.plugin.shared.plugin_id);
    Err(Problem::new(Category::Plugin, "LIMIT-007", text).place(place).remedy("report this to the plugin's author"))
}

/// Begins a listing again, within the limit.
async fn restart(run: &Run, record: &CollectionRecord, reason: String) -> Result<CollectionRecord, Problem> {
    let limit = run.plugin.shared.limits.restarts;
    if run.restarts(record).len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
        let text = format!("{} had to begin again more than {limit} times: {reason}", record.address);
        let problem = Problem::new(Category::Network, "HTTP-004", text)
            .place(record.address.to_string())
            .remedy("run the same command again when the target is at rest: it goes on where this one stopped");
        return lost(run, record, problem).await;
    }
    tracing::warn!(listing = %record.address, "beginning again: {reason}");
    let id = record.id;
    let (restarted, records) = run
        .writer
        .run(move |work| work.restart(id, &reason).and_then(|restarted| Ok((restarted, work.collections()?))))
        .await?
        .map_err(errors::storage)?;
    let known: BTreeSet<CollectionId> = records.iter().map(|record| record.id).collect();
    run.queue().retain(&known);
    Ok(restarted)
}

/// How the reason of a restart for a missed total begins.
const FEWER: &str = "it ended with";

/// A listing that ends with fewer items than its own total is read once more, and is a loss then.
pub(super) async fn compare_with_total(run: &Run, record: CollectionRecord) -> Result<CollectionRecord, Problem> {
    let Some(total) = record.total else { return Ok(record) };
    let yields = run
        .collection(&record.address.name)
        .and_then(|collection| collection.yields.first().cloned())
        .unwrap_or_default();
    let id = record.id;
    let distinct = run.writer.run(move |work| work.distinct(id, &yields)).await?.map_err(errors::storage)?;
    if distinct >= total {
        return Ok(record);
    }
    let reason = format!("{FEWER} {distinct} of {total} items");
    if run.restarts(&record).iter().any(|known| known.starts_with(FEWER)) {
        let text = format!("{} is incomplete: {reason}, twice", record.address);
        let problem = Problem::new(Category::Network, "HTTP-005", text)
            .place(record.address.to_string())
            .means("the target tells of more than it shows; without the rest the file would say that access is gone")
            .remedy(
                "run the same command again later: the listing is read anew; if it stays so, ask the target's vendor",
            );
        return lost(run, &record, problem).await;
    }
    restart(run, &record, reason).await
}

/// What a failed listing means for the run.
async fn weigh(run: &Run, record: &CollectionRecord, failed: Failed) -> Result<CollectionRecord, Problem> {
    let Some(collection) = run.collection(&record.address.name) else {
        return Err(reader::problem(run, record, failed));
    };
    let allowed = run.allowed_gaps.allows(&collection.name, &collection.yields);
    let permission = match &failed.failure.kind {
        wit::FailureKind::Permission(permission) => Some(errors::clean(&run.plugin.shared, permission)),
        _ => None,
    };
    let rule = match failed.failure.kind {
        wit::FailureKind::Permission(_) => collection.forbidden,
        wit::FailureKind::Upstream | wit::FailureKind::NotFound | wit::FailureKind::InvalidResponse => collection.lost,
        wit::FailureKind::Gone(_) => {
            let problem = reader::problem(run, record, failed);
            return end(
                run,
                record,
                Gap { reason: format!("gone during the sync: {}", problem.headline), permission: None, lost: false },
            )
            .await;
        }
        _ => return Err(reader::problem(run, record, failed)),
    };
    let problem = reader::problem(run, record, failed);
    decide(run, record, collection, verdict(rule, allowed), problem, permission).await
}

/// A listing that cannot be read to its end for the target's sake.
async fn lost(run: &Run, record: &CollectionRecord, problem: Problem) -> Result<CollectionRecord, Problem> {
    let Some(collection) = run.collection(&record.address.name) else { return Err(problem) };
    let allowed = run.allowed_gaps.allows(&collection.name, &collection.yields);
    decide(run, record, collection, verdict(collection.lost, allowed), problem, None).await
}

async fn decide(
    run: &Run,
    record: &CollectionRecord,
    collection: &Collection,
    verdict: Verdict,
    problem: Problem,
    permission: Option<String>,
) -> Result<CollectionRecord, Problem> {
    match verdict {
        Verdict::Stop { by_flag: false } => Err(problem),
        Verdict::Stop { by_flag: true } => {
            let types = collection.yields.join(",");
            Err(problem.line("or", format!("accept that it is not collected with --allow-gaps={types}")))
        }
        Verdict::Gap | Verdict::Degrade => {
            tracing::warn!(listing = %record.address, "not read to its end: {}", problem.headline);
            end(run, record, Gap { reason: problem.headline, permission, lost: verdict == Verdict::Gap }).await
        }
    }
}

async fn end(run: &Run, record: &CollectionRecord, gap: Gap) -> Result<CollectionRecord, Problem> {
    let id = record.id;
    run.writer
        .run(move |work| work.settle(id, Settlement::Gap(gap)).and_then(|()| work.collection(id)))
        .await?
        .map_err(errors::storage)
}
