//! A guest's request in the form in which it leaves: encoded query, canonical body, headers.

use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::types::{Body, Request};
use crate::credentials::canonical;
use crate::policy::PolicyViolation;
use crate::secrets::SecretStore;

/// What is the same for every attempt of a request.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) method: http::Method,
    /// Encoded, without `?`.
    pub(super) query: String,
    pub(super) headers: Vec<(http::HeaderName, http::HeaderValue)>,
    pub(super) body: Bytes,
    /// The fields of a form, for recipes that sign them.
    pub(super) form: Option<Vec<(String, String)>>,
}

impl Message {
    /// Encodes a request whose headers passed policy. `told` puts the names of new secrets where their bytes would be.
    pub(super) fn new(
        plugin: &str,
        request: &Request,
        secrets: &SecretStore,
        told: bool,
    ) -> Result<Self, PolicyViolation> {
        let malformed =
            |what: String| PolicyViolation::new("POLICY-001", format!("plugin '{plugin}' made a request {what}"));
        let method = http::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| malformed("with a malformed method".to_owned()))?;
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            if let (Ok(name), Ok(value)) =
                (http::HeaderName::from_bytes(name.as_bytes()), http::HeaderValue::from_str(value))
            {
                headers.push((name, value));
            }
        }
        let mut form = None;
        let (content_type, body) = match &request.body {
            None => (None, Bytes::new()),
            Some(Body::Json(text)) => {
                let mut value: Value =
                    serde_json::from_str(text).map_err(|error| malformed(format!("whose body is no JSON: {error}")))?;
                for (pointer, name) in &request.insert {
                    let secret = secrets.get_new(name).ok_or_else(|| {
                        malformed(format!("with the secret `{name}`, which is none that it generated"))
                    })?;
                    let bytes =
                        if told { format!("{{{name}}}").into() } else { String::from_utf8_lossy(secret.expose()) };
                    insert(&mut value, pointer, &bytes).ok_or_else(|| {
                        malformed(format!("with a secret at `{pointer}`, where its body has no place"))
                    })?;
                }
                (Some("application/json"), Bytes::from(canonical::json(&value)))
            }
            Some(Body::Form(fields)) => {
                form = Some(fields.clone());
                let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                (Some("application/x-www-form-urlencoded"), Bytes::from(text))
            }
            Some(Body::Bytes { content_type, bytes }) => (Some(content_type.as_str()), Bytes::copy_from_slice(bytes)),
        };
        if !request.insert.is_empty() && !matches!(request.body, Some(Body::Json(_))) {
            return Err(malformed("with a secret to insert and no JSON body".to_owned()));
        }
        if let Some(content_type) = content_type
            && !headers.iter().any(|(name, _)| *name == http::header::CONTENT_TYPE)
        {
            let value = http::HeaderValue::from_str(content_type)
                .map_err(|_| malformed("with a malformed content type".to_owned()))?;
            headers.push((http::header::CONTENT_TYPE, value));
        }
        Ok(Self { method, query: canonical::query(&request.query), headers, body, form })
    }

    /// The GET that follows a redirect.
    pub(super) fn redirected(&self, target: &Url) -> Self {
        let pairs: Vec<(String, String)> = target.query_pairs().into_owned().collect();
        Self { query: canonical::query(&pairs), ..self.clone() }
    }
}

/// Puts text at an RFC 6901 pointer: at an existing place, or as a new member of an existing object.
fn insert(value: &mut Value, pointer: &str, text: &str) -> Option<()> {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = Value::from(text);
        return Some(());
    }
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    value.pointer_mut(parent)?.as_object_mut()?.insert(name, Value::from(text));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(request: &Request) -> Result<Message, PolicyViolation> {
        let secrets = SecretStore::default();
        secrets.insert_new("generated-1", b"new \"password\"");
        secrets.insert("api-key", b"the operator's key");
        Message::new("acme", request, &secrets, false)
    }

    #[test]
    fn a_json_body_is_canonical_and_takes_secrets() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            body: Some(Body::Json(r#"{ "b": {"x/y": 1}, "a": [ "" ] }"#.to_owned())),
            insert: [("/a/0", "generated-1"), ("/b/new~1er", "generated-1")]
                .map(|(at, name)| (at.to_owned(), name.to_owned()))
                .to_vec(),
            ..Request::default()
        };
        let made = message(&request).unwrap();
        assert_eq!(made.body, r#"{"a":["new \"password\""],"b":{"new/er":"new \"password\"","x/y":1}}"#);
        assert_eq!(made.headers[0].1, "application/json");
        for (pointer, name) in [
            ("/c/d", "generated-1"),
            ("/a/7", "generated-1"),
            ("/a/0", "other"),
            ("/a/0", "api-key"),
            ("x", "generated-1"),
        ] {
            let insert = vec![(pointer.to_owned(), name.to_owned())];
            assert!(message(&Request { insert, ..request.clone() }).is_err(), "{pointer} {name}");
        }
        let body = Some(Body::Json("{".to_owned()));
        assert!(message(&Request { body, ..request }).is_err());
    }

    #[test]
    fn a_form_keeps_its_order() {
        let fields = [("b", "1 +&"), ("a", "é")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let request = Request { method: "POST".to_owned(), body: Some(Body::Form(fields)), ..Request::get("/") };
        let made = message(&Request { method: "POST".to_owned(), ..request }).unwrap();
        assert_eq!(made.body, "b=1+%2B%26&a=%C3%A9");
    }
}
