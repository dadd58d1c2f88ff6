//! The settings file: `.baton.yaml` in the current folder, or the file that `BATON_CONFIG_PATH` names.
//!
//! One mapping of names to texts or lists of texts. Scalars stay the text that was written, so a number or a `yes` is
//! what the person meant it to be. Whatever cannot be understood is an error with its line, and nothing of a value is
//! in an error, since it may be a secret.

use std::path::{Path, PathBuf};

use accord_runtime::configuration::{Given, Source};
use accord_runtime::{Category, Problem};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use zeroize::Zeroizing;

use crate::args::nearest;

/// Names the file.
const VARIABLE: &str = "BATON_CONFIG_PATH";
/// The file that is read if it exists.
const DEFAULT: &str = ".baton.yaml";
/// More than this is not a settings file.
const LIMIT: u64 = 4 << 20;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    entries: Vec<Entry>,
}

struct Entry {
    /// In lower case: case does not matter in the file.
    name: String,
    line: usize,
    texts: Vec<Zeroizing<String>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).field("line", &self.line).finish_non_exhaustive()
    }
}

impl SettingsFile {
    /// The file of this run, if there is one.
    pub(crate) fn load() -> Result<Option<Self>, Problem> {
        match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) => {
                let path = PathBuf::from(path);
                if path.extension().is_none_or(|extension| extension != "yaml" && extension != "yml") {
                    let headline = format!("`{}` does not end in .yaml or .yml", path.display());
                    return Err(Problem::new(Category::Usage, "CONF-004", headline)
                        .remedy(format!("name a YAML file with {VARIABLE}, or unset it")));
                }
                Self::read(path).map(Some)
            }
            None if Path::new(DEFAULT).exists() => Self::read(PathBuf::from(DEFAULT)).map(Some),
            None => Ok(None),
        }
    }

    fn read(path: PathBuf) -> Result<Self, Problem> {
        let unreadable = |error: &dyn std::fmt::Display| {
            let headline = format!("the settings file `{}` cannot be read: {error}", path.display());
            Problem::new(Category::Usage, "CONF-004", headline)
        };
        let size = std::fs::metadata(&path).map_err(|error| unreadable(&error))?.len();
        if size > LIMIT {
            return Err(unreadable(&format!("it has {size} bytes, at most {LIMIT} are read")));
        }
        let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?);
        match parse(&text) {
            Ok(entries) => Ok(Self { path, entries }),
            Err(Fault { line, message }) => {
                let headline = format!("the settings file is not understood: {message}");
                Err(Problem::new(Category::Usage, "CONF-004", headline).place(format!("{}:{line}", path.display())))
            }
        }
    }

    /// What it says under a name.
    pub(crate) fn given(&self, name: &str) -> Option<Given> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        let source = Source::File(format!("{}:{}", self.path.display(), entry.line));
        Some(Given { source, texts: entry.texts.clone() })
    }

    /// One warning for each name that nobody reads.
    pub(crate) fn unknown(&self, known: &[&str]) -> Vec<String> {
        let unknown = self.entries.iter().filter(|entry| !known.contains(&entry.name.as_str()));
        unknown
            .map(|entry| {
                let near = nearest(&entry.name, known.iter().copied());
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let name: String = entry.name.chars().filter(|c| !c.is_control()).take(60).collect();
                format!("{}:{}: nothing reads `{name}`{near}", self.path.display(), entry.line)
            })
            .collect()
    }
}

struct Fault {
    line: usize,
    message: String,
}

impl Fault {
    fn at(span: Span, message: impl Into<String>) -> Self {
        Self { line: span.start.line(), message: message.into() }
    }
}

/// The events of the one document, behind what every document begins with.
struct Events<'text>(Parser<'text, StrInput<'text>>);

