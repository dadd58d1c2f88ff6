//! Giving roles and taking them back: what is asked of PrivX, what is sent back, and what is not.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::{EntitlementKey, GrantAnnotation, GrantOutcome, HttpError, Outcome, RevokeOutcome};
use accord_sdk::{Detail, Failure, ResourceId, Value};
use privx::PrivX;
use serde_json::{Value as Json, json};

use crate::support::{ADMINISTRATORS, EVERYBODY, MIKA, OPERATORS, bench, roles_of};

const DENIED: &str =
    r#"{"error_code":"PERMISSION_DENIED","error_message":"missing permission","property":"roles-manage"}"#;
const NOT_FOUND: &str = r#"{"error_code":"NOT_FOUND","error_message":"object not found"}"#;

fn role(id: &str) -> ResourceId {
    ResourceId::new("role", id)
}

fn operators() -> EntitlementKey {
    EntitlementKey::new(role(OPERATORS), "assigned")
}

fn mika() -> ResourceId {
    ResourceId::new("user", MIKA)
}

fn grant(bench: &Bench<PrivX>) -> Result<GrantOutcome, Failure> {
    bench.grant(&operators(), &mika())
}

fn revoke(bench: &Bench<PrivX>) -> Result<RevokeOutcome, Failure> {
    bench.revoke(&operators(), &mika())
}

/// A role that Mika has, with all that must come back as it was.
fn administrator() -> Json {
    json!({
        "id": ADMINISTRATORS, "name": "privx-admin", "explicit": false, "implicit": true, "system": true,
        "context": {"enabled": true, "validity": ["MON", "TUE"], "ip_masks": ["10.0.0.0/8"]}, "unheard_of": [{"a": null}],
    })
}

/// Another one that was given until a certain day.
fn auditor() -> Json {
    json!({
        "id": "auditors", "explicit": true, "implicit": false, "grant_type": "TIME_RESTRICTED",
        "grant_validity_periods": [{"grant_start": "2026-01-01T00:00:00Z", "grant_end": "2027-01-01T00:00:00Z"}],
    })
}

fn operator(explicit: bool, implicit: bool) -> Json {
    json!({"id": OPERATORS, "explicit": explicit, "implicit": implicit, "grant_type": "PERMANENT"})
}

fn list(roles: &[Json]) -> String {
    json!({"count": roles.len(), "items": roles}).to_string()
}

/// The role itself, with mapping rules of one directory.
fn script_role(bench: &Bench<PrivX>) {
    let rule = json!({"type": "RULE", "source": "corp-directory", "search_string": "(department=Databases)"});
    let rules = json!({"type": "GROUP", "match": "ANY", "rules": [rule]});
    let role = json!({"id": OPERATORS, "name": "db-operators", "source_rules": rules});
    bench.on("GET", &format!("/role-store/api/v1/roles/{OPERATORS}"), 200, role.to_string());
}

fn script_read(bench: &Bench<PrivX>, roles: &[Json]) {
    bench.on("GET", &roles_of(MIKA), 200, list(roles));
}

/// The roles that must be sent, and an answer without a word.
fn script_write(bench: &Bench<PrivX>, roles: &[Json]) {
    bench.exchange(Exchange::new("PUT", &roles_of(MIKA), 200, "").asked_with(&Json::from(roles).to_string()));
}

/// How often roles were sent.
fn writes(bench: &Bench<PrivX>) -> usize {
    bench.sent().iter().filter(|sent| sent.method != "GET").count()
}

