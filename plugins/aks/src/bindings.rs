//! Role bindings and cluster role bindings: who holds which role, and where.
//!
//! One grant for each pair of entitlement and principal, whatever the number of bindings; the bindings and the names that
//! they use stand in its metadata. The host unites the grants of several pages.

use std::collections::{BTreeMap, BTreeSet};

use accord_sdk::json::{FromJson, Ignored, List, Text};
use accord_sdk::types::{Expansion, GrantAnnotation, Value};
use accord_sdk::{Entitlement, Failure, Grant, Page, ResourceId, Step, entitlement_id};

use crate::directory::{self, Kind};
use crate::fitting::Load;
use crate::kubernetes::Listing;
use crate::objects::Metadata;
use crate::roles::{RoleName, slug_within};
use crate::situation::{self, Situation};
use crate::stand_ins::Named;
use crate::subjects::{Context, Meaning, Subject};
use crate::{Aks, built_in_groups, graph, kubernetes, service_accounts};

/// A binding names many subjects: its pages are shorter than others may be, for the sake of memory.
const LONGEST_PAGE: usize = 225;

/// Cluster roles that everybody may have: they show what the API server is, not what is in it.
const HARMLESS: [&str; 3] = ["system:discovery", "system:basic-user", "system:public-info-viewer"];

/// Everybody, one way or another.
const EVERYBODY: [&str; 3] = ["system:authenticated", "system:unauthenticated", "system:anonymous"];

#[derive(FromJson, Default, Clone)]
#[json(default, rename_all = "camelCase")]
struct Binding {
    metadata: Metadata,
    subjects: List<Subject>,
    role_ref: RoleRef,
}

#[derive(FromJson, Default, Clone)]
#[json(default)]
struct RoleRef {
    kind: Text,
    name: Text,
}

/// A role as it is bound: everywhere, or in one namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    role: RoleName,
    within: Option<String>,
}

impl Held {
    fn slug(&self) -> String {
        match &self.within {
            Some(namespace) => slug_within(namespace),
            None if self.role.namespace.is_some() => "member".into(),
            None => "all:member".into(),
        }
    }

    fn entitlement(&self) -> Entitlement {
        match &self.within {
            Some(namespace) => self.role.within(namespace),
            None => self.role.everywhere(),
        }
    }
}

/// Why somebody holds a role. A page has many of these: they borrow.
#[derive(Default)]
struct Reasons<'b> {
    /// One after the other, and so each once.
    bindings: Vec<&'b Binding>,
    names: Vec<&'b str>,
    /// A binding that nobody puts back is among them.
    own: bool,
    everybody: bool,
}

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>, listing: Listing) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let first = page.cursor::<Ignored>()?.is_none();
    let listed = kubernetes::list::<Binding>(&situation, page, listing, aks.page_size.min(LONGEST_PAGE), fitting)?;
    if first && listing.is_cluster_wide {
        built_in_groups::always(page)?;
    }
    let mut reading = Reading { aks, situation: &situation, named: Named::default(), meanings: Vec::new() };
    let held: Vec<Held> = listed.items.iter().map(|binding| reading.role(binding)).collect();
    for binding in &listed.items {
        reading.subjects(page, binding);
    }
    let people = principal_names(&reading);
    let people = graph::resolve(&situation, page, &people)?;
    let roles: Vec<&Held> = held.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let grants = reading.grants(&listed.items, &held, &people);
    reading.push(page, &roles, grants)?;
    Ok(listed.step)
}

/// How many of the bindings fit into one page with all their subjects.
fn fitting(bindings: &[Binding]) -> usize {
    let mut load = Load::default();
    let over = bindings.iter().position(|binding| {
        let names = binding.metadata.name.len() + binding.metadata.namespace.len() + binding.role_ref.name.len();
        !binding.subjects.iter().all(|subject| load.add(subject.name.len(), names))
    });
    over.unwrap_or(bindings.len())
}

