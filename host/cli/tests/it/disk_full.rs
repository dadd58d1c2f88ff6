//! A disk that is full, whichever of the two that a sync writes to: told with path and figures, before anything is asked
//! where that can be known; the previous file stays, and what was read is kept for the time when there is room again.

use std::collections::BTreeSet;
use std::time::Duration;

use accord_fixtures::duo::{DuoServer, Fault, Gate, Options, PageSize, PageSizes, Rule, World};
use accord_fixtures::server::Exchange;

use crate::mounts::{self, SmallDisk};
use crate::rows::Rows;
use crate::support::{Call, Desk, Outcome};

/// Longer than any machine takes to get there.
const SOON: Duration = Duration::from_secs(60);

/// Which of the two places lies on the small disk, which is mounted at `small`.
#[derive(Debug, Clone, Copy)]
struct Layout {
    file: &'static str,
    work_folder: Option<&'static str>,
}

const ALL_ON_IT: Layout = Layout { file: "small/sync.c1z", work_folder: None };
const WORK_ON_IT: Layout = Layout { file: "sync.c1z", work_folder: Some("small") };
const TARGET_ON_IT: Layout = Layout { file: "small/sync.c1z", work_folder: Some("work") };

/// A desk with a small disk, and a Duo that gives its five users one by one.
struct Place {
    desk: Desk,
    disk: SmallDisk,
    server: DuoServer,
    layout: Layout,
}

impl Place {
    fn new(layout: Layout) -> Self {
        let desk = Desk::new();
        std::fs::create_dir(desk.path("work")).unwrap();
        let users = PageSize { cap: 1, ..PageSize::at_most(300) };
        let options = Options { page_sizes: PageSizes { users, ..PageSizes::default() }, ..Options::default() };
        Self {
            disk: SmallDisk::at(desk.path("small")),
            server: DuoServer::start(World::vendor_examples(), options).unwrap(),
            desk,
            layout,
        }
    }

    fn sync(&self) -> Call {
        let call = self.desk.accord(&["sync", "duo", "--workers=1", "--file", self.layout.file]).against(&self.server);
        match self.layout.work_folder {
            Some(folder) => call.env("BATON_TMPDIR", folder),
            None => call,
        }
    }

    /// Starts a run that waits for the answer to its last request, lets `meanwhile` happen, and lets the run go on.
    fn sync_that_waits(&self, meanwhile: impl FnOnce()) -> Outcome {
        let gate = Gate::closed();
        self.server.faults().add(Rule::on("/admin/v1/admins", Fault::Hold(gate.clone())));
        let running = self.sync().start();
        assert!(gate.wait_for(1, SOON), "the run never got there: {:?}", running.wait());
        meanwhile();
        gate.open();
        let outcome = running.wait();
        self.server.faults().clear();
        outcome
    }

    fn target(&self) -> Vec<u8> {
        std::fs::read(self.desk.path(self.layout.file)).unwrap()
    }

    /// Fails the test unless the target is this file, whole, and nothing else lies around but, perhaps, a work file.
    #[track_caller]
    fn has_only(&self, earlier: &[u8], work_file: bool) {
        assert!(self.target() == earlier, "{:?}: the previous file is not what it was", self.layout);
        self.desk.accord(&["verify", self.layout.file]).run().exits(0);
        let work = crate::support::names(&self.desk.path("work"));
        let found = [self.desk.names(), self.disk.names(), work].concat();
        let is_work = |name: &String| name.starts_with(".sync.c1z.") && name.contains("accord-work");
        let (kept, others): (Vec<_>, Vec<_>) = found.into_iter().partition(is_work);
        let in_desk = if self.layout.file == "sync.c1z" {
            vec!["small", "sync.c1z", "work"]
        } else {
            vec!["small", "work", "sync.c1z"]
        };
        assert_eq!(others, in_desk, "{:?}", self.layout);
        assert_eq!(!kept.is_empty(), work_file, "{:?}: {kept:?}", self.layout);
        // What SQLite keeps beside the work file is a part of it.
        let parts = kept.iter().filter(|name| !name.ends_with("accord-work") && !name.ends_with("accord-work-wal"));
        assert_eq!(parts.collect::<Vec<_>>(), Vec::<&String>::new());
    }

    /// There is room again: the run is repeated, and the file is what a sync of the account must yield.
    #[track_caller]
    fn ends_well(&self) -> Vec<Exchange> {
        self.disk.clear();
        let before = self.server.log().len();
        self.sync().run().exits(0);
        Rows::of(&self.desk, self.layout.file).are(&self.server.expected());
        self.has_only(&self.target(), false);
        self.server.log().split_off(before)
    }
}

