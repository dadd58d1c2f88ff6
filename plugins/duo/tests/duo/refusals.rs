//! What Duo refuses, told to the person who must act.

use accord_sdk::testing::Exchange;
use accord_sdk::types::HttpError;
use accord_sdk::{Check, CheckOutcome, Collection, Failure};

use crate::support::{ADMINS, GROUPS, SETTINGS, account_except, bench, refusal};

const SIGNATURE: &str = "Invalid signature in request credentials";

#[test]
fn a_wrong_key_is_told_with_its_remedy() {
    let bench = bench();
    bench.on("GET", SETTINGS, 401, refusal(40103, SIGNATURE));
    let Failure::Credentials(detail) = bench.sync().unwrap_err() else { panic!("not the credentials") };
    assert_eq!(
        detail.message,
        "Duo refused the signature (HTTP 401, code 40103 Invalid signature in request credentials)"
    );
    assert_eq!(detail.place, "GET /admin/v1/settings");
    assert_eq!(detail.meaning, "the secret key does not belong to integration DIFIXT…");
    assert_eq!(detail.remedy, "copy the secret key of this Admin API application again");
}

#[test]
fn a_wrong_clock_is_told_in_minutes_and_with_its_direction() {
    let bench = bench();
    for (ahead, clock) in [
        (664, Some("this machine is 11 m 04 s behind Duo; signed requests will be refused; or else ")),
        (-90, Some("this machine is 1 m 30 s ahead of Duo; ")),
        (-7_325, Some("this machine is 2 h 02 m 05 s ahead of Duo; ")),
        (60, None),
    ] {
        bench.exchange(Exchange::new("GET", SETTINGS, 401, refusal(40105, "Bad timestamp")).clock_ahead(ahead));
        let Failure::Credentials(detail) = bench.sync().unwrap_err() else { panic!("not the credentials") };
        let told = detail.meaning.contains("this machine is ");
        assert_eq!(told, clock.is_some(), "{}", detail.meaning);
        assert!(detail.meaning.starts_with(clock.unwrap_or_default()), "{}", detail.meaning);
        assert_eq!(detail.remedy.contains("NTP"), told, "{}", detail.remedy);
    }
}

#[test]
fn without_the_settings_permission_the_account_is_named_after_its_host() {
    let bench = account_except(&[SETTINGS]);
    bench.on("GET", SETTINGS, 403, refusal(40301, "Access forbidden"));
    let synced = bench.sync().unwrap();
    assert_eq!(synced.resource("account", "DIFIXTURE0EXAMPLE000").display_name, "api-fixture1.duosecurity.com");
    assert_eq!(synced.grant_ids().len(), 8);
    let [note] = synced.notes.as_slice() else { panic!("{:?}", synced.notes) };
    assert_eq!(note.reason, "the permission `Grant settings` is missing");
    assert!(!note.lost);
}

#[test]
fn without_the_administrators_permission_the_sync_fails_and_names_it() {
    let bench = account_except(&[ADMINS]);
    bench.on("GET", ADMINS, 403, refusal(40301, "Access forbidden"));
    let Failure::Permission(refused) = bench.sync().unwrap_err() else { panic!("not the permission") };
    assert_eq!(refused.permission, "Grant administrators - Read");
    assert_eq!(refused.detail.message, "Duo refused the request (HTTP 403, code 40301 Access forbidden)");
    assert!(refused.detail.remedy.contains("tick `Grant administrators - Read`"), "{}", refused.detail.remedy);
}

#[test]
fn a_lasting_rate_limit_keeps_duos_wish() {
    let bench = bench();
    bench.exchange(Exchange::new("GET", GROUPS, 429, refusal(42901, "Too Many Requests")).header("retry-after", "7"));
    assert_eq!(bench.read(Collection::named("groups")).unwrap_err(), Failure::RateLimited(Some(7)));
}

#[test]
fn an_unknown_host_name_points_to_its_field() {
    let bench = bench();
    bench.exchange(Exchange::failing("GET", SETTINGS, HttpError::Dns("no such host".into())));
    let Failure::Upstream(detail) = bench.sync().unwrap_err() else { panic!("not the network") };
    assert_eq!(detail.message, "the host name of Duo cannot be resolved: no such host");
    assert!(detail.remedy.contains("`api-hostname`"), "{}", detail.remedy);
}

#[test]
fn validation_proves_each_permission_with_one_item() {
    let bench = bench();
    let ok = r#"{"stat":"OK","metadata":{"total_objects":1},"response":[{}]}"#;
    bench.on("GET", SETTINGS, 403, refusal(40301, "Access forbidden"));
    bench.on("GET", "/admin/v1/users?limit=1", 200, ok);
    bench.on("GET", "/admin/v1/admins?limit=1", 200, ok);
    let checks = bench.validate();
    let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["Grant settings", "Grant resource - Read", "Grant administrators - Read"]);
    assert!(
        matches!(&checks[0].outcome, CheckOutcome::Failed(Failure::Permission(refused)) if refused.permission == "Grant settings")
    );
    assert_eq!(checks[1].outcome, CheckOutcome::Passed);
    assert_eq!(checks[2].outcome, CheckOutcome::Passed);
}

#[test]
fn validation_does_not_insist_on_a_refused_key() {
    let bench = bench();
    bench.on("GET", SETTINGS, 401, refusal(40103, SIGNATURE));
    let checks = bench.validate();
    assert!(matches!(&checks[0], Check { outcome: CheckOutcome::Failed(Failure::Credentials(_)), .. }));
    assert!(checks[1..].iter().all(|check| matches!(check.outcome, CheckOutcome::Skipped(_))));
}
