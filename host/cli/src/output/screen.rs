//! Standard error, shared by log lines and one progress line that is rewritten in place.
//!
//! A log line first takes the progress line away and puts it back afterwards, so neither ever cuts through the other.
//! A standard error that cannot be written is nobody's to tell, so such failures are dropped here.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Moves to the first column and deletes the line.
const CLEAR: &str = "\r\x1b[2K";

/// Standard error of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Screen(Arc<Mutex<String>>);

impl Screen {
    /// Whether the progress line can be rewritten.
    pub(crate) fn is_terminal() -> bool {
        std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
    }

    /// Shows a new progress line, cut to the terminal's width; an empty one takes it away.
    pub(crate) fn show(&self, line: &str) {
        let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        let line: String = line.chars().take(width.saturating_sub(1)).collect();
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown == line {
            return;
        }
        let _ = write!(std::io::stderr().lock(), "{CLEAR}{line}");
        *shown = line;
    }

    /// Writes whole lines, above the progress line if there is one.
    pub(crate) fn write(&self, lines: &str) {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stderr = std::io::stderr().lock();
        let _ = if shown.is_empty() {
            stderr.write_all(lines.as_bytes())
        } else {
            stderr.write_all(format!("{CLEAR}{lines}{shown}").as_bytes())
        };
    }
}
