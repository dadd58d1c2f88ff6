//! Who is a member, and what of.

use accord_sdk::testing::{Bench, Synced};
use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Grant, Value};
use privx::PrivX;

use crate::support::{
    ADMINISTRATORS, BACKUP, EMPTY, EVERYBODY, JANE, LATE, MIKA, OPERATORS, PROGRAM, bench, members, page, roles,
    roles_of, script, script_lists, users, with_pairs,
};

const BOTH: [&str; 2] = ["api-client-secret", "oauth-client-secret"];

fn grant<'a>(synced: &'a Synced, role: &str, user: &str) -> &'a Grant {
    let id = format!("role:{role}:assigned:user:{user}");
    let mut grants = synced.grants.iter().filter(|grant| grant.identifier() == id);
    let grant = grants.next().unwrap_or_else(|| panic!("no {id} in {:?}", synced.grant_ids()));
    assert!(grants.next().is_none(), "{id} is there twice");
    grant
}

/// What the membership is, and whether it can be revoked.
fn told(grant: &Grant) -> (&str, bool) {
    let immutable = grant.annotations.iter().any(|annotation| matches!(annotation, GrantAnnotation::Immutable(_)));
    let membership = grant.annotations.iter().find_map(|annotation| match annotation {
        GrantAnnotation::Metadata(entries) => entries.iter().find_map(|(name, value)| match value {
            Value::Text(text) if name == "membership" => Some(text.as_str()),
            _ => None,
        }),
        _ => None,
    });
    (membership.unwrap(), immutable)
}

