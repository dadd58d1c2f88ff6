//! Grants that say nothing but who has what, on their way to the host: each id once, and two numbers a grant.

use std::cmp::Ordering;

use crate::types::{Grant, GrantedEntitlement, PlainGrants, ResourceId};

/// Plain grants that were pushed.
#[derive(Debug)]
pub(crate) struct Plain {
    grants: PlainGrants,
    /// The places of the entitlements and of the principals, in the order of their ids.
    entitlements: Vec<u32>,
    principals: Vec<u32>,
}

impl Default for Plain {
    fn default() -> Self {
        let grants = PlainGrants { entitlements: Vec::new(), principals: Vec::new(), grants: Vec::new() };
        Self { grants, entitlements: Vec::new(), principals: Vec::new() }
    }
}

impl Plain {
    /// Takes a grant, and gives it back if there is more to it.
    pub(crate) fn push(&mut self, row: Grant) -> Option<Grant> {
        if row.id.is_some() || row.expansion.is_some() || !row.annotations.is_empty() {
            return Some(row);
        }
        let Grant { entitlement: id, entitlement_resource: resource, principal, .. } = row;
        let PlainGrants { entitlements, principals, grants } = &mut self.grants;
        let (last_entitlement, last_principal) = grants.last().copied().unzip();
        let (entitlement, is_new) = place(&mut self.entitlements, last_entitlement, &|place| {
            let known = &entitlements[place];
            known.id.cmp(&id).then_with(|| order(&known.resource, &resource))
        });
        if is_new {
            entitlements.push(GrantedEntitlement { id, resource });
        }
        let (holder, is_new) =
            place(&mut self.principals, last_principal, &|place| order(&principals[place], &principal));
        if is_new {
            principals.push(principal);
        }
        grants.push((entitlement, holder));
        None
    }

    pub(crate) fn len(&self) -> usize {
        self.grants.grants.len()
    }

    /// What was pushed; from here on there is nothing.
    pub(crate) fn take(&mut self) -> PlainGrants {
        std::mem::take(self).grants
    }
}

/// The place of what is looked for, and whether it is a new one, which goes to the end of its list. `order` tells how what
/// stands at a place compares with it. Often it is the last one once more.
fn place(places: &mut Vec<u32>, last: Option<u32>, order: &dyn Fn(usize) -> Ordering) -> (u32, bool) {
    if let Some(last) = last.filter(|last| order(*last as usize).is_eq()) {
        return (last, false);
    }
    match places.binary_search_by(|place| order(*place as usize)) {
        Ok(found) => (places[found], false),
        Err(before) => {
            let place = places.len() as u32;
            places.insert(before, place);
            (place, true)
        }
    }
}

fn order(a: &ResourceId, b: &ResourceId) -> Ordering {
    a.resource.cmp(&b.resource).then_with(|| a.resource_type.cmp(&b.resource_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_told_once_and_what_is_more_than_two_ids_is_given_back() {
        let mut plain = Plain::default();
        let grant = |group: &str, user: &str| {
            Grant::new(ResourceId::new("group", group), "member", ResourceId::new("user", user))
        };
        for (group, user) in [("b", "2"), ("a", "2"), ("c", "2"), ("a", "1"), ("b", "1"), ("b", "2"), ("b", "1")] {
            assert_eq!(plain.push(grant(group, user)), None);
        }
        // The same id of another resource is another entitlement, and the same id of another type another principal.
        let mut other = grant("a", "1");
        other.entitlement_resource = ResourceId::new("role", "a");
        other.principal = ResourceId::new("admin", "1");
        assert_eq!(plain.push(other), None);

        let more = grant("a", "1").expand(vec!["x".into()]);
        assert_eq!(plain.push(more.clone()), Some(more));
        let named = Grant { id: Some("own".into()), ..grant("a", "1") };
        assert_eq!(plain.push(named.clone()), Some(named));

        assert_eq!(plain.len(), 8);
        let PlainGrants { entitlements, principals, grants } = plain.take();
        let entitlements: Vec<_> =
            entitlements.iter().map(|known| format!("{} of {}", known.id, known.resource.resource_type)).collect();
        let a_role = "group:a:member of role";
        assert_eq!(
            entitlements,
            ["group:b:member of group", "group:a:member of group", "group:c:member of group", a_role]
        );
        let principals: Vec<_> = principals.iter().map(|id| format!("{}:{}", id.resource_type, id.resource)).collect();
        assert_eq!(principals, ["user:2", "user:1", "admin:1"]);
        assert_eq!(grants, [(0, 0), (1, 0), (2, 0), (1, 1), (0, 1), (0, 0), (0, 1), (3, 2)]);
        assert_eq!(plain.len(), 0);
    }
}
