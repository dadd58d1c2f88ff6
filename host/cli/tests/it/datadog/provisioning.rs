//! Datadog is changed: roles, places in teams and accounts; once, again, at once, and with an API that has a bad moment.

use std::time::Duration;

use accord_fixtures::datadog::{
    DatadogServer, Fault, Gate, Options, Permission, Refusal, RetryAfter, Rule, Team, User, World,
};
use accord_fixtures::server::Exchange;
use http::Method;
use serde_json::json;

use super::examples;
use crate::support::{Call, Desk, Outcome};

const ANA: &str = "11111111-aaaa-4aaa-8aaa-000000000001";
const BO: &str = "11111111-aaaa-4aaa-8aaa-000000000002";
const BOT: &str = "11111111-aaaa-4aaa-8aaa-000000000003";
const CARL: &str = "11111111-aaaa-4aaa-8aaa-000000000004";
const NEW: &str = "11111111-aaaa-4aaa-8aaa-000000000005";
const ADMINS: &str = "role:22222222-bbbb-4bbb-8bbb-000000000001:member";
const DEPLOYERS: &str = "role:22222222-bbbb-4bbb-8bbb-000000000002:member";
const MEMBER: &str = "team:33333333-cccc-4ccc-8ccc-000000000001:member";
const ADMIN: &str = "team:33333333-cccc-4ccc-8ccc-000000000001:admin";
const EMAIL: &str = "new.user@example.com";

/// One change, what asks for it of Datadog, how Datadog is after it, and what is told: the first time, and the next.
struct Change {
    words: Vec<&'static str>,
    method: Method,
    path: &'static str,
    is_made: fn(&World) -> bool,
    told: [&'static str; 2],
    permission: &'static str,
}

fn membership(verb: &'static str, entitlement: &'static str, user: &'static str) -> Vec<&'static str> {
    vec![verb, "datadog", "--entitlement", entitlement, "--principal-type", "user", "--principal", user]
}

fn user<'w>(world: &'w World, id: &str) -> &'w User {
    world.users.iter().find(|user| user.id == id).unwrap()
}

fn has_role(world: &World, user_id: &str, entitlement: &str) -> bool {
    user(world, user_id).roles.iter().any(|role| entitlement == format!("role:{role}:member"))
}

/// Whether somebody is in the first team; and then, whether as its administrator.
fn place(world: &World, user_id: &str) -> Option<bool> {
    let member = world.teams[0].members.iter().find(|member| member.user_id == user_id);
    member.map(|member| member.admin)
}

fn with_address(world: &World) -> Vec<&User> {
    world.users.iter().filter(|user| user.email == EMAIL).collect()
}

