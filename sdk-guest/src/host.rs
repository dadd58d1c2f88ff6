//! Everything that a connector can ask of its surroundings. In a component these are the interface's imports
//! (`host/component.rs`); natively they are a script (`testing`). There is nothing else: no clock, file or socket.

#[cfg(target_family = "wasm")]
#[path = "host/component.rs"]
mod backend;
#[cfg(not(target_family = "wasm"))]
use crate::testing::script as backend;

use crate::Config;
use crate::bindings::accord::connector::http;
use crate::types::{Entitlement, Failure, Grant, HttpError, Level, PasswordRule, PlainGrants, Resource, SettledState};

pub(crate) use backend::Backend;

/// At most this many rows, facts or keys cross the border in one call.
pub(crate) const CALL_LIMIT: usize = 5_000;

/// The connector's only way out.
#[derive(Debug)]
pub struct Host {
    backend: Backend,
}

impl Host {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// The configuration.
    pub fn config(&self) -> Config {
        Config::new(self.backend.config())
    }

    /// Sends a request as it is and gives the answer of any status. Most connectors want [`crate::Target::fetch`].
    pub(crate) fn send(&self, request: &http::Request) -> Result<http::Response, HttpError> {
        self.backend.send(request)
    }

    /// Sends up to 64 requests at once; the answers stand in the order of the requests.
    pub(crate) fn send_all(&self, requests: &[http::Request]) -> Vec<Result<http::Response, HttpError>> {
        self.backend.send_all(requests)
    }

    pub(crate) fn announce(&self, requests: &[http::Request]) {
        self.backend.announce(requests);
    }

    pub(crate) fn put_resources(&self, rows: &[Resource]) -> Result<(), Failure> {
        self.backend.put_resources(rows)
    }

    pub(crate) fn put_entitlements(&self, rows: &[Entitlement]) -> Result<(), Failure> {
        self.backend.put_entitlements(rows)
    }

    pub(crate) fn put_grants(&self, rows: &[Grant]) -> Result<(), Failure> {
        self.backend.put_grants(rows)
    }

    pub(crate) fn put_plain_grants(&self, grants: &PlainGrants) -> Result<(), Failure> {
        self.backend.put_plain_grants(grants)
    }

    /// The account that a provisioning call made or found.
    pub fn tell_resource(&self, row: Resource) -> Result<(), Failure> {
        self.put_resources(&[row])
    }

    /// A grant that there is after a provisioning call, where it is more than the plain one that was asked for.
    pub fn tell_grant(&self, row: Grant) -> Result<(), Failure> {
        self.put_grants(&[row])
    }

    /// Keeps facts for later pages and later listings of this sync.
    pub fn put_facts(&self, entries: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        entries.chunks(CALL_LIMIT).try_for_each(|chunk| self.backend.put_facts(chunk))
    }

    /// Facts by key, in the order of the keys.
    pub fn facts(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        keys.chunks(CALL_LIMIT).flat_map(|chunk| self.backend.facts(chunk)).collect()
    }

    /// One fact.
    pub fn fact(&self, key: String) -> Option<Vec<u8>> {
        self.facts(&[key]).pop().flatten()
    }

    /// Facts whose key begins with the prefix and comes after `after`, in byte order; at most 5,000.
    pub fn scan_facts(&self, prefix: &str, after: Option<&str>, limit: u32) -> Vec<(String, Vec<u8>)> {
        self.backend.scan_facts(prefix, after, limit)
    }

    /// How a listing named in this one's `after` ended.
    pub fn collection_state(&self, name: &str) -> Option<SettledState> {
        self.backend.collection_state(name)
    }

    /// Whether a secret is configured. Its bytes never come here.
    pub fn secret_is_set(&self, name: &str) -> bool {
        self.backend.secret_is_set(name)
    }

    /// Makes a new secret in the host and returns its name, for [`crate::Request::insert`].
    pub fn generate_secret(&self, rule: &PasswordRule) -> Result<String, String> {
        self.backend.generate_secret(rule)
    }

    /// Words for the operator; see [`crate::info!`] and its neighbours.
    pub fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        self.backend.log(level, message, fields);
    }
}
