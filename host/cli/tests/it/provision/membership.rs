//! Group membership in Duo: given and taken, twice, at once, and with an API that has a bad moment.

use std::time::Duration;

use accord_fixtures::duo::{Fault, Gate, Permission, Refusal, RetryAfter, Rule};
use http::Method;
use rustix::process::Signal;

use super::{GROUP, LI, MARIA, MEMBER, change, is_member, writes};
use crate::support::{Desk, duo};

/// Where Duo takes a new membership, and where it ends one.
const JOIN: &str = "/admin/v1/users/*/groups";
const LEAVE: &str = "/admin/v1/users/*/groups/*";
/// Where the connector looks before and after.
const USER: &str = "/admin/v1/users/*";

/// What there is to do: for whom, what Duo is asked, and what is told afterwards.
const CHANGES: [(&str, &str, Method, &str, &str); 2] =
    [("grant", LI, Method::POST, JOIN, "granted"), ("revoke", MARIA, Method::DELETE, LEAVE, "revoked")];

#[test]
fn a_membership_is_given_and_taken_back() {
    let (desk, server) = (Desk::new(), duo());
    let granted = change(&desk, &server, "grant", LI).run().exits(0);
    assert_eq!(granted.stdout, format!("granted: user {LI}: {MEMBER}\n"));
    assert!(is_member(&server, LI));
    let again = change(&desk, &server, "grant", LI).run().exits(0);
    assert_eq!(again.stdout, format!("already granted: user {LI}: {MEMBER}\n"));
    let revoked = change(&desk, &server, "revoke", LI).run().exits(0);
    assert_eq!(revoked.stdout, format!("revoked: user {LI}: {MEMBER}\n"));
    assert!(!is_member(&server, LI));
    let again = change(&desk, &server, "revoke", LI).run().exits(0);
    assert_eq!(again.stdout, format!("already revoked: user {LI}: {MEMBER}\n"));
    assert_eq!(writes(&server).len(), 2, "what is done already is not asked for");
    assert_eq!(desk.names(), Vec::<String>::new(), "nothing is written here");
}

#[test]
fn programs_get_one_object_with_the_fields_own_words() {
    let (desk, server) = (Desk::new(), duo());
    let grant = || change(&desk, &server, "grant", LI).arguments(&["--output=json"]).run().exits(0).json();
    let told = grant();
    assert_eq!(
        told,
        serde_json::json!({
            "version": 1,
            "plugin": "duo",
            "plugin_version": "0.1.0",
            "operation": "grant",
            "outcome": "granted",
            "annotations": [],
            "entitlement": MEMBER,
            "principal": {"resource_type": "user", "resource": LI},
            "grants": [{
                "id": format!("{MEMBER}:user:{LI}"),
                "entitlement": MEMBER,
                "principal": {"resource_type": "user", "resource": LI},
            }],
        })
    );
    let again = grant();
    assert_eq!(again["outcome"], "already-granted");
    assert_eq!(again["annotations"], serde_json::json!(["GrantAlreadyExists"]));
    assert_eq!(again["grants"], told["grants"]);
    let revoke = || change(&desk, &server, "revoke", LI).arguments(&["--output=json"]).run().exits(0).json();
    assert_eq!(revoke()["annotations"], serde_json::json!([]));
    let again = revoke();
    assert_eq!(again["annotations"], serde_json::json!(["GrantAlreadyRevoked"]));
    assert_eq!(again.get("grants"), None, "nobody holds it");
}

