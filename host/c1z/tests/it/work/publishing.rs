//! The file at the end.
