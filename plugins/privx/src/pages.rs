//! How PrivX pages: `offset` counts items, `limit` is a wish, and `count` is how many items there are in all.
//!
//! Nobody promises the last, and a server may give less than was asked for. So a short page is only an end where `count`
//! is known to be a total, or where pages of that length are known not to be cut. What one listing learns of that, the
//! later ones know. Once the total and the length of a page are known, several pages are asked for at once.

use accord_sdk::json::{self, FromJson};
use accord_sdk::{Failure, Page, Request, Response, Step, Target};
use serde::Serialize;

use crate::PrivX;

/// Pages asked for at once; the manifest's rate lets no more through. Long pages are asked for one at a time, since what a
/// page of ours may hold is limited.
const AT_ONCE: u64 = 4;
const ITEMS_AT_ONCE: u64 = 1_000;

/// Where a smaller `limit` is tried, this is the smallest.
const SMALLEST_LIMIT: u32 = 50;

/// A listing with more items than this is not believed.
const MOST_ITEMS: u64 = 1_000_000;

/// Facts with this prefix and a listing's name: what it learned of PrivX's pages.
const LEARNED: &str = "pages/";

#[derive(FromJson)]
struct Window<T> {
    count: Option<u64>,
    /// Null where there are none.
    items: Option<Vec<T>>,
}

/// What is known of PrivX's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
pub(crate) struct Learned {
    /// What can be asked for.
    limit: u32,
    /// `count` was seen to be more than a page's own items.
    totals: bool,
    /// The longest page so far: shorter ones are not cut.
    longest: u64,
}

/// Where a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
struct Place {
    offset: u64,
    learned: Learned,
    /// The longest page of earlier listings.
    uncut: u64,
    /// How far one page led; 0 where nobody knows yet.
    stride: u64,
    /// The last `count`, if it is a total.
    total: Option<u64>,
    /// Items that are no rows by the operator's wish.
    skipped: u64,
}

/// Some of a listing's items, and where it goes on after them.
pub(crate) struct Read<T> {
    pub(crate) items: Vec<T>,
    answers: Vec<Response>,
    place: Place,
    done: bool,
    shrank: bool,
}

impl PrivX {
    /// What to begin a listing with: what those before it learned.
    pub(crate) fn learned(&self, page: &Page<'_>, before: &[&str]) -> Learned {
        let keys: Vec<String> = before.iter().map(|name| format!("{LEARNED}{name}")).collect();
        let known = page.facts(&keys).into_iter().flatten();
        let known = known.filter_map(|fact| json::read::<Learned>(&fact).ok());
        known.fold(Learned { limit: self.page_size, totals: false, longest: 0 }, Learned::and)
    }

    /// Reads on in a listing.
    pub(crate) fn list<T: FromJson>(
        &self,
        page: &Page<'_>,
        request: &Request,
        learned: Learned,
    ) -> Result<Read<T>, Failure> {
        let (place, answers) = match page.cursor::<Place>()? {
            Some(place) => (place, self.send_all(page, &place.requests(request))),
            None => self.first(page, request, learned)?,
        };
        let mut read = Read { items: Vec::new(), answers: Vec::new(), place, done: false, shrank: false };
        for (position, answer) in (0..).zip(answers) {
            // The page before led elsewhere, or was the last.
            if read.done || read.place.offset != place.offset + position * place.stride {
                break;
            }
            let window = answer.and_then(|answer| Ok((self.decode(&answer)?, answer)));
            match window {
                Ok((window, answer)) => {
                    read.add(window, request)?;
                    read.answers.push(answer);
                }
                // What was answered before is good; the next page begins with this one.
                Err(_) if position > 0 => break,
                Err(failure) => return Err(failure),
            }
        }
        Ok(read)
    }

