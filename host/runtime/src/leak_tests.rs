//! Guests' memory is searched when they are done: whatever a target sends back, no byte of a secret was ever in it.

use std::path::Path;
use std::sync::Arc;

use accord_fixtures::duo::{DuoServer, Fault, Keys, Options, Rule, World};
use accord_fixtures::victim::Victim;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::Problem;
use crate::clock::SystemClock;
use crate::configuration::{Configuration, Given, Source};
use crate::engine::Engine;
use crate::http::{Activity, AddressOverride, NetworkOptions, Proxies};
use crate::limits::Limits;
use crate::plugin::Package;
use crate::sync::{Progress, Report, Setup, SyncOptions, sync};
use crate::watched_memory::Watch;

/// Written so that its URL encoding differs from itself.
const SECRET: &str = "s3cr3t/+&=% of forty characters-01234567";

/// What the guest is told, so that the search can be seen to find something.
const KNOWN: &str = "DIMEMORYEXAMPLE00000";

/// The secret in its usual forms.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url.replace('+', "%20"), url];
    for before in ["", "x", "xx"] {
        // The characters at both ends depend on what stands around.
        let text = STANDARD_NO_PAD.encode(format!("{before}{secret}"));
        forms.push(text[4..text.len() - 4].to_owned());
    }
    // Half a secret is a leak, too.
    forms.push(secret[..16].to_owned());
    forms.push(secret[secret.len() - 16..].to_owned());
    forms.into_iter().map(String::into_bytes).collect()
}

/// An engine whose memories are searched for a secret, and for what guests may know.
struct Search {
    engine: Engine,
    watch: Watch,
    /// How hits of what guests may know begin.
    control: String,
    /// So that a component is compiled once.
    _cache: tempfile::TempDir,
}

/// What was found so far.
struct Found {
    leaks: Vec<String>,
    /// Places with what guests may know.
    known: usize,
    bytes: usize,
}

impl Search {
    fn new(secret: &str, known: &str) -> Self {
        Self::for_all(&[secret], known)
    }

    fn for_all(secrets: &[&str], known: &str) -> Self {
        let mut needles: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let control = format!("needle {} ", needles.len());
        needles.push(known.as_bytes().to_vec());
        let watch = Watch::for_needles(needles);
        let memory = Arc::new(watch.clone());
        let cache = tempfile::tempdir().unwrap();
        let engine = Engine::with(Some(cache.path()), |config| {
            // Memory of our own cannot begin as an image of a file.
            config.with_host_memory(memory).memory_init_cow(false);
        });
        Self { engine: engine.unwrap(), watch, control, _cache: cache }
    }

    fn found(&self) -> Found {
        let (hits, bytes) = self.watch.result();
        let (known, leaks): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| hit.starts_with(&self.control));
        Found { leaks, known: known.len(), bytes }
    }

    /// Runs a sync until every instance is gone.
    fn sync(&self, package: &Package, settings: &[(&str, String)], ca_file: &Path) -> Result<Report, Problem> {
        self.sync_at(package, settings, ca_file, &[])
    }

    /// The same, where names are elsewhere: `HOST:PORT=ADDRESS:PORT`.
    fn sync_at(
        &self,
        package: &Package,
        settings: &[(&str, String)],
        ca_file: &Path,
        addresses: &[String],
    ) -> Result<Report, Problem> {
        let given: Vec<(String, Given)> = settings
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Given::new(Source::Flag((*name).to_owned()), text.clone())))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let (_keep, stop) = tokio::sync::watch::channel(None);
        let setup = Setup {
            engine: &self.engine,
            package,
            configuration: Arc::new(Configuration::build(&package.manifest, &given).unwrap()),
            network: NetworkOptions {
                certificate_files: vec![ca_file.to_owned()],
                allowed_addresses: vec!["127.0.0.0/8".parse().unwrap()],
                proxies: Proxies::Never,
                overrides: addresses.iter().map(|text| elsewhere(text)).collect(),
                ..NetworkOptions::default()
            },
            clock: Arc::new(SystemClock::new(1_000.0)),
            stop,
            progress: Progress::default(),
            activity: Activity::default(),
            limits: Limits::default(),
        };
        let options = SyncOptions { workers: 2, ..SyncOptions::new(folder.path().join("sync.c1z")) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(sync(setup, options))
    }
}

fn elsewhere(text: &str) -> AddressOverride {
    let (name, address) = text.split_once('=').unwrap();
    let (host, port) = name.split_once(':').unwrap();
    AddressOverride { host: host.to_owned(), port: port.parse().unwrap(), address: address.parse().unwrap() }
}

/// The size of a small guest's memory; what is searched is at least that.
const AT_LEAST: usize = 1 << 20;

