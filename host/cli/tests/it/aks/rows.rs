//! The rows of the small world under every setting, and of a generated one.

use accord_fixtures::azure::{
    AksServer, Listing, Namespaces, Options, Permission, Settings, Shape, SystemSubjects, World,
};

use super::{FILE, examples, start, sync, times};
use crate::rows::Rows;
use crate::support::Desk;

/// A world, the connector's settings, and what rows depend on.
struct Case {
    what: &'static str,
    environment: &'static [(&'static str, &'static str)],
    change: super::Change,
    settings: Settings,
}

const SAME: super::Change = |_| {};

fn cases() -> Vec<Case> {
    let usual = Settings { hidden_members: true, ..Settings::default() };
    let case = |what, environment, change, settings| Case { what, environment, change, settings };
    vec![
        case("as it comes", &[], SAME, usual),
        case("small pages", &[("BATON_PAGE_SIZE", "2")], SAME, usual),
        case("no names", &[("BATON_RESOLVE_IDENTITIES", "off")], SAME, Settings { graph: false, ..usual }),
        case("no members", &[("BATON_EXPAND_GROUPS", "false")], SAME, Settings { members: false, ..usual }),
        case(
            "no Azure roles",
            &[("BATON_AZURE_ROLE_ASSIGNMENTS", "false")],
            SAME,
            Settings { azure_roles: false, ..usual },
        ),
        case(
            "all subjects",
            &[("BATON_SYSTEM_SUBJECTS", "all")],
            SAME,
            Settings { system_subjects: SystemSubjects::All, ..usual },
        ),
        case(
            "no subjects of Kubernetes' own",
            &[("BATON_SYSTEM_SUBJECTS", "none")],
            SAME,
            Settings { system_subjects: SystemSubjects::None, ..usual },
        ),
        case(
            "all namespaces",
            &[("BATON_NAMESPACE_ENTITLEMENTS", "all")],
            SAME,
            Settings { namespaces: Namespaces::All, ..usual },
        ),
        case("Azure RBAC", &[], |world| world.cluster.azure_rbac = true, usual),
        case("no Entra", &[], |world| world.cluster.entra = false, usual),
        case("no RBAC", &[], |world| world.cluster.rbac = false, usual),
        case("nothing in it", &[], |world| *world = World::default(), usual),
    ]
}

#[test]
fn every_setting_yields_its_rows() {
    for Case { what, environment, change, settings } in cases() {
        let mut world = World::examples();
        change(&mut world);
        let (desk, server) = (Desk::new(), start(world, Options::default()));
        let call = environment.iter().fold(sync(&desk, &server), |call, (name, value)| call.env(name, value));
        let outcome = call.run();
        assert_eq!(outcome.code, 0, "{what}: {}", outcome.printed());
        Rows::of(&desk, FILE).are(&server.expected(&settings));
        desk.accord(&["verify", FILE]).run().exits(0);
    }
}

#[test]
fn what_is_inherited_is_found_whether_or_not_the_whole_listing_has_it() {
    for (inherited_without_filter, asked) in [(true, 1), (false, 2)] {
        let (desk, server) =
            (Desk::new(), start(World::examples(), Options { inherited_without_filter, ..Options::default() }));
        sync(&desk, &server).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected(&Settings { hidden_members: true, ..Settings::default() }));
        assert_eq!(times(&server, "roleAssignments"), asked);
    }
}

#[test]
fn members_come_from_all_pages_and_sparse_objects_are_completed() {
    let options = Options { members_at_most: 3, sparse_ids: true, ..Options::default() };
    let (desk, server) = (Desk::new(), start(World::examples(), options));
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(&Settings { hidden_members: true, ..Settings::default() }));
    assert!(times(&server, "transitiveMembers") >= 2, "what does not fit is read group by group");
    let people = crate::rows::resources(&desk, FILE);
    let jane = &people["user:c3a1b2d4-0000-4ccc-8ddd-00000000b002"];
    assert_eq!(jane.display_name, "Jane Doe");
    assert_eq!(jane.status.as_ref().unwrap().status(), accord_c1z::proto::ResourceStatus::Enabled);
}

/// Several pages of each listing; what is only named behind the first page is there.
#[test]
fn a_generated_world_is_read_to_its_last_page() {
    let shape = Shape {
        namespaces: 20,
        service_accounts: 150,
        roles: 90,
        cluster_roles: 30,
        role_bindings: 120,
        cluster_role_bindings: 70,
        subjects: 9,
        users: 700,
        groups: 25,
        members: 30,
        assignments: 120,
        ..Shape::default()
    };
    let server = AksServer::start(World::generate(&shape), Options::default()).unwrap();
    let (one, two) = (Desk::new(), Desk::new());
    sync(&one, &server).env("BATON_PAGE_SIZE", "50").run().exits(0);
    let rows = Rows::of(&one, FILE);
    rows.are(&server.expected(&Settings::default()));
    for (listing, pages) in [("serviceaccounts", 3), ("roles", 2), ("rolebindings", 3), ("namespaces", 1)] {
        assert_eq!(times(&server, listing), pages, "{listing}");
    }
    assert_eq!(times(&server, "clusterrolebindings"), 1 + 2, "one to see whether it may be listed");

    // The same again, with other pages and one worker.
    sync(&two, &server).env("BATON_PAGE_SIZE", "500").arguments(&["--workers=1"]).run().exits(0);
    assert_eq!(Rows::of(&two, FILE).without_coverage(), rows.without_coverage());
}