/// The number behind a label of an error's line.
#[track_caller]
fn bytes(outcome: &Outcome, label: &str) -> Option<u64> {
    let line = outcome.stderr.lines().find_map(|line| line.trim_start().strip_prefix(label));
    let text = line.unwrap_or_else(|| panic!("no line `{label}` in:\n{}", outcome.stderr)).trim();
    assert!(!text.is_empty(), "an empty line `{label}` in:\n{}", outcome.stderr);
    let number = text.strip_prefix("about ").unwrap_or(text).strip_suffix(" bytes")?;
    Some(number.replace(',', "").parse().unwrap())
}

/// Fails the test unless the run ended for want of space on the small disk, and said so once with figures.
#[track_caller]
fn is_told(outcome: Outcome, at_least_needed: Option<u64>, at_most_free: u64) {
    let outcome = outcome.exits(14).tells(&["error[DISK-001] no space left for `", "small/", "needs", "free", "do"]);
    assert_eq!(outcome.errors(), 1, "{}", outcome.stderr);
    let (needed, free) = (bytes(&outcome, "needs"), bytes(&outcome, "free").unwrap());
    assert!(free <= at_most_free, "{free} bytes are said to be free, at most {at_most_free} are");
    match at_least_needed {
        Some(least) => assert!(needed.unwrap() > free && needed.unwrap() >= least, "{}", outcome.stderr),
        None => assert!(needed.is_none(), "nobody can know yet: {}", outcome.stderr),
    }
}

fn asked(exchanges: &[Exchange]) -> BTreeSet<(String, String)> {
    let asked = exchanges.iter().map(|exchange| (exchange.request.path.clone(), exchange.request.query.clone()));
    asked.collect()
}

#[test]
fn a_previous_file_tells_that_there_is_no_room_before_anything_is_asked() {
    if !mounts::are_own("disk_full::a_previous_file_tells_that_there_is_no_room_before_anything_is_asked") {
        return;
    }
    for layout in [ALL_ON_IT, WORK_ON_IT, TARGET_ON_IT] {
        let place = Place::new(layout);
        place.sync().run().exits(0);
        let earlier = place.target();
        let before = place.server.log().len();
        // No room for a lock, none for a look at the previous file, none for the new one.
        let rooms: &[u64] = if layout.work_folder == Some("work") { &[0, 8 << 10] } else { &[0, 64 << 10, 200 << 10] };
        for room in rooms {
            place.disk.fill_but(*room);
            is_told(place.sync().run(), Some(10 << 10), *room);
            assert_eq!(place.server.log().len(), before, "{layout:?}, {room} bytes of room: nothing is asked");
            place.has_only(&earlier, false);
        }
        place.ends_well();
    }
}

#[test]
fn a_disk_that_fills_up_while_pages_come_in_loses_none_of_those_before() {
    if !mounts::are_own("disk_full::a_disk_that_fills_up_while_pages_come_in_loses_none_of_those_before") {
        return;
    }
    for layout in [ALL_ON_IT, WORK_ON_IT] {
        let place = Place::new(layout);
        place.sync().run().exits(0);
        let earlier = place.target();
        place.server.server().clear_log();
        let outcome = place.sync_that_waits(|| place.disk.fill_but(0));
        let kept = "resume  run the same command again: 6 pages need not be read again";
        is_told(outcome.tells(&["file    ", " not touched", kept]), None, 0);
        place.has_only(&earlier, true);
        let first = asked(&place.server.log());
        let again = asked(&place.ends_well());
        let twice: Vec<_> = again.intersection(&first).map(|(path, _)| path.as_str()).collect();
        assert_eq!(twice, ["/admin/v1/admins"], "{layout:?}: only what could not be kept");
        assert_eq!(first.union(&again).count(), 9, "{layout:?}: all pages of a sync");
    }
}

#[test]
fn a_disk_without_room_for_the_finished_file_is_told_with_what_it_takes() {
    if !mounts::are_own("disk_full::a_disk_without_room_for_the_finished_file_is_told_with_what_it_takes") {
        return;
    }
    // Room for the last page, where the work file lies there too.
    for (layout, room, needed) in
        [(ALL_ON_IT, 128 << 10, 150 << 10), (WORK_ON_IT, 128 << 10, 130 << 10), (TARGET_ON_IT, 0, 10 << 10)]
    {
        let place = Place::new(layout);
        place.sync().run().exits(0);
        let earlier = place.target();
        is_told(place.sync_that_waits(|| place.disk.fill_but(room)), Some(needed), room);
        place.has_only(&earlier, true);
        assert_eq!(asked(&place.ends_well()), BTreeSet::new(), "{layout:?}: everything had been read");
    }
}
