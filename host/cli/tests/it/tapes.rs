//! Recording and replaying: no network, no key, the same bytes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use accord_c1z::reader::Reader;
use accord_fixtures::duo::{DuoServer, EmbeddedGroups, Fault, Keys, Options, PageSize, PageSizes, Rule, Shape, World};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::rows::Rows;
use crate::support::{Call, Desk, duo};

/// Forty characters, of which some look different in a URL.
const SECRET: &str = "fixture+Secret/Key=For&Tests%Only0000000";

/// An account of many pages, with users whose groups have to be asked for one by one.
fn account() -> DuoServer {
    let capped = |cap| PageSize { cap, ..PageSize::at_most(500) };
    let page_sizes = PageSizes {
        users: capped(25),
        groups: capped(40),
        admins: capped(25),
        user_groups: capped(60),
        group_users: capped(60),
    };
    let world = World::generate(&Shape { seed: 7, users: 300, groups: 150, memberships: 5, admins: 60 });
    let keys = Keys { secret_key: SECRET.to_owned(), ..Options::default().keys };
    let embedded_groups = EmbeddedGroups { at_most: 100, with_ids: true };
    DuoServer::start(world, Options { keys, page_sizes, embedded_groups, ..Options::default() }).unwrap()
}

fn sync(desk: &Desk, server: &DuoServer, file: &str, more: &[&str]) -> Call {
    let call = desk.accord(&["sync", "duo", "-f", file]).arguments(more).against(server);
    call.env("ACCORD_TIME_SCALE", "1000")
}

fn replay(desk: &Desk, file: &str, workers: &str) -> Call {
    desk.accord(&["sync", "duo", "-f", file, "--replay=tape", "--workers", workers])
}

fn files(desk: &Desk) -> Vec<PathBuf> {
    std::fs::read_dir(desk.path("tape")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_tape_replays_to_the_same_bytes_with_any_number_of_workers() {
    let (desk, server) = (Desk::new(), account());
    sync(&desk, &server, "live.c1z", &["--record=tape", "--workers=4"]).run().exits(0);
    let (asked, expected) = (server.log().len(), server.expected());
    drop(server);
    assert!(asked > 25, "{asked}");
    let bytes = |file: &str| std::fs::read(desk.path(file)).unwrap();
    for workers in ["1", "8"] {
        let file = format!("replayed-{workers}.c1z");
        replay(&desk, &file, workers).run().exits(0);
        assert!(bytes(&file) == bytes("replayed-1.c1z"), "{workers} workers");
    }
    let replayed = Rows::of(&desk, "replayed-1.c1z");
    replayed.are(&expected);
    assert_eq!(replayed, Rows::of(&desk, "live.c1z"));
}

#[test]
fn two_live_syncs_differ_only_in_their_id_and_times() {
    let (desk, server) = (Desk::new(), account());
    sync(&desk, &server, "one.c1z", &[]).run().exits(0);
    sync(&desk, &server, "two.c1z", &["--workers=7"]).run().exits(0);
    assert_eq!(everything_else(&desk, "one.c1z"), everything_else(&desk, "two.c1z"));
}

/// All values of all tables, without the sync's id and what is a time by its name.
fn everything_else(desk: &Desk, file: &str) -> BTreeMap<String, Vec<String>> {
    let reader = Reader::open(&desk.path(file), &desk.path("")).unwrap();
    let sync_id = reader.syncs().unwrap()[0].sync_id.clone();
    let mut names = reader.connection().prepare("select name from sqlite_master where type = 'table'").unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut tables = BTreeMap::new();
    for name in names {
        let name = name.unwrap();
        let mut rows = reader.connection().prepare(&format!("select * from \"{name}\"")).unwrap();
        let columns: Vec<String> = rows.column_names().map(str::to_owned).collect();
        let texts = rows.query_map([], |row| {
            let values = columns.iter().filter(|column| !column.ends_with("_at"));
            let values = values.map(|column| row.get_ref(column.as_str()).map(|value| format!("{value:?}")));
            Ok(values.collect::<Result<Vec<_>, _>>()?.join("|"))
        });
        let sync_id = format!("{:?}", sync_id.as_bytes());
        let sync_id = sync_id.trim_matches(['[', ']']);
        let texts = texts.unwrap().map(|text| text.unwrap().replace(sync_id, "<sync>"));
        tables.insert(name.clone(), texts.collect());
    }
    assert!(tables.values().map(Vec::len).sum::<usize>() > 1_000, "{tables:?}");
    tables
}

#[test]
fn a_tape_is_private_and_holds_no_secret_even_if_the_target_repeats_it() {
    let (desk, server) = (Desk::new(), account());
    server.faults().add(Rule::on("*", Fault::Echo));
    sync(&desk, &server, "live.c1z", &["--record=tape"]).run().exits(0);
    let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&desk.path("tape")), 0o700);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = SECRET
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let hidden = [SECRET.to_owned(), STANDARD.encode(SECRET), hex.to_uppercase(), hex, url.to_lowercase(), url];
    let mut echoes = 0;
    for path in files(&desk) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let text = std::fs::read_to_string(&path).unwrap();
        echoes += text.matches("secret_key_base64").count();
        for secret in &hidden {
            assert!(!text.contains(secret.as_str()), "{} holds {secret}", path.display());
        }
    }
    assert!(echoes > 25, "the target did repeat it: {echoes}");
    drop(server);
    replay(&desk, "replayed.c1z", "4").run().exits(0);
    assert_eq!(Rows::of(&desk, "replayed.c1z"), Rows::of(&desk, "live.c1z"));
}

