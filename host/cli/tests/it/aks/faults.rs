//! Trouble on the way: expired listings, refusals for their number, tokens that end, certificates that change, runs that
//! are killed. The file is the same as without, or there is none.

use std::time::Duration;

use accord_fixtures::azure::{AksServer, Fault, Gate, Listing, Options, RetryAfter, Rule};
use rustix::process::Signal;

use super::{FILE, examples, small, start, sync, times, whole};
use crate::rows::Rows;
use crate::support::Desk;
use crate::trouble;

/// Makes a fault.
type Make = fn() -> Fault;

const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/rolebindings";

#[test]
fn a_listing_that_expired_is_read_anew_and_then_as_the_server_offers() {
    for (expired, restarts) in [(1, 1), (2, 2), (3, 2)] {
        let (desk, server) = (Desk::new(), start(small(), Options::default()));
        server.expire(Listing::RoleBindings, 1, expired);
        let outcome = sync(&desk, &server).env("BATON_PAGE_SIZE", "15").run().exits(0);
        Rows::of(&desk, FILE).are(&whole(&server));
        let begun = server.log_of("/rolebindings").iter().filter(|it| !it.request.query.contains("continue=")).count();
        assert_eq!(begun, 1 + restarts, "{expired} expired");
        let offered = outcome.printed().contains("a listing that spans two states of the cluster");
        assert_eq!(offered, expired == 3, "{}", outcome.printed());
    }
}

#[test]
fn refusals_for_their_number_are_waited_out_everywhere() {
    let (desk, server) = (Desk::new(), start(small(), Options { time_scale: 100.0, ..Options::default() }));
    let twice = |path: &str| {
        server.faults().add(Rule::on(path, Fault::TooMany(RetryAfter::Seconds(7))).times(2));
    };
    twice("/99999999-8888-4777-8666-555555555555/oauth2/v2.0/token");
    twice(&server.world().cluster.resource_id());
    twice("/v1.0/directoryObjects/getByIds");
    twice(BINDINGS);
    server.throttle_steps(25);
    let call = sync(&desk, &server).env("ACCORD_TIME_SCALE", "100").arguments(&["--report=report.json"]);
    call.run().exits(0);
    Rows::of(&desk, FILE).are(&whole(&server));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
    assert!(report["traffic"]["rate_limited"].as_u64().unwrap() >= 9, "{}", report["traffic"]);
    for path in ["/token", "/managedclusters/aks-prod", "/getByIds", "/rolebindings"] {
        let log = server.log_of(path);
        let refused = log.iter().position(|exchange| exchange.status == 429).unwrap();
        let waited = log[refused + 1].request.at - log[refused].request.at;
        assert!(waited >= Duration::from_secs(7), "{path}: {waited:?}");
    }
    let batches = server.log_of("/$batch");
    let throttled = batches.windows(2).any(|pair| pair[1].request.at - pair[0].request.at >= Duration::from_secs(7));
    assert!(throttled, "what a batch refused is asked for again when Graph wants it");
}

#[test]
fn a_storm_at_the_cluster_is_waited_out_without_a_second_one() {
    let scale = 20.0;
    let (desk, server) = (Desk::new(), start(small(), Options { time_scale: scale, ..Options::default() }));
    let storm = Rule::on(BINDINGS, Fault::TooMany(RetryAfter::Seconds(7))).lasting(Duration::from_secs(60));
    server.faults().add(storm);
    let call = sync(&desk, &server).env("ACCORD_TIME_SCALE", "20").env("BATON_PAGE_SIZE", "10");
    let outcome = call.run().exits(0).tells(&["waiting 7 s (Azure Kubernetes Service"]);
    assert_eq!(outcome.errors(), 0);
    let refused: Vec<Duration> = server
        .log_of("/rolebindings")
        .into_iter()
        .filter(|exchange| exchange.status == 429)
        .map(|exchange| exchange.request.at)
        .collect();
    assert!((8..=9).contains(&refused.len()), "{refused:?}");
    assert!(refused.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(7)), "{refused:?}");
    Rows::of(&desk, FILE).are(&whole(&server));
    let call = sync(&desk, &server).env("ACCORD_TIME_SCALE", "20").arguments(&["--deadline=30s"]);
    server.faults().clear();
    server.faults().add(Rule::on(BINDINGS, Fault::TooMany(RetryAfter::Seconds(600))));
    call.run().exits(12).tells(&["error[RATE-001]", "resume"]);
}

