//! What a sync of Duo must yield and how it must fail, seen in the file, the exit code and the vendor's request log.

use std::collections::BTreeMap;

use accord_c1z::proto::{ChildResourceType, Resource, ResourceStatus, UserTrait, find};
use accord_fixtures::duo::{
    DuoServer, EmbeddedGroups, Fault, Group, LastPage, Options, PageSize, PageSizes, Permission, Refusal, RetryAfter,
    Rule, Shape, World,
};
use accord_fixtures::server::Response;

use crate::rows::{Rows, resources};
use crate::support::{Desk, Outcome, duo};

const FILE: &str = "sync.c1z";

fn sync(desk: &Desk, server: &DuoServer) -> Outcome {
    desk.accord(&["sync", "duo"]).against(server).env("ACCORD_TIME_SCALE", "1000").run()
}

/// Pages of users hold so many, whatever was asked for.
fn users_by(cap: usize) -> PageSizes {
    PageSizes { users: PageSize { cap, ..PageSize::at_most(300) }, ..PageSizes::default() }
}

fn examples(last_page: LastPage) -> DuoServer {
    let options = Options { page_sizes: users_by(3), last_page, ..Options::default() };
    DuoServer::start(World::vendor_examples(), options).unwrap()
}

fn user(resource: &Resource) -> UserTrait {
    find(&resource.annotations).unwrap().unwrap()
}

/// Display name, e-mail addresses, status and its details.
fn told(resource: &Resource) -> (&str, Vec<String>, ResourceStatus, &str) {
    let status = resource.status.as_ref().unwrap();
    let emails = user(resource).emails.into_iter().map(|email| email.address).collect();
    (&resource.display_name, emails, status.status(), &status.details)
}

/// How often each path was asked.
fn calls(server: &DuoServer) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for exchange in server.log() {
        *calls.entry(exchange.request.path).or_default() += 1;
    }
    calls
}

#[test]
fn the_examples_cost_six_calls_and_yield_their_rows() {
    for last_page in [LastPage::Absent, LastPage::Null] {
        let (desk, server) = (Desk::new(), examples(last_page));
        sync(&desk, &server).exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
        let expected = [("settings", 1), ("groups", 1), ("users", 2), ("admin_roles", 1), ("admins", 1)];
        assert_eq!(calls(&server), expected.map(|(path, times)| (format!("/admin/v1/{path}"), times)).into());
    }
}

#[test]
fn the_account_is_everybodys_parent_and_announces_its_children() {
    let (desk, server) = (Desk::new(), duo());
    sync(&desk, &server).exits(0);
    let resources = resources(&desk, FILE);
    let account = format!("account:{}", server.keys().integration_key);
    for (id, resource) in &resources {
        let parent = resource.parent_resource_id.as_ref().map(|id| format!("{}:{}", id.resource_type, id.resource));
        assert_eq!(parent, (*id != account).then(|| account.clone()), "{id}");
    }
    let account = &resources[&account];
    assert_eq!(account.display_name, "Example Corp");
    let children = account.annotations.iter().map(|any| find::<ChildResourceType>(std::slice::from_ref(any)).unwrap());
    let children: Vec<String> = children.flatten().map(|child| child.resource_type_id).collect();
    assert_eq!(children, ["user", "group", "admin", "role"]);
}

#[test]
fn people_are_what_duo_says_of_them() {
    use ResourceStatus::{Deleted, Disabled, Enabled};
    let (desk, server) = (Desk::new(), duo());
    sync(&desk, &server).exits(0);
    let resources = resources(&desk, FILE);
    let person = |id: &str| &resources[id];
    let none = Vec::<String>::new;

    let (glass, li_wei) = (person("user:DUAAAAAAAAAAAAAAAAA2"), person("user:DUAAAAAAAAAAAAAAAAA3"));
    assert_eq!(told(glass), ("svc-breakglass", none(), Enabled, "bypass"));
    assert!(!user(glass).mfa_status.unwrap().mfa_enabled);
    let (name, emails, status, details) = told(li_wei);
    assert_eq!((name, emails, status), ("Li Wei", vec!["li.wei@example.com".to_owned()], Disabled));
    assert!(details.contains("Failed Attempts"), "{details}");

    let ola = person("user:DUAAAAAAAAAAAAAAAAA4");
    assert_eq!(told(ola), ("Ola Nordmann", none(), Disabled, "disabled"));
    assert!(format!("{:?}", ola.profile).contains("not-an-address"), "kept, where nobody takes it for an address");
    assert_eq!(told(person("user:DUAAAAAAAAAAAAAAAAA5")).2, Deleted);
    assert_eq!(told(person("admin:DEAAAAAAAAAAAAAAAAA2")).2, Disabled);

    let finance = resources.iter().filter(|(id, group)| id.starts_with("group:") && group.display_name == "Finance");
    assert_eq!(finance.count(), 2, "two groups of one name are two groups");
    for (id, resource) in resources.iter().filter(|(id, _)| id.starts_with("user:") || id.starts_with("admin:")) {
        let of_trait = user(resource);
        let status = resource.status.as_ref().unwrap();
        let trait_status = of_trait.status.as_ref().unwrap();
        assert_eq!((trait_status.status, &trait_status.details), (status.status, &status.details), "{id}");
        assert!(resource.profile.is_some() && of_trait.profile == resource.profile, "{id}");
    }
}

