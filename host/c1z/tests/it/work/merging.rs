//! Rows of one id, and references to nothing.

use accord_c1z::model::{Expansion, GrantAnnotation, ResourceId, Rows, TraitKind, Value};
use accord_c1z::proto::{GrantMetadata, Kind, find};
use accord_c1z::reader::View;
use accord_c1z::work::{Error, Fault, Gap, Note, Settlement};

use super::*;

fn named(text: &str, name: &str, stub: bool) -> Rows {
    let mut row = resource(text);
    row.display_name = name.to_owned();
    row.stub = stub;
    Rows { resources: vec![row], ..Rows::default() }
}

fn name_of(place: &Place, text: &str) -> String {
    place.reader().resource(&View::Everything, &id(text)).unwrap().unwrap().message.display_name
}

// Checklist 17.
#[test]
fn the_listing_later_in_the_manifest_wins_whatever_was_committed_first() {
    // One that the manifest does not name comes after all others.
    for (first, second, wins) in
        [("groups", "users", "users"), ("users", "groups", "users"), ("others", "apps", "others")]
    {
        let place = Place::new();
        place.sync(&[first, second].map(|name| (name, named("user:u", name, false)))).unwrap();
        assert_eq!(name_of(&place, "user:u"), wins);
    }
}

#[test]
fn within_a_collection_the_later_key_page_and_position_win() {
    let place = Place::new();
    let mut work = place.open().work;
    for (listing, name) in [("members/b", "key b"), ("members/a", "key a")] {
        let listing = begin(&mut work, listing);
        commit(&mut work, listing, named("user:key", name, false), Step::Done).unwrap();
    }
    let users = begin(&mut work, "users");
    commit(&mut work, users, named("user:page", "page 1", false), Step::Next("2".to_owned())).unwrap();
    let mut last = named("user:page", "page 2", false);
    last.resources.extend(named("user:page", "page 2, second", false).resources);
    last.resources.push(resource("group:g"));
    last.entitlements = ["first", "second"]
        .map(|name| {
            let mut row = entitlement("group:g:member");
            row.display_name = name.to_owned();
            row
        })
        .to_vec();
    commit(&mut work, users, last, Step::Done).unwrap();
    finish(&mut work).unwrap();
    assert_eq!(name_of(&place, "user:key"), "key b");
    assert_eq!(name_of(&place, "user:page"), "page 2, second");
    let kept = place.reader().entitlement(&View::Everything, "group:g:member").unwrap().unwrap();
    assert_eq!(kept.message.display_name, "second");
}

#[test]
fn a_stub_counts_only_where_no_full_row_is() {
    let place = Place::new();
    let mut later = named("user:u", "stub", true);
    later.resources.extend(named("user:only", "stub", true).resources);
    let mut stub = entitlement("group:g:member");
    stub.stub = true;
    stub.display_name = "stub".to_owned();
    later.entitlements.push(stub);
    place
        .sync(&[
            ("users", named("user:u", "full", false)),
            ("groups", rows(&["group:g"], &["group:g:member"], Vec::new())),
            ("apps", later),
        ])
        .unwrap();
    assert_eq!(name_of(&place, "user:u"), "full");
    assert_eq!(name_of(&place, "user:only"), "stub");
    let kept = place.reader().entitlement(&View::Everything, "group:g:member").unwrap().unwrap();
    assert_eq!(kept.message.display_name, "name of group:g:member");
}

#[test]
fn a_stub_says_nothing_of_a_parent_that_it_does_not_name() {
    let place = Place::new();
    let mut child = named("user:u", "stub", true);
    child.resources[0].parent = Some(id("group:g"));
    let groups = rows(&["group:g"], &["group:g:member"], Vec::new());
    place.sync(&[("groups", groups), ("users", named("user:u", "stub", true)), ("apps", child)]).unwrap();
    assert_eq!(name_of(&place, "user:u"), "stub");
}

