//! What can be wrong with a container, told with positions.

use std::io;
use std::path::PathBuf;

use crate::text::printable;

/// Why a file could not be unpacked or written. Positions count from the beginning of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    #[error("{doing} `{}`: {source}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the file is empty")]
    Empty,
    #[error("not a c1z file: it begins with `{}`", begins.escape_ascii())]
    NotC1z { begins: Vec<u8> },
    #[error(
        "this is a c1z v3 ({}), which accord does not read; sync again with the sqlite storage engine",
        v3_facts(engine.as_deref(), sync_ids)
    )]
    V3 {
        /// `pebble3`; `None` when the manifest does not decode.
        engine: Option<String>,
        sync_ids: Vec<String>,
    },
    #[error("zstd: the file ends in the middle of a frame, at byte {}", grouped(*at))]
    Truncated { at: u64 },
    #[error("zstd: CRC mismatch at byte {} of {}", grouped(*at), grouped(*of))]
    Checksum { at: u64, of: u64 },
    #[error("zstd: damaged at byte {} of {} ({reason})", grouped(*at), grouped(*of))]
    Damaged { at: u64, of: u64, reason: &'static str },
    #[error("zstd: {} bytes that are no frame follow at byte {} of {}", grouped(of.saturating_sub(*at)), grouped(*at), grouped(*of))]
    Trailing { at: u64, of: u64 },
    #[error("the database is larger than the limit of {} bytes{}", grouped(*limit), declared_size(*declared))]
    TooLarge { limit: u64, declared: Option<u64> },
    #[error("reading the file would take more memory than the limit of {} bytes", grouped(*limit))]
    WindowTooLarge { limit: u64 },
    #[error("`{}` cannot be packed: {reason}", path.display())]
    NotPackable { path: PathBuf, reason: &'static str },
    #[error("stopped on request")]
    Cancelled,
}

impl ContainerError {
    /// Whether the file is at fault, and not this machine or the request.
    pub fn is_damage(&self) -> bool {
        !matches!(self, Self::File { .. } | Self::NotPackable { .. } | Self::Cancelled)
    }
}

/// A number with its thousands separated: `2,750`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn declared_size(declared: Option<u64>) -> String {
    declared.map(|bytes| format!(": it declares {}", grouped(bytes))).unwrap_or_default()
}

fn v3_facts(engine: Option<&str>, sync_ids: &[String]) -> String {
    let engine = match engine {
        Some(engine) => format!("engine {}", printable(engine, 40)),
        None => "its manifest does not decode".to_owned(),
    };
    match sync_ids {
        [] => engine,
        ids => format!("{engine}, sync {}", printable(&ids.join(", "), 100)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (2750, "2,750"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
