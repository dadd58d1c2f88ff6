//! A small invented installation, as PrivX would answer for it.

use accord_sdk::Value;
use accord_sdk::testing::Bench;
use privx::PrivX;

pub(crate) const MIKA: &str = "0f3b9a54-2d70-4a52-9c1b-6f0c5a1d7e01";
pub(crate) const BACKUP: &str = "b7d1d7d4-90a2-4c0e-9d60-70c6fb4f3a02";
pub(crate) const PROGRAM: &str = "2c9d2e6e-6a1a-4a8e-8c0e-1b7e4d8f5503";
pub(crate) const JANE: &str = "9d5a8f31-33d1-4d1f-a9d3-f5a7c1f0aa04";
/// A member of a role whom the list of users does not have.
pub(crate) const LATE: &str = "e1111111-2222-4333-8444-555555555505";

pub(crate) const ADMINISTRATORS: &str = "4e0c7a10-5b1d-4c52-9f3e-20a1b6d7c801";
pub(crate) const EVERYBODY: &str = "4e0c7a10-5b1d-4c52-9f3e-20a1b6d7c802";
pub(crate) const OPERATORS: &str = "c58e2f77-1d3a-4b68-a0f9-8e4d5b6c7a03";

pub(crate) const EMPTY: &str = r#"{"count":0,"items":null}"#;

/// A bench whose configuration is that of the manifest's defaults, with both pairs of credentials.
pub(crate) fn bench() -> Bench<PrivX> {
    with_pairs(&["api-client-secret", "oauth-client-secret"], "auto", 3)
}

pub(crate) fn with_pairs(secrets: &[&str], details: &str, page_size: i64) -> Bench<PrivX> {
    let bench = Bench::new().value("page-size", Value::Int(page_size)).text("membership-details", details);
    secrets.iter().fold(bench, |bench, secret| bench.value(secret, Value::Flag(true)))
}

pub(crate) fn users(offset: u64) -> String {
    format!("/role-store/api/v1/users/search?offset={offset}&limit=3")
}

pub(crate) fn roles(offset: u64) -> String {
    format!("/role-store/api/v1/roles?offset={offset}&limit=3")
}

pub(crate) fn members(role: &str, offset: u64) -> String {
    format!("/role-store/api/v1/roles/{role}/members?offset={offset}&limit=3")
}

pub(crate) fn roles_of(user: &str) -> String {
    format!("/role-store/api/v1/users/{user}/roles")
}

/// Users and roles; the roles' members are left to the test.
pub(crate) fn script_lists(bench: &Bench<PrivX>) {
    bench.on("POST", &users(0), 200, include_str!("answers/users-1.json"));
    bench.on("POST", &users(3), 200, include_str!("answers/users-2.json"));
    bench.on("GET", &roles(0), 200, include_str!("answers/roles.json"));
}

/// The whole installation: Mika is an administrator by rule, everybody listed is a user, two are operators.
pub(crate) fn script(bench: &Bench<PrivX>) {
    script_lists(bench);
    bench.on("GET", &members(ADMINISTRATORS, 0), 200, page(1, &[MIKA]));
    bench.on("GET", &members(EVERYBODY, 0), 200, page(4, &[MIKA, BACKUP, PROGRAM]));
    bench.on("GET", &members(EVERYBODY, 3), 200, page(4, &[JANE]));
    bench.on("GET", &members(OPERATORS, 0), 200, include_str!("answers/members.json"));
    bench.on("GET", &roles_of(MIKA), 200, include_str!("answers/user-roles.json"));
}

/// A page of members of whom only the id is told.
pub(crate) fn page(count: usize, ids: &[&str]) -> String {
    let items: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}","roles":null}}"#)).collect();
    format!(r#"{{"count":{count},"items":[{}]}}"#, items.join(","))
}
