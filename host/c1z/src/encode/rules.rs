//! The field rules: what is refused, what is cut or left out, and how that is told.

use std::fmt;

use super::Encoded;
use crate::model::{ResourceId, Timestamp};
use crate::proto::{self, Message};
use crate::text::printable;
use crate::timestamp;

/// Ids are 1 to so many bytes of UTF-8; longer ones must be shortened by the connector, always in the same way.
pub const MAX_ID_BYTES: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKind {
    ResourceType,
    Resource,
    Entitlement,
    Grant,
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResourceType => "resource type",
            Self::Resource => "resource",
            Self::Entitlement => "entitlement",
            Self::Grant => "grant",
        })
    }
}

/// Which row is meant. `Display` escapes control characters and shortens an id that would fill the screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowName {
    pub kind: RowKind,
    pub id: String,
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Arbitrary: two lines of a terminal.
        const SHOWN: usize = 160;
        write!(f, "{} `{}`", self.kind, printable(&self.id, SHOWN))
    }
}

/// Something that was changed so that a file may hold the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub row: RowName,
    /// The field's name in the protobuf, or the annotation's.
    pub field: String,
    pub adjustment: Adjustment,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.row, self.field, self.adjustment)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Shortened at a character boundary.
    Cut { bytes: usize, kept: usize },
    /// Left out, and why.
    Dropped(&'static str),
    /// Kept as text instead of its own kind, and why.
    AsText(&'static str),
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { bytes, kept } => write!(f, "cut from {bytes} to {kept} bytes"),
            Self::Dropped(reason) => write!(f, "left out: {reason}"),
            Self::AsText(reason) => write!(f, "kept as text: {reason}"),
        }
    }
}

