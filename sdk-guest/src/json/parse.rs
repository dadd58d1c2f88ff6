//! The parser: a JSON text becomes one list of nodes, in one pass.

use std::borrow::Cow;

use super::Problem;
use super::tree::Node;

/// Lists and objects within each other. More are refused before they use up the stack.
const DEEPEST: usize = 127;

/// Bytes of text for each node that is expected. Too few cost a copy of the list.
const BYTES_A_NODE: usize = 16;

type Parsed<T> = Result<T, &'static str>;

/// The nodes of a text.
pub(super) fn nodes(text: &[u8]) -> Result<Vec<Node<'_>>, Problem> {
    let text = std::str::from_utf8(text).map_err(|error| problem("not UTF-8", text, error.valid_up_to()))?;
    let mut parser = Parser { text, at: 0, within: 0, nodes: Vec::with_capacity(text.len() / BYTES_A_NODE) };
    match parser.document() {
        Ok(()) => Ok(parser.nodes),
        Err(what) => Err(problem(what, text.as_bytes(), parser.at)),
    }
}

#[cold]
fn problem(what: &str, text: &[u8], at: usize) -> Problem {
    let before = text.get(..=at).unwrap_or(text);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    Problem::syntax(format!("{what} at line {line} column {column}"))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// Lists and objects that have begun and not ended.
    within: usize,
    nodes: Vec<Node<'t>>,
}

impl<'t> Parser<'t> {
    fn document(&mut self) -> Parsed<()> {
        self.value()?;
        if self.peek().is_some() { Err("trailing characters") } else { Ok(()) }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    fn value(&mut self) -> Parsed<()> {
        let node = match self.peek() {
            Some(b'"') => Node::Text(self.string()?),
            Some(b'{') => return self.members(true),
            Some(b'[') => return self.members(false),
            Some(b'-' | b'0'..=b'9') => Node::Number(self.number()?),
            Some(b't') => self.word("true", Node::Flag(true))?,
            Some(b'f') => self.word("false", Node::Flag(false))?,
            Some(b'n') => self.word("null", Node::Null)?,
            Some(_) => return Err("expected value"),
            None => return Err("EOF while parsing a value"),
        };
        self.nodes.push(node);
        Ok(())
    }

    /// An object, or a list, whose members have no names.
    fn members(&mut self, of_object: bool) -> Parsed<()> {
        let (close, cut, expected) = if of_object {
            (b'}', "EOF while parsing an object", "expected `,` or `}`")
        } else {
            (b']', "EOF while parsing a list", "expected `,` or `]`")
        };
        if self.within == DEEPEST {
            return Err("recursion limit exceeded");
        }
        self.within += 1;
        self.at += 1;
        let place = self.nodes.len();
        self.nodes.push(Node::Null);
        let mut ended = self.peek() == Some(close);
        while !ended {
            if of_object {
                self.name()?;
            }
            self.value()?;
            ended = match self.peek() {
                Some(b',') => false,
                Some(byte) if byte == close => true,
                Some(_) => return Err(expected),
                None => return Err(cut),
            };
            self.at += usize::from(!ended);
        }
        self.at += 1;
        self.within -= 1;
        let length = self.nodes.len() - place;
        self.nodes[place] = if of_object { Node::Object(length) } else { Node::List(length) };
        Ok(())
    }

    fn name(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err("key must be a string"),
            None => return Err("EOF while parsing an object"),
        }
        let name = self.string()?;
        self.nodes.push(Node::Text(name));
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err("expected `:`"),
            None => return Err("EOF while parsing an object"),
        }
        Ok(())
    }

    fn word(&mut self, word: &str, node: Node<'t>) -> Parsed<Node<'t>> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err("expected value");
        }
        self.at += word.len();
        Ok(node)
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// A number, as it is written.
    fn number(&mut self) -> Parsed<&'t str> {
        let begin = self.at;
        self.takes(b"-");
        let zero = self.byte() == Some(b'0');
        let whole = self.digits();
        let mut good = whole == 1 || (whole > 1 && !zero);
        if self.takes(b".") {
            good &= self.digits() > 0;
        }
        if self.takes(b"eE") {
            self.takes(b"+-");
            good &= self.digits() > 0;
        }
        if good { Ok(self.text.get(begin..self.at).unwrap_or_default()) } else { Err("invalid number") }
    }

    fn takes(&mut self, bytes: &[u8]) -> bool {
        let taken = self.byte().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(taken);
        taken
    }

    fn digits(&mut self) -> usize {
        let begin = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - begin
    }

    /// A text without its quotation marks, borrowed where nothing in it is escaped.
    fn string(&mut self) -> Parsed<Cow<'t, str>> {
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let begin = self.at;
            self.at += plain(self.rest());
            text += self.text.get(begin..self.at).unwrap_or_default();
            let end = self.byte();
            self.at += 1;
            match end {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.to_mut().push(self.escaped()?),
                Some(_) => return Err("control character (\\u0000-\\u001F) found while parsing a string"),
                None => return Err("EOF while parsing a string"),
            }
        }
    }

    /// What stands after a backslash.
    fn escaped(&mut self) -> Parsed<char> {
        let byte = self.byte();
        self.at += 1;
        Ok(match byte {
            Some(b'"' | b'\\' | b'/') => byte.map(char::from).unwrap_or_default(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err("invalid escape"),
        })
    }

    /// The character of a code, or of two that are halves of one.
    fn unicode(&mut self) -> Parsed<char> {
        let mut code = self.code()?;
        if (0xD800..0xDC00).contains(&code) && self.rest().starts_with(b"\\u") {
            self.at += 2;
            let low = self.code()?;
            if (0xDC00..0xE000).contains(&low) {
                code = 0x1_0000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
            }
        }
        char::from_u32(code).ok_or("lone surrogate in hex escape")
    }

    fn code(&mut self) -> Parsed<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16)).ok_or("invalid escape")?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// How many bytes a text goes on before something ends it or is escaped. Most of any answer is text, so it is looked at
