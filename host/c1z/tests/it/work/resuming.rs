//! What a run that was stopped leaves, and who may go on from it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use accord_c1z::model::Rows;
use accord_c1z::work::{Error, Fault, Origin, Step, work_path};

use super::*;
use crate::child::{child_task, spawn_child};

/// Page `number` of a listing of `of`: 50 users, 100 grants.
fn numbered(number: u32) -> Rows {
    let name = |index: u32| format!("user:p{number:03}-{index:02}");
    let names: Vec<String> = (0..50).map(name).collect();
    let resources: Vec<&str> = names.iter().map(String::as_str).collect();
    let grants = names.iter().flat_map(|name| [grant("group:g:member", name), grant("group:g:owner", name)]).collect();
    rows(&resources, &[], grants)
}

const PAGES: u32 = 200;

fn load(work: &mut WorkFile, mut each: impl FnMut(u32)) {
    let groups = begin(work, "groups");
    if work.collection(groups).unwrap().pages == 0 {
        commit(work, groups, rows(&["group:g"], &["group:g:member", "group:g:owner"], Vec::new()), Step::Done).unwrap();
    }
    let users = begin(work, "users");
    for number in work.collection(users).unwrap().pages..PAGES {
        let step = if number + 1 == PAGES { Step::Done } else { Step::Next(number.to_string()) };
        commit(work, users, numbered(number), step).unwrap();
        each(number);
    }
}

// Checklist 38 and 4.
#[test]
fn a_killed_load_goes_on_from_its_last_committed_page_and_ends_with_the_same_file() {
    if let Some(target) = child_task() {
        let mut work = WorkFile::open(options(target)).unwrap().work;
        load(&mut work, |number| println!("committed {number}"));
        return;
    }
    let whole = Place::new();
    let mut work = whole.open().work;
    load(&mut work, |_| {});
    let expected = finish(&mut work).unwrap();

    let place = Place::new();
    let mut told = 0;
    // Some early, some late; the child prints after each commit, so the kill falls anywhere in the next page.
    for kill_after in [1, 2, 3, 20, 21, 40, 60] {
        let test = "work::resuming::a_killed_load_goes_on_from_its_last_committed_page_and_ends_with_the_same_file";
        let mut child = spawn_child(test, &place.target()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let committed: Vec<u32> = lines
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("committed ").and_then(|(_, number)| number.parse().ok()))
            .take(kill_after)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(committed.first(), Some(&told).filter(|_| told > 0).or(Some(&0)), "it went on where it was");
        let opened = place.open();
        let Origin::Resumed { started_at, pages, rows } = opened.origin else { panic!("{:?}", opened.origin) };
        assert_eq!(started_at, NOW);
        // The page of the groups, and at least what was told.
        let last = u64::from(*committed.last().unwrap());
        assert!(pages >= last + 2, "{pages} pages after {last}");
        assert_eq!(rows, 3 + (pages - 1) * 150, "whole pages only");
        told = u32::try_from(pages - 1).unwrap();
    }
    let mut work = place.open().work;
    load(&mut work, |_| {});
    assert_eq!(finish(&mut work).unwrap(), expected);
    assert_eq!(fs::read(place.target()).unwrap(), fs::read(whole.target()).unwrap());
    work.discard().unwrap();
    assert_eq!(place.names(), ["sync.c1z"]);
}

// Checklist 4 and 40.
#[test]
fn a_killed_finish_leaves_the_old_file_or_the_new_one() {
    if let Some(target) = child_task() {
        let mut work = WorkFile::open(options(target)).unwrap().work;
        load(&mut work, |_| {});
        let mut tell = |progress| println!("at {progress:?}");
        finish_as(&mut work, &Wish::default(), &mut tell).unwrap();
        return;
    }
    let place = Place::new();
    fs::write(place.target(), "the old file").unwrap();
    for stage in ["Merging", "Writing", "Indexing", "Compressing", "Verifying"] {
        let test = "work::resuming::a_killed_finish_leaves_the_old_file_or_the_new_one";
        let mut child = spawn_child(test, &place.target()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.into_iter().any(|line| line.contains(&format!("at {stage}"))), "{stage}");
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = fs::read(place.target()).unwrap();
        if bytes != b"the old file" {
            assert_eq!(place.reader().syncs().unwrap().len(), 1, "{stage}");
        }
    }
    let mut opened = place.open();
    assert!(matches!(opened.origin, Origin::Resumed { pages: 201, .. }), "{:?}", opened.origin);
    finish(&mut opened.work).unwrap();
    opened.work.discard().unwrap();
    assert_eq!(place.names(), ["sync.c1z"]);
    assert_eq!(place.reader().syncs().unwrap()[0].sync_type, "full");
}

