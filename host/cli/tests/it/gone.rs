//! What disappears while it is read: told by name and no failure, once a second look confirms it. What the second look
//! still finds is a gap.

use std::collections::BTreeSet;

use accord_fixtures::duo::{
    DuoServer, EmbeddedGroups, Fault, Group, Options, PageSize, PageSizes, Refusal, Rule, Shape, World,
};
use accord_fixtures::world::Expected;
use serde_json::Value;

use crate::rows::Rows;
use crate::support::{Call, Desk, Outcome};

const FILE: &str = "sync.c1z";
const GONE: &str = "group gone during the sync";

/// The groups of the examples.
const VPN: &str = "DGAAAAAAAAAAAAAAAAA1";
const FINANCE: &str = "DGAAAAAAAAAAAAAAAAA2";
/// Their users on the second page.
const OLA: &str = "DUAAAAAAAAAAAAAAAAA4";

fn sync(desk: &Desk, server: &DuoServer) -> Call {
    desk.accord(&["sync", "duo", "--report=report.json"]).against(server).env("ACCORD_TIME_SCALE", "1000")
}

/// The examples: five users in two pages, whose groups tell their ids or do not.
fn examples(with_ids: bool) -> DuoServer {
    let users = PageSize { cap: 3, ..PageSize::at_most(300) };
    let options = Options {
        page_sizes: PageSizes { users, ..PageSizes::default() },
        embedded_groups: EmbeddedGroups { with_ids, ..EmbeddedGroups::default() },
        ..Options::default()
    };
    DuoServer::start(World::vendor_examples(), options).unwrap()
}

/// The coverage of the file, which is the report's too.
#[track_caller]
fn coverage(desk: &Desk) -> Value {
    let stats = desk.accord(&["stats", FILE, "--output=json"]).run().exits(0).json();
    let report: Value = serde_json::from_slice(&std::fs::read(desk.path("report.json")).unwrap()).unwrap();
    assert_eq!(stats["coverage"], report["coverage"]);
    stats["coverage"].clone()
}

fn listing<'a>(coverage: &'a Value, name: &str) -> &'a Value {
    let listings = coverage["collections"].as_array().unwrap();
    listings.iter().find(|listing| listing["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {coverage}"))
}

/// Everything that a listing's notes of this kind name, sorted.
fn named(listing: &Value, what: &str) -> Vec<String> {
    let notes = listing["notes"].as_array().into_iter().flatten().filter(|note| note["what"] == what);
    let examples = notes.flat_map(|note| note["examples"].as_array().unwrap());
    let mut examples: Vec<String> = examples.map(|example| example.as_str().unwrap().to_owned()).collect();
    examples.sort();
    examples
}

/// Fails the test unless the run is complete, the listing names these groups as gone, and so does what people read.
#[track_caller]
fn tells_gone(outcome: Outcome, desk: &Desk, name: &str, groups: &[&str]) {
    let outcome = outcome.exits(0);
    let coverage = coverage(desk);
    assert_eq!(coverage["complete"], true, "{coverage}");
    let listing = listing(&coverage, name);
    assert_eq!(listing["state"], "complete");
    assert_eq!(named(listing, GONE), groups, "{listing}");
    let told = outcome.stdout.lines().filter(|line| line.contains(GONE)).collect::<String>();
    assert!(groups.iter().all(|group| told.contains(group)), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("gap"), "{}", outcome.stdout);
    // Nothing in the file points at what is not in it.
    desk.accord(&["verify", FILE]).run().exits(0);
}

fn listed(server: &DuoServer) -> usize {
    server.log_of("/admin/v1/groups").len()
}