/// Every kind of change there is, each from the examples.
fn changes() -> Vec<Change> {
    const MANAGE: &str = "User Access Manage";
    let grants = ["granted: ", "already granted: "];
    let revokes = ["revoked: ", "already revoked: "];
    let (role, team, own) = ("/api/v2/roles/*/users", "/api/v2/team/*/memberships", "/api/v2/team/*/memberships/*");
    let user_path = "/api/v2/users/*";
    let change = |words, method, path, is_made, told| Change { words, method, path, is_made, told, permission: MANAGE };
    let run = |mut words: Vec<&'static str>, id: &'static str| {
        words.splice(0..0, ["action", "run", "datadog"]);
        words.extend(["--set", id]);
        words
    };
    let ran = ["  changed: true", "  changed: false"];
    vec![
        change(membership("grant", DEPLOYERS, ANA), Method::POST, role, |it| has_role(it, ANA, DEPLOYERS), grants),
        change(membership("revoke", ADMINS, ANA), Method::DELETE, role, |it| !has_role(it, ANA, ADMINS), revokes),
        change(membership("grant", MEMBER, BOT), Method::POST, team, |it| place(it, BOT) == Some(false), grants),
        change(membership("grant", ADMIN, BOT), Method::POST, team, |it| place(it, BOT) == Some(true), grants),
        change(membership("grant", ADMIN, BO), Method::PATCH, own, |it| place(it, BO) == Some(true), grants),
        change(membership("revoke", ADMIN, ANA), Method::PATCH, own, |it| place(it, ANA) == Some(false), revokes),
        change(membership("revoke", MEMBER, ANA), Method::DELETE, own, |it| place(it, ANA).is_none(), revokes),
        Change {
            words: vec![
                "account",
                "create",
                "datadog",
                "--set",
                "email=new.user@example.com",
                "--set",
                "name=New User",
            ],
            method: Method::POST,
            path: "/api/v2/users",
            is_made: |world| with_address(world).len() == 1,
            told: ["account created: ", "account already exists: "],
            permission: "User Access Invite",
        },
        change(
            vec!["account", "delete", "datadog", ANA],
            Method::DELETE,
            user_path,
            |it| user(it, ANA).disabled,
            ["deleted: ", "already deleted: "],
        ),
        change(
            run(vec!["disable_user"], "user_id=11111111-aaaa-4aaa-8aaa-000000000001"),
            Method::DELETE,
            user_path,
            |it| user(it, ANA).disabled,
            ran,
        ),
        change(
            run(vec!["enable_user"], "user_id=11111111-aaaa-4aaa-8aaa-000000000004"),
            Method::PATCH,
            user_path,
            |it| !user(it, CARL).disabled,
            ran,
        ),
        change(
            run(vec!["update_user", "--set", "title=CTO"], "user_id=11111111-aaaa-4aaa-8aaa-000000000001"),
            Method::PATCH,
            user_path,
            |it| user(it, ANA).title.as_deref() == Some("CTO"),
            ran,
        ),
    ]
}

impl Change {
    fn call(&self, desk: &Desk, server: &DatadogServer) -> Call {
        desk.accord(&self.words).against(server)
    }

    fn fault(&self, fault: Fault) -> Rule {
        Rule::on(self.path, fault).method(self.method.clone())
    }

    /// The statuses of what asked for it, in order. An invitation is asked for beside the account, not for it.
    fn asked(&self, server: &DatadogServer) -> Vec<u16> {
        let writes = writes(server).into_iter().filter(|write| write.request.path != "/api/v2/user_invitations");
        writes.map(|write| write.status).collect()
    }

    #[track_caller]
    fn is_made(&self, server: &DatadogServer) {
        assert!((self.is_made)(&server.world()), "{:?}: {:?}", self.words, server.world());
    }

    #[track_caller]
    fn is_told(&self, outcome: &Outcome, place: usize) {
        let begins = outcome.stdout.lines().any(|line| line.starts_with(self.told[place]));
        assert!(begins, "{:?} should tell `{}`: {outcome:?}", self.words, self.told[place]);
    }
}

/// Requests that could change something.
fn writes(server: &DatadogServer) -> Vec<Exchange> {
    server.log().into_iter().filter(|exchange| exchange.request.method != Method::GET).collect()
}

fn server() -> DatadogServer {
    examples(Options::default())
}

#[test]
fn every_change_is_made_once_and_asking_again_is_a_success_without_a_request() {
    for change in changes() {
        let (desk, server) = (Desk::new(), server());
        assert!(!(change.is_made)(&server.world()), "{:?} changes nothing", change.words);
        let outcome = change.call(&desk, &server).run().exits(0);
        change.is_told(&outcome, 0);
        change.is_made(&server);
        assert_eq!(change.asked(&server).len(), 1, "{:?}", change.words);
        let (after, count) = (server.world(), writes(&server).len());
        let again = change.call(&desk, &server).run().exits(0);
        change.is_told(&again, 1);
        assert_eq!((server.world(), writes(&server).len()), (after, count), "{:?}", change.words);
        for printed in [outcome.printed(), again.printed()] {
            assert!(
                !printed.contains(&server.keys().app_key) && !printed.contains(&server.keys().api_key),
                "{printed}"
            );
        }
        assert_eq!(desk.names(), Vec::<String>::new(), "nothing is written here");
    }
}

