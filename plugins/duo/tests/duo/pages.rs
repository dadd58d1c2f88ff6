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
    bench.on("GET", "/admin/v1/users?limit=300&offset=300", 200, page);
    let _ = bench.read(Collection::named("users"));
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