fn principal_names(reading: &Reading<'_>) -> BTreeSet<String> {
    let names = reading.meanings.iter().flatten().filter_map(|meaning| match meaning {
        Meaning::PrincipalName(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// One page of bindings in the making.
struct Reading<'r> {
    aks: &'r Aks,
    situation: &'r Situation,
    named: Named,
    /// Of each binding's subjects, in their order.
    meanings: Vec<Vec<Meaning>>,
}

impl Reading<'_> {
    /// What a binding grants.
    fn role(&mut self, binding: &Binding) -> Held {
        let namespace = binding.metadata.namespace.given().map(str::to_owned);
        if let Some(namespace) = &namespace {
            self.named.namespace(namespace);
        }
        let name = binding.role_ref.name.to_string();
        let held = match (&*binding.role_ref.kind, namespace) {
            ("Role", Some(namespace)) => Held { role: RoleName { namespace: Some(namespace), name }, within: None },
            (_, within) => Held { role: RoleName { namespace: None, name }, within },
        };
        self.named.add(held.role.id(), || held.role.resource(), || binding.called());
        held
    }

    fn subjects(&mut self, page: &mut Page<'_>, binding: &Binding) {
        let context = Context {
            situation: self.situation,
            system_subjects: &self.aks.system_subjects,
            namespace: binding.metadata.namespace.given(),
            is_default: binding.metadata.is_built_in(),
        };
        let meanings: Vec<Meaning> = binding.subjects.iter().map(|subject| subject.meaning(&context)).collect();
        for (subject, meaning) in binding.subjects.iter().zip(&meanings) {
            if let Meaning::Unknown(what) = meaning {
                let example = format!("{} {} in {}", &*subject.kind, shown(&subject.name), binding.called());
                page.note(what, "the API server would not take it; it grants nothing", example);
            }
        }
        self.meanings.push(meanings);
    }

    /// Every pair of entitlement and principal, with its reasons.
    fn grants<'b>(
        &mut self,
        bindings: &'b [Binding],
        held: &'b [Held],
        people: &BTreeMap<String, String>,
    ) -> BTreeMap<(&'b Held, Principal), Reasons<'b>> {
        let mut grants: BTreeMap<(&Held, Principal), Reasons<'_>> = BTreeMap::new();
        let meanings = std::mem::take(&mut self.meanings);
        for ((binding, held), meanings) in bindings.iter().zip(held).zip(meanings) {
            for (subject, meaning) in binding.subjects.iter().zip(meanings) {
                let Some(principal) = Principal::of(meaning, people) else { continue };
                let everybody = EVERYBODY.contains(&&*subject.name) && !HARMLESS.contains(&held.role.name.as_str());
                let reasons = grants.entry((held, principal)).or_default();
                if reasons.bindings.last().is_none_or(|last| !std::ptr::eq(*last, binding)) {
                    reasons.bindings.push(binding);
                }
                reasons.names.push(&subject.name);
                reasons.own |= !binding.metadata.is_built_in() && !binding.metadata.is_managed();
                reasons.everybody |= everybody;
            }
        }
        grants
    }

    fn push(
        mut self,
        page: &mut Page<'_>,
        roles: &[&Held],
        grants: BTreeMap<(&Held, Principal), Reasons<'_>>,
    ) -> Result<(), Failure> {
        let mut people = BTreeSet::new();
        for ((_, principal), reasons) in &grants {
            if let Principal::ServiceAccount { namespace, name } = principal {
                let by = || reasons.bindings.iter().map(|binding| binding.called()).min().unwrap_or_default();
                let resource = || service_accounts::resource(namespace, name);
                self.named.namespace(namespace);
                self.named.add(service_accounts::id(namespace, name), resource, by);
            } else if let Some(kind) = principal.kind() {
                people.extend(reasons.names.iter().map(|&name| (kind, principal.name(), name)));
            }
        }
        directory::push_principals(page, self.situation, &people)?;
        drop(people);
        std::mem::take(&mut self.named).push(page)?;
        for held in roles {
            // Its own listing has pushed it before, unless the role is not there.
            page.entitlement(Entitlement { stub: true, ..held.role.everywhere() })?;
            page.entitlement(held.entitlement())?;
        }
        for ((held, principal), reasons) in grants {
            page.grant(self.grant(held, &principal, &reasons))?;
        }
        Ok(())
    }

    fn grant(&self, held: &Held, principal: &Principal, reasons: &Reasons<'_>) -> Grant {
        let mut grant = Grant::new(held.role.id(), &held.slug(), principal.id());
        let bindings = distinct(reasons.bindings.iter().map(|binding| binding.called()));
        let names = distinct(reasons.names.iter().map(|&name| name.to_owned()));
        let mut metadata =
            vec![("bindings".to_owned(), Value::Items(bindings)), ("subject_names".to_owned(), Value::Items(names))];
        if reasons.everybody {
            metadata.push(("risk".to_owned(), Value::Text("broad".into())));
        }
        grant.annotations.push(GrantAnnotation::Metadata(metadata));
        if !reasons.own {
            grant.annotations.push(GrantAnnotation::Immutable(String::new()));
        }
        grant.expansion = expansion(self.aks, self.situation, principal);
        grant
    }
}

/// Each text once, in order.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

impl Binding {
    /// `RoleBinding/team-a/pods`.
    fn called(&self) -> String {
        match self.metadata.namespace.given() {
            Some(namespace) => format!("RoleBinding/{namespace}/{}", &*self.metadata.name),
            None => format!("ClusterRoleBinding/{}", &*self.metadata.name),
        }
    }
}

/// Somebody who holds something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Principal {
    ServiceAccount { namespace: String, name: String },
    Other(Kind, String),
}

impl Principal {
    fn of(meaning: Meaning, people: &BTreeMap<String, String>) -> Option<Self> {
        Some(match meaning {
            Meaning::ServiceAccount { namespace, name } => Self::ServiceAccount { namespace, name },
            Meaning::Person(id) => Self::Other(Kind::Person, id),
            Meaning::Team(id) => Self::Other(Kind::Team, id),
            // Nobody of that name is known: the name stands for who may come.
            Meaning::PrincipalName(name) => {
                let id = people.get(&name).cloned().unwrap_or_else(|| name.to_lowercase());
                Self::Other(Kind::Person, id)
            }
            Meaning::KubeUser(name) => Self::Other(Kind::KubeUser, name),
            Meaning::KubeGroup(name) => Self::Other(Kind::KubeGroup, name),
            Meaning::Hidden | Meaning::Unknown(_) => return None,
        })
    }

    fn kind(&self) -> Option<Kind> {
        if let Self::Other(kind, _) = self { Some(*kind) } else { None }
    }

    fn name(&self) -> &str {
        match self {
            Self::ServiceAccount { name, .. } | Self::Other(_, name) => name,
        }
    }

    fn id(&self) -> ResourceId {
        match self {
            Self::ServiceAccount { namespace, name } => service_accounts::id(namespace, name),
            Self::Other(kind, name) => kind.id(name),
        }
    }
}

/// Whoever is in a group holds what the group holds, if its members are read.
fn expansion(aks: &Aks, situation: &Situation, principal: &Principal) -> Option<Expansion> {
    let members = match principal {
        Principal::Other(Kind::Team, _) if situation.graph && aks.expand_groups => "user",
        Principal::Other(Kind::KubeGroup, name) if built_in_groups::has_accounts(name) => "service_account",
        _ => return None,
    };
    Some(expanded_over(&principal.id(), members))
}

/// Over the members of a group.
pub(crate) fn expanded_over(group: &ResourceId, members: &str) -> Expansion {
    let entitlement_ids = vec![entitlement_id(group, "member")];
    Expansion { entitlement_ids, shallow: false, resource_type_ids: vec![members.to_owned()] }
}

fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}