#[test]
fn copies_of_a_grant_merge_to_the_widest() {
    let place = Place::new();
    let annotated = |annotations: Vec<GrantAnnotation>, expansion: Option<Expansion>| {
        let mut grant = grant("role:r:assigned", "group:g");
        grant.annotations = annotations;
        grant.expansion = expansion;
        rows(&[], &[], vec![grant])
    };
    let scopes = |names: &[&str], from: &str| {
        GrantAnnotation::Metadata(vec![
            ("scopes".to_owned(), Value::Items(names.iter().map(|name| (*name).to_owned()).collect())),
            ("from".to_owned(), Value::Text(from.to_owned())),
        ])
    };
    let expansion = |shallow: bool, types: &[&str]| {
        passing("role:r:assigned", "group:g", &["group:g:member"], shallow, types).expansion
    };
    let immutable = GrantAnnotation::Immutable(String::new());
    place
        .sync(&[
            ("groups", annotated(vec![immutable.clone(), scopes(&["a", "b"], "groups")], expansion(true, &["user"]))),
            ("users", annotated(vec![immutable, scopes(&["b", "c"], "users")], expansion(false, &["group"]))),
            ("roles", rows(&["role:r", "group:g"], &["role:r:assigned", "group:g:member"], Vec::new())),
        ])
        .unwrap();
    let reader = place.reader();
    let kept = reader.grant(&View::Everything, "role:r:assigned:group:g").unwrap().unwrap();
    let expansion = kept.expansion.unwrap();
    assert!(!expansion.shallow);
    assert_eq!(expansion.resource_type_ids, ["user", "group"]);
    let fields = find::<GrantMetadata>(&kept.row.message.annotations)
        .unwrap()
        .unwrap()
        .metadata
        .unwrap()
        .unpack()
        .unwrap()
        .fields;
    let Some(Kind::ListValue(list)) = &fields["scopes"].kind else { panic!("{fields:?}") };
    let scopes: Vec<_> = list.values.iter().map(|value| value.kind.clone().unwrap()).collect();
    assert_eq!(scopes, ["a", "b", "c"].map(|name| Kind::StringValue(name.to_owned())));
    assert_eq!(fields["from"].kind, Some(Kind::StringValue("users".to_owned())));
    assert_eq!(grant_lines(&reader), ["role:r:assigned:group:g !"], "immutable, since both copies are");
}

#[test]
fn a_grant_is_immutable_only_if_every_copy_is() {
    let place = Place::new();
    let mut immutable = grant("group:g:member", "user:u");
    immutable.annotations = vec![GrantAnnotation::Immutable(String::new())];
    place
        .sync(&[
            ("groups", rows(&["group:g", "user:u"], &["group:g:member"], vec![immutable])),
            ("users", rows(&[], &[], vec![grant("group:g:member", "user:u")])),
        ])
        .unwrap();
    assert_eq!(grant_lines(&place.reader()), ["group:g:member:user:u"]);
}

