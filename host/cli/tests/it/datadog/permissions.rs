//! What the owner of the application key may not do is named, before and while it is read.

use accord_fixtures::datadog::{Options, Permission, Unknown};

use super::{FILE, OPT_INS, examples, sync};
use crate::support::Desk;

/// Each permission, its name in Datadog, and the resource type that a run can do without.
const PERMISSIONS: [(Permission, &str, Option<&str>); 4] = [
    (Permission::UserAccessRead, "User Access Read", None),
    (Permission::TeamsRead, "Teams Read", Some("team")),
    (Permission::OnCallRead, "On-Call Read", Some("schedule")),
    (Permission::ApiKeysRead, "API Keys Read", Some("api-key")),
];

#[test]
fn a_missing_permission_is_named_by_doctor_and_sync_and_can_be_allowed() {
    for (permission, name, spared) in PERMISSIONS {
        let (desk, server) = (Desk::new(), examples(Options::default()));
        server.set_permission(permission, false);
        for command in ["doctor", "validate"] {
            let outcome = desk.accord(&[command, "datadog"]).arguments(&OPT_INS).against(&server).run().exits(11);
            let fails: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains("FAIL")).collect();
            assert!(!fails.is_empty() && fails.iter().all(|line| line.contains(name)), "{name}: {}", outcome.stdout);
            assert!(fails[0].contains("needed for: ") && fails[0].contains('→'), "{fails:?}");
            assert!(outcome.stdout.contains("  ok    API key and application key"), "{}", outcome.stdout);
        }
        let outcome = sync(&desk, &server, 1_000.0).run().exits(11);
        assert_eq!(outcome.errors(), 1);
        let outcome = outcome.tells(&["error[PERM-001]", name]);
        assert!(!desk.path(FILE).exists());
        let Some(spared) = spared else {
            assert!(!outcome.stderr.contains("--allow-gaps"), "without users there is nothing: {}", outcome.stderr);
            continue;
        };
        outcome.tells(&[&format!("--allow-gaps={spared}")]);
        let allowed = sync(&desk, &server, 1_000.0).arguments(&[&format!("--allow-gaps={spared}")]).run().exits(3);
        assert!(allowed.stdout.contains(&format!("(needs \"{name}\")")), "{}", allowed.stdout);
        let stats = desk.accord(&["stats", FILE]).run().exits(0);
        assert!(stats.stdout.contains("gaps in: "), "a gap never looks like nobody: {}", stats.stdout);
    }
}

#[test]
fn a_gap_that_is_allowed_afterwards_costs_nothing_that_was_read() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    server.set_permission(Permission::TeamsRead, false);
    server.set_permission(Permission::ApiKeysRead, false);
    let one_by_one = |gaps: &[&str]| sync(&desk, &server, 1_000.0).arguments(&["--workers=1"]).arguments(gaps).run();
    one_by_one(&[]).exits(11).tells(&["error[PERM-001]", "Teams Read"]);
    let asked_for_users = || {
        let log = server.log().into_iter().filter(|exchange| exchange.request.path.ends_with("/users"));
        let count = log.count();
        server.server().clear_log();
        count
    };
    assert_ne!(asked_for_users(), 0);

    // The gap of the teams is in the work file now, and the next refusal ends the run.
    one_by_one(&["--allow-gaps=team"]).exits(11).tells(&["resuming", "API Keys Read"]);
    assert_eq!(asked_for_users(), 0, "the users are there");
    // Who allows it no longer must not get it.
    one_by_one(&[]).exits(11).tells(&["starting afresh: the gap of teams is not allowed any more", "Teams Read"]);
    assert_ne!(asked_for_users(), 0);
    one_by_one(&["--allow-gaps=team,api-key"]).exits(3).tells(&["resuming"]);
    assert_eq!(asked_for_users(), 0);
}

#[test]
fn teams_that_are_not_collected_need_no_permission_and_are_not_advertised() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    server.set_permission(Permission::TeamsRead, false);
    desk.accord(&["sync", "datadog", "--sync-resource-types=user,role"]).against(&server).run().exits(0);
    let stats = desk.accord(&["stats", FILE, "--output=json"]).run().exits(0).json();
    let types = &stats["counts"]["resources_by_resource_type"];
    assert_eq!((types["user"].as_u64(), types["role"].as_u64(), types.get("team")), (Some(4), Some(3), None));
    assert!(server.log().iter().all(|exchange| !exchange.request.path.contains("/team")));
}

#[test]
fn both_keys_are_checked_before_anything_is_read() {
    for unknown in [Unknown::Unauthorized, Unknown::Forbidden] {
        for old_gateway in [false, true] {
            let (desk, server) = (Desk::new(), examples(Options { unknown, old_gateway, ..Options::default() }));
            for (variable, key) in [("BATON_API_KEY", "a".repeat(32)), ("BATON_APP_KEY", "b".repeat(40))] {
                let call = desk.accord(&["validate", "datadog"]).against(&server).env(variable, &key);
                let outcome = call.run();
                // An old gateway that answers 403 leaves open which of the two it is.
                let unclear = old_gateway && unknown == Unknown::Forbidden && variable == "BATON_APP_KEY";
                let (code, told) = if unclear { (11, "User Access Read") } else { (10, "Datadog refused the keys") };
                assert_eq!(outcome.code, code, "{unknown:?} {variable}: {outcome:?}");
                assert!(outcome.printed().contains(told), "{unknown:?} {variable}: {outcome:?}");
                assert!(!outcome.printed().contains(&key));
            }
            desk.accord(&["validate", "datadog"]).against(&server).run().exits(0);
        }
    }
}

#[test]
fn wrong_keys_are_told_once_whatever_the_status_and_leave_no_file() {
    for unknown in [Unknown::Unauthorized, Unknown::Forbidden] {
        let (desk, server) = (Desk::new(), examples(Options { unknown, ..Options::default() }));
        let short = "thirty-one-characters-012345678";
        let outcome = desk.accord(&["sync", "datadog"]).against(&server).env("BATON_API_KEY", short).run().exits(10);
        assert_eq!(outcome.errors(), 1);
        let outcome = outcome.tells(&[
            "error[CRED-001] Datadog refused the keys (HTTP 40",
            "where   GET https://api.datadoghq.com/api/v2/",
            "means   ",
            "do      copy both keys again",
        ]);
        assert!(outcome.stderr.contains("usually 32 characters, this one has 31"), "{}", outcome.stderr);
        // Where the status leaves open which of the two it is, a second request tells.
        let asked = if unknown == Unknown::Forbidden { 2 } else { 1 };
        assert_eq!(server.log().len(), asked, "no retries");
        assert_eq!(desk.names(), Vec::<String>::new());
    }
}
