//! What a sync of PrivX must yield, and with how many requests.

use std::collections::BTreeMap;

use accord_c1z::proto::{ResourceStatus, UserTrait, find};
use accord_fixtures::privx::{Details, Options, PrivxServer, Shape, World};

use super::{FILE, ROLES, TOKEN, USERS, calls, examples, members_of, memberships, of_role, start, sync};
use crate::rows::{Rows, resources};
use crate::support::Desk;

#[test]
fn the_examples_yield_their_rows_and_no_request_is_too_many() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let expected = server.expected();
    assert_eq!((expected.count("user"), expected.count("role"), expected.grants.len()), (5, 3, 6));
    Rows::of(&desk, FILE).are(&expected);
    let mut asked: BTreeMap<String, usize> =
        [World::ADMINISTRATORS, World::EVERYBODY, World::OPERATORS].map(|role| (members_of(role), 1)).into();
    // The users twice: a first page might have been cut, as long as nobody knows what the count counts.
    let others = [(TOKEN.to_owned(), 1), (USERS.to_owned(), 2), (ROLES.to_owned(), 1)];
    asked.extend(others);
    asked.insert(format!("/role-store/api/v1/users/{}/roles", World::MIKA), 1);
    assert_eq!(calls(&server), asked);
    assert!(server.log().iter().all(|exchange| exchange.status == 200));
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn people_and_programs_are_what_privx_says_of_them() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let resources = resources(&desk, FILE);
    let user = |id: &str| {
        let resource = &resources[&format!("user:{id}")];
        let user: UserTrait = find(&resource.annotations).unwrap().unwrap();
        (resource, user)
    };
    let (backup, of_backup) = user(World::BACKUP);
    assert_eq!((backup.display_name.as_str(), of_backup.login.as_str()), ("ad-svc-backup", "ad-svc-backup"));
    assert_eq!(of_backup.login_aliases, ["svc-backup"]);
    let (program, of_program) = user(World::PROGRAM);
    assert_eq!(program.display_name, "governance-sync");
    assert_eq!(of_program.account_type, accord_c1z::proto::AccountType::Service as i32);
    let status = |id: &str| {
        let status = user(id).0.status.clone().unwrap();
        (status.status(), status.details)
    };
    assert_eq!(status(World::MIKA), (ResourceStatus::Unspecified, String::new()), "nobody said that they are enabled");
    assert_eq!(status(World::JANE), (ResourceStatus::Unspecified, "implicit roles expired".to_owned()));
    let (late, _) = user(World::LATE);
    assert_eq!(late.display_name, "Late Joiner");
    assert!(user(World::MIKA).1.mfa_status.unwrap().mfa_enabled && user(World::BACKUP).1.mfa_status.is_none());
}

#[test]
fn a_status_that_privx_does_tell_counts() {
    let (desk, server) = (Desk::new(), examples());
    server.change(|world| {
        world.users[0].disabled = Some(true);
        world.users[1].disabled = Some(false);
    });
    sync(&desk, &server).run().exits(0);
    let resources = resources(&desk, FILE);
    let status = |id: &str| resources[&format!("user:{id}")].status.as_ref().unwrap().status();
    assert_eq!(status(World::MIKA), ResourceStatus::Disabled);
    assert_eq!(status(World::BACKUP), ResourceStatus::Enabled);
}

#[test]
fn what_cannot_be_revoked_is_marked() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).run().exits(0);
    let told = memberships(&desk);
    let grants = of_role(told.keys(), World::EVERYBODY);
    assert_eq!(grants.len(), 3, "programs are not among everybody");
    for (grant, (word, immutable)) in &told {
        let expected = match () {
            () if grant.contains(World::EVERYBODY) => ("automatic", true),
            () if grant.contains(World::ADMINISTRATORS) => ("implicit", true),
            () => ("explicit", false),
        };
        assert_eq!((word.as_str(), *immutable), expected, "{grant}");
    }
}

/// Everything awkward at once, as one installation.
fn awkward() -> PrivxServer {
    let kinds = World::EVERY_KIND;
    start(World::generate(&Shape { seed: 9, users: 3 * kinds, roles: kinds, memberships: 4 }), Options::default())
}

