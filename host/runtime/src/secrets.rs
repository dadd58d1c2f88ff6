//! Secrets by name: kept here, wiped when dropped, used by recipes, never shown.
//!
//! The store also knows how to find its secrets in text that somebody else wrote, see [`Masker`].

mod generate;
mod mask;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

pub use generate::{CharacterClass, PasswordRule};
pub use mask::{Masked, Masker};

/// The shortest secret that is taken. In base64 it is 8 characters, which chance does not hit in an answer of 32 MiB.
pub const MIN_BYTES: usize = 6;

/// How many earlier values of a name stay masked: a token that was renewed may be echoed late.
const KEPT: usize = 4;

/// The bytes of a secret. It cannot be printed or copied.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The bytes, for whoever puts them on the wire or hands them to the operator.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The live secrets of one connector.
#[derive(Default)]
pub struct SecretStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    named: BTreeMap<String, Vec<Arc<Secret>>>,
    /// Names that stand for nothing any more.
    retired: BTreeSet<String>,
    generated: u32,
    /// Names of secrets that a guest may place in a request: new ones, never the operator's.
    new: BTreeSet<String>,
    masker: Option<Arc<Masker>>,
}

impl SecretStore {
    /// Keeps a secret under a name. An earlier one is not used any more, but still masked.
    pub fn insert(&self, name: &str, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.retired.remove(name);
        let values = inner.named.entry(name.to_owned()).or_default();
        if values.last().is_some_and(|value| value.expose() == bytes) {
            return;
        }
        values.push(Arc::new(Secret(Zeroizing::new(bytes.to_vec()))));
        if values.len() > KEPT {
            values.remove(0);
        }
        inner.masker = None;
    }

    /// Uses a secret no more. It stays masked.
    pub(crate) fn retire(&self, name: &str) {
        self.lock().retired.insert(name.to_owned());
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Secret>> {
        let inner = self.lock();
        let values = inner.named.get(name).filter(|_| !inner.retired.contains(name));
        values.and_then(|values| values.last()).cloned()
    }

    /// Keeps a secret that did not exist before this run. Only such a one may be placed in a request by name: a guest
    /// that could place the operator's key would send it wherever its manifest lets it write.
    pub(crate) fn insert_new(&self, name: &str, bytes: &[u8]) {
        self.insert(name, bytes);
        self.lock().new.insert(name.to_owned());
    }

    /// The secret of this name, if it is a new one.
    pub(crate) fn get_new(&self, name: &str) -> Option<Arc<Secret>> {
        if self.lock().new.contains(name) { self.get(name) } else { None }
    }

    /// Makes a new secret by a rule and returns its name. The error says what is wrong with the rule.
    pub fn generate(&self, rule: &PasswordRule) -> Result<String, String> {
        let password = rule.generate()?;
        let name = {
            let mut inner = self.lock();
            inner.generated += 1;
            format!("generated-{}", inner.generated)
        };
        self.insert_new(&name, password.as_bytes());
        Ok(name)
    }

    /// Finds every secret that is live now.
    pub fn masker(&self) -> Arc<Masker> {
        let mut inner = self.lock();
        if let Some(masker) = &inner.masker {
            return Arc::clone(masker);
        }
        let secrets = inner
            .named
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.expose())));
        let masker = Arc::new(Masker::new(secrets));
        inner.masker = Some(Arc::clone(&masker));
        masker
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Every change is one step, so what a panicking thread left behind is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().named.keys()).finish()
    }
}
