//! A kill in each phase of the final pass. The files show the phase; the process is stopped as soon as they do, looked at
//! while it stands still, and ended for good. The run that comes next has nothing to ask and everything to write.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use accord_c1z::container::{ContainerError, Limits, Watch, extract};
use accord_fixtures::duo::DuoServer;
use rustix::process::Signal;

use crate::kills::{BUILD_FILE, FILE, WORK_FILE, account, sync};
use crate::rows::Rows;
use crate::support::{Desk, until};

/// There while the database is compressed and checked.
const PACKED_FILE: &str = ".sync.c1z.accord-tmp";

/// A phase may pass before the process stands still; then there is another run.
const ATTEMPTS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Building,
    /// A part of the compressed file is on the disk.
    Compressing,
    /// The target is the new file, and the work file is still there.
    Renamed,
}

impl Phase {
    /// Whether the files look like it; cheap enough to look all the time.
    fn shows(self, desk: &Desk, earlier: u64) -> bool {
        let length = |name: &str| fs::metadata(desk.path(name)).map(|file| file.len());
        match self {
            Self::Building => length(BUILD_FILE).is_ok_and(|length| length > 0),
            Self::Compressing => length(PACKED_FILE).is_ok_and(|length| length > 0),
            Self::Renamed => number_of(desk) != earlier,
        }
    }

    /// Whether it is this phase and no other, seen at leisure.
    fn stands(self, desk: &Desk, earlier: &[u8]) -> bool {
        let exists = |name: &str| desk.path(name).exists();
        let is_earlier = fs::read(desk.path(FILE)).unwrap() == earlier;
        match self {
            Self::Building => exists(BUILD_FILE) && !exists(PACKED_FILE) && is_earlier,
            Self::Compressing => exists(BUILD_FILE) && is_earlier && is_a_beginning(&desk.path(PACKED_FILE)),
            Self::Renamed => !is_earlier && !exists(PACKED_FILE) && exists(WORK_FILE),
        }
    }
}

/// The number by which the disk knows the target: another file has another one.
fn number_of(desk: &Desk) -> u64 {
    fs::metadata(desk.path(FILE)).unwrap().ino()
}

/// Whether a sync file ends too early.
fn is_a_beginning(path: &Path) -> bool {
    let elsewhere = tempfile::tempdir().unwrap();
    let mut watch = Watch { cancel: &false.into(), progress: &mut |_, _| {} };
    let unpacked = extract(path, elsewhere.path(), &Limits::default(), &mut watch);
    matches!(unpacked, Err(ContainerError::Truncated { .. }))
}

/// A desk where a run was killed in this phase; the earlier file lay there before.
fn killed_in(phase: Phase, server: &DuoServer, earlier: &[u8]) -> Desk {
    for _ in 0..ATTEMPTS {
        let desk = Desk::new();
        desk.write(FILE, earlier);
        let number = number_of(&desk);
        let mut running = sync(&desk, server).start();
        until("the phase, or the run's end", || (phase.shows(&desk, number) || running.has_ended()).then_some(()));
        let caught = running.halt() && phase.stands(&desk, earlier);
        if caught {
            running.send(Signal::KILL);
            running.wait().exits(137);
            assert!(phase.stands(&desk, earlier), "{phase:?}: a dead process changed the files");
            return desk;
        }
        if !running.has_ended() {
            running.send(Signal::CONT);
        }
        running.wait().exits(0);
    }
    panic!("{phase:?} was over {ATTEMPTS} times before the run stood still");
}

#[test]
fn a_kill_in_any_phase_of_the_final_pass_loses_nothing() {
    let server = account();
    let reference = Desk::new();
    server.change(|world| world.users.truncate(300));
    sync(&reference, &server).run().exits(0);
    let earlier = fs::read(reference.path(FILE)).unwrap();
    server.change(|world| drop(world.admins.pop()));
    sync(&reference, &server).run().exits(0);
    let expected = Rows::of(&reference, FILE);
    expected.are(&server.expected());

    for phase in [Phase::Building, Phase::Compressing, Phase::Renamed] {
        let desk = killed_in(phase, &server, &earlier);
        desk.accord(&["verify", FILE]).run().exits(0);
        if phase == Phase::Renamed {
            assert_eq!(Rows::of(&desk, FILE), expected, "the new file is whole");
        } else {
            assert!(fs::read(desk.path(FILE)).unwrap() == earlier, "{phase:?}: the earlier file is as it was");
        }
        let before = server.log().len();
        let outcome = sync(&desk, &server).run().exits(0);
        outcome.tells(&["resuming an interrupted sync"]);
        assert_eq!(server.log().len(), before, "{phase:?}: all had been read");
        assert_eq!(Rows::of(&desk, FILE), expected, "{phase:?}");
        assert_eq!(desk.names(), [FILE], "{phase:?}: nothing is left behind");
    }
}
