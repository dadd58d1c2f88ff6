//! The manifest, the README and the code say the same.

use toml::{Table, Value};

use crate::support::{bench_with_everything, organization_on};

const README: &str = include_str!("../../README.md");

fn manifest() -> Table {
    include_str!("../../manifest.toml").parse().unwrap()
}

fn entries<'a>(manifest: &'a Table, name: &str) -> &'a [Value] {
    manifest[name].as_array().unwrap()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap()
}

/// The first cells of the README's table whose head begins like this, and of which rows.
fn table<'a>(head: &str) -> Vec<Vec<&'a str>> {
    let rows = README.lines().skip_while(|line| !line.starts_with(&format!("| {head} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect()).collect()
}

/// The same column of each row, sorted, each once.
fn column(rows: &[Vec<&str>], at: usize) -> Vec<String> {
    sorted(rows.iter().map(|row| row[at].to_owned()))
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts.dedup();
    texts
}

#[test]
fn the_readme_says_what_the_manifest_declares_and_nothing_else() {
    let manifest = manifest();
    let names = |table: &str, field: &str| {
        sorted(entries(&manifest, table).iter().filter_map(|entry| Some(entry.get(field)?.as_str()?.to_owned())))
    };
    let fields = table("field");
    assert_eq!(column(&fields, 0), names("config", "name"));
    for (row, field) in fields.iter().zip(entries(&manifest, "config")) {
        let variable = format!("BATON_{}", text(field, "name").to_uppercase().replace('-', "_"));
        let required = if field.get("required").is_some() { "yes" } else { "no, off" };
        assert_eq!(row[..3], [text(field, "name"), variable.as_str(), required]);
    }
    let sites = entries(&manifest, "config")[0]["option"].as_array().unwrap();
    let sites: Vec<Vec<&str>> = sites.iter().map(|option| vec![text(option, "value"), text(option, "name")]).collect();
    assert_eq!(table("site"), sites);
    assert_eq!(column(&table("permission"), 0), names("collection", "permission"));
    assert_eq!(column(&table("type"), 0), names("resource-type", "id"));
    assert_eq!(column(&table("listing"), 0), names("collection", "name"));
    let paths = entries(&manifest, "egress").iter().flat_map(|egress| egress["paths"].as_array().unwrap());
    let requests = sorted(paths.map(|path| format!("GET {}", path.as_str().unwrap())));
    assert_eq!(column(&table("request"), 0), requests);
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
