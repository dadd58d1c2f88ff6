//! Fetching tokens for OAuth2 credentials: a hop like any other, in the host's own name.

use http::{HeaderName, HeaderValue, Method};

use super::activity::Reason;
use super::attempt::Answer;
use super::deliver::Hop;
use super::gateway::{Gateway, Stop};
use super::message::Message;
use super::retry;
use super::types::{HttpError, Phase};
use crate::credentials::{Granted, Token, TokenRequest, filler};
use crate::manifest::{Credential, Egress, OAuth2};
use crate::policy::{Permit, path};

/// Tells a guest that it was no request of its own that was refused, and which.
const REFUSED: HeaderName = HeaderName::from_static("accord-token-refused");

/// How often a yes that cannot be read is asked for again, as pages are that are not what they should be.
const UNREADABLE: u32 = 3;

impl Gateway {
    /// A token that serves, new if need be. The inner error is the token endpoint's refusal, as the guest sees it.
    pub(super) async fn token(
        &self,
        phase: &Phase,
        credential: &Credential,
        recipe: &OAuth2,
        refused: Option<u64>,
    ) -> Result<Result<Token, Answer>, Stop> {
        let fill =
            |hole: &str| filler(&self.configuration)(hole).or_else(|| Some(self.policy.learning.fact(hole)?.into()));
        let fault = |why: String| HttpError::Connect(format!("the credential `{}`: {why}", credential.id));
        let request = TokenRequest::new(recipe, &fill).map_err(|error| fault(error.to_string()))?;
        let slot = self.tokens.slot(&credential.id, &request.scope);
        // Held while asking: whoever needs the same token waits for this one.
        let mut current = slot.current.lock().await;
        if let Some(token) = &*current
            && token.serves(self.clock.monotonic(), refused)
        {
            return Ok(Ok(token.clone()));
        }
        let number = current.as_ref().map_or(0, |token| token.number) + 1;
        *current = None;
        let asked_at = self.clock.monotonic();
        let (mut answer, granted) = self.ask(phase, credential, recipe, request).await?;
        let Some(granted) = granted else {
            answer.status = match answer.status {
                // Neither yes nor no; its body may hold what was not understood.
                200 => {
                    answer.body.clear();
                    502
                }
                passing @ (408 | 429 | 500..=599) => passing,
                _ => 401,
            };
            return Ok(Err(answer));
        };
        // From here on an answer that echoes the token is masked.
        let name = format!("{}-token", credential.id);
        self.configuration.secrets().insert(&name, granted.access_token.as_bytes());
        let secret = self.configuration.secrets().get(&name);
        let secret = secret.ok_or_else(|| HttpError::Connect(format!("the token of `{}` is lost", credential.id)))?;
        let token = granted.into_token(recipe, secret, asked_at, number);
        *current = Some(token.clone());
        Ok(Ok(token))
    }

    /// Asks the token endpoint; a yes that cannot be read is asked for again a few times.
    async fn ask(
        &self,
        phase: &Phase,
        credential: &Credential,
        recipe: &OAuth2,
        request: TokenRequest,
    ) -> Result<(Answer, Option<Granted>), Stop> {
        let fault = |why: String| HttpError::Connect(format!("the credential `{}`: {why}", credential.id));
        let place = self.policy.place(&recipe.token_origin);
        let place = place.ok_or_else(|| fault(format!("its origin `{}` is not configured", recipe.token_origin)))?;
        path::check(&request.path).map_err(|why| fault(format!("its path {why}")))?;
        let mut headers = vec![(http::header::CONTENT_TYPE, HeaderValue::from_static(request.content_type))];
        if let Some(authorization) = &request.authorization {
            let mut value = HeaderValue::from_bytes(authorization).map_err(|error| fault(error.to_string()))?;
            value.set_sensitive(true);
            headers.push((http::header::AUTHORIZATION, value));
        }
        let message = Message {
            method: Method::POST,
            query: String::new(),
            headers,
            body: bytes::Bytes::copy_from_slice(&request.body),
            form: None,
        };
        // No egress entry of the manifest: a guest cannot send this request, and asking twice for a token does no harm.
        let egress = Egress {
            origin: place.name.clone(),
            methods: vec!["POST".to_owned()],
            paths: vec![request.path.clone()],
            when: Vec::new(),
            conditions: Vec::new(),
            repeatable: Some(true),
            content_type: Some("application/json".to_owned()),
            rate: None,
            withhold: Vec::new(),
            inspect: None,
            seal: None,
        };
        let path = format!("{}{}", place.prefix, request.path);
        let permit = Permit { place, egress: &egress, path, writes: false };
        let hop = Hop { permit: &permit, message: &message, credential: None, budget: None };
        let mut unreadable = 0;
        loop {
            let mut answer = self.deliver(phase, &hop).await?;
            let granted = (answer.status == 200).then(|| Granted::parse(recipe, &answer.body)).flatten();
            if answer.status == 200 && granted.is_none() && unreadable < UNREADABLE {
                let until = self.clock.monotonic() + retry::backoff(unreadable);
                self.wait(&hop, until, Reason::Refused("200 without a token".to_owned())).await?;
                unreadable += 1;
                continue;
            }
            let told = HeaderValue::from_str(&format!("{} {}", answer.status, request.path));
            told.into_iter().for_each(|told| drop(answer.headers.insert(REFUSED, told)));
            return Ok((answer, granted));
        }
    }
}
