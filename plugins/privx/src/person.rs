//! Who a user is: PrivX's user object as a resource. The same object stands in the list of users and in those of members.

use accord_sdk::json::{FromJson, Json, List, Problem, Text};
use accord_sdk::types::{NonHumanIdentity, ResourceAnnotation};
use accord_sdk::{Resource, ResourceId, State, Timestamp, UserTrait};

/// What is read of a user. What is secret of one (the seed of a second factor, keys, settings) has no field here, and the
/// manifest keeps it from coming here at all.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct User {
    pub(crate) id: String,
    source_user_id: Text,
    principal: Text,
    source: Text,
    pub(crate) source_type: Text,
    full_name: Text,
    first_name: Text,
    last_name: Text,
    /// What older versions call the first name.
    given_name: Text,
    email: Text,
    telephone: Text,
    job_title: Text,
    company: Text,
    department: Text,
    distinguished_name: Text,
    samaccountname: Text,
    windows_account: Text,
    unix_account: Text,
    comment: Text,
    tags: List<String>,
    attributes: List<Attribute>,
    mfa: Option<SecondFactor>,
    created: Text,
    updated: Text,
    implicit_roles_expired: Option<bool>,
    disabled: Switch,
    locked: Switch,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Attribute {
    key: Text,
    value: Text,
}

#[derive(FromJson, Default)]
#[json(default)]
struct SecondFactor {
    user_mfa_status: Text,
    status: Text,
}

/// True and false, also as text; anything else says nothing.
#[derive(Default, Clone, Copy)]
struct Switch(Option<bool>);

impl FromJson for Switch {
    fn from_json(json: Json<'_>, _: &mut Problem) -> Self {
        let told =
            |on: &bool| json.text().is_some_and(|text| text.eq_ignore_ascii_case(if *on { "true" } else { "false" }));
        Self(json.flag().or_else(|| [true, false].into_iter().find(told)))
    }
}

/// The user of an id.
pub(crate) fn id(user_id: &str) -> ResourceId {
    ResourceId::new("user", user_id)
}

/// Whether a directory of this type holds programs.
pub(crate) fn is_api_client(source_type: &str) -> bool {
    source_type.eq_ignore_ascii_case("API-CLIENT")
}

impl User {
    pub(crate) fn resource(&self) -> Resource {
        let first = self.first_name.given().or(self.given_name.given()).unwrap_or_default();
        let last = self.last_name.given().unwrap_or_default();
        let program = is_api_client(&self.source_type);
        let (state, details) = self.state();
        let mut user = Resource::new("user", &self.id, self.display_name(first, last))
            .profile("full_name", &*self.full_name)
            .profile("id", self.id.as_str())
            .profile("principal", &*self.principal)
            .profile("source", &*self.source)
            .profile("source_type", &*self.source_type)
            .profile("department", &*self.department)
            .profile("job_title", &*self.job_title)
            .profile("company", &*self.company)
            .profile("telephone", &*self.telephone)
            .profile("distinguished_name", &*self.distinguished_name)
            .profile("unix_account", &*self.unix_account)
            .profile("windows_account", &*self.windows_account)
            .profile("tags", self.tags.to_vec())
            .profile("comment", &*self.comment)
            .profile("created", &*self.created)
            .profile("updated", &*self.updated)
            .status(state, details)
            .created_at(Timestamp::rfc3339(&self.created))
            .with(self.user_trait(first, last, program));
        for attribute in self.attributes.iter().filter(|attribute| attribute.key.given().is_some()) {
            user = user.profile(&format!("attr.{}", &*attribute.key), &*attribute.value);
        }
        if let Some(raw) = self.source_user_id.given().filter(|raw| *raw != self.id) {
            user = user.annotate(ResourceAnnotation::RawId(raw.into()));
        }
        if program {
            let kind = (NonHumanIdentity::AppRegistration, "privx_api_client".into());
            user = user.annotate(ResourceAnnotation::NonHumanIdentity(kind));
        }
        user
    }

    fn display_name(&self, first: &str, last: &str) -> String {
        let both = format!("{first} {last}");
        let names = [self.full_name.given(), Some(both.trim()), self.principal.given()];
        names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or(&self.id).into()
    }

    fn user_trait(&self, first: &str, last: &str, program: bool) -> UserTrait {
        let user = if program { UserTrait::service() } else { UserTrait::human() };
        // Accounts on hosts are no names to log in with here: `root` has many owners.
        user.email(&*self.email)
            .login(&*self.principal)
            .login_aliases(self.samaccountname.given().map(String::from).into_iter().collect())
            .mfa(self.second_factor())
            .name(first, last)
    }

    fn second_factor(&self) -> Option<bool> {
        let factor = self.mfa.as_ref()?;
        let told = factor.user_mfa_status.given().or(factor.status.given())?;
        match told.to_ascii_uppercase().as_str() {
            "ENABLED" => Some(true),
            "DISABLED" => Some(false),
            _ => None,
        }
    }

    /// PrivX's published user object says nothing of this; where it does say something, that counts. Nobody is called
    /// enabled for want of a word.
    fn state(&self) -> (State, String) {
        let told = [("disabled", self.disabled.0), ("locked", self.locked.0)];
        let mut details: Vec<&str> =
            told.iter().filter(|(_, told)| *told == Some(true)).map(|(what, _)| *what).collect();
        let state = match (details.is_empty(), told.iter().any(|(_, told)| told.is_some())) {
            (false, _) => State::Disabled,
            (true, true) => State::Enabled,
            (true, false) => State::Unspecified,
        };
        if self.implicit_roles_expired == Some(true) {
            details.push("implicit roles expired");
        }
        (state, details.join(", "))
    }
}
