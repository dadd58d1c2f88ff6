//! What the program prints: results on standard output, progress on standard error, tables and numbers for people.

mod markdown;
pub(crate) mod progress;
mod screen;
mod summary;
mod text;

use std::io::{ErrorKind, Write};

use accord_runtime::{Category, Problem};
use serde::Serialize;

pub(crate) use markdown::{MarkdownTable, code, codes, markdown_list};
pub(crate) use screen::Screen;
pub(crate) use summary::{remarks, summary};
pub(crate) use text::{Table, bytes, clock_time, grouped};

/// Writes a result to standard output. A reader that went away wanted no more, which is no failure.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            Err(Problem::new(Category::Storage, "OUT-001", format!("standard output cannot be written: {error}")))
        }
    }
}

/// Writes a value as JSON for programs, with a line feed.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Problem> {
    print(&(json(value)? + "\n"))
}

/// Indented by 2, without a line feed at the end.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Problem::new(Category::Bug, "BUG-003", format!("a result cannot be told as JSON: {error}")))
}

/// A labelled line of a problem, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Detail<'a> {
    pub(crate) label: &'a str,
    pub(crate) text: &'a str,
}

/// The lines below a problem's headline.
pub(crate) fn details(problem: &Problem) -> impl Iterator<Item = Detail<'_>> {
    problem.lines.iter().map(|(label, text)| Detail { label, text })
}

/// Text of others without what could steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
