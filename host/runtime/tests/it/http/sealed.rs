//! Sealed answers: the guest uses what they bring and never sees it, and nothing that they say leads astray.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use accord_fixtures::server::{Request as Received, Response as Answer, Server, Transport};
use accord_fixtures::tls::Authority;
use accord_runtime::http::{AddressOverride, HttpError, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::support::{AUTHORITY, Bench, host, serve, serve_as};

const MANIFEST: &str = r#"
[[config]]
name = "host"
kind = "hostname"
required = true
[[config]]
name = "cloud"
kind = "choice"
default = "west"
[[config.option]]
value = "west"
properties = { clusters = "clusters.example.com", scope = "https://west.example.com" }
[[config.option]]
value = "east"
properties = { clusters = "east.example.org", scope = "https://east.example.org" }
[[config]]
name = "cluster-url"
kind = "https-url"
[[config]]
name = "cluster-ca"
kind = "certificates"
[[config]]
name = "own-secret"
kind = "secret"
required = true

[[origin]]
name = "api"
url = "https://{host}"
[[origin]]
name = "cluster"
learnt = { hosts = ["*.{cloud.clusters}"], url = "{cluster-url}" }
private-addresses = true
certificates = "cluster-ca"

[[credential]]
id = "token"
kind = "bearer"
origins = ["cluster"]
token = "{cluster.token}"
[[credential]]
id = "certificate"
kind = "tls"
origins = ["cluster"]
certificate = "cluster.certificate"
key = "cluster.key"
[[credential]]
id = "login"
kind = "oauth2"
origins = ["cluster"]
token-origin = "api"
token-path = "/token"
client-auth = "body"
client-id = "accord"
client-secret = "{own-secret}"
scope = "{cluster.server-id}/.default"
fields = { grant_type = "client_credentials" }
[[credential]]
id = "api"
kind = "oauth2"
origins = ["api"]
token-origin = "api"
token-path = "/token"
client-auth = "body"
client-id = "accord"
client-secret = "{own-secret}"
scope = "{cloud.scope}/.default"
fields = { grant_type = "client_credentials" }

[[egress]]
origin = "api"
methods = ["POST"]
paths = ["/config"]
repeatable = true
seal = { at = "/kubeconfigs/0/value", decode = "kubeconfig", origin = "cluster" }
[[egress]]
origin = "api"
methods = ["GET"]
paths = ["/things", "/echo"]
[[egress]]
origin = "cluster"
methods = ["GET"]
paths = ["/api"]
"#;

const NAME: &str = "c1.clusters.example.com";
const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const CLIENT_SECRET: &str = "the~client's+secret/=value";

/// The cluster's own authority, which nothing but its kubeconfig tells of.
static CLUSTER: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());

/// A kubeconfig in the making.
struct Kubeconfig {
    server: String,
    ca: Option<String>,
    cluster: String,
    user: String,
    more: String,
}

impl Kubeconfig {
    fn new() -> Self {
        Self {
            server: format!("https://{NAME}:443"),
            ca: Some(CLUSTER.certificate()),
            cluster: String::new(),
            user: format!("token: {TOKEN}"),
            more: String::new(),
        }
    }

    fn server(self, server: &str) -> Self {
        Self { server: server.to_owned(), ..self }
    }

    fn cluster(self, line: &str) -> Self {
        Self { cluster: line.to_owned(), ..self }
    }

    fn user(self, lines: &str) -> Self {
        Self { user: lines.replace('\n', "\n    "), ..self }
    }

    fn yaml(&self) -> String {
        let ca = self.ca.as_ref().map(|pem| format!("certificate-authority-data: {}", STANDARD.encode(pem)));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: two\nclusters:\n- name: one\n  cluster: {{server: 'https://one.example.net'}}\n- name: two\n  cluster:\n    server: {}\n    {}\n    {}\ncontexts:\n- name: two\n  context: {{cluster: two, user: two}}\nusers:\n- name: one\n  user: {{token: the-other-users-token}}\n- name: two\n  user:\n    {}\n{}",
            self.server,
            ca.unwrap_or_default(),
            self.cluster,
            self.user,
            self.more,
        )
    }
}

