//! One user's role: given by hand, and taken back.
//!
//! PrivX has no request for one membership, only one that replaces all that a user was given. So the user's roles are read,
//! sent back as they came but for the one, and read again. Who changes the same user at the same moment may undo that:
//! then it is done once more. What nobody can see is that somebody else's change came between the read and the write, and
//! was undone; so nothing stands between those two, and a write that had to wait begins with the read again.

use accord_sdk::json::{self, FromJson, Json, Problem};
use accord_sdk::types::{Detail, EntitlementKey, GrantOutcome, RevokeOutcome};
use accord_sdk::{Change, Failure, Host, Request, ResourceId, Settled, Target, entitlement_id};

use crate::api::ROLES_MANAGE;
use crate::membership::Held;
use crate::roles::{self, Role};
use crate::{PrivX, details};

/// So often a change is made that somebody else undoes.
const ROUNDS: u32 = 3;

/// So often a change is begun again that PrivX refuses for coming too often.
const REFUSALS: u32 = 6;

/// Of a role that a user was given: what it is, and until when and how it holds.
const TERMS: [&str; 7] =
    ["id", "explicit", "grant_type", "grant_start", "grant_end", "grant_validity_periods", "floating_length"];

pub(crate) fn grant(
    privx: &PrivX,
    host: &Host,
    entitlement: &EntitlementKey,
    principal: &ResourceId,
) -> Result<GrantOutcome, Failure> {
    let assignment = Assignment::new(entitlement, principal)?;
    let Some(role) = roles::one(privx, host, assignment.role_id)? else {
        let message = format!("PrivX has no role `{}`", assignment.role_id);
        return Err(Failure::NotFound(Detail::new(message).place(roles::request_of(assignment.role_id)?.place())));
    };
    refuse_automatic(&role)?;
    let Some((settled, given)) = assignment.settle(privx, host, true)? else {
        let message = format!("PrivX has no user `{}`", assignment.user_id);
        return Err(Failure::NotFound(Detail::new(message).place(details::request(assignment.user_id)?.place())));
    };
    if let Some(item) = given.by_hand(assignment.role_id)
        && let Ok(held) = json::read::<Held>(item.text().as_bytes())
    {
        host.tell_grant(held.grant(assignment.role_id, assignment.user_id))?;
    }
    Ok(settled.into())
}

pub(crate) fn revoke(
    privx: &PrivX,
    host: &Host,
    entitlement: &EntitlementKey,
    principal: &ResourceId,
) -> Result<RevokeOutcome, Failure> {
    let assignment = Assignment::new(entitlement, principal)?;
    // A role that is gone took its memberships along; the user's roles will show it.
    let role = roles::one(privx, host, assignment.role_id)?.unwrap_or_default();
    refuse_automatic(&role)?;
    let Some((settled, left)) = assignment.settle(privx, host, false)? else {
        return Ok(RevokeOutcome::AlreadyRevoked);
    };
    if left.of(assignment.role_id).next().is_none() {
        return Ok(settled.into());
    }
    let done = match settled {
        Settled::WasSo => "nothing was given by hand, and nothing was written",
        Settled::Changed => "what was given by hand is taken back",
    };
    let Assignment { user_id, role_id } = assignment;
    let detail = Detail::new(format!("`{user_id}` has the role `{role_id}` by {}", role.rules()))
        .place(assignment.replacing(&left)?.place())
        .meaning(format!("{done}; who meets the rules keeps the role"))
        .remedy("change the role's mapping rules in PrivX, or the user in the directory");
    Err(Failure::Refused(detail))
}

/// What every user has is neither given nor taken.
fn refuse_automatic(role: &Role) -> Result<(), Failure> {
    if !role.is_automatic() {
        return Ok(());
    }
    let message = format!("every user has the role `{}`: it is neither given nor taken back", &*role.name);
    Err(Failure::refused(message, "grant or revoke another role"))
}