/// Both look before either writes, and both write.
#[test]
fn two_runs_that_race_both_succeed_and_the_membership_is_as_both_want_it() {
    for (verb, user, method, path, done) in CHANGES {
        let (desk, server) = (Desk::new(), duo());
        let others = super::groups_of(&server, user).into_iter().filter(|group| group != GROUP);
        let wanted: Vec<String> = others.chain((verb == "grant").then(|| GROUP.to_owned())).collect();
        let gate = Gate::closed();
        server.faults().add(Rule::on(path, Fault::Hold(gate.clone())).method(method));
        let runs = [0, 1].map(|_| change(&desk, &server, verb, user).start());
        assert!(gate.wait_for(2, Duration::from_secs(60)));
        gate.open();
        for run in runs {
            let outcome = run.wait().exits(0);
            assert_eq!(outcome.stdout, format!("{done}: user {user}: {MEMBER}\n"));
        }
        assert_eq!(super::groups_of(&server, user), wanted);
    }
}

#[test]
fn a_limited_write_waits_for_its_turn() {
    for (verb, user, method, path, done) in CHANGES {
        let (desk, server) = (Desk::new(), duo());
        let limited = Fault::TooMany(RetryAfter::Seconds(30));
        server.faults().add(Rule::on(path, limited).method(method).times(2));
        let outcome = change(&desk, &server, verb, user).env("ACCORD_TIME_SCALE", "1000").run().exits(0);
        assert!(outcome.stdout.starts_with(done), "{outcome:?}");
        assert_eq!(writes(&server).iter().map(|write| write.status).collect::<Vec<_>>(), [429, 429, 200]);
        assert_eq!(is_member(&server, user), verb == "grant");
    }
}

#[test]
fn a_limit_without_end_is_told_and_changes_nothing() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on(JOIN, Fault::TooMany(RetryAfter::Absent)).method(Method::POST));
    let outcome = change(&desk, &server, "grant", LI).env("ACCORD_TIME_SCALE", "10000").run().exits(12);
    let outcome = outcome.tells(&["error[RATE-001]", "where ", "target  not changed: nothing was sent that could"]);
    assert_eq!(outcome.errors(), 1);
    assert!(!is_member(&server, LI));
}

/// The server acts, and its answer is lost. The connector looks, and the change is not asked for twice.
#[test]
fn a_lost_answer_is_looked_into_and_not_asked_for_again() {
    for (verb, user, method, path, done) in CHANGES {
        let (desk, server) = (Desk::new(), duo());
        server.faults().add(Rule::on(path, Fault::CutAfter(0)).method(method));
        let outcome = change(&desk, &server, verb, user).run().exits(0);
        assert!(outcome.stdout.starts_with(done), "{outcome:?}");
        assert_eq!(is_member(&server, user), verb == "grant");
        assert_eq!(writes(&server).len(), 1);
    }
}

/// And where it cannot be looked into, nobody pretends to know.
#[test]
fn a_lost_answer_that_cannot_be_looked_into_is_told_as_unknown() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on(JOIN, Fault::CutAfter(0)).method(Method::POST));
    server.faults().add(Rule::on(USER, Fault::Fail(Refusal::SERVER_ERROR)).after(1));
    let outcome = change(&desk, &server, "grant", LI).env("ACCORD_TIME_SCALE", "10000").run().exits(13);
    let sent = format!("sent    POST https://{}/admin/v1/users/{LI}/groups: no answer", server.host());
    let outcome = outcome.tells(&["error[HTTP-001]", "means   nobody knows whether", "do      try again", &sent]);
    assert_eq!(outcome.errors(), 1);
    assert_eq!(writes(&server).len(), 1);
}

