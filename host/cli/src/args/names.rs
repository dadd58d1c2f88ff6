//! Names that a person may have meant.

/// The known name that is nearest to a mistyped one, if any is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter().filter(|candidate| !candidate.is_empty());
    let near = known.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate));
    // A third of the letters may be wrong, as the compiler of this program has it.
    near.filter(|(distance, _)| *distance <= (name.len() / 3).max(1)).min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_near_name_is_offered() {
        assert_eq!(nearest("secret-kye", ["api-hostname", "secret-key"]), Some("secret-key"));
        assert_eq!(nearest("colour", ["api-hostname", "secret-key"]), None);
    }
}
