//! The manifest and the README say the same. What the connector reads is tested through the program, against a tenant and a
//! cluster that answer as the real ones do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use toml::{Table, Value};

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

#[test]
fn the_readme_names_what_the_manifest_declares() {
    let manifest = manifest();
    let names = |table: &str, field: &str| -> Vec<String> {
        entries(&manifest, table).iter().map(|entry| format!("| `{}` |", text(entry, field))).collect()
    };
    for row in [names("config", "name"), names("resource-type", "id"), names("collection", "name")].concat() {
        assert!(README.contains(&row), "the README has no row {row}");
    }
    for field in entries(&manifest, "config") {
        let variable = format!("| `BATON_{}` |", text(field, "name").to_uppercase().replace('-', "_"));
        let help = text(field, "help").split(':').next().unwrap();
        let row = README.lines().find(|line| line.contains(&variable)).unwrap();
        assert!(row.replace('`', "").contains(help), "{row} says something else than `{help}`");
        let required = field.get("required").is_some();
        assert_eq!(row.contains("| yes |"), required, "{row}");
    }
    for egress in entries(&manifest, "egress") {
        let method = egress["methods"][0].as_str().unwrap();
        for path in egress["paths"].as_array().unwrap() {
            let row = format!("| `{method} {}` |", path.as_str().unwrap());
            assert!(README.contains(&row), "the README has no row {row}");
        }
    }
}

#[test]
fn every_permission_is_in_the_readme() {
    let manifest = manifest();
    for collection in entries(&manifest, "collection") {
        if let Some(permission) = collection.get("permission").and_then(Value::as_str) {
            assert!(README.contains(&format!("| {permission} |")), "{permission}");
        }
    }
}

#[test]
fn nothing_writes() {
    for egress in entries(&manifest(), "egress") {
        assert!(egress.get("when").is_none());
        let posts = egress["methods"].as_array().unwrap().contains(&"POST".into());
        assert_eq!(posts, egress.get("repeatable").is_some(), "{egress}");
    }
}
