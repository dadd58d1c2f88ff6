//! One writer per target.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use accord_c1z::lock::{LockError, TargetLock};
use tempfile::TempDir;

use crate::child::{child_task, spawn_child};

/// 2026-11-21 10:02:00.
const SINCE: i64 = 1_795_255_320;

// S11.
#[test]
fn the_second_process_is_told_who_writes_and_takes_over_when_that_one_is_dead() {
    if let Some(target) = child_task() {
        let mut lock = TargetLock::acquire(&target, SINCE).unwrap();
        lock.set_percent(42).unwrap();
        println!("the lock is held");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("duo.c1z");
    let test = "locking::the_second_process_is_told_who_writes_and_takes_over_when_that_one_is_dead";
    let mut child = spawn_child(test, &target).stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("the lock is held")));
    // Through a link, it is the same target.
    let link = folder.path().join("link.c1z");
    fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    for name in [&target, &link] {
        let LockError::Busy { holder, .. } = TargetLock::acquire(name, SINCE).unwrap_err() else { panic!() };
        let holder = holder.unwrap();
        assert_eq!((holder.pid, holder.since, holder.percent), (child.id(), SINCE, Some(42)));
        let text = TargetLock::acquire(name, SINCE).unwrap_err().to_string();
        let who =
            format!("is being written by pid {} on {} since 2026-11-21 10:02:00 UTC (42 %)", child.id(), holder.host);
        assert!(text.ends_with(&who), "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(folder.path().join(".duo.c1z.accord-lock").exists(), "a killed holder leaves its file");
    let lock = TargetLock::acquire(&target, SINCE).unwrap();
    assert!(matches!(TargetLock::acquire(&target, SINCE), Err(LockError::Busy { .. })), "also within one process");
    drop(lock);
    assert!(!folder.path().join(".duo.c1z.accord-lock").exists());
}

#[test]
fn two_never_hold_it_at_once_however_often_it_is_removed() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("sync.c1z");
    let (holders, turns) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut own = 0;
                while own < 200 {
                    let Ok(lock) = TargetLock::acquire(&target, SINCE) else { continue };
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                    own += 1;
                    turns.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(holders.fetch_sub(1, Ordering::SeqCst), 1);
                    drop(lock);
                }
            });
        }
    });
    assert_eq!(turns.into_inner(), 800);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_target_in_no_folder_is_an_error_that_names_it() {
    let folder = TempDir::new().unwrap();
    let error = TargetLock::acquire(&folder.path().join("nowhere/sync.c1z"), SINCE).unwrap_err();
    assert!(error.to_string().contains("nowhere/sync.c1z"), "{error}");
}
