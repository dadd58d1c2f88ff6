//! Runs the real `accord` in a folder of its own, with nothing of the environment of the tests.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use accord_fixtures::duo::{DuoServer, Options, World};
use accord_fixtures::loopback::Fixture;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// A run that takes longer hangs. Ten times what the slowest test needs on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A folder that goes with the test, and how to run the program in it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code, or 128 and the signal's number.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that was started.
pub(crate) struct Running {
    child: Child,
    stdout: Gathered,
    stderr: Gathered,
}

/// What comes out of a pipe, as far as it has come.
struct Gathered {
    text: Arc<(Mutex<String>, Condvar)>,
    reader: std::thread::JoinHandle<()>,
}

/// One call of the program.
pub(crate) struct Call {
    command: Command,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A copy of the program, made by another process: a file that this one has open for writing goes along into every
    /// process that another test starts meanwhile, and such a program cannot be run.
    pub(crate) fn copy_of_program(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let status = std::process::Command::new("cp").arg(env!("CARGO_BIN_EXE_accord")).arg(&path).status().unwrap();
        assert!(status.success());
        path
    }

    /// The names in the folder, sorted; hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// `accord`, with the project's connectors in its plugins folder.
    pub(crate) fn accord(&self, arguments: &[&str]) -> Call {
        self.call(Path::new(env!("CARGO_BIN_EXE_accord")), arguments)
    }

    /// The program under the name of a connector.
    pub(crate) fn connector(&self, id: &str, arguments: &[&str]) -> Call {
        let link = self.path(&format!("bin/baton-{id}"));
        if !link.exists() {
            std::fs::create_dir_all(link.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_accord"), &link).unwrap();
        }
        self.call(&link, arguments)
    }

    fn call(&self, program: &Path, arguments: &[&str]) -> Call {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path().join("home"));
        command.env("ACCORD_PLUGINS", accord_fixtures::components::plugins_dir());
        // Shared by all tests, so that a component is compiled once.
        command.env("ACCORD_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        Call { command }
    }
}

impl Call {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn arguments(mut self, more: &[&str]) -> Self {
        self.command.args(more);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// All that is needed to reach a vendor's fixture API.
    pub(crate) fn against(mut self, server: &impl Fixture) -> Self {
        self.command.envs(server.environment());
        self
    }

    /// With no more memory for its data; more is refused by the kernel.
    pub(crate) fn within_memory(self, mebibytes: u32) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &(mebibytes * 1024).to_string()]);
        command.arg(self.command.get_program()).args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        Self { command }
    }

    pub(crate) fn start(mut self) -> Running {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let stdout = Gathered::from(child.stdout.take().unwrap());
        let stderr = Gathered::from(child.stderr.take().unwrap());
        Running { child, stdout, stderr }
    }

    /// As [`Call::start`], with a terminal of 100 columns as standard error.
    pub(crate) fn start_on_terminal(mut self) -> Running {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let size = rustix::termios::Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let inner = std::fs::OpenOptions::new().read(true).write(true).open(name).unwrap();
        rustix::termios::tcsetwinsize(&inner, size).unwrap();
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(inner);
        let mut child = self.command.spawn().unwrap();
        // Its own end of the terminal goes with the command.
        drop(self);
        let stdout = Gathered::from(child.stdout.take().unwrap());
        Running { child, stdout, stderr: Gathered::from(std::fs::File::from(terminal)) }
    }

    pub(crate) fn run(self) -> Outcome {
        self.start().wait()
    }
}

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal. It must not have been waited for.
    pub(crate) fn send(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Stops it where it is; false if it was over before. It goes on with a signal, or never.
    pub(crate) fn halt(&mut self) -> bool {
        if self.has_ended() {
            return false;
        }
        self.send(Signal::STOP);
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        // Only a look: the end is for `wait` to see.
        let ends = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(id), ends).unwrap().is_some_and(|status| status.stopped())
    }

    /// Blocks until this stands on standard error.
    #[track_caller]
    pub(crate) fn wait_for(&self, wanted: &str) {
        self.stderr.wait_for(wanted);
    }

    /// Whether it is over; [`Running::wait`] tells how.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, which must come in time.
    pub(crate) fn wait(mut self) -> Outcome {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        let (done, watched) = mpsc::channel::<()>();
        let guard = std::thread::spawn(move || {
            if watched.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(id, Signal::KILL);
            }
        });
        let status = self.child.wait().unwrap();
        drop(done);
        guard.join().unwrap();
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
        Outcome { code, stdout: self.stdout.end(), stderr: self.stderr.end() }
    }
}

impl Outcome {
    /// Fails the test unless the program ended with this code, and shows what it said.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Everything that was printed.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails the test unless standard error has each of these, in this order.
    #[track_caller]
    pub(crate) fn tells(self, wanted: &[&str]) -> Self {
        let mut rest = self.stderr.as_str();
        for text in wanted {
            let Some(position) = rest.find(text) else {
                panic!("`{text}` is missing or out of order in:\n{}", self.stderr)
            };
            rest = &rest[position + text.len()..];
        }
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }

    /// How often an error is told.
    pub(crate) fn errors(&self) -> usize {
        self.printed().matches("error[").count()
    }
}

/// A fixture Duo with the vendor's own examples.
pub(crate) fn duo() -> DuoServer {
    DuoServer::start(World::vendor_examples(), Options::default()).unwrap()
}

/// Looks again and again until there is something to see, which must come in time.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < LIMIT, "{what}: it never came");
        std::thread::yield_now();
    }
}

/// The names in a folder, sorted; hidden ones too.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A golden file of the fixtures.
pub(crate) fn golden(name: &str) -> String {
    format!("{}/../../fixtures/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

impl Gathered {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let text: Arc<(Mutex<String>, Condvar)> = Arc::default();
        let shared = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal whose other end is gone answers with an error, where a pipe ends.
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                shared.0.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                shared.1.notify_all();
            }
        });
        Self { text, reader }
    }

    /// Blocks until this has come.
    #[track_caller]
    fn wait_for(&self, wanted: &str) {
        let text = self.text.0.lock().unwrap();
        let (text, timeout) = self.text.1.wait_timeout_while(text, LIMIT, |text| !text.contains(wanted)).unwrap();
        assert!(!timeout.timed_out(), "`{wanted}` never came:\n{text}");
    }

    fn end(self) -> String {
        self.reader.join().unwrap();
        self.text.0.lock().unwrap().clone()
    }
}

/// A path list for a variable.
pub(crate) fn paths(paths: &[&Path]) -> OsString {
    std::env::join_paths(paths).unwrap()
}
