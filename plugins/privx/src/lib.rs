//! The PrivX connector.
//!
//! An installation holds users of several directories, API clients among them, and roles. Three listings make the file:
//! [`users`], [`roles`], and the [`members`] of each role, for which PrivX has no bulk listing. [`details`] looks up where a
//! membership comes from, for the members whose listing does not say it; [`assignment`] gives roles and takes them back. How PrivX pages is in [`pages`], how it answers
//! and refuses in [`api`]; tokens, retries and rates are the host's, by the manifest.

mod api;
mod assignment;
mod details;
mod members;
mod membership;
mod pages;
mod person;
mod roles;
mod users;
mod validate;

use accord_sdk::types::{EntitlementKey, GrantOutcome, RevokeOutcome};
use accord_sdk::{Check, Collection, Config, Connector, Failure, Host, Page, ResourceId, Step};

accord_sdk::connector!(PrivX, "manifest.toml");

/// One PrivX installation.
#[derive(Debug)]
pub struct PrivX {
    pairs: api::Pairs,
    page_size: u32,
    details: membership::Details,
    skip_api_clients: bool,
}

impl Connector for PrivX {
    fn new(config: &Config) -> Result<Self, Failure> {
        let page_size = config.int("page-size")?;
        Ok(Self {
            pairs: api::Pairs::of(config),
            page_size: u32::try_from(page_size).map_err(|_| Failure::bug(format!("a page size of {page_size}")))?,
            details: membership::Details::of(config.text("membership-details")?),
            skip_api_clients: config.flag("skip-api-clients"),
        })
    }

    fn validate(&self, host: &Host) -> Vec<Check> {
        validate::checks(self, host)
    }

    fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
        Ok(["users", "roles", "membership-details"].map(Collection::named).into())
    }

    fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
        match page.name() {
            "users" => users::read(self, page),
            "roles" => roles::read(self, page),
            "members" => members::read(self, page),
            "membership-details" => details::read(self, page),
            _ => Err(page.unknown_collection()),
        }
    }

    fn grant(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<GrantOutcome, Failure> {
        assignment::grant(self, host, entitlement, principal)
    }

    fn revoke(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<RevokeOutcome, Failure> {
        assignment::revoke(self, host, entitlement, principal)
    }
}
