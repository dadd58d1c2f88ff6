//! The decision about each request: deny unless the manifest says otherwise.
//!
//! Addresses are checked later, where they are known (`http`).

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::learnt::Learning;
use super::path::{self, Pattern};
use super::place::Place;
use super::violation::PolicyViolation;
use crate::configuration::Configuration;
use crate::http::Phase;
use crate::manifest::{Egress, Inspection, Manifest};
use crate::problem::Problem;

/// What one connector may do under one configuration.
#[derive(Debug)]
pub(crate) struct Policy {
    plugin: String,
    places: Vec<Arc<Place>>,
    /// Origins that sealed answers name.
    pub(crate) learning: Learning,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    patterns: Vec<Pattern>,
    egress: Egress,
}

/// Leave for one request.
#[derive(Debug, Clone)]
pub(crate) struct Permit<'p> {
    pub(crate) place: Arc<Place>,
    pub(crate) egress: &'p Egress,
    /// The path as sent, the origin's prefix included.
    pub(crate) path: String,
    /// It may change the target.
    pub(crate) writes: bool,
}

/// Headers that only the host writes, and those that make a server see another request than policy saw.
const FORBIDDEN_HEADERS: [&str; 22] = [
    "authorization",
    "cookie",
    "host",
    "connection",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "accept-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "expect",
    "forwarded",
    "user-agent",
    "x-forwarded-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-original-method",
    "x-rewrite-url",
];

impl Policy {
    pub(crate) fn new(manifest: &Manifest, configuration: &Configuration) -> Result<Self, Problem> {
        let rules =
            manifest.egress.iter().filter(|egress| configuration.holds(&egress.conditions)).map(|egress| Rule {
                // The manifest's check parsed each of them before.
                patterns: egress.paths.iter().filter_map(|pattern| Pattern::parse(pattern).ok()).collect(),
                egress: egress.clone(),
            });
        Ok(Self {
            plugin: manifest.id.clone(),
            places: Place::all(manifest, configuration)?.into_iter().map(Arc::new).collect(),
            learning: Learning::new(manifest, configuration),
            rules: rules.collect(),
        })
    }

    pub(crate) fn place(&self, name: &str) -> Option<Arc<Place>> {
        self.places.iter().find(|place| place.name == name).cloned().or_else(|| self.learning.place(name))
    }

    /// The origin of requests that name none.
    pub(crate) fn first_place(&self) -> Option<Arc<Place>> {
        self.places.first().cloned()
    }

