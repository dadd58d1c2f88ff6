//! One attempt: a signed request out, a bounded and decoded answer back. No second thoughts here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use url::Url;
use zeroize::Zeroizing;

use super::client::Route;
use super::fault::{Fault, classify};
use super::types::{HttpError, Outcome};

/// What leaves in one attempt.
#[derive(Debug)]
pub(super) struct Departure<'a> {
    pub(super) method: &'a http::Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: Vec<(http::HeaderName, http::HeaderValue)>,
    pub(super) body: Bytes,
}

/// What came back, decoded and not yet masked.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Bytes that one call may receive in all.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    used: AtomicU64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0) }
    }

    /// More came than the call may have.
    pub(super) fn exceeded(&self) -> Option<u64> {
        (self.used.load(Ordering::Relaxed) > self.limit).then_some(self.limit)
    }

    fn take(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Limits of one attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// Real time: it bounds the network's work, not a wait of ours.
    pub(super) time: Duration,
    pub(super) response_bytes: u64,
    pub(super) budget: Option<&'a Budget>,
}

pub(super) async fn attempt(route: &Route, departure: Departure<'_>, bounds: Bounds<'_>) -> Result<Answer, Fault> {
    let finished = tokio::time::timeout(bounds.time, exchange(route, departure, bounds)).await;
    finished.unwrap_or(Err(Fault::Broken(HttpError::TimedOut(Outcome::Unknown))))
}

async fn exchange(route: &Route, departure: Departure<'_>, bounds: Bounds<'_>) -> Result<Answer, Fault> {
    let separator = if departure.query.is_empty() { "" } else { "?" };
    let text = format!("{}{}{separator}{}", route.base, departure.path, departure.query);
    let url = Url::parse(&text).map_err(|error| Fault::Final(HttpError::Connect(error.to_string())))?;
    // What was checked and signed is what is sent, byte for byte.
    if url.path() != departure.path || url.query().unwrap_or_default() != departure.query {
        return Err(Fault::Final(HttpError::Policy(format!("the path `{}` has two readings", departure.path))));
    }
    let mut request = route.client.request(departure.method.clone(), url);
    for (name, value) in departure.headers {
        request = request.header(name, value);
    }
    if let Some(host) = &route.host {
        request = request.header(http::header::HOST, host);
    }
    // A POST without a body still says that it has none; some servers insist, and the client alone would not.
    let writes = !matches!(*departure.method, http::Method::GET | http::Method::HEAD | http::Method::DELETE);
    if !departure.body.is_empty() {
        request = request.body(departure.body);
    } else if writes {
        request = request.header(http::header::CONTENT_LENGTH, 0);
    }
    let mut response = request.send().await.map_err(|error| classify(&error))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // A body that grows is copied again and again. What the target says of its length is believed up to our own limit.
    let length = response.content_length().unwrap_or_default().min(bounds.response_bytes);
    let bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default()));
    let mut received = Received { bytes, budget: bounds.budget, keep: false };
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        received.add(&chunk);
        if received.bytes.len() as u64 > bounds.response_bytes {
            return Err(Fault::Final(HttpError::TooLarge(bounds.response_bytes)));
        }
        if let Some(limit) = bounds.budget.and_then(Budget::exceeded) {
            received.keep = true;
            return Err(Fault::Final(HttpError::TooLarge(limit)));
        }
    }
    received.keep = true;
    Ok(Answer { status, headers, body: std::mem::take(&mut received.bytes) })
}

/// A body as it arrives. Given up, it no longer counts.
struct Received<'a> {
    bytes: Zeroizing<Vec<u8>>,
    budget: Option<&'a Budget>,
    keep: bool,
}

impl Received<'_> {
    fn add(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        if let Some(budget) = self.budget {
            budget.take(chunk.len() as u64);
        }
    }
}

impl Drop for Received<'_> {
    fn drop(&mut self) {
        if let (false, Some(budget)) = (self.keep, self.budget) {
            budget.give_back(self.bytes.len() as u64);
        }
    }
}
