//! Roles, and what one has at them.

use accord_sdk::{Collection, Value};

use crate::support::{ADMINISTRATORS, EVERYBODY, OPERATORS, bench, roles, script};

#[test]
fn a_role_is_what_privx_tells() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let role = synced.resource("role", OPERATORS);
    assert_eq!((role.display_name.as_str(), role.description.as_str()), ("db-operators", "Production databases"));
    let items = |texts: &[&str]| Value::Items(texts.iter().map(|text| (*text).to_owned()).collect());
    let expected = [
        ("name", Value::Text("db-operators".into())),
        ("comment", Value::Text("Production databases".into())),
        ("permissions", items(&["roles-view", "users-view", "vault-manage"])),
        ("permit_agent", Value::Flag(true)),
        ("access_group_id", Value::Text("e2c1b0a9-8f7e-4d6c-9b5a-483726150605".into())),
        ("created", Value::Text("2025-05-14T12:31:08.402117Z".into())),
        ("updated", Value::Text("2025-05-20T06:45:59.7731Z".into())),
        ("has_mapping_rules", Value::Flag(false)),
        ("restricted_by_context", Value::Flag(true)),
        ("context_block_role", Value::Flag(true)),
        ("context_days", items(&["MON", "TUE", "WED", "THU", "FRI"])),
        ("context_hours", Value::Text("08:00-18:00".into())),
        ("context_timezone", Value::Text("Europe/Helsinki".into())),
        ("context_ip_masks", items(&["10.0.0.0/8"])),
        ("privileged", Value::Flag(true)),
    ];
    assert_eq!(role.profile, expected.map(|(name, value)| (name.to_owned(), value)));
    assert!(!format!("{:?}", synced.resources).contains("ssh-rsa"), "keys are large, and nobody asked for them");
}

#[test]
fn the_system_roles_are_told_apart() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let flag = |role: &str, name: &str| {
        let profile = &synced.resource("role", role).profile;
        profile.iter().any(|entry| *entry == (name.to_owned(), Value::Flag(true)))
    };
    for (role, rules, privileged) in [(ADMINISTRATORS, true, true), (EVERYBODY, false, false)] {
        assert!(flag(role, "system"));
        assert_eq!((flag(role, "has_mapping_rules"), flag(role, "privileged")), (rules, privileged));
    }
}

#[test]
fn a_role_has_one_entitlement_with_the_names_that_readers_know() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let id = format!("role:{OPERATORS}:assigned");
    let entitlement = synced.entitlements.iter().find(|entitlement| entitlement.identifier() == id).unwrap();
    assert_eq!(entitlement.display_name, "db-operators role assigned");
    assert_eq!(entitlement.description, "Has db-operators role membership");
    assert_eq!(
        (entitlement.slug.as_str(), entitlement.grantable_to.as_slice()),
        ("assigned", &["user".to_owned()][..])
    );
    assert_eq!(synced.entitlements.len(), 3);
}

#[test]
fn a_role_without_a_name_is_called_by_its_id() {
    let bench = bench();
    bench.on("GET", &roles(0), 200, r#"{"count":1,"items":[{"id":"r1","name":null,"source_rules":null}]}"#);
    bench.on("GET", &roles(1), 200, r#"{"count":1,"items":null}"#);
    bench.on("GET", "/role-store/api/v1/roles/r1/members?offset=0&limit=3", 200, r#"{"count":0,"items":null}"#);
    let synced = bench.read(Collection::named("roles")).unwrap();
    assert_eq!(synced.resource("role", "r1").display_name, "r1");
}
