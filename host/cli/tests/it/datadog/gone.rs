//! What appears, disappears or changes while it is read.

use accord_fixtures::datadog::{DatadogServer, Fault, OptIns, Options, Refusal, Role, Rule};

use super::{CALM, FILE, examples, organization, sync};
use crate::rows::Rows;
use crate::support::Desk;

const PAYMENTS: &str = "33333333-cccc-4ccc-8ccc-000000000001";

fn members(team: &str) -> String {
    format!("/api/v2/team/{team}/memberships")
}

#[test]
fn a_team_that_was_deleted_after_it_was_listed_is_named_and_fails_nothing() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let vanishes = Fault::change(|world| world.teams.retain(|team| team.id != PAYMENTS));
    server.faults().add(Rule::on(&members(PAYMENTS), vanishes).times(1));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(0);
    assert!(outcome.stdout.contains("gone during the sync") && outcome.stdout.contains(PAYMENTS), "{outcome:?}");
    assert_eq!(server.log_of("/api/v2/team").len(), 2, "a second look confirmed it");
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn a_team_that_is_there_and_whose_members_are_not_is_a_gap() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    server.faults().add(Rule::on(&members(PAYMENTS), Fault::Fail(Refusal::not_found(PAYMENTS))));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(13);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&["Datadog has the team, but not the list of its members", "--allow-gaps=team"]);
    assert!(!desk.path(FILE).exists());
    let allowed = sync(&desk, &server, 1_000.0).arguments(&["--allow-gaps=team"]).run().exits(3);
    assert!(allowed.stdout.contains(PAYMENTS), "{}", allowed.stdout);
}

#[test]
fn a_schedule_that_was_deleted_after_it_was_listed_fails_nothing() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let schedule = server.world().schedules[0].id.clone();
    let path = format!("/api/v2/on-call/schedules/{schedule}/responders");
    let vanishes = Fault::change(move |world| world.schedules.retain(|known| known.id != schedule));
    server.faults().add(Rule::on(&path, vanishes).times(1));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(0);
    assert!(outcome.stdout.contains("gone during the sync"), "{outcome:?}");
}

#[test]
fn users_who_come_and_go_between_two_pages_are_neither_lost_nor_doubled() {
    let changes: [fn(&DatadogServer) -> Fault; 2] = [
        // The rest moves up into what was read already.
        |_| Fault::change(|world| drop(world.users.remove(0))),
        |server| {
            let mut added = server.world().users[0].clone();
            added.id = "11111111-aaaa-4aaa-8aaa-0000000000aa".to_owned();
            Fault::change(move |world| world.users.insert(0, added.clone()))
        },
    ];
    for change in changes {
        let (desk, server) = (Desk::new(), organization(Options::default()));
        let fault = change(&server);
        server.faults().add(Rule::on("/api/v2/users", fault).after(1).times(1));
        sync(&desk, &server, 1_000.0).run().exits(0);
        Rows::of(&desk, FILE).are(&server.expected(OptIns::ALL));
        assert_eq!(server.log_of("/api/v2/users").len(), 6, "three pages, twice");
    }
}

#[test]
fn a_role_that_is_made_between_the_roles_and_the_users_is_found() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let appears = Fault::change(|world| {
        let role = Role {
            id: "22222222-bbbb-4bbb-8bbb-000000000007".to_owned(),
            name: "Late".to_owned(),
            ..world.roles[0].clone()
        };
        world.users[0].roles.push(role.id.clone());
        world.roles.push(role);
    });
    server.faults().add(Rule::on("/api/v2/users", appears).times(1));
    sync(&desk, &server, 1_000.0).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::ALL));
    assert_eq!(server.log_of("/api/v2/roles").len(), 2);
}

#[test]
fn a_role_that_only_a_user_knows_is_told() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    server.change(|world| world.users[0].roles.push("22222222-bbbb-4bbb-8bbb-0000000000ff".to_owned()));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::ALL));
    assert!(outcome.stdout.contains("grant of an unknown entitlement"), "{}", outcome.stdout);
}

#[test]
fn the_calm_day_is_calm() {
    assert_eq!(CALM.asked.len(), 3 + 1 + 1 + 60 + 1 + 6 + 6 + 1);
}
