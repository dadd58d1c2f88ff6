//! The usual ways of paging, as cursors. Each refuses to stand still, because a target that repeats a page would be
//! read for ever.

use serde::{Deserialize, Serialize};

use crate::Failure;

/// A window on a listing: skip `offset` items, give `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// Items to skip.
    pub offset: u64,
    /// Items wanted.
    pub limit: u32,
}

impl Offset {
    /// The first window.
    pub fn first(limit: u32) -> Self {
        Self { offset: 0, limit }
    }

    /// The window at the offset that the target gave for the next page.
    pub fn to(self, next: u64, place: &str) -> Result<Self, Failure> {
        if next > self.offset {
            Ok(Self { offset: next, ..self })
        } else {
            let message = format!("the listing does not advance: offset {next} after {}", self.offset);
            Err(Failure::invalid_response(message, place))
        }
    }

    /// The next window of a target that only says how many items there are. None: this was the last.
    pub fn after(self, held: usize, total: u64) -> Option<Self> {
        let next = self.offset.saturating_add(u64::try_from(held).unwrap_or(u64::MAX));
        (held > 0 && next < total).then_some(Self { offset: next, ..self })
    }
}

/// The target's own cursor for the next page, unless it is the one that this page was read with. Null, missing and
/// empty mean that there is no next page.
pub fn following(current: Option<&str>, next: Option<&str>, place: &str) -> Result<Option<String>, Failure> {
    match next {
        None | Some("") => Ok(None),
        same if same == current => {
            Err(Failure::invalid_response("the listing does not advance: the same cursor twice", place))
        }
        Some(next) => Ok(Some(next.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_must_grow() {
        let second = Offset::first(100).to(100, "GET /users").unwrap();
        assert_eq!(second, Offset { offset: 100, limit: 100 });
        let failure = second.to(100, "GET /users").unwrap_err();
        assert!(matches!(failure, Failure::InvalidResponse(detail)
            if detail.message == "the listing does not advance: offset 100 after 100" && detail.place == "GET /users"));
        assert!(second.to(50, "GET /users").is_err());
    }

    #[test]
    fn a_total_ends_a_listing_and_so_does_an_empty_page() {
        let first = Offset::first(2);
        assert_eq!(first.after(2, 3), Some(Offset { offset: 2, limit: 2 }));
        assert_eq!(first.after(2, 2), None);
        assert_eq!(first.after(0, 3), None);
    }

    #[test]
    fn a_cursor_must_change() {
        assert_eq!(following(None, Some("a"), "").unwrap().as_deref(), Some("a"));
        assert_eq!(following(Some("a"), None, "").unwrap(), None);
        assert_eq!(following(Some("a"), Some(""), "").unwrap(), None);
        assert!(following(Some("a"), Some("a"), "").is_err());
    }
}