#[test]
fn contradicting_rows_stop_the_sync_and_both_listings_are_named() {
    let parented = |parent: Option<&str>| {
        let mut row = resource("user:u");
        row.parent = parent.map(id);
        Rows { resources: vec![row], ..Rows::default() }
    };
    let moved = |resource: &str| {
        let mut row = entitlement("group:g:member");
        row.id = Some("member of g".to_owned());
        row.resource = id(resource);
        Rows { entitlements: vec![row], ..Rows::default() }
    };
    let own_id = |principal: &str| {
        let mut row = grant("group:g:member", principal);
        row.id = Some("the grant".to_owned());
        rows(&[], &[], vec![row])
    };
    let elsewhere = |resource: &str| {
        let mut row = grant("group:g:member", "user:u");
        row.entitlement_resource = id(resource);
        rows(&[], &[], vec![row])
    };
    let mut base = rows(&["group:g", "group:h", "user:u", "user:v"], &["group:g:member"], Vec::new());
    base.resources.retain(|row| row.id.resource != "u");
    let full = rows(&["group:g", "group:h", "user:u", "user:v"], &["group:g:member"], Vec::new());
    let stub = |parent: Option<&str>| {
        let mut rows = parented(parent);
        rows.resources[0].stub = true;
        rows
    };
    // Two pairs with one built id, each beside another grant of its entitlement.
    let mut within = entitlement("group:g:x");
    within.id = Some("group:g:member:user".to_owned());
    let through = |principal: &str| {
        let mut row = grant("group:g:x", principal);
        row.entitlement = "group:g:member:user".to_owned();
        row
    };
    let mut two = rows(
        &["group:g", "user:a", "user:b", "user:user:b"],
        &["group:g:member"],
        vec![grant("group:g:member", "user:a"), through("user:a")],
    );
    two.entitlements.push(within);
    let cases = [
        (
            [("groups", base.clone()), ("users", stub(Some("group:g"))), ("apps", stub(Some("group:h")))],
            "resource `user:u` has parent `group:g` in users and `group:h` in apps",
        ),
        (
            [
                ("groups", two),
                ("users", rows(&[], &[], vec![grant("group:g:member", "user:user:b")])),
                ("apps", rows(&[], &[], vec![through("user:b")])),
            ],
            "grant `group:g:member:user:user:b` has entitlement and principal `group:g:member to user:user:b` in users and `group:g:member:user to user:b` in apps",
        ),
        (
            [("groups", base.clone()), ("users", parented(Some("group:g"))), ("apps", parented(None))],
            "resource `user:u` has parent `group:g` in users and `none` in apps",
        ),
        (
            [("groups", full.clone()), ("users", moved("group:g")), ("apps", moved("group:h"))],
            "entitlement `member of g` has resource `group:g` in users and `group:h` in apps",
        ),
        (
            [("groups", full.clone()), ("users", own_id("user:u")), ("apps", own_id("user:v"))],
            "grant `the grant` has entitlement and principal `group:g:member to user:u` in users and `group:g:member to user:v` in apps",
        ),
        (
            [("groups", full), ("users", elsewhere("group:g")), ("apps", elsewhere("group:h"))],
            "entitlement `group:g:member` has resource `group:g` in groups and `group:h` in apps",
        ),
        (
            [
                ("groups", Rows { resources: vec![plain("app", "a:b")], ..Rows::default() }),
                ("users", Rows { resources: vec![plain("app:a", "b")], ..Rows::default() }),
                ("apps", Rows::default()),
            ],
            "resource `app:a:b` has resource type `app` in groups and `app:a` in users",
        ),
    ];
    for (listings, message) in cases {
        let place = Place::new();
        let mut options = place.options();
        options.resource_types.push(accord_c1z::model::ResourceType { id: "app:a".to_owned(), ..Default::default() });
        let mut work = WorkFile::open(options).unwrap().work;
        stage(&mut work, &listings);
        let error = finish(&mut work).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.fault(), Fault::Plugin);
        assert!(!place.target().exists());
    }
}

fn plain(resource_type: &str, id: &str) -> accord_c1z::model::Resource {
    let mut row = resource("app:x");
    row.id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned() };
    row
}

