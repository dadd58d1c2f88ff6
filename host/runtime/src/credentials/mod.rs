//! Recipes at work: what a declared credential adds to one attempt.
//!
//! Recipes are evaluated here for each attempt anew and nowhere else; a guest names a credential and never sees more of
//! it. Tokens are kept by `token`; asking for them over the network is `http`'s work.

pub(crate) mod canonical;
mod hmac;
mod token;

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(crate) use token::{Granted, Token, TokenCache, TokenRequest};

use crate::configuration::Configuration;
use crate::manifest::{Credential, Manifest, Recipe, Template};

/// The request that is about to leave, as a recipe sees it.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) now: OffsetDateTime,
    pub(crate) method: &'a str,
    /// In lower case, with a port only where the URL has one.
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// Encoded, exactly as it is sent.
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    /// The fields, where the body is a form.
    pub(crate) form: Option<&'a [(String, String)]>,
}

/// Why a recipe could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecipeError {
    #[error("`{0}` is not set")]
    NotSet(String),
    #[error("this machine's clock shows no usable date: {0}")]
    Clock(String),
}

/// The name and the bytes of a header that a recipe writes.
pub(crate) type Written = (String, Zeroizing<Vec<u8>>);

/// The credential that an id means under this configuration: the first whose conditions hold.
pub(crate) fn find<'m>(manifest: &'m Manifest, configuration: &Configuration, id: &str) -> Option<&'m Credential> {
    manifest.credentials.iter().find(|credential| credential.id == id && configuration.holds(&credential.conditions))
}

/// Headers that a recipe adds to an attempt. Recipes with a token need it here.
pub(crate) fn headers(
    credential: &Credential,
    configuration: &Configuration,
    outgoing: &Outgoing<'_>,
    token: Option<&Token>,
) -> Result<Vec<Written>, RecipeError> {
    let fill = filler(configuration);
    let render = |template: &Template| template.render(&fill).map_err(RecipeError::NotSet);
    let authorization = |value: Vec<u8>| vec![("authorization".to_owned(), value)];
    let headers = match &credential.recipe {
        Recipe::Header(headers) => {
            headers.iter().map(|(name, value)| Ok((name.clone(), render(value)?))).collect::<Result<Vec<_>, _>>()?
        }
        Recipe::Basic { username, password } => authorization(basic(&render(username)?, &render(password)?)),
        Recipe::Bearer { token } => authorization([b"Bearer ".as_slice(), &render(token)?].concat()),
        Recipe::OAuth2(_) => {
            let token = token.ok_or_else(|| RecipeError::NotSet(credential.id.clone()))?;
            authorization([b"Bearer ".as_slice(), token.secret.expose()].concat())
        }
        Recipe::Hmac(recipe) => {
            let key = configuration.secrets().get(&recipe.key);
            let key = key.ok_or_else(|| RecipeError::NotSet(recipe.key.clone()))?;
            hmac::sign(recipe, &key, outgoing, &fill)?
        }
        Recipe::Tls { .. } => Vec::new(),
    };
    Ok(headers.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect())
}

/// What a template's holes stand for: secrets by name, else configuration.
pub(crate) fn filler(configuration: &Configuration) -> impl Fn(&str) -> Option<Vec<u8>> {
    |hole| match configuration.secrets().get(hole) {
        Some(secret) => Some(secret.expose().to_vec()),
        None => configuration.text(hole).map(|text| text.as_bytes().to_vec()),
    }
}

fn basic(username: &[u8], password: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let pair = Zeroizing::new([username, b":", password].concat());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&*pair);
    format!("Basic {encoded}").into_bytes()
}
