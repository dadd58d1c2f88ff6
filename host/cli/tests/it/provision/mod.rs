//! Changing a target through the front door: what is sent, what is told, what the target then has, and what is refused.

mod accounts;
mod actions;
mod drop_in;
mod hostile;
mod lookups;
mod managed;
mod membership;
mod permitted;
mod trouble;

use accord_fixtures::duo::DuoServer;
use accord_fixtures::server::Exchange;

use crate::support::{Call, Desk};

/// Of the examples: a user of both listed groups, one of the first only, and one of none.
const MARIA: &str = "DUAAAAAAAAAAAAAAAAA1";
const LI: &str = "DUAAAAAAAAAAAAAAAAA3";
const GROUP: &str = "DGAAAAAAAAAAAAAAAAA1";
const MEMBER: &str = "group:DGAAAAAAAAAAAAAAAAA1:member";

/// `accord grant` or `revoke` of Duo's first group, for a user.
fn change(desk: &Desk, server: &DuoServer, verb: &str, user: &str) -> Call {
    let ids = ["--entitlement", MEMBER, "--principal-type", "user", "--principal", user];
    desk.accord(&[verb, "duo"]).arguments(&ids).against(server)
}

fn groups_of(server: &DuoServer, user: &str) -> Vec<String> {
    let world = server.world();
    world.users.iter().find(|known| known.fields.user_id == user).unwrap().groups.clone()
}

fn is_member(server: &DuoServer, user: &str) -> bool {
    groups_of(server, user).iter().any(|group| group == GROUP)
}

/// Requests that could change something.
fn writes(server: &DuoServer) -> Vec<Exchange> {
    server.log().into_iter().filter(|exchange| exchange.request.method != "GET").collect()
}
