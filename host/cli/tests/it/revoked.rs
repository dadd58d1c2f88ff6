//! A key that is taken away while a run reads: the run ends, and goes on where it was with another key.

use accord_fixtures::duo::{Fault, Options, Rule};

use crate::calm::{CALM, FILE, account, answered, sync};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn a_run_whose_key_was_revoked_goes_on_with_the_next_one() {
    let (desk, server) = (Desk::new(), account(Options::default()));
    let half = CALM.asked.len() / 2;
    server.faults().add(Rule::on("*", Fault::Revoke).after(half as u64).times(1));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(10);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    let told = [
        "error[CRED-001] Duo refused the signature (HTTP 401, code 40102 Invalid integration key in request credentials)",
        "where   GET https://127.0.0.1:",
        "file    sync.c1z not touched",
        "done    account, ",
        "left    ",
        "resume  run the same command again: ",
    ];
    outcome.tells(&told);
    let read = answered(&server);
    assert_eq!(read.len(), half);
    let refused = server.log().len() - half;
    assert!((1..=2).contains(&refused), "one for each listing that was being read, and none is tried again: {refused}");

    // The old key is worth no more than before, and costs nothing that was read.
    let new = "fixtureSecretKeyAfterTheReset00000000000";
    server.set_revoked(false);
    server.set_secret_key(new);
    let outcome = sync(&desk, &server, 1_000.0).run().exits(10);
    outcome.tells(&[
        "error[CRED-001] Duo refused the signature (HTTP 401, code 40103 ",
        "resume  run the same command again: ",
    ]);
    assert_eq!(answered(&server).len(), half);

    server.server().clear_log();
    let outcome = sync(&desk, &server, 1_000.0).env("BATON_SECRET_KEY", new).run().exits(0);
    assert!(!outcome.printed().contains(new));
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);
    // A page may have been answered to one worker while another one's refusal ended the run.
    let again: Vec<String> = answered(&server).into_iter().filter(|asked| read.contains(asked)).collect();
    assert!(again.len() <= 1, "{again:?}");
    assert_eq!(answered(&server).len(), CALM.asked.len() - half + again.len());
    assert_eq!(desk.names(), [FILE]);
}
