//! What a connector is. One method per question of the host; `component` and `testing` ask them.

use crate::types::{
    AccountOutcome, AccountRequest, ActionResult, Check, Collection, DeleteOutcome, EntitlementKey, Failure,
    GrantOutcome, NewCredential, ResourceId, RevokeOutcome, Step, Value,
};
use crate::{Config, Host, Page};

/// One target's API, read page by page.
///
/// A connector is made anew for every call of the host and keeps nothing between calls: the host may run any page on
/// any instance, or twice.
pub trait Connector: Sized {
    /// Takes what it needs from the configuration. Asks nobody.
    fn new(config: &Config) -> Result<Self, Failure>;

    /// Learns origins and the like before anything is read. Pushes no rows.
    fn connect(&self, host: &Host) -> Result<(), Failure> {
        let _ = host;
        Ok(())
    }

    /// Proves key and permissions with the cheapest requests, each named.
    fn validate(&self, host: &Host) -> Vec<Check>;

    /// The listings to begin a full sync with.
    fn begin(&self, host: &Host) -> Result<Vec<Collection>, Failure>;

    /// The listings that bring only these resources, their entitlements and grants.
    fn begin_resources(&self, host: &Host, resources: &[ResourceId]) -> Result<Vec<Collection>, Failure> {
        let _ = (host, resources);
        Err(Failure::unsupported("a sync of single resources"))
    }

    /// Reads one page of one listing and says where to go on.
    fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure>;

    /// Gives an entitlement to a principal. A grant that is more than the plain one is told with [`Host::tell_grant`].
    fn grant(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<GrantOutcome, Failure> {
        let _ = (host, entitlement, principal);
        Err(Failure::unsupported("granting"))
    }

    /// Takes an entitlement from a principal.
    fn revoke(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<RevokeOutcome, Failure> {
        let _ = (host, entitlement, principal);
        Err(Failure::unsupported("revoking"))
    }

    /// Creates an account, and tells its row with [`Host::tell_resource`].
    fn create_account(&self, host: &Host, request: AccountRequest) -> Result<AccountOutcome, Failure> {
        let _ = (host, request);
        Err(Failure::unsupported("creating accounts"))
    }

    /// Deletes a resource.
    fn delete_resource(
        &self,
        host: &Host,
        id: ResourceId,
        parent: Option<ResourceId>,
    ) -> Result<DeleteOutcome, Failure> {
        let _ = (host, id, parent);
        Err(Failure::unsupported("deleting resources"))
    }

    /// Replaces the credentials of a resource, and names the new ones.
    fn rotate_credential(&self, host: &Host, id: ResourceId) -> Result<Vec<NewCredential>, Failure> {
        let _ = (host, id);
        Err(Failure::unsupported("rotating credentials"))
    }

    /// Starts an action of the manifest.
    fn invoke_action(
        &self,
        host: &Host,
        name: &str,
        resource_type: Option<&str>,
        arguments: Vec<(String, Value)>,
    ) -> Result<ActionResult, Failure> {
        let _ = (host, resource_type, arguments);
        Err(Failure::unsupported(format!("the action `{name}`")))
    }

    /// How far a started action is.
    fn action_status(&self, host: &Host, name: &str, id: &str) -> Result<ActionResult, Failure> {
        let _ = (host, id);
        Err(Failure::unsupported(format!("a later look at the action `{name}`")))
    }
}
