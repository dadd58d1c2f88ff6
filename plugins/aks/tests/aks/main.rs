//! What the manifest opens. What the connector reads is tested through the program, against a tenant and a cluster that
//! answer as the real ones do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use toml::{Table, Value};

fn manifest() -> Table {
    include_str!("../../manifest.toml").parse().unwrap()
}

fn entries<'a>(manifest: &'a Table, name: &str) -> &'a [Value] {
    manifest[name].as_array().unwrap()
}

#[test]
fn nothing_writes() {
    for egress in entries(&manifest(), "egress") {
        assert!(egress.get("when").is_none());
        let posts = egress["methods"].as_array().unwrap().contains(&"POST".into());
        assert_eq!(posts, egress.get("repeatable").is_some(), "{egress}");
    }
}