fn sealed(yaml: &str) -> String {
    json!({"kubeconfigs": [{"name": "clusterUser", "value": STANDARD.encode(yaml)}]}).to_string()
}

/// An API that gives out this answer as its sealed one.
fn api(answer: impl Fn() -> String + Send + Sync + 'static) -> Server {
    serve(move |request| match request.path.as_str() {
        "/config" => Answer::json(200, answer()),
        "/token" => {
            Answer::json(200, format!(r#"{{"access_token":"{}","expires_in":300}}"#, STANDARD.encode(&request.body)))
        }
        _ => Answer::json(200, json!({"authorization": request.header("authorization")}).to_string()),
    })
}

/// Answers with what it was sent.
fn echo(request: Received) -> Answer {
    Answer::json(
        200,
        json!({"authorization": request.header("authorization"), "host": request.header("host")}).to_string(),
    )
}

fn bench(api: &Server, cluster: &Server) -> Bench {
    configured(api, cluster, &[])
}

fn configured(api: &Server, cluster: &Server, more: &[(&str, &str)]) -> Bench {
    let host = host(api);
    let fields = [&[("host", host.as_str()), ("own-secret", CLIENT_SECRET)], more].concat();
    let overrides = [NAME, "jump.example.com"].map(|name| AddressOverride {
        host: name.to_owned(),
        port: 443,
        address: cluster.address(),
    });
    Bench::of(MANIFEST, &fields, |options| options.overrides = overrides.to_vec()).unwrap()
}

fn connect(bench: &Bench) -> Result<Response, HttpError> {
    bench.read(Request { method: "POST".to_owned(), ..Request::get("/config") })
}

fn at_cluster(bench: &Bench, auth: &str) -> Result<Response, HttpError> {
    let (origin, auth) = (Some("cluster".to_owned()), (!auth.is_empty()).then(|| auth.to_owned()));
    bench.read(Request { origin, auth, ..Request::get("/api") })
}

fn body(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// What the operator is told when this answer is opened. The cluster must not have been spoken to.
#[track_caller]
fn refused(answer: String) -> String {
    let (api, cluster) = (api(move || answer.clone()), serve_as(&CLUSTER, &[NAME], echo));
    let bench = bench(&api, &cluster);
    assert!(connect(&bench).is_err());
    let told = bench.problem().to_string();
    assert!(matches!(at_cluster(&bench, "token"), Err(HttpError::Policy(_))), "nothing is learnt");
    assert_eq!(cluster.connections(), 0);
    assert!(!told.contains(TOKEN) && !told.contains("never-shown"), "{told}");
    told
}

#[test]
fn the_guest_uses_what_it_never_sees() {
    let (api, cluster) = (api(|| sealed(&Kubeconfig::new().yaml())), serve_as(&CLUSTER, &[NAME], echo));
    let bench = bench(&api, &cluster);
    let answer = connect(&bench).unwrap();
    let shown = json!({"server": format!("https://{NAME}:443"), "cluster": "two", "user": "two", "token": true, "client-certificate": false});
    assert_eq!(body(&answer), shown);
    let answer = at_cluster(&bench, "token").unwrap();
    assert_eq!(cluster.log()[0].request.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(body(&answer), json!({"authorization": "Bearer [masked cluster.token]", "host": NAME}));
}

#[test]
fn before_anything_is_learnt_the_origin_is_nowhere() {
    let (api, cluster) = (api(String::new), serve_as(&CLUSTER, &[NAME], echo));
    let bench = bench(&api, &cluster);
    assert!(matches!(at_cluster(&bench, "token"), Err(HttpError::Policy(_))));
    assert!(bench.problem().to_string().contains("`cluster`, which nothing has told the place of yet"));
    let by_url = Request { origin: Some(format!("https://{NAME}")), ..Request::get("/api") };
    assert!(matches!(bench.read(by_url), Err(HttpError::Policy(_))));
    assert_eq!(cluster.connections(), 0);
}

#[test]
fn its_own_authority_is_trusted_and_no_other() {
    let config = || sealed(&Kubeconfig::new().yaml());
    // For the right name by an authority that the operator trusts; for another name by the right authority.
    for (authority, name) in [(&*AUTHORITY, NAME), (&*CLUSTER, "c2.clusters.example.com")] {
        let (api, cluster) = (api(config), serve_as(authority, &[name], echo));
        let bench = bench(&api, &cluster);
        connect(&bench).unwrap();
        let answer = at_cluster(&bench, "token");
        assert!(matches!(answer, Err(HttpError::Tls(_))), "{name}: {answer:?}");
        assert_eq!(cluster.requests(), 0);
    }
    // And it vouches for nobody else.
    let impostor = serve_as(&CLUSTER, &["127.0.0.1"], echo);
    let (first, cluster) = (api(config), serve_as(&CLUSTER, &[NAME], echo));
    let bench = configured(&first, &cluster, &[]);
    connect(&bench).unwrap();
    let elsewhere = configured(&impostor, &cluster, &[]);
    assert!(matches!(elsewhere.read(Request::get("/things")), Err(HttpError::Tls(_))));
}

#[test]
fn a_server_elsewhere_is_refused() {
    for server in [
        "https://evil.example",
        "https://clusters.example.com",
        "https://evilclusters.example.com",
        "https://c1.clusters.example.com.evil.example",
        "https://c1.east.example.org",
        "https://127.0.0.1",
        "https://[::1]",
        "https://169.254.169.254",
        "https://c1.clusters.example.com/path",
        "https://user@c1.clusters.example.com",
        "https://c1.clusters.example.com?query",
        "http://c1.clusters.example.com",
        "c1.clusters.example.com",
        "https://api.example.com",
    ] {
        let told = refused(sealed(&Kubeconfig::new().server(server).yaml()));
        assert!(
            told.contains("POLICY-008") && told.contains("the sealed answer for `cluster` names"),
            "{server}: {told}"
        );
    }
}

#[test]
fn what_weakens_a_connection_is_refused() {
    for line in [
        "insecure-skip-tls-verify: true",
        "insecure-skip-tls-verify: yes",
        "insecure-skip-tls-verify: \"true\"",
        "Insecure-Skip-TLS-Verify: 1",
        "insecure-skip-tls-verify: [false]",
        "proxy-url: https://proxy.example.com",
        "tls-server-name: evil.example",
        "certificate-authority: /etc/ssl/ca.pem",
    ] {
        let told = refused(sealed(&Kubeconfig::new().cluster(line).yaml()));
        assert!(told.contains("POLICY-008") && told.contains("the kubeconfig"), "{line}: {told}");
    }
    for user in [
        "exec: {command: /bin/sh, args: [-c, never-shown]}",
        "exec: {command: kubelogin.sh}",
        "token: 0123456789\nas: system:admin",
        "tokenFile: /var/run/secrets/token",
        "client-certificate: /etc/cert.pem\nclient-key: /etc/key.pem",
    ] {
        let told = refused(sealed(&Kubeconfig::new().user(user).yaml()));
        assert!(told.contains("POLICY-008") && told.contains("the kubeconfig"), "{user}: {told}");
    }
    let told = refused(sealed(&Kubeconfig { ca: None, ..Kubeconfig::new() }.yaml()));
    assert!(told.contains("names no certificate authority"), "{told}");
    let fine = sealed(&Kubeconfig::new().cluster("insecure-skip-tls-verify: false").yaml());
    let (api, cluster) = (api(move || fine.clone()), serve_as(&CLUSTER, &[NAME], echo));
    let bench = bench(&api, &cluster);
    connect(&bench).unwrap();
    assert_eq!(at_cluster(&bench, "token").unwrap().status, 200);
}

#[test]
fn what_is_no_kubeconfig_ends_the_run_and_is_not_repeated() {
    let bomb = "a: &a [never-shown,never-shown]\nb: &b [*a,*a,*a]\nkind: Config\n";
    let large = format!("kind: Config\nx: '{}'\n", "never-shown".repeat(100_000));
    let yaml = |text: &str| sealed(text);
    for (answer, why) in [
        (json!({"kubeconfigs": [{"value": "never-shown!!"}]}).to_string(), "is not base64"),
        (json!({"kubeconfigs": [{"value": STANDARD.encode(b"\xff\xfe")}]}).to_string(), "is not text"),
        (json!({"kubeconfigs": []}).to_string(), "has no text at `/kubeconfigs/0/value`"),
        (json!({"kubeconfigs": [{"value": ["never-shown"]}]}).to_string(), "has no text at"),
        ("never-shown".to_owned(), "is no JSON"),
        (yaml("kind: Secret\ndata: never-shown\n"), "is no kubeconfig"),
        (yaml("kind: Config\n"), "has no context"),
        (yaml(bomb), "anchors, aliases or tags"),
        (yaml(&large), "is larger than"),
        (yaml("kind: Config\nkind: Config\n"), "the same name twice"),
        (yaml("kind: Config\n---\nkind: Config\n"), "more than one YAML document"),
        (yaml(&format!("kind: {}", "[".repeat(5_000))), "is not YAML"),
        (yaml("kind: \"never-shown"), "is not YAML"),
        (yaml(&Kubeconfig::new().user("client-key-data: bmV2ZXItc2hvd24=").yaml()), "without its certificate"),
        (yaml(&Kubeconfig::new().user("token: abc").yaml()), "too short"),
        (yaml(&Kubeconfig { ca: Some("never-shown".to_owned()), ..Kubeconfig::new() }.yaml()), "is no certificate"),
        (
            yaml(&Kubeconfig::new().user("exec: {command: kubelogin, args: [--server-id, 'a b?c']}").yaml()),
            "do not belong",
        ),
    ] {
        let told = refused(answer);
        assert!(told.contains("SEAL-001") && told.contains(why), "{why}: {told}");
    }
}

#[test]
fn base64_with_line_breaks_and_without_padding_is_read() {
    let encoded = STANDARD.encode(Kubeconfig::new().yaml());
    let lines: Vec<String> = encoded
        .trim_end_matches('=')
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let answer = json!({"kubeconfigs": [{"value": lines.join("\r\n")}]}).to_string();
    let (api, cluster) = (api(move || answer.clone()), serve_as(&CLUSTER, &[NAME], echo));
    let bench = bench(&api, &cluster);
    connect(&bench).unwrap();
    assert_eq!(at_cluster(&bench, "token").unwrap().status, 200);
}

#[test]
fn secrets_in_unexpected_places_are_masked_too() {
    let strange = "token: 0f1e2d3c4b5a69788796a5b4c3d2e1f0\npassword: hunter2\nauth-provider: {name: azure, config: {apiserver-id: id-1, refresh-token: never-shown-1234567890}}";
    let mut config = Kubeconfig::new().user(strange);
    config.more = format!("preferences: {{note: {TOKEN}}}\n");
    let yaml = config
        .yaml()
        .replace("name: two", &format!("name: two-{TOKEN}"))
        .replace("two, user: two", &format!("two-{TOKEN}, user: two-{TOKEN}"));
    let yaml = yaml.replace("current-context: two", &format!("current-context: two-{TOKEN}"));
    let cluster = serve_as(&CLUSTER, &[NAME], |_| {
        Answer::json(200, r#"{"a":"the-other-users-token","b":"never-shown-1234567890","c":"hunter2","d":"id-1"}"#)
    });
    let answer = sealed(&yaml);
    let api = api(move || answer.clone());
    let bench = bench(&api, &cluster);
    let shown = String::from_utf8(connect(&bench).unwrap().body).unwrap();
    assert!(!shown.contains(TOKEN) && shown.contains("two-[masked cluster.token]"), "{shown}");
    let answer = body(&at_cluster(&bench, "token").unwrap());
    for key in ["a", "b", "c"] {
        assert!(answer[key].as_str().unwrap().starts_with("[masked cluster."), "{answer}");
    }
    assert_eq!(answer["d"], "id-1");
}

#[test]
fn a_client_certificate_is_shown_with_its_key() {
    let identity = CLUSTER.client("masterclient").unwrap();
    let encode = |text: &str| STANDARD.encode(text);
    let user = format!(
        "client-certificate-data: {}\nclient-key-data: {}",
        encode(&identity.certificate),
        encode(&identity.key)
    );
    let yaml = Kubeconfig::new().user(&user).yaml();
    let known = CLUSTER.server_for_known_clients(&[NAME]).unwrap();
    let key = identity.key.clone();
    let repeated = key.clone();
    let cluster = Server::start(Transport::Tls(known), move |_| {
        let text = json!({"key": repeated, "base64": STANDARD.encode(&repeated)}).to_string();
        std::future::ready(Answer::json(200, text))
    })
    .unwrap();
    let api = api(move || sealed(&yaml));
    let bench = bench(&api, &cluster);
    let document = body(&connect(&bench).unwrap());
    assert_eq!((document["client-certificate"].clone(), document["token"].clone()), (json!(true), json!(false)));
    assert!(at_cluster(&bench, "").is_err(), "the server wants a certificate");
    let answer = body(&at_cluster(&bench, "certificate").unwrap());
    assert!(answer["key"].as_str().unwrap().contains("[masked cluster."), "{answer}");
    assert!(answer["base64"].as_str().unwrap().contains("[masked cluster."), "{answer}");
    assert!(!answer.to_string().contains(key.lines().nth(1).unwrap()));
}

#[test]
fn what_is_learnt_again_replaces_what_was_known() {
    let other = Authority::new().unwrap();
    let second = Kubeconfig { ca: Some(other.certificate()), ..Kubeconfig::new().user("username: somebody") }.yaml();
    let times = AtomicUsize::new(0);
    let api = api(move || match times.fetch_add(1, Ordering::SeqCst) {
        0 => sealed(&Kubeconfig::new().yaml()),
        _ => sealed(&second),
    });
    let old = serve_as(&CLUSTER, &[NAME], |_| Answer::json(200, format!(r#"{{"old":"{TOKEN}"}}"#)));
    let bench = bench(&api, &old);
    connect(&bench).unwrap();
    assert_eq!(at_cluster(&bench, "token").unwrap().status, 200);
    connect(&bench).unwrap();
    // The old certificate does not serve any more, neither does the old token, which stays masked.
    assert!(matches!(at_cluster(&bench, ""), Err(HttpError::Tls(_))));
    let answer = at_cluster(&bench, "token");
    assert!(matches!(&answer, Err(HttpError::Tls(_) | HttpError::Connect(_))), "{answer:?}");
    let masked = bench.configuration.secrets().masker().mask_text(TOKEN).into_owned();
    assert!(masked.starts_with("[masked"), "{masked}");
    assert!(bench.configuration.secrets().get("cluster.token").is_none());
}

#[test]
fn the_operators_own_url_counts_instead_and_its_certificates_too() {
    let config = || sealed(&Kubeconfig::new().server("https://elsewhere.example").yaml());
    let url = ("cluster-url", "https://jump.example.com/k8s");
    let jump = ["jump.example.com"];
    let answers = |request: Received| {
        assert_eq!(request.path, "/k8s/api");
        Answer::json(200, "{}")
    };
    let pem = AUTHORITY.certificate();
    for (authority, fields) in [(&*CLUSTER, vec![url]), (&*AUTHORITY, vec![url, ("cluster-ca", pem.as_str())])] {
        let (api, cluster) = (api(config), serve_as(authority, &jump, answers));
        let bench = configured(&api, &cluster, &fields);
        connect(&bench).unwrap();
        assert_eq!(at_cluster(&bench, "token").unwrap().status, 200);
    }
    let (api, cluster) = (api(config), serve_as(&CLUSTER, &jump, answers));
    let bench = configured(&api, &cluster, &[url, ("cluster-ca", &pem)]);
    connect(&bench).unwrap();
    assert!(matches!(at_cluster(&bench, "token"), Err(HttpError::Tls(_))));
}

#[test]
fn a_learnt_host_may_be_private_but_not_this_machine() {
    let (api, cluster) = (api(|| sealed(&Kubeconfig::new().yaml())), serve_as(&CLUSTER, &[NAME], echo));
    let (host, address) = (host(&api), cluster.address());
    let fields = [("host", host.as_str()), ("own-secret", CLIENT_SECRET)];
    let bench = Bench::of(MANIFEST, &fields, |options| {
        options.allowed_addresses = vec![format!("{}/32", api.address().ip()).parse().unwrap()];
        options.overrides = vec![AddressOverride {
            host: NAME.to_owned(),
            port: 443,
            address: format!("127.0.0.2:{}", address.port()).parse().unwrap(),
        }];
    })
    .unwrap();
    connect(&bench).unwrap();
    assert!(matches!(at_cluster(&bench, "token"), Err(HttpError::Policy(_))));
    let told = bench.problem().to_string();
    assert!(told.contains("POLICY-005") && told.contains("loopback"), "{told}");
}

#[test]
fn tokens_are_for_the_scope_of_the_cloud_and_of_what_the_kubeconfig_names() {
    for (args, id) in [
        ("[get-token, --login, devicecode, --server-id, 11112222-aaaa, --client-id, x]", "11112222-aaaa"),
        ("[get-token, --server-id=33334444-bbbb]", "33334444-bbbb"),
    ] {
        let user =
            format!("exec: {{command: /usr/local/bin/kubelogin, args: {args}, env: null, provideClusterInfo: false}}");
        let yaml = Kubeconfig::new().user(&user).yaml();
        let (api, cluster) = (api(move || sealed(&yaml)), serve_as(&CLUSTER, &[NAME], echo));
        let bench = configured(&api, &cluster, &[("cloud", "west")]);
        assert_eq!(body(&connect(&bench).unwrap())["server-id"], id);
        for _ in 0..2 {
            assert_eq!(at_cluster(&bench, "login").unwrap().status, 200);
            assert_eq!(
                bench.read(Request { auth: Some("api".to_owned()), ..Request::get("/things") }).unwrap().status,
                200
            );
        }
        let forms: Vec<String> = api
            .log()
            .iter()
            .filter(|exchange| exchange.request.path == "/token")
            .map(|exchange| String::from_utf8_lossy(&exchange.request.body).into_owned())
            .collect();
        assert_eq!(forms.len(), 2, "one token for each scope: {forms:?}");
        let secret = "client_secret=the%7Eclient%27s%2Bsecret%2F%3Dvalue";
        assert!(forms[0].contains(&format!("scope={id}%2F.default")) && forms[0].contains(secret), "{forms:?}");
        assert!(forms[1].contains("scope=https%3A%2F%2Fwest.example.com%2F.default"), "{forms:?}");
    }
    // Another cloud: other tokens, other hosts.
    let config = || sealed(&Kubeconfig::new().server("https://c1.east.example.org").yaml());
    let (api, cluster) = (api(config), serve_as(&CLUSTER, &[NAME], echo));
    let bench = configured(&api, &cluster, &[("cloud", "east")]);
    connect(&bench).unwrap();
    bench.read(Request { auth: Some("api".to_owned()), ..Request::get("/things") }).unwrap();
    let log = api.log();
    let form = log.iter().find(|exchange| exchange.request.path == "/token").unwrap();
    assert!(String::from_utf8_lossy(&form.request.body).contains("scope=https%3A%2F%2Feast.example.org%2F.default"));
}
