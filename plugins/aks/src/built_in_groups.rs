//! Groups that Kubernetes itself forms. Everybody who logs in is in some; those of service accounts have members that are
//! known.

use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Entitlement, Failure, Grant, GroupTrait, Page, Resource, ResourceId, Step};

use crate::directory::Kind;
use crate::stand_ins;

const ACCOUNTS: &str = "system:serviceaccounts";

/// Groups that exist in every cluster, bound or not: who holds an admin kubeconfig, who logged in, and who did not.
const ALWAYS: [&str; 3] = ["system:masters", "system:authenticated", "system:unauthenticated"];

/// Facts under this prefix name groups of service accounts that hold something.
const BOUND: &str = "accounts-of/";

pub(crate) fn has_accounts(name: &str) -> bool {
    name == ACCOUNTS || name.strip_prefix(ACCOUNTS).is_some_and(|rest| rest.starts_with(':'))
}

pub(crate) fn resource(name: &str) -> Resource {
    let source_type = if name.starts_with("system:") { "built_in" } else { "" };
    let kind = GroupTrait { source_type: source_type.into(), ..GroupTrait::plain() };
    Resource::new("kube_group", name, name).with(kind)
}

fn member(name: &str) -> Entitlement {
    let namespace = name.strip_prefix("system:serviceaccounts:");
    let whose = namespace.map_or("of the cluster".to_owned(), |namespace| format!("in the namespace {namespace}"));
    Entitlement::new(&ResourceId::new("kube_group", name), "member")
        .display_name(format!("{name} Member"))
        .description(format!("Every service account {whose}"))
        .grantable_to("service_account")
}

/// The groups that are there in any case.
pub(crate) fn always(page: &mut Page<'_>) -> Result<(), Failure> {
    ALWAYS.iter().try_for_each(|name| page.resource(resource(name)))
}

/// A group that holds something: its members are told later.
pub(crate) fn bound(page: &mut Page<'_>, name: &str) -> Result<(), Failure> {
    page.entitlement(member(name))?;
    page.put_facts(&[(format!("{BOUND}{name}"), Vec::new())])
}

/// Members of the groups that hold something, 5,000 service accounts a page.
pub(crate) fn read(page: &mut Page<'_>) -> Result<Step, Failure> {
    let groups: Vec<String> = page
        .scan_facts(BOUND, None, 5_000)
        .into_iter()
        .filter_map(|(key, _)| key.strip_prefix(BOUND).map(str::to_owned))
        .collect();
    if groups.is_empty() {
        return Ok(Step::Done);
    }
    let after: Option<String> = page.cursor()?;
    let accounts = stand_ins::known_after(page, "service_account", after.as_deref());
    page.holds(accounts.len(), None);
    for account in &accounts {
        let namespace = account.split('/').next().unwrap_or_default();
        let in_namespace = format!("{ACCOUNTS}:{namespace}");
        for group in groups.iter().filter(|group| *group == ACCOUNTS || **group == in_namespace) {
            let member = ResourceId::new("service_account", account);
            let grant = Grant::new(Kind::KubeGroup.id(group), "member", member);
            page.grant(grant.annotate(GrantAnnotation::Immutable(String::new())))?;
        }
    }
    match accounts.last() {
        Some(last) => page.next(last),
        None => Ok(Step::Done),
    }
}
