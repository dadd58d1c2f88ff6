//! Who is in the groups that hold something, directly or through other groups: flat, as Graph tells it and AKS sees it.
//!
//! The first members of ten groups come in one request. What does not fit is a listing of its own for each group, and so is
//! a group whose members may not be read: that one is named, with the permission that it wants.

use accord_sdk::types::{GrantAnnotation, Value};
use accord_sdk::{Collection, Failure, Grant, Page, Request, Step, Target};

use crate::by_name::ByName;
use crate::directory::{self, Kind};
use crate::graph::{self, Graph, HIDDEN_MEMBERS, Object, Objects};
use crate::text::lower;
use crate::{Aks, arm};

/// Groups in one page. Ten pages of members, each a grant and a resource, are 20,000 rows and some 8 MiB.
const GROUPS: usize = 10;

/// The most that Graph gives in one page.
const TOP: u32 = 999;

const SELECT: &str = "id,displayName,userPrincipalName,mail,accountEnabled,userType,appId,servicePrincipalType";

fn fact(group: &str) -> String {
    format!("members-after/{group}")
}

fn path(group: &str) -> String {
    format!("/groups/{group}/transitiveMembers")
}

fn request(group: &str) -> Request {
    let request = Request::get(&format!("/v1.0{}", path(group))).origin("graph").permission(HIDDEN_MEMBERS);
    request.query("$select", SELECT).query("$top", TOP)
}

/// The link to more members, if there are more.
fn next(aks: &Aks, group: &str, objects: &Objects) -> Result<Option<String>, Failure> {
    objects.next.given().map(|link| arm::checked(&aks.graph, link, &request(group))).transpose()
}

/// The first members of some groups.
pub(crate) fn read(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let after: Option<String> = page.cursor()?;
    let groups = directory::named(page, Kind::Team, after.as_deref(), GROUPS);
    let Some((last, _)) = groups.last() else { return Ok(Step::Done) };
    directory::demand_graph(page, "who is in the groups", "who has something through a group is not known")?;
    page.holds(groups.len(), None);
    let urls: Vec<String> =
        groups.iter().map(|(group, _)| format!("{}?$select={SELECT}&$top={TOP}", path(group))).collect();
    let answers = graph::batch(page, &urls)?;
    let mut seen = ByName::default();
    for (((group, _), answer), url) in groups.iter().zip(answers).zip(&urls) {
        match answer.status {
            // Its members may want a permission of their own: asked alone, the listing says so.
            403 => page.discover(Collection::keyed("more-group-members", group)),
            // The group is gone; the directory says that of it.
            404 => {}
            _ => {
                let objects = answer.objects(url, graph::DIRECTORY)?;
                if let Some(link) = next(aks, group, &objects)? {
                    page.put_facts(&[(fact(group), link.into_bytes())])?;
                    page.discover(Collection::keyed("more-group-members", group));
                }
                push(page, group, objects, &mut seen)?;
            }
        }
    }
    seen.into_things().into_iter().try_for_each(|object| page.resource(directory::told(&object)))?;
    page.next(last)
}

/// The other members of one group.
pub(crate) fn read_more(aks: &Aks, page: &mut Page<'_>) -> Result<Step, Failure> {
    let group = page.key()?.to_owned();
    let link = match page.cursor()? {
        Some(link) => Some(link),
        None => page.fact(fact(&group)).map(|fact| String::from_utf8_lossy(&fact).into_owned()),
    };
    let request = match link {
        Some(link) => arm::follow(request(&group), &link)?,
        None => request(&group),
    };
    let objects: Objects = Graph.fetch(page, &request)?;
    page.holds(objects.value.len(), None);
    let next = next(aks, &group, &objects)?;
    let mut seen = ByName::default();
    push(page, &group, objects, &mut seen)?;
    seen.into_things().into_iter().try_for_each(|object| page.resource(directory::told(&object)))?;
    next.map_or(Ok(Step::Done), |link| page.next(&link))
}

fn push(page: &mut Page<'_>, group: &str, objects: Objects, seen: &mut ByName<Object>) -> Result<(), Failure> {
    for object in objects.value.into_vec() {
        // Groups inside are flat already; devices and contacts do not log in.
        if !object.is("user") && !object.is("servicePrincipal") {
            continue;
        }
        let id = lower(&object.id);
        let member = Grant::new(Kind::Team.id(group), "member", Kind::Person.id(&id));
        let how = GrantAnnotation::Metadata(vec![("transitive".into(), Value::Flag(true))]);
        page.grant(member.annotate(how))?;
        seen.add(id, || object);
    }
    Ok(())
}
