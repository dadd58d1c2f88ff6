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

#[test]
fn nothing_is_promised_or_opened_that_would_write() {
    let manifest = manifest();
    for egress in entries(&manifest, "egress") {
        assert_eq!(egress["methods"], Value::from(vec!["GET"]));
    }
    for resource_type in entries(&manifest, "resource-type") {
        for promise in ["provisions", "deletes", "rotates"] {
            assert!(resource_type.get(promise).is_none(), "{resource_type}");
        }
    }
    assert!(!manifest.contains_key("account") && !manifest.contains_key("action"));
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
