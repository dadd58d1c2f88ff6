//! Prints a v1 c1z file as canonical sorted text, one line a row: `cargo run -p accord-c1z --example dump FILE`.
//!
//! The output is byte for byte that of the independent reader `fixtures/golden/c1zdump.py FILE`. The blobs are walked
//! field by field here, not decoded by `accord_c1z::proto`, so that nothing in them is lost silently and the two
//! implementations check each other.

mod canonical;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        let _ = writeln!(std::io::stderr(), "usage: dump FILE");
        return ExitCode::from(2);
    };
    match canonical::dump(&path, &std::env::temp_dir()) {
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
