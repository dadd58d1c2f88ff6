//! Answers, before anybody decides what they mean.

use crate::Request;
use crate::bindings::accord::connector::http;

/// An answer of any status, with what it answers.
#[derive(Debug, Clone)]
pub struct Response {
    wire: http::Response,
    place: String,
    permission: &'static str,
}

impl Response {
    pub(crate) fn new(wire: http::Response, request: &Request) -> Self {
        Self { wire, place: request.place(), permission: request.permission }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.wire.status
    }

    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.wire.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The media type without its parameters, or `no content type`.
    pub fn content_type(&self) -> &str {
        let header = self.header("content-type").unwrap_or_default();
        match header.split(';').next().map(str::trim) {
            None | Some("") => "no content type",
            Some(media_type) => media_type,
        }
    }

    /// Whether the body says that it is JSON, or looks like it where nothing is said.
    pub fn is_json(&self) -> bool {
        match self.header("content-type") {
            Some(_) => self.content_type().to_ascii_lowercase().ends_with("json"),
            None => matches!(self.body().trim_ascii_start().first(), Some(b'{' | b'[')),
        }
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.wire.body
    }

    /// Where it was asked: `GET /admin/v1/settings`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The permission that the request needs, or empty.
    pub fn permission(&self) -> &'static str {
        self.permission
    }

    /// Where the target gave no token for the request: the status and the path of the token endpoint.
    pub fn token_refused(&self) -> Option<(u16, &str)> {
        let (status, path) = self.header("accord-token-refused")?.split_once(' ')?;
        Some((status.parse().ok()?, path))
    }

    /// Seconds that the target's clock is ahead of ours.
    pub fn clock_ahead_seconds(&self) -> Option<i64> {
        self.wire.clock_ahead_seconds
    }

    /// The link to the next page, from the `link` header of RFC 8288; see [`Request::link`].
    pub fn next_link(&self) -> Option<&str> {
        let headers = self.wire.headers.iter().filter(|(name, _)| name == "link");
        headers.flat_map(|(_, value)| links(value)).find_map(|(target, parameters)| {
            let is_next = parameters.split(';').any(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                let relations = value.trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("rel")
                    && relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
            });
            is_next.then_some(target)
        })
    }
}

/// The links of one header value, each with its parameters: `<target>; parameters, <target>; parameters`.
fn links(mut value: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        let (_, opened) = value.split_once('<')?;
        let (target, parameters) = opened.split_once('>')?;
        let end = parameters.find(",").and_then(|_| parameters.find('<')).unwrap_or(parameters.len());
        let (parameters, rest) = parameters.split_at_checked(end)?;
        value = rest;
        Some((target, parameters.trim_end().trim_end_matches(',')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)], body: &str) -> Response {
        let wire = http::Response {
            status: 200,
            headers: headers.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
            body: body.into(),
            clock_ahead_seconds: None,
        };
        Response::new(wire, &Request::get("/users"))
    }

    #[test]
    fn json_is_told_from_pages() {
        assert!(answer(&[("content-type", "application/json; charset=utf-8")], "").is_json());
        assert!(answer(&[("content-type", "application/problem+json")], "").is_json());
        assert!(!answer(&[("content-type", "text/html")], "{}").is_json());
        assert!(answer(&[], " {}").is_json());
        assert!(!answer(&[], "<html>").is_json());
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let link = r#"</users?page=1>; rel="prev", </users?page=3&x=a,b>; title="a"; rel="last next""#;
        assert_eq!(answer(&[("link", link)], "").next_link(), Some("/users?page=3&x=a,b"));
        assert_eq!(answer(&[("link", r#"</users>; rel="prev""#)], "").next_link(), None);
        assert_eq!(answer(&[("link", "<broken"), ("link", "</b>;rel=next")], "").next_link(), Some("/b"));
    }
}
