//! The actions: enable, disable and describe a user.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::{ActionResult, ActionState, HttpError, Outcome};
use accord_sdk::{Connector as _, Failure, Value};
use datadog::Datadog;
use serde_json::json;

use crate::changes::{OK, ana, disabled, document, forbidden, missing, refused, upstream, user_path, with, written};
use crate::support::{BOTH_KEYS, bench, user};

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn invoke(bench: &Bench<Datadog>, name: &str, arguments: &[(&str, Value)]) -> Result<ActionResult, Failure> {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let resource_type = (name == "update_user").then_some("user");
    bench.provision(|datadog, host| datadog.invoke_action(host, name, resource_type, arguments))
}

/// On Ana, whatever else is given.
fn on_ana(bench: &Bench<Datadog>, name: &str, more: &[(&str, Value)]) -> Result<ActionResult, Failure> {
    let arguments: Vec<_> = [("user_id", text(&user(1)))].into_iter().chain(more.iter().cloned()).collect();
    invoke(bench, name, &arguments)
}

fn shown(bench: &Bench<Datadog>, user: serde_json::Value) {
    bench.on("GET", &user_path(1), 200, document(user));
}

#[track_caller]
fn succeeds(outcome: Result<ActionResult, Failure>, changed: bool) {
    let result = outcome.unwrap();
    assert_eq!(result.state, ActionState::Complete);
    let flags = [("success".to_owned(), Value::Flag(true)), ("changed".to_owned(), Value::Flag(changed))];
    assert_eq!(result.response, flags);
}

#[test]
fn users_are_disabled_and_enabled_and_twice_is_no_error() {
    let bench = bench();
    shown(&bench, ana());
    bench.on("DELETE", &user_path(1), 204, "");
    shown(&bench, disabled(ana()));
    succeeds(on_ana(&bench, "disable_user", &[]), true);
    shown(&bench, disabled(ana()));
    succeeds(on_ana(&bench, "disable_user", &[]), false);
    shown(&bench, disabled(ana()));
    bench.on("PATCH", &user_path(1), 200, document(ana()));
    shown(&bench, ana());
    succeeds(on_ana(&bench, "enable_user", &[]), true);
    shown(&bench, ana());
    succeeds(on_ana(&bench, "enable_user", &[]), false);
    let enabling = json!({"data": {"type": "users", "id": user(1), "attributes": {"disabled": false}}});
    assert_eq!(written(&bench), [json!(null), enabling]);
}

