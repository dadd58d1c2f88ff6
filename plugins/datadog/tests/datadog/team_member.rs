//! Places in teams: members and administrators.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::{EntitlementKey, GrantAnnotation, GrantOutcome, HttpError, Outcome, RevokeOutcome};
use accord_sdk::{Failure, ResourceId};
use datadog::Datadog;
use serde_json::{Value, json};

use crate::changes::{
    OK, asked, document, forbidden, membership, missing, principal, refused, upstream, user_path, written,
};
use crate::support::{BOTH_KEYS, bench, team, user};

const SAML: Option<&str> = Some("saml_mapping");

fn place(slug: &str) -> EntitlementKey {
    EntitlementKey::new(ResourceId::new("team", team(1)), slug)
}

fn grant(bench: &Bench<Datadog>, slug: &str) -> Result<GrantOutcome, Failure> {
    bench.grant(&place(slug), &principal(1))
}

fn revoke(bench: &Bench<Datadog>, slug: &str) -> Result<RevokeOutcome, Failure> {
    bench.revoke(&place(slug), &principal(1))
}

fn team_path() -> String {
    format!("/api/v2/team/{}", team(1))
}

fn memberships() -> String {
    format!("{}/memberships", team_path())
}

fn own() -> String {
    format!("{}/{}", memberships(), user(1))
}

fn list() -> String {
    format!("{}/memberships", user_path(1))
}

/// What the user's own list shows next; every user is in another team too.
fn shown(bench: &Bench<Datadog>, place: Option<Option<&str>>) {
    let of_team = place.map(|role| membership(1, role, None));
    let all: Vec<Value> = [membership(2, Some("admin"), SAML)].into_iter().chain(of_team).collect();
    bench.on("GET", &list(), 200, document(all));
}

const NONE: Option<Option<&str>> = None;
const MEMBER: Option<Option<&str>> = Some(None);
const ADMIN: Option<Option<&str>> = Some(Some("admin"));

fn team_is(bench: &Bench<Datadog>, managed: bool) {
    let team = json!({"type": "team", "id": team(1), "attributes": {"name": "Payments", "is_managed": managed}});
    bench.on("GET", &team_path(), 200, document(team));
}

fn role(role: &Value) -> Value {
    json!({"data": {"type": "team_memberships", "attributes": {"role": role}}})
}

fn joining(as_role: &Value) -> Value {
    let mut body = role(as_role);
    body["data"]["relationships"] = json!({"user": {"data": {"type": "users", "id": user(1)}}});
    body
}

fn done() -> String {
    document(membership(1, None, None))
}

/// Grants that were told since the last time.
fn told(bench: &Bench<Datadog>) -> Vec<String> {
    bench.told().grants.iter().map(|grant| grant.entitlement.rsplit(':').next().unwrap().to_owned()).collect()
}

#[test]
fn members_and_administrators_are_let_in() {
    for (slug, place, sent, grants) in
        [("member", MEMBER, Value::Null, &["member"][..]), ("admin", ADMIN, json!("admin"), &["member", "admin"])]
    {
        let bench = bench();
        shown(&bench, NONE);
        team_is(&bench, false);
        bench.on("POST", &memberships(), 200, done());
        shown(&bench, place);
        assert_eq!(grant(&bench, slug), Ok(GrantOutcome::Granted));
        assert_eq!(written(&bench), [joining(&sent)]);
        assert_eq!(told(&bench), grants);
    }
}

#[test]
fn a_member_is_promoted_and_an_administrator_stays_one() {
    let bench = bench();
    shown(&bench, MEMBER);
    team_is(&bench, false);
    bench.on("PATCH", &own(), 200, done());
    shown(&bench, ADMIN);
    assert_eq!(grant(&bench, "admin"), Ok(GrantOutcome::Granted));
    assert_eq!(
        (written(&bench), told(&bench)),
        (vec![role(&json!("admin"))], vec!["member".to_owned(), "admin".into()])
    );

    for slug in ["member", "admin"] {
        shown(&bench, ADMIN);
        assert_eq!(grant(&bench, slug), Ok(GrantOutcome::AlreadyExists));
        assert_eq!(told(&bench), ["member", "admin"]);
    }
    shown(&bench, MEMBER);
    assert_eq!(grant(&bench, "member"), Ok(GrantOutcome::AlreadyExists));
    assert_eq!(written(&bench).len(), 1);
}

