//! The native host: answers from a script, rows and facts in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use super::Synced;
use crate::bindings::accord::connector::http;
use crate::host::CALL_LIMIT;
use crate::types::{
    Body, Entitlement, Failure, Grant, HttpError, Level, PasswordRule, PlainGrants, Resource, SettledState, Value,
};

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    method: String,
    target: String,
    body: Option<String>,
    answer: Result<http::Response, HttpError>,
}

impl Exchange {
    /// A request such as `GET` `/users?limit=100`, answered with JSON.
    pub fn new(method: &str, target: &str, status: u16, json: impl Into<String>) -> Self {
        let answer = http::Response {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: json.into().into_bytes(),
            clock_ahead_seconds: None,
        };
        Self { method: method.into(), target: target.into(), body: None, answer: Ok(answer) }
    }

    /// A request that gets no answer.
    pub fn failing(method: &str, target: &str, error: HttpError) -> Self {
        Self { method: method.into(), target: target.into(), body: None, answer: Err(error) }
    }

    /// Demands this body: JSON as the connector writes it, or `a=1&b=2` for a form.
    #[must_use]
    pub fn asked_with(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds a header, or replaces it. The name is in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(answer) = &mut self.answer {
            answer.headers.retain(|(header, _)| header != name);
            answer.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Puts the target's clock ahead.
    #[must_use]
    pub fn clock_ahead(mut self, seconds: i64) -> Self {
        if let Ok(answer) = &mut self.answer {
            answer.clock_ahead_seconds = Some(seconds);
        }
        self
    }
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// In upper case.
    pub method: String,
    /// Path and query, the latter not encoded.
    pub target: String,
    /// The manifest's credential.
    pub credential: Option<String>,
    /// Headers that the connector added.
    pub headers: Vec<(String, String)>,
    /// JSON, or `a=1&b=2` for a form.
    pub body: Option<String>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How loud.
    pub level: Level,
    /// The fragment.
    pub message: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) config: Vec<(String, Value)>,
    pub(crate) states: BTreeMap<String, SettledState>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) announced: Vec<Sent>,
    pub(crate) logs: Vec<LogLine>,
    exchanges: Vec<Exchange>,
    facts: BTreeMap<String, Vec<u8>>,
    generated: usize,
    rows: Synced,
}

impl Script {
    pub(crate) fn expect(&mut self, exchange: Exchange) {
        self.exchanges.push(exchange);
    }

    pub(crate) fn unasked(&self) -> Vec<String> {
        self.exchanges.iter().map(|exchange| format!("{} {}", exchange.method, exchange.target)).collect()
    }

    pub(crate) fn take_rows(&mut self) -> Synced {
        std::mem::take(&mut self.rows)
    }

    fn answer(&mut self, request: &http::Request) -> Result<http::Response, HttpError> {
        let sent = Sent::new(request);
        let fits = |exchange: &Exchange| {
            exchange.method == sent.method
                && exchange.target == sent.target
                && exchange.body.as_ref().is_none_or(|body| Some(body) == sent.body.as_ref())
        };
        let Some(position) = self.exchanges.iter().position(fits) else {
            let left = self.unasked().join(", ");
            let body = sent.body.map(|body| format!(" with {body}")).unwrap_or_default();
            panic!(
                "the connector asked {} {}{body}, which the script does not answer; left are [{left}]",
                sent.method, sent.target
            );
        };
        self.sent.push(sent);
        self.exchanges.remove(position).answer
    }
}

