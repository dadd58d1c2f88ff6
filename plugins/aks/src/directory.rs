//! The people, service principals and groups that something is granted to: named by bindings and assignments, told by Graph.
//!
//! Whoever is named gets a stand-in at once, and is remembered. Afterwards Graph is asked for a thousand of them at a time;
//! what it tells counts instead of the stand-in. Without Graph the stand-ins stay, and say that nobody was asked.

use accord_sdk::types::{AccountType, Detail, NonHumanIdentity, PermissionDetail, ResourceAnnotation};
use accord_sdk::{Entitlement, Failure, GroupTrait, Page, Resource, ResourceId, State, Step, Target, UserTrait};

use crate::built_in_groups;
use crate::by_name::ByName;
use crate::graph::{self, DIRECTORY, Graph, Object};
use crate::situation::{self, Situation};
use crate::stand_ins::LONGEST_KEY;
use crate::subjects::is_uuid;
use crate::text::lower;

/// What kind of principal somebody is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Person,
    Team,
    KubeUser,
    KubeGroup,
}

impl Kind {
    fn resource_type(self) -> &'static str {
        match self {
            Self::Person => "user",
            Self::Team => "group",
            Self::KubeUser => "kube_user",
            Self::KubeGroup => "kube_group",
        }
    }

    pub(crate) fn id(self, name: impl Into<String>) -> ResourceId {
        ResourceId::new(self.resource_type(), name)
    }

    /// The facts that remember them, for those that Graph can tell of.
    fn prefix(self) -> &'static str {
        if self == Self::Team { "team/" } else { "person/" }
    }
}

/// The people, groups and others that a page names, each once, with the names that were used.
#[derive(Default)]
pub(crate) struct Principals(ByName<Principal>);

struct Principal {
    kind: Kind,
    id: String,
    names: Vec<String>,
}

impl Principals {
    pub(crate) fn add(&mut self, kind: Kind, id: &str, name: &str) {
        let key = format!("{}/{id}", kind.resource_type());
        match self.0.get_mut(&key) {
            Some(known) if known.names.iter().any(|known| known == name) => {}
            Some(known) => known.names.push(name.to_owned()),
            None => {
                self.0.add(key, || Principal { kind, id: id.to_owned(), names: vec![name.to_owned()] });
            }
        }
    }

    /// Pushes stand-ins for those whom no earlier page named, or under other names only, and remembers whom Graph is to be
    /// asked about: kind, id, and the names that were used.
    pub(crate) fn push(self, page: &mut Page<'_>, situation: &Situation) -> Result<(), Failure> {
        let principals = self.0.into_things();
        let keys: Vec<Vec<String>> = principals.iter().map(Principal::keys).collect();
        let mut known = page.facts(&keys.concat()).into_iter();
        let mut facts = Vec::new();
        for (Principal { kind, id, names }, keys) in principals.into_iter().zip(keys) {
            let mut is_new = keys.is_empty();
            for key in keys {
                if known.next().flatten().is_none() {
                    is_new = true;
                    facts.push((key, Vec::new()));
                }
            }
            if is_new {
                push_stand_in(page, situation, kind, &id, names)?;
            }
        }
        page.put_facts(&facts)
    }
}

impl Principal {
    /// The facts that remember somebody, one for each name. Names that are too long for a fact are not remembered: who has no
    /// other is new each time.
    fn keys(&self) -> Vec<String> {
        let Self { kind, id, names } = self;
        let prefix = match kind {
            Kind::Person | Kind::Team if is_uuid(id) => kind.prefix().to_owned(),
            _ => format!("named/{}/", kind.resource_type()),
        };
        names.iter().map(|name| format!("{prefix}{id}/{name}")).filter(|key| key.len() <= LONGEST_KEY).collect()
    }
}

fn push_stand_in(
    page: &mut Page<'_>,
    situation: &Situation,
    kind: Kind,
    id: &str,
    names: Vec<String>,
) -> Result<(), Failure> {
    match kind {
        Kind::Person => page.resource(stand_in(id, names)),
        Kind::Team => {
            let group = group(id, id).profile("bound_as", bound_as(id, names)).profile("resolved", false).stub();
            page.entitlement(Entitlement { stub: true, ..member(id, id) })?;
            page.resource(group)
        }
        Kind::KubeUser => page.resource(kube_user(id)),
        Kind::KubeGroup => {
            // Entra sends object ids of groups, never their names.
            let never = situation.entra && !id.starts_with("system:");
            page.resource(built_in_groups::resource(id).profile("never_matches", never.then_some(true)))?;
            if built_in_groups::has_accounts(id) { built_in_groups::bound(page, id) } else { Ok(()) }
        }
    }
}

