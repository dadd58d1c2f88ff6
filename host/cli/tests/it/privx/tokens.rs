//! One token for all, renewed before it ends and after one refusal; a client that is shut out ends the run, and the next
//! one goes on with what it is given.

use std::time::Duration;

use accord_fixtures::privx::{Fault, Options, PrivxServer, Refusal, Rule};

use super::{CALM, FILE, ROLES, TOKEN, USERS, answered, examples, lasting, many_pages, members_of, scaled, sync};
use crate::rows::Rows;
use crate::support::Desk;

/// Ten seconds last one: what is left of a token when it is renewed is more than a busy machine makes of a request.
const SCALE: f64 = 10.0;

/// An installation of many pages, each of which takes two pieces of time.
fn slow(token_seconds: u64, apart: Duration) -> PrivxServer {
    let server = many_pages(Options { token_seconds, time_scale: SCALE, ..Options::default() });
    for path in [USERS, ROLES, &members_of("*"), "/role-store/api/v1/users/*/roles"] {
        server.faults().add(Rule::on(path, Fault::Trickle { pieces: 2, apart }));
    }
    server
}

/// Runs a sync that outlives its tokens, and fails the test if any request was made with one that had ended.
#[track_caller]
fn outlives(token_seconds: u64, apart: Duration) {
    let (desk, server) = (Desk::new(), slow(token_seconds, apart));
    scaled(&desk, &server, SCALE).run().exits(0);
    let refused: Vec<_> = server.log().into_iter().filter(|exchange| exchange.status == 401).collect();
    assert!(refused.is_empty(), "{} requests came too late", refused.len());
    let tokens: Vec<Duration> = server.log_of(TOKEN).iter().map(|exchange| exchange.request.at).collect();
    assert!(tokens.len() > 2, "{tokens:?}");
    let lifetime = Duration::from_secs(token_seconds);
    let lives: Vec<Duration> = tokens.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Whoever needs a token first asks for it; nobody else does meanwhile.
    assert!(lives.iter().all(|life| *life >= lifetime / 2 - Duration::from_secs(1)), "{lives:?}");
    // A busy machine may be late once, but not always.
    assert!(lives.iter().any(|life| *life < lifetime), "renewed at its end: {lives:?}");
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);
}

#[test]
fn a_token_is_renewed_before_it_ends_and_by_one_alone() {
    // Some hundred pages of three and a half seconds: more than two lives.
    outlives(60, Duration::from_millis(1_750));
}

#[test]
fn a_token_of_twenty_seconds_serves_a_sync_of_a_minute() {
    outlives(20, Duration::from_millis(700));
}

#[test]
fn a_token_that_is_taken_back_is_replaced_once_also_for_a_search() {
    for path in [USERS, ROLES] {
        let (desk, server) = (Desk::new(), examples());
        let refused = Fault::Fail(Refusal::unauthorized("access token revoked"));
        server.faults().add(Rule::on(path, refused).times(1));
        sync(&desk, &server).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
        let asked = server.log_of(path);
        assert_eq!(asked[0].status, 401);
        assert_eq!(asked[1].request.body, asked[0].request.body, "a search keeps its body");
        assert_ne!(asked[1].request.header("authorization"), asked[0].request.header("authorization"));
        assert_eq!(server.log_of(TOKEN).len(), 2);
    }
}

#[test]
fn tokens_that_are_never_taken_end_the_run() {
    let (desk, server) = (Desk::new(), examples());
    server.faults().add(Rule::on(USERS, Fault::Fail(Refusal::unauthorized("wrong audience"))));
    let outcome = sync(&desk, &server).run().exits(10);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&[
        "error[CRED-001] PrivX refused the access token that it gave (HTTP 401, UNAUTHORIZED wrong audience)",
    ]);
    assert_eq!(server.log_of(TOKEN).len(), 2, "one new token, no more");
}

#[test]
fn a_token_endpoint_that_stumbles_is_asked_again() {
    let faults = [Fault::Html(502), Fault::Truncate(40), Fault::CutAfter(10), Fault::Html(200)];
    for fault in faults {
        let (desk, server) = (Desk::new(), examples());
        server.faults().add(Rule::on(TOKEN, fault.clone()).times(2));
        scaled(&desk, &server, 100.0).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
        assert!(server.log_of(TOKEN).len() >= 3, "{fault:?}");
    }
}

#[test]
fn a_run_whose_client_was_deleted_goes_on_with_another_secret() {
    let (desk, server) = (Desk::new(), many_pages(lasting()));
    let pages = CALM.asked.len() * 6 / 10;
    // The token is asked for at first.
    server.faults().add(Rule::on("*", Fault::Revoke).after(pages as u64 + 1).times(1));
    let outcome = scaled(&desk, &server, 1_000.0).run().exits(10);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(&[
        "error[CRED-001] PrivX gave no access token (HTTP 400, invalid_grant",
        &format!("where   POST {}{TOKEN}", server.base_url()),
        "file    sync.c1z not touched",
        "done    roles, users",
        "left    ",
        "resume  run the same command again: ",
    ]);
    let read = answered(&server);
    assert_eq!(read.len(), pages);
    let refused = server.log().len() - pages - server.log_of(TOKEN).len();
    assert!((1..=4).contains(&refused), "one for each request under way: {refused}");

    let new = "bmV3LXNlY3JldC1vZi10aGUtYXBpLWNsaWVudA==";
    server.set_revoked(false);
    server.set_api_client_secret(new);
    scaled(&desk, &server, 1_000.0).run().exits(10).tells(&["resume  run the same command again: "]);
    assert_eq!(answered(&server).len(), pages);

    server.server().clear_log();
    let outcome = scaled(&desk, &server, 1_000.0).env("BATON_API_CLIENT_SECRET", new).run().exits(0);
    assert!(!outcome.printed().contains(new));
    assert_eq!(Rows::of(&desk, FILE), CALM.rows);
    let again: Vec<String> = answered(&server).into_iter().filter(|asked| read.contains(asked)).collect();
    // Pages are asked for four at a time; what was read of a page that did not come whole is asked for again.
    assert!(again.len() <= 8, "{again:?}");
    assert_eq!(answered(&server).len(), CALM.asked.len() - pages + again.len());
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn a_load_balancers_cookie_is_kept_and_never_shown() {
    let (desk, server) = (Desk::new(), examples());
    let outcome = sync(&desk, &server).arguments(&["--record=tape", "--log-level=debug"]).run().exits(0);
    let mut log = server.log();
    log.sort_by_key(|exchange| exchange.request.ordinal);
    let (first, rest) = log.split_first().unwrap();
    assert_eq!(first.request.header("cookie"), "");
    assert!(rest.iter().all(|exchange| exchange.request.header("cookie") == "PRIVX-AFFINITY=node-1"));
    assert!(!outcome.printed().contains("PRIVX-AFFINITY"));
    for page in std::fs::read_dir(desk.path("tape")).unwrap() {
        let text = std::fs::read_to_string(page.unwrap().path()).unwrap();
        assert!(!text.contains("PRIVX-AFFINITY"), "{text}");
    }
}
