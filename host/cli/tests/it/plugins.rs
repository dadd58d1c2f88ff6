//! The plugins folder: what is in it, what is not a plugin, and what a plugin says of itself.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{Desk, paths};

fn duo() -> Vec<u8> {
    std::fs::read(accord_fixtures::components::plugins_dir().join("duo.wasm")).unwrap()
}

/// What a list says of duo, which must be there once; connectors of the folder beside the program may be there too.
#[track_caller]
fn listed_duo(listed: &Value) -> &Value {
    let plugins: Vec<&Value> = listed["plugins"].as_array().unwrap().iter().filter(|it| it["id"] == "duo").collect();
    let [duo] = plugins.as_slice() else { panic!("{listed}") };
    duo
}

#[test]
fn the_list_tells_who_talks_to_whom_with_which_secrets() {
    let outcome = Desk::new().accord(&["plugin", "list"]).run().exits(0);
    let lines: Vec<Vec<&str>> = outcome
        .stdout
        .lines()
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
        .collect();
    assert_eq!(lines[0], ["NAME", "VERSION", "SIGNED BY", "TALKS TO", "SECRETS"]);
    let duo = lines.iter().find(|cells| cells[0] == "duo").unwrap();
    assert_eq!(duo[2..], ["unsigned", "<api-hostname> only", "secret-key"]);
}

#[test]
fn bad_files_are_named_with_reasons_and_the_others_work() {
    let desk = Desk::new();
    desk.write("mine/duo.wasm", duo());
    desk.write("mine/text.wasm", "this is no component");
    desk.write("mine/module.wasm", b"\0asm\x01\0\0\0");
    desk.write("mine/cut.wasm", &duo()[..5_000]);
    desk.write("mine/notes.txt", "not looked at");
    let outcome = desk.accord(&["plugin", "list", "--plugins", "mine"]).env("ACCORD_PLUGINS", "").run().exits(0);
    assert!(outcome.stdout.contains("duo "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("`mine/text.wasm` is not a WebAssembly component"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("`mine/module.wasm` is a core WebAssembly module"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("`mine/cut.wasm` is damaged at byte"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("notes"));
    let json = desk.accord(&["plugin", "list", "--plugins=mine", "--output=json"]).run().exits(0).json();
    assert_eq!(json["bad_files"].as_array().unwrap().len(), 3);
    assert_eq!(listed_duo(&json)["secrets"][0], "secret-key");
}

#[test]
fn a_bad_plugin_that_was_asked_for_ends_with_15() {
    let desk = Desk::new();
    desk.write("mine/broken.wasm", "this is no component");
    for arguments in [["plugin", "inspect", "broken"].as_slice(), &["sync", "broken"], &["sync", "mine/broken.wasm"]] {
        let outcome = desk.accord(arguments).env("ACCORD_PLUGINS", "mine").run().exits(15);
        outcome.tells(&["error[PLUGIN-002] `mine/broken.wasm` is not a WebAssembly component"]);
    }
}

#[test]
fn a_path_names_a_plugin_too() {
    let desk = Desk::new();
    desk.write("here/my-duo.wasm", duo());
    let outcome = desk.accord(&["plugin", "inspect", "./here/my-duo.wasm"]).env("ACCORD_PLUGINS", "").run().exits(0);
    assert!(outcome.stdout.starts_with("duo "), "{}", outcome.stdout);
    desk.accord(&["plugin", "inspect", "./nowhere.wasm"]).run().exits(2).tells(&["`./nowhere.wasm` cannot be read"]);
}

#[test]
fn the_first_folder_wins() {
    let desk = Desk::new();
    desk.write("one/duo.wasm", duo());
    desk.write("two/duo.wasm", duo());
    let listed = desk
        .accord(&["plugin", "list", "--output", "json"])
        .env("ACCORD_PLUGINS", paths(&[Path::new("one"), Path::new("two")]))
        .run()
        .exits(0)
        .json();
    assert_eq!(listed_duo(&listed)["file"], "one/duo.wasm");
}

#[test]
fn inspect_tells_what_a_plugin_may_send_import_and_use() {
    let outcome = Desk::new().accord(&["plugin", "inspect", "duo"]).run().exits(0);
    for text in [
        "talks to   <api-hostname>",
        "secret-key (kept in the host, never seen by the plugin)",
        "needs \"Grant administrators - Read\"",
        "<api-hostname>/admin/v1/settings",
        "only for grant",
        "only for revoke",
        "accord:connector/http@0.1.0",
        "linked, gives nothing",
        "memory                 256 MiB",
    ] {
        assert!(outcome.stdout.contains(text), "{text} in\n{}", outcome.stdout);
    }
    let json = Desk::new().accord(&["plugin", "inspect", "duo", "--output", "json"]).run().exits(0).json();
    let refusing =
        |import: &serde_json::Value| import["refusing"] == (import["name"].as_str().unwrap().starts_with("wasi:"));
    assert!(json["imports"].as_array().unwrap().iter().all(refusing), "{json}");
    assert_eq!(json["plugin"]["digest"].as_str().unwrap().len(), 64);
}

/// What it imports is what it can ask for, and its size is what a first run compiles.
#[test]
fn connectors_import_what_they_use_and_are_small() {
    let always = ["types", "config", "http", "c1z", "facts"];
    for (plugin, more) in [("duo", &[][..]), ("privx", &[]), ("datadog", &["log"]), ("aks", &["log"])] {
        let shown = Desk::new().accord(&["plugin", "inspect", plugin, "--output", "json"]).run().exits(0).json();
        let imports: Vec<&str> =
            shown["imports"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
        let ours = imports.iter().filter_map(|name| name.strip_prefix("accord:connector/")?.strip_suffix("@0.1.0"));
        let wanted = always.iter().chain(more).copied();
        assert_eq!(ours.collect::<BTreeSet<_>>(), wanted.collect(), "{plugin}");
        let foreign =
            |name: &&&str| !["accord:connector/", "wasi:io/", "wasi:cli/"].iter().any(|it| name.starts_with(it));
        assert_eq!(imports.iter().find(foreign), None, "{plugin}");
        let file = accord_fixtures::components::plugins_dir().join(plugin).with_extension("wasm");
        let bytes = std::fs::metadata(file).unwrap().len();
        assert!(bytes < 350_000, "{plugin} has grown to {bytes} bytes");
    }
}

#[test]
fn a_component_that_is_dropped_in_shows_without_a_rebuild() {
    let desk = Desk::new();
    let folders = paths(&[accord_fixtures::components::plugins_dir(), &desk.path("mine")]);
    let before = desk.accord(&["plugin", "list"]).env("ACCORD_PLUGINS", &folders).run().exits(0);
    assert!(!before.stdout.contains("directory"), "{}", before.stdout);
    let component = std::fs::read(accord_fixtures::components::guests_dir().join("directory.wasm")).unwrap();
    desk.write("mine/directory.wasm", component);
    let after = desk.accord(&["plugin", "list"]).env("ACCORD_PLUGINS", &folders).run().exits(0);
    assert!(after.stdout.contains("directory"), "{}", after.stdout);
}

#[test]
fn without_plugins_the_folders_are_told() {
    let desk = Desk::new();
    // A copy of the program has no `plugins` folder beside it.
    let program = desk.copy_of_program("accord");
    let output = std::process::Command::new(program).args(["plugin", "list"]).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("no plugin is in any of these folders") && text.contains("beside the executable"), "{text}");
}
