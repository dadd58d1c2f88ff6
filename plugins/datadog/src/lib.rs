//! The Datadog connector.
//!
//! An organization holds users, roles and teams, and, where asked for, on-call schedules and API keys. Each listing is a
//! file of its own here: [`roles`], [`users`] (whose pages also say who has which role), [`teams`], [`members`] of one
//! team, [`schedules`], who is [`on_call`] in one schedule, and [`api_keys`]. How Datadog answers is in [`api`], how its
//! lists are paged in [`pages`]; the two keys, retries and rates are the host's, by the manifest.

mod api;
mod api_keys;
mod members;
mod on_call;
mod pages;
mod roles;
mod schedules;
mod teams;
mod users;
mod validate;

use accord_sdk::{Check, Collection, Config, Connector, Failure, Host, Page, Step};

accord_sdk::connector!(Datadog, "manifest.toml");

/// One Datadog organization.
#[derive(Debug)]
pub struct Datadog {
    sync_schedules: bool,
    sync_secrets: bool,
}

impl Connector for Datadog {
    fn new(config: &Config) -> Result<Self, Failure> {
        Ok(Self { sync_schedules: config.flag("sync-schedules"), sync_secrets: config.flag("sync-secrets") })
    }

    fn validate(&self, host: &Host) -> Vec<Check> {
        validate::checks(self, host)
    }

    fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
        let mut begin = vec!["roles", "users", "teams"];
        begin.extend(self.sync_schedules.then_some("schedules"));
        begin.extend(self.sync_secrets.then_some("api-keys"));
        Ok(begin.into_iter().map(Collection::named).collect())
    }

    fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
        let read = match page.name() {
            "roles" | "roles-again" => roles::read(self, page),
            "users" => users::read(self, page),
            "teams" => teams::read(self, page),
            "team-members" => members::read(self, page),
            "schedules" => schedules::read(self, page),
            "on-call" => on_call::read(self, page),
            "api-keys" => api_keys::read(self, page),
            _ => Err(page.unknown_collection()),
        };
        read.map_err(|failure| validate::or_refused_keys(self, page, failure))
    }
}
