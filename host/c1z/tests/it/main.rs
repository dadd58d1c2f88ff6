//! The file format through the public API, against files of the reference tools and of our own.
//!
//! Tests name the promise that they keep; numbers in comments are those of the conformance checklist.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../examples/dump/canonical/mod.rs"]
mod canonical;
mod child;
mod damage;
mod encoding;
mod everything;
mod golden;
mod locking;
mod reading;
mod support;
mod verifying;
mod work;
mod writing;
