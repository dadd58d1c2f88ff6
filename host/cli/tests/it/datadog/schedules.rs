//! Schedules without a list of them, and who is in their rotations.

use accord_fixtures::datadog::{DatadogServer, Fault, OptIns, Options, Permission, Refusal, Rule, Shape, World};

use super::{FILE, OPT_INS, examples, sync};
use crate::rows::Rows;
use crate::support::Desk;

const LIST: &str = "/api/v2/on-call/schedules";
const ROUTING: &str = "/api/v2/on-call/teams/*/routing-rules";
const POLICY: &str = "/api/v2/on-call/escalation-policies/*";

fn unlisted(status: u16) -> Options {
    Options { no_list_of_schedules: Some(status), ..Options::default() }
}

/// An organization of two pages of teams, whose policies and schedules are named many times.
fn many_teams() -> DatadogServer {
    let shape = Shape { seed: 5, users: 60, roles: 3, teams: 130, memberships: 1, schedules: 24, api_keys: 0 };
    DatadogServer::start(World::generate(&shape), unlisted(404)).unwrap()
}

/// What was asked of On-Call, each request as often as it was.
fn asked_of_on_call(server: &DatadogServer) -> Vec<String> {
    let paths = server.log().into_iter().map(|exchange| exchange.request.path);
    let mut paths: Vec<String> = paths.filter(|path| path.starts_with("/api/v2/on-call/")).collect();
    paths.sort();
    paths
}

#[test]
fn without_a_list_the_teams_routing_leads_to_schedules_and_the_file_is_not_called_complete() {
    for status in [404, 405] {
        let (desk, server) = (Desk::new(), examples(unlisted(status)));
        let outcome = sync(&desk, &server, 1_000.0).run().exits(3);
        Rows::of(&desk, FILE).are(&server.world().routed().expected(OptIns::ALL));
        assert_eq!(server.world().schedules.len(), 2, "one of them is in no routing");
        for told in ["schedules that no team's routing uses", "GET /api/v2/on-call/schedules", "a team without routing"]
        {
            assert!(outcome.printed().contains(told), "{told} in {}", outcome.printed());
        }
        let stats = desk.accord(&["stats", FILE]).run().exits(0);
        assert!(stats.stdout.contains("gaps in: schedules"), "{}", stats.stdout);
        desk.accord(&["verify", FILE]).run().exits(0);
    }
}

#[test]
fn nothing_is_asked_of_on_call_twice_however_often_it_is_named() {
    let (desk, server) = (Desk::new(), many_teams());
    sync(&desk, &server, 1_000.0).run().exits(3);
    let world = server.world();
    Rows::of(&desk, FILE).are(&world.routed().expected(OptIns::ALL));
    let asked = asked_of_on_call(&server);
    let mut once = asked.clone();
    once.dedup();
    assert_eq!(asked, once);
    let schedules = world.routed().schedules.len();
    assert_eq!(schedules, 21);
    // The list, each team, each policy, and for each schedule itself and who is on call.
    assert_eq!(asked.len(), 1 + 130 + world.policies.len() + 2 * schedules);
}

#[test]
fn a_run_that_ends_in_the_middle_of_the_routing_goes_on_there() {
    let (desk, server) = (Desk::new(), many_teams());
    let outage = || Fault::Fail(Refusal::object(400, "Bad Request"));
    // After the first page of teams, and between two policies.
    for (path, after) in [(ROUTING, 100), (POLICY, 10)] {
        server.faults().add(Rule::on(path, outage()).after(after));
        sync(&desk, &server, 1_000.0).run().exits(2);
        server.faults().clear();
    }
    sync(&desk, &server, 1_000.0).run().exits(3);
    Rows::of(&desk, FILE).are(&server.world().routed().expected(OptIns::ALL));
    let answered = |part: &str| {
        let good = server.log().into_iter().filter(|exchange| exchange.status == 200);
        let mut paths: Vec<String> = good.map(|exchange| exchange.request.path).collect();
        paths.retain(|path| path.contains(part));
        let all = paths.len();
        paths.sort();
        paths.dedup();
        (all, paths.len())
    };
    let (asked, teams) = answered("/routing-rules");
    assert!(asked == teams, "the teams of the first page were asked again: {asked} for {teams}");
    let (asked, policies) = answered("/escalation-policies/");
    assert!(asked - policies <= 4, "a policy that each worker was at, at most: {asked} for {policies}");
    assert_eq!(desk.names(), [FILE]);
}

#[test]
fn a_404_that_is_not_datadogs_is_no_word_about_the_list() {
    for status in [404, 405] {
        let (desk, server) = (Desk::new(), examples(Options::default()));
        server.faults().add(Rule::on(LIST, Fault::Html(status)));
        let outcome = sync(&desk, &server, 1_000.0).run();
        assert!(outcome.code == 13 || outcome.code == 2, "{outcome:?}");
        assert!(!desk.path(FILE).exists());
        assert!(server.log().iter().all(|exchange| !exchange.request.path.contains("routing-rules")));
    }
}

