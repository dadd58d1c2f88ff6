//! What tests of changes share: users and memberships as Datadog tells them one by one, and what was asked.

use accord_sdk::testing::Bench;
use accord_sdk::types::Detail;
use accord_sdk::{Failure, ResourceId};
use datadog::Datadog;
use serde_json::{Value, json};

use crate::support::{role, team, user};

pub(crate) const OK: &str = r#"{"status":"ok"}"#;

/// A person with this address.
pub(crate) fn person(number: u32, email: &str) -> Value {
    json!({
        "type": "users", "id": user(number),
        "attributes": {
            "name": "Ana Silva", "handle": email, "email": email, "title": "SRE", "status": "Active", "disabled": false,
            "verified": true, "service_account": false, "created_at": "2024-02-06T15:50:10.995740+00:00",
        },
        "relationships": {"roles": {"data": []}},
    })
}

pub(crate) fn ana() -> Value {
    person(1, "ana@example.com")
}

/// The same user, changed.
pub(crate) fn with(mut user: Value, attributes: &[(&str, Value)]) -> Value {
    for (name, value) in attributes {
        user["attributes"][*name] = value.clone();
    }
    user
}

pub(crate) fn disabled(user: Value) -> Value {
    with(user, &[("status", json!("Disabled")), ("disabled", json!(true))])
}

pub(crate) fn having(mut user: Value, roles: &[u32]) -> Value {
    let roles: Vec<Value> = roles.iter().map(|number| json!({"type": "roles", "id": role(*number)})).collect();
    user["relationships"]["roles"]["data"] = roles.into();
    user
}

/// A document of one object, or of a list of them.
pub(crate) fn document(data: impl Into<Value>) -> String {
    json!({"data": data.into()}).to_string()
}

/// A place in a team, as the user's own list tells it.
pub(crate) fn membership(number: u32, role: Option<&str>, by: Option<&str>) -> Value {
    json!({
        "type": "team_memberships", "id": format!("TeamMembership-{}-1001", team(number)),
        "attributes": {"role": role, "provisioned_by": by, "provisioned_by_id": null},
    })
}

pub(crate) fn user_path(number: u32) -> String {
    format!("/api/v2/users/{}", user(number))
}

pub(crate) fn principal(number: u32) -> ResourceId {
    ResourceId::new("user", user(number))
}

pub(crate) fn missing(id: &str) -> String {
    json!({"errors": [format!("{id} not found")]}).to_string()
}

pub(crate) fn forbidden() -> String {
    json!({"errors": [{"title": "Forbidden"}]}).to_string()
}

/// Methods and paths of what was asked, in order.
pub(crate) fn asked(bench: &Bench<Datadog>) -> Vec<String> {
    bench.sent().into_iter().map(|sent| format!("{} {}", sent.method, sent.target)).collect()
}

/// What was sent to change something, in order. Nothing ever says `member` of a team's member.
pub(crate) fn written(bench: &Bench<Datadog>) -> Vec<Value> {
    let writes = bench.sent().into_iter().filter(|sent| sent.method != "GET");
    let bodies: Vec<Value> =
        writes.map(|sent| sent.body.map_or(Value::Null, |body| serde_json::from_str(&body).unwrap())).collect();
    assert!(!format!("{bodies:?}").contains("\"member\""), "{bodies:?}");
    bodies
}

#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Detail {
    match outcome {
        Err(Failure::Refused(detail)) => detail,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn upstream<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Detail {
    match outcome {
        Err(Failure::Upstream(detail)) => detail,
        other => panic!("not a failure of Datadog: {other:?}"),
    }
}
