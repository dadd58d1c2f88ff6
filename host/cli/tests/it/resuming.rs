//! Which interrupted syncs are gone on with: those of the same plugin, configuration and flags, begun within a day. Any
//! other begins afresh, says why, and reads everything.

use std::collections::BTreeSet;
use std::time::Duration;

use accord_fixtures::duo::{DuoServer, Fault, Gate, Keys, Options, Rule, World};
use accord_fixtures::world::Expected;
use rustix::process::Signal;

use crate::rows::Rows;
use crate::support::{Call, Desk, Outcome, duo};

const FILE: &str = "sync.c1z";
const WORK_FILE: &str = ".sync.c1z.accord-work";

/// The name in the certificates of all fixtures.
const NAME: &str = "api-fixture1.duosecurity.com";

/// Longer than any machine takes to get there.
const SOON: Duration = Duration::from_secs(60);

/// What a sync of the examples asks for.
const ALL: [&str; 5] = ["admin_roles", "admins", "groups", "settings", "users"];

fn sync(desk: &Desk, server: &DuoServer) -> Call {
    desk.accord(&["sync", "duo", "--workers=1"]).against(server)
}

/// The same, by a name that leads to this server.
fn sync_by_name(desk: &Desk, server: &DuoServer) -> Call {
    let place = format!("{NAME}:443={}", server.host());
    sync(desk, server).arguments(&["--api-hostname", NAME, "--resolve", &place])
}

/// Stops a run that has kept four pages and waits for the last one.
fn interrupt(call: Call, desk: &Desk, server: &DuoServer) {
    let gate = Gate::closed();
    server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
    let running = call.start();
    assert!(gate.wait_for(1, SOON), "the run never got there: {:?}", running.wait());
    running.send(Signal::TERM);
    running.wait().exits(143).tells(&["run the same command again: 4 pages need not be read again"]);
    assert!(desk.path(WORK_FILE).exists());
    gate.open();
    server.faults().clear();
    server.server().clear_log();
}

/// The endpoints that were asked, each once.
#[track_caller]
fn asked(server: &DuoServer) -> BTreeSet<String> {
    let paths: Vec<String> = server.log().into_iter().map(|exchange| exchange.request.path).collect();
    let names: BTreeSet<String> = paths.iter().map(|path| path.replace("/admin/v1/", "")).collect();
    assert_eq!(names.len(), paths.len(), "something was asked twice: {paths:?}");
    names
}

/// Fails the test unless this run began afresh for this reason and made its file of nothing else.
#[track_caller]
fn began_afresh(outcome: Outcome, desk: &Desk, server: &DuoServer, reason: &str, expected: &Expected) {
    let outcome = outcome.exits(0).tells(&["starting afresh: ", reason]);
    assert!(!outcome.stderr.contains("resuming"), "{}", outcome.stderr);
    assert_eq!(asked(server), ALL.map(str::to_owned).into(), "everything is read again");
    Rows::of(desk, FILE).are(expected);
    desk.accord(&["verify", FILE]).run().exits(0);
    let strays: Vec<_> = desk.names().into_iter().filter(|name| !["mine", FILE].contains(&name.as_str())).collect();
    assert_eq!(strays, Vec::<String>::new());
}

/// Duo's component with a note at its end that nothing reads: another file that does the same.
fn another_duo() -> Vec<u8> {
    let mut component = std::fs::read(accord_fixtures::components::plugins_dir().join("duo.wasm")).unwrap();
    let name = b"built-elsewhere";
    component.extend([0, u8::try_from(name.len() + 1).unwrap(), u8::try_from(name.len()).unwrap()]);
    component.extend(name);
    component
}

