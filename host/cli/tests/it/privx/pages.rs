//! Pages that are cut, counts that are no totals, lists that change between two pages.

use accord_fixtures::privx::{Count, Fault, Lie, Options, PageSize, PrivxServer, Refusal, Rule, Shape, User, World};

use super::{CALM, FILE, ROLES, USERS, calls, lasting, many_pages, members_of, scaled, start, sync};
use crate::rows::{Rows, resources};
use crate::support::Desk;

fn world() -> World {
    World::generate(&Shape { seed: 6, users: 260, roles: 60, memberships: 12 })
}

#[test]
fn a_server_that_caps_its_pages_loses_nothing() {
    for (cap, count) in [(50, Count::Total), (50, Count::OfPage), (7, Count::Total), (7, Count::OfPage)] {
        let page_size = PageSize { cap, ..PageSize::default() };
        let world = World::generate(&Shape { seed: 6, users: 3 * cap + 10, roles: cap + 10, memberships: 4 });
        let (desk, server) = (Desk::new(), start(world, Options { page_size, count, ..Options::default() }));
        sync(&desk, &server).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
        let longest = server.world().roles.iter().map(|role| role.members.len()).max().unwrap();
        assert!(longest > 2 * cap, "members are cut too");
    }
}

#[test]
fn a_server_that_wants_smaller_pages_gets_them() {
    let page_size = PageSize { maximum: 60, ..PageSize::default() };
    let (desk, server) = (Desk::new(), start(world(), Options { page_size, ..Options::default() }));
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    let refused = server.log().iter().filter(|exchange| exchange.status == 400).count();
    assert_eq!(refused, 2, "200 and 100, once for all listings");
}

#[test]
fn a_page_is_as_long_as_the_operator_wants() {
    let (desk, server) = (Desk::new(), start(world(), Options::default()));
    sync(&desk, &server).env("BATON_PAGE_SIZE", "1000").run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    assert!(server.log_of(USERS).iter().all(|exchange| exchange.request.query.contains("limit=1000")));
    for size in ["0", "1001", "many"] {
        let outcome = sync(&desk, &server).env("BATON_PAGE_SIZE", size).run().exits(2);
        outcome.tells(&["--page-size / BATON_PAGE_SIZE"]);
    }
}

/// An installation whose users change while they are read, in pages of 50.
fn changing(fault: impl Fn(&World) -> Fault, after: u64) -> PrivxServer {
    let page_size = PageSize { cap: 50, ..PageSize::default() };
    let (world, fault) = (world(), fault);
    let fault = fault(&world);
    let server = start(world, Options { page_size, ..Options::default() });
    server.faults().add(Rule::on(USERS, fault).after(after).times(1));
    server
}

