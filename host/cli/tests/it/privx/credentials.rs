//! Both pairs, one pair, half a pair, no pair: what is asked for then, to the byte, and what is told if it is refused.

use accord_fixtures::privx::{Options, Pairs, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{FILE, TOKEN, examples, start, sync};
use crate::rows::Rows;
use crate::support::{Desk, Outcome};

const ALONE: &str = "/auth/api/v1/oauth/clientcredentials/privx-external/token";

const API_CLIENT: [&str; 2] = ["BATON_API_CLIENT_ID", "BATON_API_CLIENT_SECRET"];
const OAUTH_CLIENT: [&str; 2] = ["BATON_OAUTH_CLIENT_ID", "BATON_OAUTH_CLIENT_SECRET"];

#[test]
fn both_pairs_ask_for_one_token_as_privx_documents_it() {
    let pairs = Pairs {
        api_client_secret: "a+b/c==&d e".to_owned(),
        oauth_client_secret: "x+y/z==".to_owned(),
        ..Pairs::default()
    };
    let (desk, server) =
        (Desk::new(), start(World::examples(), Options { pairs: pairs.clone(), ..Options::default() }));
    sync(&desk, &server).run().exits(0);
    let [asked] = &server.log_of(TOKEN)[..] else { panic!("one token for a short sync") };
    assert_eq!(asked.request.header("authorization"), format!("Basic {}", STANDARD.encode("privx-external:x+y/z==")));
    assert_eq!(asked.request.header("content-type"), "application/x-www-form-urlencoded");
    let mut fields: Vec<_> = std::str::from_utf8(&asked.request.body).unwrap().split('&').collect();
    fields.sort_unstable();
    let username = format!("username={}", pairs.api_client_id);
    assert_eq!(fields, ["grant_type=password", "password=a%2Bb%2Fc%3D%3D%26d+e", &username]);
    let bearers = server.log().into_iter().filter(|exchange| exchange.request.path != TOKEN);
    assert!(bearers.into_iter().all(|exchange| exchange.request.header("authorization").starts_with("Bearer eyJ")));
}

#[test]
fn the_api_client_alone_is_enough_where_privx_allows_it() {
    let (desk, server) =
        (Desk::new(), start(World::examples(), Options { public_clients: true, ..Options::default() }));
    let call = OAUTH_CLIENT.iter().fold(sync(&desk, &server), |call, name| call.without_env(name));
    call.run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    let [asked] = &server.log_of(ALONE)[..] else { panic!("one token") };
    assert_eq!(asked.request.header("content-type"), "application/json");
    assert_eq!(asked.request.header("authorization"), "");
    let pairs = server.pairs();
    let body = format!(
        r#"{{"client_id":"{}","client_secret":"{}","grant_type":"client_credentials"}}"#,
        pairs.api_client_id, pairs.api_client_secret
    );
    assert_eq!(asked.request.body, body);
}

/// A refusal: told once, nothing asked for with a token, nothing left.
#[track_caller]
fn refused(desk: &Desk, outcome: Outcome, words: &[&str]) {
    let outcome = outcome.exits(10);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(&["error[CRED-001] PrivX gave no access token"]).tells(words);
    assert_eq!(desk.names(), Vec::<String>::new());
}

#[test]
fn the_api_client_alone_is_told_how_where_privx_does_not() {
    let (desk, server) = (Desk::new(), examples());
    let call = OAUTH_CLIENT.iter().fold(sync(&desk, &server), |call, name| call.without_env(name));
    let words = [
        "HTTP 400, unauthorized_client",
        &format!("where   POST {}{ALONE}", server.base_url()),
        "BATON_OAUTH_CLIENT_ID",
        "`privx-external.client_type`",
    ];
    refused(&desk, call.run(), &words);
    assert_eq!(server.log().len(), 1);
}

#[test]
fn the_oauth_client_alone_is_told_why_that_cannot_be() {
    let (desk, server) = (Desk::new(), examples());
    let call = API_CLIENT.iter().fold(sync(&desk, &server), |call, name| call.without_env(name));
    let words = [
        "means   the OAuth client only says which kind of program asks",
        "BATON_API_CLIENT_ID",
        "BATON_API_CLIENT_SECRET",
    ];
    refused(&desk, call.run(), &words);
    let log = server.log();
    let [asked] = &log[..] else { panic!("{log:?}") };
    assert!(asked.request.header("authorization").starts_with("Basic "), "never an empty one");
    assert_eq!(asked.request.body, "grant_type=client_credentials");

    let call = API_CLIENT
        .iter()
        .fold(desk.accord(&["validate", "privx"]).against(&server), |call, name| call.without_env(name));
    let outcome = call.run().exits(10);
    assert!(outcome.stdout.contains("BATON_API_CLIENT_ID"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("skip"), "{}", outcome.stdout);
}

#[test]
fn a_wrong_secret_is_told_once_and_touches_nothing() {
    let wrong = "bm90IHRoZSByaWdodCBvbmU=";
    for (variable, words) in [
        ("BATON_API_CLIENT_SECRET", ["HTTP 400, invalid_grant", "`api-client-secret` do not belong together"]),
        ("BATON_OAUTH_CLIENT_SECRET", ["HTTP 401, invalid_client", "`oauth-client-secret` do not belong together"]),
    ] {
        let (desk, server) = (Desk::new(), examples());
        let outcome = sync(&desk, &server).env(variable, wrong).run();
        assert!(!outcome.printed().contains(wrong));
        refused(&desk, outcome, &words);
        assert_eq!(server.log().len(), 1, "one request, no retries");
    }
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent() {
    let server = examples();
    for (missing, told) in [
        (&["BATON_API_CLIENT_ID"][..], "--api-client-secret / BATON_API_CLIENT_SECRET needs --api-client-id"),
        (&["BATON_API_CLIENT_SECRET"], "--api-client-id / BATON_API_CLIENT_ID needs --api-client-secret"),
        (&["BATON_OAUTH_CLIENT_SECRET"], "--oauth-client-id / BATON_OAUTH_CLIENT_ID needs --oauth-client-secret"),
        (&["BATON_OAUTH_CLIENT_ID"], "--oauth-client-secret / BATON_OAUTH_CLIENT_SECRET needs --oauth-client-id"),
        (&[API_CLIENT[0], API_CLIENT[1], OAUTH_CLIENT[0], OAUTH_CLIENT[1]], "one of these is needed: --api-client-id"),
        (&["BATON_BASE_URL"], "--base-url / BATON_BASE_URL is missing"),
    ] {
        let desk = Desk::new();
        let call = missing.iter().fold(sync(&desk, &server), |call, name| call.without_env(name));
        call.run().exits(2).tells(&["error[CONF-001]", told]);
    }
    for (url, told) in [
        (server.base_url().replace("https://", "http://"), "only https is spoken"),
        ("https://user:word@privx.example.com".to_owned(), "user name or password"),
        ("https://privx.example.com/?a=b".to_owned(), "query or fragment"),
        ("https://privx.example.com/#a".to_owned(), "query or fragment"),
    ] {
        let desk = Desk::new();
        sync(&desk, &server).env("BATON_BASE_URL", url).run().exits(2).tells(&["error[CONF-001]", told]);
    }
    assert_eq!(server.server().connections(), 0);
}

#[test]
fn the_url_may_be_written_in_any_way_and_keeps_its_prefix() {
    for prefix in ["", "/access/privx"] {
        let server = start(World::examples(), Options { prefix: prefix.to_owned(), ..Options::default() });
        let whole = server.base_url();
        for url in [whole.clone(), format!("{whole}/"), format!("  {whole}// "), whole.replace("https://", "")] {
            let desk = Desk::new();
            server.server().clear_log();
            sync(&desk, &server).env("BATON_BASE_URL", &url).run().exits(0);
            let log = server.log();
            let path = |path: &str| log.iter().any(|exchange| exchange.request.path == format!("{prefix}{path}"));
            assert!(path(TOKEN) && path(super::ROLES) && path(super::USERS), "{url}");
            Rows::of(&desk, FILE).are(&server.expected());
        }
    }
}

#[test]
fn earlier_names_of_the_variables_work() {
    let (desk, server) = (Desk::new(), examples());
    let pairs = server.pairs().clone();
    let call = API_CLIENT.iter().fold(sync(&desk, &server), |call, name| call.without_env(name));
    call.env("BATON_PRIVX_CLIENT_ID", &pairs.api_client_id)
        .env("BATON_PRIVX_CLIENT_SECRET", &pairs.api_client_secret)
        .run()
        .exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn conductor_ones_own_pair_is_not_taken_for_privxs() {
    let (desk, server) = (Desk::new(), examples());
    let call = API_CLIENT.iter().fold(sync(&desk, &server), |call, name| call.without_env(name));
    let call = call.env("BATON_CLIENT_ID", "somebody").env("BATON_CLIENT_SECRET", "something-secret");
    call.run().exits(10).tells(&["give the API client too (BATON_API_CLIENT_ID, BATON_API_CLIENT_SECRET)"]);
    let call = desk.connector("privx", &[]).against(&server);
    server.server().clear_log();
    call.env("BATON_CLIENT_ID", "somebody").run().exits(2).tells(&["BATON_CLIENT_ID asks for service mode"]);
    assert_eq!(server.log().len(), 0);
}