#[test]
fn tokens_are_renewed_before_they_end() {
    // A token lives for 20 s, and each page of bindings takes 3 s.
    let (scale, options) = (50.0, Options { token_seconds: 20, time_scale: 50.0, ..Options::default() });
    let (desk, server) = (Desk::new(), start(small(), options));
    server.faults().add(Rule::on(BINDINGS, Fault::Trickle { pieces: 6, apart: Duration::from_millis(600) }));
    let call = sync(&desk, &server).env("ACCORD_TIME_SCALE", scale.to_string()).env("BATON_PAGE_SIZE", "4");
    call.run().exits(0);
    Rows::of(&desk, FILE).are(&whole(&server));
    assert!(times(&server, "token") > 4, "{}", times(&server, "token"));
    let refused = server.log().iter().filter(|exchange| exchange.status == 401).count();
    assert_eq!(refused, 0, "each was renewed in time");
}

#[test]
fn a_revoked_principal_ends_the_run_and_a_new_secret_goes_on() {
    let (desk, server) = (Desk::new(), start(small(), Options::default()));
    server.faults().add(Rule::on(BINDINGS, Fault::Revoke).after(3).times(1));
    let first = server.keys().client_secret;
    let sync = || sync(&desk, &server).env("BATON_PAGE_SIZE", "10").env("BATON_SP_CLIENT_SECRET", &first);
    let outcome = sync().run().exits(10);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    outcome.tells(&["error[CRED-001]", "resume  run the same command again: "]);
    let read = server.log_of("/rolebindings").iter().filter(|exchange| exchange.status == 200).count();
    assert_eq!(read, 3);
    server.set_revoked(false);
    server.set_client_secret("another8Q~secret-of-forty-characters-000");
    sync().run().exits(10).tells(&["AADSTS7000215", "resume  run the same command again: "]);
    server.cluster().clear_log();
    let new = "another8Q~secret-of-forty-characters-000";
    let outcome = sync().env("BATON_SP_CLIENT_SECRET", new).run().exits(0);
    assert!(!outcome.printed().contains(new));
    Rows::of(&desk, FILE).are(&whole(&server));
    let again = server.log_of("/rolebindings").len();
    assert!(again <= 6 - 3 + 1, "{again} pages of bindings were read after what was read before");
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn a_cluster_that_gets_other_certificates_meanwhile_is_learnt_anew() {
    let (desk, server) = (Desk::new(), start(small(), Options::default()));
    let gate = Gate::closed();
    server.faults().add(Rule::on(BINDINGS, Fault::Hold(gate.clone())).after(2).times(1));
    let running = sync(&desk, &server).env("BATON_PAGE_SIZE", "10").start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    server.rotate_authority().unwrap();
    gate.open();
    running.wait().exits(0);
    Rows::of(&desk, FILE).are(&whole(&server));
    assert_eq!(times(&server, "listClusterUserCredential"), 2, "once more, for all workers");
    assert_eq!(times(&server, "token"), 3, "the tokens are still good");
}

#[test]
fn a_local_account_that_gets_another_token_meanwhile_is_learnt_anew() {
    let mut world = small();
    world.cluster.entra = false;
    let options = Options { client_certificates: false, ..Options::default() };
    let (desk, server) = (Desk::new(), start(world, options));
    let gate = Gate::closed();
    server.faults().add(Rule::on(BINDINGS, Fault::Hold(gate.clone())).after(2).times(1));
    let running = sync(&desk, &server).env("BATON_PAGE_SIZE", "10").start();
    assert!(gate.wait_for(1, Duration::from_secs(60)));
    let next = "ffffffffeeeeeeeeddddddddcccccccc";
    server.set_static_token(Some(next));
    gate.open();
    let outcome = running.wait().exits(0);
    assert!(!outcome.printed().contains(next));
    Rows::of(&desk, FILE).are(&whole(&server));
    assert_eq!(times(&server, "listClusterUserCredential"), 2);
}

#[test]
fn a_killed_run_connects_again_and_goes_on() {
    let (desk, server) = (Desk::new(), start(small(), Options::default()));
    for signal in [Signal::KILL, Signal::TERM] {
        let gate = Gate::closed();
        server.faults().clear();
        server.faults().add(Rule::on(BINDINGS, Fault::Hold(gate.clone())).after(3).times(1));
        server.cluster().clear_log();
        let running = sync(&desk, &server).env("BATON_PAGE_SIZE", "10").start();
        assert!(gate.wait_for(1, Duration::from_secs(60)));
        running.send(signal);
        let code = running.wait().code;
        gate.open();
        assert_eq!(code, 128 + if signal == Signal::KILL { 9 } else { 15 });
        server.faults().clear();
        server.cluster().clear_log();
        sync(&desk, &server).env("BATON_PAGE_SIZE", "10").run().exits(0);
        Rows::of(&desk, FILE).are(&whole(&server));
        assert!(server.log_of("/rolebindings").len() <= 4, "pages that were read are not read again");
        assert_eq!(server.log_of("/clusterrolebindings").iter().filter(|it| it.request.query == "limit=1").count(), 1);
        std::fs::remove_file(desk.path(FILE)).unwrap();
        assert!(desk.names().is_empty(), "{:?}", desk.names());
    }
}

#[test]
fn what_goes_wrong_with_an_answer_changes_no_row() {
    let cluster_path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let faults: [(&str, Make); 5] = [
        ("502", || Fault::Html(502)),
        ("a page of HTML", || Fault::Html(200)),
        ("cut", || Fault::CutAfter(200)),
        ("truncated", || Fault::Truncate(60)),
        ("in pieces", || Fault::Trickle { pieces: 5, apart: Duration::from_millis(50) }),
    ];
    for (what, fault) in faults {
        let (desk, server) = (Desk::new(), start(small(), Options { time_scale: 1000.0, ..Options::default() }));
        let paths = [cluster_path, BINDINGS, "/v1.0/$batch", "/v1.0/directoryObjects/getByIds"];
        for path in paths {
            server.faults().add(Rule::on(path, fault()).times(1));
        }
        let outcome = sync(&desk, &server).run();
        assert_eq!(outcome.code, 0, "{what}: {}", outcome.printed());
        Rows::of(&desk, FILE).are(&whole(&server));
        for path in paths {
            let log = server.log_of(path);
            let first = log.first().map(|exchange| exchange.request.path_and_query());
            let asked = log.iter().filter(|exchange| Some(exchange.request.path_and_query()) == first).count();
            assert!(asked >= if what == "in pieces" { 1 } else { 2 }, "{what} never struck {path}");
        }
    }
}

#[test]
fn a_link_that_leads_elsewhere_is_not_followed() {
    use accord_fixtures::server::Response;
    let (desk, server) = (Desk::new(), examples());
    let path = format!("{}/providers/Microsoft.Authorization/roleAssignments", server.world().cluster.resource_id());
    let answer = Fault::answer(|_| Response::json(200, r#"{"value":[],"nextLink":"https://evil.example/more?x=1"}"#));
    server.faults().add(Rule::on(&path, answer));
    sync(&desk, &server).run().exits(13).tells(&["a link to the next page leads elsewhere"]);
}

#[test]
fn a_network_that_comes_back_is_waited_for() {
    trouble::a_network_that_comes_back_is_waited_for::<AksServer>();
}

#[test]
fn a_network_that_stays_away_ends_the_run_and_the_next_one_asks_for_the_rest_only() {
    trouble::a_network_that_stays_away_ends_the_run::<AksServer>();
}
