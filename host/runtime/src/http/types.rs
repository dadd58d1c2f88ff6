//! What crosses the http capability, in plain Rust. A tape keeps these values as they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::manifest::Export;

/// A request as a guest makes it; see `interface http` of the WIT for the meaning of each field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Request {
    pub method: String,
    pub origin: Option<String>,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Body>,
    pub auth: Option<String>,
    pub insert: Vec<(String, String)>,
}

impl Request {
    /// A GET without anything else.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET".to_owned(), path: path.into(), ..Self::default() }
    }

    /// Method, origin and path: `GET /users`, `GET graph:/users`. The SDK names a request in the same way.
    pub(crate) fn place(&self) -> String {
        let origin = self.origin.as_deref().unwrap_or_default();
        // An address ends as it is; a name needs its colon.
        let colon = if origin.is_empty() || origin.contains(':') { "" } else { ":" };
        format!("{} {origin}{colon}{}", self.method, self.path)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    Json(String),
    Form(Vec<(String, String)>),
    Bytes { content_type: String, bytes: Vec<u8> },
}

/// A response as a guest sees it: decoded and masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub clock_ahead_seconds: Option<i64>,
}

impl Response {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Whether a request may have had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    NotSent,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpError {
    #[error("{0}")]
    Policy(String),
    #[error("name not resolved: {0}")]
    Dns(String),
    #[error("no connection: {0}")]
    Connect(String),
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("timed out ({})", told(*.0))]
    TimedOut(Outcome),
    #[error("the connection broke ({})", told(*.0))]
    Reset(Outcome),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the run's time or patience is used up")]
    Deadline,
}

fn told(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "nothing was sent",
        Outcome::Unknown => "it may have arrived",
    }
}

/// Which export a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    pub export: Export,
    /// The run has leave to change the target.
    pub provisioning: bool,
    /// What would change the target is told and not sent.
    pub dry_run: bool,
    /// What logs call the page, behind the export: `users page 3`. Empty where the export has none.
    pub page: String,
}

impl Phase {
    pub fn new(export: Export, provisioning: bool, page: impl Into<String>) -> Self {
        Self { export, provisioning, dry_run: false, page: page.into() }
    }

    /// The same, with writes told and not sent.
    #[must_use]
    pub fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }
}

/// `read, users page 3`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.page.is_empty() { "" } else { ", " };
        write!(f, "{}{separator}{}", self.export.name(), self.page)
    }
}
