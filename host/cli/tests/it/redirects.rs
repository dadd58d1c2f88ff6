//! A target that sends its clients elsewhere: within itself for three hops at most, to anybody else for none.

use accord_fixtures::duo::{Fault, Rule};
use accord_fixtures::victim::Victim;

use crate::calm::{FILE, sync};
use crate::support::{Desk, duo};

#[test]
fn a_target_that_redirects_to_itself_is_followed_three_times() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/groups", Fault::Redirect("/admin/v1/groups".to_owned())));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(13);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    let host = server.host();
    outcome.tells(&[
        &format!("error[HTTP-001] no answer from Duo: {host} redirects to https://{host}/admin/v1/groups: redirected too often"),
        &format!("where   GET https://{host}/admin/v1/groups"),
        "do      check `api-hostname`",
        "file    sync.c1z not touched",
    ]);
    assert_eq!(server.log_of("/admin/v1/groups").len(), 4, "the request and three hops, and nothing is tried again");
    assert!(!desk.path(FILE).exists());
}

#[test]
fn a_redirect_within_the_target_costs_nothing() {
    let (desk, server) = (Desk::new(), duo());
    let there = format!("https://{}/admin/v1/groups?limit=100&offset=0", server.host());
    server.faults().add(Rule::on("/admin/v1/groups", Fault::Redirect(there)).times(3));
    sync(&desk, &server, 1_000.0).run().exits(0);
    crate::rows::Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn another_host_never_hears_of_a_redirect_to_it() {
    let victim = Victim::start().unwrap();
    let evil = victim.evil();
    let named = format!("https://evil.example:{}/stolen", evil.address().port());
    for target in [format!("{}/stolen?limit=100", evil.origin()), named] {
        let (desk, server) = (Desk::new(), duo());
        let earlier = std::fs::read(crate::support::golden("demo-sdk-0.2.51.c1z")).unwrap();
        desk.write(FILE, &earlier);
        server.faults().add(Rule::on("/admin/v1/groups", Fault::Redirect(target)).times(1));
        // The other host would be trusted, and its address may be reached.
        let ca = [std::fs::read(server.ca_file()).unwrap(), std::fs::read(victim.ca_file()).unwrap()].concat();
        let call = sync(&desk, &server, 1_000.0).env("SSL_CERT_FILE", desk.write("ca.pem", ca));
        let outcome = call.run().exits(15);
        assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
        outcome.tells(&[
            &format!("error[POLICY-006] plugin 'duo' was redirected by {} to ", server.host()),
            &format!(":{}, allowed: {}", evil.address().port(), server.host()),
            "where   GET /admin/v1/groups (read, groups page 0)",
            "do      see why the target sends its clients elsewhere",
            "file    sync.c1z not touched",
        ]);
        assert_eq!(evil.connections(), 0, "not one packet");
        assert_eq!(std::fs::read(desk.path(FILE)).unwrap(), earlier);
        assert_eq!(desk.names(), ["ca.pem", FILE]);
    }
}
