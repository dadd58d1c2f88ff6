//! Who holds what through whom.

use std::path::Path;

use accord_c1z::model::{GrantAnnotation, Rows};
use accord_c1z::proto::Message;
use accord_c1z::reader::{Reader, View};
use accord_c1z::work::{Error, Expand, Fault, Limits, Progress};

use super::*;
use crate::support::golden;

/// Groups A, B, C and roles R1 to R3 of the format's description, section 4.5.
fn worked_example() -> Vec<(&'static str, Rows)> {
    let groups = rows(
        &["group:A", "group:B", "group:C"],
        &["group:A:member", "group:B:member", "group:C:member"],
        vec![
            grant("group:A:member", "user:u0"),
            grant("group:B:member", "user:u1"),
            grant("group:C:member", "user:u0"),
            grant("group:C:member", "user:u2"),
            passing("group:B:member", "group:A", &["group:A:member"], false, &[]),
            passing("group:C:member", "group:B", &["group:B:member"], false, &[]),
        ],
    );
    let roles = rows(
        &["role:R1", "role:R2", "role:R3"],
        &["role:R1:assigned", "role:R2:assigned", "role:R3:assigned"],
        vec![
            passing("role:R1:assigned", "group:B", &["group:B:member"], true, &[]),
            passing("role:R2:assigned", "group:C", &["group:C:member"], false, &["user"]),
            passing("role:R3:assigned", "group:C", &["group:C:member"], false, &[]),
        ],
    );
    let users = rows(&["user:u0", "user:u1", "user:u2"], &[], Vec::new());
    vec![("groups", groups), ("roles", roles), ("users", users)]
}

// Checklist 26.
#[test]
fn the_worked_example_yields_the_grants_and_sources_of_the_reference() {
    let place = Place::new();
    let finished = place.sync(&worked_example()).unwrap();
    assert_eq!((finished.summary.counts.grants, finished.summary.counts.expanded_grants), (22, 13));
    let reference = Reader::open(&golden("expanded-sdk-0.25.0.c1z"), place.folder.path()).unwrap();
    let (mut expected, mut ours) = (grant_lines(&reference), grant_lines(&place.reader()));
    expected.sort();
    ours.sort();
    assert_eq!(ours, expected);
}

// Checklist 30.
#[test]
fn a_second_expansion_of_the_same_rows_is_the_same_file() {
    let place = Place::new();
    let mut work = place.open().work;
    stage(&mut work, &worked_example());
    let first = finish(&mut work).unwrap();
    let bytes = std::fs::read(place.target()).unwrap();
    assert_eq!(finish(&mut work).unwrap(), first);
    assert_eq!(std::fs::read(place.target()).unwrap(), bytes);
}

// Checklist 28.
#[test]
fn a_cycle_ends_and_what_enters_it_reaches_all_its_members() {
    let place = Place::new();
    let groups = rows(
        &["group:a", "group:b", "group:c"],
        &["group:a:member", "group:b:member", "group:c:member"],
        vec![
            grant("group:a:member", "user:u"),
            grant("group:b:member", "user:inside"),
            passing("group:b:member", "group:a", &["group:a:member"], false, &["user"]),
            passing("group:c:member", "group:b", &["group:b:member"], false, &["user"]),
            passing("group:b:member", "group:c", &["group:c:member"], false, &["user"]),
        ],
    );
    let roles = rows(
        &["role:r"],
        &["role:r:assigned"],
        vec![passing("role:r:assigned", "group:c", &["group:c:member"], false, &["user"])],
    );
    let users = rows(&["user:u", "user:inside"], &[], Vec::new());
    place.sync(&[("groups", groups), ("roles", roles), ("users", users)]).unwrap();
    assert_eq!(
        grant_lines(&place.reader()),
        [
            "group:a:member:user:u",
            "group:b:member:group:a",
            "group:b:member:group:c",
            "group:b:member:user:inside",
            "group:b:member:user:u <- group:a:member+ !",
            "group:c:member:group:b",
            "group:c:member:user:u <- group:a:member+ !",
            "role:r:assigned:group:c",
            "role:r:assigned:user:inside <- group:b:member+ !",
            "role:r:assigned:user:u <- group:b:member- group:c:member- !",
        ]
    );
}

