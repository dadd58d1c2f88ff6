//! Pages: caps, counts that may be no totals, limits that are refused, lists that change.

use accord_sdk::testing::{Bench, Synced};
use accord_sdk::types::Failure;
use accord_sdk::{Collection, Value};
use privx::PrivX;

use crate::support::with_pairs;

fn bench(page_size: i64) -> Bench<PrivX> {
    with_pairs(&["api-client-secret"], "never", page_size)
}

fn at(list: &str, offset: u64, limit: u64) -> String {
    format!("/role-store/api/v1/{list}?offset={offset}&limit={limit}")
}

fn page(count: u64, ids: std::ops::Range<u64>) -> String {
    let items: Vec<String> = ids.map(|id| format!(r#"{{"id":"i{id}"}}"#)).collect();
    format!(r#"{{"count":{count},"items":[{}]}}"#, items.join(","))
}

fn users(bench: &Bench<PrivX>) -> Result<Synced, Failure> {
    bench.read(Collection::named("users"))
}

#[test]
fn a_server_that_gives_less_than_it_is_asked_for_is_read_to_its_end() {
    let bench = bench(200);
    bench.on("POST", &at("users/search", 0, 200), 200, page(120, 0..50));
    bench.on("POST", &at("users/search", 50, 200), 200, page(120, 50..100));
    bench.on("POST", &at("users/search", 100, 200), 200, page(120, 100..120));
    let synced = users(&bench).unwrap();
    assert_eq!(synced.resource_ids("user").len(), 120);
    assert_eq!(synced.pages.last().unwrap().2, Some(120));
}

#[test]
fn a_cap_is_found_also_where_the_count_is_only_that_of_the_page() {
    let bench = bench(200);
    bench.on("POST", &at("users/search", 0, 200), 200, page(50, 0..50));
    bench.on("POST", &at("users/search", 50, 200), 200, page(50, 50..100));
    bench.on("POST", &at("users/search", 100, 200), 200, page(20, 100..120));
    bench.on("POST", &at("users/search", 120, 200), 200, r#"{"count":0,"items":null}"#);
    let synced = users(&bench).unwrap();
    assert_eq!(synced.resource_ids("user").len(), 120);
    assert_eq!(synced.pages.last().unwrap().2, None, "nobody knows a total");
}

#[test]
fn a_total_is_believed_once_it_is_known_to_be_one() {
    let bench = bench(50);
    bench.on("POST", &at("users/search", 0, 50), 200, page(100, 0..50));
    bench.on("POST", &at("users/search", 50, 50), 200, page(100, 50..100));
    assert_eq!(users(&bench).unwrap().pages.len(), 2, "no page is asked for to see that it is empty");
}

#[test]
fn later_listings_know_what_earlier_ones_learned() {
    let bench = bench(50);
    bench.on("POST", &at("users/search", 0, 50), 200, page(60, 0..50));
    bench.on("POST", &at("users/search", 50, 50), 200, page(60, 50..60));
    bench.on("GET", &at("roles", 0, 50), 200, page(2, 0..2));
    bench.on("GET", &at("roles/i0/members", 0, 50), 200, page(50, 0..50));
    bench.on("GET", &at("roles/i1/members", 0, 50), 200, page(3, 0..3));
    assert_eq!(bench.sync().unwrap().grants.len(), 53);
}

#[test]
fn without_a_total_a_page_as_long_as_the_longest_may_have_been_cut() {
    let bench = bench(50);
    bench.on("POST", &at("users/search", 0, 50), 200, page(3, 0..3));
    bench.on("POST", &at("users/search", 3, 50), 200, r#"{"count":0,"items":[]}"#);
    bench.on("GET", &at("roles", 0, 50), 200, page(2, 0..2));
    bench.on("GET", &at("roles", 2, 50), 200, r#"{"count":0,"items":[]}"#);
    bench.on("GET", &at("roles/i0/members", 0, 50), 200, page(3, 0..3));
    bench.on("GET", &at("roles/i0/members", 3, 50), 200, page(0, 0..0));
    bench.on("GET", &at("roles/i1/members", 0, 50), 200, page(2, 0..2));
    assert_eq!(bench.sync().unwrap().grants.len(), 5);
}

#[test]
fn a_limit_that_is_refused_is_halved_for_all_listings() {
    let bench = bench(200);
    bench.on("POST", &at("users/search", 0, 200), 400, r#"{"error_code":"BAD_REQUEST","property":"limit"}"#);
    bench.on("POST", &at("users/search", 0, 100), 400, r#"{"error_code":"BAD_REQUEST","property":"limit"}"#);
    bench.on("POST", &at("users/search", 0, 50), 200, page(60, 0..50));
    bench.on("POST", &at("users/search", 50, 50), 200, page(60, 50..60));
    bench.on("GET", &at("roles", 0, 50), 200, page(1, 0..1));
    bench.on("GET", &at("roles/i0/members", 0, 50), 200, page(1, 0..1));
    bench.sync().unwrap();
}

#[test]
fn a_limit_of_fifty_is_not_made_smaller() {
    let bench = bench(60);
    for limit in [60, 50] {
        bench.on("POST", &at("users/search", 0, limit), 400, r#"{"error_code":"BAD_REQUEST"}"#);
    }
    assert!(matches!(users(&bench), Err(Failure::Refused(detail)) if detail.message.contains("BAD_REQUEST")));
}

#[test]
fn pages_are_read_ahead_and_what_was_read_too_far_is_dropped() {
    let bench = bench(50);
    // The page at 100 is shorter than the others, so those asked for with it begin too late.
    for offset in [0, 50, 100, 150, 200, 140, 180, 220, 260, 190, 240, 290, 340, 390] {
        let held = if offset == 100 { 40 } else { 50 };
        bench.on("POST", &at("users/search", offset, 50), 200, page(400, offset..(offset + held).min(400)));
    }
    let synced = users(&bench).unwrap();
    assert_eq!(synced.resource_ids("user").len(), 400);
    let items: Vec<u32> = synced.pages.iter().map(|(_, items, _)| *items).collect();
    assert_eq!(items, [50, 90, 50, 200, 10]);
}

#[test]
fn a_list_that_shrinks_while_it_is_read_is_read_again() {
    let bench = bench(3);
    bench.on("POST", &at("users/search", 0, 3), 200, page(6, 0..3));
    // The first one was deleted, so the fourth is on the first page now.
    bench.on("POST", &at("users/search", 3, 3), 200, page(5, 4..6));
    bench.on("POST", &at("users/search", 0, 3), 200, page(5, 1..4));
    bench.on("POST", &at("users/search", 3, 3), 200, page(5, 4..6));
    assert_eq!(users(&bench).unwrap().resource_ids("user"), ["i1", "i2", "i3", "i4", "i5"]);
}

#[test]
fn a_page_without_count_and_items_is_no_empty_page() {
    for answer in ["{}", r#"{"error":"x"}"#, r#"{"count":null,"items":null}"#, "[]", "7"] {
        let bench = bench(3);
        bench.on("POST", &at("users/search", 0, 3), 200, answer);
        assert!(matches!(users(&bench), Err(Failure::InvalidResponse(_))), "{answer}");
    }
}

#[test]
fn every_page_says_offset_and_limit_and_a_search_has_an_empty_body() {
    let bench = bench(3).value("oauth-client-secret", Value::Flag(true));
    bench.on("POST", &at("users/search", 0, 3), 200, page(0, 0..0));
    users(&bench).unwrap();
    let sent = bench.sent();
    assert_eq!(sent[0].body.as_deref(), Some("{}"));
    assert_eq!(sent[0].credential.as_deref(), Some("api-client"));
}
