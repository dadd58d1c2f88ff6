//! `stats` and `verify` on files of others, whole and damaged.

use crate::support::{Desk, golden};

#[test]
fn stats_of_a_file_of_the_reference_tool() {
    let outcome = Desk::new().accord(&["stats", &golden("expanded-sdk-0.25.0.c1z")]).run().exits(0);
    let rows: Vec<Vec<&str>> = outcome.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["sync", "3MOP4mBReuYSo2xbbx5X4jNWHOh", "(full)"]), "{}", outcome.stdout);
    assert!(rows.contains(&vec!["role", "3", "3", "13"]), "{}", outcome.stdout);
    assert!(rows.contains(&vec!["all", "11", "6", "22"]), "{}", outcome.stdout);
}

#[test]
fn stats_of_an_old_file_are_counted() {
    let json = Desk::new().accord(&["stats", &golden("demo-sdk-0.2.51.c1z"), "--output", "json"]).run().exits(0).json();
    assert_eq!(json["counts"]["resources"], 11);
    assert_eq!(json["counts"]["entitlements"], 10);
    assert_eq!(json["counts"]["grants_by_resource_type"]["project"], 12);
    assert_eq!(json["sync"]["id"], "3MOOaoFE8nVm9oKkq6on3JdyKs6");
    assert_eq!(json["coverage"], serde_json::Value::Null);
}

/// Files hold times without a zone.
#[test]
fn times_are_told_with_their_zone() {
    let file = golden("demo-sdk-0.2.51.c1z");
    let json = Desk::new().accord(&["stats", &file, "--output", "json"]).run().exits(0).json();
    assert_eq!(json["sync"]["started_at"], "2026-11-20T23:43:33.531508564Z");
    assert_eq!(json["sync"]["ended_at"], "2026-11-20T23:43:33.573027108Z");
    let outcome = Desk::new().accord(&["stats", &file]).run().exits(0);
    assert!(outcome.stdout.contains("started  2026-11-20 23:43:33 UTC\n"), "{}", outcome.stdout);
}

#[test]
fn a_sound_file_verifies() {
    let outcome = Desk::new().accord(&["verify", &golden("expanded-sdk-0.25.0.c1z")]).run().exits(0);
    assert!(outcome.stdout.starts_with("header ok · zstd ok · database ok"), "{}", outcome.stdout);
}

#[test]
fn a_file_of_version_3_is_refused_by_name() {
    let desk = Desk::new();
    let file = golden("demo-v3-pebble-sdk-0.25.0.c1z");
    let verdict = desk.accord(&["verify", &file]).run().exits(14);
    assert!(verdict.stdout.contains("this is a c1z v3 (engine pebble3"), "{}", verdict.stdout);
    let outcome = desk.accord(&["stats", &file]).run().exits(14).tells(&["error[FILE-001]", "this is a c1z v3"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn damage_is_told_with_its_place() {
    let desk = Desk::new();
    let whole = std::fs::read(golden("expanded-sdk-0.25.0.c1z")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x40;
    for (name, bytes, told) in [
        ("empty.c1z", Vec::new(), "the file is empty"),
        ("text.c1z", b"hello".to_vec(), "not a c1z file"),
        ("cut.c1z", whole[..whole.len() / 2].to_vec(), "zstd: "),
        ("flipped.c1z", flipped, "zstd: "),
        ("trailing.c1z", [whole.as_slice(), b"more"].concat(), "zstd: "),
    ] {
        let file = desk.write(name, bytes).display().to_string();
        let verdict = desk.accord(&["verify", &file]).run().exits(14);
        assert!(verdict.stdout.contains(told) && verdict.stdout.contains("not readable"), "{name}: {}", verdict.stdout);
        let json = desk.accord(&["verify", &file, "--output=json"]).run().exits(14).json();
        assert_eq!(json["readable"], false);
        let stats = desk.accord(&["stats", &file]).run().exits(14);
        assert_eq!((stats.errors(), stats.stdout.as_str()), (1, ""), "{stats:?}");
        stats.tells(&["take it from a backup, or make it anew"]);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let desk = Desk::new();
    for command in ["stats", "verify"] {
        let outcome = desk.accord(&[command, "nowhere.c1z"]).run().exits(14);
        outcome.tells(&["error[FILE-001] `nowhere.c1z` cannot be read", "do      name a file that is there"]);
    }
}