    /// The first page, with a smaller limit where PrivX does not take this one.
    fn first(
        &self,
        page: &Page<'_>,
        request: &Request,
        mut learned: Learned,
    ) -> Result<(Place, Vec<Result<Response, Failure>>), Failure> {
        loop {
            let place = Place { offset: 0, learned, uncut: learned.longest, stride: 0, total: None, skipped: 0 };
            let answer = self.send(page, &place.request(request, 0))?;
            if answer.status() != 400 || learned.limit <= SMALLEST_LIMIT {
                return Ok((place, vec![Ok(answer)]));
            }
            learned.limit = (learned.limit / 2).max(SMALLEST_LIMIT);
        }
    }
}

impl Learned {
    fn and(self, other: Self) -> Self {
        Self {
            limit: self.limit.min(other.limit),
            totals: self.totals || other.totals,
            longest: self.longest.max(other.longest),
        }
    }

    /// The same, for a listing that trusts no short page of others.
    pub(crate) fn without_length(self) -> Self {
        Self { longest: 0, ..self }
    }
}

impl Place {
    fn request(&self, request: &Request, offset: u64) -> Request {
        request.clone().query("offset", offset).query("limit", self.learned.limit)
    }

    /// The next pages, as far as there is something.
    fn requests(&self, request: &Request) -> Vec<Request> {
        let pages = (ITEMS_AT_ONCE / self.stride.max(1)).min(AT_ONCE);
        let ahead = (1..pages).map(|position| self.offset + position * self.stride);
        let ahead = ahead.filter(|offset| self.stride > 0 && self.total.is_some_and(|total| *offset < total));
        std::iter::once(self.offset).chain(ahead).map(|offset| self.request(request, offset)).collect()
    }
}

impl<T> Read<T> {
    fn add(&mut self, window: Window<T>, request: &Request) -> Result<(), Failure> {
        let Window { count, items } = window;
        if count.is_none() && items.is_none() {
            let message = "PrivX's page has neither `count` nor `items`";
            return Err(Failure::invalid_response(message, request.place()));
        }
        let items = items.unwrap_or_default();
        let held = items.len() as u64;
        self.place.offset += held;
        self.place.stride = held;
        let learned = &mut self.place.learned;
        learned.longest = learned.longest.max(held);
        // Less than what was read is no total, whatever it was before.
        let enough = count.filter(|count| *count >= self.place.offset);
        learned.totals = enough.is_some_and(|count| learned.totals || count > held);
        self.shrank |= count.zip(self.place.total).is_some_and(|(now, before)| now < before);
        self.place.total = enough.filter(|_| learned.totals);
        self.done = held == 0
            || match self.place.total {
                Some(total) => self.place.offset >= total,
                None => held < u64::from(learned.limit) && held < self.place.uncut,
            };
        if self.place.offset > MOST_ITEMS && !self.done {
            let message = format!("PrivX lists more than {MOST_ITEMS} items, which nobody has");
            return Err(Failure::invalid_response(message, request.place()));
        }
        self.items.extend(items);
        Ok(())
    }

