//! What may change the target: what left of it, for whoever has to tell what is done, and what a dry run would send.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempt::Answer;
use super::fault::Fault;
use super::message::Message;
use super::types::{Body, HttpError, Request};
use crate::policy::Permit;
use crate::secrets::Masker;

/// The writes of one gateway.
#[derive(Debug, Default)]
pub(super) struct Writes {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sent: Vec<SentWrite>,
    planned: Vec<PlannedRequest>,
}

/// One attempt that may have changed the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentWrite {
    /// `POST https://example.com/path`.
    pub(crate) request: String,
    pub(crate) fate: Fate,
}

/// What is known of an attempt's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No answer: it may have arrived.
    Unknown,
    Answered(u16),
    /// Not one byte of it arrived.
    NotSent,
}

/// A request that a dry run would have sent. New secrets stand in it by name, as `{generated-1}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRequest {
    pub method: String,
    pub url: String,
    /// Those of the connector; what a credential writes is known only when a request leaves.
    pub headers: Vec<(String, String)>,
    /// The credential that would sign it.
    pub credential: Option<String>,
    pub body: Option<String>,
    /// It would be sent once those before it have succeeded.
    pub follows: bool,
}

impl Writes {
    /// A write is about to leave. The number is for [`Writes::ended`].
    pub(super) fn leaves(&self, request: String) -> usize {
        let mut inner = self.lock();
        inner.sent.push(SentWrite { request, fate: Fate::Unknown });
        inner.sent.len() - 1
    }

    pub(super) fn ended(&self, number: usize, fate: Fate) {
        if let Some(write) = self.lock().sent.get_mut(number) {
            write.fate = fate;
        }
    }

    pub(super) fn sent(&self) -> Vec<SentWrite> {
        self.lock().sent.iter().filter(|write| write.fate != Fate::NotSent).cloned().collect()
    }

    pub(super) fn plan(&self, request: PlannedRequest) {
        self.lock().planned.push(request);
    }

    pub(super) fn take_plan(&self) -> Vec<PlannedRequest> {
        std::mem::take(&mut self.lock().planned)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is one step, so what a panicking thread left behind is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the end of an attempt says of its effect.
pub(super) fn fate(outcome: &Result<Answer, Fault>) -> Fate {
    match outcome {
        Ok(answer) => Fate::Answered(answer.status),
        Err(Fault::Refused { .. } | Fault::Away(_)) => Fate::NotSent,
        // Whatever does not come to an end after the connection was there may have had its effect.
        Err(Fault::Final(HttpError::TooLarge(_)) | Fault::Broken(_)) => Fate::Unknown,
        Err(Fault::Final(_)) => Fate::NotSent,
    }
}

impl PlannedRequest {
    /// `message` was made with names in the place of new secrets.
    pub(super) fn new(permit: &Permit<'_>, request: &Request, message: &Message, masker: &Masker) -> Self {
        let mask = |text: &str| masker.mask_text(text).into_owned();
        let separator = if message.query.is_empty() { "" } else { "?" };
        let url = format!("https://{}{}{separator}{}", permit.place.authority(), permit.path, message.query);
        let body = request.body.as_ref().map(|body| match body {
            Body::Bytes { bytes, .. } if std::str::from_utf8(bytes).is_err() => format!("{} bytes", bytes.len()),
            _ => mask(&String::from_utf8_lossy(&message.body)),
        });
        let header = |(name, value): &(http::HeaderName, http::HeaderValue)| {
            (name.as_str().to_owned(), mask(&String::from_utf8_lossy(value.as_bytes())))
        };
        Self {
            method: message.method.as_str().to_owned(),
            url: mask(&url),
            headers: message.headers.iter().map(header).collect(),
            credential: request.auth.clone(),
            body,
            follows: false,
        }
    }
}
