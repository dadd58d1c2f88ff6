//! Text of others, made fit for a terminal and for a line of a log.

/// At most `limit` bytes, control and direction-changing characters replaced, so that a guest cannot play a terminal.
pub(crate) fn printable(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for character in text.chars() {
        if out.len() + character.len_utf8() > limit {
            out.push('…');
            break;
        }
        let hostile = character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        out.push(if hostile { '\u{fffd}' } else { character });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escape_sequences_and_direction_changes_do_not_reach_a_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\n", 100), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    }

    #[test]
    fn long_lines_are_cut_at_a_character() {
        assert_eq!(printable("ééé", 4), "éé…");
    }
}
