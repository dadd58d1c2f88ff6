//! A network that goes away, breaks off or lies about who answers: what can pass is waited out, what cannot is told for
//! what it is, and no byte that was lost on the way changes the file.

use std::collections::BTreeSet;

use accord_fixtures::duo::{DuoServer, Fault, Options, Rule};
use accord_fixtures::server::Door;
use accord_fixtures::world::Random;

use crate::calm::{CALM, FILE, account, sync};
use crate::rows::Rows;
use crate::support::{Call, Desk};
use crate::trouble;

#[test]
fn a_network_that_comes_back_is_waited_for() {
    trouble::a_network_that_comes_back_is_waited_for::<DuoServer>();
}

#[test]
fn a_network_that_stays_away_ends_the_run_and_the_next_one_asks_for_the_rest_only() {
    let outcome = trouble::a_network_that_stays_away_ends_the_run::<DuoServer>();
    outcome.tells(&["error[NET-001] 127.0.0.1:", "done    account, "]);
}

/// How a run tells that it got no answer from Duo. It must have these words, and leave nothing behind.
#[track_caller]
fn unanswered(prepare: impl FnOnce(&DuoServer), words: &[&str]) -> String {
    unanswered_with(prepare, |call| call, words)
}

#[track_caller]
fn unanswered_with(prepare: impl FnOnce(&DuoServer), change: impl FnOnce(Call) -> Call, words: &[&str]) -> String {
    let (desk, server) = (Desk::new(), account(Options::default()));
    prepare(&server);
    let outcome = change(sync(&desk, &server, 1_000.0)).run().exits(13).tells(words);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    assert!(desk.names().is_empty(), "{:?}", desk.names());
    let (_, error) = outcome.stderr.split_once("error[").unwrap();
    error.replace(&server.host(), "HOST")
}

#[test]
fn each_way_not_to_be_reached_has_its_own_words() {
    let other = account(Options::default());
    let always = |fault: Fault| move |server: &DuoServer| server.faults().add(Rule::on("*", fault));
    let door = |door: Door| move |server: &DuoServer| server.server().set_door(door);
    let told = [
        unanswered_with(
            |_| {},
            |call| call.env("BATON_API_HOSTNAME", "api-fixture1.invalid"),
            &["error[HTTP-001] the host name of Duo cannot be resolved: api-fixture1.invalid", "check `api-hostname`"],
        ),
        unanswered(
            door(Door::Closed),
            &["error[NET-001] 127.0.0.1:", "out of reach for", "refused", "do      check that the host is up"],
        ),
        unanswered(
            door(Door::Dropped),
            &["error[NET-001] 127.0.0.1:", "means   the connection broke (nothing was sent)", "proxy and the firewall"],
        ),
        unanswered(
            door(Door::Garbled),
            &["error[HTTP-001] no trusted TLS connection to Duo: what answers there does not speak TLS"],
        ),
        unanswered_with(
            |_| {},
            |call| call.env("SSL_CERT_FILE", other.ca_file()),
            &["error[HTTP-001] no trusted TLS connection to Duo: invalid peer certificate: ", "--ca-cert trusts"],
        ),
        unanswered(always(Fault::CutAfter(0)), &["error[HTTP-001] the connection to Duo broke\n  where   GET "]),
        unanswered(
            always(Fault::Html(200)),
            &["error[HTTP-003] Duo answered HTTP 200 with text/html, not with JSON", "where   GET https://127.0.0.1:"],
        ),
        unanswered(always(Fault::Html(502)), &["error[HTTP-001] Duo failed (HTTP 502, text/html)", "where   GET "]),
    ];
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len(), "{told:#?}");
}

/// Syncs while each page of groups is spoilt once, and compares with the calm.
#[track_caller]
fn comes_out_all_the_same(faults: impl IntoIterator<Item = Fault>) {
    let (desk, server) = (Desk::new(), account(Options::default()));
    let mut count = 0;
    for (place, fault) in (0..).zip(faults) {
        // Each page is asked for twice: it is spoilt at first.
        server.faults().add(Rule::on("/admin/v1/groups", fault).after(2 * place).times(1));
        count += 1;
    }
    sync(&desk, &server, 1_000.0).run().exits(0);
    assert_eq!(server.log_of("/admin/v1/groups").len(), 48 + count, "each fault struck and was passed by");
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn an_answer_may_break_off_at_any_byte() {
    // A page of three groups: 220 bytes of head, 500 and more of body.
    let mut random = Random::new(20_260_805);
    let somewhere: Vec<u64> = [0, 1, 15, 16].into_iter().chain((0..44).map(|_| random.below(700) as u64)).collect();
    comes_out_all_the_same(somewhere.into_iter().map(Fault::CutAfter));
}

#[test]
fn an_answer_may_be_cut_short_without_a_word() {
    let mut random = Random::new(20_260_806);
    let somewhere: Vec<usize> = [0, 1, 2].into_iter().chain((0..13).map(|_| random.below(480))).collect();
    comes_out_all_the_same(somewhere.into_iter().map(Fault::Truncate));
}
