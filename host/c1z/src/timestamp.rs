//! Times as the columns of a file hold them: `YYYY-MM-DD HH:MM:SS[.fraction]`, UTC, without a zone.
//!
//! Text is compared bytewise by readers, so there is one shape: no trailing zero in the fraction, none at all when it is
//! zero. Reading is more lenient, since other writers left other shapes.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::model::Timestamp;

const SECONDS: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// Years 1 to 9999: what the field's protobuf timestamps and this text can hold.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Whether a file can hold this moment: years 1 to 9999, below a thousand million nanoseconds.
pub fn is_valid(timestamp: Timestamp) -> bool {
    RANGE.contains(&timestamp.seconds) && timestamp.nanoseconds < 1_000_000_000
}

/// The text of a moment, or `None` outside the years 1 to 9999.
pub fn format(timestamp: Timestamp) -> Option<String> {
    if !is_valid(timestamp) {
        return None;
    }
    let mut text = OffsetDateTime::from_unix_timestamp(timestamp.seconds).ok()?.format(SECONDS).ok()?;
    if timestamp.nanoseconds != 0 {
        text.push('.');
        text.push_str(format!("{:09}", timestamp.nanoseconds).trim_end_matches('0'));
    }
    Some(text)
}

/// Reads our text, and what other writers left: a `T` between date and time, a `Z`, an offset such as `+02:00`.
/// Without a zone it is UTC.
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date_time, offset_seconds) = split_zone(text.trim())?;
    let (seconds, fraction) = date_time.split_once('.').map_or((date_time.as_str(), ""), |(a, b)| (a, b));
    let moment = PrimitiveDateTime::parse(&seconds.replacen('T', " ", 1), SECONDS).ok()?.assume_utc();
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    Some(Timestamp { seconds: moment.unix_timestamp().checked_sub(offset_seconds)?, nanoseconds })
}

/// Whether this is exactly the text that we would write.
pub fn is_canonical(text: &str) -> bool {
    parse(text).and_then(format).is_some_and(|canonical| canonical == text)
}

/// Date and time, and how many seconds the zone is ahead of UTC.
fn split_zone(text: &str) -> Option<(String, i64)> {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return Some((rest.to_owned(), 0));
    }
    // The date has signs of its own: a zone comes after the time's colon.
    let time = text.find(':')?;
    let Some(sign) = text.get(time..)?.find(['+', '-']).map(|position| position + time) else {
        return Some((text.to_owned(), 0));
    };
    let (date_time, zone) = text.split_at_checked(sign)?;
    let digits: String = zone.chars().skip(1).filter(|character| *character != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let seconds = (number / 100) * 3600 + (number % 100) * 60;
    Some((date_time.trim_end().to_owned(), if zone.starts_with('-') { -seconds } else { seconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: i64, nanoseconds: u32) -> Option<String> {
        format(Timestamp { seconds, nanoseconds })
    }

    // Checklist 11.
    #[test]
    fn times_have_one_shape_without_trailing_zeros() {
        assert_eq!(text(1_795_218_213, 531_508_564).unwrap(), "2026-11-20 23:43:33.531508564");
        assert_eq!(text(1_795_218_213, 500_000_000).unwrap(), "2026-11-20 23:43:33.5");
        assert_eq!(text(1_795_218_213, 1).unwrap(), "2026-11-20 23:43:33.000000001");
        assert_eq!(text(1_795_218_213, 0).unwrap(), "2026-11-20 23:43:33");
        assert_eq!(text(-62_135_596_800, 0).unwrap(), "0001-01-01 00:00:00");
        assert_eq!(text(253_402_300_799, 999_999_999).unwrap(), "9999-12-31 23:59:59.999999999");
        for (seconds, nanoseconds) in [(-62_135_596_801, 0), (253_402_300_800, 0), (i64::MIN, 0), (0, 1_000_000_000)] {
            assert_eq!(text(seconds, nanoseconds), None);
        }
    }

    #[test]
    fn shapes_of_other_writers_are_read() {
        let moment = Timestamp { seconds: 1_795_218_213, nanoseconds: 500_000_000 };
        for text in [
            "2026-11-20 23:43:33.5",
            "2026-11-20T23:43:33.5Z",
            "2026-11-20 23:43:33.500000000+00:00",
            "2026-11-21 01:43:33.5 +0200",
            "2026-11-20T15:43:33.5-08:00",
        ] {
            assert_eq!(parse(text), Some(moment), "{text}");
        }
        assert!(is_canonical("2026-11-20 23:43:33.5"));
        for text in ["2026-11-20 23:43:33.50", "2026-11-20T23:43:33", "2026-11-20 23:43:33Z", "now", "", ":+", "é:é-"]
        {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
