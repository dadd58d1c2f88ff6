//! Users of all directories, and what is told of them.

use accord_sdk::types::{AccountType, NonHumanIdentity, ResourceAnnotation, Trait, UserTrait};
use accord_sdk::{Collection, Resource, State, Value};

use crate::support::{BACKUP, JANE, LATE, MIKA, PROGRAM, bench, script, users};

fn user(resource: &Resource) -> &UserTrait {
    let Some(Trait::User(user)) = resource.traits.first() else { unreachable!("{resource:?}") };
    user
}

fn profile<'a>(resource: &'a Resource, key: &str) -> Option<&'a Value> {
    resource.profile.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// The only user of an installation, with these fields beside an id.
fn only(fields: &str) -> Resource {
    let bench = bench();
    bench.on("POST", &users(0), 200, format!(r#"{{"count":1,"items":[{{"id":"u1"{fields}}}]}}"#));
    bench.on("POST", &users(1), 200, r#"{"count":1,"items":[]}"#);
    let synced = bench.read(Collection::named("users")).unwrap();
    synced.resource("user", "u1").clone()
}

#[test]
fn a_user_is_what_privx_tells() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let mika = synced.resource("user", MIKA);
    assert_eq!(mika.display_name, "Mika Korhonen");
    assert_eq!(mika.created_at.unwrap().to_string(), "2025-03-11T08:14:02.118201Z");
    let text = |text: &str| Some(Value::Text(text.into()));
    for (key, value) in [
        ("full_name", "Mika Korhonen"),
        ("id", MIKA),
        ("principal", "mkorhonen"),
        ("source_type", "LOCAL"),
        ("department", "Platform"),
        ("attr.cost_center", "4711"),
        ("unix_account", "mkorhonen"),
    ] {
        assert_eq!(profile(mika, key), text(value).as_ref(), "{key}");
    }
    assert_eq!(profile(mika, "telephone"), None);
    assert!(mika.annotations.is_empty(), "the directory's id is the same: {:?}", mika.annotations);
    let told = user(mika);
    assert_eq!((told.login.as_str(), told.account_type), ("mkorhonen", AccountType::Human));
    assert_eq!(told.emails[0].address, "mika.korhonen@example.com");
    assert!(told.login_aliases.is_empty(), "an account on hosts is no name to log in with here");
    let name = told.structured_name.as_ref().unwrap();
    assert_eq!((name.given_name.as_str(), name.family_name.as_str()), ("Mika", "Korhonen"));
    assert_eq!(told.mfa_enabled, Some(true));
    assert_eq!(user(synced.resource("user", JANE)).mfa_enabled, Some(false));
    assert_eq!(user(synced.resource("user", BACKUP)).mfa_enabled, None);
}

#[test]
fn who_has_no_name_is_called_by_the_next_best() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let backup = synced.resource("user", BACKUP);
    assert_eq!(backup.display_name, "ad-svc-backup");
    assert_eq!(user(backup).login_aliases, ["svc-backup"]);
    let raw = ResourceAnnotation::RawId("S-1-5-21-1004336348-1177238915-682003330-512".into());
    assert_eq!(backup.annotations, [raw]);
    assert_eq!(only(r#","full_name":" ","first_name":"Ada","last_name":"L","principal":"ada""#).display_name, "Ada L");
    assert_eq!(only(r#","given_name":"Ada""#).display_name, "Ada");
    assert_eq!(only("").display_name, "u1");
}

#[test]
fn an_api_client_is_a_service_and_no_person() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let program = synced.resource("user", PROGRAM);
    assert_eq!(user(program).account_type, AccountType::Service);
    let kind = (NonHumanIdentity::AppRegistration, "privx_api_client".to_owned());
    assert_eq!(program.annotations, [ResourceAnnotation::NonHumanIdentity(kind)]);
}

#[test]
fn nobody_is_called_enabled_without_evidence() {
    for (fields, state, details) in [
        ("", State::Unspecified, ""),
        (r#","disabled":false"#, State::Enabled, ""),
        (r#","disabled":"FALSE","locked":null"#, State::Enabled, ""),
        (r#","disabled":true"#, State::Disabled, "disabled"),
        (r#","disabled":"TRUE","locked":true"#, State::Disabled, "disabled, locked"),
        (r#","disabled":false,"locked":true"#, State::Disabled, "locked"),
        (r#","disabled":"perhaps","locked":7"#, State::Unspecified, ""),
        (r#","implicit_roles_expired":true"#, State::Unspecified, "implicit roles expired"),
        (r#","locked":"true","implicit_roles_expired":true"#, State::Disabled, "locked, implicit roles expired"),
    ] {
        let status = only(fields).status.unwrap();
        assert_eq!((status.state, status.details.as_str()), (state, details), "{fields}");
    }
}

#[test]
fn what_is_secret_of_a_user_is_not_read() {
    let secret = r#","mfa":{"seed":{"seed_string":"JBSWY3DPEHPK3PXP","seed_qr_code":"JBSW"},"status":"ENABLED"},
        "password":"JBSW","settings":{"a":"JBSW"},"authorized_keys":[{"key":"JBSW"}],"current_session_id":"JBSW",
        "webauthn_credentials":["JBSW"]"#;
    let user = only(secret);
    assert!(!format!("{user:?}").contains("JBSW"), "{user:?}");
}

#[test]
fn a_member_whom_the_users_do_not_have_is_added() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let late = synced.resource("user", LATE);
    assert_eq!((late.display_name.as_str(), late.stub), ("Late Joiner", true));
    assert_eq!(synced.resource_ids("user").len(), 5);
    let [note] = synced.notes_about("a member is not in the list of users")[..] else { unreachable!() };
    assert_eq!((note.count, note.lost), (1, false));
    assert_eq!(note.examples, [LATE]);
}

#[test]
fn api_clients_are_left_out_on_request_with_their_memberships() {
    let bench = bench().value("skip-api-clients", Value::Flag(true));
    script(&bench);
    let synced = bench.sync().unwrap();
    assert_eq!(synced.resource_ids("user"), [MIKA, JANE, BACKUP, LATE]);
    assert!(!synced.grant_ids().iter().any(|grant| grant.ends_with(PROGRAM)), "{:?}", synced.grant_ids());
    assert_eq!(synced.notes_about("an API client is left out")[0].examples, [PROGRAM]);
    let mut users = synced.pages.iter().filter(|(collection, ..)| collection.name == "users");
    assert_eq!(users.next_back().unwrap().2, Some(3), "what is left out is not missing");
}
