//! Moments as APIs write them. There is no clock here: what time it is, only the host knows.

use std::fmt;

use crate::Timestamp;

const SECONDS_A_DAY: i64 = 86_400;
/// The Gregorian calendar repeats after 400 years of 146,097 days. Years begin in March here, so that the leap day is
/// the last of its year.
const DAYS_AN_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

impl Timestamp {
    /// Seconds since 1970, as most APIs write it; 0 and less mean "never" there.
    pub fn unix(seconds: i64) -> Option<Self> {
        (seconds > 0).then_some(Self { seconds, nanoseconds: 0 })
    }

    /// Text such as `2026-08-04T09:30:00.250Z` or `2026-08-04 09:30:00+02:00`. None if it is anything else.
    pub fn rfc3339(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = |range: std::ops::Range<usize>| -> Option<i64> {
            let digits = text.get(range)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let is = |at: usize, wanted: &[u8]| text.as_bytes().get(at).is_some_and(|byte| wanted.contains(byte));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        // A leap second is told as the second before it.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_of(year, month, day)?;
        let rest = text.get(19..)?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?,
            None => ("0", rest),
        };
        let nanoseconds = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        let seconds = days * SECONDS_A_DAY + hour * 3_600 + minute * 60 + second.min(59) - zone_seconds(zone)?;
        (!fraction.is_empty()).then_some(Self { seconds, nanoseconds })
    }
}

/// `2026-08-04T09:30:00Z`, with a fraction where there is one.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.seconds.div_euclid(SECONDS_A_DAY));
        let of_day = self.seconds.rem_euclid(SECONDS_A_DAY);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanoseconds > 0 {
            write!(f, ".{}", format!("{:09}", self.nanoseconds).trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u8>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
}

/// Days since 1970-01-01, if the date exists.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let march_year = if month < 3 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = march_year.rem_euclid(400);
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + day_of_year;
    let days = march_year.div_euclid(400) * DAYS_AN_ERA + day_of_era - EPOCH;
    (date_of(days) == (year, month, day)).then_some(days)
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(EPOCH);
    let day_of_era = days.rem_euclid(DAYS_AN_ERA);
    let of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = of_era + days.div_euclid(DAYS_AN_ERA) * 400 + i64::from(month < 3);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read_back() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_754_000_000, "2025-07-31T22:13:20Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (-62_135_596_800, "0001-01-01T00:00:00Z"),
        ] {
            let moment = Timestamp { seconds, nanoseconds: 0 };
            assert_eq!(moment.to_string(), text);
            assert_eq!(Timestamp::rfc3339(text), Some(moment));
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_itself() {
        for days in -DAYS_AN_ERA / 2..DAYS_AN_ERA / 2 {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), Some(days));
        }
    }

    #[test]
    fn zones_and_fractions_count() {
        let read = Timestamp::rfc3339("2026-08-04 09:30:00.25+02:00").unwrap();
        assert_eq!(read.to_string(), "2026-08-04T07:30:00.25Z");
        assert_eq!(Timestamp::rfc3339("1970-01-01T00:00:00-00:30").unwrap().seconds, 1_800);
        assert_eq!(Timestamp::rfc3339("2016-12-31T23:59:60Z"), Timestamp::rfc3339("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn other_text_is_no_moment() {
        for text in [
            "",
            "2026-08-04",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-08-04T24:00:00Z",
            "2026-08-04T09:30:00",
            "2026-08-04T09:30:00.Z",
            "2026-08-04T09:30:00+2:00",
            "+026-08-04T09:30:00Z",
            "2026-08-04T09:30:00.5",
            "2026-08-04T09:30:00é",
        ] {
            assert_eq!(Timestamp::rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn never_is_not_1970() {
        assert_eq!(Timestamp::unix(0), None);
        assert_eq!(Timestamp::unix(5).map(|moment| moment.seconds), Some(5));
    }
}
