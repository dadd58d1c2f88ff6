//! One user's place in a team: a member, or an administrator, who is a member too. A user's own list of memberships is
//! read before and after a change.
//!
//! An administrator who is to be one no longer stays a member. Datadog has no word for a plain member, only null; where it
//! does not take that, the membership is ended and made anew.

use accord_sdk::json::FromJson;
use accord_sdk::types::{Detail, GrantOutcome, PermissionDetail, RevokeOutcome};
use accord_sdk::{Change, Failure, Host, Request, Settled, Target};
use serde::Serialize;

use crate::api::{Document, MANAGE, Named, TEAMS};
use crate::members::Membership;
use crate::teams::{self, Team};
use crate::{Datadog, users};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Member,
    Admin,
}

pub(crate) struct TeamMember<'a> {
    pub(crate) team_id: &'a str,
    pub(crate) user_id: &'a str,
    /// What is given or taken.
    pub(crate) place: Place,
}

#[derive(Serialize)]
struct Wanted<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationships: Option<Relationships<'a>>,
}

#[derive(Serialize)]
struct Role {
    role: Option<&'static str>,
}

#[derive(Serialize)]
struct Relationships<'a> {
    user: Document<Named<'a>>,
}

/// `{"attributes": {"action": "manage_membership", "value": "admins"}}`.
#[derive(FromJson)]
struct Setting {
    attributes: SettingAttributes,
}

#[derive(FromJson)]
struct SettingAttributes {
    action: String,
    value: String,
}

