//! Small disks for tests that need a full one. Such a test runs itself again in a process with mounts of its own, so that
//! nothing stays mounted, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::support::names;

/// In the second process.
const INSIDE: &str = "ACCORD_TEST_MOUNTS";

/// Whether this is the process where a test may mount. Elsewhere, the named test has run there, and passed.
#[track_caller]
pub(crate) fn are_own(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut again = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        again.args(["--user", "--map-root-user"]);
    }
    again.args(["--mount", "--"]).arg(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    let output = again.output().unwrap_or_else(|error| panic!("`unshare` of util-linux is needed: {error}"));
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    false
}

/// A disk of 1 MiB.
pub(crate) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one at this folder, which is made.
    pub(crate) fn at(folder: PathBuf) -> Self {
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&folder).output().unwrap();
        assert!(mount.status.success(), "{}", String::from_utf8_lossy(&mount.stderr));
        Self { folder }
    }

    /// Fills it but for so many bytes.
    pub(crate) fn fill_but(&self, bytes: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let full = loop {
            match ballast.write_all(&[1; 4096]) {
                Ok(()) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        let length = ballast.metadata().unwrap().len();
        let ballast = OpenOptions::new().write(true).open(self.ballast()).unwrap();
        ballast.set_len(length.checked_sub(bytes).unwrap()).unwrap();
    }

    /// Gives the space back.
    pub(crate) fn clear(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// The names on it but for what fills it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = names(&self.folder);
        names.retain(|name| name != "ballast");
        names
    }
}