fn given() -> Json {
    json!({"id": OPERATORS, "explicit": true})
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Detail {
    match outcome {
        Err(Failure::Refused(detail)) => detail,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn upstream<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Detail {
    match outcome {
        Err(Failure::Upstream(detail)) => detail,
        other => panic!("not a failure of PrivX: {other:?}"),
    }
}

#[test]
fn a_role_is_added_to_those_that_were_read_and_all_others_stay_as_they_came() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[administrator(), auditor()]);
    script_write(&bench, &[administrator(), auditor(), given()]);
    script_read(&bench, &[administrator(), operator(true, false), auditor()]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));

    let asked: Vec<String> = bench.sent().iter().map(|sent| format!("{} {}", sent.method, sent.target)).collect();
    let of_mika = roles_of(MIKA);
    let role = format!("GET /role-store/api/v1/roles/{OPERATORS}");
    assert_eq!(asked, [role, format!("GET {of_mika}"), format!("PUT {of_mika}"), format!("GET {of_mika}")]);
    assert!(bench.sent().iter().all(|sent| sent.credential.as_deref() == Some("api-client")));

    let told = bench.told();
    assert_eq!(told.grant_ids(), [format!("role:{OPERATORS}:assigned:user:{MIKA}")]);
    let text = |name: &str, value: &str| (name.to_owned(), Value::Text(value.into()));
    let metadata = vec![text("membership", "explicit"), text("grant_type", "PERMANENT")];
    assert_eq!(told.grants[0].annotations, [GrantAnnotation::Metadata(metadata)]);
}

#[test]
fn a_role_is_taken_from_those_that_were_read() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[administrator(), operator(true, false), auditor()]);
    script_write(&bench, &[administrator(), auditor()]);
    script_read(&bench, &[administrator(), auditor()]);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::Revoked));
}

#[test]
fn what_is_so_already_is_not_written() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[operator(true, true)]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::AlreadyExists));
    assert_eq!(bench.told().grants.len(), 1);
    for nothing in [list(&[administrator()]), r#"{"count":0,"items":null}"#.to_owned()] {
        script_role(&bench);
        bench.on("GET", &roles_of(MIKA), 200, nothing);
        assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
    }
    script_role(&bench);
    bench.on("GET", &roles_of(MIKA), 404, NOT_FOUND);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked), "who is gone has no role");
    bench.on("GET", &format!("/role-store/api/v1/roles/{OPERATORS}"), 404, NOT_FOUND);
    script_read(&bench, &[administrator()]);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked), "nor has anybody one that is gone");
    assert_eq!(writes(&bench), 0);
}

#[test]
fn a_user_without_roles_gets_the_first_one() {
    let bench = bench();
    script_role(&bench);
    bench.on("GET", &roles_of(MIKA), 200, r#"{"count":0,"items":null}"#);
    script_write(&bench, &[given()]);
    script_read(&bench, &[operator(true, false)]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));
}

#[test]
fn who_has_a_role_by_its_rules_can_be_given_it_too() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[operator(false, true)]);
    script_write(&bench, &[operator(true, true)]);
    script_read(&bench, &[operator(true, true)]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));
    assert!(format!("{:?}", bench.told().grants[0].annotations).contains("explicit+implicit"));
}

#[test]
fn what_only_the_rules_give_is_refused_with_their_directory_and_nothing_is_written() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[operator(false, true), auditor()]);
    let detail = refused(revoke(&bench));
    let message = format!("`{MIKA}` has the role `{OPERATORS}` by mapping rules of the directory `corp-directory`");
    assert_eq!(detail.message, message);
    assert!(detail.meaning.starts_with("nothing was given by hand, and nothing was written"), "{detail:?}");
    assert!(detail.remedy.contains("mapping rules"), "{detail:?}");
    assert_eq!(writes(&bench), 0);
}

#[test]
fn who_keeps_a_role_by_its_rules_is_named_after_the_rest_is_taken_back() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[operator(true, true)]);
    script_write(&bench, &[]);
    script_read(&bench, &[operator(false, true)]);
    let detail = refused(revoke(&bench));
    assert!(detail.message.ends_with("by mapping rules of the directory `corp-directory`"), "{detail:?}");
    assert!(detail.meaning.starts_with("what was given by hand is taken back"), "{detail:?}");
}

#[test]
fn a_membership_told_in_two_items_loses_the_one_that_was_given() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[operator(false, true), operator(true, false)]);
    script_write(&bench, &[operator(false, true)]);
    script_read(&bench, &[operator(false, true)]);
    refused(revoke(&bench));
}

