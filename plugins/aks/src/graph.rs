//! Microsoft Graph: how it answers, and how questions are packed.

use accord_sdk::json::{self, FromJson, List, Text};
use accord_sdk::types::{Detail, PermissionDetail};
use accord_sdk::{Failure, Host, Page, Request, Response, Target};

use crate::by_name::ByName;
use crate::situation::Situation;
use crate::text::lower;

/// The application permission that reads users, groups, service principals and members.
pub(crate) const DIRECTORY: &str = "Directory.Read.All";
/// What groups with hidden members want besides.
pub(crate) const HIDDEN_MEMBERS: &str = "Member.Read.Hidden";

/// The most ids in one `getByIds`, values in one `in`, and requests in one batch.
pub(crate) const IDS: usize = 1_000;
pub(crate) const VALUES: usize = 15;
const BATCH: usize = 20;

/// How often what a batch refused for its number is asked again. The host waits in between as long as Graph wants.
const ROUNDS: usize = 100;

/// How often what failed inside a batch is asked again.
const TRIES: usize = 6;

/// What is asked of people; other properties cost more and say nothing about access.
pub(crate) const PERSON: &str = "id,displayName,userPrincipalName,mail,accountEnabled,userType";

pub(crate) struct Graph;

impl Target for Graph {
    const NAME: &'static str = "Microsoft Graph";
    const CREDENTIAL: Option<&'static str> = Some("graph");

    fn explain(&self, response: &Response) -> String {
        crate::arm::told(response)
    }

    fn credentials_refused(&self, response: &Response) -> Detail {
        crate::arm::credentials_refused(response)
    }

    fn permission_remedy(&self, permission: &str) -> String {
        format!("grant the application permission `{permission}` of Microsoft Graph, with admin consent")
    }

    fn unreachable_remedy(&self) -> String {
        "check what stands between this machine and Microsoft Graph; --resolve-identities=off does without it".into()
    }
}

/// A user, group or service principal, whichever it is.
#[derive(FromJson, Default, Clone, Debug)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Object {
    #[json(rename = "@odata.type")]
    pub(crate) kind: Text,
    pub(crate) id: Text,
    pub(crate) display_name: Text,
    pub(crate) description: Text,
    pub(crate) user_principal_name: Text,
    pub(crate) mail: Text,
    pub(crate) account_enabled: Option<bool>,
    pub(crate) user_type: Text,
    pub(crate) app_id: Text,
    pub(crate) service_principal_type: Text,
    pub(crate) group_types: List<Text>,
    pub(crate) on_premises_sync_enabled: Option<bool>,
}

impl Object {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.strip_prefix("#microsoft.graph.") == Some(kind)
    }
}

/// `{"value": […], "@odata.nextLink": …}`, or an error.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Objects {
    pub(crate) value: List<Object>,
    #[json(rename = "@odata.nextLink")]
    pub(crate) next: Text,
    error: Error,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Error {
    code: Text,
    message: Text,
}

/// One answer inside a batch.
#[derive(FromJson)]
struct Inner {
    id: String,
    status: u16,
    #[json(default)]
    body: Option<Objects>,
}

#[derive(FromJson)]
struct Answers {
    responses: Vec<Inner>,
}

/// What became of one of a batch's requests.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Objects,
}

impl Answer {
    /// The objects, or what it means that there are none.
    pub(crate) fn objects(self, url: &str, permission: &str) -> Result<Objects, Failure> {
        let place = format!("GET /v1.0{}", url.split('?').next().unwrap_or_default());
        let words = format!("HTTP {}, code {} {}", self.status, &*self.body.error.code, &*self.body.error.message);
        let detail = Detail::new(format!("Microsoft Graph refused the request ({words})")).place(place);
        match self.status {
            200..300 => Ok(self.body),
            403 => Err(Failure::Permission(PermissionDetail {
                permission: permission.into(),
                detail: detail
                    .meaning(format!("the service principal lacks the permission `{permission}`"))
                    .remedy(Graph.permission_remedy(permission)),
            })),
            400..500 => Err(Failure::Refused(detail)),
            _ => Err(Failure::Upstream(detail)),
        }
    }
}