#[test]
fn a_member_who_was_let_in_meanwhile_is_promoted_too() {
    let bench = bench();
    shown(&bench, NONE);
    team_is(&bench, false);
    let conflict = r#"{"errors":[{"status":"409","title":"Conflict","detail":"users already present on the team"}]}"#;
    bench.on("POST", &memberships(), 409, conflict);
    shown(&bench, MEMBER);
    shown(&bench, MEMBER);
    bench.on("PATCH", &own(), 200, done());
    shown(&bench, ADMIN);
    assert_eq!(grant(&bench, "admin"), Ok(GrantOutcome::Granted));
    assert_eq!(written(&bench), [joining(&json!("admin")), role(&json!("admin"))]);

    for (slug, place) in [("admin", ADMIN), ("member", MEMBER)] {
        shown(&bench, NONE);
        team_is(&bench, false);
        bench.on("POST", &memberships(), 409, conflict);
        shown(&bench, place);
        assert_eq!(grant(&bench, slug), Ok(GrantOutcome::AlreadyExists));
    }
}

#[test]
fn leaving_ends_both_and_a_demotion_keeps_the_membership() {
    let bench = bench();
    for place in [MEMBER, ADMIN] {
        shown(&bench, place);
        team_is(&bench, false);
        bench.on("DELETE", &own(), 204, "");
        shown(&bench, NONE);
        assert_eq!(revoke(&bench, "member"), Ok(RevokeOutcome::Revoked));
    }
    shown(&bench, ADMIN);
    team_is(&bench, false);
    bench.on("PATCH", &own(), 200, done());
    shown(&bench, MEMBER);
    assert_eq!(revoke(&bench, "admin"), Ok(RevokeOutcome::Revoked));
    assert_eq!(written(&bench), [Value::Null, Value::Null, role(&Value::Null)]);
}

#[test]
fn what_nobody_has_need_not_be_taken() {
    let bench = bench();
    for (slug, place) in [("member", NONE), ("admin", NONE), ("admin", MEMBER)] {
        shown(&bench, place);
        assert_eq!(revoke(&bench, slug), Ok(RevokeOutcome::AlreadyRevoked));
    }
    bench.on("GET", &list(), 404, missing(&user(1)));
    assert_eq!(revoke(&bench, "member"), Ok(RevokeOutcome::AlreadyRevoked));
    shown(&bench, MEMBER);
    team_is(&bench, false);
    bench.on("DELETE", &own(), 404, missing(&user(1)));
    shown(&bench, NONE);
    assert_eq!(revoke(&bench, "member"), Ok(RevokeOutcome::AlreadyRevoked), "somebody was faster");
}

