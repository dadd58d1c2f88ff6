//! Lists of numbered pages. Every list says how many items it has, which alone tells where it ends: the next page that a
//! team list names is there on its last page too.
//!
//! The first page is asked for alone; it says how many follow. Those are asked for two at a time, as many as may be under
//! way.

use accord_sdk::json::FromJson;
use accord_sdk::{Failure, Host, Page, Request, Response, Step, Target};
use serde::Serialize;

use crate::Datadog;
use crate::api::Reference;

/// The most that Datadog gives in one page.
const SIZE: u32 = 100;

/// Pages asked for at once.
const AT_ONCE: u32 = 2;

/// Where a list stands.
#[derive(Serialize, FromJson)]
struct Place {
    number: u32,
    /// How many items there are, by the latest page.
    total: u64,
    /// The same by the first page.
    began_with: u64,
}

/// A document with items. What it includes beside them is skipped: it can be much longer than they are.
#[derive(FromJson)]
struct List<T> {
    data: Vec<T>,
    #[json(default)]
    meta: Meta,
}

/// The three ways in which lists count.
#[derive(FromJson, Default)]
#[json(default)]
struct Meta {
    page: Counters,
    pagination: Counters,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Counters {
    total_filtered_count: Option<u64>,
    total: Option<u64>,
}

/// The next answers of a list.
pub(crate) struct Asked {
    place: Option<Place>,
    /// The number of the last page among them.
    last: u32,
    answers: Vec<Response>,
}

/// Reads one answer, and tells how many items were read by now.
type ReadAnswer<'a> = dyn FnMut(&Response) -> Result<(usize, Meta), Failure> + 'a;

impl Asked {
    /// The answer that the list begins with.
    pub(crate) fn first(&self) -> Option<&Response> {
        if self.place.is_none() { self.answers.first() } else { None }
    }

    /// Reads the answers, each of which tells how many items there are now, and says where the list goes on.
    fn read(&self, page: &mut Page<'_>, read: &mut ReadAnswer<'_>) -> Result<Step, Failure> {
        let (mut held, mut total) = (0, None);
        for answer in &self.answers {
            let (length, meta) = read(answer)?;
            let Some(told) = meta.total() else {
                let message =
                    "Datadog's page does not say how many items there are, so nobody knows whether it is the last";
                return Err(Failure::invalid_response(message, answer.place()));
            };
            (held, total) = (length, Some(told));
        }
        page.holds(held, total);
        let total = total.unwrap_or_default();
        let began_with = self.place.as_ref().map_or(total, |place| place.began_with);
        // Items moved between the pages while they were read. Once: a busy list may never stand still.
        if total != began_with && page.restarts() == 0 {
            return Ok(Step::Restart(format!("it had {began_with} items and has {total} now")));
        }
        let next = Place { number: self.last + 1, total, began_with };
        if next.number <= next.last() { page.next(&next) } else { Ok(Step::Done) }
    }
}

/// Some of a list's items, and where it goes on after them.
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
    pub(crate) step: Step,
}

impl Datadog {
    /// Reads on in a list.
    pub(crate) fn list<T: FromJson>(&self, page: &mut Page<'_>, request: &Request) -> Result<Items<T>, Failure> {
        let asked = self.ask(page, request)?;
        self.items(page, &asked)
    }

    /// Asks for what comes next in a list.
    pub(crate) fn ask(&self, page: &Page<'_>, request: &Request) -> Result<Asked, Failure> {
        let place = page.cursor::<Place>()?;
        let (first, last) = match &place {
            Some(place) => (place.number, place.last().min(place.number + AT_ONCE - 1)),
            None => (0, 0),
        };
        let requests: Vec<Request> = (first..=last).map(|number| at(request, number, SIZE)).collect();
        let answers = self.send_all(page, &requests).into_iter().collect::<Result<_, _>>()?;
        Ok(Asked { place, last, answers })
    }

    /// Reads what a list answered.
    pub(crate) fn items<T: FromJson>(&self, page: &mut Page<'_>, asked: &Asked) -> Result<Items<T>, Failure> {
        let mut items = Vec::new();
        let step = asked.read(page, &mut |answer| {
            let list: List<T> = self.decode(answer)?;
            items.extend(list.data);
            Ok((items.len(), list.meta))
        })?;
        Ok(Items { items, step })
    }
}

impl Datadog {
    /// Whether a list, read anew, has an object of this id. A list that is shorter than it says proves nothing: it might
    /// have it.
    pub(crate) fn is_listed(&self, page: &Page<'_>, request: &Request, id: &str) -> Result<bool, Failure> {
        let mut is_there = false;
        let whole = self.browse(page, request, |objects: Vec<Reference>| {
            is_there = objects.iter().any(|object| &*object.id == id);
            is_there
        })?;
        Ok(is_there || !whole)
    }

    /// Reads a list anew, page by page, until enough was seen. Whether that, or all that the list says it has, was seen.
    pub(crate) fn browse<T: FromJson>(
        &self,
        host: &Host,
        request: &Request,
        mut is_enough: impl FnMut(Vec<T>) -> bool,
    ) -> Result<bool, Failure> {
        let mut seen = 0;
        for number in 0.. {
            let list: List<T> = self.fetch(host, &at(request, number, SIZE))?;
            let (length, total) = (list.data.len() as u64, list.meta.total());
            seen += length;
            if is_enough(list.data) {
                return Ok(true);
            }
            if length == 0 || total.is_none_or(|total| seen >= total) {
                return Ok(total.is_some_and(|total| seen >= total));
            }
        }
        Ok(false)
    }
}

impl Place {
    /// The number of the last page.
    fn last(&self) -> u32 {
        u32::try_from(self.total.saturating_sub(1) / u64::from(SIZE)).unwrap_or(u32::MAX)
    }
}

impl Meta {
    fn total(&self) -> Option<u64> {
        [&self.page, &self.pagination].into_iter().find_map(|counters| counters.total_filtered_count.or(counters.total))
    }
}

/// A list's request for one page.
pub(crate) fn at(request: &Request, number: u32, size: u32) -> Request {
    request.clone().query("page[size]", size).query("page[number]", number)
}

/// A list's request for one item, to see whether it is allowed.
pub(crate) fn probe(request: &Request) -> Request {
    at(request, 0, 1)
}