/// Asks many things at once, twenty to a request. The answers stand in the order of the URLs, which begin behind `/v1.0`.
pub(crate) fn batch(host: &Host, urls: &[String]) -> Result<Vec<Answer>, Failure> {
    let mut answers: Vec<Option<Answer>> = urls.iter().map(|_| None).collect();
    let mut failures = 0;
    for _ in 0..ROUNDS {
        let open: Vec<usize> = (0..urls.len()).filter(|at| answers.get(*at).is_some_and(Option::is_none)).collect();
        if open.is_empty() {
            break;
        }
        let mut requests = Vec::new();
        for chunk in open.chunks(BATCH) {
            let step = |at: &usize| {
                let url = json::quoted(urls.get(*at)?);
                Some(format!(r#"{{"id":"{at}","method":"GET","url":{url}}}"#))
            };
            let steps: Vec<String> = chunk.iter().filter_map(step).collect();
            requests.push(asking("/v1.0/$batch", format!(r#"{{"requests":[{}]}}"#, steps.join(","))));
        }
        let mut failed = false;
        for response in Graph.send_all(host, &requests) {
            let batch: Answers = Graph.decode(&response?)?;
            for inner in batch.responses {
                let slot = inner.id.parse::<usize>().ok().and_then(|at| answers.get_mut(at));
                let Some(slot) = slot else {
                    return Err(Failure::invalid_response("a batch answers what was not asked", "POST /v1.0/$batch"));
                };
                let broken = matches!(inner.status, 500 | 502..=504) && failures < TRIES;
                failed |= broken;
                if !broken && inner.status != 429 {
                    *slot = Some(Answer { status: inner.status, body: inner.body.unwrap_or_default() });
                }
            }
        }
        failures += usize::from(failed);
    }
    answers.into_iter().collect::<Option<Vec<_>>>().ok_or(Failure::RateLimited(None))
}

/// The object ids of principal names, as far as they are known. Each name is asked for once a sync.
pub(crate) fn resolve(situation: &Situation, page: &Page<'_>, names: ByName<()>) -> Result<ByName<String>, Failure> {
    let mut found = ByName::default();
    let names = names.names();
    if !situation.graph || names.is_empty() {
        return Ok(found);
    }
    let keys: Vec<String> = names.iter().map(|name| fact(name)).collect();
    let mut open = Vec::new();
    let mut ids: ByName<String> = ByName::default();
    for (name, fact) in names.into_iter().zip(page.facts(&keys)) {
        match fact.map(|fact| String::from_utf8_lossy(&fact).into_owned()) {
            Some(id) if id.is_empty() => {}
            Some(id) => {
                found.add(name, || id);
            }
            None => {
                ids.add(lower(&name), String::new);
                open.push(name);
            }
        }
    }
    for object in users_by(page, "userPrincipalName", &ids.names())? {
        if let Some(id) = ids.get_mut(&lower(&object.user_principal_name)) {
            *id = lower(&object.id);
        }
    }
    let mut facts = Vec::with_capacity(open.len());
    for name in open {
        let id = ids.get(&lower(&name)).cloned().unwrap_or_default();
        facts.push((fact(&name), id.clone().into_bytes()));
        if !id.is_empty() {
            found.add(name, || id);
        }
    }
    page.put_facts(&facts)?;
    Ok(found)
}

/// Keeps the id of a principal name, which is empty if nobody has the name.
fn fact(name: &str) -> String {
    format!("upn/{name}")
}

/// Users by a property with one value each.
pub(crate) fn users_by(host: &Host, property: &str, values: &[String]) -> Result<Vec<Object>, Failure> {
    let urls: Vec<String> = values
        .chunks(VALUES)
        .map(|values| {
            let quoted: Vec<String> =
                values.iter().map(|value| format!("'{}'", value.split('\'').collect::<Vec<_>>().join("''"))).collect();
            format!("/users?$select={PERSON}&$filter={}", encoded(&format!("{property} in ({})", quoted.join(","))))
        })
        .collect();
    let mut found = Vec::new();
    for (answer, url) in batch(host, &urls)?.into_iter().zip(&urls) {
        found.extend(answer.objects(url, DIRECTORY)?.value.into_vec());
    }
    Ok(found)
}

/// Objects by id, at most [`IDS`].
pub(crate) fn by_ids(host: &Host, ids: &[String]) -> Result<Vec<Object>, Failure> {
    let ids: Vec<String> = ids.iter().map(|id| json::quoted(id)).collect();
    let question = format!(r#"{{"ids":[{}],"types":["user","group","servicePrincipal"]}}"#, ids.join(","));
    let objects: Objects = Graph.fetch(host, &asking("/v1.0/directoryObjects/getByIds", question))?;
    Ok(objects.value.into_vec())
}

/// A question that is too long for an address.
fn asking(path: &str, question: String) -> Request {
    Request::new("POST", path).origin("graph").permission(DIRECTORY).json_text(question)
}

/// A value of a query inside a batch, where nobody else encodes it.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
