//! Granting and revoking: what is asked of Duo, and what is not.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::{EntitlementKey, GrantOutcome, HttpError, Outcome, RevokeOutcome};
use accord_sdk::{Detail, Failure, ResourceId};
use duo::Duo;

use crate::support::{bench, refusal};

const USER: &str = "/admin/v1/users/DU1";
const GROUPS: &str = "/admin/v1/users/DU1/groups";
const MEMBERSHIP: &str = "/admin/v1/users/DU1/groups/DG1";
const DONE: &str = r#"{"stat":"OK","response":""}"#;

fn group(id: &str) -> ResourceId {
    ResourceId::new("group", id)
}

fn grant(bench: &Bench<Duo>) -> Result<GrantOutcome, Failure> {
    bench.grant(&membership(), &maria())
}

fn revoke(bench: &Bench<Duo>) -> Result<RevokeOutcome, Failure> {
    bench.revoke(&membership(), &maria())
}

fn membership() -> EntitlementKey {
    EntitlementKey::new(group("DG1"), "member")
}

fn maria() -> ResourceId {
    ResourceId::new("user", "DU1")
}

fn user_with(status: &str, groups: &str) -> String {
    format!(r#"{{"stat":"OK","response":{{"user_id":"DU1","status":"{status}","groups":{groups}}}}}"#)
}

fn member() -> String {
    user_with("active", r#"[{"group_id":"DG0"},{"group_id":"DG1","name":"VPN"}]"#)
}

fn outsider() -> String {
    user_with("active", r#"[{"group_id":"DG10"}]"#)
}

/// Methods and targets of what was asked, in order.
fn asked(bench: &Bench<Duo>) -> Vec<String> {
    bench.sent().into_iter().map(|sent| format!("{} {}", sent.method, sent.target)).collect()
}

#[track_caller]
fn upstream<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Detail {
    match outcome {
        Err(Failure::Upstream(detail)) => detail,
        other => panic!("not a failure of Duo: {other:?}"),
    }
}

#[test]
fn a_grant_asks_once_and_looks_before_and_after() {
    let bench = bench();
    bench.on("GET", USER, 200, outsider());
    bench.exchange(Exchange::new("POST", GROUPS, 200, DONE).asked_with(r#"{"group_id":"DG1"}"#));
    bench.on("GET", USER, 200, member());
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));
    assert_eq!(asked(&bench), [format!("GET {USER}"), format!("POST {GROUPS}"), format!("GET {USER}")]);
    assert!(bench.sent().iter().all(|sent| sent.credential.as_deref() == Some("admin-api")));
}

#[test]
fn a_revocation_asks_once_and_looks_before_and_after() {
    let bench = bench();
    bench.on("GET", USER, 200, member());
    bench.on("DELETE", MEMBERSHIP, 200, DONE);
    bench.on("GET", USER, 200, outsider());
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::Revoked));
    assert_eq!(asked(&bench), [format!("GET {USER}"), format!("DELETE {MEMBERSHIP}"), format!("GET {USER}")]);
}

#[test]
fn what_is_so_already_is_not_written() {
    let bench = bench();
    bench.on("GET", USER, 200, member());
    assert_eq!(grant(&bench), Ok(GrantOutcome::AlreadyExists));
    bench.on("GET", USER, 200, outsider());
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
    bench.on("GET", USER, 404, refusal(40401, "Resource not found"));
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
    assert_eq!(asked(&bench), [format!("GET {USER}"), format!("GET {USER}"), format!("GET {USER}")]);
}

#[test]
fn a_proxys_404_does_not_pass_for_a_revocation() {
    let bench = bench();
    bench.exchange(Exchange::new("GET", USER, 404, "<html>").header("content-type", "text/html"));
    assert!(matches!(revoke(&bench), Err(Failure::NotFound(_))));
}

#[test]
fn only_users_become_members_of_groups() {
    let bench = bench();
    let ada = ResourceId::new("admin", "DE1");
    let refused = bench.grant(&membership(), &ada);
    let Err(Failure::Refused(detail)) = refused else { panic!("{refused:?}") };
    assert_eq!(detail.message, "only users can be granted group membership, not `admin`");

    let owner = EntitlementKey::new(ResourceId::new("role", "owner"), "member");
    for entitlement in [&owner, &EntitlementKey::new(group("DG1"), "owner")] {
        assert!(matches!(bench.grant(entitlement, &maria()), Err(Failure::Refused(_))));
    }
    assert!(matches!(bench.revoke(&owner, &ada), Err(Failure::Refused(_))));
    assert_eq!(bench.sent(), []);
}

#[test]
fn ids_that_duo_cannot_have_given_are_refused_unasked() {
    let bench = bench();
    let long = "D".repeat(65);
    for id in ["", "..", "DG1/..", "a/b", "DG1?x=1", "D G", "Dü", "DG1\n", &long] {
        let of_id = EntitlementKey::new(group(id), "member");
        for (entitlement, principal) in [(&of_id, &maria()), (&membership(), &ResourceId::new("user", id))] {
            assert!(matches!(bench.grant(entitlement, principal), Err(Failure::Refused(_))), "{id:?}");
            assert!(matches!(bench.revoke(entitlement, principal), Err(Failure::Refused(_))), "{id:?}");
        }
    }
    assert_eq!(bench.sent(), []);
}

#[test]
fn users_who_are_leaving_get_nothing_but_can_lose_what_they_have() {
    let bench = bench();
    bench.on("GET", USER, 200, user_with("pending deletion", "[]"));
    let Err(Failure::Refused(detail)) = grant(&bench) else { panic!("not refused") };
    assert_eq!(detail.message, "the user `DU1` is pending deletion");

    bench.on("GET", USER, 200, user_with("pending deletion", r#"[{"group_id":"DG1"}]"#));
    bench.on("DELETE", MEMBERSHIP, 200, DONE);
    bench.on("GET", USER, 200, user_with("pending deletion", "[]"));
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::Revoked));
}

#[test]
fn what_does_not_exist_cannot_be_granted() {
    let bench = bench();
    bench.on("GET", USER, 404, refusal(40401, "Resource not found"));
    let Err(Failure::NotFound(detail)) = grant(&bench) else { panic!("the user was found") };
    assert_eq!((detail.message.as_str(), detail.place.as_str()), ("Duo has no user `DU1`", &*format!("GET {USER}")));

    bench.on("GET", USER, 200, outsider());
    bench.on("POST", GROUPS, 404, refusal(40401, "Resource not found"));
    bench.on("GET", USER, 200, outsider());
    let Err(Failure::NotFound(detail)) = grant(&bench) else { panic!("the group was found") };
    assert_eq!(
        (detail.meaning.as_str(), detail.place.as_str()),
        ("Duo has no group `DG1`", &*format!("POST {GROUPS}"))
    );
}

#[test]
fn refusals_are_told_as_duo_tells_them() {
    let bench = bench();
    bench.on("GET", USER, 200, outsider());
    let detail = r#"{"stat":"FAIL","code":40002,"message":"Invalid request parameters","message_detail":"group_id"}"#;
    bench.on("POST", GROUPS, 400, detail);
    let Err(Failure::Refused(detail)) = grant(&bench) else { panic!("not refused") };
    assert!(detail.message.ends_with("code 40002 Invalid request parameters: group_id)"), "{}", detail.message);

    bench.on("GET", USER, 200, member());
    bench.on("DELETE", MEMBERSHIP, 403, refusal(40301, "Access forbidden"));
    let Err(Failure::Permission(refused)) = revoke(&bench) else { panic!("not refused") };
    assert_eq!(refused.permission, "Grant resource - Write");
}

#[test]
fn a_lost_answer_is_settled_by_reading_not_by_asking_again() {
    let lost = [HttpError::TimedOut(Outcome::Unknown), HttpError::Reset(Outcome::Unknown)];
    for error in lost {
        let bench = bench();
        bench.on("GET", USER, 200, outsider());
        bench.exchange(Exchange::failing("POST", GROUPS, error.clone()));
        bench.on("GET", USER, 200, member());
        assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));

        bench.on("GET", USER, 200, member());
        bench.exchange(Exchange::failing("DELETE", MEMBERSHIP, error.clone()));
        bench.on("GET", USER, 200, member());
        let detail = upstream(revoke(&bench));
        assert_eq!(detail.meaning, "`DU1` still is a member of `DG1`");
        assert_eq!((detail.remedy.as_str(), detail.place.as_str()), ("try again", &*format!("DELETE {MEMBERSHIP}")));

        bench.on("GET", USER, 200, outsider());
        bench.exchange(Exchange::failing("POST", GROUPS, error));
        bench.exchange(Exchange::failing("GET", USER, HttpError::Connect("refused".into())));
        let detail = upstream(grant(&bench));
        assert!(
            detail.meaning.starts_with("nobody knows whether `DU1` is a member of `DG1` now"),
            "{}",
            detail.meaning
        );
    }
}