#[test]
fn a_group_that_no_listing_has_is_left_out_with_its_memberships() {
    let (desk, server) = (Desk::new(), examples(true));
    server.change(|world| {
        world.unlisted_groups.insert(FINANCE.to_owned());
    });
    let outcome = sync(&desk, &server).run();
    assert_eq!(listed(&server), 2, "the groups are listed again once");
    tells_gone(outcome, &desk, "groups-again", &[FINANCE]);
    let coverage = coverage(&desk);
    let unlisted = named(listing(&coverage, "users"), "a membership in a group that was not listed");
    assert_eq!(unlisted, [FINANCE]);
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn groups_that_vanish_between_two_pages_are_named() {
    let (desk, server) = (Desk::new(), examples(true));
    // One is made and deleted between the two listings; one that was listed goes with it.
    let brief = Group { group_id: "DGBBBBBBBBBBBBBBBBB1".to_owned(), name: "Brief".to_owned(), ..Group::default() };
    let brief_id = brief.group_id.clone();
    let appears = Fault::group_appears(brief, &["DUAAAAAAAAAAAAAAAAA2", "DUAAAAAAAAAAAAAAAAA3", OLA]);
    let before = server.expected();
    server.faults().add(Rule::on("/admin/v1/users", appears).times(1));
    for group in [brief_id.as_str(), VPN] {
        server.faults().add(Rule::on("/admin/v1/users", Fault::group_vanishes(group)).after(1).times(1));
    }
    let outcome = sync(&desk, &server).run();
    assert_eq!(listed(&server), 2, "the groups are listed again once");
    tells_gone(outcome, &desk, "groups-again", &[VPN, &brief_id]);
    // What was read of the listed one stays: it was true when it was read.
    Rows::of(&desk, FILE).are(&before);
    assert!(!server.expected().resources.iter().any(|(_, id)| id == VPN));
}

#[test]
fn a_group_whose_members_are_asked_for_too_late_is_named() {
    let (desk, server) = (Desk::new(), examples(false));
    let members = format!("/admin/v2/groups/{VPN}/users");
    server.faults().add(Rule::on(&members, Fault::group_vanishes(FINANCE)).times(1));
    let outcome = sync(&desk, &server).run();
    assert_eq!(listed(&server), 2, "the groups are listed again once");
    tells_gone(outcome, &desk, "group-users", &[FINANCE]);
    let mut expected: Expected = server.expected();
    expected.resource("group", FINANCE);
    expected.entitlement("group", FINANCE, "member");
    Rows::of(&desk, FILE).are(&expected);
}

/// Fails the test unless the run ends with this code without a flag and writes nothing, says how to accept it, and is a
/// named gap with the flag.
#[track_caller]
fn is_a_gap(server: &DuoServer, name: &str, code: i32, told: &[&str]) {
    let desk = Desk::new();
    let outcome = sync(&desk, server).run().exits(code).tells(told);
    assert_eq!(outcome.errors(), 1, "{outcome:?}");
    outcome.tells(&["or ", "--allow-gaps=group"]);
    assert!(!desk.path(FILE).exists());

    let outcome = sync(&desk, server).arguments(&["--allow-gaps=group"]).run().exits(3);
    assert!(outcome.stdout.contains(&format!("gap   {name}")), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("complete with declared gaps"), "{}", outcome.stdout);
    let coverage = coverage(&desk);
    assert_eq!(coverage["complete"], false);
    let listing = listing(&coverage, name);
    assert_eq!((&listing["state"], &listing["gaps"][0]["lost"]), (&"gap".into(), &true.into()), "{listing}");
    assert_eq!(named(listing, GONE), Vec::<String>::new(), "nobody knows that it is gone");
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn a_group_that_is_still_listed_is_not_gone() {
    let server = examples(false);
    let members = format!("/admin/v2/groups/{FINANCE}/users");
    server.faults().add(Rule::on(&members, Fault::Fail(Refusal::NOT_FOUND)));
    is_a_gap(&server, "group-users", 13, &["error[HTTP-002]", &members, "Duo lists the group, but not its members"]);

    // A failure that does not last is no gap: the next run asks again.
    let desk = Desk::new();
    sync(&desk, &server).run().exits(13).tells(&["run the same command again"]);
    server.faults().clear();
    server.server().clear_log();
    sync(&desk, &server).run().exits(0);
    let paths: BTreeSet<String> = server.log().into_iter().map(|exchange| exchange.request.path).collect();
    assert!(paths.contains(&members) && !paths.contains("/admin/v1/users"), "{paths:?}");
    Rows::of(&desk, FILE).are(&server.expected());
}

#[test]
fn a_group_that_may_not_be_read_is_not_gone() {
    let server = examples(false);
    let members = format!("/admin/v2/groups/{FINANCE}/users");
    server.faults().add(Rule::on(&members, Fault::Fail(Refusal::FORBIDDEN)));
    is_a_gap(&server, "group-users", 11, &["error[PERM-001]", &members, "Grant resource - Read"]);
}

#[test]
fn a_second_look_that_is_refused_confirms_nothing() {
    let server = examples(true);
    server.change(|world| {
        world.unlisted_groups.insert(FINANCE.to_owned());
    });
    // They are listed once, then again, and again by the run that is allowed the gap and goes on from there.
    server.faults().add(Rule::on("/admin/v1/groups", Fault::Fail(Refusal::FORBIDDEN)).after(1).times(2));
    is_a_gap(&server, "groups-again", 11, &["error[PERM-001]", "/admin/v1/groups", "Grant resource - Read"]);
}

/// A Duo whose embedded lists of groups are cut, and the id of a user who is in that many.
fn with_a_busy_user() -> (DuoServer, String) {
    let world = World::generate(&Shape { seed: 10, users: 30, groups: 160, memberships: 3, admins: 2 });
    let busy = world.users.iter().find(|user| user.groups.len() >= 100).unwrap().fields.user_id.clone();
    let embedded_groups = EmbeddedGroups { at_most: 100, with_ids: true };
    (DuoServer::start(world, Options { embedded_groups, ..Options::default() }).unwrap(), busy)
}

#[test]
fn a_user_who_is_gone_when_their_groups_are_read_is_named() {
    let (desk, (server, busy)) = (Desk::new(), with_a_busy_user());
    let (groups, gone) = (format!("/admin/v1/users/{busy}/groups"), busy.clone());
    let vanishes = Fault::change(move |world| world.users.retain(|user| user.fields.user_id != gone));
    server.faults().add(Rule::on(&groups, vanishes).times(1));
    let outcome = sync(&desk, &server).run().exits(0);
    let told = format!("note  user-groups/{busy} not read: gone during the sync: user {busy} is not there any more");
    assert!(outcome.stdout.contains(&told), "{}", outcome.stdout);
    assert_eq!(coverage(&desk)["complete"], true);
    assert_eq!(server.log_of(&format!("/admin/v1/users/{busy}")).len(), 1, "the user is looked for once");
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn a_user_and_a_group_that_are_gone_in_one_sync_leave_no_doubt() {
    let (desk, (server, busy)) = (Desk::new(), with_a_busy_user());
    let others = server.world().users.into_iter().filter(|user| user.fields.user_id != busy);
    let group = others.flat_map(|user| user.groups).next().unwrap();
    server.change(|world| {
        world.unlisted_groups.insert(group.clone());
    });
    let (groups, gone) = (format!("/admin/v1/users/{busy}/groups"), busy.clone());
    let vanishes = Fault::change(move |world| world.users.retain(|user| user.fields.user_id != gone));
    server.faults().add(Rule::on(&groups, vanishes).times(1));
    sync(&desk, &server).run().exits(0);
    let coverage = coverage(&desk);
    assert_eq!(coverage["complete"], true, "{coverage}");
    assert_eq!(named(listing(&coverage, "groups-again"), GONE), [group]);
    desk.accord(&["verify", FILE]).run().exits(0);
}

#[test]
fn a_user_who_is_still_there_is_a_gap() {
    let (server, busy) = with_a_busy_user();
    let groups = format!("/admin/v1/users/{busy}/groups");
    server.faults().add(Rule::on(&groups, Fault::Fail(Refusal::NOT_FOUND)));
    is_a_gap(&server, "user-groups", 13, &["error[HTTP-002]", &groups, "Duo has the user"]);
}