#[test]
fn a_tape_of_another_plugin_or_a_later_form_is_refused() {
    let desk = Desk::new();
    let header = |version: u32, plugin: &str| {
        format!(
            r#"{{"version":{version},"plugin":"{plugin}","plugin_version":"1","interface":"0.1","configuration":{{}},
            "secrets":[],"started_at":0,"sync_id":"3MOOaoFE8nVm9oKkq6on3JdyKs6"}}"#
        )
    };
    desk.write("tape/tape.json", header(1, "other"));
    let outcome = replay(&desk, "sync.c1z", "4").run().exits(2);
    outcome.tells(&["error[TAPE-004] the tape is one of `other`, not of `duo`"]);
    desk.write("tape/tape.json", header(2, "duo"));
    let outcome = replay(&desk, "sync.c1z", "4").run().exits(2);
    outcome.tells(&["cannot replay `tape/tape.json`: version 2 of tapes is not known"]);
    let outcome = desk.accord(&["sync", "duo", "--replay=nowhere"]).run().exits(2);
    outcome.tells(&["cannot replay `nowhere/tape.json`"]);
    assert_eq!(desk.names(), ["tape"]);
}

#[test]
fn what_is_missing_from_a_tape_is_told() {
    let (desk, server) = (Desk::new(), duo());
    sync(&desk, &server, "live.c1z", &["--record=tape"]).run().exits(0);
    drop(server);
    let page = "tape/read.admins.r0.p000000.json";
    let text = std::fs::read_to_string(desk.path(page)).unwrap();

    desk.write(page, &text[..text.len() / 2]);
    let outcome = replay(&desk, "sync.c1z", "4").run().exits(2);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&["error[TAPE-001] cannot replay `tape/read.admins.r0.p000000.json`"]);

    desk.write(page, text.replace("\"100\"", "\"50\""));
    let outcome = replay(&desk, "sync.c1z", "4").run();
    assert!(outcome.code != 0 && outcome.stderr.contains("the tape has GET"), "{outcome:?}");

    std::fs::remove_file(desk.path(page)).unwrap();
    let outcome = replay(&desk, "sync.c1z", "4").run().exits(2);
    outcome.tells(&["error[TAPE-003] the tape has no read admins page 0", "record the tape again"]);
    assert!(!desk.path("sync.c1z").exists());
}

#[test]
fn a_tape_is_not_recorded_over_another() {
    let (desk, server) = (Desk::new(), duo());
    sync(&desk, &server, "one.c1z", &["--record=tape"]).run().exits(0);
    let before: Vec<_> = files(&desk).into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    let outcome = sync(&desk, &server, "two.c1z", &["--record=tape"]).run().exits(2);
    outcome.tells(&["cannot record into `tape`: it holds the tape of another sync", "--record"]);
    let after: Vec<_> = files(&desk).into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(before, after);
    assert_eq!(desk.names(), ["one.c1z", "tape"]);
}

#[test]
fn an_interrupted_recording_goes_on_in_its_folder() {
    let (desk, server) = (Desk::new(), account());
    server.faults().add(Rule::on("/admin/v1/users", Fault::Revoke).after(5).times(1));
    sync(&desk, &server, "live.c1z", &["--record=tape"]).run().exits(10);
    server.set_revoked(false);
    let before = server.log().len();
    sync(&desk, &server, "live.c1z", &["--record=tape"]).run().exits(0);
    assert_ne!(server.log()[before].request.path, "/admin/v1/settings", "it went on");
    let expected = server.expected();
    drop(server);
    replay(&desk, "replayed.c1z", "4").run().exits(0);
    let replayed = Rows::of(&desk, "replayed.c1z");
    replayed.are(&expected);
    assert_eq!(replayed, Rows::of(&desk, "live.c1z"));
}

#[test]
fn a_sync_that_began_without_a_tape_does_not_leave_half_of_one() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Revoke));
    sync(&desk, &server, "live.c1z", &[]).run().exits(10);
    server.set_revoked(false);
    server.faults().clear();
    sync(&desk, &server, "live.c1z", &["--record=tape"]).run().exits(0);
    drop(server);
    replay(&desk, "replayed.c1z", "4").run().exits(0);
    assert_eq!(Rows::of(&desk, "replayed.c1z"), Rows::of(&desk, "live.c1z"));
}
