//! What a sync of Datadog must yield, seen in the file and in the vendor's request log.

use std::collections::BTreeMap;

use accord_c1z::proto::{
    EntitlementImmutable, Grant, GrantImmutable, Resource, ResourceStatus, SecretTrait, Timestamp, UserTrait, find,
};
use accord_c1z::reader::{Reader, View};
use accord_fixtures::datadog::{DatadogServer, OptIns, Options, Role, Shape, World};

use super::{FILE, OPT_INS, examples, sync};
use crate::rows::{Rows, resources};
use crate::support::Desk;

const ANA: &str = "user:11111111-aaaa-4aaa-8aaa-000000000001";
const BO: &str = "user:11111111-aaaa-4aaa-8aaa-000000000002";
const BOT: &str = "user:11111111-aaaa-4aaa-8aaa-000000000003";
const CARL: &str = "user:11111111-aaaa-4aaa-8aaa-000000000004";

/// How often each path was asked; what names one object is counted together.
fn calls(server: &DatadogServer) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for exchange in server.log() {
        let segments = exchange.request.path.split('/').map(|segment| if segment.len() == 36 { "*" } else { segment });
        *calls.entry(segments.collect::<Vec<_>>().join("/")).or_default() += 1;
    }
    calls
}

fn expected_calls<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.map(|(path, times)| (format!("/api/v2/{path}"), times)).into()
}

fn user(resource: &Resource) -> UserTrait {
    find(&resource.annotations).unwrap().unwrap()
}

fn grants(desk: &Desk) -> BTreeMap<String, Grant> {
    let reader = Reader::open(&desk.path(FILE), &desk.path("")).unwrap();
    let rows = reader.grants(&View::Everything).map(|grant| grant.unwrap().row);
    rows.map(|row| (row.external_id, row.message)).collect()
}

fn at(text: &str) -> Option<Timestamp> {
    let moment = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    Some(Timestamp { seconds: moment.unix_timestamp(), nanos: moment.nanosecond().try_into().unwrap() })
}

#[test]
fn the_examples_yield_their_rows_in_nine_calls() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let vendors = ["sync", "datadog", "--sync-schedules", "--sync-secrets"];
    let outcome = desk.accord(&vendors).against(&server).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns { schedule_members: false, ..OptIns::ALL }));
    let wanted = [
        ("roles", 1),
        ("users", 1),
        ("team", 1),
        ("team/*/memberships", 2),
        ("on-call/schedules", 1),
        ("on-call/schedules/*/responders", 2),
        ("api_keys", 1),
    ];
    assert_eq!(calls(&server), expected_calls(wanted));
    for exchange in server.log() {
        let (path, query) = (&exchange.request.path, &exchange.request.query);
        assert!(query.contains("page%5Bsize%5D=100") || path.ends_with("/responders"), "{path}?{query}");
        assert_eq!(exchange.request.header("dd-api-key"), server.keys().api_key);
        assert_eq!(exchange.request.header("dd-application-key"), server.keys().app_key);
        assert_eq!(exchange.request.header("accept"), "application/json");
    }
    let stale = outcome.printed().matches("grant to an unknown principal").count();
    assert_eq!(stale, 1, "the membership of a user who is not there any more is told once: {outcome:?}");
    assert!(outcome.stdout.contains("0000000000ff") && outcome.stdout.contains("  complete → "), "{outcome:?}");
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn what_nobody_opted_into_is_neither_advertised_nor_requested() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    let sync = |more: &[&str]| {
        desk.accord(&["sync", "datadog"]).arguments(more).against(&server).run().exits(0);
        let reader = Reader::open(&desk.path(FILE), &desk.path("")).unwrap();
        let types = reader.resource_types(&View::Everything).map(|row| row.unwrap().external_id);
        types.collect::<Vec<_>>()
    };
    assert_eq!(sync(&[]), ["role", "team", "user"]);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::default()));
    let asked = calls(&server);
    assert!(asked.keys().all(|path| !path.contains("on-call") && !path.contains("api_keys")), "{asked:?}");
    assert_eq!(sync(&["--sync-schedules=true", "--sync-secrets=false"]), ["role", "schedule", "team", "user"]);
    Rows::of(&desk, FILE).are(&server.expected(OptIns { schedules: true, ..OptIns::default() }));
    assert_eq!(sync(&OPT_INS), ["api-key", "role", "schedule", "team", "user"]);
}

