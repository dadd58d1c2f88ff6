//! Pages, cursors, facts and restarts.

use accord_c1z::model::Rows;
use accord_c1z::work::{CollectionState, Error, FactsView, Fault, Gap, Note, Settlement, Step};

use super::*;

fn users(names: &[&str]) -> Rows {
    let names: Vec<String> = names.iter().map(|name| format!("user:{name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    rows(&names, &[], Vec::new())
}

fn next(cursor: &str) -> Step {
    Step::Next(cursor.to_owned())
}

fn facts(entries: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
}

#[test]
fn a_cursor_that_comes_back_is_an_error_that_names_it() {
    let place = Place::new();
    let mut work = place.open().work;
    let listing = begin(&mut work, "users");
    for cursor in ["a", "b", "c"] {
        commit(&mut work, listing, users(&[cursor]), next(cursor)).unwrap();
    }
    drop(work);
    // The cursors are remembered over a resume.
    let mut work = place.open().work;
    let error = commit(&mut work, listing, users(&["d"]), next("a")).unwrap_err();
    assert_eq!(error.to_string(), "cursor `a` returned twice in users");
    assert_eq!(error.fault(), Fault::Plugin);
    assert_eq!(work.collection(listing).unwrap().pages, 3, "the page was not kept");
    // Another listing may have the same cursor, and so may this one after a restart.
    let other = begin(&mut work, "groups");
    commit(&mut work, other, Rows::default(), next("a")).unwrap();
    work.restart(listing, "told to").unwrap();
    commit(&mut work, listing, users(&["a"]), next("a")).unwrap();
}

#[test]
fn pages_with_the_same_rows_are_counted_and_empty_ones_are_not() {
    let place = Place::new();
    let mut work = place.open().work;
    let listing = begin(&mut work, "users");
    let mut repeated = |rows: Rows, cursor: &str| commit(&mut work, listing, rows, next(cursor)).unwrap().repeated_page;
    assert_eq!(repeated(users(&["a", "b"]), "1"), 0);
    assert_eq!(repeated(users(&["b", "a"]), "2"), 0);
    assert_eq!(repeated(users(&["a", "b"]), "3"), 1);
    assert_eq!(repeated(users(&["a", "b"]), "4"), 2);
    assert_eq!(repeated(Rows::default(), "5"), 0);
    assert_eq!(repeated(Rows::default(), "6"), 0);
}

#[test]
fn a_page_out_of_turn_or_of_a_settled_listing_is_our_own_fault() {
    let place = Place::new();
    let mut work = place.open().work;
    let listing = begin(&mut work, "users");
    let early = PageCommit { page: 1, ..page(&work, listing, users(&["a"]), Step::Done) };
    let error = work.commit_page(early).unwrap_err();
    assert!(matches!(error, Error::PageOrder { expected: 0, got: 1, .. }), "{error}");
    assert_eq!(error.fault(), Fault::Bug);
    commit(&mut work, listing, users(&["a"]), Step::Done).unwrap();
    assert!(matches!(commit(&mut work, listing, users(&["a"]), Step::Done), Err(Error::NotOpen { .. })));
    let gap = Gap { reason: "refused".to_owned(), permission: None, lost: true };
    assert!(matches!(work.settle(listing, Settlement::Gap(gap)), Err(Error::NotOpen { .. })));
}

#[test]
fn a_restart_drops_what_the_listing_did_and_nothing_else() {
    for asked_by_the_page in [true, false] {
        let place = Place::new();
        let mut work = place.open().work;
        let groups = begin(&mut work, "groups");
        let mut first = page(
            &work,
            groups,
            rows(&["group:old"], &["group:old:member"], vec![grant("group:old:member", "user:kept")]),
            next("2"),
        );
        first.facts = facts(&[("k", "old")]);
        first.discovered = vec![address("members/only-here"), address("members/elsewhere-too")];
        first.total = Some(9);
        first.notes = vec![Note { what: "odd".into(), count: 1, examples: vec![], reason: "r".into(), lost: false }];
        assert_eq!(work.commit_page(first).unwrap().discovered.len(), 2);
        let mut inner = page(&work, find(&work, "members/only-here"), users(&["inner"]), Step::Done);
        inner.discovered = vec![address("apps/deep")];
        work.commit_page(inner).unwrap();
        let others = begin(&mut work, "users");
        let mut other = page(&work, others, users(&["kept"]), Step::Done);
        other.discovered = vec![address("members/elsewhere-too")];
        assert_eq!(work.commit_page(other).unwrap().discovered, Vec::new(), "it was known");

        let record = if asked_by_the_page {
            commit(&mut work, groups, users(&["dropped"]), Step::Restart("410 Gone".to_owned())).unwrap().record
        } else {
            work.restart(groups, "410 Gone").unwrap()
        };
        assert_eq!((record.restarts, record.restart_reasons.as_slice()), (1, ["410 Gone".to_owned()].as_slice()));
        assert_eq!((record.pages, record.rows, record.items, record.total), (0, 0, 0, None));
        assert_eq!((record.cursor, record.state), (None, CollectionState::Open));
        assert_eq!(record.notes, Vec::new());
        let known: Vec<String> = work.collections().unwrap().iter().map(|record| record.address.to_string()).collect();
        assert_eq!(known, ["groups", "members/elsewhere-too", "users"]);
        let own = FactsView { own: Some(groups), after: Vec::new() };
        assert_eq!(work.facts_get(&own, &["k".to_owned()]).unwrap(), [None]);

        commit(&mut work, groups, rows(&["group:new"], &[], Vec::new()), Step::Done).unwrap();
        let elsewhere = find(&work, "members/elsewhere-too");
        commit(&mut work, elsewhere, Rows::default(), Step::Done).unwrap();
        let finished = finish(&mut work).unwrap();
        assert_eq!((finished.summary.counts.resources, finished.summary.counts.entitlements), (2, 0));
        assert_eq!(finished.summary.notes, Vec::new());
    }
}

#[test]
fn a_page_sees_its_own_facts_then_those_of_complete_listings_then_connects() {
    let place = Place::new();
    let mut work = place.open().work;
    work.connect_facts(facts(&[("shared", "first"), ("gone", "x")])).unwrap();
    work.connect_facts(facts(&[("shared", "connect"), ("origin", "connect")])).unwrap();
    for (listing, step) in
        [("members/b", Step::Done), ("members/a", Step::Done), ("apps", next("2")), ("users", Step::Done)]
    {
        let id = begin(&mut work, listing);
        let mut page = page(&work, id, Rows::default(), step);
        page.facts = facts(&[("shared", listing), (&format!("from {listing}"), listing)]);
        work.commit_page(page).unwrap();
    }
    let own = begin(&mut work, "groups");
    let mut first = page(&work, own, Rows::default(), next("2"));
    first.facts = facts(&[("mine", "1"), ("mine", "2")]);
    work.commit_page(first).unwrap();

    let get = |view: &FactsView, key: &str| {
        let value = work.facts_get(view, &[key.to_owned()]).unwrap().remove(0);
        value.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let view = FactsView { own: Some(own), after: vec!["members".to_owned(), "apps".to_owned()] };
    assert_eq!(get(&view, "mine").as_deref(), Some("2"));
    assert_eq!(get(&view, "shared").as_deref(), Some("members/a"), "the key that sorts first");
    assert_eq!(get(&view, "from members/b").as_deref(), Some("members/b"));
    assert_eq!(get(&view, "origin").as_deref(), Some("connect"));
    assert_eq!(get(&view, "from apps"), None, "not complete yet");
    assert_eq!(get(&view, "from users"), None, "not named");
    assert_eq!(get(&view, "gone"), None, "connect's facts were replaced");
    assert_eq!(get(&FactsView::default(), "shared").as_deref(), Some("connect"));

    let scan = |prefix: &str, after: Option<&str>, limit: usize| -> Vec<String> {
        work.facts_scan(&view, prefix, after, limit).unwrap().into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(scan("", None, 100), ["from members/a", "from members/b", "mine", "origin", "shared"]);
    assert_eq!(scan("", None, 2), ["from members/a", "from members/b"]);
    assert_eq!(scan("", Some("from members/b"), 2), ["mine", "origin"]);
    assert_eq!(scan("from ", Some("from members/a"), 9), ["from members/b"]);
    assert_eq!(scan("zz", None, 9), Vec::<String>::new());
    assert_eq!(work.facts_scan(&view, "shared", None, 1).unwrap(), facts(&[("shared", "members/a")]));
}

#[test]
fn distinct_resources_are_counted_to_compare_with_the_total() {
    let place = Place::new();
    let mut work = place.open().work;
    let listing = begin(&mut work, "users");
    let mut stub = resource("user:stub");
    stub.stub = true;
    let mut first = users(&["a", "b"]);
    first.resources.extend([stub, resource("group:g")]);
    commit(&mut work, listing, first, next("2")).unwrap();
    let mut last = page(&work, listing, users(&["b", "c"]), Step::Done);
    last.total = Some(4);
    let record = work.commit_page(last).unwrap().record;
    assert_eq!((record.items, record.total), (6, Some(4)));
    assert_eq!(work.distinct(listing, "user").unwrap(), 3);
    assert_eq!(work.distinct(listing, "role").unwrap(), 6, "none of the type: its items");
}
