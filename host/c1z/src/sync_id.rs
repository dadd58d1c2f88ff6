//! The id of a sync: a KSUID, 27 characters that sort by time.
//!
//! 20 bytes (seconds since 1400000000 as a big-endian u32, then 16 random bytes) in base 62, left-padded with `0`.
//! Readers break ties of the end time by this text, hence the shape matters. Time and randomness come from the caller.

use std::fmt;

use crate::model::Timestamp;

/// Seconds from 1970 to the KSUID epoch, 2014-05-13T16:53:20Z.
const EPOCH: i64 = 1_400_000_000;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 27;

/// The 20 bytes of a KSUID; `Display` is its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SyncId([u8; 20]);

impl SyncId {
    /// The id of a sync that started at this moment. Moments outside 2014 to 2150 become the nearest end.
    pub fn new(started_at: Timestamp, random: [u8; 16]) -> Self {
        let seconds = u32::try_from(started_at.seconds.saturating_sub(EPOCH).max(0)).unwrap_or(u32::MAX);
        let mut bytes = [0; 20];
        let (head, tail) = bytes.split_at_mut(4);
        head.copy_from_slice(&seconds.to_be_bytes());
        tail.copy_from_slice(&random);
        Self(bytes)
    }

    /// Reads the text form; `None` if it is not a KSUID. Files of others may have any text as their sync id.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        let mut bytes = [0u8; 20];
        for character in text.bytes() {
            let mut carry = ALPHABET.iter().position(|known| *known == character)?;
            for byte in bytes.iter_mut().rev() {
                let value = usize::from(*byte) * 62 + carry;
                *byte = (value & 0xff) as u8;
                carry = value >> 8;
            }
            if carry != 0 {
                return None;
            }
        }
        Some(Self(bytes))
    }

    /// The random part.
    pub fn random(&self) -> [u8; 16] {
        let [_, _, _, _, random @ ..] = self.0;
        random
    }

    /// When the sync started, to the second.
    pub fn seconds(&self) -> i64 {
        let [a, b, c, d, ..] = self.0;
        i64::from(u32::from_be_bytes([a, b, c, d])) + EPOCH
    }
}

impl fmt::Display for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut text = [b'0'; LENGTH];
        for digit in text.iter_mut().rev() {
            let mut remainder = 0usize;
            for byte in &mut rest {
                let value = remainder << 8 | usize::from(*byte);
                *byte = (value / 62) as u8;
                remainder = value % 62;
            }
            *digit = ALPHABET.get(remainder).copied().unwrap_or(b'0');
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp { seconds, nanoseconds: 0 }
    }

    #[test]
    fn an_id_that_the_reference_made_tells_its_time_and_comes_back() {
        // The sync of the golden file demo-sdk-0.2.51.c1z, started 2026-11-20 23:43:33.
        let id = SyncId::parse("3MOOaoFE8nVm9oKkq6on3JdyKs6").unwrap();
        assert_eq!(id.seconds(), 1_795_218_213);
        assert_eq!(id.to_string(), "3MOOaoFE8nVm9oKkq6on3JdyKs6");
    }

    #[test]
    fn ids_are_padded_and_sort_by_time() {
        assert_eq!(SyncId::new(at(EPOCH), [0; 16]).to_string(), "0".repeat(27));
        assert_eq!(SyncId::new(at(i64::MAX), [0xff; 16]).to_string(), "aWgEPTl1tmebfsQzFP4bxwgy80V");
        let earlier = SyncId::new(at(1_800_000_000), [0xff; 16]).to_string();
        let later = SyncId::new(at(1_800_000_001), [0; 16]).to_string();
        assert!(earlier < later);
        assert_eq!(SyncId::new(at(-5), [1; 16]).seconds(), EPOCH);
    }

    #[test]
    fn other_text_is_not_an_id() {
        for text in ["", "3MOOaoFE8nVm9oKkq6on3JdyKs", "3MOOaoFE8nVm9oKkq6on3JdyKs-", "zzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(SyncId::parse(text), None, "{text}");
        }
    }
}
