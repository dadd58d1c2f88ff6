//! A plugin that can run: compiled once, instantiated as often as there are workers, called under limits.
//!
//! Guests keep no state that the host relies on: an instance that traps is thrown away, and any page may run on any other.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Store, StoreLimitsBuilder, UpdateDeadline};

use crate::bindings::accord::connector::types as wit;
use crate::bindings::exports::accord::connector::provision::{self, EntitlementKey};
use crate::bindings::exports::accord::connector::sync as guest;
use crate::bindings::{Connector, ConnectorPre};
use crate::capabilities::{Call, Compute, LogBudget, State, Stderr, wasi};
use crate::configuration::Configuration;
use crate::convert::guest_field;
use crate::engine::{Engine, bug};
use crate::http::{Gateway, PlannedRequest};
use crate::limits::Limits;
use crate::plugin::Package;
use crate::problem::{Category, Problem};
use crate::secrets::SecretStore;
use crate::text::printable;

/// What all instances of a plugin share in this process.
pub(crate) struct Shared {
    pub(crate) plugin_id: String,
    pub(crate) limits: Limits,
    pub(crate) guest_configuration: Vec<(String, wit::Value)>,
    pub(crate) secrets: Arc<SecretStore>,
    pub(crate) gateway: Gateway,
    pub(crate) log_budget: LogBudget,
    /// Oddities of the secrets, for a refusal: their usual length.
    pub(crate) hints: Vec<String>,
    /// What a guest's clock shows: the start of the sync.
    pub(crate) started_at: Duration,
}

impl Shared {
    /// Text of a guest without the bytes of any live secret.
    pub(crate) fn mask(&self, text: &str) -> String {
        self.secrets.masker().mask_text(text).into_owned()
    }
}

/// A compiled plugin with its capabilities.
pub(crate) struct Plugin {
    pub(crate) shared: Arc<Shared>,
    engine: wasmtime::Engine,
    instances: ConnectorPre<State>,
}

/// What a plugin is given.
pub(crate) struct Grants<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) gateway: Gateway,
    pub(crate) limits: Limits,
    pub(crate) started_at: Duration,
}

impl Plugin {
    /// Compiles the package (or takes it from the cache) and links its imports.
    pub(crate) fn load(engine: &Engine, package: &Package, grants: Grants<'_>) -> Result<Self, Problem> {
        let id = &package.manifest.id;
        let unusable = |error: wasmtime::Error| {
            Problem::new(Category::Plugin, "PLUGIN-003", format!("plugin '{id}' cannot be loaded: {error:#}"))
                .place(package.path.display().to_string())
        };
        let component = Component::new(&engine.inner, package.bytes()).map_err(unusable)?;
        let mut linker = Linker::new(&engine.inner);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(|error| bug("linking wasi", &error))?;
        wasi::refuse_to_wait(&mut linker).map_err(|error| bug("linking the clocks", &error))?;
        Connector::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)
            .map_err(|error| bug("linking the capabilities", &error))?;
        let instances = linker.instantiate_pre(&component).and_then(ConnectorPre::new).map_err(unusable)?;
        let shared = Shared {
            plugin_id: id.clone(),
            log_budget: LogBudget::new(grants.limits.log_lines),
            hints: hints(package, grants.configuration),
            guest_configuration: grants.configuration.values().iter().cloned().map(guest_field).collect(),
            secrets: Arc::clone(grants.configuration.secrets()),
            gateway: grants.gateway,
            limits: grants.limits,
            started_at: grants.started_at,
        };
        Ok(Self { shared: Arc::new(shared), engine: engine.inner.clone(), instances })
    }

    /// A fresh instance.
    pub(crate) async fn instantiate(&self) -> Result<Instance, Problem> {
        let limits = &self.shared.limits;
        let stderr = Stderr::new(limits.stderr_bytes);
        let seed = crate::capabilities::Seed::default();
        let state = State {
            wasi: wasi::context(&stderr, &seed, self.shared.started_at, limits.random_bytes),
            table: wasi::table(),
            limits: StoreLimitsBuilder::new()
                .memory_size(limits.memory_bytes)
                .instances(limits.core_instances)
                .tables(limits.core_instances)
                .memories(limits.core_instances)
                .build(),
            stderr,
            seed,
            call: Call::new(crate::http::Phase::new(crate::manifest::Export::Connect, false, "")),
            compute: Compute::new(limits.compute),
            shared: Arc::clone(&self.shared),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(limits.host_call_bytes);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            Ok(if store.data_mut().compute.charge() { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        let bindings = match self.instances.instantiate_async(&mut store).await {
            Ok(bindings) => bindings,
            Err(error) => {
                let id = &self.shared.plugin_id;
                return Err(Problem::new(
                    Category::Plugin,
                    "PLUGIN-004",
                    format!("plugin '{id}' did not start: {}", self.shared.mask(&format!("{error:#}"))),
                ));
            }
        };
        Ok(Instance { store, bindings })
    }
}

/// One instance; used by one worker at a time, and not again after a trap.
pub(crate) struct Instance {
    store: Store<State>,
    bindings: Connector,
}

/// Why a call gave no result.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The guest trapped: the instance is dead. A page may be tried again on a fresh one.
    Trap(Problem),
    /// A rule was broken or the host failed.
    Problem(Problem),
    /// A dry run came to what it would send.
    Planned(Vec<PlannedRequest>),
}

impl CallError {
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Trap(problem) | Self::Problem(problem) => problem,
            Self::Planned(_) => bug("a plan was made", &"no dry run was asked for"),
        }
    }
}

