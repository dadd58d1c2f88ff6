//! Configuration: normal forms, and every fault at once with its flag and variable.

use accord_runtime::configuration::{Configuration, problem};
use accord_runtime::manifest::Manifest;

use crate::acme;
use crate::acme::given;

fn duo() -> Manifest {
    Manifest::parse(include_str!("../../../../plugins/duo/manifest.toml")).unwrap()
}

const KEY: &str = "fixtureSecretKeyForTestsOnly000000000000";

fn host(text: &str) -> Result<(String, usize), String> {
    let pairs = [("integration-key", "DIFIXTURE0EXAMPLE000"), ("secret-key", KEY), ("api-hostname", text)];
    match Configuration::build(&duo(), &given(&pairs)) {
        Ok(built) => Ok((built.text("api-hostname").unwrap().to_owned(), built.warnings().len())),
        Err(problems) => Err(problem("duo", &problems).to_string()),
    }
}

#[test]
fn everything_missing_is_told_at_once() {
    let problems = Configuration::build(&duo(), &[]).unwrap_err();
    let told = problem("duo", &problems);
    assert_eq!(told.category.exit_code(), 2);
    let text = told.to_string();
    for part in [
        "the configuration of duo has 3 problems",
        "--integration-key / BATON_INTEGRATION_KEY is missing",
        "--secret-key / BATON_SECRET_KEY is missing",
        "--api-hostname / BATON_API_HOSTNAME is missing",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let blank = [("integration-key", "  "), ("secret-key", ""), ("api-hostname", "\t")];
    assert_eq!(Configuration::build(&duo(), &given(&blank)).unwrap_err().len(), 3);
}

#[test]
fn a_host_name_in_every_form_that_people_paste() {
    let plain = "api-1a2b3c4d.duosecurity.com";
    for text in [
        plain,
        "  api-1a2b3c4d.duosecurity.com \n",
        "https://API-1a2b3c4d.duosecurity.com/",
        "http://api-1a2b3c4d.duosecurity.com/admin/v1?x=y",
        "API-1A2B3C4D.DUOSECURITY.COM",
        "api-1a2b3c4d.duosecurity.com:443",
        "api-1a2b3c4d.duosecurity.com.",
    ] {
        assert_eq!(host(text), Ok((plain.to_owned(), 0)), "{text}");
    }
    assert_eq!(host("127.0.0.1:8443"), Ok(("127.0.0.1:8443".to_owned(), 1)));
    assert_eq!(host("[::1]:8443"), Ok(("[::1]:8443".to_owned(), 1)));
    assert_eq!(host("duo.example.com"), Ok(("duo.example.com".to_owned(), 1)));
    assert_eq!(host("api-1a2b3c4d.duosecurity.com:8443"), Ok(("api-1a2b3c4d.duosecurity.com:8443".to_owned(), 0)));
    for text in [
        "https://",
        "a b",
        "user@api.duosecurity.com",
        "-a.example.com",
        "a..example.com",
        "api:port",
        "/",
        "ex%61mple.com/",
    ] {
        let refused = host(text);
        if text == "ex%61mple.com/" {
            // The URL standard decodes it; what is used and signed is the decoded name.
            assert_eq!(refused, Ok(("example.com".to_owned(), 1)));
            continue;
        }
        let refused = refused.unwrap_err();
        assert!(refused.contains("--api-hostname / BATON_API_HOSTNAME"), "{text}: {refused}");
    }
}

#[test]
fn a_secret_is_set_and_nothing_more() {
    let pairs = [("integration-key", "key"), ("secret-key", &KEY[1..]), ("api-hostname", "api-1.duosecurity.com")];
    let built = Configuration::build(&duo(), &given(&pairs)).unwrap();
    assert!(built.is_set("secret-key"));
    assert_eq!(built.text("secret-key"), None);
    assert_eq!(built.hint("secret-key"), Some("usually 40 characters, this one has 39"));
    assert_eq!(built.warnings().len(), 1, "the integration key's form");
    assert!(!built.identity().contains_key("secret-key"));
    let shown = format!("{built:?} {:?}", given(&pairs));
    assert!(!shown.contains(&KEY[1..]), "{shown}");
    // Too short to be kept out of answers, and its bytes are not in the message.
    let pairs = [("integration-key", "key"), ("secret-key", "x7q"), ("api-hostname", "api-1.duosecurity.com")];
    let text = problem("duo", &Configuration::build(&duo(), &given(&pairs)).unwrap_err()).to_string();
    assert!(text.contains("--secret-key") && !text.contains("x7q"), "{text}");
}

const FIELDS: &str = r#"
[[config]]
name = "site"
kind = "choice"
required = true
strip-prefixes = ["https://", "app.", "api."]
[[config.option]]
value = "acme.example.com"
aliases = ["US1"]
properties = { api = "https://api.acme.example.com" }
[[config.option]]
value = "acme.example.eu"
properties = { api = "https://api.acme.example.eu" }

[[config]]
name = "base-url"
kind = "https-url"
[[config]]
name = "tenant"
kind = "uuid"
[[config]]
name = "page-size"
kind = "int"
default = 200
min = 1
max = 1000
[[config]]
name = "secrets"
kind = "bool"
[[config]]
name = "teams"
kind = "list"
[[config]]
name = "api-id"
kind = "text"
aliases = ["acme-api-id"]
[[config]]
name = "api-secret"
kind = "secret"
[[config]]
name = "login-id"
kind = "text"

[[constraint]]
kind = "required-together"
fields = ["api-id", "api-secret"]
[[constraint]]
kind = "mutually-exclusive"
fields = ["api-id", "login-id"]
[[constraint]]
kind = "at-least-one"
fields = ["api-id", "login-id"]
[[constraint]]
kind = "dependent-on"
fields = ["teams"]
on = ["secrets"]
"#;

fn built(pairs: &[(&str, &str)]) -> Result<Configuration, String> {
    Configuration::build(&acme::manifest(FIELDS), &given(pairs))
        .map_err(|problems| problem("acme", &problems).to_string())
}

#[test]
fn normal_forms() {
    for (field, text, expected) in [
        ("site", "us1", Some("acme.example.com")),
        ("site", "https://app.ACME.example.eu/account", Some("acme.example.eu")),
        ("site", "evil.example", None),
        ("base-url", "acme.example.com", Some("https://acme.example.com")),
        ("base-url", "https://ACME.example.com:8443/prefix//", Some("https://acme.example.com:8443/prefix")),
        ("base-url", "http://acme.example.com", None),
        ("base-url", "https://u:p@acme.example.com", None),
        ("base-url", "https://acme.example.com/?a=b", None),
        ("tenant", "{72F988BF-86F1-41AF-91AB-2D7CD011DB47}", Some("72f988bf-86f1-41af-91ab-2d7cd011db47")),
        ("tenant", "72f988bf", None),
        ("page-size", " 0500 ", Some("500")),
        ("page-size", "1001", None),
        ("page-size", "many", None),
        ("secrets", "TRUE", Some("true")),
        ("secrets", "yes", None),
    ] {
        let mut pairs = vec![(field, text), ("login-id", "x")];
        if field != "site" {
            pairs.push(("site", "us1"));
        }
        match (built(&pairs), expected) {
            (Ok(built), Some(expected)) => assert_eq!(built.text(field), Some(expected), "{text}"),
            (Err(told), None) => assert!(told.contains(&format!("--{field} / BATON_")), "{told}"),
            (found, expected) => panic!("{field} {text}: {found:?} instead of {expected:?}"),
        }
    }
    let built = built(&[("site", "us1"), ("login-id", "x")]).unwrap();
    assert_eq!(built.text("site.api"), Some("https://api.acme.example.com"));
    assert_eq!(built.text("page-size"), Some("200"));
    let names: Vec<_> = built.values().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["site", "site.api", "page-size", "secrets", "login-id"]);
}

#[test]
fn constraints_name_flags_and_variables() {
    let site = ("site", "us1");
    for (pairs, told) in [
        (vec![], "one of these is needed: --api-id / BATON_API_ID, --login-id / BATON_LOGIN_ID"),
        (vec![("api-id", "a")], "--api-id / BATON_API_ID needs --api-secret / BATON_API_SECRET too"),
        (
            vec![("acme-api-id", "a"), ("api-secret", "longenough"), ("login-id", "b")],
            "these exclude each other: --api-id / BATON_API_ID, --login-id / BATON_LOGIN_ID",
        ),
        (vec![("login-id", "b"), ("teams", "a, b")], "--teams / BATON_TEAMS needs --secrets / BATON_SECRETS"),
    ] {
        let told_at = built(&[pairs, vec![site]].concat()).unwrap_err();
        assert!(told_at.contains(told), "{told_at}");
    }
    assert!(built(&[site, ("login-id", "b"), ("teams", "a, b"), ("secrets", "true")]).is_ok());
}
