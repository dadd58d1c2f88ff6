//! What permits a change, what forbids it, and what a dry run shows of it.

use super::{GROUP, LI, MEMBER, change, is_member, writes};
use crate::support::{Desk, duo};

#[test]
fn naming_a_change_is_leave_and_an_explicit_no_forbids_it() {
    let (desk, server) = (Desk::new(), duo());
    for value in ["false", "FALSE", "0", "\"false\"", "'f'"] {
        let outcome = change(&desk, &server, "grant", LI).env("BATON_PROVISIONING", value).run().exits(2);
        outcome
            .tells(&["error[PROV-002] changes are forbidden: BATON_PROVISIONING is false", "do      set it to true"]);
    }
    let outcome = change(&desk, &server, "grant", LI).arguments(&["--provisioning=false"]).run().exits(2);
    outcome.tells(&["changes are forbidden: --provisioning is false"]);
    desk.write(".baton.yaml", "provisioning: false\n");
    let outcome = change(&desk, &server, "grant", LI).run().exits(2);
    outcome.tells(&["changes are forbidden: ", ".baton.yaml:1 is false"]);
    desk.write(".baton.yaml", "");
    let outcome = change(&desk, &server, "grant", LI).env("BATON_PROVISIONING", "maybe").run().exits(2);
    outcome.tells(&["BATON_PROVISIONING", "is `maybe`, and can be true or false"]);
    assert_eq!(server.server().connections(), 0, "nobody was asked");

    for value in ["true", "\"true\"", "'true'", "True", "1", "t", ""] {
        change(&desk, &server, "grant", LI).env("BATON_PROVISIONING", value).run().exits(0);
        change(&desk, &server, "revoke", LI).env("BATON_PROVISIONING", value).run().exits(0);
    }
    change(&desk, &server, "grant", LI).arguments(&["-p"]).run().exits(0);
}

/// It reads, and stops before the first write.
#[test]
fn a_dry_run_shows_the_write_and_does_not_send_it() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = change(&desk, &server, "grant", LI).arguments(&["--dry-run"]).run().exits(0);
    let url = format!("https://{}/admin/v1/users/{LI}/groups", server.host());
    assert_eq!(
        outcome.stdout,
        format!(
            "grant would send:\n  POST {url}\n  signed by the credential `admin-api`\n  content-type: application/json\n  \
             {{\"group_id\":\"{GROUP}\"}}\nnone of it was sent; what else would follow depends on the answer\n"
        )
    );
    assert!(writes(&server).is_empty());
    assert!(!server.log().is_empty(), "what only reads is sent");
    assert!(!is_member(&server, LI));

    // It changes nothing, so it may run where changes are forbidden.
    let dry = change(&desk, &server, "grant", LI).arguments(&["--dry-run", "--output=json"]);
    let told = dry.env("BATON_PROVISIONING", "false").run().exits(0).json();
    assert_eq!(told["outcome"], "planned");
    assert_eq!(told["requests"][0]["method"], "POST");
    assert_eq!(told["requests"][0]["url"], url);
    assert_eq!(told["requests"][0]["body"], format!("{{\"group_id\":\"{GROUP}\"}}"));
    assert!(!told.to_string().contains(&server.keys().secret_key));

    change(&desk, &server, "grant", LI).run().exits(0);
    let nothing_to_do = change(&desk, &server, "grant", LI).arguments(&["--dry-run"]).run().exits(0);
    assert_eq!(nothing_to_do.stdout, format!("already granted: user {LI}: {MEMBER}\n"));
    let revoke = change(&desk, &server, "revoke", LI).arguments(&["--dry-run"]).run().exits(0);
    assert!(revoke.stdout.contains(&format!("  DELETE {url}/{GROUP}\n")), "{}", revoke.stdout);
    assert!(is_member(&server, LI));
}

#[test]
fn help_says_what_a_dry_run_sends() {
    for verb in ["grant", "revoke"] {
        let outcome = Desk::new().accord(&[verb, "duo", "--help"]).env("COLUMNS", "120").run().exits(0);
        assert!(outcome.stdout.contains("what only reads is sent"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("Examples:"), "{}", outcome.stdout);
    }
}

#[test]
fn a_connector_that_only_reads_says_so() {
    let grant = ["--entitlement=cluster:1:admin", "--principal-type=user", "--principal=1"];
    let told = ["error[PROV-001] `aks` is read-only: its connector changes nothing", "do      make the change in "];
    Desk::new().accord(&["grant", "aks"]).arguments(&grant).run().exits(2).tells(&told);
    Desk::new().connector("aks", &["--revoke-grant=x"]).run().exits(2).tells(&told);
    Desk::new().accord(&["account", "create", "aks"]).run().exits(2).tells(&told);
    let outcome = Desk::new().accord(&["action", "list", "aks"]).run().exits(0);
    assert_eq!(outcome.stdout, "aks offers no actions\n");
}