#[test]
fn objects_of_every_awkward_kind_come_out() {
    let (desk, server) = (Desk::new(), awkward());
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    let resources = resources(&desk, FILE);
    assert!(resources.values().all(|resource| !resource.display_name.is_empty()), "everything has a name to show");
    let addresses: Vec<String> = resources
        .values()
        .filter_map(|resource| find::<UserTrait>(&resource.annotations).unwrap())
        .flat_map(|user| user.emails.into_iter().map(|email| email.address))
        .collect();
    assert!(addresses.contains(&"root@localhost".to_owned()), "{addresses:?}");
    assert!(!addresses.iter().any(|address| address == "not an address" || address.is_empty()), "{addresses:?}");
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn memberships_come_from_where_privx_says() {
    for (word, details) in [("auto", Details::Auto), ("always", Details::Always), ("never", Details::Never)] {
        let (desk, server) = (Desk::new(), awkward());
        sync(&desk, &server).env("BATON_MEMBERSHIP_DETAILS", word).run().exits(0);
        let expected = server.world().memberships(details);
        let told = memberships(&desk);
        assert_eq!(told.len(), expected.len());
        for (grant, (word, immutable)) in &told {
            assert_eq!(word, expected[grant], "{grant}");
            assert_eq!(*immutable, ["automatic", "implicit"].contains(&expected[grant]), "{grant}");
        }
        let words: std::collections::BTreeSet<_> = expected.values().collect();
        assert_eq!(words.len(), if word == "never" { 3 } else { 5 - usize::from(word == "always") }, "{words:?}");
        let lookups =
            calls(&server).into_iter().filter(|(path, _)| path.ends_with("/roles") && path.contains("/users/"));
        assert!(lookups.into_iter().all(|(_, times)| times == 1), "nobody is asked for twice");
    }
}

#[test]
fn api_clients_are_left_out_on_request() {
    let (desk, server) = (Desk::new(), awkward());
    let outcome = sync(&desk, &server).arguments(&["--skip-api-clients"]).run().exits(0);
    let expected = server.world().expected(false);
    assert!(expected.resources.len() < server.expected().resources.len());
    Rows::of(&desk, FILE).are(&expected);
    assert!(outcome.stdout.contains("an API client is left out"), "{}", outcome.stdout);
}

#[test]
fn the_same_installation_yields_the_same_rows() {
    let (desk, server) = (Desk::new(), awkward());
    sync(&desk, &server).arguments(&["-f", "one.c1z"]).run().exits(0);
    sync(&desk, &server).arguments(&["-f", "two.c1z", "--workers=1"]).run().exits(0);
    assert_eq!(Rows::of(&desk, "one.c1z"), Rows::of(&desk, "two.c1z"));
}

#[test]
fn an_empty_installation_is_no_fault() {
    let (desk, server) = (Desk::new(), start(World::default(), Options::default()));
    sync(&desk, &server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    assert_eq!(server.log().len(), 3, "a token, the users, the roles");
}

/// One request for each page of 200, at least one for each role.
fn plan(world: &World) -> usize {
    let pages = |items: usize| items.div_ceil(200).max(1);
    let members: usize = world.roles.iter().map(|role| pages(role.members.len())).sum();
    1 + pages(world.users.len()) + pages(world.roles.len()) + members
}

#[test]
fn the_number_of_requests_is_the_least_there_can_be() {
    let world = World::generate(&Shape { seed: 2, users: 1_000, roles: 200, memberships: 2 });
    let (desk, server, planned) = (Desk::new(), start(world.clone(), Options::default()), plan(&world));
    sync(&desk, &server).arguments(&["--membership-details=never"]).run().exits(0);
    assert_eq!(server.log().len(), planned);
    assert!(calls(&server).keys().all(|path| !path.contains("/users/") || path == USERS), "nobody is asked one by one");
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn five_thousand_users_and_250_roles_take_fewer_than_690_requests() {
    let details = |world: &World| {
        let auto = world.memberships(Details::Auto);
        let never = world.memberships(Details::Never);
        let looked_up = auto.iter().filter(|(grant, word)| never[*grant] != **word);
        let users: std::collections::BTreeSet<_> = looked_up.map(|(grant, _)| grant.rsplit(':').next()).collect();
        users.len()
    };
    // That the plan is kept, with single users' roles where they are wanted, is seen in a smaller world.
    let small = World::generate(&Shape { seed: 1, users: 600, roles: 90, memberships: 9 });
    let (desk, server) = (Desk::new(), start(small.clone(), Options::default()));
    sync(&desk, &server).run().exits(0);
    assert_eq!(server.log().len(), plan(&small) + details(&small));
    assert!(details(&small) > 20);
    for (seed, users) in [(1, 5_000), (2, 5_000)] {
        let world = World::generate(&Shape { seed, users, roles: 250, memberships: 9 });
        let grants = world.expected(true).grants.len();
        assert!((48_000..52_000).contains(&grants), "{grants}");
        let requests = plan(&world) + details(&world);
        assert!(requests <= 690, "{requests} requests");
    }
}