/// Why no file may hold a row. The fault is the connector's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("{row}: its {field} is empty")]
    Empty { row: RowName, field: &'static str },
    #[error("{row}: its {field} has {bytes} bytes, and at most {MAX_ID_BYTES} are possible")]
    TooLong { row: RowName, field: &'static str, bytes: usize },
    #[error("{row} is of resource type `{resource_type}`, which the sync does not have")]
    UnknownResourceType { row: RowName, resource_type: String },
    #[error("{row} lacks the {missing} trait, which its resource type promises")]
    MissingTrait { row: RowName, missing: &'static str },
}

/// A row that is being encoded: names it in errors, gathers its notes.
#[derive(Debug)]
pub(super) struct Row<'a> {
    kind: RowKind,
    id: &'a str,
    notes: Vec<Note>,
}

impl<'a> Row<'a> {
    pub(super) fn new(kind: RowKind, id: &'a str) -> Self {
        Self { kind, id, notes: Vec::new() }
    }

    pub(super) fn name(&self) -> RowName {
        RowName { kind: self.kind, id: self.id.to_owned() }
    }

    pub(super) fn finish<Columns>(self, columns: Columns, message: &impl Message) -> Encoded<Columns> {
        Encoded { columns, data: message.encode_to_vec(), notes: self.notes }
    }

    pub(super) fn into_notes(self) -> Vec<Note> {
        self.notes
    }

    fn note(&mut self, field: impl Into<String>, adjustment: Adjustment) {
        let row = self.name();
        self.notes.push(Note { row, field: field.into(), adjustment });
    }

    pub(super) fn dropped(&mut self, field: impl Into<String>, reason: &'static str) {
        self.note(field, Adjustment::Dropped(reason));
    }

    pub(super) fn kept_as_text(&mut self, field: impl Into<String>, reason: &'static str) {
        self.note(field, Adjustment::AsText(reason));
    }

    pub(super) fn check_id(&self, field: &'static str, id: &str) -> Result<(), RowError> {
        match id.len() {
            0 => Err(RowError::Empty { row: self.name(), field }),
            1..=MAX_ID_BYTES => Ok(()),
            bytes => Err(RowError::TooLong { row: self.name(), field, bytes }),
        }
    }

    pub(super) fn resource_id(&self, field: &'static str, id: &ResourceId) -> Result<proto::ResourceId, RowError> {
        self.check_id(field, &id.resource_type)?;
        self.check_id(field, &id.resource)?;
        Ok(proto::ResourceId {
            resource_type: id.resource_type.clone(),
            resource: id.resource.clone(),
            baton_resource: false,
        })
    }

    /// At most `limit` bytes of a text.
    pub(super) fn cut(&mut self, field: &'static str, text: &str, limit: usize) -> String {
        let kept = text.floor_char_boundary(limit);
        if kept < text.len() {
            self.note(field, Adjustment::Cut { bytes: text.len(), kept });
        }
        text.get(..kept).unwrap_or(text).to_owned()
    }

    /// A link if it is an https one of at most 1,024 bytes.
    pub(super) fn link(&mut self, field: &'static str, link: &str) -> Option<String> {
        if link.len() > 1024 {
            self.dropped(field, "a link of more than 1024 bytes");
        } else if !is_https_link(link) {
            self.dropped(field, "not an https link");
        } else {
            return Some(link.to_owned());
        }
        None
    }

    /// An address if it is one.
    pub(super) fn email(&mut self, field: &'static str, address: &str) -> Option<String> {
        if is_email_address(address) {
            return Some(address.to_owned());
        }
        self.dropped(field, "not an e-mail address");
        None
    }

    /// A time if the protobuf's type can hold it: viewers fail as a whole on others.
    pub(super) fn time(&mut self, field: &'static str, moment: Option<Timestamp>) -> Option<proto::Timestamp> {
        let moment = moment?;
        let nanos = i32::try_from(moment.nanoseconds).ok().filter(|_| timestamp::is_valid(moment));
        if nanos.is_none() {
            self.dropped(field, "not a time in the years 1 to 9999");
        }
        Some(proto::Timestamp { seconds: moment.seconds, nanos: nanos? })
    }
}

/// `https://`, a host, and neither spaces nor control characters anywhere.
pub(crate) fn is_https_link(link: &str) -> bool {
    let Some((scheme, rest)) = link.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("https")
        && !host.is_empty()
        && !link.chars().any(|character| character.is_whitespace() || character.is_control())
}

/// An address as the field's own validation takes it: a dotted local part of at most 64 bytes (letters of any script),
/// and an ASCII host name; at most 254 bytes together. Quoted local parts are not taken.
pub(crate) fn is_email_address(address: &str) -> bool {
    let Some((local, host)) = address.split_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty()
            && part.chars().all(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' => true,
                _ if character.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(character),
                _ => !character.is_whitespace() && !character.is_control(),
            })
    };
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    address.len() <= 254 && local.len() <= 64 && local.split('.').all(atom) && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["a@example.com", "a.b+c@example.co.uk", "jürgen@example.com", "李@example.com", "o'hara@localhost"]
        {
            assert!(is_email_address(good), "{good}");
        }
        let long_local = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@b@example.com",
            ".a@example.com",
            "a..b@example.com",
            "a@-example.com",
            "a@exa_mple.com",
            "a@example..com",
            "n/a",
            "Ann <a@example.com>",
            "a@example.com\n",
            "a@bücher.example",
            &long_local,
        ] {
            assert!(!is_email_address(bad), "{bad}");
        }
    }

    #[test]
    fn only_https_links_are_taken() {
        for good in ["https://example.com", "HTTPS://example.com/a?b#c", "https://example.com:8443/ü"] {
            assert!(is_https_link(good), "{good}");
        }
        for bad in [
            "",
            "http://example.com",
            "example.com",
            "https://",
            "https:///a",
            "https://example.com/a b",
            "javascript:alert(1)",
            "https://example.com/\u{7}",
        ] {
            assert!(!is_https_link(bad), "{bad}");
        }
    }

    #[test]
    fn text_is_cut_between_characters_and_told() {
        let mut row = Row::new(RowKind::Resource, "user:1");
        assert_eq!(row.cut("display_name", "äöü", 4), "äö");
        assert_eq!(row.cut("display_name", "äöü", 3), "ä");
        assert_eq!(row.cut("display_name", "äöü", 6), "äöü");
        let notes = row.into_notes();
        assert_eq!(notes.len(), 2);
        assert_eq!(notes[1].to_string(), "resource `user:1`: display_name cut from 6 to 2 bytes");
    }

    #[test]
    fn a_name_in_a_message_is_short_and_harmless() {
        let name = RowName { kind: RowKind::Grant, id: format!("a\u{1b}[2J\n{}", "x".repeat(5000)) };
        let text = name.to_string();
        assert!(text.len() < 250 && text.starts_with("grant `a\\u{1b}[2J\\n") && text.ends_with("…`"), "{text}");
    }
}
