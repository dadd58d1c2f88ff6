//! What single objects become, the awkward ones too.

use accord_sdk::types::{AccountType, SecretTrait, Trait};
use accord_sdk::{Collection, Resource, State, Timestamp, UserTrait, Value};

use crate::support::{
    KEYS, ROLES, TEAMS, USERS, bench, bench_with_everything, key, list, members, organization_except, role, team, user,
};

fn profile<'a>(resource: &'a Resource, name: &str) -> Option<&'a Value> {
    resource.profile.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn text<'a>(resource: &'a Resource, name: &str) -> &'a str {
    match profile(resource, name) {
        Some(Value::Text(text)) => text,
        other => panic!("{name} is {other:?}"),
    }
}

fn person(resource: &Resource) -> &UserTrait {
    match resource.traits.as_slice() {
        [Trait::User(user)] => user,
        other => panic!("{other:?}"),
    }
}

fn secret(resource: &Resource) -> &SecretTrait {
    match resource.traits.as_slice() {
        [Trait::Secret(secret)] => secret,
        other => panic!("{other:?}"),
    }
}

fn state(resource: &Resource) -> (State, &str) {
    let status = resource.status.as_ref().unwrap();
    (status.state, &status.details)
}

#[test]
fn people_and_service_accounts_are_told_apart() {
    let synced = organization_except(&[]).sync().unwrap();
    let ana = synced.resource("user", &user(1));
    assert_eq!((ana.display_name.as_str(), state(ana)), ("Ana Silva", (State::Enabled, "Active")));
    assert_eq!((text(ana, "first_name"), text(ana, "last_name"), text(ana, "title")), ("Ana", "Silva", "SRE"));
    assert_eq!((text(ana, "login"), text(ana, "user_id")), ("ana@example.com", user(1).as_str()));
    assert_eq!(text(ana, "org_id"), "99999999-0000-4000-8000-000000000001");
    assert_eq!(ana.created_at, Timestamp::rfc3339("2024-02-06T15:50:10.995740Z"));
    assert_eq!(person(ana).last_login, Timestamp::rfc3339("2026-08-01T08:00:00Z"));
    assert_eq!((person(ana).mfa_enabled, person(ana).sso_enabled), (Some(true), None));
    assert_eq!((person(ana).login.as_str(), person(ana).login_aliases.len()), ("ana@example.com", 0));

    let bo = synced.resource("user", &user(2));
    assert_eq!((bo.display_name.as_str(), state(bo)), ("bo@example.com", (State::Disabled, "Pending")));
    assert_eq!((person(bo).mfa_enabled, person(bo).last_login), (None, None));
    assert_eq!((profile(bo, "title"), profile(bo, "name")), (None, None), "what Datadog does not say stays out");
    assert_eq!(profile(bo, "verified"), Some(&Value::Flag(false)));

    let bot = synced.resource("user", &user(3));
    assert_eq!(person(bot).account_type, AccountType::Service);
    assert_eq!((&person(bot).login, person(bot).login_aliases.len()), (&user(3), 0));
    assert_eq!(person(bot).emails[0].address, "platform@example.com");

    let carl = synced.resource("user", &user(4));
    assert_eq!(state(carl), (State::Disabled, "Disabled"));
    assert_eq!((person(carl).login.as_str(), person(carl).sso_enabled), ("carl.new@example.com", Some(true)));
    assert_eq!(person(carl).login_aliases, ["carl@example.com"]);
}

