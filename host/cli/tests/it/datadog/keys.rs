//! Keys that are taken away while a run reads: the run ends, and goes on where it was with other keys.

use accord_fixtures::datadog::{Fault, Keys, Options, Rule, Unknown};

use super::{CALM, CUT_OFF, FILE, answered, organization, sync};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn a_run_whose_keys_were_revoked_goes_on_with_the_next_ones() {
    for unknown in [Unknown::Unauthorized, Unknown::Forbidden] {
        let (desk, server) = (Desk::new(), organization(Options { unknown, ..Options::default() }));
        let half = CALM.asked.len() / 2;
        server.faults().add(Rule::on("*", Fault::Revoke).after(half as u64).times(1));
        let outcome = sync(&desk, &server, 1_000.0).run().exits(10);
        assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
        outcome.tells(&[
            "error[CRED-001] Datadog refused the keys (HTTP 40",
            "where   GET https://api.datadoghq.com/",
            "file    sync.c1z not touched",
            "done    ",
            "left    ",
            "resume  run the same command again: ",
        ]);
        let read = answered(&server);
        assert_eq!(read.len(), half);

        let new = Keys { api_key: "0123456789abcdef0123456789abcdef".to_owned(), app_key: "n".repeat(40) };
        server.set_revoked(false);
        server.set_keys(new.clone());
        sync(&desk, &server, 1_000.0).run().exits(10);
        assert_eq!(answered(&server).len(), half, "the old keys are worth no more than before");

        server.server().clear_log();
        let call = sync(&desk, &server, 1_000.0).env("BATON_API_KEY", &new.api_key).env("BATON_APP_KEY", &new.app_key);
        let outcome = call.run().exits(0);
        assert!(!outcome.printed().contains(&new.api_key) && !outcome.printed().contains(&new.app_key));
        assert!(Rows::of(&desk, FILE) == CALM.rows, "other rows than without the stop");
        let again: Vec<String> = answered(&server).into_iter().filter(|asked| read.contains(asked)).collect();
        assert!(again.len() <= CUT_OFF, "{again:?}");
        assert_eq!(answered(&server).len(), CALM.asked.len() - half + again.len());
        assert_eq!(desk.names(), [FILE]);
    }
}
