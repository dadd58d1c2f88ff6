//! From what the operator gave to a [`Configuration`]: normalised, validated, every fault told at once.
//!
//! Where the texts come from (flags, variables, files) is the command line's business; here each brings its source along
//! for the messages. Secrets go into a [`SecretStore`] and leave only their names behind.

mod normalise;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use accord_c1z::model::Value;
use zeroize::Zeroizing;

pub(crate) use normalise::normalise;

use crate::manifest::{Condition, ConditionTest, Constraint, ConstraintKind, Field, FieldKind, Manifest, Severity};
use crate::problem::{Category, Problem};
use crate::secrets::SecretStore;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line, under this name.
    Flag(String),
    /// In this environment variable.
    Environment(String),
    /// In this file, perhaps with a line.
    File(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Environment(name) | Self::File(name) => f.write_str(name),
        }
    }
}

/// What was given for one field. Wiped when dropped, since it may be a secret.
pub struct Given {
    pub source: Source,
    /// One text, or the items of a list.
    pub texts: Vec<Zeroizing<String>>,
}

impl Given {
    pub fn new(source: Source, text: impl Into<String>) -> Self {
        Self { source, texts: vec![Zeroizing::new(text.into())] }
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("source", &self.source).finish_non_exhaustive()
    }
}

/// One fault of the configuration. Never holds a secret's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigurationProblem {
    /// The fields that it is about.
    pub fields: Vec<String>,
    pub message: String,
}

/// A configuration that may be used.
#[derive(Debug)]
pub struct Configuration {
    values: Vec<(String, Value)>,
    texts: BTreeMap<String, String>,
    hints: BTreeMap<String, String>,
    warnings: Vec<String>,
    secrets: Arc<SecretStore>,
}

impl Configuration {
    /// Normalises and validates what was given, by field name or alias. Of two for one field the first counts.
    pub fn build(manifest: &Manifest, given: &[(String, Given)]) -> Result<Self, Vec<ConfigurationProblem>> {
        let mut building = Building {
            configuration: Self {
                values: Vec::new(),
                texts: BTreeMap::new(),
                hints: BTreeMap::new(),
                warnings: Vec::new(),
                secrets: Arc::new(SecretStore::default()),
            },
            problems: Vec::new(),
        };
        for field in &manifest.config {
            let found = given.iter().find(|(name, _)| *name == field.name || field.aliases.contains(name));
            building.field(field, found.map(|(_, given)| given));
        }
        for constraint in &manifest.constraints {
            building.constraint(manifest, constraint);
        }
        if building.problems.is_empty() { Ok(building.configuration) } else { Err(building.problems) }
    }

    /// What a guest sees, in the manifest's order: a secret that is set is `true`, a choice brings its properties.
    pub fn values(&self) -> &[(String, Value)] {
        &self.values
    }

    /// Everything that is no secret, by name: two runs whose texts differ collect different things.
    pub fn identity(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// The text of a field, or of a choice's property as `field.property`; none for secrets.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Whether all conditions hold.
    pub fn holds(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| match &condition.test {
            ConditionTest::Set => self.is_set(&condition.field),
            ConditionTest::Unset => !self.is_set(&condition.field),
            ConditionTest::Is(value) => self.text(&condition.field) == Some(value),
        })
    }

    /// Given or defaulted, and not false.
    pub fn is_set(&self, field: &str) -> bool {
        self.secrets.is_set(field) || self.text(field).is_some_and(|text| text != "false")
    }

    /// For a secret with a usual length that this one has not: `usually 40 characters, this one has 39`.
    pub fn hint(&self, secret: &str) -> Option<&str> {
        self.hints.get(secret).map(String::as_str)
    }

    /// Oddities that do not stand in the way.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub fn secrets(&self) -> &Arc<SecretStore> {
        &self.secrets
    }
}

/// All faults as one problem of the run.
pub fn problem(plugin: &str, problems: &[ConfigurationProblem]) -> Problem {
    let headline = match problems.len() {
        1 => format!("the configuration of {plugin} has a problem"),
        count => format!("the configuration of {plugin} has {count} problems"),
    };
    problems
        .iter()
        .fold(Problem::new(Category::Usage, "CONF-001", headline), |whole, each| whole.line("", each.message.clone()))
}

struct Building {
    configuration: Configuration,
    problems: Vec<ConfigurationProblem>,
}

impl Building {
    fn field(&mut self, field: &Field, given: Option<&Given>) {
        let given = given.filter(|given| given.texts.iter().any(|text| !text.trim().is_empty()));
        match given {
            Some(given) if field.is_secret() => self.secret(field, given),
            Some(given) => {
                let joined;
                let text = match given.texts.as_slice() {
                    [one] => one.as_str(),
                    several if field.kind == FieldKind::List => {
                        joined = several.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n");
                        &joined
                    }
                    _ => return self.fault(field, "is given more than once"),
                };
                match normalise(field, text) {
                    Ok(text) => {
                        self.look(field, &given.source, &text);
                        self.keep(field, text);
                    }
                    Err(fault) => self.fault(field, &format!("{fault} (from {})", given.source)),
                }
            }
            None => match &field.default {
                // A default passed `normalise` when the manifest was checked.
                Some(default) => {
                    if let Ok(text) = normalise(field, default) {
                        self.keep(field, text);
                    }
                }
                None if field.required => self.fault(field, "is missing"),
                None if field.kind == FieldKind::Bool => self.keep(field, "false".to_owned()),
                None => {}
            },
        }
    }

