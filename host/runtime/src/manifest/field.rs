//! Configuration fields and the rules between them, as a manifest declares them.
//!
//! Values are normalised and validated by `configuration`; here is only what a field promises.

use regex_lite::Regex;

use super::tables::config::environment_name;

/// One configuration field.
#[derive(Debug, Clone)]
pub struct Field {
    /// The flag's name without dashes in front: `api-hostname`.
    pub name: String,
    pub kind: FieldKind,
    pub required: bool,
    /// Text in the form in which an operator would give it.
    pub default: Option<String>,
    /// Other names under which the field is accepted.
    pub aliases: Vec<String>,
    /// The environment variable: `BATON_API_HOSTNAME`.
    pub environment: String,
    /// Not shown in help and forms.
    pub hidden: bool,
    /// Shown as a secret in forms, although its bytes are none.
    pub masked: bool,
    pub display_name: String,
    pub placeholder: String,
    pub help: String,
    pub pattern: Option<Pattern>,
    /// How many characters the value usually has; told when the target refuses it.
    pub usual_length: Option<usize>,
    /// Endings that the value usually has; another one gets a warning.
    pub usual_suffixes: Vec<String>,
    /// Taken off the front before the value is looked at, in this order.
    pub strip_prefixes: Vec<String>,
}

impl Field {
    /// Whether the field's bytes must stay in the host.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Secret)
    }

    /// The environment variables that it is looked for in: its own, then those of its aliases.
    pub fn environments(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.environment.clone()).chain(self.aliases.iter().map(|alias| environment_name(alias)))
    }

    /// The field and its variable, as messages name them.
    pub fn sources(&self) -> String {
        format!("--{} / {}", self.name, self.environment)
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    /// A host name or address, with a port if it is not 443.
    Hostname,
    /// An https URL without user, query and fragment.
    HttpsUrl,
    Uuid,
    /// PEM certificates.
    Certificates,
    Choice(Vec<Variant>),
    Bool,
    Int {
        min: i64,
        max: i64,
    },
    /// Bytes that stay in the host.
    Secret,
    List,
}

/// One option of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    pub value: String,
    pub name: String,
    /// Other spellings that are accepted; case does not matter.
    pub aliases: Vec<String>,
    /// What templates may use as `{field.property}`.
    pub properties: Vec<(String, String)>,
}

/// A regular expression that a value should match.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub regex: Regex,
    pub severity: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Warn,
    Error,
}

/// A rule between fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    pub kind: ConstraintKind,
    pub fields: Vec<String>,
    /// For `dependent-on`: what the fields need.
    pub on: Vec<String>,
    /// Added to the message.
    pub help: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    RequiredTogether,
    AtLeastOne,
    MutuallyExclusive,
    DependentOn,
}

/// A test of the configuration that switches an origin, a credential or an egress entry on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub field: String,
    pub test: ConditionTest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionTest {
    /// Given, or true.
    Set,
    /// Not given, or false.
    Unset,
    /// A choice has this value.
    Is(String),
}

impl Condition {
    /// Reads `field`, `!field` or `field=value`.
    pub fn parse(text: &str) -> Self {
        if let Some(field) = text.strip_prefix('!') {
            return Self { field: field.to_owned(), test: ConditionTest::Unset };
        }
        match text.split_once('=') {
            Some((field, value)) => Self { field: field.to_owned(), test: ConditionTest::Is(value.to_owned()) },
            None => Self { field: text.to_owned(), test: ConditionTest::Set },
        }
    }
}
