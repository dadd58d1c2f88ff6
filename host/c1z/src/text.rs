//! Text of unknown origin in messages for people.

/// At most `limit` characters, control characters escaped.
pub(crate) fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for character in text.chars().take(limit) {
        match character {
            _ if character.is_control() => shown.extend(character.escape_debug()),
            _ => shown.push(character),
        }
    }
    if text.chars().nth(limit).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_long_text_is_short() {
        assert_eq!(printable("it's \"Zoë\" \u{1b}[2J\n", 40), "it's \"Zoë\" \\u{1b}[2J\\n");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
