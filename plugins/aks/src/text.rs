//! Texts of other systems, as they are compared and shown.

/// In lower case. Ids, principal names and names of actions are of ASCII.
pub(crate) fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// At most so many characters of it.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default().to_owned()
}
