//! What a sync of an AKS cluster must yield and how it must fail, seen in the file, the exit code and the request logs of
//! Entra, Azure Resource Manager, Graph and the cluster.

mod clouds;
mod faults;
mod forbidden;
mod leaks;
mod login;
mod people;
mod rows;
mod scale;
mod shape;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use accord_c1z::proto::{Grant, GrantExpandable, GrantImmutable, GrantMetadata, find};
use accord_c1z::reader::{Reader, View};
use accord_fixtures::azure::{AksServer, Faults, Options, Settings, Shape, World};
use accord_fixtures::world::Expected;

use crate::support::{Call, Desk};
use crate::targets::{Calm, FILE, Target};

/// Prepares a server for a test.
type Prepare = fn(&AksServer);

/// Changes a world for a test.
type Change = fn(&mut World);

/// All that is needed to reach a fixture tenant and its cluster.
fn against(call: Call, server: &AksServer) -> Call {
    call.against(server).env("ACCORD_TIME_SCALE", "1000")
}

fn sync(desk: &Desk, server: &AksServer) -> Call {
    against(desk.accord(&["sync", "aks"]), server)
}

/// The small world, with all that every test would otherwise have to allow for taken out: the members of its one hidden
/// group may be read.
fn examples() -> AksServer {
    start(World::examples(), Options::default())
}

fn start(mut world: World, options: Options) -> AksServer {
    world.directory.groups.iter_mut().for_each(|group| group.hidden = false);
    AksServer::start(world, options).unwrap()
}

/// A cluster of some sixty pages, if they are of ten items.
fn small() -> World {
    World::generate(&Shape {
        namespaces: 10,
        service_accounts: 60,
        roles: 40,
        cluster_roles: 20,
        role_bindings: 60,
        cluster_role_bindings: 30,
        subjects: 5,
        users: 200,
        groups: 12,
        members: 10,
        assignments: 60,
        ..Shape::default()
    })
}

/// Everything that a sync of a world without hidden members must yield.
fn whole(server: &AksServer) -> Expected {
    server.expected(&Settings { hidden_members: true, ..Settings::default() })
}

static CALM: LazyLock<Calm> = LazyLock::new(Calm::of::<AksServer>);

impl Target for AksServer {
    type Account = World;

    const SYNC: &'static [&'static str] = &["sync", "aks", "--page-size=10"];
    const ASKED_AGAIN: usize = 12;

    fn of_many_pages(faults: Faults, time_scale: f64) -> Self {
        start(small(), Options { faults, time_scale, ..Options::default() })
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
        whole(self)
    }
}

/// How often each last segment of a path was asked for.
fn calls(server: &AksServer) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for exchange in server.log() {
        let path = exchange.request.path.rsplit('/').next().unwrap_or_default().to_owned();
        *calls.entry(path).or_default() += 1;
    }
    calls
}

fn times(server: &AksServer, path: &str) -> usize {
    calls(server).get(path).copied().unwrap_or_default()
}

/// A grant, and what it says of itself.
struct Told {
    metadata: String,
    immutable: bool,
    expandable: Option<GrantExpandable>,
}

/// The grants of a file by their ids.
fn grants(desk: &Desk) -> BTreeMap<String, Told> {
    let elsewhere = tempfile::tempdir().unwrap();
    let reader = Reader::open(&desk.path(FILE), elsewhere.path()).unwrap();
    let rows = reader.grants(&View::Everything).map(|row| row.unwrap());
    rows.map(|row| {
        let grant: Grant = row.row.message;
        let metadata: Option<GrantMetadata> = find(&grant.annotations).unwrap();
        let immutable: Option<GrantImmutable> = find(&grant.annotations).unwrap();
        let told = Told {
            metadata: format!("{:?}", metadata.and_then(|it| it.metadata)),
            immutable: immutable.is_some(),
            expandable: row.expansion,
        };
        (grant.id, told)
    })
    .collect()
}
