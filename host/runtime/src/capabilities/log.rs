//! `log`: words for the operator, capped, masked and without control characters.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::bindings::accord::connector::log::{Host, Level};

use super::State;
use crate::text::printable;

/// Log lines left to a plugin in this run.
#[derive(Debug)]
pub(crate) struct LogBudget {
    left: AtomicU32,
}

impl LogBudget {
    pub(crate) fn new(lines: u32) -> Self {
        Self { left: AtomicU32::new(lines) }
    }

    /// True while there are lines left; tells once when the last one goes.
    fn take(&self, plugin: &str) -> bool {
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => {
                tracing::warn!(plugin, "the plugin wrote too many log lines; the rest of them is left out");
                true
            }
            Ok(_) => true,
            Err(_) => false,
        }
    }
}

impl Host for State {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let plugin = self.shared.plugin_id.as_str();
        if !self.shared.log_budget.take(plugin) {
            return Ok(());
        }
        let limit = self.shared.limits.log_line_bytes;
        let mut line = message;
        for (name, value) in fields {
            if line.len() > limit {
                break;
            }
            line.push_str(&format!(" {name}={value}"));
        }
        let line = printable(&self.shared.mask(&line), limit);
        match level {
            Level::Debug => tracing::debug!(plugin, "{line}"),
            Level::Info => tracing::info!(plugin, "{line}"),
            Level::Warn => tracing::warn!(plugin, "{line}"),
            Level::Error => tracing::error!(plugin, "{line}"),
        }
        Ok(())
    }
}
