//! What holds for every connector is tested of each one: its target is an account of many small pages, and what a sync of it
//! yields that nothing disturbs is known.

use accord_fixtures::faults::{Account, Faults};
use accord_fixtures::loopback::Fixture;
use accord_fixtures::world::Expected;

use crate::rows::Rows;
use crate::support::{Call, Desk};

pub(crate) const FILE: &str = "sync.c1z";

/// The target of a connector, on loopback.
pub(crate) trait Target: Fixture + Sized + 'static {
    /// What the vendor calls an account.
    type Account: Account;

    /// The command of a sync of everything.
    const SYNC: &'static [&'static str];

    /// The most requests that a run which goes on repeats: those that were on their way, and those that connect.
    const ASKED_AGAIN: usize;

    /// An account of many small pages, which takes so many seconds for one.
    fn of_many_pages(faults: Faults<Self::Account>, time_scale: f64) -> Self;

    /// What a sync of it yields that nothing disturbs; made when it is first needed.
    fn calm() -> &'static Calm;

    fn faults(&self) -> &Faults<Self::Account>;

    /// Refuses the credentials, or accepts them again.
    fn set_revoked(&self, revoked: bool);

    /// The rows that a sync of everything must yield.
    fn expected(&self) -> Expected;
}

/// A sync without any fault.
#[derive(Debug)]
pub(crate) struct Calm {
    pub(crate) rows: Rows,
    /// What was asked for, in order.
    pub(crate) asked: Vec<String>,
}

impl Calm {
    pub(crate) fn of<T: Target>() -> Self {
        let (desk, server) = (Desk::new(), T::of_many_pages(Faults::default(), 1.0));
        sync(&desk, &server, 1_000.0).run().exits(0);
        let rows = Rows::of(&desk, FILE);
        rows.are(&Target::expected(&server));
        Self { rows, asked: answered(&server) }
    }

    /// Two pages of five.
    pub(crate) fn two_fifths(&self) -> u64 {
        self.asked.len() as u64 * 2 / 5
    }
}

/// A sync of everything, whose waits last one part in so many.
pub(crate) fn sync<T: Target>(desk: &Desk, server: &T, scale: f64) -> Call {
    desk.accord(T::SYNC).against(server).env("ACCORD_TIME_SCALE", scale.to_string())
}

/// What was asked for with the credentials and answered well, in order; with the body of what was posted.
pub(crate) fn answered(server: &impl Fixture) -> Vec<String> {
    let log = server.servers().into_iter().flat_map(accord_fixtures::server::Server::log);
    let good = log.map(|exchange| (exchange.status, exchange.request)).filter(|(status, _)| *status == 200);
    let asked = good.map(|(_, request)| request.path_and_query() + &String::from_utf8_lossy(&request.body));
    asked.filter(|asked| !asked.contains("/oauth")).collect()
}

pub(crate) fn clear_logs(server: &impl Fixture) {
    server.servers().into_iter().for_each(accord_fixtures::server::Server::clear_log);
}
