//! A [`Connector`] as the component's exports. [`crate::connector!`] names it; nobody else needs it.

use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::accord::connector::types as wire;
use crate::bindings::exports::accord::connector::{provision, sync};
use crate::host::Backend;
use crate::types::{
    AccountOutcome, AccountRequest, ActionResult, Check, Collection, DeleteOutcome, EntitlementKey, Failure,
    GrantOutcome, NewCredential, ResourceId, RevokeOutcome, Value,
};
use crate::{Connector, Host, Page};

/// The exports of a connector.
#[derive(Debug)]
pub struct Component<C>(PhantomData<C>);

/// The connector and its host, made anew for each call: nothing lasts between calls.
fn open<C: Connector>() -> Result<(C, Host), Failure> {
    tell_panics();
    let host = Host::new(Backend);
    Ok((C::new(&host.config())?, host))
}

/// A panic ends the instance. What it says goes to stderr in one line, which the host keeps for its error.
fn tell_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let message = panic.payload_as_str().unwrap_or("panic");
            #[expect(clippy::print_stderr, reason = "stderr is where the host looks after a trap")]
            match panic.location() {
                Some(place) => eprintln!("panicked at {}:{}: {message}", place.file(), place.line()),
                None => eprintln!("panicked at an unknown place: {message}"),
            }
        }));
    });
}

impl<C: Connector> sync::Guest for Component<C> {
    fn connect() -> Result<(), wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.connect(&host)?)
    }

    fn validate() -> Vec<sync::Check> {
        let checks = match open::<C>() {
            Ok((connector, host)) => connector.validate(&host),
            Err(failure) => vec![Check::of::<()>("configuration", "everything", Err(failure))],
        };
        checks.into_iter().map(Into::into).collect()
    }

    fn begin(scope: sync::Scope) -> Result<Vec<Collection>, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(match scope {
            sync::Scope::Full => connector.begin(&host)?,
            sync::Scope::Resources(resources) => connector.begin_resources(&host, &resources)?,
        })
    }

    fn read(collection: Collection, cursor: Option<String>, restarts: u32) -> Result<sync::Page, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(Page::new(&host, collection, cursor, restarts).read_with(&connector)?)
    }
}

impl<C: Connector> provision::Guest for Component<C> {
    fn grant(entitlement: EntitlementKey, principal: ResourceId) -> Result<GrantOutcome, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.grant(&host, &entitlement, &principal)?)
    }

    fn revoke(entitlement: EntitlementKey, principal: ResourceId) -> Result<RevokeOutcome, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.revoke(&host, &entitlement, &principal)?)
    }

    fn create_account(request: AccountRequest) -> Result<AccountOutcome, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.create_account(&host, request)?)
    }

    fn delete_resource(id: ResourceId, parent: Option<ResourceId>) -> Result<DeleteOutcome, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.delete_resource(&host, id, parent)?)
    }

    fn rotate_credential(id: ResourceId) -> Result<Vec<NewCredential>, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.rotate_credential(&host, id)?)
    }

    fn invoke_action(
        name: String,
        resource_type: Option<String>,
        arguments: Vec<(String, Value)>,
    ) -> Result<ActionResult, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.invoke_action(&host, &name, resource_type.as_deref(), arguments)?)
    }

    fn action_status(name: String, id: String) -> Result<ActionResult, wire::Failure> {
        let (connector, host) = open::<C>()?;
        Ok(connector.action_status(&host, &name, &id)?)
    }
}
