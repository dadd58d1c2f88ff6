//! Answers to batches: the 200 around them says nothing about what is inside.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::attempt::Answer;

#[derive(Deserialize)]
struct Batch {
    responses: Vec<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    status: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
}

/// Whether the target refused requests inside a batch for their number, and the longest wait that it asked for.
pub(super) fn limited(answer: &Answer) -> Option<Option<Duration>> {
    if answer.status != 200 {
        return None;
    }
    let batch: Batch = serde_json::from_slice(&answer.body).ok()?;
    let waits = batch.responses.into_iter().filter(|inner| inner.status == 429).map(|inner| {
        let headers = inner.headers.unwrap_or_default();
        let header = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after")).map(|(_, value)| value);
        header.and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()))
    });
    let longest = waits.max()?;
    Some(longest.map(Duration::from_secs))
}
