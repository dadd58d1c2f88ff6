//! What may not be read: bindings end the run, everything else is missing by name, and nobody's access with it.

use accord_fixtures::azure::{Listing, Permission};

use super::{FILE, examples, grants, sync};
use crate::rows::resources;
use crate::support::Desk;

#[test]
fn without_bindings_there_is_no_file() {
    for listing in [Listing::RoleBindings, Listing::ClusterRoleBindings] {
        let (desk, server) = (Desk::new(), examples());
        server.set_permission(Permission::List(listing), false);
        let outcome = sync(&desk, &server).run().exits(11);
        let resource = listing.resource();
        // Of four hosts, the one that refused is named.
        let host = "aks-prod-dns-4f2k9x1a.hcp.westeurope.azmk8s.io";
        outcome.tells(&[
            &format!("{resource}.rbac.authorization.k8s.io is forbidden"),
            &format!("where   GET https://{host}/apis/rbac.authorization.k8s.io/v1/{resource}\n"),
            &format!("get, list {resource}"),
        ]);
        assert!(!desk.path(FILE).exists());
    }
}

#[test]
fn without_anything_else_the_same_people_hold_the_same_roles() {
    let (whole, server) = (Desk::new(), examples());
    sync(&whole, &server).run().exits(0);
    let all: Vec<String> = grants(&whole).into_keys().collect();
    for (permission, code, told) in [
        (Permission::List(Listing::Namespaces), 0, "get, list namespaces"),
        (Permission::List(Listing::ServiceAccounts), 3, "get, list serviceaccounts"),
        (Permission::List(Listing::Roles), 3, "get, list roles"),
        (Permission::List(Listing::ClusterRoles), 3, "get, list clusterroles"),
        (Permission::RoleAssignments, 3, "Reader"),
        (Permission::RoleDefinitions, 0, "Reader"),
        (Permission::ReadDirectory, 3, "Directory.Read.All"),
    ] {
        let (desk, server) = (Desk::new(), examples());
        server.set_permission(permission, false);
        let outcome = sync(&desk, &server).run();
        assert_eq!(outcome.code, code, "{permission:?}: {}", outcome.printed());
        assert!(outcome.printed().contains(&format!("needs \"{told}\"")), "{permission:?}: {}", outcome.printed());
        let found = grants(&desk);
        let lost: Vec<&String> = all
            .iter()
            .filter(|id| !found.contains_key(*id))
            // What cannot be known: members of groups, and what they hold through them; Azure's roles.
            .filter(|id| match permission {
                Permission::ReadDirectory => id.contains(":group:"),
                Permission::RoleAssignments => !id.starts_with("azure_role:") && !id.starts_with("group:"),
                Permission::List(Listing::ServiceAccounts) => !id.contains(":service_account:"),
                _ => true,
            })
            .collect();
        let lost: Vec<_> = match permission {
            // Groups that only an Azure role names have no members to read either.
            Permission::RoleAssignments => lost.into_iter().filter(|id| !id.contains("user:")).collect(),
            _ => lost,
        };
        assert!(lost.is_empty(), "{permission:?}: {lost:?}");
        desk.accord(&["verify", FILE]).run().exits(0);
    }
}

#[test]
fn what_could_not_be_listed_says_so_instead_of_being_missing() {
    let (desk, server) = (Desk::new(), examples());
    for listing in [Listing::Namespaces, Listing::ServiceAccounts, Listing::Roles, Listing::ClusterRoles] {
        server.set_permission(Permission::List(listing), false);
    }
    sync(&desk, &server).run().exits(3);
    let all = resources(&desk, FILE);
    for (id, listing) in [
        ("cluster_role:edit", "cluster-roles"),
        ("role:team-a/pod-reader", "roles"),
        ("service_account:team-a/builder", "service-accounts"),
        ("namespace:team-a", "namespaces"),
    ] {
        let resource = &all[id];
        assert!(
            resource.description.contains(&format!("the {listing} could not be listed")),
            "{}",
            resource.description
        );
        assert!(!format!("{:?}", resource.profile).contains("missing"), "{id}");
    }
}

#[test]
fn names_that_are_required_end_the_run_where_they_may_not_be_read() {
    let (desk, server) = (Desk::new(), examples());
    server.set_permission(Permission::ReadDirectory, false);
    let outcome = sync(&desk, &server).env("BATON_RESOLVE_IDENTITIES", "required").run().exits(11);
    outcome.tells(&["Authorization_RequestDenied", "Directory.Read.All", "admin consent"]);
    server.azure().clear_log();
    sync(&desk, &server).env("BATON_RESOLVE_IDENTITIES", "off").run().exits(0);
    assert!(server.azure().log().iter().all(|it| it.request.header("host") != "graph.microsoft.com"));
}

#[test]
fn members_that_are_hidden_are_a_gap_with_a_name() {
    let (desk, server) = (Desk::new(), examples());
    server.change(|world| {
        world.directory.groups.iter_mut().for_each(|group| group.hidden = group.display_name == "hidden")
    });
    let outcome = sync(&desk, &server).run().exits(3);
    let printed = outcome.printed();
    assert!(printed.contains("more-group-members/4d4d4d4d-0000-4aaa-8bbb-00000000a004 not collected"), "{printed}");
    assert!(printed.contains("needs \"Member.Read.Hidden\""), "{printed}");
    server.set_permission(Permission::ReadHiddenMembers, true);
    sync(&desk, &server).run().exits(0);
}
