//! What a connector's manifest withholds: members of JSON answers that become `null` before a guest or a tape sees them.
//!
//! An answer is copied once, without a tree of it. One that is not whole ends where it stops being JSON, so that nothing
//! slips by behind a fault.

use crate::manifest::MOST_WITHHELD;

/// The body without what the pointers (`/items/*/mfa/seed`) lead to. None: it is no JSON object or list, and stays.
pub(super) fn withhold(body: &[u8], pointers: &[String]) -> Option<Vec<u8>> {
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let pointers: Vec<Vec<&str>> = pointers.iter().map(|pointer| pointer.split('/').skip(1).collect()).collect();
    // Each is a bit; the manifest holds no more of them.
    let all = (0..pointers.len().min(MOST_WITHHELD)).fold(0, |all, index| all | 1 << index);
    let mut scan = Scan { body, at: 0, kept: 0, copied: Vec::with_capacity(body.len()), pointers };
    let whole = scan.value(0, all).is_some();
    scan.keep();
    if whole && !scan.rest().trim_ascii().is_empty() {
        // More than one value is no JSON, and must not look as if it were.
        scan.copied.push(b'?');
    }
    Some(scan.copied)
}

struct Scan<'a> {
    body: &'a [u8],
    at: usize,
    /// Up to here the body is copied or left out.
    kept: usize,
    copied: Vec<u8>,
    pointers: Vec<Vec<&'a str>>,
}

impl<'a> Scan<'a> {
    /// Passes the next value, into which these pointers lead. None: it is not whole.
    fn value(&mut self, depth: usize, leading: u64) -> Option<()> {
        match self.next()? {
            b'{' if leading != 0 => self.container(b'}', depth, leading),
            b'[' if leading != 0 => self.container(b']', depth, leading),
            _ => {
                self.at = self.end()?;
                Some(())
            }
        }
    }

    fn container(&mut self, close: u8, depth: usize, leading: u64) -> Option<()> {
        self.at += 1;
        loop {
            match self.next()? {
                byte if byte == close => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' if close == b'}' => {
                    let quoted = self.body.get(self.at..self.end()?)?;
                    self.at += quoted.len();
                    if self.next()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    let name = quoted.get(1..quoted.len() - 1)?;
                    if name.contains(&b'\\') {
                        let name: String = serde_json::from_slice(quoted).ok()?;
                        self.inner(name.as_bytes(), depth, leading)?;
                    } else {
                        self.inner(name, depth, leading)?;
                    }
                }
                _ if close == b']' => self.inner(b"*", depth, leading)?,
                _ => return None,
            }
        }
    }

    /// Passes a member or an item, or leaves it out.
    fn inner(&mut self, name: &[u8], depth: usize, leading: u64) -> Option<()> {
        let (mut further, mut withheld) = (0, false);
        for (index, pointer) in self.pointers.iter().enumerate().filter(|(index, _)| leading & 1 << index != 0) {
            if pointer.get(depth).is_some_and(|segment| segment.as_bytes() == name || *segment == "*") {
                further |= 1 << index;
                withheld |= pointer.len() == depth + 1;
            }
        }
        if !withheld {
            return self.value(depth + 1, further);
        }
        self.next()?;
        self.keep();
        self.at = self.end()?;
        self.kept = self.at;
        self.copied.extend_from_slice(b"null");
        Some(())
    }

    /// The first byte behind white space.
    fn next(&mut self) -> Option<u8> {
        self.at += self.rest().iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.rest().first().copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    /// Copies what was passed and not left out.
    fn keep(&mut self) {
        self.copied.extend_from_slice(self.body.get(self.kept..self.at).unwrap_or_default());
        self.kept = self.at;
    }

    /// Where the value that begins here ends. However deep it is, this takes no stack.
    fn end(&self) -> Option<usize> {
        let mut open = 0_usize;
        let mut at = self.at;
        loop {
            match self.body.get(at)? {
                b'"' => at = self.end_of_text(at)?,
                b'{' | b'[' => {
                    open += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if open > 0 => at += 1,
                _ => {
                    let rest = self.body.get(at..)?;
                    let ends =
                        |byte: &u8| matches!(byte, b',' | b':' | b'}' | b']' | b'"' | b' ' | b'\t' | b'\r' | b'\n');
                    // Nothing but a number or a word can end with the body, and a whole answer ends with neither.
                    at += rest.iter().position(ends).filter(|length| *length > 0)?;
                }
            }
            if open == 0 {
                return Some(at);
            }
        }
    }

    /// Where the text that begins here ends, its quotes included.
    fn end_of_text(&self, begin: usize) -> Option<usize> {
        let mut at = begin + 1;
        loop {
            let rest = self.body.get(at..)?;
            at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            match self.body.get(at)? {
                b'"' => return Some(at + 1),
                _ => at += 2,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTERS: [&str; 3] = ["/items/*/mfa/seed", "/items/*/password", "/keys/*"];

    fn without(body: &str) -> Option<String> {
        let pointers = POINTERS.map(str::to_owned);
        withhold(body.as_bytes(), &pointers).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn members_are_taken_out_wherever_the_pointers_lead() {
        for (body, seen) in [
            (
                r#" {"count": 2, "items" : [ {"mfa":{"seed":{"a":["}\"]",1]},"status":"ON"}, "password" : "x" } , {"id":7}]} "#,
                r#" {"count": 2, "items" : [ {"mfa":{"seed":null,"status":"ON"}, "password" : null } , {"id":7}]}"#,
            ),
            (r#"{"seed":1,"mfa":{"seed":2},"items":{"seed":3}}"#, r#"{"seed":1,"mfa":{"seed":2},"items":{"seed":3}}"#),
            (r#"{"items":[{"pass\u0077ord":"x\\"}]}"#, r#"{"items":[{"pass\u0077ord":null}]}"#),
            (r#"{"items":[{"password":1,"password":2.5e3}]}"#, r#"{"items":[{"password":null,"password":null}]}"#),
            (r#"{"items":null,"keys":["a",{"b":[]}, 3]}"#, r#"{"items":null,"keys":[null,null, null]}"#),
            (r#"{"items":[],"x":[[{"password":[]}],-1,true]}"#, r#"{"items":[],"x":[[{"password":[]}],-1,true]}"#),
            ("[]", "[]"),
        ] {
            assert_eq!(without(body).as_deref(), Some(seen), "{body}");
        }
    }

    #[test]
    fn a_body_that_is_not_whole_ends_before_what_is_withheld() {
        let body = r#"{"items":[{"id":"a","mfa":{"status":"ON","seed":{"seed_string":"JBSWY3DP"}}}],"count":1}"#;
        for cut in 0..body.len() {
            let seen = without(&body[..cut]).unwrap_or_default();
            assert!(!seen.contains("JBSW"), "{seen}");
            assert!(serde_json::from_str::<serde_json::Value>(&seen).is_err(), "{seen}");
        }
        assert!(!without(&format!("{{}}{body}")).unwrap().contains("JBSW"));
        assert!(serde_json::from_str::<serde_json::Value>(&without(&format!("{{}}{body}")).unwrap()).is_err());
    }

    #[test]
    fn what_is_no_json_stays() {
        assert_eq!(without("<html>{\"password\":1}</html>"), None);
        assert_eq!(without(""), None);
    }

    #[test]
    fn depth_takes_no_stack() {
        let deep = format!("{{\"other\":{}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        assert_eq!(without(&deep).map(|seen| seen.len()), Some(deep.len()));
    }
}