#[test]
fn a_user_of_whom_little_is_known_keeps_what_there_is() {
    let bench = bench();
    let one = |number, attributes: &str| format!(r#"{{"id":"{}","attributes":{{{attributes}}}}}"#, user(number));
    let users = [
        one(1, r#""name":"  ","email":"","handle":"old-handle","status":"Suspended","created_at":"yesterday""#),
        one(2, r#""name":null,"email":null,"handle":null,"status":null,"allowed_login_methods":["standard"]"#),
        one(3, r#""name":"Prince","email":"prince@example.com","status":"ACTIVE""#),
    ];
    bench.on("GET", USERS, 200, list(&users, 3));
    let synced = bench.read(Collection::named("users")).unwrap();
    let old = synced.resource("user", &user(1));
    assert_eq!((old.display_name.as_str(), state(old)), ("old-handle", (State::Unspecified, "Suspended")));
    assert_eq!((person(old).login.as_str(), old.created_at), ("old-handle", None));
    let nobody = synced.resource("user", &user(2));
    assert_eq!((&nobody.display_name, state(nobody)), (&user(2), (State::Unspecified, "")));
    assert_eq!(person(nobody).sso_enabled, Some(false));
    let prince = synced.resource("user", &user(3));
    assert_eq!((text(prince, "first_name"), profile(prince, "last_name")), ("Prince", None));
    assert_eq!(state(prince).0, State::Enabled);
    assert_eq!(synced.notes_about("a user's status is unknown")[0].count, 2);
    assert_eq!(synced.notes_about("a time cannot be read")[0].examples, [user(1)]);
}

#[test]
fn roles_and_teams_keep_what_datadog_says_of_them() {
    let synced = organization_except(&[]).sync().unwrap();
    let deployers = synced.resource("role", &role(2));
    assert_eq!((deployers.display_name.as_str(), text(deployers, "role_name")), ("Deployers", "Deployers"));
    assert_eq!(profile(deployers, "user_count"), Some(&Value::Int(2)));
    assert_eq!(profile(deployers, "permission_count"), Some(&Value::Int(0)));
    let managed = Value::Items(vec!["Datadog Read Only Role".to_owned()]);
    assert_eq!(profile(deployers, "receives_permissions_from"), Some(&managed));
    assert_eq!(synced.resource("role", &role(3)).display_name, "Deployers", "two roles of one name are two roles");
    assert_eq!(profile(synced.resource("role", &role(1)), "permission_count"), Some(&Value::Int(1)));

    let payments = synced.resource("team", &team(1));
    assert_eq!((payments.display_name.as_str(), payments.description.as_str()), ("Payments", "Runs payments"));
    assert_eq!((text(payments, "handle"), text(payments, "team_description")), ("payments", "Runs payments"));
    assert_eq!(profile(payments, "is_managed"), Some(&Value::Flag(false)));
    assert_eq!(payments.created_at, Timestamp::rfc3339("2026-03-31T14:58:05.503733Z"));
    assert_eq!(synced.resource("team", &team(2)).description, "");
}

#[test]
fn names_that_are_missing_are_made_up_from_ids() {
    let bench = bench();
    let item = |id: String| format!(r#"{{"id":"{id}","attributes":{{"name":"","handle":""}}}}"#);
    bench.on("GET", ROLES, 200, list(&[item(role(1))], 1));
    assert_eq!(bench.read(Collection::named("roles")).unwrap().resources[0].display_name, role(1));
    bench.on("GET", TEAMS, 200, list(&[item(team(1))], 1));
    bench.on("GET", &members(1, 0), 200, list(&[], 0));
    assert_eq!(bench.read(Collection::named("teams")).unwrap().resources[0].display_name, team(1));
}

#[test]
fn api_keys_say_when_they_were_used_and_never_what_they_are() {
    let bench = bench_with_everything();
    bench.on("GET", KEYS, 200, include_str!("answers/api_keys.json"));
    let synced = bench.read(Collection::named("api-keys")).unwrap();
    let metrics = synced.resource("api-key", &key(1));
    assert_eq!((metrics.display_name.as_str(), text(metrics, "last4")), ("metrics", "ab12"));
    assert_eq!(secret(metrics).last_used_at, Timestamp::rfc3339("2026-08-03T23:00:00Z"), "not when it was changed");
    assert_eq!(secret(metrics).created_by.as_ref().unwrap().resource, user(1));
    assert_eq!(
        (secret(metrics).identity.as_ref(), secret(metrics).credential_detail.as_str()),
        (None, "datadog.api_key")
    );
    assert_eq!(metrics.created_at, Timestamp::rfc3339("2025-09-08T09:24:43.558793Z"));
    let legacy = synced.resource("api-key", &key(2));
    assert_eq!((secret(legacy).last_used_at, secret(legacy).created_by.as_ref()), (None, None));
    assert_eq!((profile(legacy, "category"), profile(legacy, "leaked")), (None, Some(&Value::Flag(false))));
}
