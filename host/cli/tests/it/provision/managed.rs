//! What Duo does not let anybody change here: groups of a directory, and users on their way out.

use accord_fixtures::duo::{DuoServer, Options, World};

use super::{GROUP, LI, MARIA, change, is_member, writes};
use crate::support::{Desk, duo};

#[test]
fn a_group_that_a_directory_manages_is_refused_in_duos_own_words() {
    let mut world = World::vendor_examples();
    world.directory_groups.insert(GROUP.to_owned());
    let (desk, server) = (Desk::new(), DuoServer::start(world, Options::default()).unwrap());
    for (verb, user) in [("grant", LI), ("revoke", MARIA)] {
        let outcome = change(&desk, &server, verb, user).run().exits(2);
        let words = "code 40002 Invalid request parameters: a directory sync manages this group";
        let outcome = outcome.tells(&[words, "where   ", ": answered 400"]);
        assert_eq!(outcome.errors(), 1);
    }
    assert!(is_member(&server, MARIA) && !is_member(&server, LI));
}

#[test]
fn a_user_who_is_pending_deletion_is_given_nothing() {
    let (desk, server) = (Desk::new(), duo());
    let leaving = "DUAAAAAAAAAAAAAAAAA5";
    let outcome = change(&desk, &server, "grant", leaving).run().exits(2);
    outcome.tells(&["is pending deletion", "do      restore the user in Duo's admin panel", "target  not changed"]);
    assert!(writes(&server).is_empty());
}
