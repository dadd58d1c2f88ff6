//! The one call: connected first, made once, and never again, whatever becomes of it.

use std::sync::Arc;
use std::time::Duration;

use accord_c1z::model::Rows;

use super::failure::{told, with_writes};
use super::offered::check;
use super::operation::{AccountRequest, CredentialOption, Operation};
use super::outcome::{self, ActionState, Done, Outcome};
use crate::bindings::accord::connector::types as wit;
use crate::bindings::exports::accord::connector::provision as guest;
use crate::capabilities::Call;
use crate::clock::Clock;
use crate::convert::{guest_field, guest_id};
use crate::http::{Fate, Phase, PlannedRequest};
use crate::manifest::Manifest;
use crate::problem::Problem;
use crate::running::{CallError, Done as Called, Instance, Plugin};
use crate::sync::{Setup, connected, interrupted, stopped};

/// How long a write that is under way when the run is asked to stop may take to be answered and looked at. Less than
/// the patience that a process is given.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Whether the change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Apply,
    /// And an action that is still running is asked about until it has ended.
    UntilDone,
    /// Reads are sent; the first write is told and ends the call.
    DryRun,
}

/// How often an action that is still running is asked about.
const PERIOD: Duration = Duration::from_secs(1);

/// What a call came to.
#[derive(Debug)]
pub enum Answer {
    Done(Done),
    /// What a dry run would have sent.
    Planned(Vec<PlannedRequest>),
}

/// What was called, as far as its result is read here.
type Results = (Outcome, Vec<guest::NewCredential>);

/// Makes one change, or asks about one. Calling this is leave to change the target.
pub async fn provision(mut setup: Setup<'_>, operation: &Operation, mode: Mode) -> Result<Answer, Problem> {
    let manifest = Arc::clone(&setup.package.manifest);
    check(&manifest, operation)?;
    let plugin = setup.plugin()?;
    let gateway = &plugin.shared.gateway;
    let clock = Arc::clone(&setup.clock);
    let mut made = std::pin::pin!(async {
        let answer = make(&plugin, &manifest, operation, mode).await?;
        if mode == Mode::UntilDone {
            until_done(&plugin, &manifest, &*clock, operation, answer).await
        } else {
            Ok(answer)
        }
    });
    let signal = tokio::select! {
        made = &mut made => return made,
        signal = stopped(&mut setup.stop) => signal,
    };
    // A write that is under way is not left alone: whoever asked for it wants to know what became of it.
    if !gateway.sent_writes().is_empty()
        && let Ok(made) = tokio::time::timeout(LAST_WORDS, &mut made).await
    {
        return made;
    }
    Err(with_writes(interrupted(signal), operation, &gateway.sent_writes(), true))
}

/// Asks how far an action is until it has ended.
async fn until_done(
    plugin: &Plugin,
    manifest: &Manifest,
    clock: &dyn Clock,
    operation: &Operation,
    mut answer: Answer,
) -> Result<Answer, Problem> {
    let Operation::InvokeAction { name, .. } = operation else { return Ok(answer) };
    loop {
        let Answer::Done(Done { outcome: Outcome::Action { id, state, .. }, writes, .. }) = &answer else {
            return Ok(answer);
        };
        if matches!(state, ActionState::Complete | ActionState::Failed) {
            return Ok(answer);
        }
        let status = Operation::ActionStatus { name: name.clone(), id: id.clone() };
        let writes = *writes;
        clock.sleep(PERIOD).await;
        answer = match make(plugin, manifest, &status, Mode::Apply).await? {
            Answer::Done(done) => Answer::Done(Done { writes, ..done }),
            planned @ Answer::Planned(_) => planned,
        };
    }
}

