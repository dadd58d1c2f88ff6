//! In the place of the vendor's connector: what `baton-datadog` takes and prints.

use accord_fixtures::datadog::{OptIns, Options};

use super::{FILE, examples};
use crate::rows::Rows;
use crate::support::Desk;

#[test]
fn the_variables_of_the_vendors_page_are_all_that_is_needed() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let call = || desk.connector("datadog", &[]).against(&server);
    call().run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::default()));
    let outcome = call().env("BATON_SYNC_SCHEDULES", "true").env("BATON_PROVISIONING", "true").run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns { schedules: true, ..OptIns::default() }));
    assert!(outcome.stderr.contains("BATON_PROVISIONING has no effect"), "{}", outcome.stderr);
    call().env("BATON_SYNC_SECRETS", "1").env("BATON_FILE", "keys.c1z").run().exits(0);
    Rows::of(&desk, "keys.c1z").are(&server.expected(OptIns { secrets: true, ..OptIns::default() }));
    let service = call().env("BATON_CLIENT_ID", "x@example.com/prd").env("BATON_CLIENT_SECRET", "y".repeat(20)).run();
    service.exits(2).tells(&["BATON_CLIENT_ID asks for service mode"]);
}

#[test]
fn the_same_can_be_said_with_flags_and_in_a_file() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let keys = server.keys();
    let bare = |arguments: &[&str]| {
        let call = desk.connector("datadog", arguments).against(&server);
        call.without_env("BATON_SITE").without_env("BATON_API_KEY").without_env("BATON_APP_KEY")
    };
    let missing = bare(&[]).run().exits(2);
    for field in ["--site / BATON_SITE is missing", "--api-key / BATON_API_KEY is missing", "--app-key / BATON_APP_KEY"]
    {
        assert!(missing.stderr.contains(field), "{field} in {}", missing.stderr);
    }
    let site = ["--site=US1", "--sync-schedules", "--secret", "api-key=env:KEY"];
    bare(&site).env("KEY", &keys.api_key).env("BATON_APP_KEY", &keys.app_key).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns { schedules: true, ..OptIns::default() }));
    let text =
        format!("site: datadoghq.com\napi-key: {}\napp-key: {}\nsync-secrets: true\n", keys.api_key, keys.app_key);
    desk.write(".baton.yaml", text);
    bare(&["-f", "file.c1z"]).run().exits(0);
    Rows::of(&desk, "file.c1z").are(&server.expected(OptIns { secrets: true, ..OptIns::default() }));
}

#[test]
fn version_capabilities_and_configuration_are_printed_as_catalogues_read_them() {
    let desk = Desk::new();
    assert_eq!(desk.connector("datadog", &["-v"]).run().exits(0).stdout, "baton-datadog version 0.1.0\n");
    let outcome = desk.connector("datadog", &["capabilities"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("../golden/datadog-capabilities.json").trim_end());
    assert_eq!(desk.accord(&["capabilities", "datadog"]).run().exits(0).stdout, outcome.stdout);
    let outcome = desk.connector("datadog", &["config"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("../golden/datadog-config.json").trim_end());
    assert_eq!(desk.accord(&["config", "datadog"]).run().exits(0).stdout, outcome.stdout);
}

#[test]
fn help_shows_requirements_and_variables() {
    let outcome = Desk::new().connector("datadog", &["--help"]).env("COLUMNS", "200").run().exits(0);
    for text in ["($BATON_SITE)", "($BATON_API_KEY)", "($BATON_APP_KEY)", "--sync-schedule-members", "--sync-secrets"] {
        assert!(outcome.stdout.contains(text), "{text} in {}", outcome.stdout);
    }
}
