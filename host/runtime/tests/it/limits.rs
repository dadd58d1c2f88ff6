//! What a guest can run into, with limits small enough to be reached at once. The host goes on each time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use accord_fixtures::victim::Victim;
use accord_runtime::Problem;
use accord_runtime::clock::SystemClock;
use accord_runtime::configuration::Configuration;
use accord_runtime::engine::Engine;
use accord_runtime::http::{Activity, NetworkOptions, Proxies};
use accord_runtime::limits::Limits;
use accord_runtime::plugin::Package;
use accord_runtime::sync::{Progress, Report, Setup, SyncOptions, sync};

use crate::acme::given;
use crate::log::{Ear, captured};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Some(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))).unwrap());

static PACKAGE: LazyLock<Package> =
    LazyLock::new(|| Package::read(&accord_fixtures::components::guests_dir().join("hostile.wasm")).unwrap());

/// A folder, a victim, and limits to change.
struct Bench {
    victim: Victim,
    folder: tempfile::TempDir,
    limits: Limits,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self { victim: Victim::start().unwrap(), folder: tempfile::tempdir().unwrap(), limits }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("hostile.c1z")
    }

    async fn sync(&self, mode: &str, count: u32) -> Result<Report, Problem> {
        let given = given(&[
            ("mode", mode.to_owned()),
            ("count", count.to_string()),
            ("base-url", self.victim.allowed().origin()),
            ("token", self.victim.token().to_owned()),
        ]);
        let network = NetworkOptions {
            certificate_files: vec![self.victim.ca_file().to_owned()],
            allowed_addresses: vec!["127.0.0.0/8".parse().unwrap()],
            proxies: Proxies::Never,
            ..NetworkOptions::default()
        };
        let (_keep, stop) = tokio::sync::watch::channel(None);
        let setup = Setup {
            engine: &ENGINE,
            package: &PACKAGE,
            configuration: Arc::new(Configuration::build(&PACKAGE.manifest, &given).unwrap()),
            network,
            clock: Arc::new(SystemClock::new(1000.0)),
            stop,
            progress: Progress::default(),
            activity: Activity::default(),
            limits: self.limits.clone(),
        };
        let options = SyncOptions { workers: 2, ..SyncOptions::new(self.target()) };
        sync(setup, options).await
    }

    /// Runs a sync that must fail, and checks that nothing is left of it.
    #[track_caller]
    fn refused(&self, mode: &str, count: u32) -> String {
        let problem = run(self.sync(mode, count)).expect_err("the guest got through");
        assert_eq!(problem.category.exit_code(), 15, "{problem}");
        assert_eq!(std::fs::read_dir(self.folder.path()).unwrap().count(), 0, "nothing is written");
        problem.to_string()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    run_heard(&Ear::default(), future)
}

/// The same, and its log is heard.
fn run_heard<T>(ear: &Ear, future: impl Future<Output = T>) -> T {
    let ear = ear.clone();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().on_thread_start(move || ear.listen()).build().unwrap().block_on(future)
}

