//! In the place of a connector: what `baton-privx` takes, prints and refuses.

use accord_fixtures::privx::World;

use super::{FILE, examples};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn it_says_what_it_is_and_can() {
    let desk = Desk::new();
    assert_eq!(desk.connector("privx", &["-v"]).run().exits(0).stdout, "baton-privx version 0.1.0\n");
    let outcome = desk.connector("privx", &["capabilities"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("../golden/privx-capabilities.json").trim_end());
    let outcome = desk.connector("privx", &["config"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("../golden/privx-config.json").trim_end());
}

#[test]
fn whoever_inspects_it_sees_what_it_may_ask_for_and_what_is_withheld() {
    let outcome = Desk::new().accord(&["plugin", "inspect", "privx"]).run().exits(0);
    for line in [
        "POST  <base-url>/role-store/api/v1/users/search",
        "6 members of the answer withheld",
        "PUT   <base-url>/role-store/api/v1/users/*/roles",
        "api-client-secret, oauth-client-secret (kept in the host, never seen by the plugin)",
    ] {
        assert!(outcome.stdout.contains(line), "{line} in {}", outcome.stdout);
    }
    assert_eq!(outcome.stdout.matches("only for grant, revoke").count(), 1, "{}", outcome.stdout);
}

#[test]
fn in_a_connectors_place_the_task_completes() {
    let (desk, server) = (Desk::new(), examples());
    let outcome = desk.connector("privx", &[]).against(&server).run().exits(0);
    assert_eq!(outcome.stdout, "Task complete!\n");
    assert!(outcome.stderr.contains("\"msg\":\"Sync complete.\""), "{}", outcome.stderr);
    Rows::of(&desk, FILE).are(&server.expected());

    let pairs = server.pairs();
    let flags = [
        ("--base-url", server.base_url()),
        ("--api-client-id", pairs.api_client_id.clone()),
        ("--api-client-secret", pairs.api_client_secret.clone()),
        ("--oauth-client-id", pairs.oauth_client_id.clone()),
        ("--oauth-client-secret", pairs.oauth_client_secret.clone()),
        ("--file", "by-flags.c1z".to_owned()),
    ];
    let flags: Vec<&str> = flags.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
    let call = desk.connector("privx", &flags).env("SSL_CERT_FILE", server.ca_file());
    let outcome = call.env("ACCORD_ALLOW_ADDRESS", "127.0.0.0/8").run().exits(0);
    assert!(!outcome.printed().contains(&pairs.api_client_secret));
    Rows::of(&desk, "by-flags.c1z").are(&server.expected());
}

#[test]
fn ids_are_those_that_earlier_files_have() {
    let (desk, server) = (Desk::new(), examples());
    desk.connector("privx", &[]).against(&server).run().exits(0);
    let expected = server.expected();
    let (role, user) = (World::OPERATORS, World::MIKA);
    assert!(expected.entitlements.contains(&format!("role:{role}:assigned")));
    assert!(expected.grants.contains(&format!("role:{role}:assigned:user:{user}")));
    Rows::of(&desk, FILE).are(&expected);
}
