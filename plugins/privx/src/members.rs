//! The members of one role. PrivX has no listing of all memberships, so one for each role is the least that is needed.

use std::collections::BTreeSet;

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::types::SettledState;
use accord_sdk::{Failure, Page, ResourceId, Step, Target};

use crate::details;
use crate::membership::{Held, Source, by_source, held};
use crate::pages::Read;
use crate::person::{User, is_api_client};
use crate::{PrivX, roles, users};

/// What a membership needs of a member. Who the member is stands in the list of users.
#[derive(FromJson, Default)]
#[json(default)]
struct Member {
    id: String,
    source_type: Text,
    roles: List<Held>,
}

pub(crate) fn read(privx: &PrivX, page: &mut Page<'_>) -> Result<Step, Failure> {
    let role_id = page.key()?.to_string();
    let request = roles::request_of(&role_id)?.segment("members")?;
    let members = match privx.list::<Member>(page, &request, privx.learned(page, &["users", "roles"])) {
        Err(Failure::NotFound(detail)) => {
            let answer = privx.send(page, &roles::request_of(&role_id)?)?;
            return Err(if privx.has_none(&answer) {
                Failure::Gone(ResourceId::new("role", role_id))
            } else {
                Failure::NotFound(detail.meaning("PrivX has the role, but not its members"))
            });
        }
        listed => listed?,
    };
    let source = page.fact(format!("{}{role_id}", roles::SOURCE)).and_then(|word| Source::of(&word));
    let source = source.unwrap_or(Source::Unknown);

    let keys: Vec<String> = members.items.iter().map(|member| format!("{}{}", users::KNOWN, member.id)).collect();
    let known = page.facts(&keys);
    let mut unlisted = BTreeSet::new();
    let mut doubtful = Vec::new();
    for (member, known) in members.items.iter().zip(known) {
        let is_program = || privx.skip_api_clients && is_api_client(&member.source_type);
        match known {
            Some(skipped) if skipped == users::SKIPPED => continue,
            Some(_) => {}
            None if is_program() => continue,
            None => {
                unlisted.insert(member.id.as_str());
            }
        }
        match (source, held(&member.roles, &role_id)) {
            (Source::Unknown | Source::LookedUp, Some(held)) => page.grant(held.grant(&role_id, &member.id))?,
            (Source::LookedUp, None) => doubtful.push(details::wanted(&member.id, &role_id)?),
            _ => page.grant(by_source(&role_id, &member.id, source))?,
        }
    }
    page.put_facts(&doubtful)?;
    add_unlisted(privx, page, &members, &unlisted)?;
    members.step(page)
}

/// Members that the list of users did not have, made from what the role's list tells of them.
fn add_unlisted(
    privx: &PrivX,
    page: &mut Page<'_>,
    members: &Read<Member>,
    unlisted: &BTreeSet<&str>,
) -> Result<(), Failure> {
    if unlisted.is_empty() {
        return Ok(());
    }
    for user in members.again::<User>(privx)?.iter().filter(|user| unlisted.contains(user.id.as_str())) {
        if page.collection_state("users") == Some(SettledState::Complete) {
            page.note("a member is not in the list of users", "taken from the role's members", &user.id);
        }
        page.resource(user.resource().stub())?;
    }
    Ok(())
}
