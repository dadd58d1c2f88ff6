//! Names of people.

/// First and last name of a full name that is not kept apart: before and after its first space.
pub(crate) fn split(full: &str) -> (&str, &str) {
    let full = full.trim();
    match full.split_once(' ') {
        Some((first, last)) => (first, last.trim_start()),
        None => (full, ""),
    }
}
