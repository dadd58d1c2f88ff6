//! Datadog through the front door: the real program, the real component, a Datadog on loopback.

mod conformance;
mod drop_in;
mod faults;
mod gone;
mod keys;
mod limits;
mod permissions;
mod secrets;
mod sites;

use std::sync::LazyLock;

use accord_fixtures::datadog::{DatadogServer, OptIns, Options, Shape, World};

use crate::rows::Rows;
use crate::support::{Call, Desk};

const FILE: &str = "sync.c1z";

/// Both things that are collected only where asked for.
const OPT_INS: [&str; 2] = ["--sync-schedules", "--sync-secrets"];

/// The examples.
fn examples(options: Options) -> DatadogServer {
    DatadogServer::start(World::vendor_examples(), options).unwrap()
}

/// An organization of about 80 pages, most of them of teams.
fn organization(options: Options) -> DatadogServer {
    let shape = Shape { seed: 4, users: 210, roles: 12, teams: 60, memberships: 6, schedules: 6, api_keys: 8 };
    DatadogServer::start(World::generate(&shape), options).unwrap()
}

/// A sync of everything, whose waits last one part in so many.
fn sync(desk: &Desk, server: &DatadogServer, scale: f64) -> Call {
    let call = desk.accord(&["sync", "datadog"]).arguments(&OPT_INS).against(server);
    call.env("ACCORD_TIME_SCALE", scale.to_string())
}

/// A sync without any fault.
struct Calm {
    rows: Rows,
    /// What was asked for, in order.
    asked: Vec<String>,
}

/// The only one, made when it is first needed. The connector is compiled by then.
static CALM: LazyLock<Calm> = LazyLock::new(|| {
    let (desk, server) = (Desk::new(), organization(Options::default()));
    sync(&desk, &server, 1_000.0).run().exits(0);
    let rows = Rows::of(&desk, FILE);
    rows.are(&server.expected(OptIns::ALL));
    Calm { rows, asked: answered(&server) }
});

/// Four listings are read at a time, each up to two pages at once. What was answered to a page that the end of a run cut
/// off is asked again.
const CUT_OFF: usize = 8;

/// What was asked for and answered well, in order.
fn answered(server: &DatadogServer) -> Vec<String> {
    let good = server.log().into_iter().filter(|exchange| exchange.status == 200);
    good.map(|exchange| exchange.request.path_and_query()).collect()
}
