//! A small invented account, as Duo would answer for it.

use accord_sdk::testing::Bench;
use duo::Duo;

pub(crate) const SETTINGS: &str = "/admin/v1/settings";
pub(crate) const GROUPS: &str = "/admin/v1/groups?limit=100&offset=0";
pub(crate) const USERS: &str = "/admin/v1/users?limit=300&offset=0";
pub(crate) const ROLES: &str = "/admin/v1/admin_roles";
pub(crate) const ADMINS: &str = "/admin/v1/admins?limit=100&offset=0";

pub(crate) fn bench() -> Bench<Duo> {
    Bench::new().text("integration-key", "DIFIXTURE0EXAMPLE000").text("api-hostname", "api-fixture1.duosecurity.com")
}

/// A bench with the whole account on it, its users in two pages; listings in `except` are left to the test.
pub(crate) fn account_except(except: &[&str]) -> Bench<Duo> {
    let bench = bench();
    for (target, answer) in [
        (SETTINGS, include_str!("answers/settings.json")),
        (GROUPS, include_str!("answers/groups.json")),
        (USERS, include_str!("answers/users-1.json")),
        ("/admin/v1/users?limit=300&offset=3", include_str!("answers/users-2.json")),
        (ROLES, include_str!("answers/admin_roles.json")),
        (ADMINS, include_str!("answers/admins.json")),
    ] {
        if !except.iter().any(|left| target.starts_with(left)) {
            bench.on("GET", target, 200, answer);
        }
    }
    bench
}

pub(crate) fn account() -> Bench<Duo> {
    account_except(&[])
}

/// A listing's only page.
pub(crate) fn only_page(items: &str) -> String {
    let total = items.matches("_id\":\"D").count();
    format!(r#"{{"stat":"OK","metadata":{{"total_objects":{total}}},"response":[{items}]}}"#)
}

pub(crate) fn refusal(code: u32, message: &str) -> String {
    format!(r#"{{"stat":"FAIL","code":{code},"message":"{message}"}}"#)
}