/// A user and a role, by ids that may stand in a path.
struct Assignment<'a> {
    user_id: &'a str,
    role_id: &'a str,
}

/// The roles of a user.
struct Roles(Vec<Given>);

/// One of them, as PrivX told it.
#[derive(Clone)]
struct Given {
    id: Option<String>,
    explicit: bool,
    /// All that it has, by name and as JSON text.
    members: Vec<(String, String)>,
}

#[derive(FromJson)]
struct Answer {
    count: Option<usize>,
    items: Option<Vec<Given>>,
}

impl<'a> Assignment<'a> {
    /// Refuses what cannot be a role's membership, before anybody is asked.
    fn new(entitlement: &'a EntitlementKey, principal: &'a ResourceId) -> Result<Self, Failure> {
        let EntitlementKey { id: entitlement, resource: role, slug: _ } = entitlement;
        if principal.resource_type != "user" {
            let message = format!("only users can be given roles, not `{}`", principal.resource_type);
            return Err(Failure::refused(message, "name a principal of type `user`"));
        }
        if role.resource_type != "role" || *entitlement != entitlement_id(role, roles::ASSIGNED) {
            let message = format!("`{}` is not the membership in a role of PrivX", entitlement.escape_debug());
            let example = "name an entitlement such as `role:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx:assigned`";
            return Err(Failure::refused(message, example));
        }
        let ids = "PrivX's ids are UUIDs";
        Ok(Self { user_id: principal.plain(ids)?, role_id: role.plain(ids)? })
    }

