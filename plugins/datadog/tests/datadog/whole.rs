//! The whole organization, as the documents have it.

use accord_sdk::testing::Synced;
use accord_sdk::types::{EntitlementAnnotation, GrantAnnotation};
use accord_sdk::{Purpose, Value};

use crate::support::{
    KEYS, SCHEDULES, bench_with_everything, key, organization_except, organization_on, responders, role, schedule,
    team, user,
};

fn everything() -> Synced {
    let bench = bench_with_everything();
    organization_on(&bench, &[]);
    bench.on("GET", SCHEDULES, 200, include_str!("answers/schedules.json"));
    bench.on("GET", &responders(1), 200, include_str!("answers/responders.json"));
    let nobody = r#"{"data":{"type":"schedule_oncall_responders","relationships":{"responders":{"data":[]}}}}"#;
    bench.on("GET", &responders(2), 200, nobody);
    bench.on("GET", KEYS, 200, include_str!("answers/api_keys.json"));
    bench.sync().unwrap()
}

#[test]
fn everything_that_the_documents_hold_becomes_a_row() {
    let synced = everything();
    assert_eq!(synced.resource_ids("user"), [1, 2, 3, 4].map(user));
    assert_eq!(synced.resource_ids("role"), [1, 2, 3].map(role));
    assert_eq!(synced.resource_ids("team"), [1, 2].map(team));
    assert_eq!(synced.resource_ids("schedule"), [1, 2].map(schedule));
    assert_eq!(synced.resource_ids("api-key"), [1, 2].map(key));

    let mut entitlements: Vec<String> = [1, 2, 3].map(|number| format!("role:{}:member", role(number))).into();
    entitlements.extend([1, 2].map(|number| format!("schedule:{}:on_call", schedule(number))));
    for number in [1, 2] {
        entitlements.extend(["admin", "member"].map(|slug| format!("team:{}:{slug}", team(number))));
    }
    assert_eq!(synced.entitlement_ids(), entitlements);

    let stale = "11111111-aaaa-4aaa-8aaa-0000000000ff".to_owned();
    let grant = |entitlement: &str, user: &String| format!("{entitlement}:user:{user}");
    let mut grants = vec![
        grant(&format!("role:{}:member", role(1)), &user(1)),
        grant(&format!("role:{}:member", role(1)), &user(4)),
        grant(&format!("role:{}:member", role(2)), &user(3)),
        grant(&format!("role:{}:member", role(2)), &user(4)),
        grant(&format!("schedule:{}:on_call", schedule(1)), &user(1)),
        grant(&format!("schedule:{}:on_call", schedule(1)), &user(2)),
        grant(&format!("team:{}:admin", team(1)), &user(1)),
        grant(&format!("team:{}:member", team(1)), &user(1)),
        grant(&format!("team:{}:member", team(1)), &user(2)),
        // The host leaves it out, with a warning: no listing has that user.
        grant(&format!("team:{}:member", team(2)), &stale),
        grant(&format!("team:{}:member", team(2)), &user(4)),
    ];
    grants.sort();
    assert_eq!(synced.grant_ids(), grants);
    assert_eq!(synced.notes, []);
}

#[test]
fn entitlements_are_worded_as_readers_know_them() {
    let synced = everything();
    let entitlement = |id: String| synced.entitlements.iter().find(|row| row.identifier() == id).unwrap();
    for (id, purpose, name, description) in [
        (
            format!("role:{}:member", role(2)),
            Purpose::Assignment,
            "Deployers Role member",
            "Member of Deployers Datadog role",
        ),
        (
            format!("team:{}:member", team(1)),
            Purpose::Assignment,
            "Payments Team member",
            "member of Payments Datadog team",
        ),
        (
            format!("team:{}:admin", team(1)),
            Purpose::Permission,
            "Payments Team admin",
            "admin of Payments Datadog team",
        ),
        (
            format!("schedule:{}:on_call", schedule(1)),
            Purpose::Permission,
            "Primary Schedule on_call",
            "on_call role for Primary Datadog on-call schedule",
        ),
    ] {
        let row = entitlement(id);
        assert_eq!((row.purpose, row.display_name.as_str(), row.description.as_str()), (purpose, name, description));
        assert_eq!(row.grantable_to, ["user"]);
    }
}

#[test]
fn what_an_identity_provider_decides_is_immutable() {
    let synced = everything();
    for entitlement in &synced.entitlements {
        let managed = entitlement.resource.resource == team(2);
        let wanted = if managed { vec![EntitlementAnnotation::Immutable("is_managed".into())] } else { Vec::new() };
        assert_eq!(entitlement.annotations, wanted, "{}", entitlement.identifier());
    }
    for grant in synced.grants.iter().filter(|grant| grant.entitlement.starts_with("team:")) {
        let by_saml = grant.principal.resource == user(4);
        let wanted = if by_saml { vec![GrantAnnotation::Immutable("saml_mapping".into())] } else { Vec::new() };
        assert_eq!(grant.annotations, wanted, "{}", grant.identifier());
    }
}

#[test]
fn who_is_on_call_is_told_with_the_shift() {
    let synced = everything();
    let on_call = synced.grants.iter().find(|grant| grant.entitlement.ends_with("on_call")).unwrap();
    let told = |name: &str, time: &str| (name.to_owned(), Value::Text(time.to_owned()));
    assert_eq!(
        on_call.annotations,
        [GrantAnnotation::Metadata(vec![
            told("shift_start", "2026-08-04T09:00:00-04:00"),
            told("shift_end", "2026-08-05T08:59:59-04:00"),
        ])]
    );
}

#[test]
fn nothing_is_asked_for_that_nobody_opted_into_and_no_user_or_role_by_itself() {
    let bench = organization_except(&[]);
    let synced = bench.sync().unwrap();
    assert_eq!(synced.resource_ids("schedule").len() + synced.resource_ids("api-key").len(), 0);
    let asked: Vec<String> = bench.sent().into_iter().map(|sent| sent.target).collect();
    assert_eq!(asked.len(), 5, "{asked:?}");
    assert!(asked.iter().all(|target| target.contains("page[size]=100")), "{asked:?}");
    assert!(bench.sent().iter().all(|sent| sent.credential.as_deref() == Some("keys") && sent.headers.is_empty()));
}