#[test]
fn an_answer_that_says_nothing_is_settled_by_reading() {
    let bench = bench();
    bench.on("GET", USER, 200, outsider());
    bench.exchange(Exchange::new("POST", GROUPS, 502, "<html>").header("content-type", "text/html"));
    bench.on("GET", USER, 200, member());
    assert_eq!(grant(&bench), Ok(GrantOutcome::Granted));

    bench.on("GET", USER, 200, member());
    bench.on("DELETE", MEMBERSHIP, 404, refusal(40401, "Resource not found"));
    bench.on("GET", USER, 404, refusal(40401, "Resource not found"));
    assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked), "somebody else was there before");
}

#[test]
fn a_change_that_did_not_take_is_an_error() {
    let bench = bench();
    bench.on("GET", USER, 200, outsider());
    bench.on("POST", GROUPS, 200, DONE);
    bench.on("GET", USER, 200, outsider());
    let detail = upstream(grant(&bench));
    assert_eq!(detail.message, "Duo accepted the change, but it cannot be seen");
    assert_eq!(detail.meaning, "`DU1` still is not a member of `DG1`");
    assert!(detail.remedy.contains("directory"), "{}", detail.remedy);
}

#[test]
fn embedded_groups_that_may_not_be_all_are_looked_up() {
    let hundred = (100..200).map(|id| format!(r#"{{"group_id":"DG{id}"}}"#)).collect::<Vec<_>>().join(",");
    let page = |items: &str, next: &str| {
        format!(r#"{{"stat":"OK","metadata":{{"total_objects":101{next}}},"response":[{items}]}}"#)
    };
    let (first, second) = (format!("{GROUPS}?limit=100&offset=0"), format!("{GROUPS}?limit=100&offset=100"));

    let bench = bench();
    bench.on("GET", USER, 200, user_with("active", &format!("[{hundred}]")));
    bench.on("GET", &first, 200, page(&hundred, r#","next_offset":100"#));
    bench.on("GET", &second, 200, page(r#"{"group_id":"DG1"}"#, ""));
    assert_eq!(grant(&bench), Ok(GrantOutcome::AlreadyExists));

    for untold in [r#"[{"name":"VPN"}]"#, "null"] {
        bench.on("GET", USER, 200, user_with("active", untold));
        bench.on("GET", &first, 200, page(r#"{"group_id":"DG2"}"#, ""));
        assert_eq!(revoke(&bench), Ok(RevokeOutcome::AlreadyRevoked));
    }

    bench.on("GET", USER, 200, user_with("active", "null"));
    bench.on("GET", &first, 200, page(r#"{"name":"VPN"}"#, ""));
    assert!(matches!(revoke(&bench), Err(Failure::InvalidResponse(_))));
}
