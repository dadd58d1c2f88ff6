//! Memberships that a user page cannot tell for certain.

use accord_sdk::{Collection, Failure};

use crate::support::{GROUPS, USERS, account_except, only_page, refusal};

fn embedded(ids: impl Iterator<Item = usize>) -> String {
    ids.map(|id| format!(r#"{{"group_id":"DG{id}","name":"g"}}"#)).collect::<Vec<_>>().join(",")
}

fn groups(count: usize) -> String {
    let ids: Vec<_> =
        (0..count).map(|id| format!(r#"{{"group_id":"DG{id}","name":"g{id}","status":"Active"}}"#)).collect();
    only_page(&ids.join(","))
}

fn user(groups: &str) -> String {
    only_page(&format!(r#"{{"user_id":"DU1","username":"u","status":"active","groups":[{groups}]}}"#))
}

#[test]
fn a_long_embedded_list_is_read_again_from_its_own_listing() {
    let bench = account_except(&["/admin/v1/groups", "/admin/v1/users"]);
    bench.on("GET", GROUPS, 200, groups(130));
    bench.on("GET", USERS, 200, user(&embedded(0..100)));
    let page = |ids, next: &str| {
        format!(r#"{{"stat":"OK","metadata":{{"total_objects":130{next}}},"response":[{}]}}"#, embedded(ids))
    };
    bench.on("GET", "/admin/v1/users/DU1/groups?limit=100&offset=0", 200, page(0..100, r#","next_offset":100"#));
    bench.on("GET", "/admin/v1/users/DU1/groups?limit=100&offset=100", 200, page(100..130, ""));
    let synced = bench.sync().unwrap();
    assert_eq!(synced.grant_ids().iter().filter(|id| id.ends_with(":user:DU1")).count(), 130);
    assert_eq!(synced.notes, []);
}

#[test]
fn an_embedded_list_below_a_hundred_is_believed() {
    let bench = account_except(&["/admin/v1/groups", "/admin/v1/users"]);
    bench.on("GET", GROUPS, 200, groups(99));
    bench.on("GET", USERS, 200, user(&embedded(0..99)));
    let synced = bench.sync().unwrap();
    assert_eq!(synced.discovered, []);
    assert_eq!(bench.sent().len(), 5);
}

#[test]
fn a_user_who_is_gone_meanwhile_is_named() {
    let bench = account_except(&[]);
    bench.on("GET", "/admin/v1/users/DU9/groups?limit=100&offset=0", 404, refusal(40401, "Resource not found"));
    bench.on("GET", "/admin/v1/users/DU9", 404, refusal(40401, "Resource not found"));
    bench.sync().unwrap();
    let failure = bench.read(Collection::keyed("user-groups", "DU9")).unwrap_err();
    assert!(matches!(failure, Failure::Gone(_)), "{failure:?}");
    assert!(format!("{failure:?}").contains("DU9"), "{failure:?}");
}

#[test]
fn a_user_who_is_still_there_is_not_gone() {
    let bench = account_except(&[]);
    bench.on("GET", "/admin/v1/users/DU9/groups?limit=100&offset=0", 404, refusal(40401, "Resource not found"));
    bench.on("GET", "/admin/v1/users/DU9", 200, r#"{"stat":"OK","response":{"user_id":"DU9","groups":[]}}"#);
    bench.sync().unwrap();
    let failure = bench.read(Collection::keyed("user-groups", "DU9")).unwrap_err();
    assert!(matches!(failure, Failure::NotFound(_)), "{failure:?}");
}

#[test]
fn a_group_that_appears_meanwhile_is_listed_once_more() {
    let bench = account_except(&["/admin/v1/groups", "/admin/v1/users"]);
    bench.on("GET", GROUPS, 200, groups(1));
    bench.on("GET", USERS, 200, user(&embedded(0..3)));
    bench.on("GET", GROUPS, 200, groups(2));
    let synced = bench.sync().unwrap();
    assert_eq!(synced.discovered, [Collection::named("groups-again")]);
    assert_eq!(synced.resource_ids("group"), ["DG0", "DG1"]);
    assert!(synced.grant_ids().contains(&"group:DG2:member:user:DU1".into()), "the host drops it, and says so");
    let note = synced.notes_about("a membership in a group that was not listed")[0];
    assert_eq!((note.count, note.examples.as_slice()), (2, ["DG1".to_string(), "DG2".into()].as_slice()));
    let gone = synced.notes_about("group gone during the sync")[0];
    assert_eq!((gone.count, gone.lost, gone.examples.as_slice()), (1, false, ["DG2".to_string()].as_slice()));
}

#[test]
fn groups_without_ids_are_read_from_their_own_side() {
    let bench = account_except(&["/admin/v1/users"]);
    bench.on(
        "GET",
        USERS,
        200,
        only_page(
            r#"{"user_id":"DU1","status":"active","groups":[{"name":"VPN","desc":"All VPN users"}]},
           {"user_id":"DU2","status":"active","groups":[{"name":"Finance"}]}"#,
        ),
    );
    let members = |id: usize| format!("/admin/v2/groups/DGAAAAAAAAAAAAAAAAA{id}/users?limit=100&offset=");
    bench.on(
        "GET",
        &format!("{}0", members(1)),
        200,
        r#"{"stat":"OK","metadata":{"total_objects":2,"next_offset":1},"response":[{"user_id":"DU1","username":"a"}]}"#,
    );
    bench.on(
        "GET",
        &format!("{}1", members(1)),
        200,
        r#"{"stat":"OK","metadata":{"total_objects":2,"next_offset":null},"response":[{"user_id":"DU2"}]}"#,
    );
    bench.on("GET", &format!("{}0", members(2)), 404, refusal(40401, "Resource not found"));
    let others =
        r#"{"group_id":"DGAAAAAAAAAAAAAAAAA1","name":"VPN"},{"group_id":"DGAAAAAAAAAAAAAAAAA3","name":"Finance"}"#;
    bench.on("GET", GROUPS, 200, only_page(others));
    bench.on("GET", &format!("{}0", members(3)), 200, r#"{"stat":"OK","metadata":{"total_objects":0},"response":[]}"#);
    let synced = bench.sync().unwrap();
    let of_groups: Vec<_> = synced.grant_ids().into_iter().filter(|id| id.starts_with("group:")).collect();
    assert_eq!(of_groups, ["group:DGAAAAAAAAAAAAAAAAA1:member:user:DU1", "group:DGAAAAAAAAAAAAAAAAA1:member:user:DU2"]);
    assert_eq!(synced.notes_about("a user's group has no id")[0].count, 2);
    assert_eq!(synced.notes_about("group gone during the sync")[0].examples, ["DGAAAAAAAAAAAAAAAAA2"]);
}
