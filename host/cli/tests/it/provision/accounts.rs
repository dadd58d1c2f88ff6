//! Accounts with passwords, against a small API that repeats what it was sent: made once, and known to their owner alone.

use std::path::Path;

use accord_fixtures::loopback::Fixture as _;
use accord_fixtures::steward::StewardServer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Call, Desk, Outcome};

pub(super) fn steward(desk: &Desk, server: &StewardServer, arguments: &[&str]) -> Call {
    let call = desk.accord(arguments).against(server);
    call.env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir())
}

pub(super) fn create(desk: &Desk, server: &StewardServer) -> Call {
    let arguments = ["account", "create", "steward", "--account-login=mhall", "--set", "name=Maria Hall"];
    steward(desk, server, &arguments)
}

fn password(server: &StewardServer) -> String {
    server.accounts()["mhall"]["password"].as_str().unwrap().to_owned()
}

/// Every form in which the password could have been written.
#[track_caller]
fn is_nowhere(password: &str, outcome: &Outcome, folder: &Path) {
    let hex: String = password.bytes().map(|byte| format!("{byte:02x}")).collect();
    let printed = outcome.printed();
    for form in [password.to_owned(), STANDARD.encode(password), hex] {
        assert!(!printed.contains(&form), "{form} in {printed}");
    }
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(password), "{}", entry.path().display());
    }
}

#[test]
fn an_account_is_made_with_a_password_that_only_its_recipient_can_read() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let outcome = create(&desk, &server).arguments(&["--encrypt-to", &recipient, "--output=json", "--log-level=debug"]);
    let outcome = outcome.arguments(&["--log-path=log.jsonl", "--log-path=stderr"]).run().exits(0);
    let told = outcome.json();
    assert_eq!((&told["operation"], &told["outcome"]), (&"create-account".into(), &"created".into()));
    assert_eq!(told["resource"], serde_json::json!({"resource_type": "account", "resource": "mhall"}));
    assert_eq!(told["resources"][0]["login"], "mhall");
    let credential = &told["credentials"][0];
    assert_eq!(credential["name"], "password");
    assert_eq!(credential.get("secret"), None);
    assert_eq!(credential["encrypted"][0]["provider"], "baton/age/v1");
    let ciphertext = STANDARD.decode(credential["encrypted"][0]["ciphertext"].as_str().unwrap()).unwrap();
    let password = password(&server);
    assert_eq!(age::decrypt(&identity, &ciphertext).unwrap(), password.as_bytes());
    assert_eq!(password.chars().count(), 20, "as connectors make them");
    assert_eq!(server.accounts()["mhall"]["name"], "Maria Hall");
    is_nowhere(&password, &outcome, &desk.path(""));

    // Made already: no second account, no new password.
    let again = create(&desk, &server).arguments(&["--encrypt-to", &recipient]).run().exits(0);
    assert_eq!(again.stdout, "account already exists: account mhall\n  account mhall: mhall, login mhall\n");
    assert_eq!(server.writes(), ["POST /v1/accounts"]);
}

/// What the careless API repeats is masked, whatever the connector does with it.
#[test]
fn an_echoed_password_reaches_no_log() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let call = create(&desk, &server).env("BATON_MODE", "tell-the-answer").arguments(&["--encrypt-to", &recipient]);
    let outcome = call.run().exits(0);
    assert!(outcome.stderr.contains("[masked generated-1]"), "{}", outcome.stderr);
    is_nowhere(&password(&server), &outcome, &desk.path(""));
}

#[test]
fn a_password_is_printed_only_where_that_is_asked_for() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let outcome = create(&desk, &server).run().exits(2);
    outcome.tells(&[
        "error[PROV-004] the new credential would be lost",
        "do      name who is to have it with --encrypt-to",
    ]);
    assert_eq!(server.server().connections(), 0, "nobody was asked");
    let outcome = create(&desk, &server).arguments(&["--show-credentials", "--new-password=random:30"]).run().exits(0);
    let password = password(&server);
    assert_eq!(password.chars().count(), 30);
    assert!(outcome.stdout.contains(&format!("  password: {password}\n")), "{}", outcome.stdout);
    assert!(!outcome.stderr.contains(&password));
    let none = ["account", "create", "steward", "--account-login=service", "--set=name=Service", "--new-password=none"];
    steward(&desk, &server, &none).run().exits(0);
    assert_eq!(server.accounts()["service"].get("password"), None);
    let sso = create(&desk, &server).arguments(&["--new-password=sso"]).run().exits(2);
    sso.tells(&["`steward` creates no account with `sso`", "do      choose one of `random`, `none`"]);
}