/// Both runs look before either writes, and both write.
#[test]
fn two_runs_that_race_both_succeed_and_the_change_is_made_once() {
    for change in changes() {
        let (desk, server, gate) = (Desk::new(), server(), Gate::closed());
        server.faults().add(change.fault(Fault::Hold(gate.clone())));
        let runs = [0, 1].map(|_| change.call(&desk, &server).start());
        assert!(gate.wait_for(2, Duration::from_secs(60)), "{:?}", change.words);
        gate.open();
        let outcomes = runs.map(|run| run.wait().exits(0));
        assert!(outcomes.iter().any(|outcome| outcome.stdout.contains(change.told[0])), "{outcomes:?}");
        for outcome in &outcomes {
            assert!(change.told.iter().any(|told| outcome.stdout.contains(told)), "{outcome:?}");
        }
        change.is_made(&server);
        assert_eq!(change.asked(&server).len(), 2);
        assert!(server.world().invitations.len() <= 1, "{:?}", server.world().invitations);
    }
}

#[test]
fn a_write_that_is_refused_for_haste_waits_and_is_made() {
    for change in changes() {
        let (desk, server) = (Desk::new(), server());
        server.faults().add(change.fault(Fault::TooMany(RetryAfter::Seconds(30))).times(2));
        let outcome = change.call(&desk, &server).env("ACCORD_TIME_SCALE", "1000").run().exits(0);
        change.is_told(&outcome, 0);
        change.is_made(&server);
        let asked = change.asked(&server);
        assert!(asked.len() == 3 && asked[..2] == [429, 429] && asked[2] < 300, "{:?}: {asked:?}", change.words);
    }
}

#[test]
fn a_lost_answer_is_looked_into_and_nothing_is_asked_for_twice() {
    for change in changes() {
        let (desk, server) = (Desk::new(), server());
        server.faults().add(change.fault(Fault::CutAfter(0)));
        let outcome = change.call(&desk, &server).run().exits(0);
        change.is_told(&outcome, 0);
        change.is_made(&server);
        assert_eq!(change.asked(&server).len(), 1, "{:?}", change.words);
    }
}

#[test]
fn an_account_whose_answer_was_lost_is_there_once_and_its_person_is_invited_once() {
    let (desk, server) = (Desk::new(), server());
    server.faults().add(Rule::on("/api/v2/users", Fault::CutAfter(0)).method(Method::POST));
    // And nobody can look: that is told, and the next run finds the account.
    server.faults().add(Rule::on("/api/v2/users", Fault::Fail(Refusal::text(500, "no"))).method(Method::GET).after(1));
    let create =
        || desk.accord(&["account", "create", "datadog", "--set", "email=new.user@example.com"]).against(&server);
    let outcome = create().env("ACCORD_TIME_SCALE", "10000").run().exits(13);
    outcome
        .tells(&["error[HTTP-001]", "means   nobody knows whether there is an account for `new.user@example.com` now"]);
    server.faults().clear();
    let outcome = create().run().exits(0);
    assert!(outcome.stdout.starts_with(&format!("account already exists: user {NEW}\n")), "{outcome:?}");
    assert!(outcome.stdout.contains("its invitation is not accepted yet, and no other was sent"), "{outcome:?}");
    assert_eq!((with_address(&server.world()).len(), server.world().invitations.len()), (1, 0));

    let (desk, server) = (Desk::new(), self::server());
    server.faults().add(Rule::on("/api/v2/users", Fault::CutAfter(0)).method(Method::POST));
    desk.accord(&["account", "create", "datadog", "--set", "email=new.user@example.com"])
        .against(&server)
        .run()
        .exits(0);
    assert_eq!(server.world().invitations, [NEW]);
}

