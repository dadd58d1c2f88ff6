//! An account of many small pages, and what a sync of it yields that nothing disturbs.

use std::sync::LazyLock;

use accord_fixtures::duo::{DuoServer, Options, PageSize, PageSizes, Shape, World};

use crate::rows::Rows;
use crate::support::{Call, Desk};

pub(crate) const FILE: &str = "sync.c1z";

/// A sync without any fault.
#[derive(Debug)]
pub(crate) struct Calm {
    pub(crate) rows: Rows,
    /// What was asked for, in order.
    pub(crate) asked: Vec<String>,
}

/// The only one, made when it is first needed. The connector is compiled by then.
pub(crate) static CALM: LazyLock<Calm> = LazyLock::new(|| {
    let (desk, server) = (Desk::new(), account(Options::default()));
    sync(&desk, &server, 1_000.0).run().exits(0);
    let rows = Rows::of(&desk, FILE);
    rows.are(&server.expected());
    Calm { rows, asked: answered(&server) }
});

/// About 120 pages, two listings at a time for the first hundred.
pub(crate) fn account(options: Options) -> DuoServer {
    let capped = |cap| PageSize { cap, ..PageSize::at_most(500) };
    let page_sizes = PageSizes { users: capped(6), groups: capped(3), admins: capped(2), ..PageSizes::default() };
    let world = World::generate(&Shape { seed: 4, users: 120, groups: 144, memberships: 4, admins: 100 });
    DuoServer::start(world, Options { page_sizes, ..options }).unwrap()
}

/// A sync whose waits last one part in so many.
pub(crate) fn sync(desk: &Desk, server: &DuoServer, scale: f64) -> Call {
    desk.accord(&["sync", "duo"]).against(server).env("ACCORD_TIME_SCALE", scale.to_string())
}

/// What was asked for and answered well, in order.
pub(crate) fn answered(server: &DuoServer) -> Vec<String> {
    let good = server.log().into_iter().filter(|exchange| exchange.status == 200);
    good.map(|exchange| exchange.request.path_and_query()).collect()
}
