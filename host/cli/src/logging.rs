//! Log lines: JSON for collectors, tab-separated columns for people, in the fields that Baton connectors have.
//!
//! Only accord's own events are logged at any level; those of libraries start at `warn`, because below that they hold
//! requests as they go over the wire.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use accord_runtime::{Category, Problem};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::{LogFormat, Logging};
use crate::output::Screen;

/// Starts logging as asked; call it once.
pub(crate) fn start(logging: &Logging, screen: Screen) -> Result<(), Problem> {
    let level = LevelFilter::from_level(logging.level.unwrap_or(tracing::Level::INFO));
    let usual = if Screen::is_terminal() { LogFormat::Console } else { LogFormat::Json };
    let mut files = Vec::new();
    for path in &logging.paths {
        if path == Path::new("stderr") {
            continue;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
            let headline = format!("the log file `{}` cannot be written: {error}", path.display());
            Problem::new(Category::Storage, "LOG-001", headline).remedy("name another file with --log-path")
        })?;
        files.push(file);
    }
    let lines = Lines {
        format: logging.format.unwrap_or(usual),
        to_screen: files.len() == logging.paths.len() && files.is_empty() || files.len() < logging.paths.len(),
        files: Arc::new(Mutex::new(files)),
        screen,
    };
    let ours = ["accord", "accord_runtime", "accord_c1z"].map(|name| (name, level));
    let targets = Targets::new().with_targets(ours).with_default(LevelFilter::WARN.min(level));
    // A second start, as only tests make it, keeps the first.
    let _ = tracing_subscriber::registry().with(lines.with_filter(targets)).try_init();
    Ok(())
}

/// Formats and writes each event.
struct Lines {
    format: LogFormat,
    to_screen: bool,
    files: Arc<Mutex<Vec<File>>>,
    screen: Screen,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = match self.format {
            LogFormat::Json => json(event.metadata(), since.as_secs_f64(), fields),
            LogFormat::Console => console(event.metadata(), since.as_secs(), since.subsec_millis(), &fields),
        };
        if self.to_screen {
            self.screen.write(&line);
        }
        for file in self.files.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            let _ = file.write_all(line.as_bytes());
        }
    }
}

fn json(metadata: &Metadata<'_>, seconds: f64, fields: Fields) -> String {
    let mut line = Map::new();
    line.insert("level".to_owned(), metadata.level().as_str().to_ascii_lowercase().into());
    line.insert("ts".to_owned(), seconds.into());
    line.insert("caller".to_owned(), caller(metadata, 2).into());
    line.insert("msg".to_owned(), fields.message.into());
    line.extend(fields.others);
    Value::Object(line).to_string() + "\n"
}

fn console(metadata: &Metadata<'_>, seconds: u64, milliseconds: u32, fields: &Fields) -> String {
    let moment =
        i64::try_from(seconds).ok().and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok());
    let moment = moment.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let mut line = String::new();
    let (date, hour, minute, second) = (moment.date(), moment.hour(), moment.minute(), moment.second());
    let _ = write!(line, "{date}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z");
    let _ =
        write!(line, "\t{}\t{}\t{}", metadata.level(), caller(metadata, 1), crate::output::printable(&fields.message));
    if !fields.others.is_empty() {
        let _ = write!(line, "\t{}", Value::Object(fields.others.clone()));
    }
    line + "\n"
}

/// The last `parts` of the file's path, and the line.
fn caller(metadata: &Metadata<'_>, parts: usize) -> String {
    let file = metadata.file().unwrap_or_else(|| metadata.target());
    let short: Vec<&str> = file.rsplit('/').take(parts).collect();
    let short: Vec<&str> = short.into_iter().rev().collect();
    format!("{}:{}", short.join("/"), metadata.line().unwrap_or_default())
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn keep(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => {
                self.others.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.keep(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value.into());
    }
}
