//! The members of every group, group by group. Read only where users name their groups without ids, as an old
//! description of the API has it.

use accord_sdk::json::FromJson;
use accord_sdk::paging::Offset;
use accord_sdk::{Failure, Grant, Page, Request, Step, Target};
use serde::Serialize;

use crate::api::{self, RESOURCES, SAFE_LIMIT, Window};
use crate::users::EmbeddedGroup;
use crate::{Duo, groups, users};

/// A window on the members of one of the known groups.
#[derive(Serialize, FromJson)]
struct Place {
    group_id: String,
    window: Offset,
}

#[derive(FromJson)]
struct Member {
    user_id: String,
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let place = match page.cursor()? {
        Some(place) => place,
        None => match group_after(page, None) {
            Some(first) => first,
            None => return Ok(Step::Done),
        },
    };
    let group = groups::id(&place.group_id);
    let request = Request::get("/admin/v2/groups").segment(&place.group_id)?.segment("users")?.permission(RESOURCES);
    let answer = duo.send(page, &api::at(&request, place.window))?;

    let next = match duo.window::<Member>(&answer, place.window) {
        Ok(Window { items: members, next, .. }) => {
            page.holds(members.len(), None);
            for member in members {
                page.grant(Grant::new(&group, "member", users::id(&member.user_id)))?;
            }
            next.map(|window| Place { group_id: place.group_id.clone(), window })
        }
        Err(Failure::NotFound(detail)) if is_listed(duo, page, &place.group_id)? => {
            return Err(Failure::NotFound(detail.meaning("Duo lists the group, but not its members")));
        }
        Err(Failure::NotFound(_)) => {
            page.note(
                groups::GONE,
                "it was listed at first and is not any more: its members are left out",
                &place.group_id,
            );
            None
        }
        Err(failure) => return Err(failure),
    };
    match next.or_else(|| group_after(page, Some(&place.group_id))) {
        Some(next) => page.next(&next),
        None => Ok(Step::Done),
    }
}

/// Whether the groups, listed again, still have this one. A listing that is shorter than it says proves nothing.
fn is_listed(duo: &Duo, page: &Page<'_>, group_id: &str) -> Result<bool, Failure> {
    let mut window = Offset::first(SAFE_LIMIT);
    let mut seen = 0;
    loop {
        let answer = duo.send(page, &api::at(&groups::request(), window))?;
        let Window { items, next, total } = duo.window::<EmbeddedGroup>(&answer, window)?;
        if items.iter().any(|group| group.group_id.given() == Some(group_id)) {
            return Ok(true);
        }
        seen += items.len() as u64;
        match next {
            Some(next) => window = next,
            None => return Ok(total.is_some_and(|total| seen < total)),
        }
    }
}

/// The beginning of the known group that follows one.
fn group_after(page: &Page<'_>, group_id: Option<&str>) -> Option<Place> {
    let after = group_id.map(|group_id| format!("{}{group_id}", groups::KNOWN));
    let (key, _) = page.scan_facts(groups::KNOWN, after.as_deref(), 1).into_iter().next()?;
    let group_id = key.strip_prefix(groups::KNOWN)?.to_string();
    Some(Place { group_id, window: Offset::first(SAFE_LIMIT) })
}
