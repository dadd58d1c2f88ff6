//! The manifest and the code say the same.

use toml::{Table, Value};

use crate::support::{bench, script};

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
fn what_writes_is_open_for_changes_only_and_is_not_sent_again() {
    let manifest = manifest();
    for egress in entries(&manifest, "egress") {
        let methods: Vec<&str> =
            egress["methods"].as_array().unwrap().iter().map(|method| method.as_str().unwrap()).collect();
        let paths = egress["paths"].as_array().unwrap();
        let searches = methods == ["POST"] && paths == &["/role-store/api/v1/users/search".into()];
        let writes = methods == ["PUT"] && paths == &["/role-store/api/v1/users/*/roles".into()];
        assert!(methods == ["GET"] || searches || writes, "{egress:?}");
        if writes {
            assert_eq!(egress["when"], Value::from(vec!["grant", "revoke"]));
            assert_eq!(egress["repeatable"], Value::from(false), "by then its list of roles is out of date");
        }
    }
}

#[test]
fn nothing_is_withheld_of_what_is_sent_back() {
    let manifest = manifest();
    let of_user = Value::from("/role-store/api/v1/users/*/roles");
    let entries = entries(&manifest, "egress").iter();
    let mut reading = entries.filter(|egress| egress["paths"].as_array().unwrap().contains(&of_user));
    assert!(reading.all(|egress| egress.get("withhold").is_none()), "it would come back as null");
}

#[test]
fn what_is_secret_of_a_user_is_withheld_wherever_users_are_listed() {
    let manifest = manifest();
    let of_users = entries(&manifest, "egress").iter().filter(|egress| {
        let path = egress["paths"][0].as_str().unwrap();
        path.ends_with("/search") || path.ends_with("/members")
    });
    let withheld: Vec<&Value> = of_users.map(|egress| &egress["withhold"]).collect();
    assert_eq!(withheld.len(), 2);
    let fields = ["mfa/seed", "password", "settings", "authorized_keys", "webauthn_credentials", "current_session_id"];
    let expected = Value::from(fields.map(|field| format!("/items/*/{field}")).to_vec());
    assert!(withheld.iter().all(|withheld| **withheld == expected), "{withheld:?}");
}

#[test]
fn the_manifest_declares_what_the_connector_reads() {
    let manifest = manifest();
    let declared: Vec<_> = entries(&manifest, "collection").iter().map(|entry| text(entry, "name")).collect();
    let bench = bench();
    script(&bench);
    let mut read: Vec<String> =
        bench.sync().unwrap().pages.into_iter().map(|(collection, ..)| collection.name).collect();
    read.dedup();
    assert_eq!(read, ["users", "roles", "members", "membership-details"]);
    assert!(read.iter().all(|name| declared.contains(&name.as_str())));
}

#[test]
fn every_permission_of_the_probes_is_in_the_manifest() {
    let bench = bench();
    bench.on("GET", "/role-store/api/v1/roles?offset=0&limit=1", 200, "{}");
    bench.on("POST", "/role-store/api/v1/users/search?offset=0&limit=1", 200, "{}");
    for check in bench.validate() {
        assert!(include_str!("../../manifest.toml").contains(&format!("permission = \"{}\"", check.name)));
    }
}
