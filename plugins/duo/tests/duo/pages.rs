//! Paging: where a listing ends, and what is no page.

use accord_sdk::testing::Exchange;
use accord_sdk::types::Detail;
use accord_sdk::{Collection, Failure};

use crate::support::{GROUPS, USERS, bench, only_page, refusal};

fn invalid(failure: Failure) -> Detail {
    match failure {
        Failure::InvalidResponse(detail) => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_next_offset_may_be_a_number_null_or_missing() {
    let bench = bench();
    let page = |next: &str| format!(r#"{{"stat":"OK","metadata":{{"total_objects":2{next}}},"response":[]}}"#);
    bench.on("GET", GROUPS, 200, page(r#","next_offset":100"#));
    bench.on("GET", "/admin/v1/groups?limit=100&offset=100", 200, page(r#","next_offset":null"#));
    bench.on("GET", GROUPS, 200, page(""));
    assert_eq!(bench.read(Collection::named("groups")).unwrap().pages.len(), 2);
    assert_eq!(bench.read(Collection::named("groups")).unwrap().pages.len(), 1);
}

#[test]
fn a_page_without_metadata_is_refused() {
    let bench = bench();
    bench.on("GET", GROUPS, 200, r#"{"stat":"OK","response":[]}"#);
    let detail = invalid(bench.read(Collection::named("groups")).unwrap_err());
    assert_eq!(detail.message, "Duo's page has no `metadata`, so nobody knows whether it is the last");
    assert_eq!(detail.place, "GET /admin/v1/groups");
}

/// The bench does as the host does: a cursor that was there before ends the listing.
#[test]
#[should_panic(expected = "twice")]
fn a_repeated_offset_is_given_to_the_host_as_it_is() {
    let bench = bench();
    let page = r#"{"stat":"OK","metadata":{"total_objects":900,"next_offset":300},"response":[]}"#;
    bench.on("GET", USERS, 200, page);
    for offset in [300, 600, 300] {
        bench.on("GET", &format!("/admin/v1/users?limit=300&offset={offset}"), 200, page);
    }
    let _ = bench.read(Collection::named("users"));
}

/// A page of users whose ids begin with this offset.
fn users_at(offset: u64, users: u64, next: Option<u64>, groups: usize) -> String {
    let embedded: Vec<String> = (0..groups).map(|group| format!("{{\"group_id\":\"DG{group}\"}}")).collect();
    let embedded = embedded.join(",");
    let users: Vec<String> = (offset..offset + users)
        .map(|user| format!("{{\"user_id\":\"DU{user}\",\"status\":\"active\",\"groups\":[{embedded}]}}"))
        .collect();
    let next = next.map(|next| format!(",\"next_offset\":{next}")).unwrap_or_default();
    format!("{{\"stat\":\"OK\",\"metadata\":{{\"total_objects\":9{next}}},\"response\":[{}]}}", users.join(","))
}

fn window(offset: u64) -> String {
    format!("/admin/v1/users?limit=300&offset={offset}")
}

#[test]
fn two_windows_are_asked_for_once_it_is_known_where_they_begin() {
    let bench = bench();
    for (offset, users, next) in [(0, 2, Some(2)), (2, 2, Some(4)), (4, 2, Some(6)), (6, 2, Some(8)), (8, 1, None)] {
        bench.on("GET", &window(offset), 200, users_at(offset, users, next, 0));
    }
    let synced = bench.read(Collection::named("users")).unwrap();
    assert_eq!(synced.resources.len(), 9);
    assert_eq!(synced.pages.len(), 3, "one window, then two and two");
}

#[test]
fn a_window_that_was_not_the_next_one_is_not_used() {
    let bench = bench();
    bench.on("GET", &window(0), 200, users_at(0, 3, Some(3), 0));
    // Fewer than the window before.
    bench.on("GET", &window(3), 200, users_at(3, 1, Some(4), 0));
    bench.on("GET", &window(6), 200, users_at(6, 3, None, 0));
    bench.on("GET", &window(4), 200, users_at(4, 1, Some(5), 0));
    bench.on("GET", &window(5), 200, users_at(5, 4, None, 0));
    let synced = bench.read(Collection::named("users")).unwrap();
    let mut ids: Vec<_> = synced.resources.iter().map(|user| user.id.resource.clone()).collect();
    ids.sort();
    assert_eq!(ids, (0..9).map(|user| format!("DU{user}")).collect::<Vec<_>>());
}

#[test]
fn users_with_very_many_groups_fill_pages_of_their_own() {
    let bench = bench();
    bench.on("GET", &window(0), 200, users_at(0, 600, None, 99));
    bench.on("GET", &window(400), 200, users_at(400, 200, None, 99));
    let synced = bench.read(Collection::named("users")).unwrap();
    assert_eq!((synced.resources.len(), synced.grants.len()), (600, 600 * 99));
    let items: Vec<u32> = synced.pages.iter().map(|(_, items, _)| *items).collect();
    assert_eq!(items, [400, 200], "40,000 rows fill a page");
}

#[test]
fn a_first_page_that_is_too_large_is_asked_again_smaller() {
    let bench = bench();
    bench.on("GET", USERS, 400, refusal(40002, "Invalid request parameters"));
    let page = r#"{"stat":"OK","metadata":{"total_objects":150,"next_offset":100},"response":[]}"#;
    bench.on("GET", "/admin/v1/users?limit=100&offset=0", 200, page);
    bench.on("GET", "/admin/v1/users?limit=100&offset=100", 200, only_page(""));
    assert_eq!(bench.read(Collection::named("users")).unwrap().pages.len(), 2);
}

#[test]
fn a_refusal_of_the_smaller_page_is_not_tried_again() {
    let bench = bench();
    bench.on("GET", USERS, 400, refusal(40002, "Invalid request parameters"));
    bench.on("GET", "/admin/v1/users?limit=100&offset=0", 400, refusal(40002, "Invalid request parameters"));
    match bench.read(Collection::named("users")).unwrap_err() {
        Failure::Refused(detail) => {
            assert_eq!(detail.message, "Duo refused the request (HTTP 400, code 40002 Invalid request parameters)");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_proxys_page_is_named_for_what_it_is() {
    let bench = bench();
    let html = |status| {
        Exchange::new("GET", GROUPS, status, "<html>Bad Gateway</html>")
            .header("content-type", "text/html; charset=utf-8")
    };
    bench.exchange(html(502));
    match bench.read(Collection::named("groups")).unwrap_err() {
        Failure::Upstream(detail) => assert_eq!(detail.message, "Duo failed (HTTP 502, text/html)"),
        other => panic!("{other:?}"),
    }
    bench.exchange(html(200));
    let detail = invalid(bench.read(Collection::named("groups")).unwrap_err());
    assert_eq!(detail.message, "Duo answered HTTP 200 with text/html, not with JSON");
}

#[test]
fn a_failure_under_a_good_status_is_a_failure() {
    let bench = bench();
    bench.on("GET", GROUPS, 200, refusal(40301, "Access forbidden"));
    match bench.read(Collection::named("groups")).unwrap_err() {
        Failure::Permission(refused) => assert_eq!(refused.permission, "Grant resource - Read"),
        other => panic!("{other:?}"),
    }
}
