//! Tokens of OAuth2 credentials: the request that asks for one, what the answer says, and how long it is used.
//!
//! One token at a time is asked for (single flight). It is renewed before its end on the monotonic clock, or when the
//! target refused it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{RecipeError, basic, canonical};
use crate::manifest::{ClientAuthentication, OAuth2, Template, TokenEncoding};
use crate::secrets::Secret;

/// How long before its end nobody should set out with a token.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// A live token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) secret: Arc<Secret>,
    /// When to ask for another one, on the monotonic clock.
    renew_at: Duration,
    /// Counts the tokens of a credential, so that only the one that was refused is thrown away.
    pub(crate) number: u64,
}

/// The tokens of one connector.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    slots: Mutex<BTreeMap<(String, String), Arc<Slot>>>,
}

/// One credential's token. Whoever holds the lock asks for a new one, the others wait for it.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) current: tokio::sync::Mutex<Option<Token>>,
}

impl TokenCache {
    /// The slot of a credential for a scope: what the scope is may be learnt anew.
    pub(crate) fn slot(&self, credential: &str, scope: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry((credential.to_owned(), scope.to_owned())).or_default())
    }
}

impl Token {
    /// Whether it may still be used; `refused` is the number of one that the target did not take.
    pub(crate) fn serves(&self, now: Duration, refused: Option<u64>) -> bool {
        now < self.renew_at && refused != Some(self.number)
    }
}

/// What is sent to a token endpoint.
pub(crate) struct TokenRequest {
    pub(crate) path: String,
    /// Empty where there is none.
    pub(crate) scope: String,
    pub(crate) authorization: Option<Zeroizing<Vec<u8>>>,
    pub(crate) content_type: &'static str,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").field("path", &self.path).finish_non_exhaustive()
    }
}

impl TokenRequest {
    pub(crate) fn new<F>(recipe: &OAuth2, fill: &F) -> Result<Self, RecipeError>
    where
        F: Fn(&str) -> Option<Vec<u8>>,
    {
        let bytes = |template: &Template| template.render(fill).map_err(RecipeError::NotSet);
        let text = |template: &Template| bytes(template).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let mut fields: Vec<(String, Zeroizing<String>)> = Vec::new();
        for (name, template) in &recipe.fields {
            fields.push((name.clone(), Zeroizing::new(text(template)?)));
        }
        let scope = recipe.scope.as_ref().map(text).transpose()?.unwrap_or_default();
        if recipe.scope.is_some() {
            fields.push(("scope".to_owned(), Zeroizing::new(scope.clone())));
        }
        let mut authorization = None;
        if let (Some(id), Some(secret)) = (&recipe.client_id, &recipe.client_secret) {
            match recipe.client_authentication {
                ClientAuthentication::None => {}
                ClientAuthentication::Basic => {
                    authorization = Some(Zeroizing::new(basic(&bytes(id)?, &bytes(secret)?)));
                }
                ClientAuthentication::Body => {
                    fields.push(("client_id".to_owned(), Zeroizing::new(text(id)?)));
                    fields.push(("client_secret".to_owned(), Zeroizing::new(text(secret)?)));
                }
            }
        }
        let (content_type, body) = match recipe.encoding {
            TokenEncoding::Form => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                ("application/x-www-form-urlencoded", form.finish().into_bytes())
            }
            TokenEncoding::Json => {
                let map: Map<String, Value> =
                    fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
                ("application/json", canonical::json(&Value::Object(map)).into_bytes())
            }
        };
        let path = text(&recipe.token_path)?;
        Ok(Self { path, scope, authorization, content_type, body: Zeroizing::new(body) })
    }
}

/// What a token endpoint granted.
pub(crate) struct Granted {
    pub(crate) access_token: Zeroizing<String>,
    seconds: u64,
}

impl Granted {
    /// Reads a 200 of a token endpoint.
    pub(crate) fn parse(recipe: &OAuth2, body: &[u8]) -> Option<Self> {
        let mut answer: Value = serde_json::from_slice(body).ok()?;
        let access_token = match answer.get_mut("access_token").map(Value::take) {
            Some(Value::String(text)) if text.len() >= crate::secrets::MIN_BYTES => Zeroizing::new(text),
            _ => return None,
        };
        // Some endpoints write the number as text.
        let seconds =
            answer.get("expires_in").and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
        let seconds = seconds.filter(|seconds| *seconds > 0).unwrap_or_else(|| u64::from(recipe.default_seconds));
        Some(Self { access_token, seconds })
    }

    /// The token, from now on.
    pub(crate) fn into_token(self, recipe: &OAuth2, secret: Arc<Secret>, now: Duration, number: u64) -> Token {
        // A day at most: a longer promise is not worth believing. A fifth of a life at most is given away, but 10 s, so
        // that no request is under way at the end; of a life shorter than 20 s, the second half.
        let life = Duration::from_secs(self.seconds.min(86_400));
        let early = Duration::from_secs(u64::from(recipe.renew_before_seconds)).min(life / 5);
        let early = early.max(UNDER_WAY).min(life / 2);
        Token { secret, renew_at: now + (life - early), number }
    }
}