impl<'text> Events<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Span), Fault> {
        loop {
            match self.0.next_event() {
                Some(Ok((Event::Nothing | Event::StreamStart | Event::DocumentStart(_), _))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    return Err(Fault { line: error.marker().line(), message: error.info().to_owned() });
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }
}

fn parse(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut events = Events(Parser::new_from_str(text));
    let mut entries: Vec<Entry> = Vec::new();
    match events.next()? {
        (Event::StreamEnd | Event::DocumentEnd, _) => return Ok(entries),
        (event, _) if is_null(&event) => return Ok(entries),
        (Event::MappingStart(..), _) => {}
        (_, span) => return Err(Fault::at(span, "it should be a mapping, one `name: value` a line")),
    }
    loop {
        let (name, span) = match events.next()? {
            (Event::MappingEnd, _) => break,
            (Event::Scalar(name, ..), span) => (name.to_ascii_lowercase(), span),
            (_, span) => return Err(Fault::at(span, "a name should be a plain text")),
        };
        if let Some(earlier) = entries.iter().find(|entry| entry.name == name) {
            return Err(Fault::at(span, format!("`{name}` stands in line {} already", earlier.line)));
        }
        if let Some(texts) = value(&mut events, &name)? {
            entries.push(Entry { name, line: span.start.line(), texts });
        }
    }
    match events.next()? {
        (Event::DocumentEnd, _) => {}
        (_, span) => return Err(Fault::at(span, "something follows the mapping")),
    }
    match events.next()? {
        (Event::StreamEnd, _) => Ok(entries),
        (_, span) => Err(Fault::at(span, "there is a second document")),
    }
}

/// The texts of a value; none for null.
fn value(events: &mut Events<'_>, name: &str) -> Result<Option<Vec<Zeroizing<String>>>, Fault> {
    let (event, span) = events.next()?;
    if is_null(&event) {
        return Ok(None);
    }
    match event {
        Event::Scalar(text, ..) => Ok(Some(vec![Zeroizing::new(text.into_owned())])),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next()? {
                    (Event::SequenceEnd, _) => return Ok(Some(items)),
                    (Event::Scalar(text, ..), _) => items.push(Zeroizing::new(text.into_owned())),
                    (_, span) => return Err(Fault::at(span, format!("an item of `{name}` is not a plain text"))),
                }
            }
        }
        _ => Err(Fault::at(span, format!("`{name}` is neither a text nor a list of texts"))),
    }
}

fn is_null(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, usize, Vec<String>)>, String> {
        parse(text)
            .map(|entries| {
                let plain =
                    |entry: Entry| (entry.name, entry.line, entry.texts.iter().map(|text| text.to_string()).collect());
                entries.into_iter().map(plain).collect()
            })
            .map_err(|fault| format!("{}: {}", fault.line, fault.message))
    }

    #[test]
    fn scalars_stay_the_text_that_was_written() {
        let found = read("# ours\nAPI-Hostname: api.example.com\nworkers: 007\nempty:\norgs: [a, 'b, c']\n").unwrap();
        assert_eq!(found[0], ("api-hostname".to_owned(), 2, vec!["api.example.com".to_owned()]));
        assert_eq!(found[1], ("workers".to_owned(), 3, vec!["007".to_owned()]));
        assert_eq!(found[2], ("orgs".to_owned(), 5, vec!["a".to_owned(), "b, c".to_owned()]));
        assert_eq!(found.len(), 3);
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(read("# nothing\n"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        assert!(read("a: 1\nb: [x\n").unwrap_err().starts_with(['2', '3']));
        assert_eq!(read("a: 1\na: 2\n").unwrap_err(), "2: `a` stands in line 1 already");
        assert_eq!(read("- a\n").unwrap_err(), "1: it should be a mapping, one `name: value` a line");
        assert!(read("a: {b: c}\n").unwrap_err().contains("`a` is neither a text nor a list"));
        assert!(read("a: 1\n---\nb: 2\n").unwrap_err().contains("second document"));
        assert!(read("secret-key: \"never-shown\nx: y\n").unwrap_err().find("never-shown").is_none());
    }
}
