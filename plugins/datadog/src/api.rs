//! How Datadog answers: documents of JSON:API, refusals in two forms, and the permissions that it asks for.

use accord_sdk::json::{self, FromJson, Json, List, Object, Problem, Text};
use accord_sdk::types::Detail;
use accord_sdk::{Failure, Host, Page, Request, Response, Target, Timestamp};
use serde::Serialize;

use crate::Datadog;

/// Permissions as Datadog's pages and the manifest name them.
pub(crate) const USERS: &str = "User Access Read";
pub(crate) const TEAMS: &str = "Teams Read";
pub(crate) const ON_CALL: &str = "On-Call Read";
pub(crate) const API_KEYS: &str = "API Keys Read";
pub(crate) const INVITE: &str = "User Access Invite";
pub(crate) const MANAGE: &str = "User Access Manage";
pub(crate) const SERVICE_ACCOUNTS: &str = "Service Account Write";

/// `{"data": …}`.
#[derive(Serialize, FromJson)]
pub(crate) struct Document<T> {
    pub(crate) data: T,
}

/// Names one object: `{"type": "users", "id": "…"}`.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Reference {
    #[json(rename = "type")]
    pub(crate) kind: Text,
    pub(crate) id: Text,
}

/// The same, to be sent.
#[derive(Serialize)]
pub(crate) struct Named<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> Named<'a> {
    pub(crate) fn user(id: &'a str) -> Self {
        Self { id, kind: "users" }
    }

    pub(crate) fn role(id: &'a str) -> Self {
        Self { id, kind: "roles" }
    }
}

/// A relation to one object: `{"data": {…}}`, with null for none.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct One {
    pub(crate) data: Option<Reference>,
}

impl One {
    /// The id of the object that it names.
    pub(crate) fn id(&self) -> Option<&str> {
        self.data.as_ref()?.id.given()
    }
}

/// A relation to several objects.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Several {
    pub(crate) data: List<Reference>,
}

/// `{"errors": [{"title": "Forbidden"}]}`, or with texts in the place of the objects.
#[derive(FromJson, Default)]
#[json(default)]
struct Refusal {
    errors: Vec<Told>,
}

struct Told {
    title: Text,
    detail: Text,
}

impl FromJson for Told {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        if let Some(text) = json.text() {
            return Self { title: text.into(), detail: Text::default() };
        }
        let mut object = Object::new(json, problem);
        Self { title: object.read("title"), detail: object.read("detail") }
    }
}

impl Told {
    fn words(self) -> String {
        match (self.title.given(), self.detail.given()) {
            (Some(title), Some(detail)) => format!("{title}: {detail}"),
            (title, detail) => title.or(detail).unwrap_or_default().to_owned(),
        }
    }
}

impl Target for Datadog {
    const NAME: &'static str = "Datadog";
    const CREDENTIAL: Option<&'static str> = Some("keys");

    fn explain(&self, response: &Response) -> String {
        let refusal: Refusal = json::read(response.body()).unwrap_or_default();
        let words: Vec<String> = refusal.errors.into_iter().map(Told::words).filter(|text| !text.is_empty()).collect();
        words.join("; ")
    }

    fn credentials_refused(&self, _: &Response) -> Detail {
        Detail::new("Datadog refused the keys")
            .meaning("the API key, the application key or the site is wrong, or a key was revoked")
            .remedy("copy both keys again from Organization Settings, and compare `site` with the address of Datadog's pages")
    }

    fn permission_remedy(&self, permission: &str) -> String {
        format!(
            "give the owner of the application key a role with `{permission}`, and the key itself no narrower scopes"
        )
    }

    fn unreachable_remedy(&self) -> String {
        "check `site`, and what stands between this machine and it".into()
    }
}

impl Datadog {
    /// Whether Datadog itself says that there is no such thing.
    pub(crate) fn has_none(&self, answer: &Response) -> bool {
        answer.status() == 404 && self.says(answer)
    }

    /// Whether the words of a refusal are Datadog's own. One without them may come from a proxy, and proves nothing.
    pub(crate) fn says(&self, answer: &Response) -> bool {
        answer.is_json() && !self.explain(answer).is_empty()
    }
}

/// Refuses what cannot be an id, before anybody is asked.
pub(crate) fn demand_uuid(kind: &str, id: &str) -> Result<(), Failure> {
    if is_uuid(id) {
        return Ok(());
    }
    let message = format!("`{}` cannot be the id of a {kind}", id.escape_debug());
    Err(Failure::refused(message, "Datadog's ids are UUIDs, such as `11111111-aaaa-4aaa-8aaa-000000000001`"))
}

fn is_uuid(id: &str) -> bool {
    let mut lengths = id.split('-').map(str::len);
    let groups = [8, 4, 4, 4, 12].map(Some).into_iter().chain([None]);
    groups.eq(std::iter::repeat_with(|| lengths.next()).take(6))
        && id.chars().all(|digit| digit == '-' || digit.is_ascii_hexdigit())
}

/// A request for one object, or for what belongs to it. Datadog's ids are UUIDs; anything else never becomes part of a
/// path.
pub(crate) fn of_object(path: &str, id: &str, permission: &'static str) -> Result<Request, Failure> {
    if !is_uuid(id) {
        let message = format!("Datadog gave an id that is no UUID: `{}`", id.escape_debug());
        return Err(Failure::invalid_response(message, path));
    }
    Ok(Request::get(path).segment(id)?.permission(permission))
}

/// Where something odd about a row is told.
pub(crate) trait Notes {
    /// What, what is done about it, and an example.
    fn note(&mut self, what: &str, reason: &str, example: &str);
}

impl Notes for Page<'_> {
    fn note(&mut self, what: &str, reason: &str, example: &str) {
        Page::note(self, what, reason, example);
    }
}

/// A call that reads no page has only the log.
impl Notes for &Host {
    fn note(&mut self, what: &str, reason: &str, example: &str) {
        accord_sdk::warn!(**self, "a row is odd", what = what, reason = reason, example = example);
    }
}

/// A moment as Datadog writes it. What cannot be read is told and left out.
pub(crate) fn moment(notes: &mut dyn Notes, text: &Text, of: &str) -> Option<Timestamp> {
    let given = text.given()?;
    let moment = Timestamp::rfc3339(given);
    if moment.is_none() {
        notes.note("a time cannot be read", "left out", of);
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uuids_become_part_of_a_path() {
        let path = |id: &str| of_object("/api/v2/team", id, TEAMS).map(|request| request.place());
        assert_eq!(
            path("33333333-cccc-4ccc-8ccc-000000000001").unwrap(),
            "GET /api/v2/team/33333333-cccc-4ccc-8ccc-000000000001"
        );
        for id in ["", "x", "33333333-cccc-4ccc-8ccc-00000000000", "33333333-cccc-4ccc-8ccc-000000000001-1", "../users"]
        {
            assert!(matches!(path(id), Err(Failure::InvalidResponse(_))), "{id}");
        }
    }
}
