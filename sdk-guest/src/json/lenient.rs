//! Field types for answers whose APIs treat null, missing and empty alike.

use std::ops::Deref;

use super::{FromJson, Json, Problem};

/// Text where null and missing are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(String);

impl Text {
    /// The text without surrounding white space; None if nothing is left.
    pub fn given(&self) -> Option<&str> {
        Some(self.0.trim()).filter(|text| !text.is_empty())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromJson for Text {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        Self(Option::from_json(json, problem).unwrap_or_default())
    }
}

/// A list where null and missing are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> List<T> {
    /// The items.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: FromJson> FromJson for List<T> {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        Self(Option::from_json(json, problem).unwrap_or_default())
    }
}

/// How many elements a list has; the elements themselves are skipped. None: null or missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count(pub Option<usize>);

impl FromJson for Count {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        let count = json.items().map(Iterator::count);
        if count.is_none() && !json.is_nothing() {
            problem.expected("a list", json);
        }
        Self(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[derive(FromJson)]
    struct Answer {
        name: Text,
        groups: List<u8>,
        phones: Count,
    }

    #[test]
    fn null_missing_and_empty_are_alike() {
        for answer in [r#"{}"#, r#"{"name":null,"groups":null}"#, r#"{"name":" ","groups":[]}"#] {
            let answer: Answer = json::read(answer.as_bytes()).unwrap();
            assert_eq!(answer.name.given(), None);
            assert!(answer.groups.is_empty());
            assert_eq!(answer.phones, Count(None));
        }
    }

    #[test]
    fn lists_are_counted_without_being_kept() {
        let answer: Answer = json::read(br#"{"phones":[{"a":[1]},2]}"#).unwrap();
        assert_eq!(answer.phones, Count(Some(2)));
    }
}