#[test]
fn people_are_what_datadog_says_of_them() {
    use ResourceStatus::{Disabled, Enabled};
    let (desk, server) = (Desk::new(), examples(Options::default()));
    sync(&desk, &server, 1_000.0).run().exits(0);
    let resources = resources(&desk, FILE);
    let told = |id: &str| {
        let resource = &resources[id];
        let status = resource.status.as_ref().unwrap();
        (resource.display_name.as_str(), status.status(), status.details.as_str())
    };
    assert_eq!(told(ANA), ("Ana Silva", Enabled, "Active"));
    assert_eq!(told(BO), ("bo@example.com", Disabled, "Pending"));
    assert_eq!(told(BOT), ("deploy-bot", Enabled, "Active"));
    assert_eq!(told(CARL), ("Carl Gone", Disabled, "Disabled"));

    let ana = user(&resources[ANA]);
    assert_eq!(ana.last_login, at("2026-08-01T08:00:00Z"));
    assert!(ana.mfa_status.unwrap().mfa_enabled);
    for (id, created_at) in [(ANA, "2024-02-06T15:50:10.99574Z"), (CARL, "2023-05-01T10:00:00Z")] {
        assert_eq!(
            (user(&resources[id]).created_at, resources[id].created_at),
            (at(created_at), at(created_at)),
            "{id}"
        );
    }
    for id in [BO, BOT, CARL] {
        let unknown = user(&resources[id]);
        assert_eq!((unknown.mfa_status, unknown.last_login), (None, None), "{id}");
    }
    let bot = user(&resources[BOT]);
    assert_eq!(bot.account_type, 2, "a service");
    assert_eq!(
        (format!("user:{}", bot.login), bot.emails[0].address.as_str()),
        (BOT.to_owned(), "platform@example.com")
    );
    assert_eq!((user(&resources[CARL]).login_aliases, ana.account_type), (vec!["carl@example.com".to_owned()], 1));
    assert!(user(&resources[CARL]).sso_status.unwrap().sso_enabled);
    let deployers = resources.iter().filter(|(id, role)| id.starts_with("role:") && role.display_name == "Deployers");
    assert_eq!(deployers.count(), 2, "two roles of one name are two roles");
    let of_carl = grants(&desk).into_keys().filter(|id| id.starts_with("role:") && id.ends_with(CARL)).count();
    assert_eq!(of_carl, 2, "who is disabled keeps their roles");
}

#[test]
fn what_an_identity_provider_decides_is_immutable_in_the_file() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    sync(&desk, &server, 1_000.0).run().exits(0);
    let immutable = |grant: &Grant| find::<GrantImmutable>(&grant.annotations).unwrap().map(|it| it.source_id);
    let by_saml: Vec<(String, String)> =
        grants(&desk).iter().filter_map(|(id, grant)| Some((id.clone(), immutable(grant)?))).collect();
    let sre = "team:33333333-cccc-4ccc-8ccc-000000000002";
    assert_eq!(by_saml, [(format!("{sre}:member:{CARL}"), "saml_mapping".to_owned())]);
    let reader = Reader::open(&desk.path(FILE), &desk.path("")).unwrap();
    let managed: Vec<(String, String)> = reader
        .entitlements(&View::Everything)
        .map(|row| row.unwrap())
        .filter_map(|row| {
            let found = find::<EntitlementImmutable>(&row.message.annotations).unwrap()?;
            Some((row.external_id, found.source_id))
        })
        .collect();
    let is_managed = |slug: &str| (format!("{sre}:{slug}"), "is_managed".to_owned());
    assert_eq!(managed, [is_managed("admin"), is_managed("member")]);
}

#[test]
fn api_keys_say_when_they_were_used() {
    let (desk, server) = (Desk::new(), examples(Options::default()));
    sync(&desk, &server, 1_000.0).run().exits(0);
    let resources = resources(&desk, FILE);
    let key = |number: u32| -> SecretTrait {
        let resource = &resources[&format!("api-key:44444444-dddd-4ddd-8ddd-{number:012}")];
        find(&resource.annotations).unwrap().unwrap()
    };
    assert_eq!(key(1).last_used_at, at("2026-08-03T23:00:00Z"));
    let creator = key(1).created_by_id.unwrap();
    assert_eq!(format!("{}:{}", creator.resource_type, creator.resource), ANA);
    assert_eq!((key(1).identity_id, key(1).credential_detail.as_str()), (None, "datadog.api_key"));
    assert_eq!((key(2).last_used_at, key(2).created_by_id), (None, None));
}