#[test]
fn a_status_that_nobody_knows_is_kept() {
    let (desk, server) = (Desk::new(), duo());
    server.change(|world| world.users[0].fields.status = "foo".to_owned());
    sync(&desk, &server).exits(0);
    let resources = resources(&desk, FILE);
    let (_, _, status, details) = told(&resources["user:DUAAAAAAAAAAAAAAAAA1"]);
    assert_eq!((status, details), (ResourceStatus::Unspecified, "foo"));
}

#[test]
fn a_world_of_two_thousand_users_comes_out_exactly() {
    let desk = Desk::new();
    let world = World::generate(&Shape { seed: 8, users: 2_000, groups: 250, memberships: 8, admins: 130 });
    let server = DuoServer::start(world, Options::default()).unwrap();
    sync(&desk, &server).exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    let mut calls = calls(&server);
    calls.retain(|path, _| !path.ends_with("/groups") || path == "/admin/v1/groups");
    let expected = [("settings", 1), ("groups", 3), ("users", 7), ("admin_roles", 1), ("admins", 2)];
    assert_eq!(calls, expected.map(|(path, times)| (format!("/admin/v1/{path}"), times)).into());
}

#[test]
fn objects_of_every_awkward_kind_come_out() {
    let desk = Desk::new();
    let kinds = World::EVERY_KIND;
    let world = World::generate(&Shape { seed: 9, users: kinds, groups: kinds, memberships: 4, admins: kinds });
    let ids = EmbeddedGroups { with_ids: false, ..EmbeddedGroups::default() };
    for embedded_groups in [EmbeddedGroups::default(), ids] {
        let server = DuoServer::start(world.clone(), Options { embedded_groups, ..Options::default() }).unwrap();
        sync(&desk, &server).exits(0);
        Rows::of(&desk, FILE).are(&server.expected());
        let unnamed = resources(&desk, FILE).into_values().find(|resource| resource.display_name.is_empty());
        assert_eq!(unnamed, None, "everything has a name to show");
    }
}

#[test]
fn a_list_of_groups_that_was_cut_is_read_from_its_user() {
    let desk = Desk::new();
    let world = World::generate(&Shape { seed: 10, users: 30, groups: 160, memberships: 3, admins: 2 });
    let busy: Vec<_> = world.users.iter().filter(|user| user.groups.len() >= 100).cloned().collect();
    assert_eq!(busy.len(), 2);
    let embedded_groups = EmbeddedGroups { at_most: 100, with_ids: true };
    let server = DuoServer::start(world, Options { embedded_groups, ..Options::default() }).unwrap();
    sync(&desk, &server).exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    for user in busy {
        let pages = server.log_of(&format!("/admin/v1/users/{}/groups", user.fields.user_id)).len();
        assert_eq!(pages, user.groups.len().div_ceil(100), "pages of 100");
    }
    let own_listings = calls(&server).keys().filter(|path| path.starts_with("/admin/v1/users/")).count();
    assert_eq!(own_listings, 2, "nobody else is asked for");
}

#[test]
fn a_group_that_appears_between_two_pages_is_found() {
    let (desk, server) = (Desk::new(), examples(LastPage::Absent));
    let group = Group { group_id: "DGBBBBBBBBBBBBBBBBB1".to_owned(), name: "Late".to_owned(), ..Group::default() };
    let appears = Fault::group_appears(group, &["DUAAAAAAAAAAAAAAAAA4", "DUAAAAAAAAAAAAAAAAA5"]);
    server.faults().add(Rule::on("/admin/v1/users", appears).after(1).times(1));
    sync(&desk, &server).exits(0);
    assert_eq!(server.expected().count("group"), 4);
    Rows::of(&desk, FILE).are(&server.expected());
    assert_eq!(server.log_of("/admin/v1/groups").len(), 2);
}

