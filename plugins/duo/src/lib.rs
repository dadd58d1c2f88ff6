//! The Cisco Duo connector.
//!
//! An account holds users, groups, administrators and roles. Everything comes from five listings of the Admin API,
//! each a file of its own here: [`account`], [`groups`], [`roles`], [`users`] (whose pages also say who is in which group)
//! and [`admins`] (whose pages also say who has which role). Two more exist for what a user page may not say:
//! [`user_groups`] and [`group_users`]. The longest listing is read [`ahead`]. Memberships are changed in [`membership`].
//! How Duo answers is in [`api`]; signing, retries and rates are the host's, by the manifest.

mod account;
mod admins;
mod ahead;
mod api;
mod group_users;
mod groups;
mod membership;
mod person;
mod roles;
mod user_groups;
mod users;
mod validate;

use accord_sdk::types::{EntitlementKey, GrantOutcome, RevokeOutcome};
use accord_sdk::{Check, Collection, Config, Connector, Failure, Host, Page, ResourceId, Step};

accord_sdk::connector!(Duo, "manifest.toml");

/// One Duo account.
#[derive(Debug)]
pub struct Duo {
    integration_key: String,
    hostname: String,
}

impl Duo {
    /// Duo has no id of its own for an account. The integration key stands for it, because that is what earlier
    /// connectors did; everything else has it as parent.
    fn account(&self) -> ResourceId {
        ResourceId::new("account", &self.integration_key)
    }
}

impl Connector for Duo {
    fn new(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            integration_key: config.text("integration-key")?.into(),
            hostname: config.text("api-hostname")?.into(),
        })
    }

    fn validate(&self, host: &Host) -> Vec<Check> {
        validate::checks(self, host)
    }

    fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
        Ok(["account", "groups", "roles", "users", "admins"].map(Collection::named).into())
    }

    fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
        match page.name() {
            "account" => account::read(self, page),
            "groups" => groups::read(self, page),
            "groups-again" => groups::read_again(self, page),
            "roles" => roles::read(self, page),
            "users" => users::read(self, page),
            "user-groups" => user_groups::read(self, page),
            "group-users" => group_users::read(self, page),
            "admins" => admins::read(self, page),
            _ => Err(page.unknown_collection()),
        }
    }

    fn grant(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<GrantOutcome, Failure> {
        membership::grant(self, host, entitlement, principal)
    }

    fn revoke(
        &self,
        host: &Host,
        entitlement: &EntitlementKey,
        principal: &ResourceId,
    ) -> Result<RevokeOutcome, Failure> {
        membership::revoke(self, host, entitlement, principal)
    }
}
