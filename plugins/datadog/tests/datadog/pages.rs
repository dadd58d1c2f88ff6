//! Where lists end, and what happens when they change while they are read.

use accord_sdk::{Collection, Failure};

use crate::support::{ROLES, TEAMS, USERS, bench, list, members, organization_except, refusal, role, team, user};

fn user_page(number: u32) -> String {
    USERS.replace("[number]=0", &format!("[number]={number}"))
}

fn users(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|number| format!(r#"{{"id":"{}"}}"#, user(number))).collect()
}

#[test]
fn no_page_past_the_last_one_is_asked_for() {
    for total in [0_u32, 1, 99, 100, 101, 200, 201, 300, 350] {
        let bench = bench();
        for number in 0..total.div_ceil(100).max(1) {
            let items = users(number * 100 + 1..=total.min(number * 100 + 100));
            bench.on("GET", &user_page(number), 200, list(&items, total as usize));
        }
        // An answer that is left over would fail the test, and so would a request without one.
        let synced = bench.read(Collection::named("users")).unwrap();
        assert_eq!(synced.resource_ids("user").len(), total as usize);
        assert!(synced.pages.iter().all(|(_, _, told)| *told == Some(u64::from(total))));
    }
}

#[test]
fn a_team_list_that_names_a_next_page_on_its_last_one_does_not_loop() {
    let bench = organization_except(&[]);
    let synced = bench.sync().unwrap();
    assert_eq!(synced.resource_ids("team").len(), 2);
    assert_eq!(bench.sent().iter().filter(|sent| sent.target.contains("/team")).count(), 3);
}

#[test]
fn a_list_that_changes_while_it_is_read_begins_again_once() {
    let bench = bench();
    let page = |number, items: std::ops::RangeInclusive<u32>, total| {
        bench.on("GET", &user_page(number), 200, list(&users(items), total));
    };
    page(0, 1..=100, 150);
    page(1, 101..=149, 149);
    page(0, 1..=100, 149);
    // It changes again, and by now there is one more page.
    page(1, 101..=200, 201);
    page(2, 201..=201, 201);
    let synced = bench.read(Collection::named("users")).unwrap();
    assert_eq!(synced.resource_ids("user").len(), 201);
}

#[test]
fn a_page_that_does_not_count_fails() {
    for answer in [r#"{"data":[]}"#, r#"{"data":[],"meta":{}}"#, r#"{"data":[],"meta":{"page":{}}}"#, "{}"] {
        let bench = bench();
        bench.on("GET", USERS, 200, answer);
        let Err(Failure::InvalidResponse(detail)) = bench.read(Collection::named("users")) else {
            panic!("{answer} was taken")
        };
        assert_eq!(detail.place, "GET /api/v2/users");
    }
}

#[test]
fn a_role_that_appears_between_the_roles_and_the_users_is_read() {
    let bench = organization_except(&[ROLES]);
    let named = |number| format!(r#"{{"id":"{}","attributes":{{"name":"Role {number}"}}}}"#, role(number));
    bench.on("GET", ROLES, 200, list(&[named(1)], 1));
    bench.on("GET", ROLES, 200, list(&[named(1), named(2)], 2));
    let synced = bench.sync().unwrap();
    assert_eq!(synced.resource("role", &role(2)).display_name, "Role 2");
    let notes = synced.notes_about("a user has a role that was not listed");
    assert_eq!((notes[0].count, notes[0].examples.as_slice()), (1, [role(2)].as_slice()));
    assert_eq!(bench.sent().iter().filter(|sent| sent.target == ROLES).count(), 2);
}

#[test]
fn a_team_that_no_list_has_any_more_is_gone_and_one_that_is_listed_is_not() {
    let item = |number| format!(r#"{{"id":"{}"}}"#, team(number));
    for (pages, gone) in [
        (vec![list(&[item(2)], 1)], true),
        (vec![list(&[], 0)], true),
        (vec![list(&[item(2), item(1)], 2)], false),
        (vec![list(&[item(2)], 2), list(&[item(1)], 2)], false),
        (vec![list(&[item(2)], 2), list(&[item(3)], 2)], true),
        // A list that is shorter than it says proves nothing.
        (vec![list(&[item(2)], 2), list(&[], 2)], false),
    ] {
        let bench = bench();
        bench.on("GET", &members(1, 0), 404, refusal("not found"));
        for (number, page) in pages.iter().enumerate() {
            bench.on("GET", &TEAMS.replace("[number]=0", &format!("[number]={number}")), 200, page.as_str());
        }
        match bench.read(Collection::keyed("team-members", team(1))) {
            Err(Failure::Gone(id)) => assert!(gone && id.resource == team(1), "{pages:?}"),
            Err(Failure::NotFound(detail)) => assert!(!gone && detail.meaning.contains("has the team"), "{pages:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_404_for_everything_is_no_proof_that_a_team_is_gone() {
    let bench = bench();
    bench.on("GET", &members(1, 0), 404, refusal("not found"));
    bench.on("GET", TEAMS, 404, refusal("not found"));
    let failure = bench.read(Collection::keyed("team-members", team(1))).unwrap_err();
    assert!(matches!(failure, Failure::NotFound(_)), "{failure:?}");
}

#[test]
fn an_id_that_is_no_uuid_never_becomes_a_request() {
    let bench = bench();
    for id in ["../users", "x", "33333333-cccc-4ccc-8ccc-00000000000g"] {
        let failure = bench.read(Collection::keyed("team-members", id)).unwrap_err();
        assert!(matches!(failure, Failure::InvalidResponse(_)), "{failure:?}");
    }
    assert!(bench.sent().is_empty());
}

#[test]
fn a_membership_without_a_user_fails_instead_of_vanishing() {
    let bench = bench();
    bench.on("GET", &members(1, 0), 200, list(&[r#"{"attributes":{"role":"admin"}}"#.to_owned()], 1));
    let failure = bench.read(Collection::keyed("team-members", team(1))).unwrap_err();
    assert!(matches!(failure, Failure::InvalidResponse(_)), "{failure:?}");
}