#[test]
fn what_is_refused_on_the_way_names_its_permission() {
    for path in [ROUTING, POLICY, "/api/v2/on-call/schedules/*"] {
        let (desk, server) = (Desk::new(), examples(unlisted(404)));
        server.faults().add(Rule::on(path, Fault::Fail(Refusal::object(403, "Forbidden"))));
        let outcome = sync(&desk, &server, 1_000.0).run().exits(11);
        outcome.tells(&["error[PERM-001]", "On-Call Read", "--allow-gaps=schedule"]);
        assert!(!desk.path(FILE).exists());
        let allowed = sync(&desk, &server, 1_000.0).arguments(&["--allow-gaps=schedule"]).run().exits(3);
        assert!(allowed.stdout.contains("(needs \"On-Call Read\")"), "{}", allowed.stdout);
    }
}

#[test]
fn doctor_finds_a_missing_permission_where_there_is_no_list() {
    let (desk, server) = (Desk::new(), examples(unlisted(405)));
    let doctor = || desk.accord(&["doctor", "datadog"]).arguments(&OPT_INS).against(&server);
    doctor().run().exits(0);
    server.set_permission(Permission::OnCallRead, false);
    let outcome = doctor().run().exits(11);
    let fails: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains("FAIL")).collect();
    assert!(fails.len() == 1 && fails[0].contains("On-Call Read"), "{}", outcome.stdout);
    // It may be that only the routing is refused.
    server.set_permission(Permission::OnCallRead, true);
    server.faults().add(Rule::on(ROUTING, Fault::Fail(Refusal::object(403, "Forbidden"))));
    doctor().run().exits(11);
}

#[test]
fn a_policy_and_a_team_that_vanish_meanwhile_are_told_and_fail_nothing_more() {
    let (desk, server) = (Desk::new(), many_teams());
    let vanishes = |change: fn(&mut World)| Fault::change(change);
    server.faults().add(Rule::on(ROUTING, vanishes(|world| drop(world.teams.remove(129)))).after(5).times(1));
    server.faults().add(Rule::on(POLICY, vanishes(|world| drop(world.policies.pop()))).times(1));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(3);
    assert!(outcome.printed().contains("an escalation policy is not there any more"), "{outcome:?}");
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn members_of_schedules_are_read_only_where_asked_for() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let by_itself = || asked_of_on_call(&server).iter().filter(|path| path.ends_with("-000000000001")).count();
    desk.accord(&["sync", "datadog", "--sync-schedules"]).against(&server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns { schedules: true, ..OptIns::default() }));
    assert_eq!(by_itself(), 0);
    let call = desk.connector("datadog", &[]).against(&server);
    call.env("BATON_SYNC_SCHEDULES", "true").env("BATON_SYNC_SCHEDULE_MEMBERS", "true").run().exits(0);
    let opt_ins = OptIns { schedules: true, schedule_members: true, ..OptIns::default() };
    Rows::of(&desk, "sync.c1z").are(&server.expected(opt_ins));
    assert_eq!(by_itself(), 1);
    let members = server.expected(opt_ins).grants.into_iter().filter(|id| id.contains(":member:user:"));
    assert_eq!(members.filter(|id| id.starts_with("schedule:")).count(), 3);
}

#[test]
fn members_of_schedules_that_are_not_collected_are_refused_before_anything_is_asked() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    for flags in [&["--sync-schedule-members"][..], &["--sync-schedule-members", "--sync-schedules=false"]] {
        let outcome = desk.accord(&["sync", "datadog"]).arguments(flags).against(&server).run().exits(2);
        outcome.tells(&["BATON_SYNC_SCHEDULE_MEMBERS needs --sync-schedules / BATON_SYNC_SCHEDULES"]);
    }
    assert_eq!(server.server().connections(), 0);
    desk.accord(&["sync", "datadog", "--sync-schedule-members=false"]).against(&server).run().exits(0);
}

#[test]
fn a_rotation_that_is_gone_or_refused_is_told_as_what_it_is() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let schedule = server.world().schedules[0].id.clone();
    let path = format!("{LIST}/{schedule}");
    server.faults().add(Rule::on(&path, Fault::Fail(Refusal::not_found(&schedule))));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(13);
    outcome.tells(&["Datadog does not know what was asked for", &path, "--allow-gaps=schedule"]);
    server.faults().clear();
    let vanishes = Fault::change(move |world| world.schedules.retain(|known| known.id != schedule));
    server.faults().add(Rule::on(&path, vanishes).times(1));
    let outcome = sync(&desk, &server, 1_000.0).run().exits(0);
    assert!(outcome.stdout.contains("gone during the sync"), "{outcome:?}");
}
