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

use accord_c1z::proto::{Grant, GrantExpandable, GrantImmutable, GrantMetadata, find};
use accord_c1z::reader::{Reader, View};
use accord_fixtures::azure::{AksServer, Options, World};

use crate::support::{Call, Desk};

const FILE: &str = "sync.c1z";

/// Prepares a server for a test.
type Prepare = fn(&AksServer);

/// Changes a world for a test.
type Change = fn(&mut World);

/// All that is needed to reach a fixture tenant and its cluster.
fn against(call: Call, server: &AksServer) -> Call {
    let call = server.environment().into_iter().fold(call, |call, (name, value)| call.env(name, value));
    call.env("ACCORD_TIME_SCALE", "1000")
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