/// eight bytes at a time.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The highest bit of each byte that is below the limit, and perhaps of bytes after the first of those.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & (ONES << 7);
    let is = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let found = below(word, 0x20) | is(word, b'"') | is(word, b'\\');
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::json::{self, Verbatim};

    fn parsed(text: &[u8]) -> Result<String, String> {
        json::read::<Verbatim>(text).map(|Verbatim(text)| text).map_err(|problem| problem.to_string())
    }

    #[test]
    fn what_one_reads_others_read_too() {
        let good = [
            r#"{"a":[1,-2,2.5,1e3,-0,0.10E-7,"x",true,false,null,{}],"b":{"c":[]},"":""}"#,
            " [ ] ",
            "\t{\r\n}",
            r#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00""#,
            r#""é€😀 and a text that is longer than eight bytes, with a \"quotation\" in it""#,
            r#""1234567\u000012345678\\12345678""#,
            "18446744073709551616",
            "-9223372036854775809",
        ];
        for text in good {
            let compact = parsed(text.as_bytes()).unwrap();
            let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(value(&compact), value(text), "{text}");
            assert_eq!(parsed(compact.as_bytes()), Ok(compact.clone()), "{text}");
        }
    }

    #[test]
    fn what_others_refuse_is_refused() {
        let bad = [
            "[1,]",
            "[,1]",
            "[1 2]",
            "[",
            "[1",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            r#"{"a":1"#,
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "tru",
            "nul",
            "nulls",
            "truefalse",
            "'a'",
            r#"""#,
            r#""\"#,
            r#""\x""#,
            r#""\u12""#,
            r#""\u+123""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            "\"a\nb\"",
            "\"a\u{1f}\"",
            "[] []",
            "\u{feff}[]",
            "NaN",
            "//",
            "",
        ];
        for text in bad {
            assert!(parsed(text.as_bytes()).is_err(), "{text}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
        assert_eq!(parsed(b"[\"a\xff\"]").unwrap_err(), "not UTF-8 at line 1 column 4");
        assert_eq!(parsed(b"[1,\n 2 3]").unwrap_err(), "expected `,` or `]` at line 2 column 4");
        let nested = |deep: usize| "[".repeat(deep) + &"]".repeat(deep);
        assert!(parsed(nested(127).as_bytes()).is_ok() && parsed(nested(128).as_bytes()).is_err());
    }

    #[test]
    fn a_text_ends_where_it_ends_wherever_that_is() {
        for before in 0..20 {
            for after in 0..20 {
                let (before, after) = ("é".repeat(before), "~".repeat(after));
                for (escape, character) in [(r#"\""#, "\""), (r"\\", "\\"), (r"\u001f", "\u{1f}"), (r"\n", "\n")] {
                    let text = format!(r#""{before}{escape}{after}""#);
                    let read: String = json::read(text.as_bytes()).unwrap();
                    assert_eq!(read, format!("{before}{character}{after}"));
                }
            }
        }
    }
}