#[test]
fn a_work_file_that_is_just_dropped_is_resumed() {
    let place = Place::new();
    let mut opened = place.open();
    assert_eq!(opened.origin, Origin::Fresh);
    let sync_id = opened.work.sync_id().to_owned();
    stage(&mut opened.work, &[("users", rows(&["user:a"], &[], Vec::new()))]);
    drop(opened);
    let later = accord_c1z::model::Timestamp { seconds: NOW.seconds + 3600, nanoseconds: 5 };
    let opened = WorkFile::open(OpenOptions { now: later, seed: [9; 16], ..place.options() }).unwrap();
    assert_eq!(opened.origin, Origin::Resumed { started_at: NOW, pages: 1, rows: 1 });
    assert_eq!(opened.work.sync_id(), sync_id, "the sync keeps its id");
    assert_eq!(opened.work.started_at(), NOW);
}

// Checklist 39, with our shorter limit.
#[test]
fn another_identity_or_an_old_or_damaged_work_file_starts_afresh_and_says_why() {
    let later = |hours: i64| OpenOptions {
        now: accord_c1z::model::Timestamp { seconds: NOW.seconds + hours * 3600, nanoseconds: 0 },
        ..options(String::new().into())
    };
    let identity = |pairs: &[(&str, &str)]| OpenOptions {
        identity: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..options(String::new().into())
    };
    type Damage = fn(&Path);
    let none: Damage = |_| {};
    let cases: [(OpenOptions, Damage, &str); 7] = [
        (identity(&[("plugin", "sha256:01")]), none, "plugin was `sha256:00` and is `sha256:01`"),
        (identity(&[("plugin", "sha256:00"), ("scope", "user:a")]), none, "scope was not set and is `user:a`"),
        (identity(&[]), none, "plugin was `sha256:00` and is not set"),
        (later(25), none, "the work file is 25 h old, more than 24 h"),
        (
            later(0),
            |path| fs::write(path, "not a database, but as long as a header would be".repeat(99)).unwrap(),
            "is damaged",
        ),
        (later(0), |path| fs::write(path, "").unwrap(), "is damaged"),
        (
            later(0),
            |path| {
                let mut bytes = fs::read(path).unwrap();
                bytes[4096 * 2..4096 * 6].fill(0xa5);
                fs::write(path, bytes).unwrap();
            },
            "is damaged",
        ),
    ];
    for (with, damage, expected) in cases {
        let place = Place::new();
        let mut work = place.open().work;
        stage(&mut work, &[("users", rows(&["user:a"], &[], Vec::new()))]);
        drop(work);
        damage(&work_path(&place.target(), None).unwrap());
        let opened = WorkFile::open(OpenOptions { target: place.target(), ..with }).unwrap();
        let Origin::Afresh { reason } = &opened.origin else { panic!("{:?}, not {expected}", opened.origin) };
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(opened.work.collections().unwrap(), []);
    }
}

