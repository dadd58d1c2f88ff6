//! Recording and replaying: no network, no key, the same bytes.

use crate::support::{Desk, duo};

#[test]
fn a_tape_replays_to_the_same_file_without_key_or_network() {
    let (desk, server) = (Desk::new(), duo());
    let secret = server.keys().secret_key.clone();
    desk.accord(&["sync", "duo", "-f", "live.c1z", "--record", "tape"]).against(&server).run().exits(0);
    drop(server);
    for workers in ["1", "8"] {
        let file = format!("replayed-{workers}.c1z");
        let outcome = desk.accord(&["sync", "duo", "-f", &file, "--replay=tape", "--workers", workers]).run().exits(0);
        assert!(outcome.stdout.contains("grants 8"), "{}", outcome.stdout);
    }
    let bytes = |file: &str| std::fs::read(desk.path(file)).unwrap();
    assert_eq!(bytes("replayed-1.c1z"), bytes("replayed-8.c1z"));
    for entry in std::fs::read_dir(desk.path("tape")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(&secret), "a tape holds no secret");
    }
}

#[test]
fn a_tape_of_another_plugin_is_refused() {
    let desk = Desk::new();
    let header = r#"{"version":1,"plugin":"other","plugin_version":"1","interface":"0.1","configuration":{},"secrets":[],
        "started_at":0,"sync_id":"3MOOaoFE8nVm9oKkq6on3JdyKs6"}"#;
    desk.write("tape/tape.json", header);
    desk.accord(&["sync", "duo", "--replay=tape"])
        .run()
        .exits(2)
        .tells(&["error[TAPE-004] the tape is one of `other`, not of `duo`"]);
    desk.accord(&["sync", "duo", "--replay=nowhere"]).run().exits(2).tells(&["cannot replay `nowhere/tape.json`"]);
}
