//! Why a JSON text cannot be read, and where.

use std::fmt;

use super::Json;

/// The first thing that is not as it was asked for. Reading goes on after it, so that nothing has to be undone; what was
/// read is refused as a whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// From the inside out: `.status`, `[3]`, `.users`.
    path: Vec<String>,
    what: Option<String>,
}

impl Problem {
    pub(crate) fn none() -> Self {
        Self { path: Vec::new(), what: None }
    }

    pub(super) fn syntax(what: String) -> Self {
        Self { path: Vec::new(), what: Some(what) }
    }

    /// What was read, unless there was a problem.
    pub(crate) fn or<T>(self, it: T) -> Result<T, Self> {
        if self.what.is_none() { Ok(it) } else { Err(self) }
    }

    pub(super) fn exists(&self) -> bool {
        self.what.is_some()
    }

    /// Says what belongs where something else stands: `text`, `true or false`.
    pub fn expected(&mut self, belongs: &str, json: Json<'_>) {
        if self.what.is_none() {
            self.what = Some(match json.kind() {
                None => "is missing".into(),
                Some(kind) => format!("is {kind}, where {belongs} belongs"),
            });
        }
    }

    /// Says in which field the problem is.
    #[cold]
    pub(super) fn within(&mut self, name: &str) {
        self.path.push(format!(".{name}"));
    }

    /// Says at which place of a list the problem is.
    #[cold]
    pub(super) fn within_item(&mut self, place: usize) {
        self.path.push(format!("[{place}]"));
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: String = self.path.iter().rev().map(String::as_str).collect();
        let what = self.what.as_deref().unwrap_or_default();
        match path.strip_prefix('.').unwrap_or(&path) {
            "" if what.starts_with("is ") => write!(formatter, "it {what}"),
            "" => formatter.write_str(what),
            path => write!(formatter, "`{path}` {what}"),
        }
    }
}
