//! Roles of PrivX, given and taken back: twice, at once, and where PrivX or somebody else comes in between.

use std::time::Duration;

use accord_fixtures::privx::{Fault, Gate, Membership, Options, PrivxServer, Refusal, RetryAfter, Role, Rule, World};
use accord_fixtures::server::Exchange;
use http::Method;
use serde_json::{Value, json};

use super::start;
use crate::support::{Call, Desk};

/// Where the roles of a user are read and replaced.
const ROLES_OF: &str = "/role-store/api/v1/users/*/roles";
/// A role without mapping rules that nobody has.
const AUDITORS: &str = "a0d17025-6b1f-4c7e-9a55-2f0c6b1d9e04";

/// The examples, with a role more.
fn server() -> PrivxServer {
    let mut world = World::examples();
    let auditors = Role { id: AUDITORS.to_owned(), name: "auditors".to_owned(), ..Role::default() };
    world.roles.push(auditors);
    start(world, Options::default())
}

/// `accord grant` or `revoke` of a role, for a user.
fn change(desk: &Desk, server: &PrivxServer, verb: &str, role: &str, user: &str) -> Call {
    let entitlement = entitlement(role);
    let ids = ["--entitlement", &entitlement, "--principal-type", "user", "--principal", user];
    desk.accord(&[verb, "privx"]).arguments(&ids).against(server)
}

fn entitlement(role: &str) -> String {
    format!("role:{role}:assigned")
}

fn membership(server: &PrivxServer, role: &str, user: &str) -> Option<Membership> {
    let world = server.world();
    let role = world.roles.iter().find(|known| known.id == role).unwrap();
    role.members.iter().find(|member| member.user == user).cloned()
}

fn has_by_hand(server: &PrivxServer, role: &str, user: &str) -> bool {
    membership(server, role, user).is_some_and(|membership| membership.explicit)
}

/// What was sent to replace the roles of a user.
fn writes(server: &PrivxServer) -> Vec<Exchange> {
    server.log().into_iter().filter(|exchange| exchange.request.method == Method::PUT).collect()
}

/// A fault of the request that writes.
fn on_write(fault: Fault) -> Rule {
    Rule::on(ROLES_OF, fault).method(Method::PUT)
}

/// A fault of those that read, after so many.
fn on_read(fault: Fault, after: u64) -> Rule {
    Rule::on(ROLES_OF, fault).method(Method::GET).after(after).times(1)
}

/// Somebody else gives a user a role by hand, or takes it.
fn by_somebody_else(role: &'static str, user: &'static str, given: bool) -> Fault {
    Fault::change(move |world| {
        let role = world.roles.iter_mut().find(|known| known.id == role).unwrap();
        role.members.retain(|member| member.user != user);
        if given {
            let member = Membership { user: user.to_owned(), explicit: true, ..Membership::default() };
            role.members.push(member);
        }
    })
}

#[test]
fn a_role_is_given_and_taken_back() {
    let (desk, server) = (Desk::new(), server());
    let before = server.world();
    let told = format!("user {}: {}\n", World::JANE, entitlement(AUDITORS));
    for (verb, outcome) in
        [("grant", "granted"), ("grant", "already granted"), ("revoke", "revoked"), ("revoke", "already revoked")]
    {
        let run = change(&desk, &server, verb, AUDITORS, World::JANE).run().exits(0);
        assert_eq!(run.stdout, format!("{outcome}: {told}"));
        assert_eq!(has_by_hand(&server, AUDITORS, World::JANE), verb == "grant");
    }
    assert_eq!(writes(&server).len(), 2, "what is so already is not written");
    assert_eq!(server.world(), before);
}

#[test]
fn all_other_roles_of_the_user_go_back_as_they_came() {
    let mut world = World::examples();
    let terms = json!({"grant_type": "TIME_RESTRICTED", "grant_end": "2031-01-01T00:00:00Z", "floating_length": 8});
    world.roles[2].members[0].terms = terms.as_object().unwrap().clone();
    world.roles.push(Role { id: AUDITORS.to_owned(), name: "auditors".to_owned(), ..Role::default() });
    let (desk, server) = (Desk::new(), start(world, Options::default()));
    let mut expected = server.world();
    change(&desk, &server, "grant", AUDITORS, World::MIKA).run().exits(0);

    let sent: Vec<Value> = serde_json::from_slice(&writes(&server)[0].request.body).unwrap();
    let ids: Vec<&Value> = sent.iter().map(|role| &role["id"]).collect();
    assert_eq!(ids, [World::ADMINISTRATORS, World::EVERYBODY, World::OPERATORS, AUDITORS]);
    assert_eq!(sent[3], json!({"id": AUDITORS, "explicit": true}));
    assert_eq!(sent[2]["context"]["validity"], json!(["MON", "TUE", "WED", "THU", "FRI"]));
    assert_eq!(sent[2]["context"]["ip_masks"], json!(["10.0.0.0/8"]));
    assert_eq!((&sent[2]["grant_end"], &sent[2]["floating_length"]), (&terms["grant_end"], &json!(8)));
    assert_eq!((&sent[0]["explicit"], &sent[0]["implicit"]), (&json!(false), &json!(true)));
    assert_eq!(sent[0]["principal_public_key_strings"], json!(["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"]));

    let member = Membership { user: World::MIKA.to_owned(), explicit: true, ..Membership::default() };
    expected.roles[3].members.push(member);
    assert_eq!(server.world(), expected);
}

