//! The usual ways of paging, as cursors. None of them looks for pages that come again: a cursor that was there before ends
//! the listing in the host, which knows all of them.

use serde::Serialize;

use crate::json::FromJson;

/// A window on a listing: skip `offset` items, give `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
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
    #[must_use]
    pub fn to(self, next: u64) -> Self {
        Self { offset: next, ..self }
    }

    /// The next window of a target that only says how many items there are. None: this was the last.
    pub fn after(self, held: usize, total: u64) -> Option<Self> {
        let next = self.offset.saturating_add(u64::try_from(held).unwrap_or(u64::MAX));
        (held > 0 && next < total).then_some(Self { offset: next, ..self })
    }
}

/// The target's own cursor for the next page. Null, missing and empty mean that there is no next page.
pub fn following(next: Option<&str>) -> Option<String> {
    next.filter(|next| !next.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_ends_a_listing_and_so_does_an_empty_page() {
        let first = Offset::first(2);
        assert_eq!(first.after(2, 3), Some(Offset { offset: 2, limit: 2 }));
        assert_eq!(first.after(2, 2), None);
        assert_eq!(first.after(0, 3), None);
    }

    #[test]
    fn an_empty_cursor_is_none() {
        assert_eq!(following(Some("a")).as_deref(), Some("a"));
        assert_eq!(following(Some("")), None);
        assert_eq!(following(None), None);
    }
}
