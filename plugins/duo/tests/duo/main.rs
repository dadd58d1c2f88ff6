//! What the connector makes of Duo's answers. Signing, retries, rates and the file are the host's, and tested there.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests are brief and panic freely, their helpers included")]

mod account;
mod admins;
mod documents;
mod membership;
mod memberships;
mod pages;
mod refusals;
mod support;
mod users;
