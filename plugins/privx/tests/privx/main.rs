//! What the connector makes of PrivX's answers. Tokens, retries, rates and the file are the host's, and tested there.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests are brief and panic freely, their helpers included")]

mod assignments;
mod documents;
mod memberships;
mod pages;
mod people;
mod refusals;
mod roles;
mod support;