#[test]
fn where_null_is_not_taken_a_demotion_begins_the_membership_anew() {
    let bench = bench();
    let refuses = |bench: &Bench<Datadog>| {
        shown(bench, ADMIN);
        team_is(bench, false);
        bench.on("PATCH", &own(), 400, r#"{"errors":["Not a valid choice."]}"#);
        bench.on("DELETE", &own(), 204, "");
        shown(bench, NONE);
    };
    refuses(&bench);
    bench.on("POST", &memberships(), 200, done());
    shown(&bench, MEMBER);
    assert_eq!(revoke(&bench, "admin"), Ok(RevokeOutcome::Revoked));
    assert_eq!(written(&bench), [role(&Value::Null), Value::Null, joining(&Value::Null)]);
    assert!(bench.logs()[0].message.contains("ended and made anew"), "{:?}", bench.logs());

    refuses(&bench);
    bench.on("POST", &memberships(), 403, forbidden());
    let detail = upstream(revoke(&bench, "admin"));
    assert!(detail.message.starts_with("half of it is done: Datadog refused the request"), "{}", detail.message);
    assert_eq!(detail.remedy, format!("grant `team:{}:member` to `{}`", team(1), user(1)));
}

#[test]
fn what_the_identity_provider_decides_on_is_left_alone() {
    let bench = bench();
    let mapped = |role| document(vec![membership(1, role, SAML)]);
    for (slug, role) in [("member", None), ("admin", Some("admin"))] {
        bench.on("GET", &list(), 200, mapped(role));
        let detail = refused(revoke(&bench, slug));
        assert!(detail.message.ends_with("comes from a SAML mapping"), "{}", detail.message);
        assert!(detail.remedy.contains("change the mapping"), "{}", detail.remedy);
    }
    bench.on("GET", &list(), 200, mapped(None));
    refused(grant(&bench, "admin"));
    bench.on("GET", &list(), 200, mapped(None));
    assert_eq!(grant(&bench, "member"), Ok(GrantOutcome::AlreadyExists));
    assert_eq!(bench.told().grants[0].annotations, [GrantAnnotation::Immutable("saml_mapping".into())]);

    for (slug, place) in [("member", NONE), ("admin", NONE), ("admin", MEMBER)] {
        shown(&bench, place);
        team_is(&bench, true);
        assert!(refused(grant(&bench, slug)).message.ends_with("is managed outside Datadog"));
    }
    shown(&bench, ADMIN);
    team_is(&bench, true);
    refused(revoke(&bench, "admin"));
    assert!(written(&bench).is_empty());
}

#[test]
fn users_and_teams_that_do_not_exist_are_named() {
    let bench = bench();
    bench.on("GET", &list(), 404, missing(&user(1)));
    let Err(Failure::NotFound(detail)) = grant(&bench, "member") else { panic!("the user was found") };
    assert_eq!(detail.message, format!("Datadog has no user `{}`", user(1)));
    shown(&bench, NONE);
    bench.on("GET", &team_path(), 404, missing(&team(1)));
    let Err(Failure::NotFound(detail)) = grant(&bench, "member") else { panic!("the team was found") };
    assert_eq!(detail.message, format!("Datadog has no team `{}`", team(1)));
}

#[test]
fn a_lost_answer_is_settled_by_reading_not_by_asking_again() {
    let bench = bench();
    let lost = |method: &str, target: String| {
        bench.exchange(Exchange::failing(method, &target, HttpError::Reset(Outcome::Unknown)));
    };
    shown(&bench, NONE);
    team_is(&bench, false);
    lost("POST", memberships());
    shown(&bench, MEMBER);
    assert_eq!(grant(&bench, "member"), Ok(GrantOutcome::Granted));
    shown(&bench, ADMIN);
    team_is(&bench, false);
    lost("PATCH", own());
    shown(&bench, MEMBER);
    assert_eq!(revoke(&bench, "admin"), Ok(RevokeOutcome::Revoked));
    shown(&bench, MEMBER);
    team_is(&bench, false);
    lost("DELETE", own());
    shown(&bench, MEMBER);
    let detail = upstream(revoke(&bench, "member"));
    assert_eq!(detail.meaning, format!("`{}` still is a member of the team `{}`", user(1), team(1)));
    shown(&bench, NONE);
    team_is(&bench, false);
    bench.on("POST", &memberships(), 200, done());
    shown(&bench, MEMBER);
    let detail = upstream(grant(&bench, "admin"));
    assert_eq!(detail.meaning, format!("`{}` still is not an administrator of the team `{}`", user(1), team(1)));
    assert_eq!(written(&bench).len(), 4);
}

#[test]
fn a_team_that_does_not_let_us_says_whom_it_does() {
    let setting = |action: &str, value: &str| json!({"type": "team_permission_settings", "attributes": {"action": action, "value": value}});
    for (value, who) in [("admins", "the administrators of the team"), ("user_access_manage", "`User Access Manage`")] {
        let bench = bench();
        shown(&bench, NONE);
        team_is(&bench, false);
        bench.on("POST", &memberships(), 403, forbidden());
        let settings = vec![setting("edit", "members"), setting("manage_membership", value)];
        bench.on("GET", &format!("{}/permission-settings", team_path()), 200, document(settings));
        bench.on("GET", BOTH_KEYS, 200, OK);
        let Err(Failure::Permission(refused)) = grant(&bench, "member") else { panic!("not refused") };
        assert_eq!(refused.permission, "User Access Manage");
        assert!(refused.detail.meaning.contains(value) && refused.detail.meaning.contains(who), "{:?}", refused.detail);
        assert!(refused.detail.remedy.contains("User Access Manage"), "{}", refused.detail.remedy);
        assert!(refused.detail.remedy.ends_with("or change that setting of the team"), "{}", refused.detail.remedy);
    }
    // Without the setting, what was known before is told.
    let bench = bench();
    shown(&bench, MEMBER);
    team_is(&bench, false);
    bench.on("DELETE", &own(), 403, forbidden());
    bench.on("GET", &format!("{}/permission-settings", team_path()), 500, "{}");
    bench.on("GET", BOTH_KEYS, 200, OK);
    let Err(Failure::Permission(refused)) = revoke(&bench, "member") else { panic!("not refused") };
    assert!(refused.detail.meaning.contains("lacks the permission `User Access Manage`"), "{:?}", refused.detail);
}

#[test]
fn a_membership_names_its_team_or_has_it_in_its_id() {
    let bench = bench();
    let mut named = membership(1, None, None);
    named["id"] = "x".into();
    named["relationships"] = json!({"team": {"data": {"type": "team", "id": team(1)}}});
    bench.on("GET", &list(), 200, document(vec![named]));
    assert_eq!(grant(&bench, "member"), Ok(GrantOutcome::AlreadyExists));
    bench.on("GET", &list(), 200, document(vec![json!({"id": "x", "attributes": {"role": null}})]));
    assert!(matches!(grant(&bench, "member"), Err(Failure::InvalidResponse(_))));
    assert_eq!(asked(&bench).len(), 2);
}
