//! Role bindings and cluster role bindings: who holds which role, and where.
//!
//! A grant for each subject; the binding and the name that it uses stand in its metadata. The host unites the grants of one
//! principal and entitlement, whichever bindings and pages they are from.

use accord_sdk::types::{Expansion, GrantAnnotation, Value};
use accord_sdk::{Entitlement, Failure, Grant, Page, ResourceId, Step, entitlement_id};

use crate::by_name::ByName;
use crate::directory::{Kind, Principals};
use crate::kubernetes::Listing;
use crate::objects::Object;
use crate::roles::{RoleName, slug_within};
use crate::situation::{self, Situation};
use crate::stand_ins::Named;
use crate::subjects::{Context, Meaning, Subject};
use crate::text::{cut, lower};
use crate::{Aks, built_in_groups, graph, kubernetes, service_accounts};

/// A binding names many subjects: its pages are shorter than others may be, for the sake of memory.
const LONGEST_PAGE: usize = 225;

/// Cluster roles that everybody may have: they show what the API server is, not what is in it.
static HARMLESS: [&str; 3] = ["system:discovery", "system:basic-user", "system:public-info-viewer"];

/// Everybody, one way or another.
static EVERYBODY: [&str; 3] = ["system:authenticated", "system:unauthenticated", "system:anonymous"];

/// A role as it is bound: everywhere, or in one namespace.
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

pub(crate) fn read(aks: &Aks, page: &mut Page<'_>, listing: Listing) -> Result<Step, Failure> {
    let situation = situation::read(page)?;
    let first = page.cursor::<String>()?.is_none();
    let listed = kubernetes::list(&situation, page, listing, aks.page_size.min(LONGEST_PAGE))?;
    if first && listing.is_cluster_wide {
        built_in_groups::always(page)?;
    }
    let mut reading =
        Reading { aks, situation: &situation, named: Named::default(), principals: Principals::default() };
    let meanings: Vec<Vec<Meaning>> = listed.items.iter().map(|binding| reading.meanings(page, binding)).collect();
    let ids = graph::resolve(&situation, page, principal_names(&meanings))?;
    for (binding, meanings) in listed.items.iter().zip(meanings) {
        reading.push(page, binding, meanings, &ids)?;
    }
    reading.principals.push(page, &situation)?;
    reading.named.push(page)?;
    Ok(listed.step)
}

fn principal_names(meanings: &[Vec<Meaning>]) -> ByName<()> {
    let mut names = ByName::default();
    for meaning in meanings.iter().flatten() {
        if let Meaning::PrincipalName(name) = meaning {
            names.add(name.clone(), || ());
        }
    }
    names
}

/// One page of bindings in the making.
struct Reading<'r> {
    aks: &'r Aks,
    situation: &'r Situation,
    named: Named,
    principals: Principals,
}