#[test]
fn a_change_that_was_accepted_and_did_not_take_is_an_error() {
    for (verb, user, method, path, _) in CHANGES {
        let (desk, server) = (Desk::new(), duo());
        let accepted = |_: &_| accord_fixtures::server::Response::json(200, r#"{"stat":"OK","response":""}"#);
        server.faults().add(Rule::on(path, Fault::answer(accepted)).method(method));
        let outcome = change(&desk, &server, verb, user).run().exits(13);
        let contrary = if verb == "grant" { "still is not a member" } else { "still is a member" };
        outcome.tells(&["accepted the change, but it cannot be seen", "means   ", contrary, "do      "]);
    }
}

#[test]
fn a_missing_permission_is_named() {
    let (desk, server) = (Desk::new(), duo());
    server.set_permission(Permission::ResourceWrite, false);
    let outcome = change(&desk, &server, "grant", LI).run().exits(11);
    outcome.tells(&[
        "error[PERM-001]",
        "do      ",
        "needs   the permission \"Grant resource - Write\"",
        ": answered 403",
    ]);
    assert!(!is_member(&server, LI));
}

#[test]
fn a_key_that_duo_does_not_know_changes_nothing() {
    let (desk, server) = (Desk::new(), duo());
    server.set_revoked(true);
    let outcome = change(&desk, &server, "grant", LI).run().exits(10);
    outcome.tells(&["error[CRED-001]", "target  not changed"]);
}

#[test]
fn what_does_not_exist_or_cannot_be_is_told_with_the_way_out() {
    let (desk, server) = (Desk::new(), duo());
    let grant = |entitlement: &str, kind: &str, principal: &str| {
        let ids = ["--entitlement", entitlement, "--principal-type", kind, "--principal", principal];
        desk.accord(&["grant", "duo"]).arguments(&ids).against(&server).run().exits(2)
    };
    let told = ["target  not changed"];
    grant(MEMBER, "user", "DUNOBODY").tells(&["Duo has no user `DUNOBODY`", "do      name what exists"]).tells(&told);
    grant("group:DGNONE:member", "user", LI).tells(&["means   Duo has no group `DGNONE`", ": answered 404"]);
    grant(MEMBER, "admin", "DEAAAAAAAAAAAAAAAAA1")
        .tells(&["only users can be granted group membership, not `admin`", "do      name a principal of type `user`"])
        .tells(&told);
    grant("group:DG1:owner", "user", LI).tells(&["is not the membership in a group of Duo", "do      "]).tells(&told);
    grant(MEMBER, "user", "DU/../1").tells(&["cannot be the id of a user", "do      "]).tells(&told);
    // These are seen before anybody is asked.
    let before = server.log().len();
    grant("role:owner:assigned", "admin", "DE1").tells(&[
        "error[PROV-001] `duo` cannot grant or revoke what is on a `role`",
        "do      it can for `group`; make any other change in Duo itself",
    ]);
    grant(MEMBER, "robot", "R1")
        .tells(&["`duo` has no resource type `robot`", "do      name one of `account`, `user`"]);
    assert_eq!(server.log().len(), before);
    assert!(writes(&server).iter().all(|write| write.status == 404), "{:?}", writes(&server));
}

/// Asked to stop while a write is under way, the run waits a moment for its answer, and says so if none comes.
#[test]
fn a_run_that_is_stopped_says_what_is_known() {
    let (desk, server) = (Desk::new(), duo());
    let gate = Gate::closed();
    server.faults().add(Rule::on(USER, Fault::Hold(gate.clone())).times(1));
    let run = change(&desk, &server, "grant", LI).start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    run.send(Signal::INT);
    let outcome = run.wait().exits(130);
    outcome.tells(&["error[STOP-001]", "target  not changed: nothing was sent that could change it"]);

    server.faults().clear();
    let gate = Gate::closed();
    server.faults().add(Rule::on(JOIN, Fault::Hold(gate.clone())).method(Method::POST));
    let run = change(&desk, &server, "grant", LI).start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    run.send(Signal::TERM);
    let outcome = run.wait().exits(143);
    let unknown = format!("target  nobody knows whether user `{LI}` has `{MEMBER}` now");
    outcome.tells(&["error[STOP-001]", "/groups: no answer", &unknown, "do      look at the target"]);

    // What is answered in time is told as what it is.
    let gate = Gate::closed();
    server.faults().clear();
    server.faults().add(Rule::on(JOIN, Fault::Hold(gate.clone())).method(Method::POST));
    let run = change(&desk, &server, "grant", LI).start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    run.send(Signal::INT);
    run.wait_for("stopping");
    gate.open();
    assert!(run.wait().exits(0).stdout.starts_with("granted"));
}
