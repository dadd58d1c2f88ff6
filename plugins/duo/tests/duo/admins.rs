//! Administrators and their roles: the catalogue, and what stands in for it.

use accord_sdk::types::ResourceAnnotation;
use accord_sdk::{Collection, State, Value};

use crate::support::{ADMINS, ROLES, account, account_except, bench, only_page, refusal};

#[test]
fn administrators_are_enabled_only_when_duo_says_so() {
    let synced = account().sync().unwrap();
    let state = |id| {
        let status = synced.resource("admin", id).status.clone().unwrap();
        (status.state, status.details)
    };
    assert_eq!(state("DEAAAAAAAAAAAAAAAAA1"), (State::Enabled, "Active".into()));
    assert_eq!(state("DEAAAAAAAAAAAAAAAAA2"), (State::Disabled, "Disabled".into()));
    assert_eq!(state("DEAAAAAAAAAAAAAAAAA4"), (State::Disabled, "Pending Activation".into()));
}

#[test]
fn an_administrators_phone_number_stays_out() {
    let synced = account().sync().unwrap();
    let owner = synced.resource("admin", "DEAAAAAAAAAAAAAAAAA1");
    assert!(owner.profile.contains(&("phone_present".into(), Value::Flag(true))));
    assert!(!format!("{:?}", synced.resources).contains("+1555"));
}

#[test]
fn roles_keep_the_ids_of_earlier_files_and_name_their_others() {
    let synced = account().sync().unwrap();
    let read_only = synced.resource("role", "read-only");
    assert_eq!(read_only.display_name, "Read-only");
    assert_eq!(read_only.annotations, [ResourceAnnotation::Aliases(vec!["read_only".into(), "readonly".into()])]);
    assert_eq!(synced.resource("role", "owner").annotations, []);
    let custom = synced.resource("role", "DRAAAAAAAAAAAAAAAAA1");
    assert_eq!(custom.display_name, "SOC Tier 1");
    assert!(custom.profile.contains(&("is_custom".into(), Value::Flag(true))));
    let member = synced.entitlements.iter().find(|row| row.identifier() == "role:help desk:member").unwrap();
    assert_eq!(member.display_name, "Help Desk Role member");
    assert_eq!(member.description, "Help Desk Duo role");
    assert_eq!(member.grantable_to, ["admin"]);
}

#[test]
fn without_a_catalogue_the_same_roles_are_granted() {
    let expected = account().sync().unwrap().grant_ids();
    for (status, code) in [(404, 40401), (403, 40301)] {
        let bench = account_except(&[ROLES]);
        bench.on("GET", ROLES, status, refusal(code, "no"));
        let synced = bench.sync().unwrap();
        assert_eq!(synced.grant_ids(), expected);
        assert_eq!(
            synced.resource_ids("role"),
            [
                "DRAAAAAAAAAAAAAAAAA1",
                "administrator",
                "application manager",
                "billing",
                "help desk",
                "owner",
                "phishing manager",
                "read-only",
                "security analyst",
                "user manager",
            ]
        );
        assert_eq!(synced.resource("role", "DRAAAAAAAAAAAAAAAAA1").display_name, "SOC Tier 1");
        assert_eq!(synced.notes_about("the roles are the built-in ones").len(), 1);
        assert!(synced.notes.iter().all(|note| !note.lost));
    }
}

#[test]
fn a_role_told_only_by_name_is_found_by_it() {
    let bench = account_except(&[ADMINS]);
    bench.on("GET", ADMINS, 200, only_page(
        r#"{"admin_id":"DE1","role":"read only","status":"Active"},{"admin_id":"DE2","role":"SOC tier-1","status":"Active"},
           {"admin_id":"DE3","role":"Billing","status":"Active"},{"admin_id":"DE4","role":"Night Watch","status":"Active"}"#,
    ));
    let synced = bench.sync().unwrap();
    let of_roles: Vec<_> = synced.grant_ids().into_iter().filter(|id| id.starts_with("role:")).collect();
    assert_eq!(
        of_roles,
        [
            "role:DRAAAAAAAAAAAAAAAAA1:member:admin:DE2",
            "role:billing:member:admin:DE3",
            "role:night watch:member:admin:DE4",
            "role:read-only:member:admin:DE1",
        ]
    );
    let added = synced.resource("role", "night watch");
    assert!(added.stub);
    assert_eq!(added.display_name, "Night Watch");
    assert_eq!(synced.notes_about("a role is not in the catalogue")[0].count, 2);
}

#[test]
fn an_administrator_without_a_role_is_kept_and_noted() {
    let bench = bench();
    bench.on(
        "GET",
        ADMINS,
        200,
        only_page(r#"{"admin_id":"DE1","email":"soc@example.com","role":"","status":"Expired"}"#),
    );
    let synced = bench.read(Collection::named("admins")).unwrap();
    assert_eq!(synced.resource("admin", "DE1").display_name, "soc@example.com");
    assert_eq!(synced.grant_ids(), Vec::<String>::new());
    let [note] = synced.notes.as_slice() else { panic!("{:?}", synced.notes) };
    assert_eq!(
        (note.what.as_str(), note.examples.as_slice()),
        ("an administrator has no role", ["DE1".to_string()].as_slice())
    );
}
