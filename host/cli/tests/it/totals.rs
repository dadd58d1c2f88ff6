//! A listing that holds less than the target says: it is read once more, and is never taken for whole.

use accord_fixtures::duo::{DuoServer, Fault, Lie, Options, Rule};

use crate::calm::{CALM, FILE, account, answered, sync};
use crate::rows::Rows;
use crate::support::{Desk, duo};

const GROUPS: &str = "/admin/v1/groups";

fn too_many(server: &DuoServer) {
    server.faults().add(Rule::on(GROUPS, Fault::Lie(Lie::Total(999))));
}

#[test]
fn a_listing_that_stays_short_is_listed_again_once_and_fails_by_name() {
    let (desk, server) = (Desk::new(), account(Options::default()));
    too_many(&server);
    let pages = CALM.asked.iter().filter(|asked| asked.starts_with(GROUPS)).count();
    let short = "groups is incomplete: it ended with 144 of 999 items, twice";
    // Each run finds it so: what the one before left is not taken for a whole listing, and gets one more reading.
    for readings in [2, 1, 1, 1, 1] {
        server.server().clear_log();
        let outcome = sync(&desk, &server, 1_000.0).run().exits(13);
        assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
        outcome.tells(&[
            "beginning again: it ended with 144 of 999 items",
            &format!("error[HTTP-005] {short}"),
            "where   groups",
            "means   the target tells of more than it shows",
            "do      run the same command again later",
            "file    sync.c1z not touched",
            "resume  run the same command again",
        ]);
        assert_eq!(server.log_of(GROUPS).len(), readings * pages);
        assert!(!desk.path(FILE).exists());
    }
    server.faults().clear();
    sync(&desk, &server, 1_000.0).run().exits(0);
    assert_eq!(Rows::of(&desk, FILE).without_coverage(), CALM.rows.without_coverage());
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn a_listing_that_was_short_once_is_whole_after_a_second_reading() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on(GROUPS, Fault::Lie(Lie::Total(4))).times(1));
    sync(&desk, &server, 1_000.0).run().exits(0).tells(&["beginning again: it ended with 3 of 4 items"]);
    Rows::of(&desk, FILE).are(&server.expected());
    assert_eq!(server.log_of(GROUPS).len(), 2);
}

#[test]
fn a_total_that_is_too_small_is_no_reason_to_doubt() {
    for total in [0, 1] {
        let (desk, server) = (Desk::new(), account(Options::default()));
        server.faults().add(Rule::on("*", Fault::Lie(Lie::Total(total))));
        sync(&desk, &server, 1_000.0).run().exits(0);
        assert_eq!(Rows::of(&desk, FILE).without_coverage(), CALM.rows.without_coverage());
        assert_eq!(answered(&server).len(), CALM.asked.len());
    }
}
