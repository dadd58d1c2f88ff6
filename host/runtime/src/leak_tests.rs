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
use crate::http::{Activity, NetworkOptions, Proxies};
use crate::limits::Limits;
use crate::plugin::Package;
use crate::sync::{AllowedGaps, Indexes, Progress, Report, Scope, Setup, SyncOptions, TapeMode, sync};
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

/// Runs a sync in an engine whose memories are searched, for the secret and for what the guest may know. Returns how it
/// ended, how often each of the two was found, and how many bytes were searched.
fn searched(
    component: &Path,
    settings: &[(&str, String)],
    ca_file: &Path,
    secret: &str,
    known: &str,
) -> (Result<Report, Problem>, Vec<String>, usize, usize) {
    let mut needles = forms(secret);
    let control = format!("needle {} ", needles.len());
    needles.push(known.as_bytes().to_vec());
    let watch = Watch::for_needles(needles);
    let memory = Arc::new(watch.clone());
    let engine = Engine::with(None, |config| {
        // Memory of our own cannot begin as an image of a file.
        config.with_host_memory(memory).memory_init_cow(false);
    })
    .unwrap();
    let package = Package::read(component).unwrap();
    let given: Vec<(String, Given)> = settings
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Given::new(Source::Flag((*name).to_owned()), text.clone())))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let (_keep, stop) = tokio::sync::watch::channel(None);
    let setup = Setup {
        engine: &engine,
        package: &package,
        configuration: Arc::new(Configuration::build(&package.manifest, &given).unwrap()),
        network: NetworkOptions {
            certificate_files: vec![ca_file.to_owned()],
            allowed_addresses: vec!["127.0.0.0/8".parse().unwrap()],
            proxies: Proxies::Never,
            ..NetworkOptions::default()
        },
        clock: Arc::new(SystemClock::new(1_000.0)),
        stop,
        progress: Progress::default(),
        activity: Activity::default(),
        limits: Limits::default(),
    };
    let options = SyncOptions {
        target: folder.path().join("sync.c1z"),
        work_folder: None,
        workers: 2,
        scope: Scope::default(),
        expand_grants: true,
        indexes: Indexes::All,
        allowed_gaps: AllowedGaps::None,
        tape: TapeMode::Off,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome = runtime.block_on(sync(setup, options));
    // Instances go with the tasks that hold them.
    drop(runtime);
    let (hits, bytes) = watch.result();
    let (controls, leaks): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| hit.starts_with(&control));
    (outcome, leaks, controls.len(), bytes)
}

/// The size of a small guest's memory; what is searched is at least that.
const AT_LEAST: usize = 1 << 20;

#[test]
fn a_full_sync_of_a_target_that_repeats_the_secret_leaves_no_byte_of_it_in_guests() {
    let keys = Keys { integration_key: KNOWN.to_owned(), secret_key: SECRET.to_owned() };
    let server = DuoServer::start(World::vendor_examples(), Options { keys, ..Options::default() }).unwrap();
    let settings =
        [("api-hostname", server.host()), ("integration-key", KNOWN.to_owned()), ("secret-key", SECRET.to_owned())];
    let component = accord_fixtures::components::plugins_dir().join("duo.wasm");
    for echo in [false, true] {
        if echo {
            server.faults().add(Rule::on("*", Fault::Echo));
        }
        let (outcome, leaks, controls, bytes) = searched(&component, &settings, server.ca_file(), SECRET, KNOWN);
        assert_eq!(outcome.unwrap().counts.grants, 8);
        assert_eq!(leaks, Vec::<String>::new());
        assert!(bytes > AT_LEAST, "{bytes} bytes were searched");
        assert!(controls > 0, "what the guest knows was not found, so the search finds nothing");
    }
}

#[test]
fn a_guest_that_looks_for_the_secret_has_no_byte_of_it() {
    let victim = Victim::start().unwrap();
    let component = accord_fixtures::components::guests_dir().join("hostile.wasm");
    for mode in ["print-everything", "secret-in-query", "fetch", "secret-in-body", "panic", "recurse", "look-around"] {
        let settings =
            [("mode", mode.to_owned()), ("base-url", victim.allowed().origin()), ("token", victim.token().to_owned())];
        let origin = victim.allowed().origin();
        let (_, leaks, controls, bytes) = searched(&component, &settings, victim.ca_file(), victim.token(), &origin);
        assert_eq!(leaks, Vec::<String>::new(), "{mode}");
        assert!(bytes > AT_LEAST, "{mode}: {bytes} bytes were searched");
        assert!(controls > 0, "{mode}: what the guest knows was not found, so the search finds nothing");
    }
}
