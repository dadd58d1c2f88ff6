//! The members of one team.

use accord_sdk::json::{FromJson, Text};
use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Failure, Grant, Page, Request, ResourceId, Step};

use crate::api::{self, One, TEAMS};
use crate::pages::Items;
use crate::{Datadog, teams, users};

/// Who provisioned a membership that the identity provider decides on.
const SAML: &str = "saml_mapping";

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Membership {
    id: Text,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Attributes {
    /// `admin`; plain members have none.
    role: Text,
    provisioned_by: Text,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Relationships {
    user: One,
    /// Where the list is one user's.
    team: One,
}

fn request(team_id: &str) -> Result<Request, Failure> {
    Ok(api::of_object(teams::PATH, team_id, TEAMS)?.segment("memberships")?.query("sort", "name"))
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let team_id = page.key()?.to_owned();
    let Items { items, step } = match datadog.list::<Membership>(page, &request(&team_id)?) {
        Err(Failure::NotFound(detail)) => {
            return Err(if datadog.is_listed(page, &teams::request(), &team_id)? {
                Failure::NotFound(detail.meaning("Datadog has the team, but not the list of its members"))
            } else {
                Failure::Gone(teams::id(&team_id))
            });
        }
        listed => listed?,
    };
    let team = teams::id(&team_id);
    for membership in &items {
        let Some(user_id) = membership.relationships.user.id() else {
            return Err(Failure::invalid_response("a membership names no user", request(&team_id)?.place()));
        };
        for grant in membership.grants(&team, user_id) {
            page.grant(grant)?;
        }
    }
    Ok(step)
}

impl Membership {
    /// The team that it is of: newer answers name it, older ones have it only in `TeamMembership-<team>-<number>`.
    pub(crate) fn team_id(&self) -> Option<&str> {
        let named = self.relationships.team.id();
        named.or_else(|| Some(self.id.strip_prefix("TeamMembership-")?.rsplit_once('-')?.0))
    }

    pub(crate) fn is_admin(&self) -> bool {
        &*self.attributes.role == "admin"
    }

    /// Whether the identity provider decides on it.
    pub(crate) fn is_mapped(&self) -> bool {
        &*self.attributes.provisioned_by == SAML
    }

    /// What it gives: an administrator is a member too.
    pub(crate) fn grants(&self, team: &ResourceId, user_id: &str) -> impl Iterator<Item = Grant> {
        let annotation = self.is_mapped().then(|| GrantAnnotation::Immutable(SAML.into()));
        ["member"].into_iter().chain(self.is_admin().then_some("admin")).map(move |slug| {
            let grant = Grant::new(team, slug, users::id(user_id));
            annotation.iter().cloned().fold(grant, Grant::annotate)
        })
    }
}