#[test]
fn the_same_command_goes_on() {
    let (desk, server) = (Desk::new(), duo());
    interrupt(sync(&desk, &server), &desk, &server);
    sync(&desk, &server).run().exits(0).tells(&["\"msg\":\"resuming an interrupted sync\",\"pages\":4"]);
    assert_eq!(asked(&server), ["admins".to_owned()].into(), "nothing that was kept is asked again");
    Rows::of(&desk, FILE).are(&server.expected());
    assert_eq!(desk.names(), [FILE]);

    // How it is read may change: with another key, elsewhere, faster.
    interrupt(sync_by_name(&desk, &server), &desk, &server);
    let key = "another-secret-key-of-forty-characters-1";
    server.set_secret_key(key);
    let call = sync_by_name(&desk, &server).arguments(&["--log-level=info", "--rate=1000/min"]);
    call.env("BATON_SECRET_KEY", key).run().exits(0).tells(&["resuming an interrupted sync"]);
    assert_eq!(asked(&server), ["admins".to_owned()].into());
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn another_plugin_begins_afresh() {
    let (desk, server) = (Desk::new(), duo());
    desk.write("mine/duo.wasm", another_duo());
    interrupt(sync(&desk, &server), &desk, &server);
    let outcome = sync(&desk, &server).env("ACCORD_PLUGINS", "mine").run();
    began_afresh(outcome, &desk, &server, "plugin was `", &server.expected());
}

#[test]
fn another_configuration_begins_afresh() {
    let keys = Keys {
        integration_key: "DIANOTHER0EXAMPLE000".to_owned(),
        secret_key: "anotherSecretKeyForTestsOnly000000000000".to_owned(),
    };
    let other = DuoServer::start(World::vendor_examples(), Options { keys, ..Options::default() }).unwrap();
    let (desk, server) = (Desk::new(), duo());
    interrupt(sync_by_name(&desk, &server), &desk, &server);
    let outcome = sync_by_name(&desk, &other).run();
    let reason = "configuration integration-key was `DIFIXTURE0EXAMPLE000` and is `DIANOTHER0EXAMPLE000`";
    began_afresh(outcome, &desk, &other, reason, &other.expected());

    let twin = duo();
    interrupt(sync(&desk, &server), &desk, &server);
    let outcome = sync(&desk, &twin).run();
    let reason = format!("configuration api-hostname was `{}` and is `{}`", server.host(), twin.host());
    began_afresh(outcome, &desk, &twin, &reason, &twin.expected());
}

#[test]
fn what_was_begun_a_day_ago_begins_afresh() {
    let (desk, server) = (Desk::new(), duo());
    for (hours, is_fresh) in [(25, true), (23, false)] {
        interrupt(sync(&desk, &server), &desk, &server);
        let work = rusqlite::Connection::open(desk.path(WORK_FILE)).unwrap();
        let changed =
            work.execute("UPDATE meta SET value = value - ? WHERE name = 'started_seconds'", [hours * 3600]).unwrap();
        assert_eq!(changed, 1);
        work.close().unwrap();
        let outcome = sync(&desk, &server).run();
        if is_fresh {
            let reason = "the work file is 25 h old, more than 24 h";
            began_afresh(outcome, &desk, &server, reason, &server.expected());
        } else {
            outcome.exits(0).tells(&["resuming an interrupted sync"]);
            assert_eq!(asked(&server), ["admins".to_owned()].into());
        }
    }
}

#[test]
fn another_scope_begins_afresh() {
    let whole = duo().expected();
    let none = BTreeSet::new;
    let resources = Expected { entitlements: none(), grants: none(), ..whole };
    for (flag, reason, expected) in [
        ("--skip-entitlements-and-grants", "resources only was `false` and is `true`", &resources),
        ("--file-profile=compat-0.7", "file profile was `current` and is `compat-0.7`", &duo().expected()),
    ] {
        let (desk, server) = (Desk::new(), duo());
        interrupt(sync(&desk, &server), &desk, &server);
        let outcome = sync(&desk, &server).arguments(&[flag]).run();
        began_afresh(outcome, &desk, &server, reason, expected);
    }
}
