//! Values by reference, so that no secret need stand on a command line: `--secret name=file:…|env:…` and `…_FILE`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use accord_runtime::configuration::{Given, Source};
use zeroize::Zeroizing;

/// More than this is no key; certificates are held to it too, as connectors of the Baton SDK do.
const FILE_LIMIT: usize = 2 << 20;

/// Splits `name=file:PATH` or `name=env:VARIABLE` into the name and what it refers to.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(name, _)| !name.is_empty())
}

/// Follows `file:PATH` or `env:VARIABLE`. The error reads after a name, and never holds what was given otherwise.
pub(crate) fn follow(reference: &str) -> Result<Given, String> {
    if let Some(path) = reference.strip_prefix("file:") {
        return read(Path::new(path));
    }
    match reference.strip_prefix("env:") {
        Some(name) => super::variable(name).ok_or_else(|| format!("refers to the variable {name}, which is not set")),
        None => Err("needs `file:` and a path, or `env:` and a variable, behind the equals sign".to_owned()),
    }
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<Given, String> {
    let told = |error: &dyn std::fmt::Display| format!("refers to the file `{}`: {error}", path.display());
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 << 10));
    let file = File::open(path).map_err(|error| told(&error))?;
    file.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    if bytes.len() > FILE_LIMIT {
        return Err(told(&format!("it is larger than {FILE_LIMIT} bytes")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| told(&"it is not UTF-8 text"))?;
    let text = Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned());
    if text.is_empty() {
        return Err(told(&"it is empty"));
    }
    Ok(Given { source: Source::File(path.display().to_string()), texts: vec![text] })
}
