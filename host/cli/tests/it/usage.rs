//! What the program answers to what it does not understand, and to those who ask.

use crate::support::Desk;

#[test]
fn help_shows_commands_and_examples() {
    let outcome = Desk::new().accord(&["--help"]).run().exits(0);
    for text in ["sync", "doctor", "plugin", "stats", "verify", "Examples:", "accord sync duo", "completion"] {
        assert!(outcome.stdout.contains(text), "{text} in {}", outcome.stdout);
    }
    assert_eq!(outcome.stderr, "");
}

#[test]
fn help_of_a_plugin_shows_its_fields_with_their_variables() {
    let outcome = Desk::new().accord(&["sync", "duo", "--help"]).env("COLUMNS", "200").run().exits(0);
    let wanted = "--secret-key <SECRET>     required: the secret key of the same application ($BATON_SECRET_KEY)";
    assert!(outcome.stdout.contains(wanted), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("Exit codes:"));
    assert!(outcome.stdout.contains("Configuration of Duo:"));
}

#[test]
fn every_command_has_help_of_its_own() {
    let desk = Desk::new();
    for command in ["sync", "validate", "doctor", "plugin", "stats", "verify", "capabilities", "config", "completion"] {
        let outcome = desk.accord(&[command, "--help"]).run().exits(0);
        assert!(outcome.stdout.contains("Usage: accord"), "{command}: {}", outcome.stdout);
        assert!(
            outcome.stdout.contains(&format!("  accord {command} ")),
            "an example of {command}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn an_unknown_plugin_is_told_with_near_names_and_the_folders_searched() {
    let desk = Desk::new();
    let outcome = desk.accord(&["sync", "dou", "--plugins", "mine"]).run().exits(2).tells(&[
        "error[PLUGIN-001] no plugin named `dou`",
        "mine (--plugins)",
        "(ACCORD_PLUGINS)",
        "plugins (beside the executable)",
        "home/.local/share/accord/plugins (user data)",
        "did you mean `duo`?",
    ]);
    assert_eq!(outcome.errors(), 1);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn an_unknown_flag_is_told_without_what_stands_behind_it() {
    let desk = Desk::new();
    let outcome = desk.accord(&["sync", "duo", "--secret-kye=hunter2hunter2"]).run().exits(2);
    assert!(!outcome.printed().contains("hunter2"), "{outcome:?}");
    outcome.tells(&["error[ARGS-001] unknown flag: --secret-kye", "--secret-key", "accord sync duo --help"]);
    let outcome = desk.accord(&["sync", "duo", "hunter2hunter2"]).run().exits(2);
    assert!(!outcome.printed().contains("hunter2"), "{outcome:?}");
}

#[test]
fn a_plugins_flag_before_its_name_is_never_taken_for_the_name() {
    let outcome = Desk::new().accord(&["sync", "--secret-key", "hunter2hunter2", "duo"]).run().exits(2);
    assert!(!outcome.printed().contains("hunter2"), "{outcome:?}");
    outcome.tells(&["unknown flag: --secret-key", "name the plugin before its own flags: `accord sync <plugin> …`"]);
}

#[test]
fn without_a_command_the_way_to_help_is_shown() {
    Desk::new().accord(&[]).run().exits(2).tells(&["error[ARGS-001]", "accord --help"]);
    Desk::new().accord(&["snyc"]).run().exits(2).tells(&["unknown command \"snyc\"", "sync"]);
}

#[test]
fn the_version_is_on_standard_output() {
    let outcome = Desk::new().accord(&["--version"]).run().exits(0);
    assert_eq!(outcome.stdout, format!("accord {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_accord"))
        .args(["completion", "bash"])
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let outcome = child.wait_with_output().unwrap();
    assert_eq!(outcome.status.code(), Some(0));
    assert_eq!(outcome.stderr, b"");
}

#[test]
fn bad_settings_are_told_all_at_once() {
    let outcome = Desk::new()
        .accord(&[
            "sync",
            "duo",
            "--workers=many",
            "--indexes=some",
            "--deadline=soon",
            "--request-timeout=0s",
            "--allow-address=everywhere",
            "--resolve=a=b",
            "--sync-resources=nope",
            "--record=a",
            "--replay=b",
        ])
        .env("ACCORD_RATE", "often")
        .env("BATON_LOG_LEVEL", "loud")
        .run()
        .exits(2);
    assert_eq!(outcome.errors(), 1);
    for text in [
        "--workers / BATON_WORKERS is `many`",
        "--indexes / ACCORD_INDEXES is `some`, and can be all, none (from --indexes)",
        "--deadline / ACCORD_DEADLINE is `soon`",
        "--request-timeout / ACCORD_REQUEST_TIMEOUT is `0s`, and should be a time such as 30s, 15m or 2h",
        "has `everywhere`, which is no address range",
        "has `a=b`, which is not of the form HOST:PORT=ADDRESS:PORT",
        "has `nope`, which is not of the form bid:r:<type>/<id>",
        "--record and --replay exclude each other",
        "--rate / ACCORD_RATE is `often`, and should be a whole number with its unit, like 60/min, 5/s or 600/h (from ACCORD_RATE)",
        "--log-level / BATON_LOG_LEVEL is `loud`",
        "--secret-key / BATON_SECRET_KEY is missing",
    ] {
        assert!(outcome.stderr.contains(text), "{text} in\n{}", outcome.stderr);
    }
}

/// An example that a narrow terminal breaks cannot be pasted, and prose that was broken once is broken twice.
#[test]
fn what_stands_below_the_options_fits_a_terminal() {
    let desk = Desk::new();
    let families = ["account create", "credential rotate", "action run", "plugin inspect"];
    for command in ["", "sync", "validate", "doctor", "grant", "revoke", "stats", "verify", "capabilities", "config"]
        .into_iter()
        .chain(families)
    {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = desk.accord(&arguments).env("COLUMNS", "200").run().exits(0).stdout;
        let (_, below) = help.split_once("Examples:").unwrap_or_else(|| panic!("no examples of {command}: {help}"));
        for line in below.lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
    }
}

#[test]
fn help_of_a_change_begins_with_what_is_changed() {
    let help = Desk::new().accord(&["grant", "--help"]).run().exits(0).stdout;
    let at = |flag: &str| help.find(flag).unwrap_or_else(|| panic!("{flag} in {help}"));
    assert!(at("--entitlement <") < at("--dry-run"), "{help}");
    assert!(at("-f, --file <") < at("--ca-cert"), "{help}");
    assert!(at("--dry-run") < at("--ca-cert"), "{help}");
}

#[test]
fn commands_that_are_not_part_of_this_version_are_named() {
    let desk = Desk::new();
    let outcome = desk.accord(&["grants", "duo.c1z"]).run().exits(2);
    outcome.tells(&["error[ARGS-002] `grants` is a command of the viewer", "do      ", "`baton grants --file FILE`"]);
    let outcome = desk.accord(&["serve"]).run().exits(2);
    outcome.tells(&["error[ARGS-002] `serve` is service mode", "do      run `accord sync` from a job"]);
}