#[test]
fn a_work_file_is_private_and_lies_where_it_was_asked_to() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let cache = tempfile::tempdir().unwrap();
    let two = place.folder.path().join("two");
    fs::create_dir(&two).unwrap();
    let mut works = Vec::new();
    for target in [place.target(), two.join("sync.c1z")] {
        let with = OpenOptions { target, folder: Some(cache.path().to_owned()), ..place.options() };
        let work = WorkFile::open(with).unwrap().work;
        assert!(work.path().starts_with(cache.path()));
        assert_eq!(fs::metadata(work.path()).unwrap().permissions().mode() & 0o777, 0o600);
        works.push(work);
    }
    assert_ne!(works[0].path(), works[1].path(), "targets of one name do not meet");
    let mut work = works.remove(0);
    stage(&mut work, &[("users", rows(&["user:a"], &[], Vec::new()))]);
    finish(&mut work).unwrap();
    work.discard().unwrap();
    works.remove(0).discard().unwrap();
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    assert_eq!(place.names(), ["sync.c1z", "two"]);
}

// S7. A small file system where one can be mounted without privileges, a limit on the size of files elsewhere.
#[test]
fn a_full_disk_is_told_with_its_path_and_leaves_the_old_file_and_a_resumable_run() {
    if let Some(target) = child_task() {
        full_disk(&target);
        return;
    }
    let test = "work::resuming::a_full_disk_is_told_with_its_path_and_leaves_the_old_file_and_a_resumable_run";
    let place = Place::new();
    let mount = "mount -t tmpfs -o size=8m tmpfs \"$0\"";
    let mut probe = Command::new("unshare");
    probe.args(["-rm", "sh", "-c", mount]).arg(place.folder.path()).stderr(Stdio::null());
    let mut limited = if probe.status().is_ok_and(|status| status.success()) {
        let mut limited = Command::new("unshare");
        limited.args(["-rm", "sh", "-c", &format!("{mount} && exec \"$@\"")]).arg(place.folder.path());
        limited
    } else {
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 8000; exec \"$@\"", "sh"]);
        limited
    };
    let child = spawn_child(test, &place.target());
    limited.arg(child.get_program()).args(child.get_args());
    for (name, value) in child.get_envs() {
        limited.env(name, value.unwrap());
    }
    let output = limited.output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
}

fn full_disk(target: &Path) {
    fs::write(target, "the old file").unwrap();
    let mut work = WorkFile::open(options(target.to_owned())).unwrap().work;
    let groups = begin(&mut work, "groups");
    commit(&mut work, groups, rows(&["group:g"], &["group:g:member", "group:g:owner"], Vec::new()), Step::Done)
        .unwrap();
    let users = begin(&mut work, "users");
    for number in 0..20 {
        let step = if number == 19 { Step::Done } else { Step::Next(number.to_string()) };
        commit(&mut work, users, numbered(number), step).unwrap();
    }
    // A database that does not fit, if it is the disk that is full, and not each file that is limited.
    let disk = || rustix::fs::statvfs(target.parent().unwrap()).unwrap();
    let free = || disk().f_bavail * disk().f_frsize;
    if disk().f_blocks * disk().f_frsize == 8 << 20 {
        let ballast = target.with_file_name("ballast");
        fs::write(&ballast, vec![1; usize::try_from(free()).unwrap() - (600 << 10)]).unwrap();
        let error = finish(&mut work).unwrap_err();
        assert!(error.to_string().contains(".sync.c1z.accord-work"), "{error}");
        let is_told =
            matches!(&error, Error::NoSpace { needed: Some(needed), free, .. } if needed > free && *free <= 600 << 10);
        assert!(is_told, "{error}");
        fs::remove_file(ballast).unwrap();
    }
    // Then a work file that does not fit.
    let members = begin(&mut work, "members");
    let mut number = 0;
    let error = loop {
        match commit(&mut work, members, numbered(number), Step::Next(number.to_string())) {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.fault(), Fault::Storage, "{error}");
    assert!(error.to_string().contains(".sync.c1z.accord-work"), "{error}");
    assert_eq!(fs::read(target).unwrap(), b"the old file");
    drop(work);
    let opened = WorkFile::open(options(target.to_owned())).unwrap();
    assert!(
        matches!(opened.origin, Origin::Resumed { pages, .. } if pages == u64::from(number) + 21),
        "{:?}",
        opened.origin
    );
    opened.work.discard().unwrap();
    let left: Vec<_> =
        fs::read_dir(target.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["sync.c1z"]);
    assert_eq!(fs::read(target).unwrap(), b"the old file");
}