#[test]
fn a_user_is_named_by_text_or_as_a_resource() {
    let bench = bench();
    let id = user(1);
    for given in [
        text(&id),
        Value::Json(json!(id).to_string()),
        Value::Json(json!({"resource_type_id": "user", "resource_id": id}).to_string()),
        Value::Json(json!({"resource_type": "user", "resource": id}).to_string()),
    ] {
        for name in ["enable_user", "update_user"] {
            shown(&bench, ana());
            succeeds(invoke(&bench, name, &[("user_id", given.clone()), ("title", text("SRE"))]), false);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_unasked() {
    let bench = bench();
    for given in [
        Vec::new(),
        vec![("user_id", text(""))],
        vec![("user_id", Value::Json("null".into()))],
        vec![("user_id", text("ana@example.com"))],
        vec![("user_id", Value::Int(1))],
        vec![("user_id", Value::Json(json!({"resource_type": "team", "resource": user(1)}).to_string()))],
    ] {
        for name in ["enable_user", "disable_user", "update_user"] {
            let arguments: Vec<_> = given.iter().cloned().chain([("title", text("CTO"))]).collect();
            refused(invoke(&bench, name, &arguments));
        }
    }
    for empty in [&[][..], &[("name", text("")), ("email", text(" ")), ("title", Value::Json("null".into()))]] {
        let detail = refused(on_ana(&bench, "update_user", empty));
        assert_eq!(detail.remedy, "give at least one of name, email or title");
    }
    for name in ["x".repeat(56).as_str(), "Ana <b>", "a>b"] {
        refused(on_ana(&bench, "update_user", &[("name", text(name))]));
    }
    assert!(matches!(on_ana(&bench, "delete_user", &[]), Err(Failure::Unsupported(_))));
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_user_is_described_anew_and_only_where_that_changes_something() {
    let bench = bench();
    let new = [("name", json!("ü".repeat(55))), ("email", json!("ana.silva@example.com")), ("title", json!("CTO"))];
    let given: Vec<_> = new.iter().map(|(name, value)| (*name, text(value.as_str().unwrap()))).collect();
    shown(&bench, ana());
    bench.on("PATCH", &user_path(1), 200, document(with(ana(), &new)));
    shown(&bench, with(ana(), &new));
    succeeds(on_ana(&bench, "update_user", &given), true);
    shown(&bench, ana());
    bench.on("PATCH", &user_path(1), 200, document(ana()));
    shown(&bench, with(ana(), &new));
    succeeds(on_ana(&bench, "update_user", &[("name", text("")), ("title", text(" CTO "))]), true);
    shown(&bench, ana());
    succeeds(on_ana(&bench, "update_user", &[("email", text("Ana@Example.com")), ("name", text("Ana Silva"))]), false);
    let attributes: Vec<_> = written(&bench).iter().map(|body| body["data"]["attributes"].clone()).collect();
    assert_eq!(
        attributes,
        [json!(new.into_iter().collect::<std::collections::BTreeMap<_, _>>()), json!({"title": "CTO"})]
    );

    shown(&bench, ana());
    bench.on("PATCH", &user_path(1), 200, document(ana()));
    shown(&bench, ana());
    let detail = upstream(on_ana(&bench, "update_user", &[("title", text("CTO"))]));
    assert_eq!(detail.meaning, format!("the user `{}` still has another title", user(1)));
    assert!(detail.remedy.contains("identity provider"), "{}", detail.remedy);
}

#[test]
fn a_lost_answer_is_settled_by_reading_not_by_asking_again() {
    let bench = bench();
    let lost = |method: &str| {
        bench.exchange(Exchange::failing(method, &user_path(1), HttpError::TimedOut(Outcome::Unknown)));
    };
    shown(&bench, ana());
    lost("DELETE");
    shown(&bench, disabled(ana()));
    succeeds(on_ana(&bench, "disable_user", &[]), true);
    shown(&bench, disabled(ana()));
    lost("PATCH");
    shown(&bench, disabled(ana()));
    let detail = upstream(on_ana(&bench, "enable_user", &[]));
    assert_eq!(detail.meaning, format!("the user `{}` still is disabled", user(1)));
    assert_eq!(written(&bench).len(), 2);
}

#[test]
fn who_is_not_there_and_what_is_not_allowed_is_named() {
    let bench = bench();
    bench.on("GET", &user_path(1), 404, missing(&user(1)));
    let outcome = on_ana(&bench, "disable_user", &[]);
    let Err(Failure::NotFound(detail)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(detail.message, format!("Datadog has no user `{}`", user(1)));
    for (service, permission) in [(false, "User Access Manage"), (true, "Service Account Write")] {
        shown(&bench, with(ana(), &[("service_account", json!(service))]));
        bench.on("DELETE", &user_path(1), 403, forbidden());
        bench.on("GET", BOTH_KEYS, 200, OK);
        let outcome = on_ana(&bench, "disable_user", &[]);
        let Err(Failure::Permission(missing)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(missing.permission, permission);
    }
    // A refused key is not taken for a missing permission.
    shown(&bench, ana());
    bench.on("DELETE", &user_path(1), 403, forbidden());
    bench.on("GET", BOTH_KEYS, 403, forbidden());
    assert!(matches!(on_ana(&bench, "disable_user", &[]), Err(Failure::Credentials(_))));
}
