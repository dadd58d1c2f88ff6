//! Datadog through the front door: the real program, the real component, a Datadog on loopback.

mod conformance;
mod drop_in;
mod faults;
mod gone;
mod keys;
mod limits;
mod permissions;
mod provisioning;
mod schedules;
mod secrets;
mod sites;

use std::sync::LazyLock;

use accord_fixtures::datadog::{DatadogServer, Faults, OptIns, Options, Shape, World};
use accord_fixtures::world::Expected;

use crate::targets::{Calm, FILE, Target, answered, sync};

/// All that is collected only where asked for.
const OPT_INS: [&str; 3] = ["--sync-schedules", "--sync-schedule-members", "--sync-secrets"];

/// The examples.
fn examples(options: Options) -> DatadogServer {
    DatadogServer::start(World::vendor_examples(), options).unwrap()
}

/// An organization of about 80 pages, most of them of teams.
fn organization(options: Options) -> DatadogServer {
    let shape = Shape { seed: 4, users: 210, roles: 12, teams: 60, memberships: 6, schedules: 6, api_keys: 8 };
    DatadogServer::start(World::generate(&shape), options).unwrap()
}

static CALM: LazyLock<Calm> = LazyLock::new(Calm::of::<DatadogServer>);

/// Four listings are read at a time, each up to two pages at once. What was answered to a page that the end of a run cut
/// off is asked again.
const CUT_OFF: usize = 8;

impl Target for DatadogServer {
    type Account = World;

    const SYNC: &'static [&'static str] = &["sync", "datadog", OPT_INS[0], OPT_INS[1], OPT_INS[2]];
    const ASKED_AGAIN: usize = CUT_OFF;

    fn of_many_pages(faults: Faults, time_scale: f64) -> Self {
        organization(Options { faults, time_scale, ..Options::default() })
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
        self.expected(OptIns::ALL)
    }
}