// Checklist 24.
#[test]
fn references_to_nothing_are_left_out_by_name_and_matches_stay() {
    let place = Place::new();
    let mut matched = grant("group:g:member", "user:elsewhere");
    matched.annotations = vec![GrantAnnotation::ExternalResourceMatchAll(TraitKind::User)];
    let mut grants: Vec<_> = (0..25).map(|number| grant("group:g:member", &format!("user:gone{number:02}"))).collect();
    grants.extend([grant("group:ghost:member", "user:u"), grant("group:g:owner", "user:u"), matched]);
    grants.push(grant("group:g:member", "user:u"));
    let groups = rows(&["group:g", "user:u"], &["group:g:member", "group:ghost:member"], grants);
    let finished = place.sync(&[("groups", groups)]).unwrap();
    assert_eq!(grant_lines(&place.reader()), ["group:g:member:user:elsewhere", "group:g:member:user:u"]);
    let note = |what: &str, reason: &str, examples: &[&str]| Note {
        what: what.to_owned(),
        count: examples.len() as u64,
        examples: examples.iter().map(|text| (*text).to_owned()).collect(),
        reason: reason.to_owned(),
        lost: false,
    };
    let mut notes = finished.summary.notes;
    let unknown = notes.iter().position(|note| note.what == "grant to an unknown principal").unwrap();
    let unknown = notes.remove(unknown);
    assert_eq!((unknown.count, unknown.examples.len()), (25, 20));
    assert_eq!(unknown.examples[0], "group:g:member:user:gone00");
    assert_eq!(
        notes,
        [
            note("entitlement of an unknown resource", "no listing has the resource", &["group:ghost:member"]),
            note(
                "grant of an unknown entitlement",
                "no listing has the entitlement",
                &["group:g:owner:user:u", "group:ghost:member:user:u"]
            ),
        ]
    );
}

#[test]
fn a_dangling_grant_is_lost_access_when_a_listing_has_a_gap() {
    let gap = |lost| Gap { reason: "refused (HTTP 403)".to_owned(), permission: Some("Read users".to_owned()), lost };
    for (settlement, lost) in
        [(Settlement::Gap(gap(true)), true), (Settlement::Gap(gap(false)), false), (Settlement::Deselected, true)]
    {
        let place = Place::new();
        let mut work = place.open().work;
        let dangling = vec![grant("group:g:member", "user:u")];
        stage(&mut work, &[("groups", rows(&["group:g"], &["group:g:member"], dangling))]);
        let users = begin(&mut work, "users");
        work.settle(users, settlement.clone()).unwrap();
        let finished = finish(&mut work).unwrap();
        assert_eq!(finished.summary.notes[0].lost, lost, "{settlement:?}");
    }
}

#[test]
fn deselected_types_are_counted_and_undeclared_ones_refused() {
    let place = Place::new();
    let mut work = place.open().work;
    let apps = begin(&mut work, "apps");
    let mut mixed =
        rows(&["app:a"], &["app:a:use"], vec![grant("app:a:use", "device:d"), grant("device:d:use", "app:a")]);
    mixed.resources.push(plain("device", "d"));
    mixed.entitlements.push(entitlement("device:d:use"));
    let committed = commit(&mut work, apps, mixed, Step::Next("2".to_owned())).unwrap();
    assert_eq!((committed.record.rows, committed.record.filtered), (2, 4));
    let unknown = Rows { resources: vec![plain("robot", "r")], ..Rows::default() };
    let error = commit(&mut work, apps, unknown, Step::Done).unwrap_err();
    assert_eq!(
        error.to_string(),
        "apps pushed resource `robot:r` of resource type `robot`, which the manifest does not declare"
    );
    assert_eq!(work.collection(apps).unwrap().pages, 1, "nothing of the page is kept");
}

