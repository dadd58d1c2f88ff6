//! The file format through the public API, against files of the reference tools and of our own.

mod golden;
mod support;
