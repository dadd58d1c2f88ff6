//! What a sync of an AKS cluster must yield and how it must fail, seen in the file, the exit code and the vendors' request
//! logs.

use std::collections::BTreeMap;

use accord_fixtures::azure::{AksServer, Options, Settings, World};

use crate::rows::Rows;
use crate::support::{Call, Desk};

const FILE: &str = "sync.c1z";

pub(crate) fn against(call: Call, server: &AksServer) -> Call {
    let call = server.environment().into_iter().fold(call, |call, (name, value)| call.env(name, value));
    call.env("ACCORD_TIME_SCALE", "1000")
}

fn sync(desk: &Desk, server: &AksServer) -> Call {
    against(desk.accord(&["sync", "aks"]), server)
}

pub(crate) fn examples() -> AksServer {
    AksServer::start(World::examples(), Options::default()).unwrap()
}

/// How often each path was asked.
fn calls(server: &AksServer) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for exchange in server.log() {
        let path = exchange.request.path.rsplit('/').next().unwrap_or_default().to_owned();
        *calls.entry(path).or_default() += 1;
    }
    calls
}

#[test]
fn the_examples_yield_their_rows() {
    let (desk, server) = (Desk::new(), examples());
    // The members of one group want a permission that is not granted: that is named, and the rest is complete.
    let outcome = sync(&desk, &server).run().exits(3);
    Rows::of(&desk, FILE).are(&server.expected(&Settings::default()));
}
