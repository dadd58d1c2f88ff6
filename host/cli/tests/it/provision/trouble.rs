//! Calls that end without a result: nothing that is half done goes unsaid, and nothing is called twice.

use accord_fixtures::steward::StewardServer;

use super::accounts::create;
use crate::support::Desk;

#[test]
fn a_connector_that_fails_after_a_write_leaves_nothing_unsaid() {
    for (mode, code, told) in [
        ("panic-after-write", 15, "error[GUEST-001] plugin 'steward' panicked"),
        ("undeclared-row", 15, "error[ROWS-001]"),
        ("unmade-secret", 15, "names the secret `token`, which is none that was made"),
    ] {
        let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
        let outcome =
            create(&desk, &server).env("BATON_MODE", mode).arguments(&["--show-credentials"]).run().exits(code);
        let outcome = outcome.tells(&[told, "sent    POST https://", "/v1/accounts: answered 201"]);
        let unknown = "target  nobody knows whether the account exists now";
        let outcome = outcome.tells(&[unknown, "do      look at the target, or run the same command again"]);
        assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
        assert_eq!(server.writes(), ["POST /v1/accounts"], "a lost instance is not called again");
        assert!(!outcome.printed().contains(server.token()));
    }
}

#[test]
fn what_the_connector_itself_tells_stands_with_what_was_sent() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let call = create(&desk, &server).env("BATON_MODE", "fail-after-write").arguments(&["--new-password=none"]);
    let outcome = call.run().exits(13);
    outcome.tells(&["error[HTTP-001] something else failed", "sent    POST https://", "/v1/accounts: answered 201"]);
}

#[test]
fn a_write_of_another_export_is_refused_and_told() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let call = create(&desk, &server).env("BATON_MODE", "delete-while-creating").arguments(&["--new-password=none"]);
    let outcome = call.run().exits(15);
    outcome.tells(&[
        "error[POLICY-004] plugin 'steward' asked for DELETE",
        "during create-account, its manifest allows that only during delete-resource",
        "target  not changed",
    ]);
    assert_eq!(server.writes(), Vec::<String>::new());
}
