//! What the argument parser says, in the form in which every error of the program is told.

use accord_runtime::{Category, Problem};
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::names::nearest;

/// Help or version, which were asked for and are no error.
pub(crate) fn displayed(error: &clap::Error) -> Option<String> {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion).then(|| error.render().to_string())
}

/// The error, once, with the way out. `program` is what was called, and
/// `remedy` where to read on.
pub(crate) fn problem(error: &clap::Error, program: &str, remedy: &str) -> Problem {
    if let Some(problem) = elsewhere(&context(error, ContextKind::InvalidSubcommand)) {
        return problem;
    }
    let argument = context(error, ContextKind::InvalidArg);
    let headline = match error.kind() {
        // What is no flag may be a secret that lost its flag.
        ErrorKind::UnknownArgument if !argument.starts_with('-') => "an argument too many".to_owned(),
        ErrorKind::UnknownArgument => format!("unknown flag: {argument}"),
        ErrorKind::InvalidSubcommand => {
            let word = context(error, ContextKind::InvalidSubcommand);
            // A word that does not look like a command may be a secret that lost its flag.
            let is_name = word.len() <= 20 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let word = if is_name { format!(" \"{word}\"") } else { String::new() };
            format!("unknown command{word} for \"{program}\"")
        }
        ErrorKind::MissingRequiredArgument => format!("missing: {argument}"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "no command is given".to_owned()
        }
        ErrorKind::ArgumentConflict => format!("given more than once: {argument}"),
        ErrorKind::InvalidValue if context(error, ContextKind::InvalidValue).is_empty() => {
            format!("a value is missing: {argument}")
        }
        ErrorKind::InvalidValue => format!("a value that is not known: {argument}"),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("another number of values is needed: {argument}")
        }
        ErrorKind::NoEquals => format!("the value comes after an equals sign: {argument}"),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8 text".to_owned(),
        _ => "the arguments are not understood".to_owned(),
    };
    let problem = Problem::new(Category::Usage, "ARGS-001", headline);
    let suggested = [
        (argument, context(error, ContextKind::SuggestedArg)),
        (context(error, ContextKind::InvalidSubcommand), context(error, ContextKind::SuggestedSubcommand)),
    ];
    // The parser's idea of what is near is generous.
    let near = |(given, known): &(String, String)| nearest(given, known.split(", ")).map(str::to_owned);
    let problem = match suggested.iter().find_map(near) {
        Some(near) => problem.line("known", near),
        None => problem.line("known", context(error, ContextKind::ValidValue)),
    };
    problem.remedy(remedy)
}

/// Commands of the field's viewer, which reads our files.
const VIEWER: [&str; 10] = [
    "resource-types",
    "resources",
    "entitlements",
    "grants",
    "principals",
    "access",
    "syncs",
    "diff",
    "export",
    "explorer",
];

/// What is known under this name, and not part of this version.
fn elsewhere(command: &str) -> Option<Problem> {
    let missing = |what: &str| {
        Problem::new(Category::Usage, "ARGS-002", format!("`{command}` {what}, which this version does not have"))
    };
    match command {
        "serve" => {
            Some(missing("is service mode").remedy("run `accord sync` from a job: each run writes one sync file"))
        }
        _ if VIEWER.contains(&command) => Some(
            missing("is a command of the viewer")
                .remedy(format!("read the sync file with the viewer itself: `baton {command} --file FILE`")),
        ),
        _ => None,
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        // The flag alone: what stands behind it may be a secret.
        Some(ContextValue::String(text)) => text.split(['=', ' ']).next().unwrap_or_default().to_owned(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}