// Checklist 28: a grant that passes on to itself.
#[test]
fn an_entitlement_that_passes_on_to_itself_changes_nothing() {
    let place = Place::new();
    let groups = rows(
        &["group:a"],
        &["group:a:member"],
        vec![grant("group:a:member", "user:u"), passing("group:a:member", "group:a", &["group:a:member"], false, &[])],
    );
    place.sync(&[("groups", groups), ("users", rows(&["user:u"], &[], Vec::new()))]).unwrap();
    assert_eq!(grant_lines(&place.reader()), ["group:a:member:group:a", "group:a:member:user:u"]);
}

/// Grant ids of one entitlement may lie between those of another, and a grant may have an id of its own: what expansion makes
/// of them stands in its place all the same.
#[test]
fn nested_entitlements_and_own_ids_expand_like_others() {
    let nested = |grant: Grant| Grant { entitlement: "role:r:x:user".to_owned(), ..grant };
    let groups = rows(
        &["group:g", "group:top"],
        &["group:g:member", "group:top:member"],
        vec![
            grant("group:g:member", "user:a"),
            grant("group:g:member", "user:c"),
            passing("group:top:member", "role:r", &["role:r:x:user"], false, &["user"]),
        ],
    );
    let mut roles = rows(
        &["role:r"],
        &["role:r:x"],
        vec![
            passing("role:r:x", "group:g", &["group:g:member"], false, &["user"]),
            Grant { id: Some("role:r:x:own".to_owned()), ..grant("role:r:x", "user:c") },
            nested(passing("role:r:x", "group:g", &["group:g:member"], false, &["user"])),
            nested(grant("role:r:x", "user:a")),
        ],
    );
    roles.entitlements.push(Entitlement { id: Some("role:r:x:user".to_owned()), ..entitlement("role:r:x") });
    let users = rows(&["user:a", "user:c"], &[], Vec::new());
    let place = Place::new();
    let mut work = place.open().work;
    stage(&mut work, &[("groups", groups), ("roles", roles), ("users", users)]);
    let mut written = Vec::new();
    let finished = finish_as(&mut work, &Wish::default(), &mut |progress| {
        if let Progress::Writing { rows, of } = progress {
            written.push((rows, of));
        }
    });
    let counts = finished.unwrap().summary.counts;
    assert_eq!((counts.grants, counts.expanded_grants), (11, 4));
    // Five resources, four entitlements, eleven grants.
    assert_eq!(written, [(20, 20)]);
    assert_eq!(
        grant_lines(&place.reader()),
        [
            "group:g:member:user:a",
            "group:g:member:user:c",
            "group:top:member:role:r",
            "group:top:member:user:a <- role:r:x:user+ !",
            "group:top:member:user:c <- role:r:x:user- !",
            "role:r:x:group:g",
            "role:r:x:own <- group:g:member+ role:r:x+",
            "role:r:x:user:a <- group:g:member+ !",
            "role:r:x:user:group:g",
            "role:r:x:user:user:a <- group:g:member+ role:r:x:user+",
            "role:r:x:user:user:c <- group:g:member+ !",
        ]
    );
}

/// A plain grant and one with an id of its own, of one entitlement to one principal, are one way to come to another. Sources
/// are in the order of their ids.
#[test]
fn a_source_is_named_once_however_many_grants_of_it_there_are() {
    let own = |id: &str, grant: Grant| Grant { id: Some(id.to_owned()), ..grant };
    let groups = rows(
        &["group:g", "group:g-2"],
        &["group:g:member", "group:g-2:member", "group:g:member-2"],
        vec![
            grant("group:g:member", "user:u"),
            own("group:g:member:again", grant("group:g:member", "user:u")),
            grant("group:g:member-2", "user:u"),
            grant("group:g-2:member", "user:u"),
        ],
    );
    let roles = rows(
        &["role:r"],
        &["role:r:assigned"],
        vec![
            passing("role:r:assigned", "group:g", &["group:g:member", "group:g:member-2"], false, &["user"]),
            passing("role:r:assigned", "group:g-2", &["group:g-2:member"], false, &["user"]),
            grant("role:r:assigned", "user:u"),
            own("role:r:assigned:again", grant("role:r:assigned", "user:u")),
        ],
    );
    let place = Place::new();
    place.sync(&[("groups", groups), ("roles", roles), ("users", rows(&["user:u"], &[], Vec::new()))]).unwrap();
    let reader = place.reader();
    let lines = grant_lines(&reader);
    let sources = "group:g-2:member+ group:g:member+ group:g:member-2+ role:r:assigned+";
    for id in ["role:r:assigned:again", "role:r:assigned:user:u"] {
        assert!(lines.contains(&format!("{id} <- {sources}")), "{lines:?}");
    }
    // Whoever reads a map keeps one of two entries with the same key: the bytes show whether there were two.
    let mut select = reader.connection().prepare("SELECT data FROM v1_grants").unwrap();
    let rows = select.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    for data in rows.map(Result::unwrap) {
        assert_eq!(data, proto::Grant::decode(data.as_slice()).unwrap().encode_to_vec());
    }
}