    /// The same items once more, as another type: for what only few of them are wanted for.
    pub(crate) fn again<U: FromJson>(&self, privx: &PrivX) -> Result<Vec<U>, Failure> {
        let mut items = Vec::with_capacity(self.items.len());
        for answer in &self.answers {
            items.extend(privx.decode::<Window<U>>(answer)?.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// Says that so many of the items are no rows.
    pub(crate) fn skip(&mut self, items: u64) {
        self.place.skipped += items;
    }

    /// Keeps what was learned for later listings.
    pub(crate) fn teach(&self, page: &Page<'_>) -> Result<(), Failure> {
        let learned = json::write(&"what was learned of pages", &self.place.learned)?;
        page.put_facts(&[(format!("{LEARNED}{}", page.name()), learned.into_bytes())])
    }

    /// Tells the page what it holds, and where it goes on.
    pub(crate) fn step(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
        if self.shrank {
            // Whatever stood behind what was taken out has moved forward, over the edge of a page perhaps.
            return Ok(Step::Restart("items were taken out while it was read".into()));
        }
        let total = self.place.total.map(|total| self.tolerated(page, total).saturating_sub(self.place.skipped));
        page.holds(self.items.len(), total);
        if self.done { Ok(Step::Done) } else { page.next(&self.place) }
    }

    /// How many items there must be. A second pass may miss a few of those that are told of: they are a named gap then.
    fn tolerated(&self, page: &mut Page<'_>, total: u64) -> u64 {
        let missing = total.saturating_sub(self.place.offset);
        let few = missing <= 10 || missing.saturating_mul(100) <= total;
        if !self.done || missing == 0 || page.restarts() == 0 || !few {
            return total;
        }
        let told = format!("{missing} of {total}");
        page.note_lost("items that PrivX counts and does not show", "the listing was read twice", told);
        self.place.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEARNED: Learned = Learned { limit: 200, totals: false, longest: 0 };

    fn read(place: Place, held: usize, count: u64) -> Read<usize> {
        let mut read = Read { items: Vec::new(), answers: Vec::new(), place, done: false, shrank: false };
        read.add(Window { count: Some(count), items: Some(vec![0; held]) }, &Request::get("/roles")).unwrap();
        read
    }

    fn at(offset: u64, learned: Learned) -> Place {
        Place { offset, learned, uncut: learned.longest, stride: 0, total: None, skipped: 0 }
    }

    fn asked(place: &Place) -> Vec<String> {
        let requests = place.requests(&Request::get("/roles"));
        requests.iter().map(|request| format!("{request:?}")).collect()
    }

    #[test]
    fn a_short_page_is_an_end_only_where_that_is_known() {
        assert!(!read(at(0, LEARNED), 7, 7).done, "it may have been cut");
        assert!(read(at(7, LEARNED), 0, 7).done);
        assert!(!read(at(0, LEARNED), 200, 200).done);
        let totals = Learned { totals: true, ..LEARNED };
        assert!(read(at(0, totals), 7, 7).done);
        assert!(read(at(0, totals), 200, 200).done);
        assert!(!read(at(0, LEARNED), 50, 120).done, "the count is a total, and there is more");
        let longest = Learned { longest: 9, ..LEARNED };
        assert!(read(at(0, longest), 8, 8).done, "longer pages are not cut");
        assert!(!read(at(0, longest), 9, 9).done);
        let nonsense = read(at(0, totals), 50, 1);
        assert!(!nonsense.done && !nonsense.place.learned.totals, "there cannot be fewer than there are");
        assert!(!read(at(200, LEARNED), 0, 1).place.learned.totals);
    }

    #[test]
    fn pages_are_asked_for_ahead_as_far_as_there_is_something() {
        let place = |offset, stride, total| Place { stride, total, ..at(offset, LEARNED) };
        assert_eq!(asked(&place(200, 200, Some(5_000))).len(), 4);
        assert_eq!(asked(&place(200, 200, Some(601))).len(), 3);
        assert_eq!(asked(&place(200, 200, Some(400))).len(), 1);
        assert_eq!(asked(&place(500, 500, Some(5_000))).len(), 2);
        assert_eq!(asked(&place(1_000, 1_000, Some(5_000))).len(), 1);
        assert_eq!(asked(&place(200, 200, None)).len(), 1);
        assert_eq!(asked(&place(200, 0, Some(5_000))).len(), 1);
    }

    #[test]
    fn large_offsets_are_written_in_full() {
        let place = Place { stride: 0, ..at(1_000_000, LEARNED) };
        assert!(asked(&place)[0].contains(r#"("offset", "1000000")"#), "{:?}", asked(&place));
    }

    #[test]
    fn a_listing_without_an_end_is_not_believed() {
        let mut read =
            Read { items: Vec::new(), answers: Vec::new(), place: at(999_900, LEARNED), done: false, shrank: false };
        let window = Window { count: Some(9_000_000), items: Some(vec![0; 200]) };
        assert!(read.add(window, &Request::get("/roles")).is_err());
    }
}