/// The API acts, and its answer is lost: the connector looks, and there is one account.
#[test]
fn a_lost_answer_makes_no_second_account() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    server.lose_answers();
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let outcome = create(&desk, &server).arguments(&["--encrypt-to", &recipient, "--output=json"]).run().exits(0);
    let told = outcome.json();
    let ciphertext = told["credentials"][0]["encrypted"][0]["ciphertext"].as_str().unwrap();
    let decrypted = age::decrypt(&identity, &STANDARD.decode(ciphertext).unwrap()).unwrap();
    assert_eq!(decrypted, password(&server).as_bytes());
    assert_eq!(server.writes(), ["POST /v1/accounts"]);
}

#[test]
fn recipients_are_looked_at_before_anything_is_changed() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let private = desk.write("private.jwk", r#"{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}"#);
    let good = age::x25519::Identity::generate().to_public().to_string();
    for (recipient, told) in [
        ("age1nonsense", "is no age recipient"),
        ("age1pq1nonsense", "a kind that this version cannot encrypt to"),
        ("no.jwk", "No such file"),
        (private.to_str().unwrap(), "holds a private key"),
    ] {
        let outcome =
            create(&desk, &server).arguments(&["--encrypt-to", &good, "--encrypt-to", recipient]).run().exits(2);
        outcome.tells(&["error[PROV-005] --encrypt-to: `", told, "means   nothing was changed", "do      name an age"]);
    }
    assert_eq!(server.server().connections(), 0);
    // The public key of RFC 8037, appendix A.2.
    let public =
        desk.write("public.jwk", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
    let both = ["--encrypt-to", &good, "--encrypt-to", public.to_str().unwrap(), "--output=json"];
    let told = create(&desk, &server).arguments(&both).run().exits(0).json();
    let encrypted = told["credentials"][0]["encrypted"].as_array().unwrap();
    assert_eq!(encrypted.len(), 2);
    assert_eq!(encrypted[1]["provider"], "baton/jwk/v1");
    assert_eq!(encrypted[1]["key_ids"][0].as_str().unwrap().len(), 64);
}

#[test]
fn a_dry_run_shows_the_new_password_by_name() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let outcome = create(&desk, &server).arguments(&["--dry-run"]).run().exits(0);
    let body = r#"  {"login":"mhall","name":"Maria Hall","password":"{generated-1}"}"#;
    assert!(outcome.stdout.contains(body), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("signed by the credential `api`"), "{}", outcome.stdout);
    let at_once = create(&desk, &server).env("BATON_MODE", "two-at-once").arguments(&["--dry-run", "--output=json"]);
    assert_eq!(at_once.run().exits(0).json()["requests"].as_array().unwrap().len(), 2);
    let announced = create(&desk, &server).env("BATON_MODE", "announce").arguments(&["--dry-run"]).run().exits(0);
    let again = r#"  {"again":"{generated-1}","login":"mhall","name":"Maria Hall"}"#;
    let follows = announced.stdout.split_once("and once that has succeeded:\n").unwrap().1;
    assert!(follows.contains(again) && follows.contains("signed by the credential `api`"), "{}", announced.stdout);
    assert_eq!(server.writes(), Vec::<String>::new());
    assert!(server.accounts().is_empty());
}