#[test]
fn a_user_who_is_deleted_between_two_pages_hides_nobody() {
    let (desk, server) = (Desk::new(), changing(|world| Fault::user_vanishes(&world.users[3].id), 1));
    let outcome = sync(&desk, &server).run().exits(0);
    assert!(outcome.stderr.contains("beginning again: items were taken out while it was read"), "{}", outcome.stderr);
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn a_user_who_appears_between_two_pages_hides_nobody() {
    for place in [0, 260] {
        let newcomer = User { id: "newcomer".to_owned(), source_type: "LOCAL".to_owned(), ..User::default() };
        let appears = |world: &World| Fault::user_appears(place, newcomer.clone(), &world.roles[2].id);
        let (desk, server) = (Desk::new(), changing(appears, 1));
        sync(&desk, &server).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
        assert_eq!(resources(&desk, FILE)["user:newcomer"].display_name, "newcomer");
    }
}

#[test]
fn a_role_that_is_deleted_after_the_roles_loses_its_grants_alone() {
    let (desk, server) = (Desk::new(), start(World::examples(), Options::default()));
    let before = server.expected();
    server.faults().add(Rule::on(&members_of("*"), Fault::role_vanishes(World::OPERATORS)).times(1));
    let outcome = sync(&desk, &server).run().exits(0);
    assert!(outcome.stdout.contains("gone during the sync"), "{}", outcome.stdout);
    let mut expected = before;
    expected.grants.retain(|grant| !grant.contains(World::OPERATORS));
    // Only its members told of him.
    expected.resources.remove(&("user".to_owned(), World::LATE.to_owned()));
    Rows::of(&desk, FILE).are(&expected);
    let stats = desk.accord(&["stats", FILE, "--output=json"]).run().exits(0).json();
    assert_eq!(stats["coverage"]["complete"], true, "{stats}");
}

#[test]
fn a_member_who_is_listed_twice_has_one_grant() {
    let (desk, server) = (Desk::new(), start(World::examples(), Options::default()));
    server.change(|world| {
        for role in &mut world.roles {
            let again = role.members[0].clone();
            role.members.push(again);
        }
    });
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let (desk, server) = (Desk::new(), start(world(), Options::default()));
    sync(&desk, &server).arguments(&["--sync-resource-types=user"]).run().exits(0);
    let asked: Vec<String> = calls(&server).into_keys().collect();
    assert_eq!(asked, [super::TOKEN, USERS]);
    let stats = desk.accord(&["stats", FILE, "--output=json"]).run().exits(0).json();
    assert_eq!(stats["counts"]["resources"], server.world().users.len());
}

#[test]
fn members_that_are_hidden_while_the_role_is_there_fail_the_sync() {
    let (desk, server) = (Desk::new(), start(World::examples(), Options::default()));
    server.faults().add(Rule::on(&members_of(World::OPERATORS), Fault::Fail(Refusal::not_found())));
    let outcome = sync(&desk, &server).run().exits(13);
    outcome.tells(&["where   GET https://127.0.0.1:", "PrivX has the role, but not its members", "--allow-gaps="]);
    assert!(!desk.path(FILE).exists());
}

#[test]
fn a_few_items_that_are_counted_and_not_shown_are_a_named_gap() {
    let (desk, server) = (Desk::new(), start(World::examples(), Options::default()));
    server.faults().add(Rule::on(USERS, Fault::Lie(Lie::Total(6))));
    let outcome = sync(&desk, &server).run().exits(3);
    assert!(outcome.stderr.contains("beginning again: it ended with 4 of 6 items"), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("items that PrivX counts and does not show"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("2 of 6"), "{}", outcome.stdout);
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn many_items_that_are_counted_and_not_shown_fail_the_sync() {
    let (desk, server) = (Desk::new(), many_pages(lasting()));
    server.faults().add(Rule::on(USERS, Fault::Lie(Lie::Total(999))));
    scaled(&desk, &server, 1_000.0)
        .run()
        .exits(13)
        .tells(&["users is incomplete: it ended with 120 of 999 items, twice"]);
    assert!(!desk.path(FILE).exists());
}

#[test]
fn a_count_that_cannot_be_is_no_reason_to_stop() {
    for (total, path) in [(0, "*"), (1, USERS), (7, USERS), (1, ROLES), (7, ROLES)] {
        let (desk, server) = (Desk::new(), many_pages(lasting()));
        server.faults().add(Rule::on(path, Fault::Lie(Lie::Total(total))));
        scaled(&desk, &server, 1_000.0).run().exits(0);
        assert_eq!(Rows::of(&desk, FILE).without_coverage(), CALM.rows.without_coverage(), "{total}");
    }
}

#[test]
fn requests_run_at_once_but_never_more_than_four() {
    let (desk, server) = (Desk::new(), many_pages(lasting()));
    sync(&desk, &server).arguments(&["--workers=8"]).run().exits(0);
    // One request at a time on each connection; the token's may have one of its own.
    let connections = server.server().connections();
    assert!((2..=5).contains(&connections), "{connections} connections");
    assert_eq!(calls(&server)[ROLES], 7);
}
