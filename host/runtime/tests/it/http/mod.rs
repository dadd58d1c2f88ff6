//! The gateway against loopback servers that answer as a test decides.

mod address;
mod answers;
mod masking;
mod policy;
mod retries;
mod sealed;
mod signing;
mod support;
mod tokens;
