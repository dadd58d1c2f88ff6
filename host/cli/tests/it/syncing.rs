//! Syncs against a fixture Duo, as its users see them.

use std::collections::BTreeSet;

use accord_c1z::reader::{Reader, View};
use accord_fixtures::duo::{DuoServer, Permission};

use crate::support::{Desk, duo, golden};

/// What is in a file, by the ids that a sync must have found.
fn assert_holds_what_duo_has(desk: &Desk, file: &str, server: &DuoServer) {
    let reader = Reader::open(&desk.path(file), &desk.path("")).unwrap();
    let ids = |rows: Vec<String>| rows.into_iter().collect::<BTreeSet<_>>();
    let expected = server.expected();
    let grants = reader.grants(&View::Everything).map(|grant| grant.unwrap().row.message.id).collect();
    assert_eq!(ids(grants), expected.grants);
    let entitlements = reader.entitlements(&View::Everything).map(|row| row.unwrap().message.id).collect();
    assert_eq!(ids(entitlements), expected.entitlements);
}

#[test]
fn the_first_sync_succeeds_and_says_what_it_found() {
    let (desk, server) = (Desk::new(), duo());
    let secret = server.keys().secret_key.clone();
    let (host, ca_file) = (server.host(), server.ca_file().display().to_string());
    let outcome = desk
        .accord(&["sync", "duo", "--api-hostname", &host, "--integration-key", &server.keys().integration_key])
        .arguments(&["--secret", "secret-key=env:DUO_SKEY", "--allow-address=127.0.0.0/8", "--ca-cert", &ca_file])
        .arguments(&["-f", "duo.c1z"])
        .env("DUO_SKEY", &secret)
        .run()
        .exits(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let counts = "  accounts 9  roles 5  groups 3  others 1  grants 8  calls 5  429s 0  00:0";
    assert!(lines[0].starts_with(counts), "{lines:?}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("  complete → duo.c1z (") && last.contains(", sha256 "), "{last}");
    assert!(!outcome.printed().contains(&secret));
    assert_eq!(desk.names(), ["duo.c1z"], "no work file, lock or temporary file is left");

    assert_holds_what_duo_has(&desk, "duo.c1z", &server);
    let stats = desk.accord(&["stats", "duo.c1z", "--output=json"]).run().exits(0).json();
    assert_eq!(stats["counts"]["grants"], 8);
    assert_eq!(stats["counts"]["resources_by_resource_type"]["user"], 5);
    assert_eq!(stats["counts"]["resources_by_resource_type"]["admin"], 4);
    assert_eq!(stats["coverage"]["complete"], true);
    desk.accord(&["verify", "duo.c1z"]).run().exits(0);
}

#[test]
fn a_wrong_key_is_told_once_and_touches_nothing() {
    let (desk, server) = (Desk::new(), duo());
    let earlier = std::fs::read(golden("demo-sdk-0.2.51.c1z")).unwrap();
    desk.write("duo.c1z", &earlier);
    let wrong = "thirty-nine-characters-0123456789abcdef";
    let outcome = desk.accord(&["sync", "duo", "-f", "duo.c1z"]).against(&server).env("BATON_SECRET_KEY", wrong).run();
    let outcome = outcome.exits(10).tells(&[
        "error[CRED-001] Duo refused the signature (HTTP 401, code 40103",
        "where   GET ",
        "/admin/v1/settings",
        "means   ",
        "do      ",
        "file    duo.c1z not touched",
    ]);
    assert!(outcome.stderr.contains("usually 40 characters, this one has 39"), "{}", outcome.stderr);
    assert_eq!(outcome.errors(), 1);
    assert!(!outcome.printed().contains(wrong));
    assert_eq!(std::fs::read(desk.path("duo.c1z")).unwrap(), earlier);
    assert_eq!(desk.names(), ["duo.c1z"]);
    assert_eq!(server.log().len(), 1, "one request, no retries");
}

#[test]
fn a_wrong_key_leaves_no_empty_file() {
    let (desk, server) = (Desk::new(), duo());
    server.set_revoked(true);
    desk.accord(&["sync", "duo"]).against(&server).run().exits(10);
    assert_eq!(desk.names(), Vec::<String>::new());
}

#[test]
fn a_missing_permission_is_named_by_doctor_and_sync_and_can_be_allowed() {
    let (desk, server) = (Desk::new(), duo());
    server.set_permission(Permission::AdministratorsRead, false);
    for command in ["doctor", "validate"] {
        let outcome = desk.accord(&[command, "duo"]).against(&server).run().exits(11);
        let fail = outcome.stdout.lines().find(|line| line.contains("FAIL")).unwrap().to_owned();
        assert!(fail.contains("Grant administrators") && fail.contains("needed for: "), "{fail}");
        assert!(fail.contains('→'), "{fail}");
        assert!(outcome.stdout.contains("  ok    Grant resource - Read"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("1 check failed"));
    }
    let outcome = desk.accord(&["sync", "duo"]).against(&server).run().exits(11);
    outcome.tells(&["error[PERM-001]", "Grant administrators - Read"]);
    assert!(!desk.path("sync.c1z").exists());

    let mistyped = desk.accord(&["sync", "duo", "--allow-gaps=roel"]).against(&server).run().exits(2);
    mistyped.tells(&["--allow-gaps has `roel`, and can be all, or some of account, admin, admins, group"]);

    let allowed = desk.accord(&["sync", "duo", "--allow-gaps=role"]).against(&server).run().exits(3);
    assert!(allowed.stdout.contains("gap   admins not collected: "), "{}", allowed.stdout);
    assert!(allowed.stdout.contains("(needs \"Grant administrators - Read\")"), "{}", allowed.stdout);
    assert!(allowed.stdout.contains("  complete with declared gaps → sync.c1z ("), "{}", allowed.stdout);
    let stats = desk.accord(&["stats", "sync.c1z"]).run().exits(0);
    assert!(stats.stdout.contains("gaps in: admins"), "a gap never looks like \"no admins\": {}", stats.stdout);
}

#[test]
fn checks_that_pass_say_so() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.accord(&["validate", "duo"]).against(&server).run().exits(0);
    assert!(outcome.stdout.ends_with("  duo can be synced\n"), "{}", outcome.stdout);
    let json = desk.accord(&["validate", "duo", "--output=json"]).against(&server).run().exits(0).json();
    assert_eq!(json["passed"], true);
    assert!(json["checks"].as_array().unwrap().iter().all(|check| check["outcome"] == "passed"), "{json}");
    assert!(!desk.path("sync.c1z").exists());
}

#[test]
fn programs_get_json_and_a_report() {
    let (desk, server) = (Desk::new(), duo());
    let call = desk.accord(&["sync", "duo", "--output=json", "--report=report.json"]).against(&server);
    let printed = call.run().exits(0).json();
    let report =
        || -> serde_json::Value { serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap() };
    assert_eq!(printed, report());
    assert_eq!(printed["counts"]["grants"], 8);
    assert_eq!(printed["traffic"]["calls"], 5);
    server.set_revoked(true);
    desk.accord(&["sync", "duo", "--report=report.json"]).against(&server).run().exits(10);
    assert_eq!(report()["exit_code"], 10);
    assert_eq!(report()["error"]["code"], "CRED-001");
    let about = |report: &serde_json::Value| (report["plugin"]["id"].clone(), report["file"].clone());
    assert_eq!(about(&report()), ("duo".into(), "sync.c1z".into()));
    assert_eq!(desk.names(), ["report.json", "sync.c1z"]);
    desk.accord(&["sync", "duo", "--report=no/such/folder.json"]).against(&server).run().exits(10);
    server.set_revoked(false);
    let outcome = desk.accord(&["sync", "duo", "--report=no/such/folder.json"]).against(&server).run();
    outcome.exits(14).tells(&["error[REPORT-001]"]);
}

/// Otherwise whoever watches the report reads of the last good run.
#[test]
fn a_run_that_is_refused_before_it_begins_is_reported_too() {
    let desk = Desk::new();
    desk.write("report.json", r#"{"version":1,"file":"sync.c1z"}"#);
    desk.accord(&["sync", "duo", "--report=report.json"]).run().exits(2).tells(&["error[CONF-001]"]);
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
    assert_eq!((&report["exit_code"], &report["error"]["code"]), (&2.into(), &"CONF-001".into()), "{report}");
    assert_eq!((&report["plugin"]["id"], report.get("file")), (&"duo".into(), None), "{report}");
}

/// A check that fails says why, not only what to do: what is told apart in a sync is told apart here too.
#[test]
fn a_failed_check_says_what_failed_once() {
    let (desk, server) = (Desk::new(), duo());
    let validate = |arguments: &[&str]| desk.accord(&["validate", "duo"]).arguments(arguments).against(&server);
    let outcome = validate(&[]).without_env("SSL_CERT_FILE").run().exits(13);
    let reason = "Grant settings, Grant resource - Read, Grant administrators - Read: no trusted TLS connection to Duo";
    assert_eq!(outcome.stdout.matches(reason).count(), 1, "{}", outcome.stdout);
    let wrong = || validate(&[]).env("BATON_SECRET_KEY", "notTheSecretKeyOfThisIntegration0000000");
    let outcome = wrong().run().exits(10);
    for text in [
        "Grant settings: Duo refused the signature (HTTP 401, code 40103",
        "  where   GET https://",
        "  means   the secret key does not belong to integration",
        "  note    Secret Key: usually 40 characters, this one has 39",
    ] {
        assert!(outcome.stdout.contains(text), "{text} in {}", outcome.stdout);
    }
    let told = wrong().arguments(&["--output=json"]).run().exits(10).json();
    let labels: Vec<_> = told["checks"][0]["details"].as_array().unwrap().iter().map(|line| &line["label"]).collect();
    assert_eq!(labels, ["where", "means", "note"]);
}

/// Members are not of the type that was asked for: a group without any must not read as one that nobody is in.
#[test]
fn what_is_left_out_of_a_sync_of_some_types_is_told() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.accord(&["sync", "duo", "--sync-resource-types=group"]).against(&server).run().exits(0);
    assert!(outcome.stdout.contains("  note  users: "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("× left out: a resource type that was not asked for"), "{}", outcome.stdout);
    let outcome = desk.accord(&["sync", "duo"]).against(&server).run().exits(0);
    assert!(!outcome.stdout.contains("left out: a resource type"), "{}", outcome.stdout);
}

#[test]
fn what_a_connector_does_not_offer_is_told_with_a_way_out() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.accord(&["sync", "duo", "--sync-resources=bid:r:group/DG1"]).against(&server).run().exits(2);
    outcome.tells(&["error[PLUGIN-005]", "a sync of single resources", "do      do without it"]);
}

#[test]
fn in_a_connectors_place_the_task_completes() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.connector("duo", &[]).against(&server).run().exits(0);
    assert_eq!(outcome.stdout, "Task complete!\n");
    let settings: Vec<String> = server
        .environment()
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("BATON_")?.to_lowercase().replace('_', "-"), value)))
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    desk.write(".baton.yaml", settings.concat() + "file: from-the-file.c1z\n");
    let configured = desk
        .connector("duo", &[])
        .env("SSL_CERT_FILE", server.ca_file())
        .env("ACCORD_ALLOW_ADDRESS", "127.0.0.0/8")
        .run()
        .exits(0);
    assert_eq!(configured.stdout, "Task complete!\n");
    assert_holds_what_duo_has(&desk, "from-the-file.c1z", &server);
    std::fs::remove_file(desk.path(".baton.yaml")).unwrap();
    assert!(outcome.stderr.contains("\"msg\":\"Sync complete.\""), "{}", outcome.stderr);
    assert_holds_what_duo_has(&desk, "sync.c1z", &server);
    server.set_permission(Permission::AdministratorsRead, false);
    let gaps = desk.connector("duo", &["--allow-gaps"]).against(&server).run().exits(3);
    assert!(!gaps.stdout.contains("Task complete!"), "{}", gaps.stdout);
    assert!(gaps.stdout.contains("complete with declared gaps"), "{}", gaps.stdout);
}

