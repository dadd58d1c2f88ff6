//! A connector of somebody else is a file that is copied into the plugins folder; files beside it that are none do no harm.

use std::ffi::OsString;

use accord_fixtures::components::{guests_dir, plugins_dir};
use accord_fixtures::directory::{Directory, DirectoryServer};

use crate::rows::Rows;
use crate::support::{Desk, duo, paths};

fn directory_component() -> Vec<u8> {
    std::fs::read(guests_dir().join("directory.wasm")).unwrap()
}

/// A custom section of a component, as a tool that does not know us may add one.
fn custom_section(name: &str, content: &str) -> Vec<u8> {
    let number = |bytes: usize| {
        assert!(bytes < 128, "short numbers are one byte");
        u8::try_from(bytes).unwrap()
    };
    let mut section = vec![0, number(1 + name.len() + content.len()), number(name.len())];
    section.extend(name.bytes().chain(content.bytes()));
    section
}

/// The same component, asking for another version of an interface.
fn of_another_version(component: &[u8]) -> Vec<u8> {
    let (known, other) = (b"accord:connector/http@0.1.0", b"accord:connector/http@0.9.0");
    let mut bytes = component.to_vec();
    let places: Vec<usize> =
        (0..bytes.len() - known.len()).filter(|at| bytes[*at..].starts_with(known.as_slice())).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + known.len()].copy_from_slice(other);
    }
    bytes
}

fn folders(desk: &Desk) -> OsString {
    paths(&[plugins_dir(), &desk.path("mine")])
}

#[test]
fn a_copied_component_is_listed_and_syncs() {
    let desk = Desk::new();
    desk.write("mine/directory.wasm", directory_component());
    let listed = desk.accord(&["plugin", "list"]).env("ACCORD_PLUGINS", folders(&desk)).run().exits(0);
    let line = listed.stdout.lines().find(|line| line.starts_with("directory ")).unwrap();
    assert!(line.contains("base-url") && line.contains("token"), "{line}");

    let directory = Directory::generate(1, 230, 12);
    let expected = directory.expected();
    let server = DirectoryServer::start(directory).unwrap();
    let outcome = desk
        .accord(&["sync", "directory", "--base-url", &server.base_url()])
        .env("ACCORD_PLUGINS", folders(&desk))
        .env("BATON_TOKEN", server.token())
        .env("SSL_CERT_FILE", server.ca_file())
        .env("ACCORD_ALLOW_ADDRESS", "127.0.0.1")
        .run()
        .exits(0);
    assert!(!outcome.printed().contains(server.token()));
    Rows::of(&desk, "sync.c1z").are(&expected);
    assert_eq!(desk.names(), ["mine", "sync.c1z"]);

    // Where the folder is a flag, and the certificate a setting.
    let report = desk
        .accord(&["sync", "directory", "--plugins=mine", "--output=json", "--base-url", &server.base_url()])
        .env("BATON_TOKEN", server.token())
        .env("ACCORD_CA_CERT", server.ca_file())
        .env("ACCORD_ALLOW_ADDRESS", "127.0.0.1")
        .run()
        .exits(0)
        .json();
    assert_eq!(report["counts"]["resources"], expected.resources.len());
    assert_eq!(report["counts"]["grants"], expected.grants.len());
    assert_eq!(report["coverage"]["plugin"]["id"], "directory");
}

#[test]
fn bad_files_beside_it_are_named_with_reasons_and_disturb_nobody() {
    let (desk, server) = (Desk::new(), duo());
    let good = directory_component();
    let empty_component = b"\0asm\x0d\0\x01\0".to_vec();
    let twice = [good.clone(), custom_section("accord:manifest", "[plugin]\n")].concat();
    let unreadable = [empty_component.clone(), custom_section("accord:manifest", "[plugin\n")].concat();
    for (name, bytes, reason) in [
        ("empty.wasm", Vec::new(), "is not a WebAssembly component"),
        ("text.wasm", b"#!/bin/sh".to_vec(), "is not a WebAssembly component"),
        ("module.wasm", b"\0asm\x01\0\0\0".to_vec(), "is a core WebAssembly module"),
        ("cut.wasm", good[..good.len() / 2].to_vec(), "is damaged at byte"),
        ("bare.wasm", empty_component, "has no `accord:manifest` section"),
        ("twice.wasm", twice, "has 2 `accord:manifest` sections"),
        ("unreadable.wasm", unreadable, "has a manifest with 1 problem(s)"),
        ("later.wasm", of_another_version(&good), "accord:connector/http@0.9.0"),
    ] {
        desk.write(&format!("mine/{name}"), bytes);
        let listed = desk.accord(&["plugin", "list"]).env("ACCORD_PLUGINS", folders(&desk)).run().exits(0);
        let told = listed.stdout.lines().filter(|line| line.contains(name)).collect::<Vec<_>>();
        assert!(told.len() == 1 && told[0].contains(reason), "{name}: {}", listed.stdout);
    }
    desk.write("mine/directory.wasm", good);
    let listed = desk.accord(&["plugin", "list", "--output=json"]).env("ACCORD_PLUGINS", folders(&desk)).run();
    let listed = listed.exits(0).json();
    assert_eq!(listed["bad_files"].as_array().unwrap().len(), 8);
    let ids: Vec<&str> =
        listed["plugins"].as_array().unwrap().iter().map(|plugin| plugin["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"duo") && ids.contains(&"directory"), "{ids:?}");
    let outcome = desk.accord(&["sync", "duo"]).env("ACCORD_PLUGINS", folders(&desk)).against(&server).run().exits(0);
    assert!(!outcome.printed().contains(".wasm"), "who syncs duo need not know: {outcome:?}");
    Rows::of(&desk, "sync.c1z").are(&server.expected());
}
