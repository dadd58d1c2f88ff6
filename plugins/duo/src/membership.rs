//! One user's membership in one group: given and taken back.
//!
//! Duo also answers 200 when a membership is removed that never was, and a request without an answer may have had its
//! effect all the same. So the user is read before a change, to tell what there is to do, and after it, to tell whether
//! it is done. The change itself is asked for once.

use std::collections::BTreeMap;

use accord_sdk::json::{FromJson, Text};
use accord_sdk::paging::Offset;
use accord_sdk::types::{Detail, EntitlementKey, GrantOutcome, RevokeOutcome};
use accord_sdk::{Change, Failure, Host, Request, ResourceId, Settled, Target, entitlement_id};

use crate::api::{self, Envelope, RESOURCES, RESOURCES_WRITE, SAFE_LIMIT, Window};
use crate::users::{EmbeddedGroup, MAYBE_CUT};
use crate::{Duo, user_groups, users};

pub(crate) fn grant(
    duo: &Duo,
    host: &Host,
    entitlement: &EntitlementKey,
    principal: &ResourceId,
) -> Result<GrantOutcome, Failure> {
    let membership = Membership::new(entitlement, principal)?;
    let Some(standing) = membership.read(duo, host)? else {
        let message = format!("Duo has no user `{}`", membership.user_id);
        return Err(Failure::NotFound(Detail::new(message).place(membership.user()?.place())));
    };
    if standing.leaves {
        let message = format!("the user `{}` is pending deletion", membership.user_id);
        return Err(Failure::refused(message, "restore the user in Duo's admin panel, then grant again"));
    }
    if standing.member {
        return Ok(GrantOutcome::AlreadyExists);
    }
    let body = BTreeMap::from([("group_id", membership.group_id)]);
    let request = Request::new("POST", users::PATH).segment(membership.user_id)?.segment("groups")?.json(&body)?;
    let settled = membership.change(duo, host, request.permission(RESOURCES_WRITE), true);
    settled.map(Into::into).map_err(|failure| match failure {
        Failure::NotFound(detail) => {
            Failure::NotFound(detail.meaning(format!("Duo has no group `{}`", membership.group_id)))
        }
        other => other,
    })
}

pub(crate) fn revoke(
    duo: &Duo,
    host: &Host,
    entitlement: &EntitlementKey,
    principal: &ResourceId,
) -> Result<RevokeOutcome, Failure> {
    let membership = Membership::new(entitlement, principal)?;
    if !is_member(membership.read(duo, host)?) {
        return Ok(RevokeOutcome::AlreadyRevoked);
    }
    let groups = Request::new("DELETE", users::PATH).segment(membership.user_id)?.segment("groups")?;
    let request = groups.segment(membership.group_id)?.permission(RESOURCES_WRITE);
    membership.change(duo, host, request, false).map(Into::into)
}

/// A user and a group, by ids that may stand in a path.
struct Membership<'a> {
    user_id: &'a str,
    group_id: &'a str,
}

/// What Duo says of the user.
struct Standing {
    member: bool,
    /// In the trash, to be deleted soon.
    leaves: bool,
}

#[derive(FromJson, Default)]
#[json(default)]
struct User {
    status: Text,
    groups: Option<Vec<EmbeddedGroup>>,
}

impl<'a> Membership<'a> {
    /// Refuses what cannot be a membership, before anybody is asked.
    fn new(entitlement: &'a EntitlementKey, principal: &'a ResourceId) -> Result<Self, Failure> {
        let EntitlementKey { id: entitlement, resource: group, slug: _ } = entitlement;
        if principal.resource_type != "user" {
            let message = format!("only users can be granted group membership, not `{}`", principal.resource_type);
            return Err(Failure::refused(message, "name a principal of type `user`"));
        }
        if group.resource_type != "group" || *entitlement != entitlement_id(group, "member") {
            let message = format!("`{}` is not the membership in a group of Duo", entitlement.escape_debug());
            return Err(Failure::refused(message, "name an entitlement such as `group:DGXXXXXXXXXXXXXXXXXX:member`"));
        }
        let ids = "Duo's ids are 1 to 64 letters, digits, `-` and `_`";
        Ok(Self { user_id: principal.plain(ids)?, group_id: group.plain(ids)? })
    }

    fn user(&self) -> Result<Request, Failure> {
        Ok(Request::get(users::PATH).segment(self.user_id)?.permission(RESOURCES))
    }

    /// How the user stands to the group now. None: Duo has no such user.
    fn read(&self, duo: &Duo, host: &Host) -> Result<Option<Standing>, Failure> {
        let answer = duo.send(host, &self.user()?)?;
        if duo.has_none(&answer) {
            return Ok(None);
        }
        let Envelope { response: User { status, groups }, .. } = duo.decode(&answer)?;
        let told = groups.and_then(|groups| self.told(&groups, groups.len() < MAYBE_CUT));
        let member = match told {
            Some(member) => Some(member),
            None => self.listed(duo, host)?,
        };
        let leaves = status.eq_ignore_ascii_case("pending deletion");
        Ok(member.map(|member| Standing { member, leaves }))
    }

    /// Whether the user's own listing of groups has the group. None: Duo has no such user.
    fn listed(&self, duo: &Duo, host: &Host) -> Result<Option<bool>, Failure> {
        let request = user_groups::request(self.user_id)?;
        let mut window = Offset::first(SAFE_LIMIT);
        loop {
            let answer = duo.send(host, &api::at(&request, window))?;
            if duo.has_none(&answer) {
                return Ok(None);
            }
            let Window { items, next, .. } = duo.window::<EmbeddedGroup>(&answer, window)?;
            match (self.told(&items, true), next) {
                // Nobody else would notice: these pages are no listing of the host's.
                (Some(false), Some(next)) if next.offset <= window.offset => {
                    return Err(Failure::invalid_response("the user's groups repeat themselves", answer.place()));
                }
                (Some(false), Some(next)) => window = next,
                (Some(member), _) => return Ok(Some(member)),
                (None, _) => {
                    return Err(Failure::invalid_response("a group of the user has no id", answer.place()));
                }
            }
        }
    }

    /// Whether the group is among these. None: it is not, but they need not be all, or one has no id.
    fn told(&self, groups: &[EmbeddedGroup], complete: bool) -> Option<bool> {
        let mut ids = groups.iter().map(|group| group.group_id.given());
        if ids.clone().any(|id| id == Some(self.group_id)) {
            return Some(true);
        }
        (complete && ids.all(|id| id.is_some())).then_some(false)
    }

    fn change(&self, duo: &Duo, host: &Host, request: Request, wanted: bool) -> Result<Settled, Failure> {
        let Self { user_id, group_id } = self;
        let still = if wanted { "still is not" } else { "still is" };
        let claim = format!("`{user_id}` is a member of `{group_id}`");
        let change = Change::new(request, claim, format!("`{user_id}` {still} a member of `{group_id}`"))
            .elsewhere("if a directory manages the group, change it there");
        duo.change(host, &change, |_| Ok(is_member(self.read(duo, host)?) == wanted))
    }
}

/// Who does not exist is in no group.
fn is_member(standing: Option<Standing>) -> bool {
    standing.is_some_and(|standing| standing.member)
}
