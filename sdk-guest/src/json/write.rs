//! JSON as text again, without white space: what is kept as it came, or sent back.

use std::fmt::Display;

use serde::Serialize;

use super::tree::Node;
use super::{FromJson, Json, Problem};
use crate::Failure;

/// A value as JSON text. `what` it is, such as `the cursor of users`, is for the failure.
///
/// # Errors
/// A map whose keys are no texts: JSON has no form for that, and a connector should not try.
pub fn write<T: Serialize + ?Sized>(what: &dyn Display, value: &T) -> Result<String, Failure> {
    // Not with the error's own words: they bring along the words for everything that can be wrong when JSON is read.
    serde_json::to_string(value).map_err(|_| Failure::bug(format!("{what} cannot be written as JSON")))
}

/// Whatever it is, as JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verbatim(pub String);

impl FromJson for Verbatim {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        if json.is_missing() {
            problem.expected("something", json);
        }
        Self(json.compact())
    }
}

/// A text as JSON has it, in quotation marks.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    quote(text, &mut json);
    json
}

impl Json<'_> {
    /// All of it as JSON text; of what is missing, null.
    pub fn compact(self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(self, to: &mut String) {
        match self.first() {
            None | Some(Node::Null) => to.push_str("null"),
            Some(Node::Flag(flag)) => to.push_str(if *flag { "true" } else { "false" }),
            Some(Node::Number(number)) => to.push_str(number),
            Some(Node::Text(text)) => quote(text, to),
            Some(Node::List(_)) => {
                to.push('[');
                for (place, item) in self.items().into_iter().flatten().enumerate() {
                    to.push_str(if place > 0 { "," } else { "" });
                    item.write(to);
                }
                to.push(']');
            }
            Some(Node::Object(_)) => {
                to.push('{');
                for (place, (name, value)) in self.members().into_iter().flatten().enumerate() {
                    to.push_str(if place > 0 { "," } else { "" });
                    quote(name, to);
                    to.push(':');
                    value.write(to);
                }
                to.push('}');
            }
        }
    }
}

fn quote(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => to.extend(['\\', character]),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            ..' ' => to.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => to.push(character),
        }
    }
    to.push('"');
}
