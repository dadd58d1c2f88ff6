//! Origins that sealed answers name: where they are, once that is known and allowed.
//!
//! Known by a name from the beginning, they exist once an answer was opened. What a later answer says replaces all that an
//! earlier one said.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use url::Host;

use super::place::{Pinned, Place, rendered};
use crate::configuration::Configuration;
use crate::manifest::{Learnt, Manifest, Origin};
use crate::problem::Problem;
use crate::sealed::Opened;

/// What is learnt, and what may be.
#[derive(Debug, Default)]
pub(crate) struct Learning {
    /// The origins that exist under this configuration.
    origins: Vec<Origin>,
    known: RwLock<BTreeMap<String, Known>>,
    generation: AtomicU64,
}

#[derive(Debug)]
struct Known {
    place: Arc<Place>,
    /// Facts for recipes, by name.
    facts: Vec<(&'static str, String)>,
}

/// Why an opened answer is not used.
#[derive(Debug)]
pub(crate) enum LearnError {
    /// It names a place that it may not name. The text reads after "the sealed answer".
    Elsewhere(String),
    /// The operator's own URL is not one.
    Configuration(Problem),
}

impl Learning {
    pub(super) fn new(manifest: &Manifest, configuration: &Configuration) -> Self {
        let learnt = |origin: &&Origin| origin.learnt.is_some() && configuration.holds(&origin.conditions);
        Self { origins: manifest.origins.iter().filter(learnt).cloned().collect(), ..Self::default() }
    }

    /// Whether a name is that of such an origin, learnt or not.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.origins.iter().any(|origin| origin.name == name)
    }

    pub(super) fn place(&self, name: &str) -> Option<Arc<Place>> {
        self.read().get(name).map(|known| Arc::clone(&known.place))
    }

    pub(super) fn places(&self) -> Vec<Arc<Place>> {
        self.read().values().map(|known| Arc::clone(&known.place)).collect()
    }

    /// How often something was learnt.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// A fact that came with a learnt origin: `cluster.server-id`.
    pub(crate) fn fact(&self, name: &str) -> Option<String> {
        let (origin, fact) = name.split_once('.')?;
        let known = self.read();
        known.get(origin)?.facts.iter().find(|(known, _)| *known == fact).map(|(_, text)| text.clone())
    }

    /// Learns from an opened answer where an origin is and how it is trusted.
    pub(crate) fn learn(
        &self,
        manifest: &Manifest,
        configuration: &Configuration,
        name: &str,
        opened: &Opened,
    ) -> Result<(), LearnError> {
        let origin = self.origins.iter().find(|origin| origin.name == name);
        let Some((origin, learnt)) = origin.and_then(|origin| Some((origin, origin.learnt.as_ref()?))) else {
            return Err(LearnError::Elsewhere(format!("is for `{name}`, which is not used in this configuration")));
        };
        let own = learnt.url.as_ref().and_then(|url| Some((url, rendered(url, configuration)?)));
        let mut place = match &own {
            Some((template, url)) => {
                Place::at(manifest, configuration, origin, template, url).map_err(LearnError::Configuration)?
            }
            None => {
                let place = Place::at(manifest, configuration, origin, &origin.url, &opened.server)
                    .map_err(|_| LearnError::Elsewhere("names a server that is no https URL".to_owned()))?;
                let place = Place { loopback: false, ..place };
                allowed(&place, learnt, configuration).map_err(LearnError::Elsewhere)?;
                place
            }
        };
        // The operator's certificates are for the operator's URL; what the answer names is trusted by what it brought.
        let authorities = match (&own, place.certificates.take()) {
            (Some(_), Some(certificates)) => Some(certificates),
            _ => opened.authorities.clone(),
        };
        let authorities = authorities.ok_or_else(|| {
            LearnError::Elsewhere("names no certificate authority, so nothing could be trusted".into())
        })?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        let certificate = opened.identity.as_ref().map(|(certificate, _)| certificate.clone());
        place.pinned = Some(Pinned { authorities, certificate, generation });
        known.insert(name.to_owned(), Known { place: Arc::new(place), facts: opened.facts.clone() });
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server that an answer names is where the manifest says that it may be.
fn allowed(place: &Place, learnt: &Learnt, configuration: &Configuration) -> Result<(), String> {
    let patterns: Vec<String> = learnt.hosts.iter().filter_map(|host| rendered(host, configuration)).collect();
    let named = |host: &str| {
        patterns.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => host == pattern,
        })
    };
    match &place.host {
        // The `url` crate has written it in lower case.
        Host::Domain(host) if named(host) && place.prefix.is_empty() => Ok(()),
        _ => Err(format!("names {}{}, allowed: {}", place.host_and_port(), place.prefix, patterns.join(", "))),
    }
}
