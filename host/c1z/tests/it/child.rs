//! Tests that need a second process run themselves again, with the target in the environment.

use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "ACCORD_C1Z_TEST_TARGET";

/// In the second process: its target.
pub(crate) fn child_task() -> Option<PathBuf> {
    std::env::var_os(TARGET).map(PathBuf::from)
}

/// The second process, which runs one test.
pub(crate) fn spawn_child(test: &str, target: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(TARGET, target);
    command
}