#[test]
fn a_full_sync_of_a_target_that_repeats_the_secret_leaves_no_byte_of_it_in_guests() {
    let keys = Keys { integration_key: KNOWN.to_owned(), secret_key: SECRET.to_owned() };
    let server = DuoServer::start(World::vendor_examples(), Options { keys, ..Options::default() }).unwrap();
    let settings =
        [("api-hostname", server.host()), ("integration-key", KNOWN.to_owned()), ("secret-key", SECRET.to_owned())];
    let package = Package::read(&accord_fixtures::components::plugins_dir().join("duo.wasm")).unwrap();
    let search = Search::new(SECRET, KNOWN);
    for echo in [false, true] {
        if echo {
            server.faults().add(Rule::on("*", Fault::Echo));
        }
        let before = search.found();
        let report = search.sync(&package, &settings, server.ca_file()).unwrap();
        assert_eq!(report.counts.grants, 8);
        let found = search.found();
        assert_eq!(found.leaks, Vec::<String>::new());
        assert!(found.bytes > before.bytes + AT_LEAST, "{} bytes were searched", found.bytes);
        assert!(found.known > before.known, "what the guest knows was not found, so the search finds nothing");
    }
}

/// A kubeconfig is opened by the host: neither its token nor a line of its key nor the client's secret was ever in a guest,
/// although every API repeats them.
#[test]
fn what_a_sealed_answer_holds_never_was_in_a_guest() {
    use accord_fixtures::azure::{self, AksServer};
    const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0-local-account";
    let mut world = azure::World::examples();
    world.cluster.entra = false;
    world.directory.groups.iter_mut().for_each(|group| group.hidden = false);
    let options = azure::Options { static_token: Some(TOKEN.to_owned()), ..azure::Options::default() };
    let keys = azure::Keys { client_secret: SECRET.to_owned(), ..options.keys.clone() };
    let server = AksServer::start(world, azure::Options { keys, ..options }).unwrap();
    server.faults().add(azure::Rule::on("*", azure::Fault::Echo));
    let cluster = server.world().cluster;
    let settings = [
        ("subscription-id", cluster.subscription),
        ("resource-group", cluster.resource_group),
        ("cluster-name", cluster.name),
        ("tenant-id", cluster.tenant),
        ("sp-client-id", server.keys().client_id),
        ("sp-client-secret", SECRET.to_owned()),
    ];
    let package = Package::read(&accord_fixtures::components::plugins_dir().join("aks.wasm")).unwrap();
    let key = server.client_key();
    let line = key.lines().nth(1).unwrap();
    let search = Search::for_all(&[SECRET, TOKEN, line], &server.world().cluster.subscription);
    let report = search.sync_at(&package, &settings, server.ca_file(), &server.addresses()).unwrap();
    assert!(report.counts.grants > 50);
    let found = search.found();
    assert_eq!(found.leaks, Vec::<String>::new());
    assert!(found.bytes > AT_LEAST, "{} bytes were searched", found.bytes);
    assert!(found.known > 0, "what the guest knows was not found, so the search finds nothing");
}

fn hostile() -> Package {
    Package::read(&accord_fixtures::components::guests_dir().join("hostile.wasm")).unwrap()
}

fn settings(victim: &Victim, mode: &str, token: &str) -> [(&'static str, String); 3] {
    [("mode", mode.to_owned()), ("base-url", victim.allowed().origin()), ("token", token.to_owned())]
}

#[test]
fn a_guest_that_looks_for_the_secret_has_no_byte_of_it() {
    let (victim, package) = (Victim::start().unwrap(), hostile());
    let search = Search::new(victim.token(), &victim.allowed().origin());
    for mode in ["print-everything", "secret-in-query", "fetch", "secret-in-body", "panic", "recurse", "look-around"] {
        let before = search.found();
        // How it ends is another test's business.
        let _ = search.sync(&package, &settings(&victim, mode, victim.token()), victim.ca_file());
        let found = search.found();
        assert_eq!(found.leaks, Vec::<String>::new(), "{mode}");
        assert!(found.bytes > before.bytes + AT_LEAST, "{mode}: {} bytes were searched", found.bytes);
        assert!(found.known > before.known, "{mode}: what the guest knows was not found");
    }
}

/// The same answers when the host does not know that they hold a secret.
#[test]
fn without_the_host_the_search_would_find_it() {
    let (victim, package) = (Victim::start().unwrap(), hostile());
    let search = Search::new(victim.token(), &victim.allowed().origin());
    search.sync(&package, &settings(&victim, "fetch", "quite-another-token"), victim.ca_file()).unwrap();
    assert!(!search.found().leaks.is_empty());
}