    /// Makes it so that the role is given, or is not, and tells the user's roles as they are then. None: PrivX has no such
    /// user.
    fn settle(&self, privx: &PrivX, host: &Host, wanted: bool) -> Result<Option<(Settled, Roles)>, Failure> {
        let (mut rounds, mut refusals) = (1, 0);
        while let Some(before) = self.read(privx, host)? {
            if before.by_hand(self.role_id).is_some() == wanted {
                let settled = if rounds > 1 { Settled::Changed } else { Settled::WasSo };
                return Ok(Some((settled, before)));
            }
            let change = self.change(&before.with(self.role_id, wanted), wanted)?;
            let (mut accepted, mut after) = (false, None);
            let outcome = privx.change(host, &change, |answer| {
                accepted = answer.is_some();
                after = self.read(privx, host)?;
                let given = after.as_ref().is_some_and(|after| after.by_hand(self.role_id).is_some());
                Ok(given == wanted)
            });
            match outcome {
                Ok(settled) => {
                    return after.map(|after| self.alone(&before, &after).map(|()| (settled, after))).transpose();
                }
                Err(Failure::RateLimited(_)) if refusals < REFUSALS => refusals += 1,
                Err(_) if accepted && after.is_some() && rounds < ROUNDS => rounds += 1,
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    fn read(&self, privx: &PrivX, host: &Host) -> Result<Option<Roles>, Failure> {
        let answer = privx.send(host, &details::request(self.user_id)?)?;
        if privx.has_none(&answer) {
            return Ok(None);
        }
        let Answer { count, items } = privx.decode(&answer)?;
        let roles = items.unwrap_or_default();
        let invalid = |message: String| Err(Failure::invalid_response(message, answer.place()));
        match count {
            // What is not shown would be taken away.
            Some(count) if count > roles.len() => {
                invalid(format!("PrivX shows {} of the user's {count} roles", roles.len()))
            }
            None if roles.is_empty() => invalid("PrivX tells no roles of the user, and no `count`".into()),
            _ if roles.iter().any(|role| role.id.is_none()) => invalid("a role of the user has no id".into()),
            _ => Ok(Some(Roles(roles))),
        }
    }

    fn replacing(&self, roles: &Roles) -> Result<Request, Failure> {
        let user = Request::new("PUT", details::USERS).segment(self.user_id)?;
        let all: Vec<String> = roles.0.iter().map(Given::text).collect();
        Ok(user.segment("roles")?.json_text(format!("[{}]", all.join(","))).permission(ROLES_MANAGE))
    }

    fn change(&self, roles: &Roles, wanted: bool) -> Result<Change, Failure> {
        let Self { user_id, role_id } = self;
        let contrary = if wanted { "still does not have" } else { "still has" };
        let claim = format!("`{user_id}` has the role `{role_id}`");
        let change = Change::new(self.replacing(roles)?, claim, format!("`{user_id}` {contrary} the role `{role_id}`"));
        Ok(change.elsewhere("find out who else changes the user's roles in PrivX, then try again"))
    }

    /// Whether all else that the user was given is as it was before. What came in the meantime does no harm.
    fn alone(&self, before: &Roles, after: &Roles) -> Result<(), Failure> {
        let others = before.0.iter().filter(|role| role.explicit && !role.is(self.role_id));
        let same = |role: &Given, other: &Given| TERMS.iter().all(|term| role.says(term) == other.says(term));
        let lost = others.filter(|role| !after.0.iter().any(|left| same(role, left)));
        let lost: Vec<String> = lost.map(|role| format!("`{}`", role.id.as_deref().unwrap_or_default())).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let Self { user_id, role_id } = self;
        let meaning = format!("the change of `{role_id}` is done, but {} is not what it was before", lost.join(", "));
        let detail = Detail::new(format!("other roles of `{user_id}` changed at the same moment"))
            .place(self.replacing(after)?.place())
            .meaning(meaning)
            .remedy("look at the user's roles in PrivX, and give back what nobody took away on purpose");
        Err(Failure::Upstream(detail))
    }
}

impl Roles {
    fn of<'a>(&'a self, role_id: &'a str) -> impl Iterator<Item = &'a Given> {
        self.0.iter().filter(move |role| role.is(role_id))
    }

    /// The role, if it was given to the user.
    fn by_hand<'a>(&'a self, role_id: &'a str) -> Option<&'a Given> {
        self.of(role_id).find(|role| role.explicit)
    }

    /// The same with the role given, or without it. Every other one stays as it came, with fields that nobody here knows.
    fn with(&self, role_id: &str, given: bool) -> Self {
        let mut roles = self.0.clone();
        if !given {
            roles.retain(|role| !role.is(role_id) || !role.explicit);
        } else if let Some(role) = roles.iter_mut().find(|role| role.is(role_id)) {
            // By its rules alone, until now.
            match role.members.iter_mut().find(|(name, _)| name == "explicit") {
                Some((_, told)) => "true".clone_into(told),
                None => role.members.push(("explicit".into(), "true".into())),
            }
        } else {
            let members = vec![("explicit".into(), "true".into()), ("id".into(), json::quoted(role_id))];
            roles.push(Given { id: Some(role_id.into()), explicit: true, members });
        }
        Self(roles)
    }
}

impl Given {
    fn is(&self, role_id: &str) -> bool {
        self.id.as_deref() == Some(role_id)
    }

    /// What it says of something; null and nothing are the same.
    fn says(&self, what: &str) -> Option<&str> {
        let told = self.members.iter().find(|(name, _)| name == what).map(|(_, value)| value.as_str());
        told.filter(|value| *value != "null")
    }

    fn text(&self) -> String {
        let members = self.members.iter().map(|(name, value)| json::quoted(name) + ":" + value);
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

impl FromJson for Given {
    fn from_json(json: Json<'_>, _: &mut Problem) -> Self {
        let mut given = Self { id: None, explicit: false, members: Vec::new() };
        for (name, value) in json.members().into_iter().flatten() {
            match name {
                "id" => given.id = value.text().map(str::to_owned),
                "explicit" => given.explicit = value.flag() == Some(true),
                _ => {}
            }
            given.members.push((name.to_owned(), value.compact()));
        }
        given
    }
}
