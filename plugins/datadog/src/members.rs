//! The members of one team.

use accord_sdk::json::Text;
use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Failure, Grant, Page, Request, Step};
use serde::Deserialize;

use crate::api::{self, One, TEAMS};
use crate::pages::Items;
use crate::{Datadog, teams, users};

/// Who provisioned a membership that the identity provider decides on.
const SAML: &str = "saml_mapping";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Membership {
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attributes {
    /// `admin`; plain members have none.
    role: Text,
    provisioned_by: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Relationships {
    user: One,
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
        let is_admin = &*membership.attributes.role == "admin";
        for slug in ["member"].into_iter().chain(is_admin.then_some("admin")) {
            page.grant(membership.grant(Grant::new(&team, slug, users::id(user_id))))?;
        }
    }
    Ok(step)
}

impl Membership {
    fn grant(&self, grant: Grant) -> Grant {
        if &*self.attributes.provisioned_by == SAML {
            grant.annotate(GrantAnnotation::Immutable(SAML.into()))
        } else {
            grant
        }
    }
}
