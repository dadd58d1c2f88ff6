//! Requests in the making: path segments are encoded here, queries and signatures by the host.

use serde::Serialize;

use crate::bindings::accord::connector::http;
use crate::json;
use crate::types::{Body, Detail, Failure};

/// One request to one of the manifest's origins.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) wire: http::Request,
    pub(crate) permission: &'static str,
}

impl Request {
    /// A request with a method in upper case and a path that is encoded already.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            wire: http::Request {
                method: method.into(),
                origin: None,
                path: path.into(),
                query: Vec::new(),
                headers: Vec::new(),
                body: None,
                auth: None,
                insert: Vec::new(),
            },
            permission: "",
        }
    }

    /// Asks for something.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// Where a `next` link of the target leads: an absolute URL, or a path with its query.
    pub fn link(link: &str) -> Result<Self, Failure> {
        let absolute = if link.starts_with('/') { None } else { link.split_once(':') };
        let (origin, rest) = match absolute.and_then(|(_, rest)| rest.strip_prefix("//")) {
            Some(authority) => {
                let path = authority.find(['/', '?']).and_then(|end| authority.get(end..)).unwrap_or_default();
                (link.strip_suffix(path).map(str::to_owned), path)
            }
            None => (None, link),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if origin.is_none() && !path.starts_with('/') {
            return Err(Failure::invalid_response("the link to the next page is neither a URL nor a path", ""));
        }
        let mut request = Self::get(if path.is_empty() { "/" } else { path });
        request.wire.origin = origin;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            request.wire.query.push((decode(name)?, decode(value)?));
        }
        Ok(request)
    }

    /// Adds a segment to the path, percent-encoded. Text that could change which path is asked is refused.
    pub fn segment(mut self, segment: &str) -> Result<Self, Failure> {
        if matches!(segment, "" | "." | "..") || segment.contains(['/', '\\']) {
            let message = format!("`{}` cannot be part of a request path", segment.escape_debug());
            return Err(Failure::Refused(Detail::new(message).place(self.place())));
        }
        self.wire.path.push('/');
        encode_into(&mut self.wire.path, segment);
        Ok(self)
    }

    /// Adds a query parameter. It is not encoded: the host does that.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.wire.query.push((name.into(), value.to_string()));
        self
    }

    /// The query parameters, not encoded: what a target's link adds to a path that is known.
    pub fn into_query(self) -> Vec<(String, String)> {
        self.wire.query
    }

    /// Replaces all query parameters.
    #[must_use]
    pub fn with_query(mut self, query: Vec<(String, String)>) -> Self {
        self.wire.query = query;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.wire.headers.push((name.into(), value.into()));
        self
    }

    /// Sends JSON.
    pub fn json<T: Serialize>(self, body: &T) -> Result<Self, Failure> {
        let text = json::write(&format_args!("the body of {}", self.place()), body)?;
        Ok(self.json_text(text))
    }

    /// Sends JSON that is text already.
    #[must_use]
    pub fn json_text(mut self, text: impl Into<String>) -> Self {
        self.wire.body = Some(Body::Json(text.into()));
        self
    }

    /// Sends the fields of a form.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.wire.body = Some(Body::Form(fields.iter().map(|&(name, value)| (name.into(), value.into())).collect()));
        self
    }

    /// Puts a generated secret into the JSON body, at this pointer.
    #[must_use]
    pub fn insert(mut self, pointer: &str, secret: &str) -> Self {
        self.wire.insert.push((pointer.into(), secret.into()));
        self
    }

    /// Sends it to another origin than the manifest's first.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.wire.origin = Some(origin.into());
        self
    }

    /// Uses another credential than the target's.
    #[must_use]
    pub fn credential(mut self, credential: &str) -> Self {
        self.wire.auth = Some(credential.into());
        self
    }

    /// Names the permission that the request needs, as the target's console shows it.
    #[must_use]
    pub fn permission(mut self, permission: &'static str) -> Self {
        self.permission = permission;
        self
    }

    /// The path, as it is sent.
    pub fn path(&self) -> &str {
        &self.wire.path
    }

    /// Method, origin and path, for messages: `GET /admin/v1/settings`, `GET graph:/v1.0/users`. The host writes the origin's
    /// address instead of its name.
    pub fn place(&self) -> String {
        let origin = self.wire.origin.as_deref().unwrap_or_default();
        // An address ends as it is; a name needs its colon.
        let colon = if origin.is_empty() || origin.contains(':') { "" } else { ":" };
        format!("{} {origin}{colon}{}", self.wire.method, self.wire.path)
    }
}

/// Everything but RFC 3986's unreserved characters becomes `%XX`.
fn encode_into(path: &mut String, segment: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let hex = |digit: u8| HEX.get(usize::from(digit)).copied().unwrap_or('0');
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.extend(['%', hex(byte >> 4), hex(byte & 0xF)]);
        }
    }
}

/// Undoes the encoding of a link's query, whose spaces may be `+`.
fn decode(text: &str) -> Result<String, Failure> {
    let invalid = || Failure::invalid_response("the link to the next page is not percent-encoded UTF-8", "");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit().ok_or_else(invalid)?, digit().ok_or_else(invalid)?);
                bytes.push(u8::try_from(high * 16 + low).map_err(|_| invalid())?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_encoded() {
        let request = Request::get("/teams").segment("a b;ü%+").unwrap().segment("users").unwrap();
        assert_eq!(request.place(), "GET /teams/a%20b%3B%C3%BC%25%2B/users");
        assert_eq!(request.origin("graph").place(), "GET graph:/teams/a%20b%3B%C3%BC%25%2B/users");
    }

    #[test]
    fn segments_that_would_change_the_path_are_refused() {
        for segment in ["", ".", "..", "a/b", "..\\x"] {
            assert!(matches!(Request::get("/teams").segment(segment), Err(Failure::Refused(_))), "{segment:?}");
        }
    }

    #[test]
    fn links_are_taken_apart() {
        let request = Request::link("https://api.example.com:8443/v1/users?%24skip=a%2Bb+c&x").unwrap();
        assert_eq!(request.wire.origin.as_deref(), Some("https://api.example.com:8443"));
        assert!(request.place().starts_with("GET https://api.example.com:8443/"), "{}", request.place());
        assert_eq!(request.wire.path, "/v1/users");
        assert_eq!(request.wire.query, [("$skip".to_string(), "a+b c".to_string()), ("x".into(), String::new())]);

        let request = Request::link("/v1/users?page=2").unwrap();
        assert_eq!((request.wire.origin, request.wire.path), (None, "/v1/users".to_string()));

        assert_eq!(Request::link("https://api.example.com").unwrap().wire.path, "/");
        assert!(Request::link("users?page=2").is_err());
        assert!(Request::link("/users?page=%2").is_err());
        assert!(Request::link("/users?page=%ff").is_err());
    }
}