#[test]
fn an_organization_of_two_thousand_users_comes_out_exactly_and_costs_no_call_too_many() {
    let desk = Desk::new();
    let shape = Shape { seed: 8, users: 2_010, roles: 130, teams: 120, memberships: 10, schedules: 0, api_keys: 0 };
    let world = World::generate(&shape);
    let pages = |items: usize| items.div_ceil(100).max(1);
    let members: usize = world.teams.iter().map(|team| pages(team.members.len())).sum();
    assert!(members > 200, "some teams have several pages: {members}");
    let server = DatadogServer::start(world, Options::default()).unwrap();
    sync(&desk, &server, 1_000.0).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::ALL));
    let wanted = [
        ("roles", 2),
        ("users", 21),
        ("team", 2),
        ("team/*/memberships", members),
        ("on-call/schedules", 1),
        ("api_keys", 1),
    ];
    assert_eq!(calls(&server), expected_calls(wanted));
}

#[test]
fn objects_of_every_awkward_kind_come_out_with_and_without_what_is_included() {
    let desk = Desk::new();
    let kinds = World::EVERY_KIND;
    let shape = Shape {
        seed: 9,
        users: kinds * 2,
        roles: kinds,
        teams: kinds,
        memberships: 4,
        schedules: kinds,
        api_keys: kinds,
    };
    let world = World::generate(&shape);
    let mut all = Vec::new();
    for includes in [true, false] {
        let server = DatadogServer::start(world.clone(), Options { includes, ..Options::default() }).unwrap();
        sync(&desk, &server, 1_000.0).run().exits(0);
        let rows = Rows::of(&desk, FILE);
        rows.are(&server.expected(OptIns::ALL));
        all.push(rows.without_coverage());
        let unnamed = resources(&desk, FILE).into_values().find(|resource| resource.display_name.trim().is_empty());
        assert_eq!(unnamed, None, "everything has a name to show");
        desk.accord(&["verify", FILE]).run().exits(0);
    }
    assert!(all[0] == all[1], "nothing relies on what is included");
}

#[test]
fn two_syncs_of_one_organization_give_the_same_rows() {
    let (desk, server) = (Desk::new(), super::organization(Options::default()));
    sync(&desk, &server, 1_000.0).run().exits(0);
    let first = Rows::of(&desk, FILE);
    sync(&desk, &server, 1_000.0).arguments(&["--workers=4"]).run().exits(0);
    assert!(first == Rows::of(&desk, FILE), "another run, another number of workers, other rows");
}

#[test]
fn roles_that_make_a_page_of_users_five_megabytes_long_are_skipped_over() {
    let (desk, mut world) = (Desk::new(), World::vendor_examples());
    let permissions = (0..70_000).map(|number| format!("77777777-0000-4000-8000-{number:012}")).collect();
    world.roles.push(Role { permissions, ..world.roles[0].clone() });
    let role = world.roles.len() - 1;
    world.roles[role].id = "22222222-bbbb-4bbb-8bbb-000000000009".to_owned();
    for user in &mut world.users {
        user.roles.push("22222222-bbbb-4bbb-8bbb-000000000009".to_owned());
    }
    let server = DatadogServer::start(world, Options::default()).unwrap();
    sync(&desk, &server, 1_000.0).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::ALL));
}

#[test]
fn an_organization_without_responders_is_asked_the_older_way() {
    let (desk, server) = (Desk::new(), examples(Options { tells_responders: false, ..Options::default() }));
    // The older way knows of one person at a time.
    server.change(|world| world.schedules[0].shifts.truncate(1));
    sync(&desk, &server, 1_000.0).run().exits(0);
    Rows::of(&desk, FILE).are(&server.expected(OptIns::ALL));
    assert_eq!(calls(&server)["/api/v2/on-call/schedules/*/on-call"], 2);
}
