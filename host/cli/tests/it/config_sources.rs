//! Flag, else variable, else file, else default; and every fault at once.

use crate::support::{Desk, Outcome};

/// `doctor` shows the configuration before it goes to the network, which it may not: the address is a private one.
fn shown(outcome: &Outcome, field: &str) -> String {
    let line = outcome.stdout.lines().find(|line| line.trim_start().starts_with(field));
    line.unwrap_or_else(|| panic!("no {field} in {outcome:?}")).split_whitespace().last().unwrap().to_owned()
}

#[test]
fn missing_configuration_is_told_all_at_once_with_flag_and_variable() {
    let desk = Desk::new();
    let outcome = desk.accord(&["sync", "duo"]).run().exits(2).tells(&[
        "error[CONF-001] the configuration of duo has 3 problems",
        "--integration-key / BATON_INTEGRATION_KEY is missing",
        "--secret-key / BATON_SECRET_KEY is missing",
        "--api-hostname / BATON_API_HOSTNAME is missing",
    ]);
    assert_eq!(outcome.errors(), 1);
    assert_eq!(desk.names(), Vec::<String>::new(), "nothing is written before the configuration stands");
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_beats_the_file() {
    let desk = Desk::new();
    desk.write(
        ".baton.yaml",
        "API-Hostname: 127.0.0.1:1\nintegration-key: DIFILE00000000000000\nsecret-key: in-the-file-only\n",
    );
    let doctor = |arguments: &[&str]| {
        let mut all = vec!["doctor", "duo"];
        all.extend(arguments);
        desk.accord(&all)
    };
    assert_eq!(shown(&doctor(&[]).run(), "api-hostname"), "127.0.0.1:1");
    assert_eq!(shown(&doctor(&[]).env("BATON_API_HOSTNAME", "127.0.0.2:1").run(), "api-hostname"), "127.0.0.2:1");
    let flag = doctor(&["--api-hostname", "127.0.0.3:1"]).env("BATON_API_HOSTNAME", "127.0.0.2:1").run();
    assert_eq!(shown(&flag, "api-hostname"), "127.0.0.3:1");
    assert_eq!(shown(&flag, "integration-key"), "DIFILE…");
    assert!(!flag.printed().contains("in-the-file-only"));
    assert_eq!(
        shown(&doctor(&[]).env("BATON_API_HOSTNAME", "").run(), "api-hostname"),
        "127.0.0.1:1",
        "empty is not set"
    );
}

#[test]
fn a_file_that_is_not_understood_is_told_with_its_line() {
    let desk = Desk::new();
    desk.write(".baton.yaml", "api-hostname: api.example.com\nsecret-key: \"hunter2hunter2\nx: y\n");
    let outcome = desk.accord(&["sync", "duo"]).run().exits(2).tells(&["error[CONF-004]", ".baton.yaml:"]);
    assert!(!outcome.printed().contains("hunter2"), "{outcome:?}");
    desk.write(".baton.yaml", "a: 1\napi-hostname: {b: c}\n");
    desk.accord(&["sync", "duo"])
        .run()
        .exits(2)
        .tells(&["`api-hostname` is neither a text nor a list", ".baton.yaml:2"]);
}

#[test]
fn the_variable_names_another_file_which_must_be_there() {
    let desk = Desk::new();
    let missing = desk.accord(&["sync", "duo"]).env("BATON_CONFIG_PATH", "nowhere.yaml").run();
    missing.exits(2).tells(&["error[CONF-004]", "`nowhere.yaml` cannot be read"]);
    let named = desk.accord(&["sync", "duo"]).env("BATON_CONFIG_PATH", "config.json").run();
    named.exits(2).tells(&["does not end in .yaml or .yml"]);
    desk.write(
        "other.yml",
        "api-hostname: 127.0.0.4:1\nintegration-key: DIFILE00000000000000\nsecret-key: in-the-file-only\n",
    );
    let other = desk.accord(&["doctor", "duo"]).env("BATON_CONFIG_PATH", "other.yml").run();
    assert_eq!(shown(&other, "api-hostname"), "127.0.0.4:1");
}

#[test]
fn a_name_that_nobody_reads_gets_a_warning_with_the_nearest() {
    let desk = Desk::new();
    desk.write(".baton.yaml", "log-level: info\nworkesr: 2\nsecret: x\nclient-id: y\n");
    desk.accord(&["sync", "duo"]).run().exits(2).tells(&[
        ".baton.yaml:2: nothing reads `workesr`; did you mean `workers`?",
        ".baton.yaml:3: nothing reads `secret`",
        ".baton.yaml:4: nothing reads `client-id`",
    ]);
}

#[test]
fn settings_of_the_host_may_stand_in_the_file_too() {
    let desk = Desk::new();
    desk.write(".baton.yaml", "workers: 1000\nindexes: some\n");
    desk.accord(&["sync", "duo"])
        .run()
        .exits(2)
        .tells(&["(from .baton.yaml:1)", "is `some`, and can be all, none (from .baton.yaml:2)"]);
}
