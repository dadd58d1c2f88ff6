//! A run may be ended at any moment, by request or by force: what was read stays read, the target is one file or the
//! other, and the run that reaches the end writes what an uninterrupted one would have written.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use accord_fixtures::duo::{DuoServer, EmbeddedGroups, Fault, Gate, Options, PageSize, PageSizes, Rule, Shape, World};
use accord_fixtures::server::Exchange;
use accord_fixtures::world::Random;
use rustix::process::Signal;

use crate::rows::Rows;
use crate::support::{Desk, Outcome, Running};

pub(crate) const FILE: &str = "sync.c1z";
pub(crate) const WORK_FILE: &str = ".sync.c1z.accord-work";
/// There during the final pass, and only then.
pub(crate) const BUILD_FILE: &str = ".sync.c1z.accord-work-build";

const INTERRUPTIONS: usize = 20;
/// Some runs are over before their moment comes.
const MOST_RUNS: usize = 4 * INTERRUPTIONS;

/// A page of the longest listing asks for two windows at once.
const WINDOWS_OF_A_PAGE: usize = 2;

/// When a run is interrupted.
#[derive(Debug)]
enum Moment {
    /// So long after its start.
    Started(Duration),
    /// When it waits for answers, after so many were given.
    Waiting { answers: u64 },
    /// So long after it got so many answers: it digests or keeps them, or asks on.
    Reading { answers: u64, later: Duration },
    /// So long after the final pass began.
    Finishing(Duration),
}

impl Moment {
    fn draw(random: &mut Random) -> Self {
        let mut answers = || u64::try_from(random.below(9)).unwrap();
        let (answers, kind) = (answers(), random.below(8));
        let mut within =
            |milliseconds: usize| Duration::from_micros(u64::try_from(random.below(milliseconds * 1000)).unwrap());
        match kind {
            0 => Self::Started(within(400)),
            1 | 2 => Self::Waiting { answers },
            3..=5 => Self::Reading { answers, later: within(40) },
            _ => Self::Finishing(within(120)),
        }
    }

    /// Starts a run and returns when the moment has come, or the run is over.
    fn wait(&self, desk: &Desk, server: &DuoServer) -> Running {
        let gate = Gate::closed();
        server.faults().clear();
        if let Self::Waiting { answers } | Self::Reading { answers, .. } = self {
            server.faults().add(Rule::on("*", Fault::Hold(gate.clone())).after(*answers));
        }
        let mut running = sync(desk, server).start();
        match self {
            // The moment itself is what is random here, so there is nothing to wait for but the time.
            Self::Started(later) => sleep(*later),
            Self::Waiting { .. } => while !gate.wait_for(1, Duration::from_millis(10)) && !running.has_ended() {},
            Self::Reading { later, .. } => {
                while !gate.wait_for(1, Duration::from_millis(10)) && !running.has_ended() {}
                gate.open();
                sleep(*later);
            }
            Self::Finishing(later) => {
                while !desk.path(BUILD_FILE).exists() && !running.has_ended() {
                    std::thread::yield_now();
                }
                sleep(*later);
            }
        }
        running
    }
}

pub(crate) fn account() -> DuoServer {
    let capped = |cap| PageSize { cap, ..PageSize::at_most(500) };
    let page_sizes = PageSizes {
        users: capped(20),
        groups: capped(30),
        admins: capped(10),
        user_groups: capped(50),
        group_users: capped(50),
    };
    let world = World::generate(&Shape { seed: 6, users: 400, groups: 150, memberships: 6, admins: 60 });
    // Long embedded lists are cut, so that users' own listings are needed.
    let embedded_groups = EmbeddedGroups { at_most: 100, with_ids: true };
    DuoServer::start(world, Options { page_sizes, embedded_groups, ..Options::default() }).unwrap()
}

pub(crate) fn sync(desk: &Desk, server: &DuoServer) -> crate::support::Call {
    desk.accord(&["sync", "duo"]).against(server).env("ACCORD_TIME_SCALE", "1000")
}

/// Sends a signal to a run that is not over yet.
fn send(running: &mut Running, signal: Signal) {
    if !running.has_ended() {
        running.send(signal);
    }
}

/// What one sync, in as many runs as it takes, has asked so far.
#[derive(Debug, Default)]
struct Asked {
    /// Path and query of each page that was answered, by its listing.
    pages: BTreeMap<String, Vec<String>>,
}

impl Asked {
    /// Adds what a run asked. A listing may ask again for its last page, whose rows were not kept yet; for no other.
    fn run(&mut self, exchanges: &[Exchange]) {
        for (path, queries) in by_listing(exchanges) {
            let known = self.pages.entry(path.clone()).or_default();
            let again: Vec<&String> = queries.iter().filter(|query| known.contains(query)).collect();
            let last: Vec<&String> = known.iter().rev().take(WINDOWS_OF_A_PAGE).collect();
            let only_the_last = again.iter().all(|query| last.contains(query));
            assert!(only_the_last, "{path} was asked again for {again:?} after {known:?}");
            let new: Vec<String> = queries.iter().filter(|query| !known.contains(query)).cloned().collect();
            known.extend(new);
        }
    }
}