impl TeamMember<'_> {
    pub(crate) fn grant(&self, datadog: &Datadog, host: &Host) -> Result<GrantOutcome, Failure> {
        let Some(membership) = self.read(datadog, host)? else { return Err(users::nobody(self.user_id)) };
        if self.is_held(membership.as_ref()) {
            self.tell(host, membership.as_ref())?;
            return Ok(GrantOutcome::AlreadyExists);
        }
        self.demand_changeable(datadog, host, membership.as_ref())?;
        let mut seen = None;
        let mut look = || {
            seen = self.read(datadog, host)?.flatten();
            Ok(self.is_held(seen.as_ref()))
        };
        let settled = match membership {
            Some(_) => self.promote(datadog, host, &mut look),
            None => match self.join(datadog, host, self.place, &mut look) {
                // Somebody was faster, and made them a plain member.
                Err(Failure::Refused(_)) if self.read(datadog, host)?.flatten().is_some() => {
                    self.promote(datadog, host, &mut look)
                }
                joined => joined,
            },
        };
        let settled = settled.map_err(|failure| self.explained(datadog, host, failure))?;
        self.tell(host, seen.as_ref())?;
        Ok(settled.into())
    }

    pub(crate) fn revoke(&self, datadog: &Datadog, host: &Host) -> Result<RevokeOutcome, Failure> {
        let membership = self.read(datadog, host)?.flatten();
        if !self.is_held(membership.as_ref()) {
            return Ok(RevokeOutcome::AlreadyRevoked);
        }
        self.demand_changeable(datadog, host, membership.as_ref())?;
        let settled = match self.place {
            Place::Member => self.leave(datadog, host),
            Place::Admin => self.demote(datadog, host),
        };
        settled.map(Into::into).map_err(|failure| self.explained(datadog, host, failure))
    }

    /// The membership, if there is one. None: there is no such user.
    fn read(&self, datadog: &Datadog, host: &Host) -> Result<Option<Option<Membership>>, Failure> {
        let request = users::about("GET", self.user_id)?.segment("memberships")?.permission(TEAMS);
        let answer = datadog.send(host, &request)?;
        if datadog.has_none(&answer) {
            return Ok(None);
        }
        let Document { data: memberships } = datadog.decode::<Document<Vec<Membership>>>(&answer)?;
        for membership in memberships {
            match membership.team_id() {
                Some(team_id) if team_id.eq_ignore_ascii_case(self.team_id) => return Ok(Some(Some(membership))),
                Some(_) => {}
                None => return Err(Failure::invalid_response("a membership names no team", answer.place())),
            }
        }
        Ok(Some(None))
    }

    fn is_held(&self, membership: Option<&Membership>) -> bool {
        membership.is_some_and(|membership| self.place == Place::Member || membership.is_admin())
    }

    /// The grants that there are now.
    fn tell(&self, host: &Host, membership: Option<&Membership>) -> Result<(), Failure> {
        let team = teams::id(self.team_id);
        let grants = membership.into_iter().flat_map(|membership| membership.grants(&team, self.user_id));
        grants.into_iter().try_for_each(|grant| host.tell_grant(grant))
    }

    /// What an identity provider decides on would be undone.
    fn demand_changeable(
        &self,
        datadog: &Datadog,
        host: &Host,
        membership: Option<&Membership>,
    ) -> Result<(), Failure> {
        let Self { team_id, user_id, .. } = self;
        if membership.is_some_and(Membership::is_mapped) {
            let message = format!("the membership of `{user_id}` in the team `{team_id}` comes from a SAML mapping");
            return Err(Failure::refused(
                message,
                "change the mapping, or the person's groups at the identity provider",
            ));
        }
        let request = self.team("GET")?.permission(TEAMS);
        let answer = datadog.send(host, &request)?;
        if datadog.has_none(&answer) {
            let detail = Detail::new(format!("Datadog has no team `{team_id}`")).place(request.place());
            return Err(Failure::NotFound(detail.remedy("sync again: the team may have come from an older file")));
        }
        let Document { data: team } = datadog.decode::<Document<Team>>(&answer)?;
        if team.is_managed() {
            let message = format!("the team `{team_id}` is managed outside Datadog");
            return Err(Failure::refused(message, "change its members where it is managed"));
        }
        Ok(())
    }

    fn team(&self, method: &str) -> Result<Request, Failure> {
        Request::new(method, teams::PATH).segment(self.team_id)
    }

    fn memberships(&self, method: &str) -> Result<Request, Failure> {
        Ok(self.team(method)?.segment("memberships")?.permission(MANAGE))
    }

    fn join(
        &self,
        datadog: &Datadog,
        host: &Host,
        place: Place,
        look: &mut dyn FnMut() -> Result<bool, Failure>,
    ) -> Result<Settled, Failure> {
        let user = Document { data: Named::user(self.user_id) };
        let wanted = Wanted { relationships: Some(Relationships { user }), ..Wanted::of(place) };
        let request = self.memberships("POST")?.json(&Document { data: wanted })?;
        datadog.change(host, &self.words(request, place, true), |_| look())
    }

    fn promote(
        &self,
        datadog: &Datadog,
        host: &Host,
        look: &mut dyn FnMut() -> Result<bool, Failure>,
    ) -> Result<Settled, Failure> {
        let request = self.memberships("PATCH")?.segment(self.user_id)?;
        let request = request.json(&Document { data: Wanted::of(Place::Admin) })?;
        datadog.change(host, &self.words(request, Place::Admin, true), |_| look())
    }

    fn leave(&self, datadog: &Datadog, host: &Host) -> Result<Settled, Failure> {
        let request = self.memberships("DELETE")?.segment(self.user_id)?;
        let change = self.words(request, Place::Member, false);
        datadog.change(host, &change, |_| Ok(self.read(datadog, host)?.flatten().is_none()))
    }

    fn demote(&self, datadog: &Datadog, host: &Host) -> Result<Settled, Failure> {
        let request = self.memberships("PATCH")?.segment(self.user_id)?;
        let request = request.json(&Document { data: Wanted::of(Place::Member) })?;
        let change = self.words(request, Place::Admin, false);
        match datadog.change(host, &change, |_| Ok(!self.is_held(self.read(datadog, host)?.flatten().as_ref()))) {
            Err(Failure::Refused(refusal)) => {
                accord_sdk::info!(
                    *host,
                    "the membership is ended and made anew, since Datadog does not take null for a member's role",
                    refusal = refusal.message,
                );
                self.begin_anew(datadog, host)
            }
            settled => settled,
        }
    }

    /// Out of the team, and back as a plain member.
    fn begin_anew(&self, datadog: &Datadog, host: &Host) -> Result<Settled, Failure> {
        self.leave(datadog, host)?;
        let mut look = || Ok(self.read(datadog, host)?.flatten().is_some_and(|membership| !membership.is_admin()));
        let Self { team_id, user_id, .. } = self;
        self.join(datadog, host, Place::Member, &mut look).map(|_| Settled::Changed).map_err(|failure| {
            let detail = Detail::new(format!("half of it is done: {}", failure.message()));
            let meaning = format!("`{user_id}` left the team `{team_id}`, and should have come back as a plain member");
            let remedy = format!("grant `team:{team_id}:member` to `{user_id}`");
            Failure::Upstream(
                detail.place(format!("POST {}/{team_id}/memberships", teams::PATH)).meaning(meaning).remedy(remedy),
            )
        })
    }

    fn words(&self, request: Request, place: Place, wanted: bool) -> Change {
        let Self { team_id, user_id, .. } = self;
        let place = if place == Place::Admin { "an administrator" } else { "a member" };
        let still = if wanted { "still is not" } else { "still is" };
        let claim = format!("`{user_id}` is {place} of the team `{team_id}`");
        Change::new(request, claim, format!("`{user_id}` {still} {place} of the team `{team_id}`"))
            .elsewhere("if an identity provider manages the team, change it there")
    }

    /// A team may say itself who changes its members. That is told, since a role of the key's owner is only one way.
    fn explained(&self, datadog: &Datadog, host: &Host, failure: Failure) -> Failure {
        let Failure::Permission(PermissionDetail { permission, detail }) = failure else { return failure };
        let settings = || {
            let request = self.team("GET")?.segment("permission-settings")?.permission(TEAMS);
            datadog.fetch::<Document<Vec<Setting>>>(host, &request)
        };
        let settings = settings().map_or_else(|_| Vec::new(), |document| document.data);
        let setting =
            settings.into_iter().map(|setting| setting.attributes).find(|it| it.action == "manage_membership");
        let Some(SettingAttributes { value, .. }) = setting else {
            return Failure::Permission(PermissionDetail { permission, detail });
        };
        let who = match value.as_str() {
            "admins" => "the administrators of the team",
            "members" => "the members of the team",
            "organization" => "everybody in the organization",
            _ => "whoever has `User Access Manage`",
        };
        let meaning = format!("by its setting `manage_membership`, which is `{value}`, {who} may change the team");
        let remedy = format!("{}; or change that setting of the team", detail.remedy);
        Failure::Permission(PermissionDetail { permission, detail: detail.meaning(meaning).remedy(remedy) })
    }
}

impl Wanted<'_> {
    fn of(place: Place) -> Self {
        let role = (place == Place::Admin).then_some("admin");
        Self { kind: "team_memberships", attributes: Role { role }, relationships: None }
    }
}
