//! Where the keys go: to the API of the site that was named, and nowhere else.

use accord_fixtures::datadog::{Fault, Options, Rule, SITES};

use super::{FILE, examples};
use crate::support::Desk;

#[test]
fn each_of_the_nine_sites_has_its_own_host() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    for site in SITES {
        server.server().clear_log();
        let call = desk.accord(&["sync", "datadog"]).against(&server).env("BATON_SITE", site);
        call.env("ACCORD_RESOLVE", server.stands_for(site)).run().exits(0);
        let hosts: Vec<String> =
            server.log().iter().map(|exchange| exchange.request.header("host").to_owned()).collect();
        assert_eq!(hosts, vec![format!("api.{site}"); 5]);
    }
}

#[test]
fn a_site_is_known_by_its_label_and_by_the_address_of_its_pages() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    for (given, site) in [
        ("https://app.us3.datadoghq.com/", "us3.datadoghq.com"),
        ("US3", "us3.datadoghq.com"),
        ("us3", "us3.datadoghq.com"),
        (" us3.datadoghq.com ", "us3.datadoghq.com"),
        ("https://api.us3.datadoghq.com/api/v2/users", "us3.datadoghq.com"),
        ("http://app.datadoghq.eu/account/login", "datadoghq.eu"),
        ("US1-FED", "ddog-gov.com"),
        ("APP.DATADOGHQ.COM", "datadoghq.com"),
    ] {
        let call = desk.accord(&["validate", "datadog"]).against(&server).env("BATON_SITE", given);
        let outcome = call.env("ACCORD_RESOLVE", server.stands_for(site)).run();
        assert_eq!(outcome.code, 0, "{given}: {outcome:?}");
    }
}

#[test]
fn anything_else_is_no_site_and_is_asked_for_nothing() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    for given in [
        "evil.example",
        "datadoghq.com.evil.example",
        "evil.example/datadoghq.com",
        "datadoghq.com@evil.example",
        "us9.datadoghq.com",
        "datadoghq.com:8443",
        "US9",
    ] {
        let outcome = desk.accord(&["sync", "datadog"]).against(&server).env("BATON_SITE", given).run().exits(2);
        assert_eq!(outcome.errors(), 1, "{given}");
        for site in SITES {
            assert!(outcome.stderr.contains(site), "{given} is refused without naming {site}: {}", outcome.stderr);
        }
    }
    assert_eq!(server.server().connections(), 0);
}

#[test]
fn a_redirect_to_another_host_is_not_followed_with_the_keys() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let elsewhere = "https://api.datadoghq.eu/api/v2/users".to_owned();
    server.faults().add(Rule::on("/api/v2/users", Fault::Redirect(elsewhere)));
    let outcome = desk.accord(&["sync", "datadog"]).against(&server).run().exits(15);
    outcome.tells(&["error[POLICY-006]", "api.datadoghq.eu:443, allowed: api.datadoghq.com"]);
    assert!(!desk.path(FILE).exists());
}

#[test]
fn the_plugin_list_says_whom_it_talks_to() {
    let outcome = Desk::new().accord(&["plugin", "list"]).run().exits(0);
    let line = outcome.stdout.lines().find(|line| line.starts_with("datadog ")).unwrap();
    assert!(line.contains(" api.<site> only ") && line.ends_with("api-key, app-key"), "{line}");
    let inspected = Desk::new().accord(&["plugin", "inspect", "datadog", "--output=json"]).run().exits(0).json();
    for rule in inspected["egress"].as_array().unwrap() {
        assert_eq!(rule["origin"], "api.<site>");
        let reads = rule["methods"] == serde_json::json!(["GET"]);
        assert!(reads || rule["only_for"].as_array().is_some_and(|when| !when.is_empty()), "{rule}");
    }
}