fn by_listing(exchanges: &[Exchange]) -> BTreeMap<String, Vec<String>> {
    let mut listings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for exchange in exchanges {
        assert_eq!(exchange.status, 200, "{exchange:?}");
        listings.entry(exchange.request.path.clone()).or_default().push(exchange.request.query.clone());
    }
    listings
}

/// The requests since the server had seen `before` of them.
fn since(server: &DuoServer, before: u64) -> Vec<Exchange> {
    server.log().into_iter().filter(|exchange| exchange.request.ordinal >= before).collect()
}

/// Interrupts runs until so many were hit, each as `ended` says, and lets the last one finish.
#[expect(clippy::print_stdout, reason = "a test that fails shows the moments that led there")]
fn survives(seed: u64, signal: Signal, ended: impl Fn(&Desk, Outcome, Duration)) {
    println!("seed {seed}");
    let (server, mut random) = (account(), Random::new(seed));
    let (reference, desk) = (Desk::new(), Desk::new());
    sync(&reference, &server).run().exits(0);
    let expected = Rows::of(&reference, FILE);
    expected.are(&server.expected());
    let all: BTreeSet<String> = by_listing(&server.log()).into_keys().collect();

    let mut earlier = std::fs::read(reference.path(FILE)).unwrap();
    desk.write(FILE, &earlier);
    let (mut interrupted, mut in_final_pass, mut finished) = (0, 0, 0);
    let mut asked = Asked::default();
    for _ in 0..MOST_RUNS {
        if interrupted == INTERRUPTIONS {
            break;
        }
        let (moment, before) = (Moment::draw(&mut random), server.server().requests());
        let mut running = moment.wait(&desk, &server);
        let finishing = desk.path(BUILD_FILE).exists();
        send(&mut running, signal);
        let sent = Instant::now();
        let outcome = running.wait();
        server.faults().clear();
        println!("{moment:?}: {}", outcome.code);
        asked.run(&since(&server, before));
        let now = std::fs::read(desk.path(FILE)).unwrap();
        let replaced = now != earlier;
        if replaced {
            assert_eq!(Rows::of(&desk, FILE), expected, "the target is a whole file, or the earlier one");
        }
        if outcome.code == 0 {
            assert!(replaced, "a run that succeeds replaces the file");
            assert_eq!(asked.pages.keys().cloned().collect::<BTreeSet<_>>(), all);
            assert_eq!(desk.names(), [FILE]);
            finished += 1;
        } else {
            ended(&desk, outcome, sent.elapsed());
            interrupted += 1;
            in_final_pass += usize::from(finishing);
        }
        // A kill may come between the last deed of a sync and the end of its process.
        if replaced && !desk.path(WORK_FILE).exists() {
            asked = Asked::default();
        }
        earlier = now;
    }
    assert_eq!(interrupted, INTERRUPTIONS, "too few runs were interrupted; {finished} reached their end");
    assert!(in_final_pass > 0, "no run was interrupted in its final pass");

    let before = server.server().requests();
    sync(&desk, &server).run().exits(0);
    asked.run(&since(&server, before));
    assert_eq!(asked.pages.keys().cloned().collect::<BTreeSet<_>>(), all);
    assert_eq!(Rows::of(&desk, FILE), expected);
    assert_eq!(desk.names(), [FILE], "nothing is left behind");
}

#[test]
fn runs_that_are_asked_to_stop_at_any_moment_go_on_later() {
    survives(20_260_804, Signal::TERM, |desk, outcome, took| {
        assert!(took < Duration::from_secs(5), "{took:?}");
        let kept = outcome.stderr.contains("run the same command again: ");
        let outcome = outcome.exits(143);
        assert!(!kept || desk.path(WORK_FILE).exists(), "{outcome:?}");
        assert!(outcome.errors() <= 1, "{outcome:?}");
    });
}

#[test]
fn runs_that_are_killed_at_any_moment_go_on_later() {
    survives(20_260_805, Signal::KILL, |_, outcome, _| {
        outcome.exits(137);
    });
}

#[test]
fn an_interrupt_in_the_final_pass_is_told_as_one() {
    let (desk, server) = (Desk::new(), account());
    let mut running = Moment::Finishing(Duration::ZERO).wait(&desk, &server);
    send(&mut running, Signal::INT);
    running.wait().exits(130).tells(&["error[STOP-001] stopped on request", "run the same command again"]);
    assert!(!desk.path(FILE).exists());
    let before = server.log().len();
    sync(&desk, &server).run().exits(0);
    assert_eq!(server.log().len(), before, "everything had been read");
    assert_eq!(desk.names(), [FILE]);
}
