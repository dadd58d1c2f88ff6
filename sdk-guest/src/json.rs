//! Field types for answers whose APIs treat null, missing and empty alike. Use them in structs with
//! `#[serde(default)]`, and let serde skip the fields that nobody reads.

use std::ops::Deref;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

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

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// How many elements a list has; the elements themselves are skipped. None: null or missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count(pub Option<usize>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<Vec<IgnoredAny>>::deserialize(deserializer)?.map(|list| list.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Answer {
        name: Text,
        groups: List<u8>,
        phones: Count,
    }

    #[test]
    fn null_missing_and_empty_are_alike() {
        for answer in [r#"{}"#, r#"{"name":null,"groups":null}"#, r#"{"name":" ","groups":[]}"#] {
            let answer: Answer = serde_json::from_str(answer).unwrap();
            assert_eq!(answer.name.given(), None);
            assert!(answer.groups.is_empty());
            assert_eq!(answer.phones, Count(None));
        }
    }

    #[test]
    fn lists_are_counted_without_being_kept() {
        let answer: Answer = serde_json::from_str(r#"{"phones":[{"a":[1]},2]}"#).unwrap();
        assert_eq!(answer.phones, Count(Some(2)));
    }
}