#[track_caller]
fn assert_tells(text: &str, told: &[&str]) {
    for part in told {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn an_endless_loop_ends_in_time_and_leaves_others_alone() {
    let budget = Duration::from_millis(300);
    let hostile = Bench::new(|limits| limits.compute = budget);
    let honest = Bench::new(|_| {});
    run(async {
        // So that nothing has to be compiled while the clock runs.
        Bench::new(|_| {}).sync("honest", 1).await.unwrap();
        let began = Instant::now();
        let (endless, other) = tokio::join!(hostile.sync("loop-forever", 1), honest.sync("honest", 1));
        let took = began.elapsed();
        let problem = endless.expect_err("it ended").to_string();
        assert_tells(&problem, &["error[LIMIT-003] plugin 'hostile' computed for more than 0.3 s without an end"]);
        assert!(took >= budget, "{took:?}");
        // A second is what users are promised; a busy machine gives the guest less than its time in it.
        assert!(took < budget + Duration::from_secs(5), "{took:?}");
        assert_eq!(other.unwrap().counts.resources, 1, "another sync of the process went on");
    });
    assert!(honest.target().exists() && !hostile.target().exists());
}

/// Calls of the host are no way around the budget, nor is a broken rule that the guest ignores.
#[test]
fn endless_calls_of_the_host_end_in_time() {
    let bench = Bench::new(|limits| limits.compute = Duration::from_millis(300));
    assert_tells(&bench.refused("loop-on-facts", 1), &["error[LIMIT-003]"]);
    let bench = Bench::new(|limits| limits.requests_per_page = 1);
    assert_tells(&bench.refused("flood-requests", 1_000_000), &["error[LIMIT-004]"]);
}

/// Waiting is not computing, so it must not be possible at all.
#[test]
fn a_guest_that_would_sleep_for_a_year_is_stopped() {
    assert_tells(&Bench::new(|_| {}).refused("sleep", 1), &["it wanted to sleep, which no connector may"]);
}

#[test]
fn memory_ends_at_the_cap() {
    let text = Bench::new(|limits| limits.memory_bytes = 20 << 20).refused("allocate", 1);
    assert_tells(&text, &["error[LIMIT-005] plugin 'hostile' wanted more than 20 MiB of memory"]);
    let text = Bench::new(|limits| limits.memory_bytes = 64 << 10).refused("honest", 1);
    assert_tells(&text, &["error[PLUGIN-004] plugin 'hostile' did not start", "memory"]);
    let text = Bench::new(|limits| limits.core_instances = 1).refused("honest", 1);
    assert_tells(&text, &["error[PLUGIN-004] plugin 'hostile' did not start"]);
}

#[test]
fn one_call_of_the_host_takes_so_much_data() {
    let text = Bench::new(|limits| limits.host_call_bytes = 1 << 20).refused("huge-call", 2);
    assert_tells(&text, &["plugin 'hostile'", "read mischief page 0"]);
    run(Bench::new(|limits| limits.host_call_bytes = 4 << 20).sync("huge-call", 2)).unwrap();
}

#[test]
fn rows_are_bounded_by_call_page_and_bytes() {
    let text = Bench::new(|limits| limits.rows_per_call = 999).refused("too-much-per-page", 1);
    assert_tells(&text, &["error[LIMIT-001]", "pushed 1000 rows in one call; at most 999 are allowed"]);
    let text = Bench::new(|limits| limits.rows_per_page = 999).refused("too-much-per-page", 1);
    assert_tells(&text, &["error[LIMIT-001]", "pushed more than 999 rows in one page"]);
    let text = Bench::new(|limits| limits.row_bytes_per_page = 999).refused("too-much-per-page", 1);
    assert_tells(&text, &["error[LIMIT-001]", "pushed more than 999 bytes of rows in one page"]);
    let report = run(Bench::new(|limits| limits.rows_per_page = 1_000).sync("too-much-per-page", 1)).unwrap();
    assert_eq!(report.counts.resources, 1_000);
}

#[test]
fn requests_are_bounded_by_call_and_page() {
    let bench = Bench::new(|limits| limits.requests_per_page = 3);
    let text = bench.refused("flood-requests", 10);
    assert_tells(&text, &["error[LIMIT-004] plugin 'hostile' made more than 3 requests for one page"]);
    assert_eq!(bench.victim.allowed().log().len(), 3);
    let bench = Bench::new(|limits| limits.requests_per_call = 64);
    let text = bench.refused("too-many-at-once", 1);
    assert_tells(&text, &["error[LIMIT-004] plugin 'hostile' sent 65 requests in one call; at most 64 are allowed"]);
    assert_eq!(bench.victim.allowed().connections(), 0);
}

#[test]
fn listings_are_bounded_in_pages_restarts_and_number() {
    let text = Bench::new(|limits| limits.pages_per_listing = 7).refused("cursor-cycle", 1_000);
    assert_tells(&text, &["error[LOOP-003] the listing has more than 7 pages", "mischief"]);
    let text = Bench::new(|limits| limits.repeated_pages = 3).refused("endless-cursors", 1);
    assert_tells(&text, &["error[LOOP-002] mischief returned the same rows on 4 pages"]);
    let text = Bench::new(|limits| limits.cursor_bytes = 2).refused("cursor-cycle", 1_000);
    assert_tells(&text, &["error[LIMIT-006] a cursor of 3 bytes; at most 2 are allowed"]);
    let text = Bench::new(|limits| limits.collections = 5).refused("endless-discoveries", 6);
    assert_tells(&text, &["error[LIMIT-007] plugin 'hostile' found more than 5 listings"]);
    let text = Bench::new(|limits| limits.collections = 0).refused("endless-discoveries", 6);
    assert_tells(&text, &["error[LIMIT-007] plugin 'hostile' found more than 0 listings", "where   begin"]);
    let problem = run(Bench::new(|limits| limits.restarts = 1).sync("restart-forever", 1)).unwrap_err();
    assert_tells(&problem.to_string(), &["mischief had to begin again more than 1 times: the listing expired"]);
}

#[test]
fn facts_are_bounded_by_call_page_key_and_value() {
    let bench = Bench::new(|_| {});
    for (mode, told) in [
        ("too-many-facts", "put 5001 facts in one call; at most 5000 are allowed"),
        ("huge-fact", "put a fact of 65537 bytes; at most 65536 are allowed"),
        ("long-fact-key", "put a fact key of 513 bytes; 1 to 512 are allowed"),
    ] {
        assert_tells(&bench.refused(mode, 1), &["error[LIMIT-002] plugin 'hostile'", told]);
    }
    // What one page puts is held in memory, whatever the sync may keep in all.
    let text = bench.refused("flood-facts", 1_000);
    assert_tells(&text, &["error[LIMIT-002] plugin 'hostile' put more than 16777216 bytes of facts in one page"]);
    run(bench.sync("flood-facts", 100)).unwrap();
}

#[test]
fn words_of_a_guest_are_bounded_in_number_and_length() {
    let bench = Bench::new(|limits| {
        limits.log_lines = 5;
        limits.log_line_bytes = 100;
    });
    let (report, log) = captured(|ear| run_heard(ear, bench.sync("flood-log", 2)));
    report.unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("flood long=xxxx")).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() < 300 && line.contains("x…")), "{lines:?}");
    assert_eq!(log.matches("the plugin wrote too many log lines; the rest of them is left out").count(), 1, "{log}");

    let bench = Bench::new(|limits| limits.stderr_bytes = 64);
    let (report, log) = captured(|ear| run_heard(ear, bench.sync("flood-stderr", 3)));
    report.unwrap();
    let printed = log.lines().find(|line| line.contains("the plugin printed: ")).unwrap();
    assert_eq!(printed.matches('x').count(), 64, "{printed}");
}