async fn make(plugin: &Plugin, manifest: &Manifest, operation: &Operation, mode: Mode) -> Result<Answer, Problem> {
    let shared = &plugin.shared;
    let mut instance = plugin.instantiate().await?;
    let facts = connected(plugin, &mut instance).await?;
    let place = operation.export().name();
    let phase = Phase::new(operation.export(), true, "");
    let mut call = Call::new(if mode == Mode::DryRun { phase.dry_run() } else { phase });
    call.facts = facts;
    call.listing = Some(place.to_owned());
    let called = invoke(plugin, &mut instance, operation, call).await;
    let writes = shared.gateway.sent_writes();
    let (results, mut call) = match called {
        Ok(Called { result: Ok(results), call }) => (results, call),
        Ok(Called { result: Err(failure), call }) => {
            let problem = told(shared, place, failure, &call);
            return Err(with_writes(problem, operation, &writes, false));
        }
        Err(CallError::Planned(planned)) => return Ok(Answer::Planned(planned)),
        Err(error) => return Err(with_writes(error.into_problem(), operation, &writes, true)),
    };
    let (outcome, new) = results;
    let read = outcome::rows(manifest, &mut call).and_then(|rows| Ok((rows, outcome::credentials(shared, new)?)));
    let (rows, credentials) = read.map_err(|problem| with_writes(problem, operation, &writes, true))?;
    let rows = with_plain_grant(rows, operation, &outcome);
    let answered = |fate: Fate| fate != Fate::Answered(429);
    let writes = writes.iter().filter(|write| answered(write.fate)).count();
    Ok(Answer::Done(Done { outcome, rows, credentials, writes }))
}

/// The export that the operation stands for.
async fn invoke(
    plugin: &Plugin,
    instance: &mut Instance,
    operation: &Operation,
    call: Call,
) -> Result<Called<Result<Results, wit::Failure>>, CallError> {
    let shared = &plugin.shared;
    let bare = |outcome: Outcome| (outcome, Vec::new());
    match operation {
        Operation::Grant { entitlement, principal } => {
            let done = instance.grant(call, &key(entitlement), &guest_id(principal)).await?;
            Ok(map(done, |outcome| bare(outcome.into())))
        }
        Operation::Revoke { entitlement, principal } => {
            let done = instance.revoke(call, &key(entitlement), &guest_id(principal)).await?;
            Ok(map(done, |outcome| bare(outcome.into())))
        }
        Operation::CreateAccount(request) => {
            let done = instance.create_account(call, &account_request(request)).await?;
            Ok(map(done, |told| outcome::account(shared, told)))
        }
        Operation::DeleteResource(id) => {
            let done = instance.delete_resource(call, &guest_id(id), None).await?;
            Ok(map(done, |outcome| bare(outcome.into())))
        }
        Operation::RotateCredential(id) => {
            let done = instance.rotate_credential(call, &guest_id(id)).await?;
            Ok(map(done, |new| (Outcome::Rotated, new)))
        }
        Operation::InvokeAction { name, resource_type, arguments } => {
            let arguments: Vec<_> = arguments.iter().cloned().map(guest_field).collect();
            let done = instance.invoke_action(call, name, resource_type.as_deref(), &arguments).await?;
            Ok(map(done, |told| bare(outcome::action(shared, told))))
        }
        Operation::ActionStatus { name, id } => {
            let done = instance.action_status(call, name, id).await?;
            Ok(map(done, |told| bare(outcome::action(shared, told))))
        }
    }
}

fn map<T>(
    done: Called<Result<T, wit::Failure>>,
    results: impl FnOnce(T) -> Results,
) -> Called<Result<Results, wit::Failure>> {
    Called { result: done.result.map(results), call: done.call }
}

fn key(entitlement: &super::EntitlementKey) -> guest::EntitlementKey {
    guest::EntitlementKey {
        id: entitlement.id.clone(),
        resource: guest_id(&entitlement.resource),
        slug: entitlement.slug.clone(),
    }
}

fn account_request(request: &AccountRequest) -> guest::AccountRequest {
    guest::AccountRequest {
        login: request.login.clone(),
        email: request.email.clone(),
        profile: request.profile.iter().cloned().map(guest_field).collect(),
        credential: match request.credential {
            CredentialOption::NoPassword => guest::CredentialOption::NoPassword,
            CredentialOption::RandomPassword(length) => guest::CredentialOption::RandomPassword(length),
            CredentialOption::Sso => guest::CredentialOption::Sso,
        },
    }
}

/// Nothing told means the plain grant.
fn with_plain_grant(mut rows: Rows, operation: &Operation, outcome: &Outcome) -> Rows {
    if let Operation::Grant { entitlement, principal } = operation
        && matches!(outcome, Outcome::Granted | Outcome::AlreadyGranted)
        && rows.grants.is_empty()
    {
        rows.grants.push(outcome::plain(entitlement, principal));
    }
    rows
}