/// Two listings give one grant, and only one of them says that it passes on.
#[test]
fn a_copy_that_says_something_else_keeps_nobody_from_passing_on() {
    let passing = passing("role:r:assigned", "group:g", &["group:g:member"], false, &["user"]);
    let other = Grant {
        annotations: vec![GrantAnnotation::V1Identifier("7".to_owned())],
        ..grant("role:r:assigned", "group:g")
    };
    for copies in [[passing.clone(), other.clone()], [other, passing]] {
        let groups = rows(&["group:g"], &["group:g:member"], vec![grant("group:g:member", "user:u")]);
        let roles = rows(&["role:r"], &["role:r:assigned"], copies.to_vec());
        let place = Place::new();
        place.sync(&[("groups", groups), ("roles", roles), ("users", rows(&["user:u"], &[], Vec::new()))]).unwrap();
        assert!(grant_lines(&place.reader()).contains(&"role:r:assigned:user:u <- group:g:member+ !".to_owned()));
    }
}

// Checklist 29.
#[test]
fn a_chain_of_thirty_groups_expands_to_its_end() {
    let names: Vec<String> = (0..30).map(|number| format!("group:g{number:02}")).collect();
    let members: Vec<String> = names.iter().map(|name| format!("{name}:member")).collect();
    let mut grants = vec![grant(&members[0], "user:u")];
    for (inner, outer) in names.iter().zip(members.iter().zip(&members).skip(1)) {
        let inner_members = format!("{inner}:member");
        grants.push(passing(outer.0, inner, &[&inner_members], false, &["user"]));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let place = Place::new();
    let finished = place
        .sync(&[("groups", rows(&names, &members, grants)), ("users", rows(&["user:u"], &[], Vec::new()))])
        .unwrap();
    assert_eq!(finished.summary.counts.expanded_grants, 29);
    assert!(grant_lines(&place.reader()).contains(&"group:g29:member:user:u <- group:g28:member- !".to_owned()));
}

// Checklist 27.
#[test]
fn passing_on_what_belongs_to_another_principal_stops_the_sync_and_names_everything() {
    let place = Place::new();
    let groups = rows(
        &["group:a", "group:b"],
        &["group:a:member", "group:b:member"],
        vec![passing("group:b:member", "group:b", &["group:a:member"], false, &[])],
    );
    let error = place.sync(&[("groups", groups)]).unwrap_err();
    assert_eq!(error.fault(), Fault::Plugin);
    assert_eq!(
        error.to_string(),
        "grant `group:b:member:group:b` of groups passes on entitlement `group:a:member`, which belongs to `group:a` and \
         not to the grant's principal `group:b`"
    );
    assert_eq!(place.names(), Vec::<String>::new());
}

// Checklist 27.
#[test]
fn an_unknown_source_is_told_and_the_grant_stays() {
    let place = Place::new();
    let groups = rows(
        &["group:a", "group:b"],
        &["group:b:member"],
        vec![passing("group:b:member", "group:a", &["group:a:member"], false, &[])],
    );
    let finished = place.sync(&[("groups", groups)]).unwrap();
    assert_eq!(grant_lines(&place.reader()), ["group:b:member:group:a"]);
    let [note] = finished.summary.notes.as_slice() else { panic!("{:?}", finished.summary.notes) };
    assert_eq!((note.what.as_str(), note.count), ("access passed on from an unknown entitlement", 1));
    assert_eq!((note.examples.as_slice(), note.lost), (["group:a:member".to_owned()].as_slice(), false));
}

// Checklist 31 and 16.
#[test]
fn without_expansion_the_marks_stay_for_the_reader() {
    for (expand, supports_diff) in [(Expand::Skip, true), (Expand::None, false)] {
        let place = Place::new();
        let mut work = place.open().work;
        stage(&mut work, &worked_example());
        let finished = finish_as(&mut work, &Wish { expand, ..Wish::default() }, &mut |_| {}).unwrap();
        assert_eq!((finished.summary.counts.grants, finished.summary.counts.expanded_grants), (9, 0));
        let reader = place.reader();
        let marked = reader.grants(&View::Everything).filter(|row| row.as_ref().unwrap().needs_expansion).count();
        assert_eq!(marked, 5);
        assert_eq!(reader.syncs().unwrap()[0].supports_diff, supports_diff);
    }
}

// Spec 5.2: an empty list of types would mean all.
#[test]
fn types_that_the_sync_does_not_have_are_taken_out_of_an_expansion() {
    let place = Place::new();
    let groups = rows(
        &["group:a", "group:b", "group:c"],
        &["group:a:member", "group:b:member", "group:c:member"],
        vec![
            grant("group:a:member", "user:u"),
            passing("group:b:member", "group:a", &["group:a:member"], false, &["user", "robot"]),
            passing("group:c:member", "group:a", &["group:a:member"], false, &["robot"]),
        ],
    );
    place.sync(&[("groups", groups), ("users", rows(&["user:u"], &[], Vec::new()))]).unwrap();
    let reader = place.reader();
    let expansions: Vec<_> = reader
        .grants(&View::Everything)
        .map(Result::unwrap)
        .filter(|row| row.row.message.principal.as_ref().unwrap().id.as_ref().unwrap().resource_type == "group")
        .map(|row| {
            (row.row.external_id, row.expansion.map(|expansion| expansion.resource_type_ids), row.needs_expansion)
        })
        .collect();
    assert_eq!(
        expansions,
        [
            ("group:b:member:group:a".to_owned(), Some(vec!["user".to_owned()]), true),
            ("group:c:member:group:a".to_owned(), None, false)
        ]
    );
    assert!(!grant_lines(&reader).iter().any(|line| line.starts_with("group:c:member:user")));
}

#[test]
fn an_expansion_that_would_explode_is_estimated_and_stopped() {
    let place = Place::new();
    let mut work = place.open().work;
    stage(&mut work, &worked_example());
    let mut estimates = Vec::new();
    let mut note = |progress| {
        if let Progress::ExpansionEstimate { at_most } = progress {
            estimates.push(at_most);
        }
    };
    let mut with_limit = |most: u64| {
        let wish = Wish { limits: Limits { max_expanded: most, ..Limits::default() }, ..Wish::default() };
        finish_as(&mut work, &wish, &mut note)
    };
    let error = with_limit(10).unwrap_err();
    assert!(matches!(error, Error::TooManyExpanded { limit: 10, .. }), "{error}");
    // 13 grants and, as the golden file has them, 14 sources that name another entitlement. What comes of the last edge is
    // not looked at any more.
    assert_eq!((10..).find(|most| with_limit(*most).is_ok()), Some(22));
    assert!(matches!(estimates.as_slice(), [at_most, ..] if (27..100).contains(at_most)), "{estimates:?}");
    std::fs::remove_file(place.target()).unwrap();
    let wish = Wish { limits: Limits { max_edges: 4, ..Limits::default() }, ..Wish::default() };
    assert!(matches!(finish_as(&mut work, &wish, &mut |_| {}), Err(Error::TooManyEdges { limit: 4 })));
    assert!(!Path::new(&place.target()).exists());
}

/// Also where one entitlement receives from many, each of which is small.
#[test]
fn many_sources_of_one_entitlement_are_stopped_before_they_are_all_read() {
    let names: Vec<String> = (0..3).map(|number| format!("group:g{number}")).collect();
    let members: Vec<String> = names.iter().map(|name| format!("{name}:member")).collect();
    let users = ["user:a", "user:b", "user:c", "user:d"];
    let held = members.iter().flat_map(|member| users.map(|user| grant(member, user)));
    let groups = Rows {
        grants: held.collect(),
        ..rows(
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
            &members.iter().map(String::as_str).collect::<Vec<_>>(),
            Vec::new(),
        )
    };
    let passing =
        names.iter().zip(&members).map(|(name, member)| passing("role:r:assigned", name, &[member], false, &[]));
    let roles = rows(&["role:r"], &["role:r:assigned"], passing.collect());
    let place = Place::new();
    let mut work = place.open().work;
    stage(&mut work, &[("groups", groups), ("roles", roles), ("users", rows(&users, &[], Vec::new()))]);
    let wish = Wish { limits: Limits { max_expanded: 11, ..Limits::default() }, ..Wish::default() };
    let error = finish_as(&mut work, &wish, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::TooManyExpanded { estimate: 12, limit: 11, .. }), "{error}");
}
