//! A connector "acme", a server for it, and a clock that jumps instead of waiting.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use accord_fixtures::server::{Request as Received, Response as Answer, Server, Transport};
use accord_fixtures::tls::Authority;
use accord_runtime::Problem;
use accord_runtime::clock::Clock;
use accord_runtime::configuration::Configuration;
use accord_runtime::http::{Activity, Gateway, HttpError, NetworkOptions, Phase, Proxies, Request, Response};
use accord_runtime::manifest::Export;
use futures::future::BoxFuture;

use crate::acme;

pub(super) const SECRET: &str = "s3cr3t/+key \"of\" acme & <sons>";

const MANIFEST: &str = r#"
[limits]
max-response-bytes = 100000

[[config]]
name = "host"
kind = "hostname"
required = true

[[config]]
name = "user"
kind = "text"
default = "root"

[[config]]
name = "key"
kind = "secret"
required = true

[[config]]
name = "client-certificate"
kind = "certificates"

[[config]]
name = "client-key"
kind = "secret"

[[config]]
name = "anchor"
kind = "certificates"

[[origin]]
name = "api"
url = "https://{host}"
cookies = true
certificates = "anchor"

[[origin]]
name = "other"
url = "https://other.example.com"

[[credential]]
id = "key"
kind = "header"
origins = ["api"]
headers = { X-Api-Key = "{key}" }

[[credential]]
id = "login"
kind = "basic"
origins = ["api"]
username = "{user}"
password = "{key}"

[[credential]]
id = "signed"
kind = "hmac"
origins = ["api"]
key = "key"
algorithm = "sha512"
date = "rfc2822"
query = "rfc3986-sorted"
lines = ["{date}", "{method}", "{host}", "{path}", "{query}", "{body-sha512}"]
headers = { Date = "{date}", Authorization = "Mac {user}:{mac-hex}" }

[[credential]]
id = "token"
kind = "oauth2"
origins = ["api"]
token-origin = "api"
token-path = "/token"
client-auth = "basic"
client-id = "{user}"
client-secret = "{key}"
fields = { grant_type = "client_credentials" }

[[credential]]
id = "certificate"
kind = "tls"
origins = ["api"]
certificate = "client-certificate"
key = "client-key"

[[rate]]
name = "pages"
per-minute = 60000
burst = 1000
in-flight = 4
headers = { remaining = "x-ratelimit-remaining", reset = "x-ratelimit-reset", low-water = 1 }

[[egress]]
origin = "api"
methods = ["GET"]
paths = ["/things", "/things/*", "/hops/**"]
content-type = "application/json"
rate = "pages"

[[egress]]
origin = "api"
methods = ["POST"]
paths = ["/search"]
repeatable = true
content-type = "application/json"
rate = "pages"
withhold = ["/items/*/seed"]

[[egress]]
origin = "api"
methods = ["POST"]
paths = ["/v1/$batch"]
repeatable = true
inspect = "odata-batch"

[[egress]]
origin = "api"
methods = ["GET"]
paths = ["/v1/users/*"]

[[egress]]
origin = "api"
methods = ["POST", "DELETE"]
paths = ["/things", "/things/*"]
when = ["grant"]
rate = "pages"

[[egress]]
origin = "api"
methods = ["DELETE"]
paths = ["/v1/users/*"]
when = ["grant"]

[[egress]]
origin = "api"
methods = ["PUT"]
paths = ["/lists/*"]
when = ["grant"]
repeatable = false
rate = "pages"
"#;

pub(super) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());

/// A clock that jumps over every wait and remembers how long it was.
#[derive(Debug)]
pub(super) struct JumpingClock {
    start: SystemTime,
    past: Mutex<Duration>,
    slept: Mutex<Vec<Duration>>,
    /// Waits never end.
    pub(super) stands_still: AtomicBool,
}

impl JumpingClock {
    pub(super) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    pub(super) fn slept_seconds(&self) -> Vec<u64> {
        self.slept().iter().map(Duration::as_secs).collect()
    }

    pub(super) fn advance(&self, by: Duration) {
        *self.past.lock().unwrap() += by;
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> SystemTime {
        self.start + *self.past.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        *self.past.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.stands_still.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            self.slept.lock().unwrap().push(duration);
            self.advance(duration);
            tokio::task::yield_now().await;
        })
    }
}