#[test]
fn programs_are_told_what_the_membership_is_now() {
    let (desk, server) = (Desk::new(), server());
    let grant = || change(&desk, &server, "grant", AUDITORS, World::JANE).arguments(&["--output=json"]).run().exits(0);
    let told = grant().json();
    assert_eq!((&told["outcome"], &told["annotations"]), (&json!("granted"), &json!([])));
    assert_eq!(told["grants"][0]["id"], format!("{}:user:{}", entitlement(AUDITORS), World::JANE));
    assert_eq!(grant().json()["annotations"], json!(["GrantAlreadyExists"]));
}

/// What the second one read before the first one wrote would undo the first one's: it reads when the first one is done.
#[test]
fn two_runs_that_race_for_one_user_both_get_their_role() {
    let (desk, server) = (Desk::new(), server());
    let gate = Gate::closed();
    server.faults().add(on_write(Fault::Hold(gate.clone())).times(1));
    let first = change(&desk, &server, "grant", World::OPERATORS, World::JANE).start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    let second = change(&desk, &server, "grant", AUDITORS, World::JANE).start();
    second.wait_for(&format!("waiting: another run changes PrivX at {}", server.base_url()));
    gate.open();
    for run in [first, second] {
        assert!(run.wait().exits(0).stdout.starts_with("granted"));
    }
    for role in [World::OPERATORS, AUDITORS] {
        assert!(has_by_hand(&server, role, World::JANE), "{role}");
    }
    assert_eq!(writes(&server).len(), 2);
}

/// On two machines nobody waits. Both have read before either writes, so that the second one undoes what the first one
/// did, who sees it.
#[test]
fn two_machines_that_race_for_one_user_both_get_their_role() {
    let (desk, server) = (Desk::new(), server());
    let gate = Gate::closed();
    server.faults().add(on_write(Fault::Hold(gate.clone())));
    let runs = [World::OPERATORS, AUDITORS].map(|role| {
        let call = change(&desk, &server, "grant", role, World::JANE);
        call.env("ACCORD_CACHE", desk.path(&format!("cache of {role}"))).start()
    });
    assert!(gate.wait_for(2, Duration::from_secs(60)));
    gate.open();
    for run in runs {
        assert!(run.wait().exits(0).stdout.starts_with("granted"));
    }
    for role in [World::OPERATORS, AUDITORS] {
        assert!(has_by_hand(&server, role, World::JANE), "{role}");
    }
    assert!(writes(&server).len() > 2, "one of them was undone, and made again");
}