#[test]
fn a_page_that_does_not_say_where_it_goes_on_fails_the_sync() {
    let answers = [
        (r#"{"response":[],"stat":"OK"}"#, "metadata"),
        (r#"{"metadata":{"next_offset":0,"total_objects":5},"response":[{"user_id":"DU1"}],"stat":"OK"}"#, "offset"),
    ];
    for (answer, told) in answers {
        let (desk, server) = (Desk::new(), duo());
        server.faults().add(Rule::on("/admin/v1/users", Fault::answer(move |_| Response::json(200, answer))));
        let outcome = sync(&desk, &server);
        assert!(![0, 3].contains(&outcome.code), "{outcome:?}");
        assert_eq!(outcome.errors(), 1);
        assert!(outcome.stderr.contains(told) && outcome.stderr.contains("/admin/v1/users"), "{outcome:?}");
        assert!(!desk.path(FILE).exists());
    }
}

#[test]
fn a_rate_limit_that_lasts_is_tried_seven_times_and_ends_with_12() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/admins", Fault::TooMany(RetryAfter::Absent)));
    let outcome = sync(&desk, &server).exits(12);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&["error[RATE-001]", "where   admins, GET /admin/v1/admins", "pages need not be read again"]);
    assert_eq!(server.log_of("/admin/v1/admins").len(), 7);
    server.faults().clear();
    server.server().clear_log();
    sync(&desk, &server).exits(0);
    assert_eq!(calls(&server), [("/admin/v1/admins".to_owned(), 1)].into(), "the rest was kept");
}

#[test]
fn a_proxys_error_page_is_named_by_its_status() {
    let (desk, server) = (Desk::new(), duo());
    let page = "<html><head><title>502 Bad Gateway</title></head></html>";
    let answer = Fault::answer(move |_| Response::new(502, "text/html", page));
    server.faults().add(Rule::on("/admin/v1/groups", answer));
    let outcome = sync(&desk, &server).exits(13);
    assert_eq!(outcome.errors(), 1);
    assert!(outcome.stderr.contains("502") && outcome.stderr.contains("/admin/v1/groups"), "{outcome:?}");
    assert!(!outcome.stderr.to_lowercase().contains("json"), "{outcome:?}");
    assert_eq!(server.log_of("/admin/v1/groups").len(), 7);
}

#[test]
fn without_the_settings_only_the_accounts_name_is_lost() {
    let (desk, server) = (Desk::new(), duo());
    server.set_permission(Permission::Settings, false);
    let outcome = sync(&desk, &server).exits(0);
    Rows::of(&desk, FILE).are(&server.expected());
    let account = format!("account:{}", server.keys().integration_key);
    let name = &resources(&desk, FILE)[&account].display_name;
    assert!(server.host().starts_with(name.as_str()), "{name}");
    assert_eq!(outcome.printed().matches("Grant settings").count(), 1, "{outcome:?}");
}

#[test]
fn without_the_administrators_nothing_is_written() {
    let (desk, server) = (Desk::new(), duo());
    server.set_permission(Permission::AdministratorsRead, false);
    let outcome = sync(&desk, &server).exits(11);
    assert_eq!(outcome.errors(), 1);
    outcome.tells(&["/admin/v1/admins", "Grant administrators - Read"]);
    assert!(!desk.path(FILE).exists());
}

#[test]
fn without_a_catalogue_the_roles_keep_their_ids() {
    let (desk, server) = (Desk::new(), duo());
    server.faults().add(Rule::on("/admin/v1/admin_roles", Fault::Fail(Refusal::NOT_FOUND)));
    let outcome = sync(&desk, &server).exits(0);
    let resources = resources(&desk, FILE);
    let missing: Vec<_> = server
        .expected()
        .resources
        .into_iter()
        .map(|(resource_type, id)| format!("{resource_type}:{id}"))
        .filter(|id| !resources.contains_key(id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let stats = desk.accord(&["stats", FILE, "--output=json"]).run().exits(0).json();
    assert_eq!(stats["counts"]["grants"], 8);
    assert_eq!(outcome.printed().matches("the roles are the built-in ones").count(), 1, "{outcome:?}");
}
