//! The configuration, read by field name. The host has normalised and validated it against the manifest before.

use crate::types::{Failure, Value};

/// The fields that are set or have a default.
#[derive(Debug, Clone)]
pub struct Config {
    fields: Vec<(String, Value)>,
}

impl Config {
    pub(crate) fn new(fields: Vec<(String, Value)>) -> Self {
        Self { fields }
    }

    /// The value of a field. A secret is `flag(true)`: its bytes stay in the host.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// A text field that the manifest requires. Its absence is a fault of the connector or its manifest.
    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        match self.get(name) {
            Some(Value::Text(text)) => Ok(text),
            Some(_) => Err(Failure::bug(format!("configuration field `{name}` is not text"))),
            None => Err(Failure::bug(format!("configuration field `{name}` is not declared as required"))),
        }
    }

    /// A text field that may be absent.
    pub fn optional_text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A whole number that the manifest requires or gives a default. Its absence is a fault of the connector.
    pub fn int(&self, name: &str) -> Result<i64, Failure> {
        match self.get(name) {
            Some(Value::Int(number)) => Ok(*number),
            Some(_) => Err(Failure::bug(format!("configuration field `{name}` is not a whole number"))),
            None => Err(Failure::bug(format!("configuration field `{name}` has no default"))),
        }
    }

    /// Whether a switch is on; an absent one is off.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Flag(true)))
    }
}
