//! What was given for a plugin's fields, from every source, with all faults at once.

use std::path::Path;

use accord_runtime::configuration::{ConfigurationProblem, Given};
use accord_runtime::manifest::{Field, FieldKind, Manifest};

use super::{Sources, fault, secret, variable};
use crate::args::nearest;

/// What was given for each field. Faults are added to `faults`, and what is legal but unwise is logged.
pub(crate) fn given(
    manifest: &Manifest,
    sources: Sources<'_>,
    faults: &mut Vec<ConfigurationProblem>,
) -> Vec<(String, Given)> {
    let mut references = references(manifest, sources, faults);
    let mut all = Vec::new();
    for field in &manifest.config {
        let reference = take(&mut references, field);
        let found = match (reference, sources.flag(&field.name)) {
            (Some(_), Some(_)) => Err(format!("--{} is given, and --secret {}=… too", field.name, field.name)),
            (Some(reference), None) => {
                secret::follow(&reference).map(Some).map_err(|told| format!("--secret {} {told}", field.name))
            }
            (None, flag) => otherwise(field, sources, flag),
        };
        match found.and_then(|found| content(field, found)) {
            Ok(Some(found)) => all.push((field.name.clone(), found)),
            Ok(None) => {}
            Err(message) => faults.push(fault(&field.name, message)),
        }
    }
    all
}

/// `--secret` by field name.
fn references(
    manifest: &Manifest,
    sources: Sources<'_>,
    faults: &mut Vec<ConfigurationProblem>,
) -> Vec<(String, String)> {
    let mut references = Vec::new();
    let Some(given) = sources.flag("secret") else { return references };
    let known: Vec<&str> =
        manifest.config.iter().filter(|field| by_reference(field)).map(|field| field.name.as_str()).collect();
    for text in &given.texts {
        let Some((name, reference)) = secret::split(text) else {
            let message = "--secret needs a name, an equals sign, and `file:PATH` or `env:VARIABLE`".to_owned();
            faults.push(fault("secret", message));
            continue;
        };
        if !manifest.config.iter().any(|field| by_reference(field) && is(field, name)) {
            let near = match nearest(name, known.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None if known.is_empty() => "; it has none".to_owned(),
                None => format!("; known: {}", known.join(", ")),
            };
            // Quoted only as far as a name goes: behind it may be anything.
            let shown: String =
                name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').take(40).collect();
            faults.push(fault("secret", format!("--secret {shown}: {} has no secret of this name{near}", manifest.id)));
            continue;
        }
        references.push((name.to_owned(), reference.to_owned()));
    }
    references
}

fn take(references: &mut Vec<(String, String)>, field: &Field) -> Option<String> {
    let position = references.iter().position(|(name, _)| is(field, name))?;
    Some(references.remove(position).1)
}

/// From a flag, a variable, a file that a variable names, or the settings file.
fn otherwise(field: &Field, sources: Sources<'_>, flag: Option<Given>) -> Result<Option<Given>, String> {
    if let Some(flag) = flag {
        if field.is_secret() {
            tracing::warn!(
                "--{name}: others on this machine can see a secret on the command line; use ${variable}, \
                 ${variable}_FILE or --secret {name}=file:PATH",
                name = field.name,
                variable = field.environment,
            );
        }
        return Ok(Some(flag));
    }
    for environment in field.environments() {
        let pointer = format!("{environment}_FILE");
        let path = if by_reference(field) { std::env::var_os(&pointer).filter(|path| !path.is_empty()) } else { None };
        match (variable(&environment), path) {
            (Some(_), Some(_)) => return Err(format!("{environment} and {pointer} are both set; unset one")),
            (Some(found), None) => return Ok(Some(found)),
            (None, Some(path)) => {
                return secret::read(Path::new(&path)).map(Some).map_err(|told| format!("{pointer} {told}"));
            }
            (None, None) => {}
        }
    }
    let names = std::iter::once(&field.name).chain(&field.aliases);
    Ok(sources.file.and_then(|file| names.into_iter().find_map(|name| file.given(name))))
}

/// Certificates are given by the path of their file, or as text. List items on the command line stand between commas.
fn content(field: &Field, given: Option<Given>) -> Result<Option<Given>, String> {
    let Some(given) = given else { return Ok(None) };
    match (&field.kind, given.texts.as_slice()) {
        (FieldKind::Certificates, [text]) if !text.contains("-----BEGIN") => {
            secret::read(Path::new(text.trim())).map(Some).map_err(|told| format!("{} {told}", field.sources()))
        }
        (FieldKind::List, [_, _, ..]) if matches!(given.source, accord_runtime::configuration::Source::Flag(_)) => {
            let split = given.texts.iter().flat_map(|text| text.split(',').map(|item| item.to_owned().into()));
            Ok(Some(Given { texts: split.collect(), source: given.source.clone() }))
        }
        _ => Ok(Some(given)),
    }
}

fn by_reference(field: &Field) -> bool {
    field.is_secret() || field.kind == FieldKind::Certificates
}

fn is(field: &Field, name: &str) -> bool {
    field.name == name || field.aliases.iter().any(|alias| alias == name)
}
