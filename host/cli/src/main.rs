//! The `accord` program: parse, run, and turn what failed into one message and an exit code.

mod args;
mod commands;
mod folders;
mod host;
mod logging;
mod output;
mod panic;
mod shape;
mod signals;
mod sources;
mod unpacking;

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    panic::report_as_bugs();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let screen = output::Screen::default();
    match commands::run(&arguments, &screen) {
        Ok(code) => exit_code(code),
        Err(problem) => {
            screen.write(&format!("{problem}\n"));
            exit_code(problem.category.exit_code())
        }
    }
}

fn exit_code(code: i32) -> ExitCode {
    // Every code that the program has fits into a byte; whatever did not would be a fault of ours.
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
