//! A connector that means harm, whose manifest lets it write while it grants: nowhere else it can.

use accord_fixtures::victim::Victim;

use crate::hostile::hostile;
use crate::support::{Call, Desk, Outcome};

/// What the guest tries while it is asked to grant.
fn granting(desk: &Desk, victim: &Victim, mode: &str) -> Call {
    let ids = ["--entitlement=person:1:friend", "--principal-type=person", "--principal=2"];
    let call = desk.accord(&["grant", "hostile"]).arguments(&ids);
    let call = call.env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir());
    victim.environment(mode).into_iter().fold(call, |call, (name, value)| call.env(name, value))
}

#[track_caller]
fn refused(victim: &Victim, outcome: Outcome, told: &[&str]) {
    let outcome = outcome.exits(15).tells(told);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    assert_eq!(victim.allowed().connections() + victim.evil().connections(), 0, "not one packet");
    assert!(!outcome.printed().contains(victim.token()));
}

#[test]
fn a_run_that_only_reads_cannot_write_whatever_the_guest_does() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    for provisioning in ["", "true", "false"] {
        let outcome = hostile(&desk, &victim, "write-while-reading").env("BATON_PROVISIONING", provisioning).run();
        let asked = format!("POST https://{}/v1/friends", victim.allowed().address());
        let told = format!(
            "error[POLICY-004] plugin 'hostile' asked for {asked} without provisioning, its manifest allows that only during grant"
        );
        refused(&victim, outcome, &[&told, "where   POST /v1/friends (read, mischief page 0)"]);
        assert_eq!(desk.names(), Vec::<String>::new(), "nothing is written");
    }
    let call = desk.accord(&["validate", "hostile"]).env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir());
    let environment = victim.environment("write-while-validating");
    let call = environment.into_iter().fold(call, |call, (name, value)| call.env(name, value));
    refused(&victim, call.run(), &["error[POLICY-004]", "without provisioning"]);
}

#[test]
fn a_call_can_write_only_what_its_own_export_may() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    for (mode, code) in [
        ("revoke-while-granting", "error[POLICY-004] plugin 'hostile' asked for DELETE"),
        ("write-elsewhere", "error[POLICY-003]"),
        ("write-undeclared", "error[POLICY-002]"),
        ("write-the-token", "error[POLICY-001]"),
        ("write-while-connecting", "error[POLICY-004]"),
        ("announce-elsewhere", "error[POLICY-003] plugin 'hostile' tried to reach evil.example:443"),
        ("announce-undeclared", "error[POLICY-002]"),
        ("announce-a-revoke", "error[POLICY-004] plugin 'hostile' asked for DELETE"),
        ("announce-too-many", "error[LIMIT-004] plugin 'hostile' sent 65 requests in one call"),
    ] {
        refused(&victim, granting(&desk, &victim, mode).run(), &[code]);
        let dry = granting(&desk, &victim, mode).arguments(&["--dry-run"]).run();
        refused(&victim, dry, &[code]);
    }
    let outcome = granting(&desk, &victim, "revoke-while-granting").run();
    outcome.tells(&["during grant, its manifest allows that only during revoke", "target  not changed"]);
}

#[test]
fn a_dry_run_sends_no_write_whatever_the_guest_does() {
    let (desk, victim) = (Desk::new(), Victim::start().unwrap());
    for (mode, requests) in [("write", 1), ("write-on-and-on", 1), ("announce", 2)] {
        let told = granting(&desk, &victim, mode).arguments(&["--dry-run", "--output=json"]).run().exits(0).json();
        assert_eq!(told["outcome"], "planned");
        assert_eq!(told["requests"].as_array().unwrap().len(), requests, "{told}");
        assert_eq!(victim.allowed().connections(), 0);
    }
    for mode in ["write", "announce"] {
        granting(&desk, &victim, mode).run().exits(0);
    }
    let log = victim.allowed().log();
    let asked: Vec<_> = log.iter().map(|exchange| exchange.request.method.as_str()).collect();
    assert_eq!(asked, ["POST", "POST"], "what is announced is not sent");
}
