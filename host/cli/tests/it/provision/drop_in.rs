//! In a connector's place: the flags by which its users ask for a change in place of a sync.

use super::{GROUP, LI, MARIA, MEMBER, is_member, writes};
use crate::support::{Desk, duo};

const GRANT: [&str; 6] = ["--grant-entitlement", MEMBER, "--grant-principal", LI, "--grant-principal-type", "user"];

#[test]
fn the_flags_of_connectors_grant_and_revoke() {
    let (desk, server) = (Desk::new(), duo());
    desk.connector("duo", &["-f", "sync.c1z"]).against(&server).run().exits(0);
    let before = std::fs::read(desk.path("sync.c1z")).unwrap();
    let told = desk.connector("duo", &GRANT).against(&server).run().exits(0).json();
    assert_eq!((&told["operation"], &told["outcome"]), (&"grant".into(), &"granted".into()));
    assert!(is_member(&server, LI));
    let told = desk.connector("duo", &GRANT).against(&server).run().exits(0).json();
    assert_eq!(told["annotations"], serde_json::json!(["GrantAlreadyExists"]));
    let grant = format!("{MEMBER}:user:{MARIA}");
    let told = desk.connector("duo", &["--revoke-grant", &grant]).against(&server).run().exits(0).json();
    assert_eq!((&told["operation"], &told["outcome"]), (&"revoke".into(), &"revoked".into()));
    assert!(!is_member(&server, MARIA));
    assert_eq!(std::fs::read(desk.path("sync.c1z")).unwrap(), before, "the file is only read");
    // A grant that came after the file is not in it.
    let grant = format!("{MEMBER}:user:{LI}");
    let outcome = desk.connector("duo", &["--revoke-grant", &grant]).against(&server).run().exits(2);
    outcome.tells(&["has no grant `", "do      ", "or      what was granted since is revoked by "]);
}

#[test]
fn without_a_file_ids_of_the_usual_form_do() {
    let (desk, server) = (Desk::new(), duo());
    desk.connector("duo", &GRANT).against(&server).run().exits(0);
    let grant = format!("{MEMBER}:user:{LI}");
    desk.connector("duo", &["--revoke-grant", &grant]).against(&server).run().exits(0);
    assert_eq!(writes(&server).len(), 2);
    let outcome = desk.connector("duo", &GRANT[..4]).against(&server).run().exits(2);
    outcome.tells(&["the principal's resource type is not known", "do      say it with --grant-principal-type: "]);
    let named = desk.connector("duo", &GRANT).arguments(&["-f", "no.c1z"]).against(&server);
    named.run().exits(14).tells(&["`no.c1z` cannot be read"]);
}

#[test]
fn variables_ask_as_flags_do_and_an_explicit_no_forbids() {
    let (desk, server) = (Desk::new(), duo());
    let asked = || {
        let call = desk.connector("duo", &[]).against(&server).env("BATON_GRANT_ENTITLEMENT", MEMBER);
        call.env("BATON_GRANT_PRINCIPAL", LI).env("BATON_GRANT_PRINCIPAL_TYPE", "user")
    };
    asked().env("BATON_PROVISIONING", "false").run().exits(2).tells(&["changes are forbidden: BATON_PROVISIONING"]);
    assert_eq!(server.server().connections(), 0);
    asked().run().exits(0);
    assert!(is_member(&server, LI));
    assert!(!desk.path("sync.c1z").exists(), "no sync ran");
    let dry = desk.connector("duo", &["--revoke-grant", &format!("{MEMBER}:user:{LI}"), "--dry-run"]);
    let told = dry.against(&server).run().exits(0).json();
    assert_eq!(told["outcome"], "planned");
    assert!(told["requests"][0]["url"].as_str().unwrap().ends_with(&format!("/groups/{GROUP}")));
}

#[test]
fn flags_that_belong_together_or_exclude_each_other_are_told() {
    let desk = Desk::new();
    for (arguments, told) in [
        (
            &["--grant-entitlement=e"][..],
            "[grant-entitlement grant-principal] are set they must all be set; missing [grant-principal]",
        ),
        (
            &["--grant-principal=p"],
            "[grant-entitlement grant-principal] are set they must all be set; missing [grant-entitlement]",
        ),
        (&["--delete-resource-type=user"], "missing [delete-resource]"),
        (
            &["--revoke-grant=g", "--delete-resource=r"],
            "none of the others can be; [revoke-grant delete-resource] were all set",
        ),
        (&["--create-account-profile={"], "--create-account-profile should be a JSON object"),
        (&["--event-feed=true"], "--event-feed asks for event feeds, which this version does not do"),
        (&["--invoke-resource-action=x"], "--invoke-resource-action asks for actions by flags that no connector"),
    ] {
        let outcome = desk.connector("duo", arguments).run().exits(2);
        assert!(outcome.stderr.contains(told), "{told} in {}", outcome.stderr);
    }
}

#[test]
fn what_duo_does_not_offer_is_refused_with_the_reason() {
    let (desk, server) = (Desk::new(), duo());
    for (arguments, told) in [
        (&["--create-account-login=x"][..], "`duo` creates no accounts"),
        (&["--create-account-email=x@example.com"], "`duo` creates no accounts"),
        (&["--delete-resource=x", "--delete-resource-type=user"], "`duo` deletes no `user`"),
        (&["--delete-resource=x"], "`duo` deletes no resource"),
        (&["--rotate-credentials=x"], "`duo` rotates the credentials of no resource"),
        (&["--rotate-credentials=x", "--rotate-credentials-type=user"], "`duo` rotates the credentials of no `user`"),
        (&["--invoke-action=unlock"], "`duo` has no action `unlock`"),
    ] {
        let outcome = desk.connector("duo", arguments).against(&server).run().exits(2);
        let outcome = outcome.tells(&["error[PROV-001]", told, "do      "]);
        assert_eq!(outcome.errors(), 1);
    }
    let told = desk.connector("duo", &["--list-action-schemas"]).run().exits(0).json();
    assert_eq!(told["actions"], serde_json::json!([]));
    assert_eq!(server.server().connections(), 0);
}
