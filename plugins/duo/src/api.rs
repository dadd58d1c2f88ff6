//! How Duo's Admin API answers: its envelope, its pages, its refusals, and the permissions that it asks for.

use accord_sdk::json::{self, FromJson, Text};
use accord_sdk::paging::Offset;
use accord_sdk::types::Detail;
use accord_sdk::{Failure, Page, Request, Response, Step, Target};

use crate::Duo;

/// Permissions of an Admin API application, as the admin panel and the manifest name them.
pub(crate) const SETTINGS: &str = "Grant settings";
pub(crate) const RESOURCES: &str = "Grant resource - Read";
pub(crate) const RESOURCES_WRITE: &str = "Grant resource - Write";
pub(crate) const ADMINISTRATORS: &str = "Grant administrators - Read";

/// What every endpoint takes. Larger pages are an attempt that falls back to this.
pub(crate) const SAFE_LIMIT: u32 = 100;

/// `{"stat": "OK", "response": …}`, and `metadata` where a listing was asked with a limit.
#[derive(FromJson)]
pub(crate) struct Envelope<T> {
    pub(crate) response: T,
    metadata: Option<Metadata>,
}

#[derive(FromJson)]
struct Metadata {
    total_objects: Option<u64>,
    /// Absent or null on the last page.
    next_offset: Option<u64>,
}

/// Some of a listing's items, the window after them, and how many items there are in all.
pub(crate) struct Window<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<Offset>,
    pub(crate) total: Option<u64>,
}

/// `{"stat": "FAIL", "code": 40103, "message": "…", "message_detail": "…"}`.
#[derive(FromJson, Default)]
#[json(default)]
struct Refusal {
    stat: Text,
    code: u32,
    message: Text,
    message_detail: Text,
}

impl Refusal {
    fn of(response: &Response) -> Self {
        json::read(response.body()).unwrap_or_default()
    }

    /// A refusal is short; a page of users is not read twice to find that it is none.
    fn under_good_status(response: &Response) -> Option<Self> {
        const LONGEST: usize = 4_096;
        Some(response)
            .filter(|response| response.body().len() <= LONGEST)
            .map(Self::of)
            .filter(|it| &*it.stat == "FAIL")
    }
}

impl Target for Duo {
    const NAME: &'static str = "Duo";
    const CREDENTIAL: Option<&'static str> = Some("admin-api");

    fn explain(&self, response: &Response) -> String {
        let refusal = Refusal::of(response);
        match (refusal.code, refusal.message.given(), refusal.message_detail.given()) {
            (0, _, _) | (_, None, _) => String::new(),
            (code, Some(message), None) => format!("code {code} {message}"),
            (code, Some(message), Some(detail)) => format!("code {code} {message}: {detail}"),
        }
    }

    /// Duo has a status in the body too: the first digits of `code` where `stat` is `FAIL`.
    fn status(&self, response: &Response) -> u16 {
        let refusal = if response.status() == 200 { Refusal::under_good_status(response) } else { None };
        refusal.map_or(response.status(), |refusal| u16::try_from(refusal.code / 100).unwrap_or(500))
    }

    fn credentials_refused(&self, response: &Response) -> Detail {
        let shown: String = self.integration_key.chars().take(6).collect();
        let meaning = match Refusal::of(response).code {
            40103 => format!("the secret key does not belong to integration {shown}…"),
            _ => format!("integration key {shown}…, secret key and api hostname do not belong together"),
        };
        Detail::new("Duo refused the signature")
            .meaning(meaning)
            .remedy("copy the secret key of this Admin API application again")
    }

    fn permission_remedy(&self, permission: &str) -> String {
        format!("tick `{permission}` in the Admin API application of Duo's admin panel")
    }

    fn unreachable_remedy(&self) -> String {
        "check `api-hostname`, and what stands between this machine and it".into()
    }
}

impl Duo {
    /// Reads one page of a listing, and says where it goes on.
    ///
    /// A page may be wanted larger than documented for certain; if Duo refuses the first one, the listing is read with
    /// [`SAFE_LIMIT`].
    pub(crate) fn list<T: FromJson>(
        &self,
        page: &mut Page<'_>,
        request: &Request,
        limit: u32,
    ) -> Result<(Vec<T>, Step), Failure> {
        let (window, answer) = match page.cursor()? {
            Some(window) => (window, self.send(page, &at(request, window))?),
            None => self.first(page, request, limit)?,
        };
        let Window { items, next, total } = self.window(&answer, window)?;
        page.holds(items.len(), total);
        let step = match next {
            Some(next) => page.next(&next)?,
            None => Step::Done,
        };
        Ok((items, step))
    }

    /// The first window of a listing, and its answer.
    pub(crate) fn first(&self, page: &Page<'_>, request: &Request, limit: u32) -> Result<(Offset, Response), Failure> {
        let window = Offset::first(limit);
        let answer = self.send(page, &at(request, window))?;
        if answer.status() != 400 || limit <= SAFE_LIMIT {
            return Ok((window, answer));
        }
        let window = Offset::first(SAFE_LIMIT);
        Ok((window, self.send(page, &at(request, window))?))
    }

    /// Whether Duo itself says that there is no such thing. A 404 that does not say `FAIL` may come from a proxy or from
    /// another server, and proves nothing.
    pub(crate) fn has_none(&self, answer: &Response) -> bool {
        self.status(answer) == 404 && &*Refusal::of(answer).stat == "FAIL"
    }

    /// What an answer says of the window that it was asked for.
    pub(crate) fn window<T: FromJson>(&self, answer: &Response, asked: Offset) -> Result<Window<T>, Failure> {
        let Envelope { response, metadata } = self.decode(answer)?;
        let Some(metadata) = metadata else {
            let message = "Duo's page has no `metadata`, so nobody knows whether it is the last";
            return Err(Failure::invalid_response(message, answer.place()));
        };
        let next = metadata.next_offset.map(|next| asked.to(next));
        Ok(Window { items: response, next, total: metadata.total_objects })
    }
}

/// A listing's request for one window.
pub(crate) fn at(request: &Request, window: Offset) -> Request {
    request.clone().query("limit", window.limit).query("offset", window.offset)
}