    fn secret(&mut self, field: &Field, given: &Given) {
        let [text] = given.texts.as_slice() else { return self.fault(field, "is given more than once") };
        // Shorter ones could not be kept out of answers and logs without masking half of the text.
        let bytes = text.trim().as_bytes();
        if bytes.len() < crate::secrets::MIN_BYTES {
            let least = crate::secrets::MIN_BYTES;
            return self.fault(field, &format!("has {} bytes, a secret has at least {least}", bytes.len()));
        }
        if text.trim().chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
            return self.fault(field, "holds control characters");
        }
        let length = text.trim().chars().count();
        if let Some(usual) = field.usual_length
            && usual != length
        {
            let hint = format!("usually {usual} characters, this one has {length}");
            self.configuration.hints.insert(field.name.clone(), hint);
        }
        self.configuration.secrets.insert(&field.name, bytes);
        self.configuration.values.push((field.name.clone(), Value::Flag(true)));
    }

    /// Warnings, and the pattern if it is strict.
    fn look(&mut self, field: &Field, source: &Source, text: &str) {
        if let Some(pattern) = &field.pattern
            && !pattern.regex.is_match(text)
        {
            let shown = if field.masked { "the value".to_owned() } else { format!("`{text}`") };
            let message = format!("{shown} does not look like {} ({source})", described(field));
            match pattern.severity {
                Severity::Error => self.fault(field, &message),
                Severity::Warn => self.configuration.warnings.push(format!("{}: {message}", field.sources())),
            }
        }
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        let usual = &field.usual_suffixes;
        if !usual.is_empty() && !usual.iter().any(|suffix| host.ends_with(suffix.as_str())) {
            let message =
                format!("{}: `{text}` does not end in {} as it usually does", field.sources(), usual.join(" or "));
            self.configuration.warnings.push(message);
        }
    }

    fn keep(&mut self, field: &Field, text: String) {
        let value = match &field.kind {
            FieldKind::Bool => Value::Flag(text == "true"),
            FieldKind::Int { .. } => text.parse().map_or_else(|_| Value::Text(text.clone()), Value::Int),
            FieldKind::List => Value::Items(text.lines().map(str::to_owned).collect()),
            _ => Value::Text(text.clone()),
        };
        self.configuration.values.push((field.name.clone(), value));
        if let FieldKind::Choice(variants) = &field.kind
            && let Some(variant) = variants.iter().find(|variant| variant.value == text)
        {
            for (property, content) in &variant.properties {
                let name = format!("{}.{property}", field.name);
                self.configuration.values.push((name.clone(), Value::Text(content.clone())));
                self.configuration.texts.insert(name, content.clone());
            }
        }
        self.configuration.texts.insert(field.name.clone(), text);
    }

    fn constraint(&mut self, manifest: &Manifest, constraint: &Constraint) {
        let set = |names: &[String]| names.iter().filter(|name| self.configuration.is_set(name)).count();
        let (given, all) = (set(&constraint.fields), constraint.fields.len());
        let list = |names: &[String], wanted: bool| {
            let named = names.iter().filter(|name| self.configuration.is_set(name) == wanted);
            named.filter_map(|name| manifest.field(name)).map(Field::sources).collect::<Vec<_>>().join(", ")
        };
        let message = match constraint.kind {
            ConstraintKind::RequiredTogether if given > 0 && given < all => {
                format!("{} needs {} too", list(&constraint.fields, true), list(&constraint.fields, false))
            }
            ConstraintKind::AtLeastOne if given == 0 => {
                format!("one of these is needed: {}", list(&constraint.fields, false))
            }
            ConstraintKind::MutuallyExclusive if given > 1 => {
                format!("these exclude each other: {}", list(&constraint.fields, true))
            }
            ConstraintKind::DependentOn if given > 0 && set(&constraint.on) < constraint.on.len() => {
                format!("{} needs {}", list(&constraint.fields, true), list(&constraint.on, false))
            }
            _ => return,
        };
        // A field that was given and refused has been told already; that it counts as absent here would mislead.
        let named: Vec<&String> = constraint.fields.iter().chain(&constraint.on).collect();
        if self.problems.iter().any(|problem| problem.fields.iter().any(|field| named.contains(&field))) {
            return;
        }
        let message = if constraint.help.is_empty() { message } else { format!("{message} ({})", constraint.help) };
        self.problems.push(ConfigurationProblem { fields: constraint.fields.clone(), message });
    }

    fn fault(&mut self, field: &Field, fault: &str) {
        let help = if field.help.is_empty() { String::new() } else { format!(": {}", field.help) };
        let message = format!("{} {fault}{help}", field.sources());
        self.problems.push(ConfigurationProblem { fields: vec![field.name.clone()], message });
    }
}

fn described(field: &Field) -> String {
    if field.placeholder.is_empty() { field.display_name.clone() } else { format!("`{}`", field.placeholder) }
}