#[test]
fn what_every_user_has_is_neither_given_nor_taken() {
    let bench = bench();
    let everybody = EntitlementKey::new(role(EVERYBODY), "assigned");
    let path = format!("/role-store/api/v1/roles/{EVERYBODY}");
    let told = r#"{"id":"x","name":"privx-user","system":true}"#;
    bench.on("GET", &path, 200, told);
    bench.on("GET", &path, 200, told);
    let wanted = "every user has the role `privx-user`: it is neither given nor taken back";
    assert_eq!(refused(bench.grant(&everybody, &mika())).message, wanted);
    assert_eq!(refused(bench.revoke(&everybody, &mika())).message, wanted);
    assert_eq!(bench.sent().len(), 2);
}

#[test]
fn a_lost_race_is_run_again_with_what_is_there_then() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[administrator()]);
    script_write(&bench, &[administrator(), given()]);
    // Somebody else wrote what they had read before.
    script_read(&bench, &[administrator(), auditor()]);
    script_read(&bench, &[administrator(), auditor()]);
    script_write(&bench, &[administrator(), auditor(), given()]);
    script_read(&bench, &[administrator(), auditor(), operator(true, false)]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));
    assert_eq!(writes(&bench), 2);
}

#[test]
fn a_race_that_is_always_lost_ends() {
    let bench = bench();
    script_role(&bench);
    for _ in 0..3 {
        script_read(&bench, &[auditor()]);
        script_write(&bench, &[auditor(), given()]);
        script_read(&bench, &[auditor()]);
    }
    let detail = upstream(grant(&bench));
    assert_eq!(detail.message, "PrivX accepted the change, but it cannot be seen");
    assert_eq!(detail.meaning, format!("`{MIKA}` still does not have the role `{OPERATORS}`"));
    assert!(detail.remedy.contains("who else"), "{detail:?}");
    assert_eq!(writes(&bench), 3);
}

#[test]
fn others_that_are_lost_are_named_and_others_that_came_do_no_harm() {
    let limited = |end: &str| {
        let mut role = auditor();
        role["grant_validity_periods"][0]["grant_end"] = end.into();
        role
    };
    for after in [vec![operator(true, false)], vec![limited("2099-01-01T00:00:00Z"), operator(true, false)]] {
        let bench = bench();
        script_role(&bench);
        script_read(&bench, &[auditor()]);
        script_write(&bench, &[auditor(), given()]);
        script_read(&bench, &after);
        let detail = upstream(grant(&bench));
        assert_eq!(detail.message, format!("other roles of `{MIKA}` changed at the same moment"));
        assert_eq!(
            detail.meaning,
            format!("the change of `{OPERATORS}` is done, but `auditors` is not what it was before")
        );
    }
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[operator(true, false)]);
    script_write(&bench, &[]);
    script_read(&bench, &[auditor(), administrator()]);
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::Revoked));
}

#[test]
fn roles_that_are_not_all_shown_are_not_sent_back() {
    for (answer, message) in [
        (json!({"count": 2, "items": [auditor()]}), "PrivX shows 1 of the user's 2 roles"),
        (json!({"count": 2, "items": null}), "PrivX shows 0 of the user's 2 roles"),
        (json!({}), "PrivX tells no roles of the user, and no `count`"),
        (json!({"count": 1, "items": [{"name": "auditors"}]}), "a role of the user has no id"),
    ] {
        let bench = bench();
        script_role(&bench);
        bench.on("GET", &roles_of(MIKA), 200, answer.to_string());
        let Err(Failure::InvalidResponse(detail)) = grant(&bench) else { panic!("it was taken: {answer}") };
        assert_eq!(detail.message, message);
        assert_eq!(writes(&bench), 0);
    }
}

#[test]
fn after_too_many_requests_the_roles_are_read_again_before_they_are_sent() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[]);
    bench.exchange(Exchange::new("PUT", &roles_of(MIKA), 429, "{}").header("retry-after", "7"));
    script_read(&bench, &[auditor()]);
    script_write(&bench, &[auditor(), given()]);
    script_read(&bench, &[auditor(), operator(true, false)]);
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));

    for _ in 0..7 {
        script_read(&bench, &[]);
        bench.on("PUT", &roles_of(MIKA), 429, "{}");
    }
    script_role(&bench);
    assert_eq!(grant(&bench), Err(Failure::RateLimited(None)));
}

