//! Users with every status, and with all that may be missing.

use accord_sdk::types::{AccountType, Email, Trait, UserTrait};
use accord_sdk::{Collection, Resource, State, Value};

use crate::support::{USERS, account, bench, only_page};

fn user(resource: &Resource) -> &UserTrait {
    match resource.traits.as_slice() {
        [Trait::User(user)] => user,
        other => panic!("{other:?}"),
    }
}

fn state(resource: &Resource) -> (State, &str) {
    let status = resource.status.as_ref().unwrap();
    (status.state, &status.details)
}

fn fact<'a>(resource: &'a Resource, name: &str) -> Option<&'a Value> {
    resource.profile.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.into()))
}

#[test]
fn a_full_user_keeps_everything() {
    let synced = account().sync().unwrap();
    let maria = synced.resource("user", "DUAAAAAAAAAAAAAAAAA1");
    assert_eq!(maria.display_name, "Maria Hall");
    assert_eq!(state(maria), (State::Enabled, "active"));
    assert_eq!(maria.created_at.unwrap().seconds, 1_700_000_100);
    let facts = user(maria);
    assert_eq!(facts.emails, [Email { address: "maria.hall@example.com".into(), primary: true }]);
    assert_eq!(
        (facts.login.as_str(), facts.login_aliases.as_slice()),
        ("maria.hall", ["mhall".to_string()].as_slice())
    );
    assert_eq!(facts.account_type, AccountType::Human);
    assert_eq!(facts.last_login.unwrap().seconds, 1_754_300_000);
    assert_eq!(facts.mfa_enabled, Some(true));
    assert_eq!(facts.sso_enabled, None);
    let name = facts.structured_name.as_ref().unwrap();
    assert_eq!((name.given_name.as_str(), name.family_name.as_str()), ("Maria", "Hall"));
    assert_eq!(
        maria.profile,
        [
            ("first_name", Value::Text("Maria".into())),
            ("last_name", Value::Text("Hall".into())),
            ("login", Value::Text("maria.hall@example.com".into())),
            ("user_id", Value::Text("DUAAAAAAAAAAAAAAAAA1".into())),
            ("username", Value::Text("maria.hall".into())),
            ("status", Value::Text("active".into())),
            ("realname", Value::Text("Maria Hall".into())),
            ("is_enrolled", Value::Flag(true)),
            ("directory_managed", Value::Flag(false)),
            ("phone_count", Value::Int(1)),
            ("token_count", Value::Int(0)),
            ("webauthn_count", Value::Int(0)),
            ("aliases", Value::Items(vec!["mhall".into()])),
        ]
        .map(|(name, value)| (name.to_string(), value))
    );
}

#[test]
fn a_user_who_may_bypass_is_enabled_without_a_second_factor() {
    let synced = account().sync().unwrap();
    let breakglass = synced.resource("user", "DUAAAAAAAAAAAAAAAAA2");
    assert_eq!(breakglass.display_name, "svc-breakglass");
    assert_eq!(state(breakglass), (State::Enabled, "bypass"));
    assert!(user(breakglass).emails.is_empty());
    assert_eq!(user(breakglass).mfa_enabled, Some(false));
    assert_eq!(fact(breakglass, "notes").cloned(), text("break glass"));
}

#[test]
fn locked_disabled_and_deleted_users_are_told_apart() {
    let synced = account().sync().unwrap();
    assert_eq!(
        state(synced.resource("user", "DUAAAAAAAAAAAAAAAAA3")),
        (State::Disabled, "locked out: Failed Attempts")
    );
    let ola = synced.resource("user", "DUAAAAAAAAAAAAAAAAA4");
    assert_eq!((ola.display_name.as_str(), state(ola)), ("Ola Nordmann", (State::Disabled, "disabled")));
    assert_eq!(fact(ola, "login").cloned(), text("not-an-address"));
    assert_eq!(fact(ola, "last_directory_sync").cloned(), text("2025-07-31T22:13:20Z"));
    assert_eq!(fact(ola, "directory_managed"), Some(&Value::Flag(true)));
    assert_eq!(state(synced.resource("user", "DUAAAAAAAAAAAAAAAAA5")), (State::Deleted, "pending deletion"));
}

#[test]
fn names_are_split_where_duo_has_only_one() {
    let synced = account().sync().unwrap();
    let li = synced.resource("user", "DUAAAAAAAAAAAAAAAAA3");
    assert_eq!((fact(li, "first_name").cloned(), fact(li, "last_name").cloned()), (text("Li"), text("Wei")));
    assert_eq!(user(li).structured_name, None);
}

#[test]
fn the_display_name_is_the_first_that_there_is() {
    let bench = bench();
    bench.on(
        "GET",
        USERS,
        200,
        only_page(
            r#"{"user_id":"DU1","username":"u1","email":"e1@example.com","status":"active","realname":"  "},
           {"user_id":"DU2","email":"e2@example.com","status":"active","firstname":"","lastname":null},
           {"user_id":"DU3","status":"active"},
           {"user_id":"DU4","status":"active","lastname":"Иванов","username":"u4"}"#,
        ),
    );
    let synced = bench.read(Collection::named("users")).unwrap();
    let name = |id| synced.resource("user", id).display_name.as_str();
    assert_eq!(["DU1", "DU2", "DU3", "DU4"].map(name), ["u1", "e2@example.com", "DU3", "Иванов"]);
}

#[test]
fn an_unknown_status_is_kept_and_noted_once() {
    let bench = bench();
    bench.on("GET", USERS, 200, only_page(r#"{"user_id":"DU1","status":"foo"},{"user_id":"DU2","status":"foo"}"#));
    let synced = bench.read(Collection::named("users")).unwrap();
    assert_eq!(state(synced.resource("user", "DU1")), (State::Unspecified, "foo"));
    let [note] = synced.notes.as_slice() else { panic!("{:?}", synced.notes) };
    assert_eq!((note.what.as_str(), note.count, note.lost), ("a user's status is unknown", 2, false));
    assert_eq!(note.examples, ["foo"]);
}

#[test]
fn aliases_are_told_once_each() {
    let bench = bench();
    bench.on("GET", USERS, 200, only_page(
        r#"{"user_id":"DU1","status":"active","alias1":"a","alias2":"b","aliases":{"alias1":"a","alias5":"e","alias6":null}}"#,
    ));
    let synced = bench.read(Collection::named("users")).unwrap();
    assert_eq!(user(synced.resource("user", "DU1")).login_aliases, ["a", "b", "e"]);
}

#[test]
fn a_user_without_an_id_is_no_user() {
    let bench = bench();
    bench.on("GET", USERS, 200, only_page(r#"{"username":"nobody","status":"active"}"#));
    assert!(bench.read(Collection::named("users")).is_err());
}