/// The same grants, each id told once.
fn told_once(grants: Vec<Grant>) -> Rows {
    let (mut entitlements, mut principals, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for Grant { entitlement: id, entitlement_resource: resource, principal, .. } in grants {
        let named = GrantedEntitlement { id, resource };
        let entitlement = entitlements.iter().position(|known| *known == named).unwrap_or(entitlements.len());
        if entitlement == entitlements.len() {
            entitlements.push(named);
        }
        let holder = principals.iter().position(|known| *known == principal).unwrap_or(principals.len());
        if holder == principals.len() {
            principals.push(principal);
        }
        places.push((u32::try_from(entitlement).unwrap(), u32::try_from(holder).unwrap()));
    }
    let plain_grants = vec![PlainGrants::new(entitlements, principals, places).unwrap()];
    Rows { plain_grants, ..Rows::default() }
}

#[test]
fn grants_that_share_their_ids_come_to_the_same_file() {
    let grants = || {
        let all = ["a", "b", "c"].map(|user| ["g", "h"].map(|group| (user, group)));
        let all = all.as_flattened().iter();
        let mut all: Vec<Grant> =
            all.map(|(user, group)| grant(&format!("group:{group}:member"), &format!("user:{user}"))).collect();
        // Twice, of nothing, and to nobody.
        all.extend(
            [("group:g:member", "user:a"), ("group:none:member", "user:a"), ("group:g:member", "user:none")]
                .map(|(entitlement, principal)| grant(entitlement, principal)),
        );
        all
    };
    let listings = |held: Rows| {
        let rest =
            rows(&["group:g", "group:h", "user:a", "user:b", "user:c"], &["group:g:member", "group:h:member"], vec![]);
        [("groups", rest), ("users", held)]
    };
    let (one_by_one, once) = (Place::new(), Place::new());
    let single = one_by_one.sync(&listings(rows(&[], &[], grants()))).unwrap();
    let shared = once.sync(&listings(told_once(grants()))).unwrap();
    assert_eq!(shared.summary, single.summary);
    assert_eq!((shared.summary.counts.grants, shared.summary.notes.len()), (6, 2));
    assert_eq!(std::fs::read(once.target()).unwrap(), std::fs::read(one_by_one.target()).unwrap());
}

#[test]
fn grants_that_share_their_ids_are_checked_like_others() {
    let place = Place::new();
    let mut work = place.open().work;
    let apps = begin(&mut work, "apps");
    let long = "x".repeat(accord_c1z::encode::MAX_ID_BYTES - 20);
    for (pushed, told) in [
        (grant("app:a:use", "robot:r"), "pushed grant `app:a:use:robot:r` of resource type `robot`"),
        (grant("robot:r:use", "app:a"), "pushed grant `robot:r:use:app:a` of resource type `robot`"),
        (grant("app:a:use", "user:"), "principal"),
        (grant("app::use", "user:u"), "entitlement resource"),
        (grant(&format!("app:a:{long}"), "user:somebody-with-a-name"), "at most 1024 are possible"),
    ] {
        let error = commit(&mut work, apps, told_once(vec![grant("app:a:use", "user:u"), pushed]), Step::Done);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
    let mixed = vec![grant("app:a:use", "device:d"), grant("device:d:use", "user:u"), grant("app:a:use", "user:u")];
    let mut repeated = |cursor: &str| {
        let next = Step::Next(cursor.to_owned());
        let committed = commit(&mut work, apps, told_once(mixed.clone()), next).unwrap();
        (committed.record.rows, committed.record.filtered, committed.repeated_page)
    };
    assert_eq!(repeated("2"), (1, 2, 0));
    assert_eq!(repeated("3"), (2, 4, 1), "the same rows again are seen");
    assert_eq!(PlainGrants::new(Vec::new(), vec![id("user:u")], vec![(0, 0)]), None);
}

#[test]
fn pages_of_grants_that_share_their_ids_are_counted_and_compared() {
    let place = Place::new();
    let mut work = place.open().work;
    let listing = begin(&mut work, "users");
    let mut page = |pairs: &[(&str, &str)], cursor: &str| {
        let grants = pairs.iter().map(|(entitlement, principal)| grant(entitlement, principal)).collect();
        let committed = commit(&mut work, listing, told_once(grants), Step::Next(cursor.to_owned())).unwrap();
        (committed.record.rows, committed.repeated_page)
    };
    assert_eq!(page(&[("group:g:member", "user:a"), ("group:h:member", "user:b")], "1"), (2, 0));
    assert_eq!(page(&[("group:g:member", "user:a"), ("group:h:member", "user:c")], "2"), (4, 0), "another principal");
    assert_eq!(page(&[("group:g:member", "user:a"), ("group:i:member", "user:b")], "3"), (6, 0), "another entitlement");
    let crossed = [("group:g:member", "user:a"), ("group:h:member", "user:b"), ("group:g:member", "user:b")];
    assert_eq!(page(&crossed, "4"), (9, 0), "another pair");
    // The same lists, and another place in one of them.
    let first = [("group:g:member", "user:a"), ("group:h:member", "user:b"), ("group:g:member", "user:a")];
    let last = [("group:g:member", "user:a"), ("group:h:member", "user:b"), ("group:h:member", "user:b")];
    assert_eq!((page(&first, "5"), page(&last, "6")), ((12, 0), (15, 0)));
    assert_eq!(page(&[("group:g:member", "user:a"), ("group:h:member", "user:b")], "7"), (17, 1));
}

// Checklist 22 and 23: what a row had to give up is told with the listing.
#[test]
fn text_that_is_cut_is_a_note_of_its_listing() {
    let place = Place::new();
    let mut work = place.open().work;
    let users = begin(&mut work, "users");
    let committed = commit(&mut work, users, named("user:u", &"x".repeat(2000), false), Step::Done).unwrap();
    let [note] = committed.record.notes.as_slice() else { panic!("{:?}", committed.record.notes) };
    assert_eq!((note.what.as_str(), note.examples[0].as_str()), ("resource display name cut", "user:u"));
    let error = {
        let apps = begin(&mut work, "apps");
        commit(&mut work, apps, named("user:", "x", false), Step::Done).unwrap_err()
    };
    assert!(matches!(&error, Error::BadRow { .. }) && error.to_string().contains("empty"), "{error}");
}

#[test]
fn ids_that_run_together_are_two() {
    let place = Place::new();
    let mut options = place.options();
    options.resource_types.push(accord_c1z::model::ResourceType { id: "app:a".to_owned(), ..Default::default() });
    let mut work = WorkFile::open(options).unwrap().work;
    let resources = vec![plain("app:a", "b"), plain("app", ":ab")];
    stage(&mut work, &[("apps", Rows { resources, ..Rows::default() })]);
    finish(&mut work).unwrap();
    let reader = place.reader();
    let found: Vec<String> = reader.resources(&View::Everything).map(|row| row.unwrap().external_id).collect();
    assert_eq!(found, ["app::ab", "app:a:b"]);
}

#[test]
fn an_id_of_a_page_that_failed_is_staged_with_the_next_one() {
    let place = Place::new();
    let mut work = place.open().work;
    let users = begin(&mut work, "users");
    let mut bad = named("user:u", "first", false);
    bad.resources.push(plain("robot", "r"));
    commit(&mut work, users, bad, Step::Done).unwrap_err();
    commit(&mut work, users, named("user:u", "second", false), Step::Done).unwrap();
    finish(&mut work).unwrap();
    assert_eq!(name_of(&place, "user:u"), "second");
}

#[test]
fn an_id_that_was_forgotten_between_two_pages_is_still_one() {
    let child = |name: &str| {
        let mut row = resource("user:u");
        row.parent = Some(id("group:g"));
        row.display_name = name.to_owned();
        row
    };
    let listing = |name: &str| {
        let mut grants = vec![grant("group:g:member", "user:u"), grant("role:r:assigned", "user:u")];
        grants.push(passing("role:r:assigned", "group:g", &["group:g:member"], false, &[]));
        let mut all = rows(&["group:g", "role:r"], &["group:g:member", "role:r:assigned"], grants);
        all.resources.push(child(name));
        all
    };
    let listings = ["groups", "roles", "users"].map(|name| (name, listing(name)));
    let (one, several) = (Place::new(), Place::new());
    one.sync(&listings).unwrap();
    // A run of its own for each listing: what another one interned is not remembered.
    for listing in &listings {
        stage(&mut several.open().work, std::slice::from_ref(listing));
    }
    let mut work = several.open().work;
    finish(&mut work).unwrap();
    assert_eq!(grant_lines(&several.reader()), grant_lines(&one.reader()));
    assert_eq!(std::fs::read(several.target()).unwrap(), std::fs::read(one.target()).unwrap());
    assert_eq!(grant_lines(&one.reader()).len(), 3);
}