impl Sent {
    fn new(request: &http::Request) -> Self {
        let join = |fields: &[(String, String)]| {
            fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        let origin = request.origin.as_deref().unwrap_or_default();
        let question = if request.query.is_empty() { "" } else { "?" };
        Self {
            method: request.method.clone(),
            target: format!("{origin}{}{question}{}", request.path, join(&request.query)),
            credential: request.auth.clone(),
            headers: request.headers.clone(),
            body: request.body.as_ref().map(|body| match body {
                Body::Json(text) => text.clone(),
                Body::Form(fields) => join(fields),
                Body::Bytes((_, bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            }),
        }
    }
}

/// The connector's side of the script.
#[derive(Debug)]
pub(crate) struct Backend(Rc<RefCell<Script>>);

impl Backend {
    pub(crate) fn new(script: Rc<RefCell<Script>>) -> Self {
        Self(script)
    }

    pub(crate) fn config(&self) -> Vec<(String, Value)> {
        self.0.borrow().config.clone()
    }

    pub(crate) fn send(&self, request: &http::Request) -> Result<http::Response, HttpError> {
        self.0.borrow_mut().answer(request)
    }

    pub(crate) fn send_all(&self, requests: &[http::Request]) -> Vec<Result<http::Response, HttpError>> {
        assert!(requests.len() <= 64, "{} requests at once", requests.len());
        requests.iter().map(|request| self.send(request)).collect()
    }

    pub(crate) fn announce(&self, requests: &[http::Request]) {
        assert!(requests.len() <= 64, "{} requests announced at once", requests.len());
        self.0.borrow_mut().announced.extend(requests.iter().map(Sent::new));
    }

    pub(crate) fn put_resources(&self, rows: &[Resource]) -> Result<(), Failure> {
        within_limit(rows);
        self.0.borrow_mut().rows.resources.extend_from_slice(rows);
        Ok(())
    }

    pub(crate) fn put_entitlements(&self, rows: &[Entitlement]) -> Result<(), Failure> {
        within_limit(rows);
        self.0.borrow_mut().rows.entitlements.extend_from_slice(rows);
        Ok(())
    }

    pub(crate) fn put_grants(&self, rows: &[Grant]) -> Result<(), Failure> {
        within_limit(rows);
        self.0.borrow_mut().rows.grants.extend_from_slice(rows);
        Ok(())
    }

    pub(crate) fn put_plain_grants(&self, plain: &PlainGrants) -> Result<(), Failure> {
        within_limit(&plain.grants);
        let rows = plain.grants.iter().map(|(entitlement, principal)| {
            let entitlement = &plain.entitlements[*entitlement as usize];
            Grant {
                id: None,
                entitlement: entitlement.id.clone(),
                entitlement_resource: entitlement.resource.clone(),
                principal: plain.principals[*principal as usize].clone(),
                expansion: None,
                annotations: Vec::new(),
            }
        });
        self.0.borrow_mut().rows.grants.extend(rows);
        Ok(())
    }

    pub(crate) fn put_facts(&self, entries: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        within_limit(entries);
        self.0.borrow_mut().facts.extend(entries.iter().cloned());
        Ok(())
    }

    pub(crate) fn facts(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        within_limit(keys);
        keys.iter().map(|key| self.0.borrow().facts.get(key).cloned()).collect()
    }

    pub(crate) fn scan_facts(&self, prefix: &str, after: Option<&str>, limit: u32) -> Vec<(String, Vec<u8>)> {
        let begin = after.map_or(Bound::Included(prefix), |after| Bound::Excluded(after.max(prefix)));
        let script = self.0.borrow();
        let found = script.facts.range::<str, _>((begin, Bound::Unbounded));
        let found =
            found.take_while(|(key, _)| key.starts_with(prefix)).take(usize::try_from(limit).unwrap_or(CALL_LIMIT));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(crate) fn collection_state(&self, name: &str) -> Option<SettledState> {
        self.0.borrow().states.get(name).copied()
    }

    pub(crate) fn secret_is_set(&self, name: &str) -> bool {
        self.0.borrow().config.iter().any(|(field, value)| field == name && *value == Value::Flag(true))
    }

    pub(crate) fn generate_secret(&self, _: &PasswordRule) -> Result<String, String> {
        let mut script = self.0.borrow_mut();
        script.generated += 1;
        Ok(format!("generated-{}", script.generated))
    }

    pub(crate) fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        self.0.borrow_mut().logs.push(LogLine { level, message: message.into(), fields: fields.to_vec() });
    }
}

fn within_limit<T>(rows: &[T]) {
    assert!(rows.len() <= CALL_LIMIT, "{} rows in one call; the interface takes {CALL_LIMIT}", rows.len());
}
