//! One HTTP client for each origin and TLS profile, built when it is first needed.
//!
//! A client of its own gives each origin its own resolver, so that policy, overrides and pooled connections of one
//! never serve another.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;

use super::options::{NetworkOptions, Proxies};
use super::resolver::{OriginResolver, Resolver, system_lookup};
use super::tls::{ClientIdentity, Trust, profile};
use crate::configuration::Configuration;
use crate::manifest::{Credential, Recipe};
use crate::policy::{Place, PolicyViolation, literal};
use crate::problem::Problem;

/// Name, TCP and TLS together. Real time: it bounds the network's work, not a wait of ours.
const CONNECT: Duration = Duration::from_secs(10);

/// How to reach one origin.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) client: reqwest::Client,
    /// Scheme and host, and the port unless an override stands in for it.
    pub(super) base: String,
    /// Where the base lacks the port that the target should see.
    pub(super) host: Option<HeaderValue>,
}

/// What tells clients apart: the origin's name, the credential with a client certificate, and when the origin was learnt.
type Profile = (String, Option<String>, u64);

/// Why there is no client.
#[derive(Debug)]
pub(super) enum NoRoute {
    Policy(PolicyViolation),
    Tls(String),
}

#[derive(Debug)]
pub(super) struct Clients {
    plugin: String,
    agent: String,
    trust: Trust,
    options: NetworkOptions,
    routes: Mutex<BTreeMap<Profile, Arc<Route>>>,
}

impl Clients {
    pub(super) fn new(plugin: &str, version: &str, options: NetworkOptions) -> Result<Self, Problem> {
        Ok(Self {
            plugin: plugin.to_owned(),
            agent: format!("{plugin}/{version} accord/{}", env!("CARGO_PKG_VERSION")),
            trust: Trust::new(&options.certificate_files)?,
            options,
            routes: Mutex::default(),
        })
    }

    /// The client for an origin, with the client certificate of a credential that has one.
    pub(super) fn route(
        &self,
        place: &Place,
        credential: Option<&Credential>,
        configuration: &Configuration,
    ) -> Result<Arc<Route>, NoRoute> {
        let tls = credential.filter(|credential| matches!(credential.recipe, Recipe::Tls { .. }));
        let generation = place.pinned.as_ref().map_or(0, |pinned| pinned.generation);
        let key = (place.name.clone(), tls.map(|credential| credential.id.clone()), generation);
        // Building holds the lock: workers that start together would otherwise build one client each.
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(&key) {
            return Ok(Arc::clone(route));
        }
        let route = Arc::new(self.build(place, tls, configuration)?);
        routes.retain(|(name, _, of), _| *name != place.name || *of == generation);
        routes.insert(key, Arc::clone(&route));
        Ok(route)
    }

    fn build(
        &self,
        place: &Place,
        credential: Option<&Credential>,
        configuration: &Configuration,
    ) -> Result<Route, NoRoute> {
        let rule = place.address_rule(&self.options.allowed_addresses);
        if let Some(address) = literal(&place.host) {
            rule.check(address).map_err(|kind| {
                NoRoute::Policy(address_refused(&self.plugin, &place.host_and_port(), &address.to_string(), kind))
            })?;
        }
        let override_address = self.override_of(place);
        let resolver = OriginResolver { host: place.host.to_string(), rule, override_address, lookup: system_lookup() };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.profile(place, credential, configuration).map_err(NoRoute::Tls)?)
            .dns_resolver(Arc::new(Resolver(Arc::new(resolver))))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(true)
            .connect_timeout(CONNECT)
            .user_agent(&self.agent);
        let (mut base, mut host) = (format!("https://{}", place.authority()), None);
        builder = match (&self.options.proxies, override_address) {
            (_, Some(_)) => {
                // A port in the URL would win over the override's: leave it out, and tell the target in `Host`. HTTP/2
                // has no other place for it than the URL.
                if place.port != 443 {
                    base = format!("https://{}", place.host);
                    host = HeaderValue::from_str(&place.authority()).ok();
                    builder = builder.http1_only();
                }
                builder.no_proxy()
            }
            (Proxies::Never, None) => builder.no_proxy(),
            (Proxies::Always(proxy), None) => {
                self.warn_of_proxy(place);
                let proxy = reqwest::Proxy::all(proxy).map_err(|_| NoRoute::Tls("the proxy is no URL".to_owned()))?;
                builder.proxy(proxy)
            }
            (Proxies::Environment, None) => {
                let uri = base.parse::<http::Uri>().ok();
                if uri.is_some_and(|uri| Matcher::from_system().intercept(&uri).is_some()) {
                    self.warn_of_proxy(place);
                }
                builder
            }
        };
        let client = builder.build().map_err(|error| NoRoute::Tls(super::fault::story(&error)))?;
        Ok(Route { client, base, host })
    }

    fn override_of(&self, place: &Place) -> Option<SocketAddr> {
        literal(&place.host).is_none().then_some(())?;
        let host = place.host.to_string();
        let fits =
            self.options.overrides.iter().find(|each| each.port == place.port && each.host.eq_ignore_ascii_case(&host));
        fits.map(|each| each.address)
    }

    fn profile(
        &self,
        place: &Place,
        credential: Option<&Credential>,
        configuration: &Configuration,
    ) -> Result<rustls::ClientConfig, String> {
        let roots = match &place.pinned {
            Some(pinned) => Trust::only(&pinned.authorities)?,
            None => self.trust.with(place.certificates.as_deref())?,
        };
        let Some(Credential { recipe: Recipe::Tls { certificate, key }, .. }) = credential else {
            return profile(roots, None);
        };
        // What came with a learnt origin is no field, and its name is the manifest's.
        let learnt = place.pinned.as_ref().and_then(|pinned| pinned.certificate.as_deref());
        let found = configuration.text(certificate).or(learnt);
        let certificate = found.ok_or_else(|| format!("`{certificate}` is not set"))?;
        let key = configuration.secrets().get(key).ok_or_else(|| format!("`{key}` is not set"))?;
        profile(roots, Some(&ClientIdentity { certificate: certificate.as_bytes(), key: key.expose() }))
    }

    fn warn_of_proxy(&self, place: &Place) {
        tracing::warn!(
            plugin = %self.plugin,
            host = %place.authority(),
            "reached through a proxy: which address that is cannot be checked, only the list of hosts protects"
        );
    }
}

/// A host that leads where it may not.
pub(super) fn address_refused(plugin: &str, host: &str, address: &str, kind: &str) -> PolicyViolation {
    let text = format!("plugin '{plugin}' was kept from {host}: its address {address} is {kind}");
    let violation = PolicyViolation::new("POLICY-005", text);
    match kind {
        "link-local" | "a metadata address" | "not a host" => violation,
        _ => violation.remedy(format!("if that is the right one, allow it with --allow-address {address}")),
    }
}
