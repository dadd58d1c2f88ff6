//! An installation whose certificate rests on an authority of its own.

use super::{FILE, examples, sync};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn an_authority_of_its_own_is_trusted_in_each_of_three_ways() {
    let server = examples();
    let path = server.ca_file().display().to_string();
    let text = std::fs::read_to_string(server.ca_file()).unwrap();
    for (variable, value) in [
        ("SSL_CERT_FILE", &path),
        ("ACCORD_CA_CERT", &path),
        ("BATON_TLS_TRUST_ANCHOR", &path),
        ("BATON_TLS_TRUST_ANCHOR", &text),
        ("BATON_TLS_TRUST_ANCHOR_FILE", &path),
    ] {
        let desk = Desk::new();
        sync(&desk, &server).without_env("SSL_CERT_FILE").env(variable, value).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
    }
    let desk = Desk::new();
    sync(&desk, &server).without_env("SSL_CERT_FILE").arguments(&["--ca-cert", &path]).run().exits(0);
    let desk = Desk::new();
    sync(&desk, &server).without_env("SSL_CERT_FILE").arguments(&["--tls-trust-anchor", &path]).run().exits(0);
}

#[test]
fn without_it_nothing_is_said_to_whoever_answers() {
    let (server, other) = (examples(), examples());
    for call in [
        sync(&Desk::new(), &server).without_env("SSL_CERT_FILE"),
        sync(&Desk::new(), &server).env("SSL_CERT_FILE", other.ca_file()),
    ] {
        call.run().exits(13).tells(&["no trusted TLS connection to PrivX", "tls-trust-anchor"]);
    }
    assert_eq!(server.log().len(), 0);
    let desk = Desk::new();
    let call = sync(&desk, &server).without_env("SSL_CERT_FILE").env("BATON_TLS_TRUST_ANCHOR", "nowhere.pem");
    call.run().exits(2).tells(&["nowhere.pem"]);
}

#[test]
fn a_trusted_certificate_of_another_host_is_none() {
    let options = accord_fixtures::privx::Options { names: vec!["privx.example.com".to_owned()], ..Default::default() };
    let server = super::start(accord_fixtures::privx::World::examples(), options);
    let anchor = server.ca_file().display().to_string();
    let desk = Desk::new();
    let call = sync(&desk, &server).without_env("SSL_CERT_FILE").env("BATON_TLS_TRUST_ANCHOR", &anchor);
    call.run().exits(13).tells(&["no trusted TLS connection to PrivX"]);
    assert_eq!(server.log().len(), 0);

    let address = server.server().address();
    let url = format!("https://privx.example.com:{}", address.port());
    let resolve = format!("privx.example.com:{}={address}", address.port());
    let call = sync(&desk, &server).without_env("SSL_CERT_FILE").env("BATON_TLS_TRUST_ANCHOR", &anchor);
    call.env("BATON_BASE_URL", url).arguments(&["--resolve", &resolve]).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn the_operators_own_url_is_leave_enough_for_an_address_inside() {
    let (desk, server) = (Desk::new(), examples());
    sync(&desk, &server).without_env("ACCORD_ALLOW_ADDRESS").run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
}
