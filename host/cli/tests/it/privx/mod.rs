//! The PrivX connector through the front door, against a fixture PrivX.

mod conformance;
mod connector;
mod credentials;
mod faults;
mod pages;
mod permissions;
mod secrecy;
mod tokens;
mod trust;
mod weather;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use accord_c1z::proto::{GrantImmutable, GrantMetadata, Kind, find};
use accord_c1z::reader::{Reader, View};
use accord_fixtures::privx::{Faults, Options, PageSize, PrivxServer, Shape, World};

use crate::rows::Rows;
use crate::support::{Call, Desk};

const FILE: &str = "sync.c1z";
const USERS: &str = "/role-store/api/v1/users/search";
const ROLES: &str = "/role-store/api/v1/roles";
const TOKEN: &str = "/auth/api/v1/oauth/token";

fn start(world: World, options: Options) -> PrivxServer {
    PrivxServer::start(world, options).unwrap()
}

fn examples() -> PrivxServer {
    start(World::examples(), Options::default())
}

fn sync(desk: &Desk, server: &PrivxServer) -> Call {
    desk.accord(&["sync", "privx"]).against(server)
}

/// A sync whose waits last one part in so many.
fn scaled(desk: &Desk, server: &PrivxServer, scale: f64) -> Call {
    sync(desk, server).env("ACCORD_TIME_SCALE", scale.to_string())
}

fn members_of(role: &str) -> String {
    format!("{ROLES}/{role}/members")
}

/// How often each path was asked.
fn calls(server: &PrivxServer) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for exchange in server.log() {
        *calls.entry(exchange.request.path).or_default() += 1;
    }
    calls
}

/// What was asked for with a token and answered well, in order.
fn answered(server: &PrivxServer) -> Vec<String> {
    let good = server.log().into_iter().filter(|exchange| exchange.status == 200);
    good.map(|exchange| exchange.request.path_and_query()).filter(|asked| !asked.contains("/oauth/")).collect()
}

/// A day's and a night's worth of a token, so that none ends in a test whose waits are short.
const LONG: u64 = 86_000;

/// Options with tokens that outlast the test.
fn lasting() -> Options {
    Options { token_seconds: LONG, ..Options::default() }
}

/// About 100 pages.
fn many_pages(options: Options) -> PrivxServer {
    let page_size = PageSize { cap: 6, ..PageSize::default() };
    let world = World::generate(&Shape { seed: 4, users: 120, roles: 40, memberships: 3 });
    start(world, Options { page_size, ..options })
}

/// What a sync of [`many_pages`] yields that nothing disturbs.
struct Calm {
    rows: Rows,
    asked: Vec<String>,
}

static CALM: LazyLock<Calm> = LazyLock::new(|| {
    let (desk, server) = (Desk::new(), many_pages(lasting()));
    sync(&desk, &server).run().exits(0);
    let rows = Rows::of(&desk, FILE);
    rows.are(&server.expected());
    let asked = answered(&server);
    assert!((80..160).contains(&asked.len()), "{} pages", asked.len());
    Calm { rows, asked }
});

fn seeded(seed: u64) -> Options {
    Options { faults: Faults::seeded(seed), ..lasting() }
}

/// What the file says of each grant: where it comes from, and whether it can be revoked.
fn memberships(desk: &Desk) -> BTreeMap<String, (String, bool)> {
    let elsewhere = tempfile::tempdir().unwrap();
    let reader = Reader::open(&desk.path(FILE), elsewhere.path()).unwrap();
    let grants = reader.grants(&View::Everything).map(|grant| grant.unwrap().row);
    let told = grants.map(|row| {
        let annotations = &row.message.annotations;
        let metadata = find::<GrantMetadata>(annotations).unwrap().unwrap().metadata.unwrap().unpack().unwrap();
        let Some(Kind::StringValue(word)) = metadata.fields["membership"].kind.clone() else { panic!("{metadata:?}") };
        (row.external_id, (word, find::<GrantImmutable>(annotations).unwrap().is_some()))
    });
    told.collect()
}

/// The grants of the examples, without the prefix of their role.
fn of_role<'a>(grants: impl IntoIterator<Item = &'a String>, role: &str) -> BTreeSet<String> {
    let prefix = format!("role:{role}:assigned:user:");
    grants.into_iter().filter_map(|grant| grant.strip_prefix(&prefix).map(str::to_owned)).collect()
}
