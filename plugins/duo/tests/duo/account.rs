//! The whole account: exactly its resources, entitlements and grants, with six requests.

use accord_sdk::ResourceId;
use accord_sdk::types::{ResourceAnnotation, Trait};

use crate::support::{SETTINGS, account, account_except};

#[test]
fn a_sync_brings_exactly_what_the_account_holds() {
    let synced = account().sync().unwrap();

    assert_eq!(synced.resource_ids("account"), ["DIFIXTURE0EXAMPLE000"]);
    assert_eq!(synced.resource("account", "DIFIXTURE0EXAMPLE000").display_name, "Example Corp");
    assert_eq!(synced.resource_ids("user").len(), 5);
    assert_eq!(
        synced.resource_ids("group"),
        ["DGAAAAAAAAAAAAAAAAA1", "DGAAAAAAAAAAAAAAAAA2", "DGAAAAAAAAAAAAAAAAA3"],
        "groups of one name stay two"
    );
    assert_eq!(synced.resource_ids("admin").len(), 4);
    assert_eq!(
        synced.resource_ids("role"),
        ["DRAAAAAAAAAAAAAAAAA1", "administrator", "help desk", "owner", "read-only"]
    );
    assert_eq!(
        synced.entitlement_ids(),
        [
            "group:DGAAAAAAAAAAAAAAAAA1:member",
            "group:DGAAAAAAAAAAAAAAAAA2:member",
            "group:DGAAAAAAAAAAAAAAAAA3:member",
            "role:DRAAAAAAAAAAAAAAAAA1:member",
            "role:administrator:member",
            "role:help desk:member",
            "role:owner:member",
            "role:read-only:member",
        ]
    );
    assert_eq!(
        synced.grant_ids(),
        [
            "group:DGAAAAAAAAAAAAAAAAA1:member:user:DUAAAAAAAAAAAAAAAAA1",
            "group:DGAAAAAAAAAAAAAAAAA1:member:user:DUAAAAAAAAAAAAAAAAA2",
            "group:DGAAAAAAAAAAAAAAAAA2:member:user:DUAAAAAAAAAAAAAAAAA1",
            "group:DGAAAAAAAAAAAAAAAAA2:member:user:DUAAAAAAAAAAAAAAAAA4",
            "role:DRAAAAAAAAAAAAAAAAA1:member:admin:DEAAAAAAAAAAAAAAAAA4",
            "role:administrator:member:admin:DEAAAAAAAAAAAAAAAAA3",
            "role:owner:member:admin:DEAAAAAAAAAAAAAAAAA1",
            "role:read-only:member:admin:DEAAAAAAAAAAAAAAAAA2",
        ]
    );
    assert_eq!(synced.notes, []);
}

#[test]
fn a_sync_asks_six_times_and_signs_each_request() {
    let bench = account();
    bench.sync().unwrap();
    let sent = bench.sent();
    assert_eq!(sent.len(), 6);
    assert!(sent.iter().all(|request| request.method == "GET"));
    assert!(sent.iter().all(|request| request.credential.as_deref() == Some("admin-api")));
}

#[test]
fn the_account_announces_its_children_and_is_everybodys_parent() {
    let synced = account().sync().unwrap();
    let account = synced.resource("account", "DIFIXTURE0EXAMPLE000");
    let children = ["user", "group", "admin", "role"].map(|child| ResourceAnnotation::ChildResourceType(child.into()));
    assert_eq!(account.annotations, children);
    assert_eq!(account.parent, None);
    for resource in synced.resources.iter().filter(|resource| resource.id.resource_type != "account") {
        assert_eq!(resource.parent, Some(ResourceId::new("account", "DIFIXTURE0EXAMPLE000")), "{:?}", resource.id);
    }
}

#[test]
fn each_type_carries_its_trait() {
    let synced = account().sync().unwrap();
    for resource in &synced.resources {
        let carries = match (resource.id.resource_type.as_str(), resource.traits.as_slice()) {
            ("account", traits) => traits.is_empty(),
            ("user" | "admin", [Trait::User(_)]) | ("group", [Trait::Group(_)]) | ("role", [Trait::Role(_)]) => true,
            _ => false,
        };
        assert!(carries, "{:?}", resource.id);
    }
}

#[test]
fn two_syncs_bring_the_same_rows() {
    assert_eq!(account().sync().unwrap(), account().sync().unwrap());
}

#[test]
fn an_account_without_a_name_is_named_after_its_host() {
    let bench = account_except(&[SETTINGS]);
    bench.on("GET", SETTINGS, 200, r#"{"stat":"OK","response":{"name":""}}"#);
    let synced = bench.sync().unwrap();
    assert_eq!(synced.resource("account", "DIFIXTURE0EXAMPLE000").display_name, "api-fixture1.duosecurity.com");
}

#[test]
fn totals_are_passed_on() {
    let synced = account().sync().unwrap();
    let of = |name: &str| -> Vec<_> {
        let pages = synced.pages.iter().filter(|(collection, ..)| collection.name == name);
        pages.map(|(_, items, total)| (*items, *total)).collect()
    };
    assert_eq!(of("users"), [(3, Some(5)), (2, Some(5))]);
    assert_eq!(of("groups"), [(3, Some(3))]);
    assert_eq!(of("admins"), [(4, Some(4))]);
}
