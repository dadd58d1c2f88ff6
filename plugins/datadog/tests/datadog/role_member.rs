//! Roles that users are given and that are taken from them.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::{EntitlementKey, GrantOutcome, HttpError, Outcome, RevokeOutcome};
use accord_sdk::{Failure, ResourceId};
use datadog::Datadog;
use serde_json::json;

use crate::changes::{
    ana, asked, document, forbidden, having, missing, principal, refused, upstream, user_path, written,
};
use crate::support::{BOTH_KEYS, bench, role, schedule, team, user};

fn with_role(number: u32) -> String {
    format!("/api/v2/roles/{}/users", role(number))
}

fn member(number: u32) -> EntitlementKey {
    EntitlementKey::new(ResourceId::new("role", role(number)), "member")
}

fn grant(bench: &Bench<Datadog>) -> Result<GrantOutcome, Failure> {
    bench.grant(&member(2), &principal(1))
}

fn revoke(bench: &Bench<Datadog>) -> Result<RevokeOutcome, Failure> {
    bench.revoke(&member(2), &principal(1))
}

fn shown(bench: &Bench<Datadog>, roles: &[u32]) {
    bench.on("GET", &user_path(1), 200, document(having(ana(), roles)));
}

#[test]
fn a_role_is_given_once_and_taken_once_with_a_look_before_and_after() {
    let bench = bench();
    shown(&bench, &[1]);
    bench.on("POST", &with_role(2), 200, document(json!([])));
    shown(&bench, &[1, 2]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));
    bench.on("GET", &user_path(1), 200, document(having(ana(), &[1, 2])));
    bench.on("DELETE", &with_role(2), 200, document(json!([])));
    shown(&bench, &[1]);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::Revoked));
    let get = format!("GET {}", user_path(1));
    let (post, delete) = (format!("POST {}", with_role(2)), format!("DELETE {}", with_role(2)));
    assert_eq!(asked(&bench), [&*get, &post, &get, &get, &delete, &get]);
    let body = json!({"data": {"id": user(1), "type": "users"}});
    assert_eq!(written(&bench), [body.clone(), body], "the deletion has a body too");
    assert!(bench.sent().iter().all(|sent| sent.credential.as_deref() == Some("keys")));
}

#[test]
fn what_is_so_already_is_not_written() {
    let bench = bench();
    shown(&bench, &[2]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::AlreadyExists));
    shown(&bench, &[1]);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
    bench.on("GET", &user_path(1), 404, missing(&user(1)));
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
    assert!(written(&bench).is_empty());
}

#[test]
fn who_was_faster_is_noticed() {
    let bench = bench();
    shown(&bench, &[]);
    bench.on("POST", &with_role(2), 409, r#"{"errors":["User already has the role"]}"#);
    shown(&bench, &[2]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::AlreadyExists));
    shown(&bench, &[2]);
    bench.on("DELETE", &with_role(2), 404, missing(&user(1)));
    shown(&bench, &[]);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
}

#[test]
fn a_lost_answer_is_settled_by_reading_not_by_asking_again() {
    let bench = bench();
    for error in [HttpError::TimedOut(Outcome::Unknown), HttpError::Reset(Outcome::Unknown)] {
        shown(&bench, &[]);
        bench.exchange(Exchange::failing("POST", &with_role(2), error.clone()));
        shown(&bench, &[2]);
        assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));
        shown(&bench, &[2]);
        bench.exchange(Exchange::failing("DELETE", &with_role(2), error));
        shown(&bench, &[2]);
        let detail = upstream(revoke(&bench));
        assert_eq!(detail.meaning, format!("`{}` still has the role `{}`", user(1), role(2)));
        assert_eq!((detail.remedy.as_str(), detail.place.clone()), ("try again", format!("DELETE {}", with_role(2))));
    }
}

#[test]
fn a_change_that_did_not_take_is_an_error() {
    let bench = bench();
    shown(&bench, &[]);
    bench.on("POST", &with_role(2), 200, document(json!([])));
    shown(&bench, &[]);
    let detail = upstream(grant(&bench));
    assert_eq!(detail.message, "Datadog accepted the change, but it cannot be seen");
    assert!(detail.remedy.contains("identity provider"), "{}", detail.remedy);
}

#[test]
fn what_does_not_exist_is_named() {
    let bench = bench();
    bench.on("GET", &user_path(1), 404, missing(&user(1)));
    let Err(Failure::NotFound(detail)) = grant(&bench) else { panic!("the user was found") };
    assert_eq!(detail.message, format!("Datadog has no user `{}`", user(1)));
    shown(&bench, &[]);
    bench.on("POST", &with_role(2), 404, missing(&role(2)));
    shown(&bench, &[]);
    let Err(Failure::NotFound(detail)) = grant(&bench) else { panic!("the role was found") };
    assert_eq!(detail.meaning, format!("Datadog has no role `{}`", role(2)));
}

#[test]
fn a_proxys_404_does_not_pass_for_a_revocation() {
    let bench = bench();
    bench.exchange(Exchange::new("GET", &user_path(1), 404, "<html>").header("content-type", "text/html"));
    assert!(matches!(revoke(&bench), Err(Failure::NotFound(_))));
}

#[test]
fn the_missing_permission_is_named() {
    let bench = bench();
    shown(&bench, &[]);
    bench.on("POST", &with_role(2), 403, forbidden());
    bench.on("GET", BOTH_KEYS, 200, crate::changes::OK);
    let Err(Failure::Permission(missing)) = grant(&bench) else { panic!("not refused") };
    assert_eq!(missing.permission, "User Access Manage");
    assert!(missing.detail.remedy.contains("`User Access Manage`"), "{}", missing.detail.remedy);
    bench.on("GET", &user_path(1), 403, forbidden());
    bench.on("GET", BOTH_KEYS, 200, crate::changes::OK);
    let Err(Failure::Permission(missing)) = grant(&bench) else { panic!("not refused") };
    assert_eq!(missing.permission, "User Access Read");
}

#[test]
fn what_nobody_can_be_given_is_refused_unasked() {
    let bench = bench();
    let key = |kind: &str, id: String, slug: &str| EntitlementKey::new(ResourceId::new(kind, id), slug);
    for principal in [ResourceId::new("team", team(1)), ResourceId::new("api-key", user(1))] {
        let detail = refused(bench.grant(&member(1), &principal));
        assert!(detail.message.starts_with("only users can be granted roles and teams, not `"), "{}", detail.message);
        refused(bench.revoke(&key("team", team(1), "admin"), &principal));
    }
    for entitlement in [
        key("role", role(1), "owner"),
        key("team", team(1), "assigned"),
        key("user", user(1), "member"),
        key("schedule", schedule(1), "on_call"),
        EntitlementKey { id: "role:other:member".into(), ..member(1) },
    ] {
        refused(bench.grant(&entitlement, &principal(1)));
        refused(bench.revoke(&entitlement, &principal(1)));
    }
    for id in ["", "x", "..", "11111111-aaaa-4aaa-8aaa-00000000000/", &format!("{}?x=1", user(1)), &user(1)[1..]] {
        for entitlement in
            [key("role", id.into(), "member"), key("team", id.into(), "member"), key("team", id.into(), "admin")]
        {
            refused(bench.grant(&entitlement, &principal(1)));
            refused(bench.revoke(&entitlement, &principal(1)));
        }
        for entitlement in [member(1), key("team", team(1), "admin")] {
            let detail = refused(bench.grant(&entitlement, &ResourceId::new("user", id)));
            assert!(detail.remedy.contains("UUID"), "{detail:?}");
        }
    }
    assert_eq!(bench.sent(), []);
}
