//! The PrivX connector through the front door, against a fixture PrivX.

mod conformance;
mod connector;
mod credentials;
mod faults;
mod pages;
mod permissions;
mod provisioning;
mod secrecy;
mod tokens;
mod trust;
mod weather;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use accord_c1z::proto::{GrantImmutable, GrantMetadata, Kind, find};
use accord_c1z::reader::{Reader, View};
use accord_fixtures::privx::{Faults, Options, PageSize, PrivxServer, Shape, World};
use accord_fixtures::world::Expected;

use crate::support::{Call, Desk};
use crate::targets::{self, Calm, FILE, Target, answered};

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
    targets::sync(desk, server, scale)
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

static CALM: LazyLock<Calm> = LazyLock::new(Calm::of::<PrivxServer>);

impl Target for PrivxServer {
    type Account = World;

    const SYNC: &'static [&'static str] = &["sync", "privx"];
    const ASKED_AGAIN: usize = 8;

    fn of_many_pages(faults: Faults, time_scale: f64) -> Self {
        many_pages(Options { faults, time_scale, ..lasting() })
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
