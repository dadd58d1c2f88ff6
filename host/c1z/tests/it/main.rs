//! The file format through the public API, against files of the reference tools and of our own.
//!
//! Tests name the promise that they keep; numbers in comments are those of the conformance checklist.

mod damage;
mod golden;
mod support;
