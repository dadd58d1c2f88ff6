//! The Datadog connector.
//!
//! An organization holds users, roles and teams, and, where asked for, on-call schedules and API keys. Each listing is a
//! file of its own here: [`roles`], [`users`] (whose pages also say who has which role), [`teams`], [`members`] of one
//! team, [`schedules`], one [`schedule`] by itself, who is [`on_call`] in it, and [`api_keys`]. Where there is no list of
//! schedules, the teams' [`routing`] leads to them. What users are given is [`held`]: a role ([`role_member`]) or a place
//! in a team ([`team_member`]); accounts themselves are changed in [`account`], by request or by one of the [`actions`].
//! How Datadog answers is in [`api`], what it includes in an answer in [`included`], how its lists are paged in [`pages`];
//! the two keys, retries and rates are the host's, by the manifest.

mod account;
mod actions;
mod api;
mod api_keys;
mod held;
mod included;
mod members;
mod on_call;
mod pages;
mod role_member;
mod roles;
mod routing;
mod schedule;
mod schedules;
mod team_member;
mod teams;
mod users;
mod validate;

use accord_sdk::types::{
    AccountOutcome, AccountRequest, ActionResult, DeleteOutcome, EntitlementKey, GrantOutcome, RevokeOutcome,
};
use accord_sdk::{Check, Collection, Config, Connector, Failure, Host, Page, ResourceId, Step, Value};

accord_sdk::connector!(Datadog, "manifest.toml");

/// One Datadog organization.
#[derive(Debug)]
pub struct Datadog {
    sync_schedules: bool,
    sync_schedule_members: bool,
    sync_secrets: bool,
}

impl Datadog {
    fn told<T>(&self, host: &Host, outcome: Result<T, Failure>) -> Result<T, Failure> {
        outcome.map_err(|failure| validate::or_refused_keys(self, host, failure))
    }
}

impl Connector for Datadog {
    fn new(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            sync_schedules: config.flag("sync-schedules"),
            sync_schedule_members: config.flag("sync-schedule-members"),
            sync_secrets: config.flag("sync-secrets"),
        })
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
            "routing" => routing::read(self, page),
            "escalation-policy" => routing::read_policy(self, page),
            "schedule" => schedule::read(self, page),
            "on-call" => on_call::read(self, page),
            "api-keys" => api_keys::read(self, page),
            _ => Err(page.unknown_collection()),
        };
        self.told(page, read)
    }

    fn grant(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<GrantOutcome, Failure> {
        self.told(host, held::grant(self, host, entitlement, principal))
    }

    fn revoke(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<RevokeOutcome, Failure> {
        self.told(host, held::revoke(self, host, entitlement, principal))
    }

    fn create_account(&self, host: &Host, request: AccountRequest) -> Result<AccountOutcome, Failure> {
        self.told(host, account::create(self, host, &request))
    }

    fn delete_resource(&self, host: &Host, id: ResourceId, _: Option<ResourceId>) -> Result<DeleteOutcome, Failure> {
        self.told(host, account::delete(self, host, &id))
    }

    fn invoke_action(
        &self,
        host: &Host,
        name: &str,
        _: Option<&str>,
        arguments: Vec<(String, Value)>,
    ) -> Result<ActionResult, Failure> {
        self.told(host, actions::invoke(self, host, name, &arguments))
    }
}
