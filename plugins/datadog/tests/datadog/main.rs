//! What the connector makes of Datadog's answers. Keys, retries, rates and the file are the host's, and tested there.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests are brief and panic freely, their helpers included")]

mod account;
mod actions;
mod changes;
mod documents;
mod objects;
mod on_call;
mod pages;
mod refusals;
mod role_member;
mod routing;
mod schedule_members;
mod support;
mod team_member;
mod whole;
