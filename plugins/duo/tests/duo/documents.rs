//! The manifest and the code say the same.

use toml::{Table, Value};

use crate::support::{account, bench};

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
fn what_writes_is_open_for_one_kind_of_change_only() {
    let manifest = manifest();
    let open_for = |method: &str| -> Vec<&Value> {
        let writing = entries(&manifest, "egress").iter();
        writing.filter(|egress| egress["methods"].as_array().unwrap().contains(&method.into())).collect()
    };
    for (method, export) in [("POST", "grant"), ("DELETE", "revoke")] {
        let [egress] = open_for(method)[..] else { panic!("{method}: {:?}", open_for(method)) };
        assert_eq!(egress["when"], Value::from(vec![export]));
    }
    assert!(open_for("PUT").is_empty() && open_for("PATCH").is_empty());
}

#[test]
fn the_manifest_declares_what_the_connector_begins_with() {
    let manifest = manifest();
    let declared: Vec<_> = entries(&manifest, "collection").iter().map(|entry| text(entry, "name")).collect();
    let synced = account().sync().unwrap();
    for (collection, ..) in &synced.pages {
        assert!(declared.contains(&collection.name.as_str()), "{collection:?} is not declared");
    }
}

#[test]
fn every_declared_listing_is_read_by_the_connector() {
    let manifest = manifest();
    for entry in entries(&manifest, "collection") {
        let bench = bench();
        let collection = accord_sdk::Collection { name: text(entry, "name").into(), key: None };
        // Without an answer the bench ends the test's thread; what must not come is the connector's own refusal.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.read(collection.clone())));
        let unknown = matches!(&read, Ok(Err(accord_sdk::Failure::Bug(text))) if text.contains("does not read it"));
        assert!(!unknown, "{collection:?} is declared, but not read");
    }
}

#[test]
fn every_permission_of_the_probes_is_in_the_manifest() {
    let bench = bench();
    for target in ["/admin/v1/settings", "/admin/v1/users?limit=1", "/admin/v1/admins?limit=1"] {
        bench.on("GET", target, 200, r#"{"stat":"OK","response":{}}"#);
    }
    for check in bench.validate() {
        assert!(include_str!("../../manifest.toml").contains(&format!("permission = \"{}\"", check.name)));
    }
}
