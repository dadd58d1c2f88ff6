//! The roles. Each leads to the listing of its members.

use std::collections::BTreeSet;

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::{Collection, Entitlement, Failure, Host, Page, Request, Resource, RoleTrait, Step, Target};

use crate::PrivX;
use crate::api::ROLES_VIEW;
use crate::membership::{Details, Source};

pub(crate) const PATH: &str = "/role-store/api/v1/roles";
/// What one has at a role.
pub(crate) const ASSIGNED: &str = "assigned";
/// Facts with this prefix and a role's id: what it says of its memberships, in a word of [`Source`].
pub(crate) const SOURCE: &str = "role/";

/// The system role that every user has, and the one that may do everything.
const EVERYBODY: &str = "privx-user";
const ADMINISTRATOR: &str = "privx-admin";

/// Whoever has one of these rules over others. PrivX itself calls `roles-manage` as good as being superuser.
const PRIVILEGED: [&str; 8] = [
    "roles-manage",
    "users-manage",
    "sources-manage",
    "settings-manage",
    "api-clients-manage",
    "access-groups-manage",
    "workflows-manage",
    "vault-manage",
];

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Role {
    id: String,
    pub(crate) name: Text,
    comment: Text,
    system: Option<bool>,
    permissions: List<String>,
    permit_agent: Option<bool>,
    access_group_id: Text,
    owner_src: Text,
    created: Text,
    updated: Text,
    source_rules: Option<Rules>,
    context: Option<Context>,
    member_count: Option<u64>,
    explicit_count: Option<u64>,
}

/// Rules that make directory users members: a tree with rules as its leaves.
#[derive(FromJson, Default)]
#[json(default)]
struct Rules {
    #[json(rename = "type")]
    kind: Text,
    /// The directory whose users a rule is about.
    source: Text,
    rules: List<Rules>,
}

/// When and from where the role holds.
#[derive(FromJson, Default)]
#[json(default)]
struct Context {
    enabled: Option<bool>,
    block_role: Option<bool>,
    validity: List<String>,
    start_time: Text,
    end_time: Text,
    timezone: Text,
    ip_masks: List<String>,
}

pub(crate) fn request() -> Request {
    Request::get(PATH).permission(ROLES_VIEW)
}

/// One role's own address, and what is below it.
pub(crate) fn request_of(role_id: &str) -> Result<Request, Failure> {
    Ok(Request::get(PATH).segment(role_id)?.permission(ROLES_VIEW))
}

/// A role alone. None: PrivX has no such role.
pub(crate) fn one(privx: &PrivX, host: &Host, role_id: &str) -> Result<Option<Role>, Failure> {
    let answer = privx.send(host, &request_of(role_id)?)?;
    if privx.has_none(&answer) { Ok(None) } else { privx.decode(&answer).map(Some) }
}

pub(crate) fn read(privx: &PrivX, page: &mut Page<'_>) -> Result<Step, Failure> {
    let learned = privx.learned(page, &["users"]).without_length();
    let roles = privx.list::<Role>(page, &request(), learned)?;
    let mut sources = Vec::with_capacity(roles.items.len());
    for role in &roles.items {
        let resource = role.resource();
        sources.push((format!("{SOURCE}{}", role.id), role.source(privx.details).word().into()));
        page.entitlement(assigned(&resource))?;
        page.resource(resource)?;
        page.discover(Collection::keyed("members", &role.id));
    }
    page.put_facts(&sources)?;
    roles.teach(page)?;
    roles.step(page)
}

/// Having a role.
fn assigned(role: &Resource) -> Entitlement {
    let name = &role.display_name;
    role.entitlement(ASSIGNED)
        .display_name(format!("{name} role assigned"))
        .description(format!("Has {name} role membership"))
        .grantable_to("user")
}

impl Role {
    fn resource(&self) -> Resource {
        let context = self.context.as_ref();
        let times = context.map(|context| [context.start_time.given(), context.end_time.given()]);
        let hours = times.filter(|times| times.iter().any(Option::is_some));
        Resource::new("role", &self.id, self.name.given().unwrap_or(&self.id))
            .description(&*self.comment)
            .profile("name", &*self.name)
            .profile("comment", &*self.comment)
            .profile("system", self.system)
            .profile("permissions", self.permissions.to_vec())
            .profile("permit_agent", self.permit_agent)
            .profile("access_group_id", &*self.access_group_id)
            .profile("owner_src", &*self.owner_src)
            .profile("created", &*self.created)
            .profile("updated", &*self.updated)
            .profile("has_mapping_rules", self.has_mapping_rules())
            .profile("restricted_by_context", context.and_then(|context| context.enabled))
            .profile("context_block_role", context.and_then(|context| context.block_role))
            .profile("context_days", context.map(|context| context.validity.to_vec()))
            .profile("context_hours", hours.map(|[from, to]| format!("{}-{}", from.unwrap_or(""), to.unwrap_or(""))))
            .profile("context_timezone", context.map(|context| &*context.timezone))
            .profile("context_ip_masks", context.map(|context| context.ip_masks.to_vec()))
            .profile("privileged", self.is_privileged())
            .with(RoleTrait::unscoped())
    }

    /// Whether every user has it.
    pub(crate) fn is_automatic(&self) -> bool {
        self.system == Some(true) && &*self.name == EVERYBODY
    }

    /// What makes somebody a member whom nobody gave the role: `mapping rules of the directory …`.
    pub(crate) fn rules(&self) -> String {
        let mut directories = BTreeSet::new();
        self.source_rules.iter().for_each(|rules| rules.add_directories(&mut directories));
        match directories.into_iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().as_slice() {
            [] => "mapping rules".into(),
            [directory] => format!("mapping rules of the directory {directory}"),
            directories => format!("mapping rules of the directories {}", directories.join(", ")),
        }
    }

    fn has_mapping_rules(&self) -> bool {
        self.source_rules.as_ref().is_some_and(Rules::map_somebody)
    }

    fn is_privileged(&self) -> bool {
        let manages = |permission: &String| PRIVILEGED.contains(&permission.as_str());
        &*self.name == ADMINISTRATOR || self.permissions.iter().any(manages)
    }

    /// What a member is a member by, as far as the role says it.
    fn source(&self, details: Details) -> Source {
        let all_explicit = self.explicit_count.is_some() && self.explicit_count == self.member_count;
        match details {
            _ if self.is_automatic() => Source::Automatic,
            _ if !self.has_mapping_rules() || all_explicit => Source::Explicit,
            Details::Always => Source::LookedUp,
            Details::Privileged if self.is_privileged() => Source::LookedUp,
            Details::Privileged | Details::Never => Source::Unknown,
        }
    }
}

impl Rules {
    fn map_somebody(&self) -> bool {
        self.kind.eq_ignore_ascii_case("RULE") || self.rules.iter().any(Self::map_somebody)
    }

    /// Adds the directories that it is about, each once.
    fn add_directories<'a>(&'a self, directories: &mut BTreeSet<&'a str>) {
        directories.extend(self.source.given());
        self.rules.iter().for_each(|rules| rules.add_directories(directories));
    }
}