#[test]
fn selected_types_are_collected_alone() {
    let (desk, server) = (Desk::new(), duo());
    desk.accord(&["sync", "duo", "--sync-resource-types", "user"]).against(&server).run().exits(0);
    let stats = desk.accord(&["stats", "sync.c1z", "--output=json"]).run().exits(0).json();
    assert_eq!(stats["counts"]["resources_by_resource_type"]["user"], 5);
    assert_eq!(stats["counts"]["grants"], 0);
    let outcome = desk.accord(&["sync", "duo", "--sync-resource-types=usr"]).against(&server).run().exits(2);
    outcome.tells(&["duo has no resource type `usr`", "account, user, group, admin, role"]);
}

#[test]
fn resources_alone_are_collected_on_request() {
    let (desk, server) = (Desk::new(), duo());
    desk.accord(&["sync", "duo", "--skip-entitlements-and-grants"]).against(&server).run().exits(0);
    let stats = desk.accord(&["stats", "sync.c1z", "--output=json"]).run().exits(0).json();
    assert_eq!(stats["counts"]["resources"], 18);
    assert_eq!(stats["counts"]["entitlements"], 0);
    assert_eq!(stats["counts"]["grants"], 0);
    assert_eq!(stats["sync"]["type"], "resources_only");
}

#[test]
fn a_file_for_older_viewers_has_only_the_columns_that_they_know() {
    let (desk, server) = (Desk::new(), duo());
    for (profile, has_it) in [("current", true), ("compat-0.7", false)] {
        desk.accord(&["sync", "duo", "--file-profile", profile]).against(&server).run().exits(0);
        desk.accord(&["verify", "sync.c1z"]).run().exits(0);
        let reader = Reader::open(&desk.path("sync.c1z"), &desk.path("")).unwrap();
        let database = std::fs::read(reader.container().unwrap().path()).unwrap();
        let column = b"grants_backfilled";
        assert_eq!(database.windows(column.len()).any(|bytes| bytes == column), has_it, "{profile}");
    }
}