/// A gateway and what it needs.
pub(super) struct Bench {
    pub(super) gateway: Arc<Gateway>,
    pub(super) clock: Arc<JumpingClock>,
    pub(super) activity: Activity,
    pub(super) configuration: Arc<Configuration>,
    pub(super) options: NetworkOptions,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// For a server at this host, on loopback.
    pub(super) fn new(host: &str) -> Self {
        Self::with(host, |_| {})
    }

    pub(super) fn with(host: &str, change: impl FnOnce(&mut NetworkOptions)) -> Self {
        Self::try_with(host, change).unwrap()
    }

    pub(super) fn try_with(host: &str, change: impl FnOnce(&mut NetworkOptions)) -> Result<Self, Problem> {
        Self::configured(&[("host", host), ("key", SECRET)], change)
    }

    pub(super) fn configured(
        fields: &[(&str, &str)],
        change: impl FnOnce(&mut NetworkOptions),
    ) -> Result<Self, Problem> {
        Self::of(MANIFEST, fields, change)
    }

    /// For an Acme whose manifest says something else.
    pub(super) fn of(
        manifest: &str,
        fields: &[(&str, &str)],
        change: impl FnOnce(&mut NetworkOptions),
    ) -> Result<Self, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let certificates = folder.path().join("ca.pem");
        AUTHORITY.write(&certificates).unwrap();
        let mut options = NetworkOptions {
            certificate_files: vec![certificates],
            allowed_addresses: vec!["127.0.0.0/8".parse().unwrap()],
            proxies: Proxies::Never,
            ..NetworkOptions::default()
        };
        change(&mut options);
        let manifest = Arc::new(acme::manifest(manifest));
        let configuration = Arc::new(Configuration::build(&manifest, &acme::given(fields)).unwrap());
        let clock = Arc::new(JumpingClock {
            start: SystemTime::UNIX_EPOCH + Duration::from_secs(1_785_835_800),
            past: Mutex::new(Duration::from_secs(1_000)),
            slept: Mutex::default(),
            stands_still: AtomicBool::new(false),
        });
        let activity = Activity::default();
        let gateway = Gateway::new(
            manifest,
            Arc::clone(&configuration),
            options.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            activity.clone(),
        )?;
        Ok(Self { gateway: Arc::new(gateway), clock, activity, configuration, options, _folder: folder })
    }

    /// Sends while collecting.
    pub(super) fn read(&self, request: Request) -> Result<Response, HttpError> {
        self.send(&Phase::new(Export::Read, false, "things page 1"), request)
    }

    pub(super) fn send(&self, phase: &Phase, request: Request) -> Result<Response, HttpError> {
        block_on(self.gateway.send(phase, request))
    }

    /// The problem that stops the run, as the operator sees it.
    pub(super) fn problem(&self) -> Problem {
        self.gateway.take_problem(false).expect("nothing stops the run")
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    RUNTIME.block_on(future)
}

/// A server on loopback TLS for a name, an address, and whatever else a test calls it.
pub(super) fn serve(handler: impl Fn(Received) -> Answer + Send + Sync + 'static) -> Server {
    let names = ["127.0.0.1", "localhost", "api.example.com", "other.example.com"];
    serve_as(&AUTHORITY, &names, handler)
}

/// A server that an authority vouches for, under these names.
pub(super) fn serve_as(
    authority: &Authority,
    names: &[&str],
    handler: impl Fn(Received) -> Answer + Send + Sync + 'static,
) -> Server {
    let config = authority.server(names).unwrap();
    Server::start(Transport::Tls(config), move |request| std::future::ready(handler(request))).unwrap()
}

/// The server's host and port.
pub(super) fn host(server: &Server) -> String {
    server.address().to_string()
}

pub(super) fn get(path: &str) -> Request {
    Request::get(path)
}

pub(super) fn with_auth(path: &str, credential: &str) -> Request {
    Request { auth: Some(credential.to_owned()), ..get(path) }
}

/// An address of this machine where nobody listens.
pub(super) fn nobody() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
