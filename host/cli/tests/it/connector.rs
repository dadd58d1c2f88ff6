//! In the place of a connector: what `baton-duo` takes, prints and refuses.

use crate::support::Desk;

#[test]
fn the_version_is_that_of_the_connector() {
    let outcome = Desk::new().connector("duo", &["-v"]).run().exits(0);
    assert_eq!(outcome.stdout, "baton-duo version 0.1.0\n");
    assert_eq!(Desk::new().connector("duo", &["--version"]).run().exits(0).stdout, outcome.stdout);
}

#[test]
fn capabilities_are_printed_as_catalogues_read_them() {
    let desk = Desk::new();
    let outcome = desk.connector("duo", &["capabilities"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("golden/duo-capabilities.json").trim_end());
    assert_eq!(desk.accord(&["capabilities", "duo"]).run().exits(0).stdout, outcome.stdout);
    // Flags are taken everywhere, and no configuration is needed.
    assert_eq!(desk.connector("duo", &["capabilities", "--log-level=debug"]).run().exits(0).stdout, outcome.stdout);
}

#[test]
fn plugins_are_found_beside_the_program_that_a_link_leads_to() {
    let desk = Desk::new();
    desk.write(
        "opt/plugins/duo.wasm",
        std::fs::read(accord_fixtures::components::plugins_dir().join("duo.wasm")).unwrap(),
    );
    desk.copy_of_program("opt/accord");
    std::fs::create_dir(desk.path("bin")).unwrap();
    std::os::unix::fs::symlink("../opt/accord", desk.path("bin/baton-duo")).unwrap();
    let outcome = desk.connector("duo", &["-v"]).without_env("ACCORD_PLUGINS").run().exits(0);
    assert_eq!(outcome.stdout, "baton-duo version 0.1.0\n");
}

#[test]
fn the_configuration_schema_is_printed_as_forms_read_it() {
    let desk = Desk::new();
    let outcome = desk.connector("duo", &["config"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("golden/duo-config.json").trim_end());
    assert_eq!(desk.accord(&["config", "duo"]).run().exits(0).stdout, outcome.stdout);
}

#[test]
fn what_this_version_does_not_do_is_refused_and_never_ignored() {
    let desk = Desk::new();
    for (arguments, variable, what) in [
        (&["--client-id", "x"][..], None, "--client-id asks for service mode"),
        (&["--create-ticket"], None, "--create-ticket asks for tickets"),
        (&["--event-feed", "true"], None, "--event-feed asks for event feeds"),
        (&["--storage-engine", "pebble"], None, "--storage-engine asks for another file format"),
        (&[], Some(("BATON_GET_TICKET", "true")), "BATON_GET_TICKET asks for tickets"),
        (&[], Some(("BATON_CLIENT_SECRET", "hunter2hunter2")), "BATON_CLIENT_SECRET asks for service mode"),
    ] {
        let call = desk.connector("duo", arguments);
        let call = variable.into_iter().fold(call, |call, (name, value)| call.env(name, value));
        let outcome = call.run().exits(2);
        assert!(
            outcome.stderr.contains(&format!("{what}, which this version does not do"))
                || outcome.stderr.contains("this version writes `sqlite`"),
            "{what} in {outcome:?}"
        );
        assert!(outcome.stderr.contains(what), "{what} in {outcome:?}");
        assert!(!outcome.printed().contains("hunter2"));
    }
    let service = desk.connector("duo", &[]).env("BATON_CLIENT_ID", "x").run().exits(2);
    service
        .tells(&["BATON_CLIENT_ID asks for service mode, which", ": leave it out, and each run writes one sync file"]);
}

#[test]
fn what_was_not_asked_for_is_not_refused() {
    let outcome = Desk::new()
        .connector("duo", &["--create-ticket=false", "--storage-engine", "sqlite"])
        .env("BATON_EVENT_FEED", "false")
        .env("BATON_CLIENT_ID", "")
        .run()
        .exits(2);
    assert!(!outcome.stderr.contains("asks for"), "{outcome:?}");
    assert!(outcome.stderr.contains("has 3 problems"), "{outcome:?}");
}

#[test]
fn what_changes_nothing_gets_a_warning() {
    let outcome = Desk::new()
        .connector("duo", &["-p", "--task-concurrency=3", "--log-format", "console"])
        .env("BATON_HEALTH_CHECK", "true")
        .run()
        .exits(2);
    for text in [
        "--provisioning has no effect: a sync never writes to the target",
        "--task-concurrency has no effect",
        "BATON_HEALTH_CHECK has no effect",
    ] {
        assert!(outcome.stderr.contains(text), "{text} in {}", outcome.stderr);
    }
}

#[test]
fn log_lines_have_the_fields_that_collectors_know() {
    let outcome = Desk::new().connector("duo", &["--ticketing"]).run().exits(2);
    let line = outcome.stderr.lines().next().unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["level"], "warn");
    assert!(line["ts"].as_f64().unwrap() > 1.7e9);
    assert!(line["caller"].as_str().unwrap().contains(".rs:"));
    assert!(line["msg"].as_str().unwrap().contains("--ticketing has no effect"));
    let console = Desk::new().connector("duo", &["--ticketing", "--log-format=console"]).run().exits(2);
    let cells: Vec<&str> = console.stderr.lines().next().unwrap().split('\t').collect();
    assert_eq!(cells[1], "WARN");
    assert!(cells[0].ends_with('Z') && cells[0].len() == 24, "{cells:?}");
}

#[test]
fn logs_go_to_a_file_that_is_named() {
    let desk = Desk::new();
    let outcome = desk.connector("duo", &["--ticketing", "--log-path", "log.jsonl"]).run().exits(2);
    assert!(outcome.stderr.starts_with("error[CONF-001]"), "{outcome:?}");
    assert!(std::fs::read_to_string(desk.path("log.jsonl")).unwrap().contains("--ticketing has no effect"));
    desk.connector("duo", &["--log-path", "no/such/log"]).run().exits(14).tells(&["error[LOG-001]", "no/such/log"]);
}

#[test]
fn unknown_words_and_services_are_refused() {
    let desk = Desk::new();
    desk.connector("duo", &["grant"]).run().exits(2).tells(&["unknown command \"grant\" for \"baton-duo\""]);
    desk.connector("duo", &["--nope"]).run().exits(2).tells(&["unknown flag: --nope"]);
    desk.connector("duo", &["health-check"]).run().exits(2).tells(&["`health-check` asks a running service"]);
    desk.connector("dou", &[]).run().exits(2).tells(&["no plugin named `dou`", "did you mean `duo`?"]);
}

#[test]
fn completion_scripts_know_the_connectors_flags() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let outcome = Desk::new().connector("duo", &["completion", shell]).run().exits(0);
        assert!(outcome.stdout.contains("api-hostname"), "{shell}");
    }
}

#[test]
fn help_shows_requirements_and_variables() {
    let outcome = Desk::new().connector("duo", &["--help"]).env("COLUMNS", "200").run().exits(0);
    assert!(outcome.stdout.contains("required: the API hostname of the same application ($BATON_API_HOSTNAME)"));
    assert!(outcome.stdout.contains("[default: sync.c1z]"));
    assert!(!outcome.stdout.contains("grant-entitlement"), "what does nothing here is not offered");
}