/// What a finished call left behind, with its result.
pub(crate) struct Done<R> {
    pub(crate) result: R,
    pub(crate) call: Call,
}

/// Calls one export with the given call state. A macro, since the generated functions borrow the store for the future.
macro_rules! call {
    ($self:ident, $call:ident, $address:expr, |$store:ident, $bindings:ident| $body:expr) => {{
        let place: &str = $address;
        $self.enter($call, place);
        let outcome = {
            let $bindings = &$self.bindings;
            let $store = &mut $self.store;
            $body.await
        };
        $self.leave(place, outcome)
    }};
}

impl Instance {
    pub(crate) async fn connect(&mut self, call: Call) -> Result<Done<Result<(), wit::Failure>>, CallError> {
        call!(self, call, "connect", |store, bindings| bindings.accord_connector_sync().call_connect(store))
    }

    pub(crate) async fn validate(&mut self, call: Call) -> Result<Done<Vec<guest::Check>>, CallError> {
        call!(self, call, "validate", |store, bindings| bindings.accord_connector_sync().call_validate(store))
    }

    pub(crate) async fn begin(
        &mut self,
        call: Call,
        scope: &guest::Scope,
    ) -> Result<Done<Result<Vec<guest::Collection>, wit::Failure>>, CallError> {
        call!(self, call, "begin", |store, bindings| bindings.accord_connector_sync().call_begin(store, scope))
    }

    pub(crate) async fn read(
        &mut self,
        call: Call,
        place: &str,
        collection: &guest::Collection,
        cursor: Option<&str>,
        restarts: u32,
    ) -> Result<Done<Result<guest::Page, wit::Failure>>, CallError> {
        call!(self, call, place, |store, bindings| bindings
            .accord_connector_sync()
            .call_read(store, collection, cursor, restarts))
    }

    pub(crate) async fn grant(
        &mut self,
        call: Call,
        entitlement: &EntitlementKey,
        principal: &wit::ResourceId,
    ) -> Result<Done<Result<provision::GrantOutcome, wit::Failure>>, CallError> {
        call!(self, call, "grant", |store, bindings| bindings.accord_connector_provision().call_grant(
            store,
            entitlement,
            principal
        ))
    }

    pub(crate) async fn revoke(
        &mut self,
        call: Call,
        entitlement: &EntitlementKey,
        principal: &wit::ResourceId,
    ) -> Result<Done<Result<provision::RevokeOutcome, wit::Failure>>, CallError> {
        call!(self, call, "revoke", |store, bindings| bindings.accord_connector_provision().call_revoke(
            store,
            entitlement,
            principal
        ))
    }

    pub(crate) async fn create_account(
        &mut self,
        call: Call,
        request: &provision::AccountRequest,
    ) -> Result<Done<Result<provision::AccountOutcome, wit::Failure>>, CallError> {
        call!(self, call, "create-account", |store, bindings| bindings
            .accord_connector_provision()
            .call_create_account(store, request))
    }

    pub(crate) async fn delete_resource(
        &mut self,
        call: Call,
        id: &wit::ResourceId,
        parent: Option<&wit::ResourceId>,
    ) -> Result<Done<Result<provision::DeleteOutcome, wit::Failure>>, CallError> {
        call!(self, call, "delete-resource", |store, bindings| bindings
            .accord_connector_provision()
            .call_delete_resource(store, id, parent))
    }