#[test]
fn a_lost_answer_is_settled_by_reading_not_by_asking_again() {
    let lost = [HttpError::TimedOut(Outcome::Unknown), HttpError::Reset(Outcome::Unknown)];
    for error in lost {
        let bench = bench();
        script_role(&bench);
        script_read(&bench, &[]);
        bench.exchange(Exchange::failing("PUT", &roles_of(MIKA), error.clone()));
        script_read(&bench, &[operator(true, false)]);
        assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));

        script_role(&bench);
        script_read(&bench, &[operator(true, false)]);
        bench.exchange(Exchange::failing("PUT", &roles_of(MIKA), error.clone()));
        script_read(&bench, &[operator(true, false)]);
        let detail = upstream(revoke(&bench));
        assert_eq!(detail.meaning, format!("`{MIKA}` still has the role `{OPERATORS}`"));
        assert_eq!((detail.remedy.as_str(), detail.place.as_str()), ("try again", &*format!("PUT {}", roles_of(MIKA))));

        script_role(&bench);
        script_read(&bench, &[]);
        bench.exchange(Exchange::failing("PUT", &roles_of(MIKA), error));
        bench.exchange(Exchange::failing("GET", &roles_of(MIKA), HttpError::Connect("refused".into())));
        let detail = upstream(grant(&bench));
        assert!(detail.meaning.starts_with("nobody knows whether"), "{detail:?}");
        assert_eq!(writes(&bench), 3);
    }
}

#[test]
fn refusals_are_told_as_privx_tells_them() {
    let bench = bench();
    script_role(&bench);
    script_read(&bench, &[]);
    bench.on("PUT", &roles_of(MIKA), 403, DENIED);
    let Err(Failure::Permission(denied)) = grant(&bench) else { panic!("it was allowed") };
    assert_eq!(denied.permission, "roles-manage");
    assert!(denied.detail.message.contains("PERMISSION_DENIED missing permission (roles-manage)"), "{denied:?}");

    script_role(&bench);
    script_read(&bench, &[]);
    bench.on("PUT", &roles_of(MIKA), 400, r#"{"error_code":"BAD_REQUEST","error_message":"locked role"}"#);
    assert!(refused(grant(&bench)).message.contains("BAD_REQUEST locked role"));
}

#[test]
fn what_does_not_exist_cannot_be_given() {
    let bench = bench();
    bench.on("GET", &format!("/role-store/api/v1/roles/{OPERATORS}"), 404, NOT_FOUND);
    let Err(Failure::NotFound(detail)) = grant(&bench) else { panic!("the role was found") };
    assert_eq!(detail.message, format!("PrivX has no role `{OPERATORS}`"));

    script_role(&bench);
    bench.on("GET", &roles_of(MIKA), 404, NOT_FOUND);
    let Err(Failure::NotFound(detail)) = grant(&bench) else { panic!("the user was found") };
    assert_eq!(
        (detail.message.as_str(), detail.place.as_str()),
        (&*format!("PrivX has no user `{MIKA}`"), &*format!("GET {}", roles_of(MIKA)))
    );

    // A proxy's 404 proves nothing.
    script_role(&bench);
    bench.exchange(Exchange::new("GET", &roles_of(MIKA), 404, "<html>").header("content-type", "text/html"));
    assert!(matches!(revoke(&bench), Err(Failure::NotFound(_))));
}

#[test]
fn only_users_are_given_roles_and_only_roles() {
    let bench = bench();
    assert_eq!(
        refused(bench.grant(&operators(), &role(ADMINISTRATORS))).message,
        "only users can be given roles, not `role`"
    );
    for entitlement in [EntitlementKey::new(mika(), "assigned"), EntitlementKey::new(role(OPERATORS), "owner")] {
        assert!(refused(bench.grant(&entitlement, &mika())).message.contains("is not the membership in a role"));
        refused(bench.revoke(&entitlement, &mika()));
    }
    let long = "d".repeat(65);
    for id in ["", "..", "r1/..", "a/b", "r1?x=1", "r 1", "r1;a", "r1\n", &long] {
        let of_id = EntitlementKey::new(role(id), "assigned");
        refused(bench.grant(&of_id, &mika()));
        refused(bench.revoke(&operators(), &ResourceId::new("user", id)));
    }
    assert_eq!(bench.sent(), []);
}
