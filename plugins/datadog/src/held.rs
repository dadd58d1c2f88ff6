//! What a user can be given here: a role, or a place in a team as a member or as its administrator.

use accord_sdk::types::{EntitlementKey, GrantOutcome, RevokeOutcome};
use accord_sdk::{Failure, Host, ResourceId, entitlement_id};

use crate::role_member::RoleMember;
use crate::team_member::{Place, TeamMember};
use crate::{Datadog, api};

enum Held<'a> {
    Role(RoleMember<'a>),
    Team(TeamMember<'a>),
}

pub(crate) fn grant(
    datadog: &Datadog,
    host: &Host,
    entitlement: &EntitlementKey,
    principal: &ResourceId,
) -> Result<GrantOutcome, Failure> {
    match Held::of(entitlement, principal)? {
        Held::Role(role) => role.grant(datadog, host),
        Held::Team(team) => team.grant(datadog, host),
    }
}

pub(crate) fn revoke(
    datadog: &Datadog,
    host: &Host,
    entitlement: &EntitlementKey,
    principal: &ResourceId,
) -> Result<RevokeOutcome, Failure> {
    match Held::of(entitlement, principal)? {
        Held::Role(role) => role.revoke(datadog, host),
        Held::Team(team) => team.revoke(datadog, host),
    }
}

impl<'a> Held<'a> {
    /// Refuses what nobody can be given, before anybody is asked.
    fn of(entitlement: &'a EntitlementKey, principal: &'a ResourceId) -> Result<Self, Failure> {
        let EntitlementKey { id, resource, slug } = entitlement;
        let user_id = &principal.resource;
        if principal.resource_type != "user" {
            let message = format!("only users can be granted roles and teams, not `{}`", principal.resource_type);
            return Err(Failure::refused(message, "name a principal of type `user`"));
        }
        let held = match (resource.resource_type.as_str(), slug.as_str()) {
            ("role", "member") => Self::Role(RoleMember { role_id: &resource.resource, user_id }),
            ("team", "member") => Self::Team(TeamMember { team_id: &resource.resource, user_id, place: Place::Member }),
            ("team", "admin") => Self::Team(TeamMember { team_id: &resource.resource, user_id, place: Place::Admin }),
            ("schedule", _) => {
                let message = format!("`{}` cannot be changed here", id.escape_debug());
                return Err(Failure::refused(
                    message,
                    "change the schedule in Datadog: who is on call follows from it",
                ));
            }
            _ => return Err(unknown(id)),
        };
        if *id != entitlement_id(resource, slug) {
            return Err(unknown(id));
        }
        api::demand_uuid(&resource.resource_type, &resource.resource)?;
        api::demand_uuid("user", user_id)?;
        Ok(held)
    }
}

fn unknown(entitlement: &str) -> Failure {
    let message = format!("`{}` is no entitlement that can be granted in Datadog", entitlement.escape_debug());
    Failure::refused(message, "name `role:<id>:member`, `team:<id>:member` or `team:<id>:admin`")
}
