//! A panic is a fault of accord: it is told as one, and ends the process with exit code 1.

use std::io::Write;

/// Replaces the standard report, which would print texts that may hold what nobody should see.
pub(crate) fn report_as_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        // Only a text that stands in the program itself is shown; a formatted one may carry data.
        let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("it met a case that cannot be");
        let report = format!(
            "error[BUG-002] accord stopped on a fault of its own: {what}\n  where   {place}, version {}\n  do      please report it with this text\n",
            env!("CARGO_PKG_VERSION")
        );
        let _ = std::io::stderr().lock().write_all(report.as_bytes());
        // Files are safe at any moment, and threads that go on would only act on a broken state.
        std::process::exit(1);
    }));
}
