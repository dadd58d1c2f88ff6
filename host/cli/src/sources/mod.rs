//! Where settings come from: a flag, else an environment variable, else the file. Defaults are for whoever asks.
//!
//! What a value means is not known here; each brings its source along for the messages.

mod fields;
mod file;
mod secret;

use accord_runtime::configuration::{ConfigurationProblem, Given, Source};
use clap::ArgMatches;
use zeroize::Zeroizing;

pub(crate) use fields::given;
pub(crate) use file::SettingsFile;

/// The three sources of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) flags: &'a ArgMatches,
    pub(crate) file: Option<&'a SettingsFile>,
}

impl Sources<'_> {
    /// What was given under a name; the variable may be empty for none.
    pub(crate) fn given(&self, name: &str, environment: &str) -> Option<Given> {
        self.flag(name).or_else(|| variable(environment)).or_else(|| self.file?.given(name))
    }

    /// On the command line.
    pub(crate) fn flag(&self, name: &str) -> Option<Given> {
        // A command that has no such flag was not given it.
        let texts = self.flags.try_get_many::<String>(name).ok()??;
        let texts = texts.map(|text| Zeroizing::new(text.clone())).collect();
        Some(Given { source: Source::Flag(name.to_owned()), texts })
    }
}

/// The text of a small file. The error reads after its name.
pub(crate) fn file(path: &std::path::Path) -> Result<Zeroizing<String>, String> {
    let given = secret::read(path)?;
    given.texts.into_iter().next().ok_or_else(|| "is empty".to_owned())
}

/// In the environment; an empty variable counts as none.
pub(crate) fn variable(name: &str) -> Option<Given> {
    let text = std::env::var_os(name).filter(|text| !text.is_empty() && !name.is_empty())?;
    Some(Given::new(Source::Environment(name.to_owned()), text.to_string_lossy()))
}

/// A fault that belongs to these fields.
pub(crate) fn fault(field: &str, message: String) -> ConfigurationProblem {
    ConfigurationProblem { fields: vec![field.to_owned()], message }
}
