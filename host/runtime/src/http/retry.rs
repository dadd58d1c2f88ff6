//! When to try again, and how long to wait before.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};

use crate::manifest::{ResetForm, VendorHeaders};

/// Tries after the first, with waits of 1, 2, 4, 8, 16 and 32 s: what Duo's own clients do.
pub(super) const REPEATS: u32 = 6;

/// How much waiting one request may be told by its target before its answer is given to the connector.
pub(super) const TOLD: Duration = Duration::from_secs(3_600);

/// How long an origin that has answered before may be out of reach.
pub(super) const OFFLINE: Duration = Duration::from_secs(600);

/// Statuses that say "not now".
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// The wait before a repeat, counted from 0, with up to a second more so that many do not come back at once.
pub(super) fn backoff(repeat: u32) -> Duration {
    let mut byte = [0_u8];
    // Without randomness the wait is a little less kind, not wrong.
    let jitter = SystemRandom::new().fill(&mut byte).map_or(0, |()| u64::from(byte[0]) * 1000 / 256);
    Duration::from_secs(1 << repeat.min(5)) + Duration::from_millis(jitter)
}

/// The target's clock, as its answer tells it. Dates in an answer are on that clock, whatever ours says.
pub(super) fn target_time(headers: &http::HeaderMap) -> Option<SystemTime> {
    text(headers, "date").and_then(|date| httpdate::parse_http_date(date).ok())
}

/// What a response says about when to come back: `Retry-After`, or the vendor's own header on a 429.
pub(super) fn told(
    headers: &http::HeaderMap,
    vendor: Option<&VendorHeaders>,
    status: u16,
    now: SystemTime,
) -> Option<Duration> {
    let retry_after = text(headers, "retry-after").and_then(|text| retry_after(text, now));
    let vendors = || vendor.filter(|_| status == 429).and_then(|vendor| reset(headers, vendor, now));
    // Nobody means "at once": the target has just said no.
    retry_after.or_else(vendors).map(|wait| wait.max(Duration::from_secs(1)))
}

/// Where the target's budget is nearly used up: how long until it is whole again.
pub(super) fn low_water(headers: &http::HeaderMap, vendor: &VendorHeaders, now: SystemTime) -> Option<Duration> {
    let remaining: u32 = text(headers, vendor.remaining.as_deref()?)?.parse().ok()?;
    (remaining <= vendor.low_water).then(|| reset(headers, vendor, now)).flatten()
}

fn reset(headers: &http::HeaderMap, vendor: &VendorHeaders, now: SystemTime) -> Option<Duration> {
    let seconds: u64 = text(headers, &vendor.reset)?.parse().ok()?;
    match vendor.reset_form {
        ResetForm::Seconds => Some(Duration::from_secs(seconds)),
        ResetForm::Epoch => {
            let now = now.duration_since(UNIX_EPOCH).ok()?;
            Some(Duration::from_secs(seconds).saturating_sub(now))
        }
    }
}

fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

fn text<'h>(headers: &'h http::HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> http::HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    /// 2026-08-04T09:30:00Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_785_835_800)
    }

    #[test]
    fn retry_after_as_seconds_or_date_and_nothing_else() {
        for (value, expected) in [
            ("7", Some(7)),
            ("600", Some(600)),
            ("0", Some(1)),
            ("Tue, 04 Aug 2026 09:40:00 GMT", Some(600)),
            ("Tuesday, 04-Aug-26 09:30:07 GMT", Some(7)),
            ("Tue Aug  4 09:30:07 2026", Some(7)),
            ("Tue, 04 Aug 2026 09:00:00 GMT", Some(1)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            let found = told(&headers(&[("retry-after", value)]), None, 429, now());
            assert_eq!(found, expected.map(Duration::from_secs), "{value}");
        }
        assert_eq!(told(&headers(&[]), None, 429, now()), None);
    }

    #[test]
    fn vendor_headers_in_both_forms() {
        let vendor = |form| VendorHeaders {
            remaining: Some("x-ratelimit-remaining".to_owned()),
            reset: "x-ratelimit-reset".to_owned(),
            reset_form: form,
            low_water: 2,
        };
        let seconds = vendor(ResetForm::Seconds);
        let limited = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")]);
        assert_eq!(told(&limited, Some(&seconds), 429, now()), Some(Duration::from_secs(9)));
        assert_eq!(told(&limited, Some(&seconds), 503, now()), None);
        assert_eq!(low_water(&limited, &seconds, now()), Some(Duration::from_secs(9)));
        let plenty = headers(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "9")]);
        assert_eq!(low_water(&plenty, &seconds, now()), None);
        let epoch = headers(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1785835860")]);
        assert_eq!(low_water(&epoch, &vendor(ResetForm::Epoch), now()), Some(Duration::from_secs(60)));
    }

    #[test]
    fn waits_double_up_to_32_seconds() {
        for (repeat, seconds) in [1, 2, 4, 8, 16, 32, 32].into_iter().enumerate() {
            let wait = backoff(u32::try_from(repeat).unwrap());
            assert!((seconds..=seconds + 1).contains(&wait.as_secs()), "{wait:?}");
        }
    }
}