#[test]
fn a_missing_permission_is_named_and_nothing_is_changed() {
    for change in changes() {
        let (desk, server) = (Desk::new(), server());
        server.set_permission(Permission::UserAccessInvite, false);
        server.set_permission(Permission::UserAccessManage, false);
        let before = server.world();
        let outcome = change.call(&desk, &server).run().exits(11);
        let needs = format!("needs   the permission \"{}\"", change.permission);
        let outcome = outcome.tells(&["error[PERM-001]", &needs]);
        assert_eq!(outcome.errors(), 1);
        assert!(outcome.stderr.contains("\n  do      "), "{}", outcome.stderr);
        assert_eq!(server.world(), before, "{:?}", change.words);
    }
}

#[test]
fn a_change_that_is_accepted_and_not_made_is_an_error() {
    for change in changes().into_iter().filter(|change| change.path != "/api/v2/users") {
        let (desk, server) = (Desk::new(), server());
        let accepted = |_: &_| accord_fixtures::server::Response::json(200, "{}");
        server.faults().add(change.fault(Fault::answer(accepted)));
        let outcome = change.call(&desk, &server).run().exits(13);
        outcome.tells(&["Datadog accepted the change, but it cannot be seen", "means   ", " still ", "do      "]);
    }
}

#[test]
fn a_dry_run_tells_the_write_and_sends_none() {
    for change in changes() {
        let (desk, server) = (Desk::new(), server());
        let before = server.world();
        let outcome = change.call(&desk, &server).arguments(&["--dry-run"]).run().exits(0);
        let asks = format!("  {} https://api.datadoghq.com/api/v2/", change.method);
        assert!(outcome.stdout.contains(&asks), "{:?}: {outcome:?}", change.words);
        assert!(outcome.stdout.contains("none of it was sent"), "{outcome:?}");
        assert!(!outcome.printed().contains(&server.keys().app_key));
        assert!(writes(&server).is_empty());
        assert_eq!(server.world(), before);
    }
}

#[test]
fn a_dry_run_tells_the_invitation_after_the_account() {
    let (desk, server) = (Desk::new(), server());
    let create = || desk.accord(&["account", "create", "datadog", "--set", "email=new.user@example.com", "--dry-run"]);
    let request = |path: &str, body: &str| {
        format!(
            "  POST https://api.datadoghq.com/api/v2/{path}\n  signed by the credential `keys`\n  \
             content-type: application/json\n  {body}\n"
        )
    };
    let account = r#"{"data":{"attributes":{"email":"new.user@example.com"},"relationships":{"roles":{"data":[]}},"type":"users"}}"#;
    let invitation = r#"{"data":[{"relationships":{"user":{"data":{"id":"{id of the new user}","type":"users"}}},"type":"user_invitations"}]}"#;
    let outcome = create().against(&server).run().exits(0);
    assert_eq!(
        outcome.stdout,
        format!(
            "create-account would send:\n{}and once that has succeeded:\n{}none of it was sent; what else would follow \
             depends on the answer\n",
            request("users", account),
            request("user_invitations", invitation)
        )
    );
    let told = create().arguments(&["--output=json"]).against(&server).run().exits(0).json();
    let requests = told["requests"].as_array().unwrap();
    let paths: Vec<_> = requests.iter().map(|request| request["url"].as_str().unwrap().rsplit('/').next()).collect();
    assert_eq!(paths, [Some("users"), Some("user_invitations")]);
    assert_eq!((&requests[0]["follows"], &requests[1]["follows"]), (&json!(null), &json!(true)));
    assert_eq!((&requests[0]["body"], &requests[1]["body"]), (&json!(account), &json!(invitation)));
    // Nobody is invited where that is not wanted, or where the account is there.
    let alone = create().arguments(&["--set=send_invitation=false", "--output=json"]).against(&server).run().exits(0);
    assert_eq!(alone.json()["requests"].as_array().unwrap().len(), 1);
    server.change(|world| world.users[3].disabled = true);
    let known = desk.accord(&["account", "create", "datadog", "--set=email=carl@example.com", "--dry-run"]);
    let outcome = known.against(&server).run().exits(0);
    assert!(outcome.stdout.contains("  PATCH ") && !outcome.stdout.contains("user_invitations"), "{outcome:?}");
    assert!(writes(&server).is_empty());
    assert_eq!((server.world().users.len(), server.world().invitations.len()), (4, 0));
}