impl Reading<'_> {
    /// What a binding grants.
    fn role(&mut self, binding: &Object) -> Held {
        let namespace = binding.metadata.namespace.given().map(str::to_owned);
        if let Some(namespace) = &namespace {
            self.named.namespace(namespace);
        }
        let name = binding.role_ref.name.to_string();
        let held = match (&*binding.role_ref.kind, namespace) {
            ("Role", Some(namespace)) => Held { role: RoleName { namespace: Some(namespace), name }, within: None },
            (_, within) => Held { role: RoleName { namespace: None, name }, within },
        };
        self.named.add(&held.role.id(), || held.role.resource(), || called(binding));
        held
    }

    /// What the subjects of a binding mean, in their order.
    fn meanings(&self, page: &mut Page<'_>, binding: &Object) -> Vec<Meaning> {
        let context = Context {
            situation: self.situation,
            system_subjects: &self.aks.system_subjects,
            namespace: binding.metadata.namespace.given(),
            is_default: binding.metadata.is_built_in(),
        };
        let meanings: Vec<Meaning> = binding.subjects.iter().map(|subject| subject.meaning(&context)).collect();
        for (subject, meaning) in binding.subjects.iter().zip(&meanings) {
            if let Meaning::Unknown(what) = meaning {
                let example = format!("{} {} in {}", &*subject.kind, cut(&subject.name, 60), called(binding));
                page.note(what, "the API server would not take it; it grants nothing", example);
            }
        }
        meanings
    }

    fn push(
        &mut self,
        page: &mut Page<'_>,
        binding: &Object,
        meanings: Vec<Meaning>,
        ids: &ByName<String>,
    ) -> Result<(), Failure> {
        let held = self.role(binding);
        if held.within.is_some() {
            // Its own listing has pushed it before, unless the role is not there.
            page.entitlement(Entitlement { stub: true, ..held.role.everywhere() })?;
        }
        page.entitlement(held.entitlement())?;
        let (role, slug, binding_name) = (held.role.id(), held.slug(), called(binding));
        let own = !binding.metadata.is_built_in() && !binding.metadata.is_managed();
        let harmless = HARMLESS.contains(&held.role.name.as_str());
        for (subject, meaning) in binding.subjects.iter().zip(meanings) {
            let Some(principal) = self.principal(subject, meaning, &binding_name, ids) else { continue };
            let names = |name: &str| Value::Items(vec![name.to_owned()]);
            let mut metadata =
                vec![("bindings".to_owned(), names(&binding_name)), ("subject_names".to_owned(), names(&subject.name))];
            if !harmless && EVERYBODY.contains(&&*subject.name) {
                metadata.push(("risk".to_owned(), Value::Text("broad".into())));
            }
            let expansion = self.expansion(&principal);
            let mut grant = Grant { expansion, ..Grant::new(&role, &slug, principal) };
            grant.annotations.push(GrantAnnotation::Metadata(metadata));
            // One that nobody puts back makes the access revocable.
            if !own {
                grant.annotations.push(GrantAnnotation::Immutable(String::new()));
            }
            page.grant(grant)?;
        }
        Ok(())
    }

    /// Who a subject is, and that they are named here. None: nobody of whom is told.
    fn principal(
        &mut self,
        subject: &Subject,
        meaning: Meaning,
        binding: &str,
        ids: &ByName<String>,
    ) -> Option<ResourceId> {
        let (kind, id) = match meaning {
            Meaning::ServiceAccount { namespace, name } => {
                let id = service_accounts::id(&namespace, &name);
                self.named.namespace(&namespace);
                self.named.add(&id, || service_accounts::resource(&namespace, &name), || binding.to_owned());
                return Some(id);
            }
            Meaning::Person(id) => (Kind::Person, id),
            Meaning::Team(id) => (Kind::Team, id),
            // Nobody of that name is known: the name stands for who may come.
            Meaning::PrincipalName(name) => (Kind::Person, ids.get(&name).cloned().unwrap_or_else(|| lower(&name))),
            Meaning::KubeUser(name) => (Kind::KubeUser, name),
            Meaning::KubeGroup(name) => (Kind::KubeGroup, name),
            Meaning::Hidden | Meaning::Unknown(_) => return None,
        };
        self.principals.add(kind, &id, &subject.name);
        Some(kind.id(id))
    }

    /// Whoever is in a group holds what the group holds, if its members are read.
    fn expansion(&self, principal: &ResourceId) -> Option<Expansion> {
        let members = match principal.resource_type.as_str() {
            "group" if self.situation.graph && self.aks.expand_groups => "user",
            "kube_group" if built_in_groups::has_accounts(&principal.resource) => "service_account",
            _ => return None,
        };
        Some(expanded_over(principal, members))
    }
}

/// `RoleBinding/team-a/pods`.
fn called(binding: &Object) -> String {
    match binding.metadata.namespace.given() {
        Some(namespace) => format!("RoleBinding/{namespace}/{}", &*binding.metadata.name),
        None => format!("ClusterRoleBinding/{}", &*binding.metadata.name),
    }
}

/// Over the members of a group.
pub(crate) fn expanded_over(group: &ResourceId, members: &str) -> Expansion {
    let entitlement_ids = vec![entitlement_id(group, "member")];
    Expansion { entitlement_ids, shallow: false, resource_type_ids: vec![members.to_owned()] }
}
