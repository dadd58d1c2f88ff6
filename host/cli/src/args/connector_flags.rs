//! Flags that connectors of the Baton SDK have beside ours, and what each does here.
//!
//! Started in a connector's place, the program takes every one of them. One that asks for something that this version
//! does not do is refused; one that would change nothing gets a warning. None is ignored in silence.

use super::settings::{Kind, sources};

/// A flag that the host has only when it stands in for a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectorFlag {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) effect: Effect,
}

/// What giving the flag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is read by `checked`.
    Used(&'static str),
    /// Nothing: the warning says why.
    Nothing(&'static str),
    /// The run is refused: the message names what was asked for.
    Refused(&'static str),
}

pub(super) const SERVICE: &str = "service mode";
const ONLY_SERVICE: &str = "it concerns service mode only";
const TELEMETRY: &str = "this version sends no telemetry";
const EVENTS: &str = "event feeds";
const RESOURCE_ACTIONS: &str = "actions by flags that no connector of the SDK reads (--invoke-action has an effect)";
const CHANGE: Effect = Effect::Used("a change instead of a sync");
const TICKETS: &str = "tickets";
const EXTERNAL: &str = "matching identities against another file";
const MERGING: &str = "comparing and compacting syncs";
const HOSTED: &str = "it concerns the vendor's hosted mode only";

const fn flag(name: &'static str, kind: Kind, effect: Effect) -> ConnectorFlag {
    ConnectorFlag { name, kind, effect }
}

const fn text(name: &'static str, effect: Effect) -> ConnectorFlag {
    flag(name, Kind::Text("VALUE"), effect)
}

const fn switch(name: &'static str, effect: Effect) -> ConnectorFlag {
    flag(name, Kind::Switch, effect)
}

const fn list(name: &'static str, effect: Effect) -> ConnectorFlag {
    flag(name, Kind::List("VALUES"), effect)
}

/// All of them.
pub(crate) const CONNECTOR_FLAGS: &[ConnectorFlag] = &[
    text("client-id", Effect::Refused(SERVICE)),
    text("client-secret", Effect::Refused(SERVICE)),
    switch("ticketing", Effect::Nothing(ONLY_SERVICE)),
    switch("skip-full-sync", Effect::Nothing(ONLY_SERVICE)),
    switch("skip-grants", Effect::Refused("skipping grants alone (--skip-entitlements-and-grants skips both)")),
    switch("parallel-sync", Effect::Used("as --workers -1")),
    text("task-concurrency", Effect::Nothing(ONLY_SERVICE)),
    text("storage-engine", Effect::Used("sqlite is the one that there is")),
    text("external-resource-c1z", Effect::Refused(EXTERNAL)),
    text("external-resource-entitlement-id-filter", Effect::Refused(EXTERNAL)),
    list("external-resource-traits", Effect::Refused(EXTERNAL)),
    switch("keep-previous-sync-c1z", Effect::Nothing(ONLY_SERVICE)),
    text("log-level-debug-expires-at", Effect::Nothing(HOSTED)),
    switch("log-event-log", Effect::Nothing("there is no such log on this system")),
    text("http-timeout-seconds", Effect::Used("the longest that one attempt of a request may take")),
    switch("health-check", Effect::Nothing(ONLY_SERVICE)),
    text("health-check-port", Effect::Nothing(ONLY_SERVICE)),
    text("health-check-bind-address", Effect::Nothing(ONLY_SERVICE)),
    text("otel-collector-endpoint", Effect::Nothing(TELEMETRY)),
    text("otel-collector-endpoint-tls-cert-path", Effect::Nothing(TELEMETRY)),
    text("otel-collector-endpoint-tls-cert", Effect::Nothing(TELEMETRY)),
    switch("otel-collector-endpoint-tls-insecure", Effect::Nothing(TELEMETRY)),
    switch("otel-tracing-disabled", Effect::Nothing(TELEMETRY)),
    switch("otel-logging-disabled", Effect::Nothing(TELEMETRY)),
    text("session-store-maximum-size", Effect::Nothing("facts have a limit of their own")),
    text("auth-method", Effect::Nothing("the fields that are set decide")),
    text("grant-entitlement", CHANGE),
    text("grant-principal", CHANGE),
    text("grant-principal-type", CHANGE),
    text("revoke-grant", CHANGE),
    text("create-account-login", CHANGE),
    text("create-account-email", CHANGE),
    text("create-account-profile", CHANGE),
    text("create-account-resource-type", CHANGE),
    text("delete-resource", CHANGE),
    text("delete-resource-type", CHANGE),
    text("rotate-credentials", CHANGE),
    text("rotate-credentials-type", CHANGE),
    text("event-feed", Effect::Refused(EVENTS)),
    text("event-feed-id", Effect::Refused(EVENTS)),
    text("event-feed-start-at", Effect::Refused(EVENTS)),
    text("event-feed-cursor", Effect::Refused(EVENTS)),
    text("invoke-action", CHANGE),
    text("invoke-action-args", CHANGE),
    text("invoke-action-resource-type", CHANGE),
    switch("list-action-schemas", CHANGE),
    text("list-action-schemas-resource-type", CHANGE),
    switch("list-resource-actions", Effect::Refused(RESOURCE_ACTIONS)),
    text("invoke-resource-action", Effect::Refused(RESOURCE_ACTIONS)),
    text("invoke-resource-action-resource-type", Effect::Refused(RESOURCE_ACTIONS)),
    text("invoke-resource-action-args", Effect::Refused(RESOURCE_ACTIONS)),
    switch("create-ticket", Effect::Refused(TICKETS)),
    text("ticket-template-path", Effect::Refused(TICKETS)),
    switch("bulk-create-ticket", Effect::Refused(TICKETS)),
    text("bulk-ticket-template-path", Effect::Refused(TICKETS)),
    switch("get-ticket", Effect::Refused(TICKETS)),
    text("ticket-id", Effect::Refused(TICKETS)),
    switch("list-ticket-schemas", Effect::Refused(TICKETS)),
    switch("diff-syncs", Effect::Refused(MERGING)),
    text("base-sync-id", Effect::Refused(MERGING)),
    text("applied-sync-id", Effect::Refused(MERGING)),
    switch("compact-syncs", Effect::Refused(MERGING)),
    list("compact-file-paths", Effect::Refused(MERGING)),
    list("compact-sync-ids", Effect::Refused(MERGING)),
    text("compact-output-path", Effect::Refused(MERGING)),
    text("lambda-client-id", Effect::Nothing(HOSTED)),
    text("lambda-client-secret", Effect::Nothing(HOSTED)),
    text("lambda-auth-jwt-signer", Effect::Nothing(HOSTED)),
    text("lambda-auth-jwt-jwks-url", Effect::Nothing(HOSTED)),
    text("lambda-auth-jwt-expected-issuer", Effect::Nothing(HOSTED)),
    text("lambda-auth-jwt-expected-subject", Effect::Nothing(HOSTED)),
    text("lambda-auth-jwt-expected-audience", Effect::Nothing(HOSTED)),
];

impl ConnectorFlag {
    /// The environment variable, by the SDK's rule.
    pub(crate) fn environment(&self) -> String {
        format!("BATON_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// The flag and its variable, as messages name them.
    pub(crate) fn sources(&self) -> String {
        sources(self.name, &self.environment())
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CONNECTOR_FLAGS.iter().find(|flag| flag.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::args::settings::SETTINGS;

    #[test]
    fn no_flag_is_declared_twice() {
        let mut names = BTreeSet::new();
        for name in SETTINGS.iter().map(|setting| setting.name).chain(CONNECTOR_FLAGS.iter().map(|flag| flag.name)) {
            assert!(names.insert(name), "{name}");
        }
    }
}