/// Somebody of whom nothing more is known.
fn stand_in(id: &str, names: Vec<String>) -> Resource {
    let object_id = if is_uuid(id) { id } else { "" };
    let principal_name = if is_uuid(id) { "" } else { id };
    Resource::new("user", id, id)
        .profile("object_id", object_id)
        .profile("user_principal_name", principal_name)
        .profile("bound_as", bound_as(id, names))
        .profile("identity_source", "entra")
        .profile("resolved", false)
        .status(State::Unspecified, "")
        .with(UserTrait::of(AccountType::Unspecified).login(principal_name))
        .stub()
}

/// The names that were used, unless they are only the id.
fn bound_as(id: &str, mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.is_empty() && name != id);
    names
}

fn kube_user(name: &str) -> Resource {
    let kind = if name.starts_with("system:") { AccountType::System } else { AccountType::Unspecified };
    Resource::new("kube_user", name, name).status(State::Enabled, "").with(UserTrait::of(kind).login(name))
}

fn group(id: &str, name: &str) -> Resource {
    Resource::new("group", id, name).profile("object_id", id).with(GroupTrait::plain())
}

fn member(id: &str, name: &str) -> Entitlement {
    Entitlement::new(&Kind::Team.id(id), "member")
        .display_name(format!("{name} Group Member"))
        .description(format!("Member of the group {name}, directly or through other groups"))
        .grantable_to("user")
}

/// Refuses to go on where Graph may not be asked.
pub(crate) fn demand_graph(page: &Page<'_>, what: &str, without: &str) -> Result<(), Failure> {
    if situation::read(page)?.graph {
        return Ok(());
    }
    let detail = Detail::new(format!("Microsoft Graph may not be asked {what}"))
        .meaning(without)
        .remedy(Graph.permission_remedy(DIRECTORY));
    Err(Failure::Permission(PermissionDetail { permission: DIRECTORY.into(), detail }))
}

/// Asks Graph about everybody that was named: people first, then groups. The cursor is the prefix of a kind's facts, and the
/// id behind which the listing stands.
pub(crate) fn read(page: &mut Page<'_>) -> Result<Step, Failure> {
    demand_graph(page, "who the people and groups are", "ids and names stay as the cluster has them")?;
    let cursor: String = page.cursor()?.unwrap_or_else(|| Kind::Person.prefix().to_owned());
    let (kind, after) = match cursor.strip_prefix(Kind::Team.prefix()) {
        Some(after) => (Kind::Team, after),
        None => (Kind::Person, cursor.strip_prefix(Kind::Person.prefix()).unwrap_or_default()),
    };
    let named = named(page, kind, Some(after).filter(|after| !after.is_empty()), graph::IDS);
    page.holds(named.len(), None);
    let Some((last, _)) = named.last() else {
        let teams = Kind::Team.prefix().to_owned();
        return if kind == Kind::Team { Ok(Step::Done) } else { page.next(&teams) };
    };
    let ids: Vec<String> = named.iter().map(|(id, _)| id.clone()).collect();
    let objects = objects(page, &ids)?;
    for (id, names) in &named {
        let found = objects.get(id);
        match kind {
            Kind::Team => {
                let resource = team(id, names, found);
                page.entitlement(member(id, &resource.display_name))?;
                page.resource(resource)?;
            }
            _ => page.resource(person(id, names, found))?,
        }
    }
    page.next(&format!("{}{last}", kind.prefix()))
}

/// What Graph knows of these ids. `getByIds` does not bring all properties everywhere; whether a user is enabled is asked
/// for then.
fn objects(page: &Page<'_>, ids: &[String]) -> Result<ByName<Object>, Failure> {
    let mut objects = ByName::default();
    let mut sparse = Vec::new();
    for object in graph::by_ids(page, ids)? {
        let id = lower(&object.id);
        if object.is("user") && object.account_enabled.is_none() {
            sparse.push(id.clone());
        }
        objects.add(id, || object);
    }
    for object in graph::users_by(page, "id", &sparse)? {
        if let Some(known) = objects.get_mut(&lower(&object.id)) {
            let kind = std::mem::take(&mut known.kind);
            *known = Object { kind, ..object };
        }
    }
    Ok(objects)
}

