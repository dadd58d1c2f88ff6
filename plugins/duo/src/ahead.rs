//! Reading a long listing two windows at a time. Once a page has told how far one window leads and how many items there
//! are, the window after the next one is known too, and nobody has to wait for one answer before asking for the other.

use accord_sdk::json::FromJson;
use accord_sdk::paging::Offset;
use accord_sdk::{Failure, Page, Request, Step, Target};
use serde::Serialize;

use crate::Duo;
use crate::api::{Window, at};

/// Windows asked for at once. More would only wait: two fill the rate that Duo allows.
const AT_ONCE: u64 = 2;

/// Where the listing stands.
#[derive(Serialize, FromJson)]
struct Place {
    window: Offset,
    /// How far the window before led. It may be less than was asked for.
    stride: u64,
    total: u64,
}

/// Some of a listing's items, in their order, and where it goes on after them.
pub(crate) struct Ahead<T> {
    pub(crate) items: Vec<T>,
    first: u64,
    next: Option<Place>,
    total: Option<u64>,
    limit: u32,
}

impl Duo {
    /// Reads on in a listing.
    pub(crate) fn list_ahead<T: FromJson>(
        &self,
        page: &Page<'_>,
        request: &Request,
        limit: u32,
    ) -> Result<Ahead<T>, Failure> {
        let Some(place) = page.cursor::<Place>()? else {
            let (window, answer) = self.first(page, request, limit)?;
            let mut ahead = Ahead::at(window);
            ahead.add(window, self.window(&answer, window)?);
            return Ok(ahead);
        };
        let windows = place.windows();
        let requests: Vec<Request> = windows.iter().map(|window| at(request, *window)).collect();
        let mut ahead = Ahead::at(place.window);
        for (window, answer) in windows.into_iter().zip(self.send_all(page, &requests)) {
            // The window before led elsewhere, or was the last.
            if window != place.window && ahead.next.as_ref().is_none_or(|next| next.window != window) {
                break;
            }
            ahead.add(window, self.window(&answer?, window)?);
        }
        Ok(ahead)
    }
}

impl Place {
    fn windows(&self) -> Vec<Offset> {
        let first = self.window;
        let offsets = (0..AT_ONCE).map(|ahead| first.offset + ahead * self.stride);
        let known = offsets.filter(|offset| *offset == first.offset || (self.stride > 0 && *offset < self.total));
        let mut offsets: Vec<u64> = known.collect();
        offsets.dedup();
        offsets.into_iter().map(|offset| first.to(offset)).collect()
    }
}

impl<T> Ahead<T> {
    fn at(window: Offset) -> Self {
        Self { items: Vec::new(), first: window.offset, next: None, total: None, limit: window.limit }
    }

    fn add(&mut self, window: Offset, answer: Window<T>) {
        self.items.extend(answer.items);
        self.total = answer.total;
        self.next = answer.next.map(|next| Place {
            window: next,
            stride: next.offset.saturating_sub(window.offset),
            total: answer.total.unwrap_or_default(),
        });
    }

    /// Ends the page after so many of the items: an offset can point at any of them.
    pub(crate) fn end_after(&mut self, items: usize) {
        if items < self.items.len() {
            self.items.truncate(items);
            let offset = self.first + items as u64;
            self.next = Some(Place { window: Offset { offset, limit: self.limit }, stride: 0, total: 0 });
        }
    }

    /// Tells the page what it holds, and where it goes on.
    pub(crate) fn step(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
        page.holds(self.items.len(), self.total);
        self.next.as_ref().map_or(Ok(Step::Done), |next| page.next(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(offset: u64, stride: u64, total: u64) -> Vec<u64> {
        let place = Place { window: Offset { offset, limit: 300 }, stride, total };
        place.windows().into_iter().map(|window| window.offset).collect()
    }

    #[test]
    fn a_window_is_asked_for_ahead_only_where_there_is_something() {
        assert_eq!(offsets(300, 300, 1_000), [300, 600]);
        assert_eq!(offsets(300, 100, 1_000), [300, 400], "the target gives less than it is asked for");
        assert_eq!(offsets(900, 300, 1_000), [900]);
        assert_eq!(offsets(300, 0, 1_000), [300], "nothing is known");
    }

    #[test]
    fn a_page_can_end_at_any_item() {
        let mut ahead = Ahead::at(Offset { offset: 600, limit: 300 });
        let next = Some(Offset { offset: 900, limit: 300 });
        ahead.add(Offset { offset: 600, limit: 300 }, Window { items: vec![0; 300], next, total: Some(1_000) });
        ahead.end_after(300);
        assert_eq!(ahead.next.as_ref().map(|next| next.window.offset), Some(900));
        ahead.end_after(70);
        assert_eq!((ahead.items.len(), ahead.next.map(|next| next.window.offset)), (70, Some(670)));
    }
}
