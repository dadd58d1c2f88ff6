//! Paths of requests and the patterns that allow them.
//!
//! A path is checked in the very form that is sent. What servers and proxies read in different ways (dot segments,
//! doubled or encoded slashes, matrix parameters, backslashes) is refused rather than repaired.

/// A pattern over whole paths: `*` is one segment, a final `/**` is any rest of at least one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exact(String),
    Any,
}

impl Pattern {
    /// Reads a pattern; the error reads after the pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (whole, open) = match text.strip_suffix("/**") {
            Some(front) => (front, true),
            None => (text, false),
        };
        if whole.is_empty() && open {
            return Ok(Self { segments: Vec::new(), open });
        }
        check(&whole.replace('*', "x"))?;
        let mut segments = Vec::new();
        for segment in whole.split('/').skip(1) {
            segments.push(match segment {
                "*" => Segment::Any,
                part if part.contains('*') => return Err("has a `*` that is not a whole segment".to_owned()),
                part => Segment::Exact(part.to_owned()),
            });
        }
        Ok(Self { segments, open })
    }

    /// Whether a checked path is meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut parts = path.split('/').skip(1);
        for segment in &self.segments {
            match (segment, parts.next()) {
                (Segment::Any, Some(part)) if !part.is_empty() => {}
                (Segment::Exact(exact), Some(part)) if exact == part => {}
                _ => return false,
            }
        }
        match (self.open, parts.next()) {
            (true, Some(part)) => !part.is_empty(),
            (open, rest) => !open && rest.is_none(),
        }
    }
}

/// Checks a percent-encoded path as it would be sent. The error reads after the path.
pub(crate) fn check(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("does not begin with `/`".to_owned());
    }
    if path.contains("//") {
        return Err("has an empty segment".to_owned());
    }
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
                    return Err("has a `%` without two hexadecimal digits".to_owned());
                };
                match high * 16 + low {
                    // Separators and dots in disguise, control characters, and `%` itself, which a second decoding
                    // would turn into one of them.
                    0..=0x1f | 0x7f | 0x25 | 0x2e | 0x2f | 0x3b | 0x5c => {
                        return Err(format!("has an encoded `{}`", shown(high * 16 + low)));
                    }
                    _ => {}
                }
            }
            b';' | b'\\' => return Err(format!("has a `{}`", char::from(byte))),
            b'?' | b'#' => return Err(format!("has a `{}`: a query goes into `query`", char::from(byte))),
            // What RFC 3986 allows in a path; the rest would be encoded on the way and no longer be what was checked.
            _ if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&byte) => {}
            _ => return Err(format!("has {} unencoded", shown(u32::from(byte)))),
        }
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err("has a dot segment".to_owned());
    }
    Ok(())
}

fn shown(byte: u32) -> String {
    match char::from_u32(byte) {
        Some(c) if c.is_ascii_graphic() => c.to_string(),
        _ => format!("0x{byte:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, check};

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("/admin/v1/users", "/admin/v1/users", true),
            ("/admin/v1/users", "/admin/v1/users/", false),
            ("/admin/v1/users", "/admin/v1/users2", false),
            ("/admin/v1/users", "/Admin/v1/users", false),
            ("/admin/v1/users/*", "/admin/v1/users/DU1", true),
            ("/admin/v1/users/*", "/admin/v1/users/", false),
            ("/admin/v1/users/*", "/admin/v1/users/DU1/groups", false),
            ("/admin/v1/users/*/groups", "/admin/v1/users/DU1/groups", true),
            ("/apis/**", "/apis/a/b/c", true),
            ("/apis/**", "/apis", false),
            ("/apis/**", "/apis/", false),
            ("/**", "/anything", true),
            ("/**", "/", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
        for pattern in ["admin", "/a*", "/a//b", "/../a", "/a?b=c", "/**/a"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn ambiguous_paths_are_refused() {
        for path in [
            "users",
            "",
            "/a/../b",
            "/a/./b",
            "/a/..",
            "//a",
            "/a//b",
            "/a;b=c",
            "/a\\b",
            "/a%2fb",
            "/a%2Fb",
            "/a%2e%2e/b",
            "/%2E",
            "/a%5cb",
            "/a%3bb",
            "/a%252fb",
            "/a%00",
            "/a%0ab",
            "/a%4",
            "/a%zz",
            "/a?b",
            "/a#b",
            "/a b",
            "/zoë",
            "/a\r\nHost: x",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
        for path in ["/", "/a/b", "/a%20b", "/Zo%C3%AB", "/a.b/c..d", "/users/a@example.com", "/a:b"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }
}