    /// Leave for a request, or why not. `written` are the headers that its credential writes.
    pub(crate) fn permit(
        &self,
        phase: &Phase,
        request: &crate::http::Request,
        written: &[&str],
    ) -> Result<Permit<'_>, PolicyViolation> {
        let (place, path) = self.find(request.origin.as_deref(), &request.path)?;
        self.headers(&request.headers, written)?;
        let mut permit = self.leave(phase, place, &request.method, path)?;
        if permit.egress.inspect == Some(Inspection::ODataBatch) {
            permit.writes |= self.batch(phase, &permit, request)?;
        }
        Ok(permit)
    }

    /// Leave for the hop that a redirect asks for.
    pub(crate) fn permit_hop(&self, phase: &Phase, place: &Place, target: &Url) -> Result<Permit<'_>, PolicyViolation> {
        if !place.is_origin_of(target) {
            let to = match (target.host_str(), target.port_or_known_default()) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                _ => target.scheme().to_owned(),
            };
            let text = format!(
                "plugin '{}' was redirected by {} to {to}, allowed: {}",
                self.plugin,
                place.authority(),
                place.authority()
            );
            return Err(PolicyViolation::new("POLICY-006", text).remedy(
                "see why the target sends its clients elsewhere: another host name to configure, or a proxy in between",
            ));
        }
        let (place, path) = self.find(Some(&format!("https://{}", place.authority())), target.path())?;
        self.leave(phase, place, "GET", path)
    }

    /// The place that a request means, and the path below its prefix.
    fn find<'r>(&self, origin: Option<&str>, asked: &'r str) -> Result<(Arc<Place>, &'r str), PolicyViolation> {
        path::check(asked).map_err(|fault| {
            let text = format!("plugin '{}' asked for the path `{}`, which {fault}", self.plugin, printable(asked));
            PolicyViolation::new("POLICY-001", text)
        })?;
        let Some(origin) = origin else {
            return match self.first_place() {
                Some(place) => Ok((place, asked)),
                None => Err(self.nowhere("any host")),
            };
        };
        if let Some(place) = self.place(origin) {
            return Ok((place, asked));
        }
        if self.learning.knows(origin) {
            return Err(self.nowhere(&format!("`{origin}`, which nothing has told the place of yet")));
        }
        let Ok(url) = Url::parse(origin) else { return Err(self.nowhere(&printable(origin))) };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let below = |place: &Place| {
            let rest = asked.strip_prefix(&place.prefix)?;
            (bare && anonymous && place.is_origin_of(&url) && rest.starts_with('/')).then_some(rest)
        };
        let places = self.places.iter().cloned().chain(self.learning.places());
        match places.into_iter().find_map(|place| below(&place).map(|rest| (Arc::clone(&place), rest))) {
            Some(found) => Ok(found),
            None => {
                let host = url.host_str().unwrap_or_default();
                let target = match url.port_or_known_default() {
                    Some(port) if url.scheme() == "https" => format!("{host}:{port}"),
                    _ => printable(origin),
                };
                Err(self.nowhere(&target))
            }
        }
    }

    fn nowhere(&self, target: &str) -> PolicyViolation {
        let learnt = self.learning.places();
        let allowed: Vec<String> = self.places.iter().chain(&learnt).map(|place| place.authority()).collect();
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let text = format!("plugin '{}' tried to reach {target}, allowed: {allowed}", self.plugin);
        PolicyViolation::new("POLICY-003", text)
    }

    fn headers(&self, headers: &[(String, String)], written: &[&str]) -> Result<(), PolicyViolation> {
        for (name, value) in headers {
            let lower = name.to_ascii_lowercase();
            let hosts = FORBIDDEN_HEADERS.contains(&lower.as_str())
                || lower.starts_with("proxy-")
                || written.contains(&lower.as_str());
            let malformed =
                http::HeaderName::from_bytes(lower.as_bytes()).is_err() || http::HeaderValue::from_str(value).is_err();
            if hosts || malformed {
                let why = if hosts { "which only the host writes" } else { "which is malformed" };
                let text = format!("plugin '{}' set the header `{}`, {why}", self.plugin, printable(&lower));
                return Err(PolicyViolation::new("POLICY-001", text));
            }
        }
        Ok(())
    }

    fn leave<'p>(
        &'p self,
        phase: &Phase,
        place: Arc<Place>,
        method: &str,
        below: &str,
    ) -> Result<Permit<'p>, PolicyViolation> {
        let here = || self.rules.iter().filter(|rule| rule.egress.origin == place.name);
        let fits = |rule: &&Rule| {
            rule.egress.methods.iter().any(|known| known == method)
                && rule.patterns.iter().any(|pattern| pattern.matches(below))
        };
        let open = |rule: &&Rule| {
            let when = &rule.egress.when;
            when.is_empty() || (phase.provisioning && when.contains(&phase.export))
        };
        if let Some(rule) = here().filter(fits).find(open) {
            let path = format!("{}{below}", place.prefix);
            let writes = !rule.egress.when.is_empty() && !matches!(method, "GET" | "HEAD");
            return Ok(Permit { place: Arc::clone(&place), egress: &rule.egress, path, writes });
        }
        let asked = format!("{} https://{}{}{below}", printable(method), place.authority(), place.prefix);
        if let Some(rule) = here().find(fits) {
            let when: Vec<_> = rule.egress.when.iter().map(|export| export.name()).collect();
            let during = match (phase.provisioning, phase.export) {
                (false, _) => "without provisioning".to_owned(),
                (true, export) => format!("during {}", export.name()),
            };
            let text = format!(
                "plugin '{}' asked for {asked} {during}, its manifest allows that only during {}",
                self.plugin,
                when.join(", ")
            );
            return Err(PolicyViolation::new("POLICY-004", text));
        }
        let methods: Vec<&str> = here()
            .filter(|rule| rule.patterns.iter().any(|pattern| pattern.matches(below)))
            .flat_map(|rule| rule.egress.methods.iter().map(String::as_str))
            .collect();
        let allowed = match methods.as_slice() {
            [] => "its manifest does not name that path".to_owned(),
            methods => format!("its manifest allows only {} there", methods.join(", ")),
        };
        let text = format!("plugin '{}' asked for {asked}, {allowed}", self.plugin);
        Err(PolicyViolation::new("POLICY-002", text).remedy(format!(
            "if the plugin needs it, its author adds it under `[[egress]]` for `{}` in the manifest",
            place.name
        )))
    }

    /// Every request inside an OData JSON batch passes the rules that it would pass alone. Tells whether one of them may
    /// change the target.
    fn batch(
        &self,
        phase: &Phase,
        batch: &Permit<'_>,
        request: &crate::http::Request,
    ) -> Result<bool, PolicyViolation> {
        let malformed = |what: &str| {
            PolicyViolation::new("POLICY-001", format!("plugin '{}' sent a batch that {what}", self.plugin))
        };
        let Some(crate::http::Body::Json(text)) = &request.body else { return Err(malformed("is no JSON")) };
        let body: Value = serde_json::from_str(text).map_err(|_| malformed("is no JSON"))?;
        let Some(requests) = body.get("requests").and_then(Value::as_array) else {
            return Err(malformed("has no list `requests`"));
        };
        let below = batch.path.strip_prefix(&batch.place.prefix).unwrap_or_default();
        let root = below.strip_suffix("/$batch").ok_or_else(|| malformed("does not go to `…/$batch`"))?;
        let mut writes = false;
        for inner in requests {
            let inner_headers = inner.get("headers");
            let (Some(method), Some(url)) =
                (inner.get("method").and_then(Value::as_str), inner.get("url").and_then(Value::as_str))
            else {
                return Err(malformed("has a request without method or url"));
            };
            let url = url.split('?').next().unwrap_or_default();
            let separator = if url.starts_with('/') { "" } else { "/" };
            let inner = format!("{root}{separator}{url}");
            path::check(&inner)
                .map_err(|fault| malformed(&format!("asks for `{}`, which {fault}", printable(&inner))))?;
            writes |= self.leave(phase, Arc::clone(&batch.place), method, &inner)?.writes;
            self.batch_headers(inner_headers)?;
        }
        Ok(writes)
    }

    /// Headers inside a batch are the target's to obey, so they pass the rules for headers.
    fn batch_headers(&self, headers: Option<&Value>) -> Result<(), PolicyViolation> {
        let headers = match headers {
            None => return Ok(()),
            Some(Value::Object(headers)) => headers,
            Some(_) => {
                let text = format!("plugin '{}' sent a batch that has headers of another form", self.plugin);
                return Err(PolicyViolation::new("POLICY-001", text));
            }
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let headers: Vec<(String, String)> = headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        self.headers(&headers, &[])
    }
}

/// Text of a guest, fit for a message.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