/// Those of a kind that were named, behind an id, with the names that were used for each.
pub(crate) fn named(page: &Page<'_>, kind: Kind, after: Option<&str>, most: usize) -> Vec<(String, Vec<String>)> {
    let prefix = kind.prefix();
    // The last character that there is: behind all names of that id.
    let mut last = after.map(|id| format!("{prefix}{id}/\u{10ffff}"));
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    loop {
        let facts = page.scan_facts(prefix, last.as_deref(), 5_000);
        for (key, _) in &facts {
            let Some((id, name)) = key.strip_prefix(prefix).and_then(|rest| rest.split_once('/')) else { continue };
            let full = found.len() == most;
            match found.last_mut() {
                Some((known, names)) if known == id => names.push(name.to_owned()),
                _ if full => return found,
                _ => found.push((id.to_owned(), vec![name.to_owned()])),
            }
        }
        match facts.into_iter().last() {
            Some((key, _)) => last = Some(key),
            None => return found,
        }
    }
}

/// A user or service principal as Graph tells of it.
pub(crate) fn told(object: &Object) -> Resource {
    let id = lower(&object.id);
    let name = object.display_name.given().or(object.user_principal_name.given()).unwrap_or(&id);
    let service = object.is("servicePrincipal");
    let login = if service { &*object.app_id } else { &*object.user_principal_name };
    let account = if service { UserTrait::service() } else { UserTrait::human() };
    let state = match object.account_enabled {
        Some(true) => State::Enabled,
        Some(false) => State::Disabled,
        None => State::Unspecified,
    };
    let resource = Resource::new("user", &id, name)
        .profile("object_id", id.as_str())
        .profile("user_principal_name", &*object.user_principal_name)
        .profile("user_type", &*object.user_type)
        .profile("app_id", &*object.app_id)
        .profile("identity_source", "entra")
        .profile("resolved", true)
        .status(state, "")
        .with(account.email(&*object.mail).login(login));
    if !service {
        return resource;
    }
    let kind = match &*object.service_principal_type {
        "ManagedIdentity" => NonHumanIdentity::ManagedIdentity,
        "Application" => NonHumanIdentity::AppRegistration,
        _ => NonHumanIdentity::Unspecified,
    };
    let detail = object.service_principal_type.to_string();
    resource.annotate(ResourceAnnotation::NonHumanIdentity((kind, detail)))
}

fn person(id: &str, names: &[String], found: Option<&Object>) -> Resource {
    let names = bound_as(id, names.to_vec());
    let Some(object) = found else {
        let gone = stand_in(id, names);
        return Resource { stub: false, ..gone }
            .profile("orphaned", true)
            .status(State::Deleted, "the directory does not know this id");
    };
    if object.is("group") {
        // A user of a group's id: nobody ever logs in under that name.
        let mismatch = Resource { stub: false, ..stand_in(id, names) };
        return mismatch.profile("never_matches", true).profile("directory_type", "group");
    }
    let upn = &*object.user_principal_name;
    let other_case = |name: &String| name != upn && name.eq_ignore_ascii_case(upn);
    let mismatch = names.iter().any(other_case).then_some(true);
    told(object).profile("bound_as", names).profile("upn_case_mismatch", mismatch)
}

fn team(id: &str, names: &[String], found: Option<&Object>) -> Resource {
    let names = bound_as(id, names.to_vec());
    let Some(object) = found else {
        let gone = group(id, id).profile("orphaned", true).profile("bound_as", names);
        return gone.status(State::Deleted, "the directory does not know this id");
    };
    if !object.is("group") {
        let kind = object.kind.rsplit('.').next().unwrap_or_default();
        return group(id, id).profile("never_matches", true).profile("directory_type", kind);
    }
    let dynamic = object.group_types.iter().any(|kind| &**kind == "DynamicMembership");
    let source_type = match object.on_premises_sync_enabled {
        Some(true) => "directory_synced",
        _ if dynamic => "dynamic",
        _ => "native",
    };
    let name = object.display_name.given().unwrap_or(id);
    Resource::new("group", id, name)
        .description(&*object.description)
        .profile("object_id", id)
        .profile("bound_as", names)
        .profile("resolved", true)
        .with(GroupTrait { source_type: source_type.into(), ..GroupTrait::plain() })
}