    pub(crate) async fn rotate_credential(
        &mut self,
        call: Call,
        id: &wit::ResourceId,
    ) -> Result<Done<Result<Vec<provision::NewCredential>, wit::Failure>>, CallError> {
        call!(self, call, "rotate-credential", |store, bindings| bindings
            .accord_connector_provision()
            .call_rotate_credential(store, id))
    }

    pub(crate) async fn invoke_action(
        &mut self,
        call: Call,
        name: &str,
        resource_type: Option<&str>,
        arguments: &[(String, wit::Value)],
    ) -> Result<Done<Result<provision::ActionResult, wit::Failure>>, CallError> {
        call!(self, call, "invoke-action", |store, bindings| bindings.accord_connector_provision().call_invoke_action(
            store,
            name,
            resource_type,
            arguments
        ))
    }

    pub(crate) async fn action_status(
        &mut self,
        call: Call,
        name: &str,
        id: &str,
    ) -> Result<Done<Result<provision::ActionResult, wit::Failure>>, CallError> {
        call!(self, call, "action-status", |store, bindings| bindings
            .accord_connector_provision()
            .call_action_status(store, name, id))
    }

    fn enter(&mut self, call: Call, place: &str) {
        let state = self.store.data_mut();
        state.call = call;
        state.compute.restart();
        state.seed.set(crate::capabilities::seed_of(place));
        self.store.set_epoch_deadline(1);
    }

    fn leave<R>(&mut self, place: &str, outcome: wasmtime::Result<R>) -> Result<Done<R>, CallError> {
        let state = self.store.data_mut();
        let phase = state.call.phase.clone();
        let mut call = std::mem::replace(&mut state.call, Call::new(phase));
        let printed = state.stderr.take();
        match outcome {
            _ if call.fault.is_some() => Err(call
                .fault
                .take()
                .map_or_else(|| CallError::Problem(bug("a fault vanished", &place)), CallError::Problem)),
            _ if !call.planned.is_empty() => Err(CallError::Planned(call.planned)),
            Ok(result) => {
                if !printed.trim().is_empty() {
                    let state = self.store.data();
                    let text = printable(&state.shared.mask(printed.trim()), state.shared.limits.log_line_bytes);
                    tracing::debug!(plugin = state.shared.plugin_id, "the plugin printed: {text}");
                }
                Ok(Done { result, call })
            }
            Err(error) => {
                let problem = self.trap(place, &error, &printed);
                // What computed for ever would do so again, and take its whole time again.
                let endless = matches!(error.downcast_ref(), Some(wasmtime::Trap::Interrupt));
                Err(if endless { CallError::Problem(problem) } else { CallError::Trap(problem) })
            }
        }
    }

    fn trap(&self, place: &str, error: &wasmtime::Error, printed: &str) -> Problem {
        let shared = &self.store.data().shared;
        let id = &shared.plugin_id;
        let limits = &shared.limits;
        let printed = shared.mask(printed.trim());
        let reason = error.downcast_ref::<wasmtime::Trap>();
        let (code, headline) = match reason {
            Some(wasmtime::Trap::Interrupt) => (
                "LIMIT-003",
                format!("plugin '{id}' computed for more than {} s without an end", limits.compute.as_secs_f64()),
            ),
            _ if printed.contains("panicked at") => ("GUEST-001", format!("plugin '{id}' panicked")),
            _ if printed.contains("memory allocation of") => {
                ("LIMIT-005", format!("plugin '{id}' wanted more than {} MiB of memory", limits.memory_bytes >> 20))
            }
            Some(trap) => ("GUEST-002", format!("plugin '{id}' trapped: {trap}")),
            None => ("GUEST-003", format!("plugin '{id}' failed: {}", shared.mask(&error.root_cause().to_string()))),
        };
        let mut problem = Problem::new(Category::Plugin, code, headline).place(place.to_owned());
        for line in printed.lines().filter(|line| !line.trim().is_empty()).take(10) {
            problem = problem.line("printed", printable(line, 500));
        }
        problem.remedy("report this to the plugin's author; nothing of this page was kept")
    }
}

fn hints(package: &Package, configuration: &Configuration) -> Vec<String> {
    let secrets = package.manifest.config.iter().filter(|field| field.is_secret());
    secrets
        .filter_map(|field| configuration.hint(&field.name).map(|hint| format!("{}: {hint}", field.display_name)))
        .collect()
}
