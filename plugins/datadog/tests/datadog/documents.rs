//! The manifest and the code say the same.

use toml::{Table, Value};

use crate::support::{bench_with_everything, organization_on};

fn manifest() -> Table {
    include_str!("../../manifest.toml").parse().unwrap()
}

fn entries<'a>(manifest: &'a Table, name: &str) -> &'a [Value] {
    manifest[name].as_array().unwrap()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap()
}

fn texts(entry: &Value, name: &str) -> Vec<String> {
    entry[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What the manifest opens beside reading, and for which change.
#[test]
fn what_writes_is_open_for_its_own_change_only() {
    let manifest = manifest();
    let mut open = Vec::new();
    for egress in entries(&manifest, "egress") {
        let (methods, paths) = (texts(egress, "methods"), texts(egress, "paths"));
        let writes = methods.iter().filter(|method| *method != "GET");
        open.extend(
            writes
                .flat_map(|method| paths.iter().map(move |path| format!("{method} {path}")))
                .map(|request| (request.replace("/api/v2/", ""), texts(egress, "when").join(", "))),
        );
    }
    let wanted = [
        ("POST users", "create-account"),
        ("POST user_invitations", "create-account"),
        ("PATCH users/*", "create-account, invoke-action"),
        ("DELETE users/*", "delete-resource, invoke-action"),
        ("POST roles/*/users", "grant"),
        ("DELETE roles/*/users", "revoke"),
        ("POST team/*/memberships", "grant, revoke"),
        ("PATCH team/*/memberships/*", "grant, revoke"),
        ("DELETE team/*/memberships/*", "revoke"),
    ];
    assert_eq!(open, wanted.map(|(request, when)| (request.to_owned(), when.to_owned())));
}

#[test]
fn the_actions_are_what_their_callers_look_for() {
    let manifest = manifest();
    let action = |entry: &Value| {
        let of = entry.get("resource-type").map_or("everywhere", |_| text(entry, "resource-type")).to_owned();
        (text(entry, "name").to_owned(), texts(entry, "types").join(", "), of)
    };
    let actions: Vec<_> = entries(&manifest, "action").iter().map(action).collect();
    let wanted = [
        ("enable_user", "account-enable", "everywhere"),
        ("disable_user", "account-disable", "everywhere"),
        ("update_user", "account-update-profile", "user"),
    ];
    assert_eq!(actions, wanted.map(|(name, types, of)| (name.to_owned(), types.to_owned(), of.to_owned())));
    let account = manifest["account"].as_table().unwrap();
    let fields: Vec<_> = account["field"].as_array().unwrap().iter().map(|field| text(field, "name")).collect();
    assert_eq!(fields, ["email", "name", "title", "send_invitation", "role_ids"]);
    assert_eq!(account["credentials"], Value::from(vec!["no-password"]));
}

#[test]
fn every_group_of_endpoints_has_the_vendors_headers() {
    let manifest = manifest();
    for egress in entries(&manifest, "egress") {
        let rate = entries(&manifest, "rate").iter().find(|rate| rate["name"] == egress["rate"]).unwrap();
        assert_eq!(text(&rate["headers"], "remaining"), "X-RateLimit-Remaining");
        assert_eq!(text(&rate["headers"], "reset"), "X-RateLimit-Reset");
        assert!(rate["headers"]["low-water"].as_integer() >= rate["in-flight"].as_integer(), "{rate}");
    }
}

#[test]
fn the_manifest_declares_what_the_connector_reads() {
    let manifest = manifest();
    let declared: Vec<_> = entries(&manifest, "collection").iter().map(|entry| text(entry, "name")).collect();
    let bench = bench_with_everything();
    organization_on(&bench, &[]);
    bench.on("GET", crate::support::SCHEDULES, 200, include_str!("answers/schedules.json"));
    for number in [1, 2] {
        bench.on("GET", &crate::support::responders(number), 200, r#"{"data":{}}"#);
    }
    bench.on("GET", crate::support::KEYS, 200, include_str!("answers/api_keys.json"));
    for (collection, ..) in &bench.sync().unwrap().pages {
        assert!(declared.contains(&collection.name.as_str()), "{collection:?} is not declared");
    }
}

#[test]
fn every_declared_listing_is_read_by_the_connector() {
    for entry in entries(&manifest(), "collection") {
        let bench = bench_with_everything();
        let collection = accord_sdk::Collection { name: text(entry, "name").into(), key: Some("key".into()) };
        // Without an answer the bench ends the test's thread; what must not come is the connector's own refusal.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.read(collection.clone())));
        let unknown = matches!(&read, Ok(Err(accord_sdk::Failure::Bug(text))) if text.contains("does not read it"));
        assert!(!unknown, "{collection:?} is declared, but not read");
    }
}