#[test]
fn a_scope_that_cannot_be_served_is_an_error_and_never_a_full_sync() {
    let (desk, server) = (Desk::new(), duo());
    let id = "bid:r:group/DGAAAAAAAAAAAAAAAAA1";
    let outcome = desk.accord(&["sync", "duo", "--sync-resources", id]).against(&server).run().exits(2);
    outcome.tells(&["plugin 'duo' does not offer this: a sync of single resources"]);
    assert_eq!(desk.names(), Vec::<String>::new());
}

#[test]
fn an_address_that_was_not_allowed_is_not_reached() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.accord(&["sync", "duo"]).against(&server).without_env("ACCORD_ALLOW_ADDRESS").run().exits(15);
    assert_eq!(outcome.errors(), 1);
    assert!(outcome.stderr.contains("127.0.0.1"), "{}", outcome.stderr);
    assert_eq!(server.server().connections(), 0, "not one packet");
}

#[test]
fn a_name_can_be_resolved_elsewhere() {
    let desk = Desk::new();
    let name = "api-fixture.duosecurity.com";
    let options = accord_fixtures::duo::Options { names: vec![name.to_owned()], ..Default::default() };
    let server = DuoServer::start(accord_fixtures::duo::World::vendor_examples(), options).unwrap();
    let outcome = desk
        .accord(&["sync", "duo", "--api-hostname", name, "--resolve", &format!("{name}:443={}", server.host())])
        .against(&server)
        .run();
    outcome.exits(0);
    assert_holds_what_duo_has(&desk, "sync.c1z", &server);
}

#[test]
fn trust_must_be_there() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.accord(&["sync", "duo", "--ca-cert=nowhere.pem"]).against(&server).run().exits(2);
    assert!(outcome.stderr.contains("nowhere.pem"), "{}", outcome.stderr);
    let outcome = desk.accord(&["sync", "duo"]).against(&server).env("SSL_CERT_FILE", "nowhere.pem").run().exits(2);
    assert!(outcome.stderr.contains("SSL_CERT_FILE"), "{}", outcome.stderr);
    assert_eq!(server.log().len(), 0);
    assert_eq!(desk.names(), Vec::<String>::new());
}

#[test]
fn a_target_that_cannot_be_written_is_told_before_anything_is_read() {
    let (desk, server) = (Desk::new(), duo());
    let outcome = desk.accord(&["sync", "duo", "-f", "no/such/folder.c1z"]).against(&server).run().exits(14);
    outcome.tells(&["no/such/folder.c1z", "--file"]);
    let outcome =
        desk.accord(&["sync", "duo"]).against(&server).env("BATON_FILE", "s3://bucket/key.c1z").run().exits(2);
    outcome.tells(&["--file / BATON_FILE is a URL; this version writes to local files"]);
    assert_eq!(server.log().len(), 0);
}
