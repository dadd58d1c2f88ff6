//! Where single memberships come from, asked member by member: only for members of privileged roles that have mapping
//! rules, unless the operator wants more. Each member is asked once, however many of those roles they have.

use accord_sdk::json::{self, FromJson, List};
use accord_sdk::{Failure, Page, Request, Step, Target};

use crate::PrivX;
use crate::api::USERS_VIEW;
use crate::membership::{Held, Source, by_source, held};

/// Below it stand the users, each with their own address.
pub(crate) const USERS: &str = "/role-store/api/v1/users";

/// Facts with this prefix, a user's id and a role's: memberships to look up.
const WANTED: &str = "wanted/";

/// Memberships that are looked at in one page; the answers of their users stay small.
const AT_A_TIME: u32 = 64;

#[derive(FromJson)]
struct Roles {
    #[json(default)]
    items: List<Held>,
}

/// A membership to look up, as a fact: sorted by user, so that each is asked once.
pub(crate) fn wanted(user_id: &str, role_id: &str) -> Result<(String, Vec<u8>), Failure> {
    let ids = json::write(&"a membership", &[user_id, role_id])?.into_bytes();
    Ok((format!("{WANTED}{user_id}/{role_id}"), ids))
}

pub(crate) fn read(privx: &PrivX, page: &mut Page<'_>) -> Result<Step, Failure> {
    let after = page.cursor::<String>()?;
    let facts = page.scan_facts(WANTED, after.as_deref(), AT_A_TIME);
    let memberships = whole_users(&facts)?;
    let mut users: Vec<&str> = memberships.iter().map(|(user_id, _)| user_id.as_str()).collect();
    users.dedup();
    let requests = users.iter().map(|user_id| request(user_id)).collect::<Result<Vec<_>, _>>()?;

    let mut done = 0;
    for (user_id, answer) in users.into_iter().zip(privx.send_all(page, &requests)) {
        let roles = match roles_in(page, user_id, answer.and_then(|answer| privx.decode(&answer))) {
            Ok(roles) => roles,
            // What was answered before is good; the next page begins with this one.
            Err(_) if done > 0 => break,
            Err(failure) => return Err(failure),
        };
        for (_, role_id) in memberships.iter().skip(done).take_while(|(holder, _)| holder == user_id) {
            page.grant(match held(&roles, role_id) {
                Some(held) => held.grant(role_id, user_id),
                None => by_source(role_id, user_id, Source::Unknown),
            })?;
            done += 1;
        }
    }
    page.holds(done, None);
    match done.checked_sub(1).and_then(|last| facts.get(last)) {
        Some((last, _)) => page.next(last),
        None => Ok(Step::Done),
    }
}

/// The memberships in these facts. The last user may have more of them on the next page, and is asked there.
fn whole_users(facts: &[(String, Vec<u8>)]) -> Result<Vec<(String, String)>, Failure> {
    let read = |(key, ids): &(String, Vec<u8>)| {
        json::read(ids).map_err(|error| Failure::bug(format!("the fact {key} cannot be read: {error}")))
    };
    let mut memberships = facts.iter().map(read).collect::<Result<Vec<(String, String)>, _>>()?;
    if memberships.len() == AT_A_TIME as usize
        && let Some((last, _)) = memberships.last().cloned()
        && let Some(other) = memberships.iter().rposition(|(user_id, _)| *user_id != last)
    {
        memberships.truncate(other + 1);
    }
    Ok(memberships)
}

/// The roles of one user.
pub(crate) fn request(user_id: &str) -> Result<Request, Failure> {
    Ok(Request::get(USERS).segment(user_id)?.segment("roles")?.permission(USERS_VIEW))
}

/// The roles in an answer. Where there is none to have, the membership stays, and what it comes from is unknown.
fn roles_in(page: &mut Page<'_>, user_id: &str, answer: Result<Roles, Failure>) -> Result<List<Held>, Failure> {
    let why = match answer {
        Ok(roles) => return Ok(roles.items),
        Err(Failure::Permission(refused)) => format!("the permission `{}` does not suffice", refused.permission),
        Err(Failure::NotFound(_)) => "PrivX does not have the user any more".into(),
        Err(failure) => return Err(failure),
    };
    page.note("what a membership comes from is unknown", &why, user_id);
    Ok(List::default())
}