#[test]
fn credentials_are_replaced_and_accounts_deleted() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    create(&desk, &server).arguments(&["--show-credentials"]).run().exits(0);
    let first = password(&server);
    let rotate = |arguments: &[&str]| {
        steward(&desk, &server, &["credential", "rotate", "steward", "mhall"]).arguments(arguments).run()
    };
    rotate(&[]).exits(2).tells(&["error[PROV-004]"]);
    assert_eq!(password(&server), first);
    let outcome = rotate(&["--show-credentials"]).exits(0);
    let second = password(&server);
    assert_ne!(first, second);
    assert_eq!(outcome.stdout, format!("rotated: account mhall\n  password: {second}\n"));

    let delete = || steward(&desk, &server, &["account", "delete", "steward", "mhall"]);
    let dry = delete().arguments(&["--dry-run"]).run().exits(0);
    assert!(dry.stdout.contains("/v1/accounts/mhall\n"), "{}", dry.stdout);
    assert_eq!(delete().run().exits(0).stdout, "deleted: account mhall\n");
    assert!(server.accounts().is_empty());
    let again = delete().arguments(&["--output=json"]).run().exits(0).json();
    assert_eq!(
        (&again["outcome"], &again["annotations"][0]),
        (&"already-deleted".into(), &"ResourceDoesNotExist".into())
    );
}

#[test]
fn fields_are_checked_by_the_schema_before_anybody_is_asked() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let make = |arguments: &[&str]| {
        let call = steward(&desk, &server, &["account", "create", "steward", "--new-password=none"]);
        call.arguments(arguments).run()
    };
    let takes =
        "do      an account takes name (text, required), admin (true or false), level (a whole number), tags (a list)";
    make(&["--set=nmae=x", "--set=level=high"]).exits(2).tells(&[
        "error[PROV-001] an account has no field `nmae`; `level` should be a whole number; `name` is missing",
        takes,
    ]);
    make(&["--values={\"name\": 7}"]).exits(2).tells(&["`name` should be text"]);
    make(&["--values=[]"]).exits(2).tells(&["--values should be a JSON object"]);
    make(&["--set=name"]).exits(2).tells(&["--set needs a name, an equals sign and a value"]);
    assert_eq!(server.server().connections(), 0);
    make(&["--account-login=a", "--set=name=A", "--set=admin=true", "--set=level=3", "--set=tags=x,y"]).exits(0);
    let values = "--values={\"name\": \"B\", \"admin\": false, \"level\": 4, \"tags\": [\"z\"]}";
    make(&["--account-login=b", values]).exits(0);
    let accounts = server.accounts();
    assert_eq!(
        serde_json::json!(accounts["a"]),
        serde_json::json!({"login": "a", "name": "A", "admin": true, "level": 3, "tags": ["x", "y"]})
    );
    assert_eq!(
        serde_json::json!(accounts["b"]),
        serde_json::json!({"login": "b", "name": "B", "admin": false, "level": 4, "tags": ["z"]})
    );
}

#[test]
fn a_connectors_flags_do_the_same_and_lose_no_password() {
    let (desk, server) = (Desk::new(), StewardServer::start().unwrap());
    let call = |arguments: &[&str]| {
        let call = desk.connector("steward", arguments).against(&server);
        call.env("ACCORD_PLUGINS", accord_fixtures::components::guests_dir())
    };
    let profile = r#"{"login": "mhall", "name": "Maria Hall"}"#;
    call(&["--create-account-profile", profile]).run().exits(2).tells(&["error[PROV-004]"]);
    let told = call(&["--create-account-profile", profile, "--show-credentials"]).run().exits(0).json();
    assert_eq!(told["outcome"], "created");
    assert_eq!(told["credentials"][0]["secret"], password(&server));
    call(&["--create-account-resource-type=team", "--create-account-login=x"])
        .run()
        .exits(2)
        .tells(&["no accounts of type `team`"]);
    call(&["--rotate-credentials=mhall", "--rotate-credentials-type=account"])
        .run()
        .exits(2)
        .tells(&["error[PROV-004]"]);
    let told = call(&["--rotate-credentials=mhall", "--show-credentials"]).run().exits(0).json();
    assert_eq!(told["credentials"][0]["secret"], password(&server));
    call(&["--delete-resource=mhall", "--delete-resource-type=account"]).run().exits(0);
    assert!(server.accounts().is_empty());
}
