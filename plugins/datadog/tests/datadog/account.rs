//! Accounts that are made, found, enabled again and disabled.

use accord_sdk::testing::{Bench, Exchange};
use accord_sdk::types::{
    AccountOutcome, AccountRequest, AccountState, CredentialOption, DeleteOutcome, HttpError, Outcome,
};
use accord_sdk::{Connector as _, Failure, ResourceId, State, Value};
use datadog::Datadog;
use serde_json::json;

use crate::changes::{
    OK, ana, asked, disabled, document, forbidden, having, missing, person, principal, refused, upstream, user_path,
    with, written,
};
use crate::support::{BOTH_KEYS, bench, list, role, user};

const EMAIL: &str = "new.user@example.com";
const USERS: &str = "/api/v2/users";
const INVITATIONS: &str = "/api/v2/user_invitations";

fn look(page: u32) -> String {
    format!("{USERS}?sort=name&filter={EMAIL}&page[size]=100&page[number]={page}")
}

/// What a search for the address finds next.
fn found(bench: &Bench<Datadog>, users: &[serde_json::Value]) {
    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
    bench.on("GET", &look(0), 200, list(&users, users.len()));
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn wanted(more: &[(&str, Value)]) -> AccountRequest {
    let profile = [("email", text(EMAIL)), ("name", text("New User")), ("title", text("Engineer"))];
    let profile = profile.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    AccountRequest { login: None, email: None, profile, credential: CredentialOption::NoPassword }
}

fn uninvited() -> AccountRequest {
    wanted(&[("send_invitation", Value::Flag(false))])
}

fn create(bench: &Bench<Datadog>, request: AccountRequest) -> Result<AccountOutcome, Failure> {
    bench.provision(|datadog, host| datadog.create_account(host, request))
}

/// The account as Datadog tells it just after.
fn fresh() -> serde_json::Value {
    let user = person(5, EMAIL);
    with(user, &[("name", json!("New User")), ("title", json!("Engineer")), ("status", json!("Pending"))])
}

fn state(outcome: &AccountOutcome) -> (AccountState, Option<String>) {
    (outcome.state, outcome.account.as_ref().map(|id| format!("{}/{}", id.resource_type, id.resource)))
}

fn created() -> (AccountState, Option<String>) {
    (AccountState::Created, Some(format!("user/{}", user(5))))
}

fn exists() -> (AccountState, Option<String>) {
    (AccountState::AlreadyExists, Some(format!("user/{}", user(5))))
}

#[test]
fn an_account_is_made_invited_and_told() {
    let bench = bench();
    found(&bench, &[]);
    bench.on("POST", USERS, 201, document(fresh()));
    bench.on("GET", &user_path(5), 200, document(having(fresh(), &[2])));
    bench.on("POST", INVITATIONS, 201, document(json!([{"type": "user_invitations", "id": "i"}])));
    let outcome = create(&bench, wanted(&[("role_ids", Value::Items(vec![role(2)]))])).unwrap();
    assert_eq!((state(&outcome), outcome.message.as_str()), (created(), ""));
    assert!(outcome.credentials.is_empty());
    let user_of = |roles: serde_json::Value| {
        json!({"data": {"type": "users", "attributes": {"email": EMAIL, "name": "New User", "title": "Engineer"},
            "relationships": {"roles": {"data": roles}}}})
    };
    let invitation = json!({"data": [{"type": "user_invitations",
        "relationships": {"user": {"data": {"type": "users", "id": user(5)}}}}]});
    assert_eq!(written(&bench), [user_of(json!([{"type": "roles", "id": role(2)}])), invitation]);
    let announced = bench.announced();
    assert_eq!(announced.len(), 1);
    assert_eq!((&*announced[0].method, &*announced[0].target), ("POST", INVITATIONS));
    let body = announced[0].body.as_deref().unwrap();
    assert_eq!(body.replace("{id of the new user}", &user(5)), bench.sent().last().unwrap().body.clone().unwrap());
    assert_eq!(announced[0].credential, bench.sent().last().unwrap().credential);
    let told = bench.told();
    let row = told.resource("user", &user(5));
    assert_eq!((row.display_name.as_str(), row.status.as_ref().unwrap().state), ("New User", State::Disabled));
    assert_eq!(row.status.as_ref().unwrap().details, "Pending");
    assert_eq!(told.grant_ids(), [format!("role:{}:member:user:{}", role(2), user(5))]);
}

#[test]
fn nobody_is_invited_where_that_is_not_wanted() {
    let bench = bench();
    found(&bench, &[]);
    bench.on("POST", USERS, 201, document(fresh()));
    bench.on("GET", &user_path(5), 200, document(fresh()));
    assert_eq!(state(&create(&bench, uninvited()).unwrap()), created());
    assert_eq!((written(&bench).len(), bench.announced().len()), (1, 0));
    let only = AccountRequest { email: Some(EMAIL.into()), profile: Vec::new(), ..uninvited() };
    found(&bench, &[]);
    bench.on("POST", USERS, 201, document(fresh()));
    bench.on("GET", &user_path(5), 200, document(fresh()));
    bench.on("POST", INVITATIONS, 201, document(json!([])));
    create(&bench, only).unwrap();
    assert_eq!(written(&bench)[1]["data"]["attributes"], json!({"email": EMAIL}));
}

#[test]
fn a_failed_invitation_does_not_undo_the_account() {
    for failed in [
        Exchange::new("POST", INVITATIONS, 403, forbidden()),
        Exchange::new("POST", INVITATIONS, 500, "{}"),
        Exchange::failing("POST", INVITATIONS, HttpError::Reset(Outcome::Unknown)),
    ] {
        let bench = bench();
        found(&bench, &[]);
        bench.on("POST", USERS, 201, document(fresh()));
        bench.on("GET", &user_path(5), 200, document(fresh()));
        bench.exchange(failed);
        let outcome = create(&bench, wanted(&[])).unwrap();
        assert_eq!(state(&outcome), created());
        assert!(outcome.message.starts_with("the invitation was not sent, as far as Datadog says: "), "{outcome:?}");
        assert_eq!(bench.logs()[0].message, "the account is created, but not as it was wanted");
        assert_eq!(bench.told().resource_ids("user"), [user(5)]);
    }
}

#[test]
fn roles_that_did_not_take_are_told() {
    let bench = bench();
    found(&bench, &[]);
    bench.on("POST", USERS, 201, document(fresh()));
    bench.on("GET", &user_path(5), 200, document(fresh()));
    let request =
        wanted(&[("role_ids", Value::Json(json!([role(2)]).to_string())), ("send_invitation", text("false"))]);
    let outcome = create(&bench, request).unwrap();
    assert_eq!((state(&outcome), outcome.message), (created(), format!("it does not have the roles {}", role(2))));
}

#[test]
fn who_is_there_already_is_returned_and_nothing_is_made() {
    let bench = bench();
    let upper = with(fresh(), &[("email", json!("New.User@example.com")), ("status", json!("Active"))]);
    for present in [upper, with(person(5, EMAIL), &[("email", json!("other@example.com"))])] {
        // The search finds others too: a longer address, and a service account with this one as its contact.
        let longer = person(6, &format!("x{EMAIL}"));
        let service = with(person(7, EMAIL), &[("service_account", json!(true))]);
        found(&bench, &[longer, service, present]);
        let outcome = create(&bench, wanted(&[])).unwrap();
        assert_eq!((state(&outcome), outcome.message.as_str()), (exists(), "the account was there already"));
        assert_eq!(bench.told().resource_ids("user"), [user(5)]);
    }
    found(&bench, &[fresh()]);
    let outcome = create(&bench, wanted(&[])).unwrap();
    assert!(outcome.message.ends_with("its invitation is not accepted yet, and no other was sent"), "{outcome:?}");
    assert!(written(&bench).is_empty());
}

#[test]
fn who_was_disabled_is_enabled_again() {
    let bench = bench();
    found(&bench, &[disabled(person(5, EMAIL))]);
    bench.on("PATCH", &user_path(5), 200, document(person(5, EMAIL)));
    bench.on("GET", &user_path(5), 200, document(person(5, EMAIL)));
    bench.on("GET", &user_path(5), 200, document(person(5, EMAIL)));
    let outcome = create(&bench, wanted(&[])).unwrap();
    let message = "the account was there already, and is enabled again";
    assert_eq!((state(&outcome), outcome.message.as_str()), (exists(), message));
    assert_eq!(written(&bench), [json!({"data": {"type": "users", "id": user(5), "attributes": {"disabled": false}}})]);
    assert_eq!(bench.told().resource("user", &user(5)).status.as_ref().unwrap().state, State::Enabled);
}

#[test]
fn somebody_who_was_faster_is_noticed() {
    let bench = bench();
    found(&bench, &[]);
    bench.on("POST", USERS, 409, r#"{"errors":[{"status":"409","title":"Conflict"}]}"#);
    found(&bench, &[person(5, EMAIL)]);
    assert_eq!(state(&create(&bench, wanted(&[])).unwrap()), exists());
    // A conflict with nobody to be seen is what Datadog says it is.
    found(&bench, &[]);
    bench.on("POST", USERS, 409, r#"{"errors":[{"status":"409","title":"Conflict"}]}"#);
    found(&bench, &[]);
    assert!(refused(create(&bench, wanted(&[]))).message.contains("409"));
}

#[test]
fn a_lost_answer_is_settled_by_looking_and_never_by_asking_again() {
    for error in [HttpError::TimedOut(Outcome::Unknown), HttpError::Reset(Outcome::Unknown)] {
        let bench = bench();
        found(&bench, &[]);
        bench.exchange(Exchange::failing("POST", USERS, error.clone()));
        found(&bench, &[fresh()]);
        bench.on("POST", INVITATIONS, 201, document(json!([])));
        assert_eq!(state(&create(&bench, wanted(&[])).unwrap()), created(), "and invited");
        assert_eq!(written(&bench).len(), 2);

        found(&bench, &[]);
        bench.exchange(Exchange::failing("POST", USERS, error.clone()));
        found(&bench, &[]);
        let detail = upstream(create(&bench, wanted(&[])));
        assert_eq!(detail.meaning, format!("there still is no account for `{EMAIL}`"));

        found(&bench, &[]);
        bench.exchange(Exchange::failing("POST", USERS, error));
        bench.exchange(Exchange::failing("GET", &look(0), HttpError::Connect("refused".into())));
        let detail = upstream(create(&bench, wanted(&[])));
        assert!(detail.meaning.starts_with(&format!("nobody knows whether there is an account for `{EMAIL}` now: ")));
        assert_eq!(written(&bench).len(), 4);
    }
}

#[test]
fn a_search_of_several_pages_is_read_to_its_end_and_one_that_is_cut_short_proves_nothing() {
    let bench = bench();
    let others: Vec<String> =
        (100..200).map(|number| person(number, &format!("{number}{EMAIL}")).to_string()).collect();
    bench.on("GET", &look(0), 200, list(&others, 101));
    bench.on("GET", &look(1), 200, list(&[person(5, EMAIL).to_string()], 101));
    assert_eq!(state(&create(&bench, wanted(&[])).unwrap()), exists());
    bench.on("GET", &look(0), 200, list(&others, 101));
    bench.on("GET", &look(1), 200, list(&[], 101));
    assert!(matches!(create(&bench, wanted(&[])), Err(Failure::InvalidResponse(_))));
    assert!(written(&bench).is_empty());
}

#[test]
fn several_people_with_one_address_are_named() {
    let bench = bench();
    let contact = |number| with(person(number, &format!("{number}@example.com")), &[("email", json!(EMAIL))]);
    found(&bench, &[contact(5), contact(6)]);
    let detail = refused(create(&bench, wanted(&[])));
    assert!(detail.message.ends_with(&format!("{}, {}", user(5), user(6))), "{}", detail.message);
    found(&bench, &[contact(6), person(5, EMAIL)]);
    assert_eq!(state(&create(&bench, wanted(&[])).unwrap()), exists(), "only logins are unique");
    assert!(written(&bench).is_empty());
}

#[test]
fn what_cannot_be_an_account_is_refused_unasked() {
    let bench = bench();
    for email in ["", "new.user", "@example.com", "new.user@example", "new user@example.com"] {
        let request = AccountRequest { profile: vec![("email".into(), text(email))], ..wanted(&[]) };
        assert!(refused(create(&bench, request)).remedy.contains("give an e-mail address"), "{email}");
    }
    for credential in [CredentialOption::RandomPassword(20), CredentialOption::Sso] {
        let detail = refused(create(&bench, AccountRequest { credential, ..wanted(&[]) }));
        assert_eq!(detail.message, "Datadog takes no password for a new account");
    }
    refused(create(&bench, wanted(&[("role_ids", Value::Items(vec!["Deployers".into()]))])));
    refused(create(&bench, wanted(&[("send_invitation", text("perhaps"))])));
    assert_eq!(bench.sent(), []);
}

#[test]
fn the_permission_to_invite_is_named() {
    let bench = bench();
    found(&bench, &[]);
    bench.on("POST", USERS, 403, forbidden());
    bench.on("GET", BOTH_KEYS, 200, OK);
    let Err(Failure::Permission(refused)) = create(&bench, wanted(&[])) else { panic!("not refused") };
    assert_eq!(refused.permission, "User Access Invite");
}

fn delete(bench: &Bench<Datadog>, id: ResourceId) -> Result<DeleteOutcome, Failure> {
    bench.provision(|datadog, host| datadog.delete_resource(host, id, None))
}

#[test]
fn who_is_deleted_is_disabled_and_that_twice_is_no_error() {
    let bench = bench();
    bench.on("GET", &user_path(1), 200, document(ana()));
    bench.on("DELETE", &user_path(1), 204, "");
    bench.on("GET", &user_path(1), 200, document(disabled(ana())));
    assert_eq!(delete(&bench, principal(1)), Ok(DeleteOutcome::Deleted));
    bench.on("GET", &user_path(1), 200, document(disabled(ana())));
    assert_eq!(delete(&bench, principal(1)), Ok(DeleteOutcome::AlreadyDeleted));
    bench.on("GET", &user_path(1), 404, missing(&user(1)));
    assert_eq!(delete(&bench, principal(1)), Ok(DeleteOutcome::AlreadyDeleted));
    // Raced: Datadog does not find who is disabled already.
    for after in [(200, document(disabled(ana()))), (404, missing(&user(1)))] {
        bench.on("GET", &user_path(1), 200, document(ana()));
        bench.on("DELETE", &user_path(1), 404, missing(&user(1)));
        bench.on("GET", &user_path(1), after.0, after.1);
        assert_eq!(delete(&bench, principal(1)), Ok(DeleteOutcome::AlreadyDeleted));
    }
    bench.on("GET", &user_path(1), 200, document(ana()));
    bench.on("DELETE", &user_path(1), 404, missing(&user(1)));
    bench.on("GET", &user_path(1), 200, document(ana()));
    assert!(matches!(delete(&bench, principal(1)), Err(Failure::NotFound(_))), "and yet not disabled");
    let before = asked(&bench).len();
    refused(delete(&bench, ResourceId::new("team", user(1))));
    refused(delete(&bench, ResourceId::new("user", "../users")));
    assert_eq!(asked(&bench).len(), before);
}
