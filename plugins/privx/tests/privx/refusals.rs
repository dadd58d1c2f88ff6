//! What PrivX refuses, told to whoever can change it.

use accord_sdk::testing::Exchange;
use accord_sdk::types::{CheckOutcome, Detail};
use accord_sdk::{Collection, Failure};

use crate::support::{ADMINISTRATORS, bench, members, roles, script_lists, users, with_pairs};

const TOKEN: &str = "/auth/api/v1/oauth/token";

/// What is told when the token endpoint answers so.
fn token_refused(secrets: &[&str], status: u16, path: &str, answer: &str) -> Detail {
    let bench = with_pairs(secrets, "auto", 3);
    let refused =
        Exchange::new("POST", &users(0), 401, answer).header("accord-token-refused", &format!("{status} {path}"));
    bench.exchange(refused);
    match bench.read(Collection::named("users")) {
        Err(Failure::Credentials(detail)) => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn wrong_secrets_are_told_apart() {
    let both = ["api-client-secret", "oauth-client-secret"];
    let answer = r#"{"error":"invalid_client","error_description":"client authentication failed"}"#;
    let detail = token_refused(&both, 401, TOKEN, answer);
    assert_eq!(detail.message, "PrivX gave no access token (HTTP 401, invalid_client client authentication failed)");
    assert_eq!(detail.place, "POST /auth/api/v1/oauth/token");
    assert!(detail.meaning.contains("`oauth-client-secret`"), "{detail:?}");
    let detail = token_refused(&both, 400, TOKEN, r#"{"error":"invalid_grant"}"#);
    assert_eq!(detail.message, "PrivX gave no access token (HTTP 400, invalid_grant)");
    assert!(detail.meaning.contains("`api-client-secret`"), "{detail:?}");
    assert!(token_refused(&both, 404, TOKEN, "{}").remedy.contains("`base-url`"));
}

#[test]
fn the_api_client_alone_is_told_what_privx_wants() {
    let path = "/auth/api/v1/oauth/clientcredentials/privx-external/token";
    for (status, answer) in [
        (400, r#"{"error":"unauthorized_client"}"#),
        (400, r#"{"error":"unsupported_grant_type"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (404, r#"{"error_code":"NOT_FOUND"}"#),
        (405, ""),
    ] {
        let detail = token_refused(&["api-client-secret"], status, path, answer);
        assert!(detail.message.contains(&format!("HTTP {status}")), "{detail:?}");
        for wanted in ["BATON_OAUTH_CLIENT_ID", "BATON_OAUTH_CLIENT_SECRET", "`privx-external.client_type`", "`public`"]
        {
            assert!(detail.remedy.contains(wanted), "{detail:?}");
        }
    }
}

#[test]
fn the_oauth_client_alone_is_told_why_that_cannot_be() {
    let detail = token_refused(&["oauth-client-secret"], 400, TOKEN, r#"{"error":"unauthorized_client"}"#);
    assert!(detail.meaning.contains("the OAuth client only says which kind of program asks"), "{detail:?}");
    for wanted in ["BATON_API_CLIENT_ID", "BATON_API_CLIENT_SECRET"] {
        assert!(detail.remedy.contains(wanted), "{detail:?}");
    }
}

#[test]
fn a_token_that_is_not_taken_is_another_story() {
    let bench = bench();
    bench.on("POST", &users(0), 401, r#"{"error_code":"UNAUTHORIZED","error_message":"token revoked"}"#);
    let Err(Failure::Credentials(detail)) = bench.read(Collection::named("users")) else { panic!("it is refused") };
    assert_eq!(detail.message, "PrivX refused the access token that it gave (HTTP 401, UNAUTHORIZED token revoked)");
    assert_eq!(detail.place, "POST /role-store/api/v1/users/search");
}

#[test]
fn a_missing_permission_is_named() {
    let denied = r#"{"error_code":"PERMISSION_DENIED","error_message":"missing permission","property":"x-view"}"#;
    let permission = |failure: Failure| match failure {
        Failure::Permission(refused) => {
            assert!(refused.detail.message.contains("PERMISSION_DENIED missing permission (x-view)"), "{refused:?}");
            assert!(refused.detail.remedy.contains(&refused.permission), "{refused:?}");
            refused.permission
        }
        other => panic!("{other:?}"),
    };
    let bench_of_users = bench();
    bench_of_users.on("POST", &users(0), 403, denied);
    assert_eq!(permission(bench_of_users.sync().unwrap_err()), "users-view");
    let bench_of_roles = bench();
    bench_of_roles.on("GET", &roles(0), 403, denied);
    assert_eq!(permission(bench_of_roles.read(Collection::named("roles")).unwrap_err()), "roles-view");
    let bench_of_members = bench();
    script_lists(&bench_of_members);
    bench_of_members.on("GET", &members(ADMINISTRATORS, 0), 403, denied);
    assert_eq!(permission(bench_of_members.sync().unwrap_err()), "roles-view");
}

#[test]
fn validation_proves_both_permissions_and_stops_at_refused_credentials() {
    let probe = ["/role-store/api/v1/roles?offset=0&limit=1", "/role-store/api/v1/users/search?offset=0&limit=1"];
    let good = bench();
    good.on("GET", probe[0], 200, r#"{"count":0,"items":null}"#);
    good.on("POST", probe[1], 403, r#"{"error_code":"PERMISSION_DENIED"}"#);
    let checks = good.validate();
    assert_eq!(checks[0].outcome, CheckOutcome::Passed);
    assert!(
        matches!(&checks[1].outcome, CheckOutcome::Failed(Failure::Permission(refused)) if refused.permission == "users-view")
    );

    let bad = bench();
    bad.on("GET", probe[0], 401, "{}");
    let checks = bad.validate();
    assert!(matches!(checks[0].outcome, CheckOutcome::Failed(Failure::Credentials(_))));
    assert!(matches!(checks[1].outcome, CheckOutcome::Skipped(_)));
}