#[test]
fn changes_that_are_switched_off_are_not_even_asked_for() {
    for change in changes() {
        let (desk, server) = (Desk::new(), server());
        change.call(&desk, &server).env("BATON_PROVISIONING", "false").run().exits(2).tells(&["changes are forbidden"]);
        assert_eq!(server.server().requests(), 0);
    }
}

#[test]
fn programs_get_an_account_with_its_row_and_its_roles() {
    let (desk, server) = (Desk::new(), server());
    let role = DEPLOYERS.split(':').nth(1).unwrap();
    let values = json!({"email": EMAIL, "name": "New User", "title": "Engineer", "role_ids": [role]}).to_string();
    let create = ["account", "create", "datadog", "--output=json", "--values", &values];
    let told = desk.accord(&create).against(&server).run().exits(0).json();
    assert_eq!((&told["outcome"], &told["resource"]["resource"]), (&json!("created"), &json!(NEW)));
    let row = &told["resources"][0];
    assert_eq!(
        (&row["display_name"], &row["state"], &row["login"]),
        (&json!("New User"), &json!("disabled"), &json!(EMAIL))
    );
    assert_eq!(told["grants"][0]["id"], format!("{DEPLOYERS}:user:{NEW}"));
    let world = server.world();
    assert_eq!((user(&world, NEW).status.as_str(), world.invitations.as_slice()), ("Pending", &[NEW.to_owned()][..]));
}

#[test]
fn an_invitation_can_be_left_out_and_one_that_fails_leaves_the_account() {
    let (desk, server) = (Desk::new(), server());
    let create =
        || desk.accord(&["account", "create", "datadog", "--set", "email=new.user@example.com"]).against(&server);
    create().arguments(&["--set", "send_invitation=false"]).run().exits(0);
    assert_eq!((with_address(&server.world()).len(), server.world().invitations.len()), (1, 0));

    let (desk, server) = (Desk::new(), self::server());
    server.faults().add(Rule::on("/api/v2/user_invitations", Fault::Fail(Refusal::text(500, "Mail is down"))));
    let create = desk.accord(&["account", "create", "datadog", "--set", "email=new.user@example.com"]).against(&server);
    let outcome = create.run().exits(0);
    assert!(outcome.stdout.starts_with("account created: "), "{outcome:?}");
    assert!(outcome.stdout.contains("the invitation was not sent, as far as Datadog says: "), "{outcome:?}");
    assert!(outcome.stdout.contains("Mail is down"), "{outcome:?}");
    assert_eq!(with_address(&server.world()).len(), 1);
}

#[test]
fn somebody_who_left_is_let_in_again_and_not_made_twice() {
    let (desk, server) = (Desk::new(), server());
    // By the login, and by the address, which are not the same for Carl.
    for email in ["email=Carl@example.com", "email=carl.new@example.com"] {
        server.change(|world| world.users[3].disabled = true);
        let outcome = desk.accord(&["account", "create", "datadog", "--set", email]).against(&server).run().exits(0);
        assert!(outcome.stdout.starts_with(&format!("account already exists: user {CARL}\n")), "{outcome:?}");
        assert!(outcome.stdout.contains("and is enabled again"), "{outcome:?}");
        assert_eq!((user(&server.world(), CARL).disabled, server.world().users.len()), (false, 4));
    }
    let taken = writes(&server).into_iter().filter(|write| write.request.method == Method::POST);
    assert_eq!(taken.count(), 0);
    // A service account's contact is nobody's login.
    desk.accord(&["account", "create", "datadog", "--set", "email=platform@example.com"])
        .against(&server)
        .run()
        .exits(0);
    assert_eq!(server.world().users.len(), 5);
}