/// A role with a mapping rule; `more` are fields of it.
fn script_role(bench: &Bench<PrivX>, more: &str) {
    bench.on("POST", &users(0), 200, include_str!("answers/users-1.json"));
    bench.on("POST", &users(3), 200, include_str!("answers/users-2.json"));
    let rules = r#""source_rules":{"type":"GROUP","match":"ANY","rules":[{"type":"GROUP","rules":[{"type":"RULE"}]}]}"#;
    bench.on("GET", &roles(0), 200, format!(r#"{{"count":1,"items":[{{"id":"r1","name":"r1",{rules}{more}}}]}}"#));
}

#[test]
fn the_installation_yields_its_grants() {
    let bench = bench();
    script(&bench);
    let synced = bench.sync().unwrap();
    let mut expected: Vec<String> = [MIKA, BACKUP, PROGRAM, JANE]
        .map(|user| (EVERYBODY, user))
        .to_vec()
        .into_iter()
        .chain([(ADMINISTRATORS, MIKA), (OPERATORS, MIKA), (OPERATORS, LATE)])
        .map(|(role, user)| format!("role:{role}:assigned:user:{user}"))
        .collect();
    expected.sort();
    assert_eq!(synced.grant_ids(), expected);
    assert_eq!(told(grant(&synced, EVERYBODY, JANE)), ("automatic", true));
    assert_eq!(told(grant(&synced, OPERATORS, MIKA)), ("explicit", false));
    assert_eq!(told(grant(&synced, ADMINISTRATORS, MIKA)), ("implicit", true));
    let of_mika = format!("{:?}", grant(&synced, ADMINISTRATORS, MIKA).annotations);
    assert!(!of_mika.contains("grant_type"), "nothing is told, so nothing is said: {of_mika}");
}

#[test]
fn what_a_member_itself_tells_is_believed_without_asking() {
    let bench = with_pairs(&BOTH, "always", 3);
    script_role(&bench, "");
    let role = |id: &str, more: &str| format!(r#"{{"id":"{id}","roles":[{{"id":"r1"{more}}}]}}"#);
    let items = [
        role(MIKA, r#","explicit":true,"implicit":true,"grant_type":"PERMANENT""#),
        role(
            JANE,
            r#","explicit":true,"implicit":false,"grant_type":"TIME_RESTRICTED","grant_start":"2026-01-01T00:00:00Z",
            "grant_end":"2026-02-01T00:00:00Z","floating_length":8"#,
        ),
        role(BACKUP, r#","explicit":false,"implicit":true,"floating_length":0"#),
    ];
    bench.on("GET", &members("r1", 0), 200, format!(r#"{{"count":3,"items":[{}]}}"#, items.join(",")));
    let synced = bench.sync().unwrap();
    assert_eq!(told(grant(&synced, "r1", MIKA)), ("explicit+implicit", false));
    assert_eq!(told(grant(&synced, "r1", BACKUP)), ("implicit", true));
    let text = |name: &str, value: &str| (name.to_owned(), Value::Text(value.into()));
    let metadata = vec![
        text("membership", "explicit"),
        text("grant_type", "TIME_RESTRICTED"),
        text("grant_start", "2026-01-01T00:00:00Z"),
        text("grant_end", "2026-02-01T00:00:00Z"),
        ("floating_length".to_owned(), Value::Int(8)),
    ];
    assert_eq!(grant(&synced, "r1", JANE).annotations, [GrantAnnotation::Metadata(metadata)]);
}

#[test]
fn single_members_are_asked_only_where_it_matters() {
    let privileged = r#","permissions":["users-manage"]"#;
    for (details, more, asked) in [
        ("auto", "", false),
        ("auto", privileged, true),
        ("always", "", true),
        ("never", privileged, false),
        ("always", r#","member_count":1,"explicit_count":1"#, false),
        ("always", r#","member_count":2,"explicit_count":1"#, true),
    ] {
        let bench = with_pairs(&BOTH, details, 3);
        script_role(&bench, more);
        bench.on("GET", &members("r1", 0), 200, page(1, &[MIKA]));
        if asked {
            bench.on("GET", &roles_of(MIKA), 200, r#"{"count":1,"items":[{"id":"r1","implicit":true}]}"#);
        }
        let expected = match (asked, more.contains("count")) {
            (true, _) => ("implicit", true),
            (false, true) => ("explicit", false),
            (false, false) => ("unknown", false),
        };
        assert_eq!(told(grant(&bench.sync().unwrap(), "r1", MIKA)), expected, "{details} {more}");
    }
}

#[test]
fn a_member_of_many_roles_is_asked_once() {
    let bench = with_pairs(&BOTH, "always", 3);
    bench.on("POST", &users(0), 200, include_str!("answers/users-1.json"));
    bench.on("POST", &users(3), 200, include_str!("answers/users-2.json"));
    let rules = r#""source_rules":{"type":"GROUP","rules":[{"type":"RULE"}]}"#;
    let items = ["r1", "r2", "r3"].map(|id| format!(r#"{{"id":"{id}","name":"{id}",{rules}}}"#));
    bench.on("GET", &roles(0), 200, format!(r#"{{"count":3,"items":[{}]}}"#, items.join(",")));
    for role in ["r1", "r2", "r3"] {
        bench.on("GET", &members(role, 0), 200, page(2, &[MIKA, JANE]));
    }
    let held = |id: &str| format!(r#"{{"id":"{id}","explicit":true}}"#);
    let answer = format!(r#"{{"count":3,"items":[{},{},{}]}}"#, held("r1"), held("r2"), held("r3"));
    bench.on("GET", &roles_of(MIKA), 200, answer.clone());
    bench.on("GET", &roles_of(JANE), 200, answer);
    let synced = bench.sync().unwrap();
    for user in [MIKA, JANE] {
        assert!(["r1", "r2", "r3"].iter().all(|role| told(grant(&synced, role, user)) == ("explicit", false)));
    }
}

#[test]
fn a_membership_that_cannot_be_looked_up_is_kept() {
    for (status, answer) in [
        (404, r#"{"error_code":"NOT_FOUND"}"#),
        (403, r#"{"error_code":"PERMISSION_DENIED","property":"users-view"}"#),
        (200, r#"{"count":0,"items":null}"#),
    ] {
        let bench = with_pairs(&BOTH, "always", 3);
        script_role(&bench, "");
        bench.on("GET", &members("r1", 0), 200, page(1, &[MIKA]));
        bench.on("GET", &roles_of(MIKA), status, answer);
        let synced = bench.sync().unwrap();
        assert_eq!(told(grant(&synced, "r1", MIKA)), ("unknown", false));
        let notes = synced.notes_about("what a membership comes from is unknown").len();
        assert_eq!(notes, usize::from(status != 200));
    }
}

#[test]
fn a_role_that_vanished_loses_only_its_members() {
    let bench = bench();
    script_lists(&bench);
    bench.on("GET", &members(ADMINISTRATORS, 0), 404, r#"{"error_code":"NOT_FOUND"}"#);
    bench.on("GET", &format!("/role-store/api/v1/roles/{ADMINISTRATORS}"), 404, r#"{"error_code":"NOT_FOUND"}"#);
    let Err(accord_sdk::Failure::Gone(role)) = bench.sync() else { panic!("it is gone") };
    assert_eq!((role.resource_type.as_str(), role.resource.as_str()), ("role", ADMINISTRATORS));
}

#[test]
fn members_that_are_hidden_are_no_empty_role() {
    let bench = bench();
    script_lists(&bench);
    bench.on("GET", &members(ADMINISTRATORS, 0), 404, r#"{"error_code":"NOT_FOUND"}"#);
    bench.on("GET", &format!("/role-store/api/v1/roles/{ADMINISTRATORS}"), 200, r#"{"id":"x"}"#);
    let Err(accord_sdk::Failure::NotFound(detail)) = bench.sync() else { panic!("it is there") };
    assert_eq!(detail.meaning, "PrivX has the role, but not its members");
}

#[test]
fn an_empty_installation_is_no_fault() {
    let bench = bench();
    bench.on("POST", &users(0), 200, EMPTY);
    bench.on("GET", &roles(0), 200, EMPTY);
    let synced = bench.sync().unwrap();
    assert!(synced.resources.is_empty() && synced.grants.is_empty());
}
