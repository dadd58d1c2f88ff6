//! What the API client's role must allow: proven by the doctor, named by a sync, a gap on request.

use accord_fixtures::privx::{Fault, Refusal, Rule, World};

use super::{FILE, examples, members_of, sync};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn a_missing_permission_is_named_by_doctor_and_sync_and_can_be_allowed() {
    let (desk, server) = (Desk::new(), examples());
    server.set_permission("roles-view", false);
    for command in ["doctor", "validate"] {
        let outcome = desk.accord(&[command, "privx"]).against(&server).run().exits(11);
        let fail = outcome.stdout.lines().find(|line| line.contains("FAIL")).unwrap().to_owned();
        assert!(fail.contains("roles-view") && fail.contains("needed for: roles and their members"), "{fail}");
        assert!(fail.contains('→'), "{fail}");
        assert!(outcome.stdout.contains("  ok    users-view"), "{}", outcome.stdout);
    }
    let outcome = sync(&desk, &server).run().exits(11);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&[
        "error[PERM-001]",
        "PERMISSION_DENIED missing permission (roles-view)",
        "add `roles-view` to the role",
    ]);
    assert!(!desk.path(FILE).exists());

    let allowed = sync(&desk, &server).arguments(&["--allow-gaps=role"]).run().exits(3);
    assert!(allowed.stdout.contains("gap   roles not collected: "), "{}", allowed.stdout);
    assert!(allowed.stdout.contains("(needs \"roles-view\")"), "{}", allowed.stdout);
    let stats = desk.accord(&["stats", FILE]).run().exits(0);
    assert!(stats.stdout.contains("gaps in: roles"), "a gap never looks like \"no roles\": {}", stats.stdout);
}

#[test]
fn without_the_users_their_memberships_still_come() {
    let (desk, server) = (Desk::new(), examples());
    server.set_permission("users-view", false);
    sync(&desk, &server).run().exits(11).tells(&["error[PERM-001]", "users-view"]);
    let outcome = sync(&desk, &server).arguments(&["--allow-gaps=users"]).run().exits(3);
    assert!(!outcome.stdout.contains("is not in the list of users"), "that goes without saying: {}", outcome.stdout);
    let mut expected = server.expected();
    // The only one who has no role.
    expected.resources.remove(&("user".to_owned(), World::PROGRAM.to_owned()));
    Rows::of(&desk, FILE).are(&expected);
}

#[test]
fn one_role_whose_members_are_forbidden_fails_the_sync() {
    let (desk, server) = (Desk::new(), examples());
    let denied = Fault::Fail(Refusal::missing_permission("roles-view"));
    server.faults().add(Rule::on(&members_of(World::OPERATORS), denied));
    let outcome = sync(&desk, &server).run().exits(11);
    outcome.tells(&["error[PERM-001]", &members_of(World::OPERATORS), "roles-view"]);
    assert!(!desk.path(FILE).exists(), "it would look as if access was taken away");
}

#[test]
fn what_the_page_asks_for_and_nothing_uses_is_not_missed() {
    let (desk, server) = (Desk::new(), examples());
    server.set_permission("role-target-resources-view", false);
    let outcome = desk.accord(&["validate", "privx"]).against(&server).run().exits(0);
    assert!(outcome.stdout.ends_with("  privx can be synced\n"), "{}", outcome.stdout);
    sync(&desk, &server).run().exits(0);
}