#[test]
fn an_administrator_who_is_none_any_more_stays_a_member_whatever_datadog_takes() {
    for takes_null_role in [true, false] {
        let (desk, server) = (Desk::new(), examples(Options { takes_null_role, ..Options::default() }));
        let demote = || desk.accord(&membership("revoke", ADMIN, ANA)).against(&server);
        assert!(demote().run().exits(0).stdout.starts_with("revoked: "));
        assert_eq!(place(&server.world(), ANA), Some(false));
        desk.accord(&["sync", "datadog"]).against(&server).run().exits(0);
        crate::rows::Rows::of(&desk, super::FILE).are(&server.expected(accord_fixtures::datadog::OptIns::default()));
        let asked: Vec<_> = writes(&server).iter().map(|write| write.request.method.to_string()).collect();
        assert_eq!(asked, if takes_null_role { &["PATCH"][..] } else { &["PATCH", "DELETE", "POST"] });
    }
    // Half of it is told as half of it.
    let (desk, server) = (Desk::new(), examples(Options { takes_null_role: false, ..Options::default() }));
    server
        .faults()
        .add(Rule::on("/api/v2/team/*/memberships", Fault::Fail(Refusal::text(400, "no"))).method(Method::POST));
    let outcome = desk.accord(&membership("revoke", ADMIN, ANA)).against(&server).run().exits(13);
    let remedy = format!("do      grant `{MEMBER}` to `{ANA}`");
    outcome.tells(&["half of it is done", "should have come back as a plain member", &remedy]);
    assert_eq!(place(&server.world(), ANA), None);
}

#[test]
fn what_an_identity_provider_decides_on_is_refused_with_the_reason() {
    let (desk, server) = (Desk::new(), server());
    let managed = "team:33333333-cccc-4ccc-8ccc-000000000002:member";
    let before = server.world();
    let mapped = desk.accord(&membership("revoke", managed, CARL)).against(&server).run().exits(2);
    mapped.tells(&["comes from a SAML mapping", "do      change the mapping", "target  not changed"]);
    let outside = desk.accord(&membership("grant", managed, ANA)).against(&server).run().exits(2);
    outside.tells(&[
        "is managed outside Datadog",
        "do      change its members where it is managed",
        "target  not changed",
    ]);
    assert_eq!(server.world(), before);
}

#[test]
fn a_teams_own_setting_is_told_or_lets_us() {
    let set = |server: &DatadogServer, who: &str| {
        server.set_permission(Permission::UserAccessManage, false);
        server.change(|world| world.teams[0] = Team { manage_membership: who.to_owned(), ..world.teams[0].clone() });
    };
    let (desk, server) = (Desk::new(), server());
    set(&server, "admins");
    let outcome = desk.accord(&membership("grant", MEMBER, BOT)).against(&server).run().exits(11);
    outcome
        .tells(&["`manage_membership`, which is `admins`, the administrators of the team", "or change that setting"]);
    set(&server, "organization");
    desk.accord(&membership("grant", MEMBER, BOT)).against(&server).run().exits(0);
    assert_eq!(place(&server.world(), BOT), Some(false));
}

#[test]
fn what_does_not_exist_or_cannot_be_is_told_before_anything_is_sent() {
    let (desk, server) = (Desk::new(), server());
    let nobody = "11111111-aaaa-4aaa-8aaa-0000000000ff";
    for (words, told) in [
        (membership("grant", DEPLOYERS, nobody), "Datadog has no user"),
        (membership("grant", "team:33333333-cccc-4ccc-8ccc-0000000000ff:admin", ANA), "Datadog has no team"),
        (membership("grant", "role:x:member", ANA), "`x` cannot be the id of a role"),
        (membership("grant", "role:22222222-bbbb-4bbb-8bbb-000000000001:owner", ANA), "is no entitlement"),
        (vec!["account", "delete", "datadog", "ana"], "`ana` cannot be the id of a user"),
        (vec!["account", "create", "datadog", "--set", "email=ana"], "`ana` is no e-mail address"),
        (vec!["account", "create", "datadog"], "`email` is missing"),
        (vec!["account", "create", "datadog", "--set", "email=a@example.com", "--new-password=random"], "`random`"),
        (vec!["action", "run", "datadog", "update_user", "--set", "user_id=x", "--set", "name=<b>"], "`x` cannot be"),
        (vec!["action", "run", "datadog", "disable_user"], "`user_id` is missing"),
        (vec!["action", "run", "datadog", "delete_user"], "has no action `delete_user`"),
    ] {
        desk.accord(&words).against(&server).run().exits(2).tells(&["error[", told, "do      "]);
    }
    let update = ["action", "run", "datadog", "update_user", "--set"];
    let ana = format!("user_id={ANA}");
    for (more, told) in
        [(&["--set", "name=a<b"][..], "cannot be a name in Datadog"), (&[], "nothing to change is given")]
    {
        desk.accord(&update)
            .arguments(&[&ana])
            .arguments(more)
            .against(&server)
            .run()
            .exits(2)
            .tells(&[told, "do      "]);
    }
    assert!(writes(&server).is_empty());
    let role =
        desk.accord(&membership("grant", "role:22222222-bbbb-4bbb-8bbb-0000000000ff:member", ANA)).against(&server);
    role.run().exits(2).tells(&["means   Datadog has no role", ": answered 404"]);
}

