//! One user's role: given and taken back. A user names their roles, so the user is read before and after.

use accord_sdk::types::{GrantOutcome, RevokeOutcome};
use accord_sdk::{Change, Failure, Host, Request, Settled, Target};

use crate::api::{Document, MANAGE, Named};
use crate::{Datadog, roles, users};

pub(crate) struct RoleMember<'a> {
    pub(crate) role_id: &'a str,
    pub(crate) user_id: &'a str,
}

impl RoleMember<'_> {
    pub(crate) fn grant(&self, datadog: &Datadog, host: &Host) -> Result<GrantOutcome, Failure> {
        match self.is_held(datadog, host)? {
            None => Err(users::nobody(self.user_id)),
            Some(true) => Ok(GrantOutcome::AlreadyExists),
            Some(false) => self.change(datadog, host, true).map(Into::into).map_err(|failure| match failure {
                Failure::NotFound(detail) => {
                    Failure::NotFound(detail.meaning(format!("Datadog has no role `{}`", self.role_id)))
                }
                other => other,
            }),
        }
    }

    pub(crate) fn revoke(&self, datadog: &Datadog, host: &Host) -> Result<RevokeOutcome, Failure> {
        match self.is_held(datadog, host)? {
            None | Some(false) => Ok(RevokeOutcome::AlreadyRevoked),
            Some(true) => self.change(datadog, host, false).map(Into::into),
        }
    }

    /// None: there is no such user.
    fn is_held(&self, datadog: &Datadog, host: &Host) -> Result<Option<bool>, Failure> {
        Ok(users::one(datadog, host, self.user_id)?.map(|user| user.has_role(self.role_id)))
    }

    fn change(&self, datadog: &Datadog, host: &Host, wanted: bool) -> Result<Settled, Failure> {
        let Self { role_id, user_id } = self;
        let (method, still) = if wanted { ("POST", "still does not have") } else { ("DELETE", "still has") };
        let request = Request::new(method, roles::PATH).segment(role_id)?.segment("users")?;
        let request = request.json(&Document { data: Named::user(user_id) })?.permission(MANAGE);
        let contrary = format!("`{user_id}` {still} the role `{role_id}`");
        let change = Change::new(request, format!("`{user_id}` has the role `{role_id}`"), contrary)
            .elsewhere("if a mapping of the identity provider gives roles, change it there");
        datadog.change(host, &change, |_| Ok(self.is_held(datadog, host)?.unwrap_or(false) == wanted))
    }
}
