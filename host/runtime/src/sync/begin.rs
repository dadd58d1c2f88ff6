//! The start of a run: `connect`, then the listings to begin with.

use accord_c1z::model::ResourceId;
use accord_c1z::work::{CollectionAddress, CollectionRecord, CollectionState, FactsView, Settlement};

use crate::bindings::accord::connector::types as wit;
use crate::bindings::exports::accord::connector::sync as guest;
use crate::capabilities::{Call, Exchanges};
use crate::convert::guest_id;
use crate::http::Phase;
use crate::manifest::Export;
use crate::problem::{Category, Problem};
use crate::running::{CallError, Done, Instance};
use crate::tape::Address;

use super::errors;
use super::listing::{compare_with_total, within_limit};
use super::reader::{TRIES_AGAIN, before_again};
use super::run::Run;
use super::writer::FactsReader;

/// `connect`, then `begin` unless a resumed work file already has listings.
pub(super) async fn begin(run: &Run, resources: &[ResourceId]) -> Result<Instance, Problem> {
    let shared = &run.plugin.shared;
    let mut instance = run.plugin.instantiate().await?;
    connect(run, &mut instance).await?;

    let known = run.writer.run(|work| work.collections()).await?.map_err(errors::storage)?;
    if known.is_empty() {
        let scope = if resources.is_empty() {
            guest::Scope::Full
        } else {
            guest::Scope::Resources(resources.iter().map(guest_id).collect())
        };
        let (mut call, address) = start(run, Export::Begin)?;
        let view = FactsView { own: None, after: Vec::new() };
        call.facts_reader = Some(FactsReader::new(run.writer.clone(), view, Vec::new()));
        let Done { result, call } = settle(run, &address, instance.begin(call, &scope).await)?;
        let collections = result.map_err(|failure| errors::of_call(shared, "begin", failure, &call))?;
        within_limit(run, collections.len(), "begin")?;
        let mut addresses = Vec::with_capacity(collections.len());
        for collection in collections {
            if run.collection(&collection.name).is_none() {
                let name = errors::clean(shared, &collection.name);
                let text = format!(
                    "plugin '{}' begins with a listing of `{name}`, which its manifest does not declare",
                    shared.plugin_id
                );
                return Err(
                    Problem::new(Category::Plugin, "ROWS-002", text).remedy("report this to the plugin's author")
                );
            }
            addresses.push(CollectionAddress { name: collection.name, key: collection.key });
        }
        run.writer.run(move |work| work.begin(&addresses)).await?.map_err(errors::storage)?;
    } else {
        run.resumes(&known);
        // The run before may have ended between a listing's last page and the look at its total, or because of it.
        for record in known.into_iter().filter(|record| record.state == CollectionState::Complete) {
            compare_with_total(run, record).await?;
        }
    }
    let records = run.writer.run(|work| work.collections()).await?.map_err(errors::storage)?;
    let mut kept = Vec::with_capacity(records.len());
    for record in records {
        kept.push(deselect(run, record).await?);
    }
    kept.iter().for_each(|record| run.progress.found(record));
    run.queue().add(kept);
    Ok(instance)
}

/// Runs `connect`, and replaces what an earlier one learned. An answer that is not what the API documents is asked for
/// again, as it is for a page.
pub(super) async fn connect(run: &Run, instance: &mut Instance) -> Result<(), Problem> {
    let shared = &run.plugin.shared;
    let mut again = 0;
    loop {
        let (call, address) = start(run, Export::Connect)?;
        let Done { result, call } = settle(run, &address, instance.connect(call).await)?;
        match result {
            Ok(()) => {
                let facts = call.facts;
                return run.writer.run(move |work| work.connect_facts(facts)).await?.map_err(errors::storage);
            }
            Err(wit::Failure { kind: wit::FailureKind::InvalidResponse, detail })
                if again < TRIES_AGAIN && call.too_large.is_none() && !run.is_replay() =>
            {
                again += 1;
                tracing::warn!(
                    plugin = shared.plugin_id,
                    "{}; connecting again",
                    errors::clean(shared, &detail.message)
                );
                run.clock.sleep(before_again(again)).await;
            }
            Err(failure) => return Err(errors::of_call(shared, "connect", failure, &call)),
        }
    }
}

/// A call of an export outside any listing.
fn start(run: &Run, export: Export) -> Result<(Call, Address), Problem> {
    let address = Address { export: export.name().into(), collection: String::new(), key: None, restart: 0, page: 0 };
    let mut call = Call::new(Phase::new(export, false, ""));
    call.exchanges = run.exchanges(&address)?;
    Ok((call, address))
}

fn settle<R>(run: &Run, address: &Address, done: Result<Done<R>, CallError>) -> Result<Done<R>, Problem> {
    let mut done = done.map_err(CallError::into_problem)?;
    if let Exchanges::Live { recorded: Some(recorded), .. } = &mut done.call.exchanges {
        run.record(address, std::mem::take(recorded))?;
    }
    Ok(done)
}

/// Ends a listing that yields nothing that was asked for.
pub(super) async fn deselect(run: &Run, record: CollectionRecord) -> Result<CollectionRecord, Problem> {
    let yields =
        run.collection(&record.address.name).map(|collection| collection.yields.as_slice()).unwrap_or_default();
    if record.state != CollectionState::Open || yields.iter().any(|id| run.selection.wants(id)) {
        return Ok(record);
    }
    let id = record.id;
    run.writer
        .run(move |work| work.settle(id, Settlement::Deselected).and_then(|()| work.collection(id)))
        .await?
        .map_err(errors::storage)
}
