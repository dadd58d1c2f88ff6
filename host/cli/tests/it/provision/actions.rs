//! What a connector offers beside grants and accounts: listed, run, and asked about.

use accord_fixtures::loopback::Fixture as _;
use accord_fixtures::steward::StewardServer;

use super::accounts::{create, steward};
use crate::support::Desk;

#[test]
fn actions_are_listed_from_the_manifest_alone() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let outcome = steward(&desk, &server, &["action", "list", "steward"]).run().exits(0);
    assert_eq!(
        outcome.stdout,
        "ACTION   TAKES            WHAT IT DOES\nsuspend  account, [days]  Suspends an account for some days.\n"
    );
    let told = steward(&desk, &server, &["action", "list", "steward", "--output=json"]).run().exits(0).json();
    let action = &told["actions"][0];
    assert_eq!((&action["name"], &action["types"][0]), (&"suspend".into(), &"account-disable".into()));
    assert_eq!(action["arguments"][0]["kind"], "resource");
    assert_eq!(action["arguments"][0]["resource_types"][0], "account");
    let schemas = desk.connector("steward", &["--list-action-schemas"]);
    let schemas = schemas.env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir());
    assert_eq!(schemas.run().exits(0).json(), told);
    assert_eq!(server.server().connections(), 0);
}

#[test]
fn an_action_is_run_and_asked_about() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    create(&desk, &server).arguments(&["--new-password=none"]).run().exits(0);
    let run = |arguments: &[&str]| {
        steward(&desk, &server, &["action", "run", "steward", "suspend"]).arguments(arguments).run()
    };
    run(&["--set=days=3"]).exits(2).tells(&[
        "error[PROV-001] `account` is missing",
        "do      `suspend` takes account (the id of a account, required)",
    ]);
    let dry = run(&["--set=account=mhall", "--set=days=3", "--dry-run"]).exits(0);
    assert!(dry.stdout.contains("  {\"days\":3}\n"), "{}", dry.stdout);
    assert_eq!(server.accounts()["mhall"].get("days"), None);
    let outcome = run(&["--set=account=mhall", "--set=days=3"]).exits(0);
    assert_eq!(outcome.stdout, "action running: run suspension-mhall\n  days: 3\n");
    assert_eq!(server.accounts()["mhall"]["days"], 3);
    let status = |id: &str| steward(&desk, &server, &["action", "status", "steward", "suspend", id]);
    // Asking changes nothing, so it may be asked where changes are forbidden.
    let outcome = status("suspension-mhall").env("BATON_PROVISIONING", "false").run().exits(0);
    assert_eq!(outcome.stdout, "action complete: run suspension-mhall\n");
    let gone = status("suspension-nobody").run().exits(13);
    assert_eq!(gone.stdout, "action failed: run suspension-nobody\n  the account is gone\n");
    let call = desk.connector("steward", &["--invoke-action=suspend", "--invoke-action-args={\"account\": \"mhall\"}"]);
    let call = call.against(&server).env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir());
    let action = &call.run().exits(0).json()["action"];
    assert_eq!((&action["id"], &action["state"]), (&"suspension-mhall".into(), &"complete".into()));
    let outcome = run(&["--set=account=mhall", "--set=days=3", "--until-done"]).exits(0);
    assert_eq!(outcome.stdout, "action complete: run suspension-mhall\n");
    let failing = steward(&desk, &server, &["action", "run", "steward", "suspend", "--set=account=mhall"]);
    let outcome = failing.env("BATON_MODE", "failing-action").run().exits(13);
    assert!(outcome.stdout.contains("action failed") && outcome.stdout.contains("the account is protected"));
    steward(&desk, &server, &["action", "run", "steward", "promote"])
        .run()
        .exits(2)
        .tells(&["`steward` has no action `promote`", "do      name one of `suspend`"]);
}