#[test]
fn a_user_is_named_by_an_id_or_as_a_resource_for_every_action_and_whoever_asks() {
    let named = [json!(ANA), json!({"resource_type_id": "user", "resource_id": ANA})];
    for (action, more, is_made) in [
        ("disable_user", json!({}), (|it| it.disabled) as fn(&User) -> bool),
        ("enable_user", json!({}), |it| !it.disabled),
        ("update_user", json!({"name": "Ana B. Silva"}), |it| it.name.as_deref() == Some("Ana B. Silva")),
    ] {
        for (user_id, is_connector) in named.iter().flat_map(|named| [(named, false), (named, true)]) {
            let (desk, server) = (Desk::new(), server());
            server.change(|world| world.users[0].disabled = action == "enable_user");
            let mut values = more.clone();
            values["user_id"] = user_id.clone();
            let values = values.to_string();
            let call = if is_connector {
                desk.connector("datadog", &["--invoke-action", action, "--invoke-action-args", &values])
            } else {
                desk.accord(&["action", "run", "datadog", action, "--output=json", "--values", &values])
            };
            let told = call.against(&server).run().exits(0).json();
            assert_eq!(told["action"]["response"], json!({"success": true, "changed": true}), "{action} {values}");
            assert!(is_made(user(&server.world(), ANA)), "{action} {values}");
        }
    }
    let (desk, server) = (Desk::new(), server());
    let team = json!({"user_id": {"resource_type_id": "team", "resource_id": ANA}}).to_string();
    for (values, told) in [
        (team.as_str(), "names a resource of type `team`"),
        (r#"{"user_id": {"resource_type_id": "user"}}"#, "has another form than the id of a resource of type `user`"),
        (r#"{"user_id": 7}"#, "`user_id` should be the id of a user"),
    ] {
        let call = desk.accord(&["action", "run", "datadog", "disable_user", "--values", values]).against(&server);
        call.run().exits(2).tells(&["error[", told, "do      "]);
    }
    assert_eq!(server.server().requests(), 0);
}

#[test]
fn actions_are_listed_as_their_users_know_them() {
    let desk = Desk::new();
    let list = desk.accord(&["action", "list", "datadog", "--output=json"]).run().exits(0).json();
    let kinds: Vec<_> = list["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| {
            (
                action["name"].as_str().unwrap(),
                action["types"][0].as_str().unwrap(),
                action.get("resource_type").is_some(),
            )
        })
        .collect();
    let wanted = [("enable_user", "account-enable", false), ("disable_user", "account-disable", false)];
    assert_eq!(kinds[..2], wanted);
    assert_eq!(kinds[2], ("update_user", "account-update-profile", true));
    // Two take text in the field's terms, one a resource.
    for (action, kind) in [(0, "text"), (1, "text"), (2, "resource")] {
        let user_id = &list["actions"][action]["arguments"][0];
        assert_eq!((&user_id["kind"], &user_id["resource_types"]), (&json!(kind), &json!(["user"])));
    }
}