#[test]
fn many_runs_at_once_lose_nothing() {
    let mut world = World::examples();
    let roles: Vec<String> = (0..8).map(|number| format!("a0d17025-6b1f-4c7e-9a55-2f0c6b1d9e1{number}")).collect();
    world.roles.extend(roles.iter().map(|id| Role { id: id.clone(), name: id.clone(), ..Role::default() }));
    let (desk, server) = (Desk::new(), start(world, Options::default()));
    let give = |role: &String| change(&desk, &server, "grant", role, World::JANE).start();
    let runs: Vec<_> = roles.iter().map(give).collect();
    runs.into_iter().for_each(|run| assert!(run.wait().exits(0).stdout.starts_with("granted")));
    let lost: Vec<_> = roles.iter().filter(|role| !has_by_hand(&server, role, World::JANE)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn two_runs_that_race_for_one_membership_both_succeed() {
    let (desk, server) = (Desk::new(), server());
    let runs = [0, 1].map(|_| change(&desk, &server, "grant", AUDITORS, World::JANE).start());
    let mut told = runs.map(|run| run.wait().exits(0).stdout);
    told.sort();
    assert!(told[0].starts_with("already granted") && told[1].starts_with("granted"), "{told:?}");
    assert_eq!(writes(&server).len(), 1);
}

#[test]
fn a_change_that_somebody_undoes_is_made_again() {
    let (desk, server) = (Desk::new(), server());
    // Before the look at what was written.
    server.faults().add(on_read(by_somebody_else(AUDITORS, World::JANE, false), 1));
    server.faults().add(on_read(by_somebody_else(World::OPERATORS, World::JANE, true), 1));
    change(&desk, &server, "grant", AUDITORS, World::JANE).run().exits(0);
    assert!(has_by_hand(&server, AUDITORS, World::JANE));
    assert!(has_by_hand(&server, World::OPERATORS, World::JANE), "theirs stays");
    assert_eq!(writes(&server).len(), 2);
}

#[test]
fn a_change_that_is_always_undone_is_an_error_in_the_end() {
    let (desk, server) = (Desk::new(), server());
    let undone = by_somebody_else(AUDITORS, World::JANE, false);
    server.faults().add(Rule::on(ROLES_OF, undone).method(Method::GET));
    let outcome = change(&desk, &server, "grant", AUDITORS, World::JANE).run().exits(13);
    let still = format!("means   `{}` still does not have the role `{AUDITORS}`", World::JANE);
    outcome.tells(&["PrivX accepted the change, but it cannot be seen", &still, "do      find out who else"]);
    assert_eq!(writes(&server).len(), 3);
}

#[test]
fn another_role_that_goes_meanwhile_is_named() {
    let (desk, server) = (Desk::new(), server());
    server.faults().add(on_read(by_somebody_else(World::OPERATORS, World::MIKA, false), 1));
    let outcome = change(&desk, &server, "grant", AUDITORS, World::MIKA).run().exits(13);
    let means = format!("means   the change of `{AUDITORS}` is done, but `{}` is not", World::OPERATORS);
    outcome.tells(&["changed at the same moment", &means, "do      look at the user's roles", ": answered 200"]);
    assert!(has_by_hand(&server, AUDITORS, World::MIKA));
}

/// While it waited, somebody else gave the user a role. The list that was to be sent does not have it.
#[test]
fn after_a_429_the_roles_are_read_again() {
    let (desk, server) = (Desk::new(), server());
    server.faults().add(on_write(by_somebody_else(World::OPERATORS, World::JANE, true)).times(1));
    server.faults().add(on_write(Fault::TooMany(RetryAfter::Seconds(30))).times(2));
    let run = change(&desk, &server, "grant", AUDITORS, World::JANE).env("ACCORD_TIME_SCALE", "1000").run().exits(0);
    assert!(run.stdout.starts_with("granted"), "{run:?}");
    assert!(has_by_hand(&server, AUDITORS, World::JANE) && has_by_hand(&server, World::OPERATORS, World::JANE));
    assert_eq!(writes(&server).iter().map(|write| write.status).collect::<Vec<_>>(), [429, 429, 200]);
}

#[test]
fn a_limit_without_end_changes_nothing() {
    let (desk, server) = (Desk::new(), server());
    server.faults().add(on_write(Fault::TooMany(RetryAfter::Absent)));
    let call = change(&desk, &server, "grant", AUDITORS, World::JANE).env("ACCORD_TIME_SCALE", "10000");
    call.run().exits(12).tells(&["error[RATE-001]", "target  not changed"]);
    assert!(!has_by_hand(&server, AUDITORS, World::JANE));
}

#[test]
fn a_lost_answer_is_looked_into_and_not_asked_for_again() {
    for (verb, role, user) in [("grant", AUDITORS, World::JANE), ("revoke", World::OPERATORS, World::MIKA)] {
        let (desk, server) = (Desk::new(), server());
        server.faults().add(on_write(Fault::CutAfter(0)));
        let run = change(&desk, &server, verb, role, user).run().exits(0);
        assert!(run.stdout.starts_with(verb.trim_end_matches('e')), "{run:?}");
        assert_eq!(has_by_hand(&server, role, user), verb == "grant");
        assert_eq!(writes(&server).len(), 1);
    }
    let (desk, server) = (Desk::new(), server());
    server.faults().add(on_write(Fault::CutAfter(0)));
    let broken = Fault::Fail(Refusal::new(500, "INTERNAL_ERROR", "internal server error"));
    server.faults().add(Rule::on(ROLES_OF, broken).method(Method::GET).after(1));
    let call = change(&desk, &server, "grant", AUDITORS, World::JANE).env("ACCORD_TIME_SCALE", "10000");
    call.run().exits(13).tells(&["means   nobody knows whether", "do      try again", ": no answer"]);
}

#[test]
fn what_mapping_rules_give_is_not_revoked() {
    let (desk, server) = (Desk::new(), server());
    let before = server.world();
    let outcome = change(&desk, &server, "revoke", World::ADMINISTRATORS, World::MIKA).run().exits(2);
    outcome.tells(&[
        &format!("has the role `{}` by mapping rules of the directory `local-source`", World::ADMINISTRATORS),
        "means   nothing was given by hand, and nothing was written",
        "do      change the role's mapping rules in PrivX",
        "target  not changed",
    ]);
    assert_eq!(server.world(), before);

    // Given by hand as well, it can be taken as far as it was given, and that it stays is told.
    change(&desk, &server, "grant", World::ADMINISTRATORS, World::MIKA).run().exits(0);
    let both = membership(&server, World::ADMINISTRATORS, World::MIKA).unwrap();
    assert!(both.explicit && both.implicit);
    let outcome = change(&desk, &server, "revoke", World::ADMINISTRATORS, World::MIKA).run().exits(2);
    outcome.tells(&["by mapping rules", "means   what was given by hand is taken back", ": answered 200"]);
    assert_eq!(server.world(), before);
}

#[test]
fn what_everybody_has_is_neither_given_nor_taken() {
    let (desk, server) = (Desk::new(), server());
    for (verb, user) in [("revoke", World::MIKA), ("grant", World::PROGRAM)] {
        let outcome = change(&desk, &server, verb, World::EVERYBODY, user).run().exits(2);
        outcome.tells(&["every user has the role `privx-user`", "target  not changed"]);
    }
}

#[test]
fn a_missing_permission_is_named() {
    for (permission, code) in [("roles-manage", ": answered 403"), ("users-view", "target  not changed")] {
        let (desk, server) = (Desk::new(), server());
        server.set_permission(permission, false);
        let outcome = change(&desk, &server, "grant", AUDITORS, World::JANE).run().exits(11);
        let needs = format!("needs   the permission \"{permission}\"");
        outcome.tells(&["error[PERM-001]", "do      add", &needs]).tells(&[code]);
        assert!(!has_by_hand(&server, AUDITORS, World::JANE));
    }
}

#[test]
fn what_does_not_exist_or_cannot_be_is_told_with_the_way_out() {
    let (desk, server) = (Desk::new(), server());
    let nobody = "00000000-0000-4000-8000-000000000000";
    let grant = |role: &str, user: &str| change(&desk, &server, "grant", role, user).run().exits(2);
    grant(nobody, World::JANE).tells(&[&format!("PrivX has no role `{nobody}`"), "do      ", "target  not changed"]);
    grant(AUDITORS, nobody).tells(&[&format!("PrivX has no user `{nobody}`"), "do      ", "target  not changed"]);
    let asked = server.log().len();
    grant(AUDITORS, "../x").tells(&["cannot be the id of a user", "do      PrivX's ids are UUIDs"]);
    let entitlement = entitlement(AUDITORS);
    let ids = ["--entitlement", &entitlement, "--principal-type", "role", "--principal", World::OPERATORS];
    let outcome = desk.accord(&["grant", "privx"]).arguments(&ids).against(&server).run().exits(2);
    outcome.tells(&["only users can be given roles, not `role`", "do      name a principal of type `user`"]);
    assert_eq!(server.log().len(), asked, "nobody was asked");
}

#[test]
fn a_forbidden_change_asks_nobody_and_a_dry_run_shows_the_whole_list() {
    let (desk, server) = (Desk::new(), server());
    let forbidden = change(&desk, &server, "grant", AUDITORS, World::MIKA).env("BATON_PROVISIONING", "false");
    forbidden.run().exits(2).tells(&["changes are forbidden"]);
    assert_eq!(server.server().connections(), 0);

    let dry = change(&desk, &server, "grant", AUDITORS, World::MIKA).arguments(&["--dry-run", "--output=json"]);
    let told = dry.run().exits(0).json();
    assert_eq!((&told["outcome"], &told["requests"][0]["method"]), (&json!("planned"), &json!("PUT")));
    let body: Vec<Value> = serde_json::from_str(told["requests"][0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body.len(), 4);
    assert!(writes(&server).is_empty() && !has_by_hand(&server, AUDITORS, World::MIKA));
}

#[test]
fn in_a_connectors_place_grants_are_named_by_their_ids() {
    let (desk, server) = (Desk::new(), server());
    desk.connector("privx", &["-f", "sync.c1z"]).against(&server).run().exits(0);
    let ids = ["--grant-entitlement", &entitlement(AUDITORS), "--grant-principal", World::JANE];
    let grant = desk.connector("privx", &ids).arguments(&["--grant-principal-type", "user"]).against(&server);
    assert_eq!(grant.run().exits(0).json()["outcome"], "granted");
    assert!(has_by_hand(&server, AUDITORS, World::JANE));

    let revoke = |role: &str, user: &str| {
        let grant = format!("{}:user:{user}", entitlement(role));
        desk.connector("privx", &["--revoke-grant", &grant]).against(&server).run()
    };
    assert_eq!(revoke(World::OPERATORS, World::MIKA).exits(0).json()["outcome"], "revoked");
    assert!(!has_by_hand(&server, World::OPERATORS, World::MIKA));
    revoke(World::ADMINISTRATORS, World::MIKA).exits(2).tells(&["mapping rules", "do      change it there"]);
}
