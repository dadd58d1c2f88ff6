//! Duo's account of many small pages.

use std::sync::LazyLock;

use accord_fixtures::duo::{DuoServer, Faults, Options, PageSize, PageSizes, Shape, World};
use accord_fixtures::world::Expected;

use crate::targets::{Calm, Target};

pub(crate) use crate::targets::{FILE, answered, sync};

pub(crate) static CALM: LazyLock<Calm> = LazyLock::new(Calm::of::<DuoServer>);

/// About 120 pages, two listings at a time for the first hundred.
pub(crate) fn account(options: Options) -> DuoServer {
    let capped = |cap| PageSize { cap, ..PageSize::at_most(500) };
    let page_sizes = PageSizes { users: capped(6), groups: capped(3), admins: capped(2), ..PageSizes::default() };
    let world = World::generate(&Shape { seed: 4, users: 120, groups: 144, memberships: 4, admins: 100 });
    DuoServer::start(world, Options { page_sizes, ..options }).unwrap()
}

impl Target for DuoServer {
    type Account = World;

    const SYNC: &'static [&'static str] = &["sync", "duo"];
    const ASKED_AGAIN: usize = 2;

    fn of_many_pages(faults: Faults, time_scale: f64) -> Self {
        account(Options { faults, time_scale, ..Options::default() })
    }

    fn calm() -> &'static Calm {
        &CALM
    }

    fn faults(&self) -> &Faults {
        self.faults()
    }

    fn set_revoked(&self, revoked: bool) {
        self.set_revoked(revoked);
    }

    fn expected(&self) -> Expected {
        self.expected()
    }
}