#[test]
fn the_ids_are_those_of_the_fields_other_kubernetes_connector() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let resources = crate::rows::resources(&desk, FILE);
    for id in ["namespace:team-a", "service_account:team-a/builder", "role:team-a/pod-reader", "cluster_role:edit"] {
        assert!(resources.contains_key(id), "{id}");
    }
    let grants = super::grants(&desk);
    for id in [
        "role:team-a/pod-reader:member:user:c3a1b2d4-0000-4ccc-8ddd-00000000b002",
        "cluster_role:edit:team-a:member:service_account:team-a/builder",
        "cluster_role:cluster-admin:all:member:group:7d6f0a10-0000-4aaa-8bbb-00000000a001",
        // A namespace called `all` is not all namespaces.
        "cluster_role:edit:namespace/all:member:user:c3a1b2d4-0000-4ccc-8ddd-00000000b002",
    ] {
        assert!(grants.contains_key(id), "{id}");
    }
    assert!(!grants.contains_key("cluster_role:edit:all:member:user:c3a1b2d4-0000-4ccc-8ddd-00000000b002"));
    assert!(!grants.contains_key("cluster_role:edit:all:member:service_account:team-a/builder"));
}

#[test]
fn two_syncs_differ_in_nothing_but_their_id_and_times() {
    let server = examples();
    let rows: Vec<Rows> = ["1", "4"]
        .map(|workers| {
            let desk = Desk::new();
            sync(&desk, &server).arguments(&["--workers", workers]).run().exits(0);
            Rows::of(&desk, FILE)
        })
        .into();
    assert_eq!(rows[0], rows[1]);
}

#[test]
fn a_recorded_sync_replays_to_the_same_rows_without_a_key() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).arguments(&["--record=tape"]).run().exits(0);
    let rows = Rows::of(&desk, FILE);
    let asked = server.log().len();
    desk.accord(&["sync", "aks", "--replay=tape", "-f", "again.c1z", "--workers=1"]).run().exits(0);
    assert_eq!(Rows::of(&desk, "again.c1z"), rows);
    assert_eq!(server.log().len(), asked);
}

#[test]
fn without_the_permission_for_graph_ids_stay_the_same() {
    let (with, without, server) = (Desk::new(), Desk::new(), examples());
    sync(&with, &server).run().exits(0);
    server.set_permission(Permission::ReadDirectory, false);
    let outcome = sync(&without, &server).run().exits(3);
    let printed = outcome.printed();
    assert!(printed.contains("group-members not collected"), "{printed}");
    Rows::of(&without, FILE).are(&server.expected(&Settings { graph: false, ..Settings::default() }));
    let ids = |desk: &Desk| -> Vec<String> {
        let all = super::grants(desk).into_keys();
        all.filter(|id| id.contains(":user:") && id.ends_with("00000000b002")).collect()
    };
    let (with, without) = (ids(&with), ids(&without));
    assert!(!without.is_empty() && without.iter().all(|id| with.contains(id)), "{without:?}");
}

#[test]
fn listings_are_asked_for_page_by_page_and_for_nothing_else() {
    let server = examples();
    let desk = Desk::new();
    sync(&desk, &server).env("BATON_PAGE_SIZE", "5").run().exits(0);
    let world = server.world();
    let count = |listing: Listing| match listing {
        Listing::Namespaces => world.namespaces.len(),
        Listing::ServiceAccounts => world.service_accounts.len(),
        Listing::Roles | Listing::ClusterRoles => {
            world.roles.iter().filter(|role| role.namespace.is_none() == (listing == Listing::ClusterRoles)).count()
        }
        Listing::RoleBindings | Listing::ClusterRoleBindings => {
            let wide = listing == Listing::ClusterRoleBindings;
            world.bindings.iter().filter(|binding| binding.namespace.is_none() == wide).count()
        }
    };
    let mut pages = 0;
    for listing in Listing::ALL {
        let probes = usize::from(listing == Listing::ClusterRoleBindings);
        let expected = count(listing).div_ceil(5) + probes;
        assert_eq!(times(&server, listing.resource()), expected, "{listing:?}");
        pages += expected;
    }
    assert_eq!(server.cluster().log().len(), pages, "nothing is asked by role, binding or namespace");
}
