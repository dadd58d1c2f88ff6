//! The host of a component: the interface's imports. Each call is its own function, so that a component imports only
//! the interfaces that its connector uses.

use crate::bindings::accord::connector::{c1z, config, facts, http, log, secrets};
use crate::types::{
    Entitlement, Failure, Grant, HttpError, Level, PasswordRule, PlainGrants, Resource, SettledState, Value,
};

#[derive(Debug)]
pub(crate) struct Backend;

impl Backend {
    pub(crate) fn config(&self) -> Vec<(String, Value)> {
        config::get()
    }

    /// One of several: to the host it is the same, and how a request is written and an answer read stands in a component
    /// once.
    pub(crate) fn send(&self, request: &http::Request) -> Result<http::Response, HttpError> {
        http::send_all(std::slice::from_ref(request)).pop().unwrap_or(Err(HttpError::Deadline))
    }

    pub(crate) fn send_all(&self, requests: &[http::Request]) -> Vec<Result<http::Response, HttpError>> {
        http::send_all(requests)
    }

    pub(crate) fn announce(&self, requests: &[http::Request]) {
        http::announce(requests);
    }

    pub(crate) fn put_resources(&self, rows: &[Resource]) -> Result<(), Failure> {
        Ok(c1z::put_resources(rows)?)
    }

    pub(crate) fn put_entitlements(&self, rows: &[Entitlement]) -> Result<(), Failure> {
        Ok(c1z::put_entitlements(rows)?)
    }

    pub(crate) fn put_grants(&self, rows: &[Grant]) -> Result<(), Failure> {
        Ok(c1z::put_grants(rows)?)
    }

    pub(crate) fn put_plain_grants(&self, grants: &PlainGrants) -> Result<(), Failure> {
        Ok(c1z::put_plain_grants(grants)?)
    }

    pub(crate) fn put_facts(&self, entries: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        Ok(facts::put_many(entries)?)
    }

    pub(crate) fn facts(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        facts::get_many(keys)
    }

    pub(crate) fn scan_facts(&self, prefix: &str, after: Option<&str>, limit: u32) -> Vec<(String, Vec<u8>)> {
        facts::scan(prefix, after, limit)
    }

    pub(crate) fn collection_state(&self, name: &str) -> Option<SettledState> {
        facts::collection_state(name)
    }

    pub(crate) fn secret_is_set(&self, name: &str) -> bool {
        secrets::is_set(name)
    }

    pub(crate) fn generate_secret(&self, rule: &PasswordRule) -> Result<String, String> {
        secrets::generate(rule)
    }

    pub(crate) fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        log::write(level, message, fields);
    }
}
