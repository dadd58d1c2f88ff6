//! Delivering one hop: its turn, its signature, the attempt, and again where its end asks for it (`verdict`).
//!
//! Every attempt waits for its turn first and is signed after that, so a request that waited long carries a fresh date.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use reqwest::cookie::CookieStore as _;
use time::OffsetDateTime;

use super::activity::{Reason, Waiting};
use super::attempt::{Answer, Bounds, Budget, Departure, attempt};
use super::bucket::{Bucket, BucketKey, Going, Hold, Pace};
use super::client::NoRoute;
use super::fault::Fault;
use super::gateway::{Gateway, Stop};
use super::message::Message;
use super::options::RateLimit;
use super::types::{HttpError, Phase};
use super::verdict::{Next, Tries};
use super::writes::fate;
use crate::credentials::{self, Outgoing, Token};
use crate::manifest::{Credential, Inspection, Rate, Recipe};
use crate::policy::Permit;
use crate::problem::{Category, Problem};

const MINUTE: Duration = Duration::from_secs(60);

/// One request to one address, with everything decided but the moment.
pub(super) struct Hop<'a> {
    pub(super) permit: &'a Permit<'a>,
    pub(super) message: &'a Message,
    pub(super) credential: Option<&'a Credential>,
    pub(super) budget: Option<&'a Budget>,
}

impl Hop<'_> {
    pub(super) fn host(&self) -> String {
        self.permit.place.authority()
    }

    /// Whether it holds requests of its own.
    pub(super) fn batched(&self) -> bool {
        self.permit.egress.inspect == Some(Inspection::ODataBatch)
    }

    /// Whether sending it twice does no harm.
    pub(super) fn is_repeatable(&self) -> bool {
        self.permit.egress.repeatable.unwrap_or(matches!(self.message.method, Method::GET | Method::HEAD))
    }

    /// Whether it may be sent again though it was refused for coming too often: it has done nothing yet, so that a write
    /// may come again too, unless its body was made of what was read just before.
    pub(super) fn outlasts_a_wait(&self) -> bool {
        self.permit.egress.repeatable != Some(false)
    }
}

impl Gateway {
    /// Sends a hop until it is answered or patience ends.
    pub(super) async fn deliver(&self, phase: &Phase, hop: &Hop<'_>) -> Result<Answer, Stop> {
        let rate = self.rate(hop);
        let bucket = self.bucket(hop, rate);
        let mut tries = Tries::default();
        loop {
            let going = self.turn(hop, &bucket).await?;
            let token = match hop.credential.map(|credential| (credential, &credential.recipe)) {
                Some((credential, Recipe::OAuth2(recipe))) => {
                    // Asking for a token delivers a hop as well, hence the box.
                    match Box::pin(self.token(phase, credential, recipe, tries.refused_token)).await? {
                        Ok(token) => Some(token),
                        Err(refusal) => return Ok(refusal),
                    }
                }
                _ => None,
            };
            tries.ahead = self.signing_ahead(hop);
            let outcome = self.attempt(phase, hop, token.as_ref(), &tries).await?;
            tries.attempts += 1;
            let next = match outcome {
                Ok(answer) => self.answered(hop, rate, &going, &mut tries, token.as_ref(), answer),
                Err(fault) => self.failed(hop, &mut tries, fault)?,
            };
            drop(going);
            match next {
                Next::Done(answer) => return Ok(answer),
                Next::Again => {}
                Next::Wait(until, reason) => self.wait(hop, until, reason).await?,
            }
        }
    }

    async fn attempt(
        &self,
        phase: &Phase,
        hop: &Hop<'_>,
        token: Option<&Token>,
        tries: &Tries,
    ) -> Result<Result<Answer, Fault>, Stop> {
        let route = self.clients.route(&hop.permit.place, hop.credential, &self.configuration);
        let route = route.map_err(|fault| match fault {
            NoRoute::Policy(violation) => Stop::Policy(violation),
            NoRoute::Tls(text) => Stop::Http(HttpError::Tls(text)),
        })?;
        let departure = Departure {
            method: &hop.message.method,
            path: &hop.permit.path,
            query: &hop.message.query,
            headers: self.headers(hop, token, tries.ahead)?,
            body: hop.message.body.clone(),
        };
        let bounds = Bounds { time: self.attempt_time, response_bytes: self.response_bytes, budget: hop.budget };
        self.activity.attempted(tries.attempts > 0);
        let write = hop.permit.writes.then(|| self.writes.leaves(self.told(hop)));
        let began = self.clock.monotonic();
        let outcome = match self.deadline.filter(|_| hop.is_repeatable()) {
            None => attempt(&route, departure, bounds).await,
            // A write that is under way is not cut off: its outcome would be unknown.
            Some(deadline) => tokio::select! {
                outcome = attempt(&route, departure, bounds) => outcome,
                () = self.clock.sleep(deadline.saturating_sub(began)) => return Err(self.out_of_time(hop, None)),
            },
        };
        if let Some(write) = write {
            self.writes.ended(write, fate(&outcome));
        }
        let status = outcome.as_ref().map_or(0, |answer| answer.status);
        let milliseconds = self.clock.monotonic().saturating_sub(began).as_millis();
        tracing::debug!(
            plugin = %self.manifest.id,
            page = %phase,
            method = %hop.message.method,
            host = %hop.host(),
            path = %self.configuration.secrets().masker().mask_text(&hop.permit.path),
            status,
            milliseconds,
            "attempt"
        );
        Ok(outcome)
    }

    /// A request as a person is told of it: no query, no secret.
    fn told(&self, hop: &Hop<'_>) -> String {
        let text = format!("{} https://{}{}", hop.message.method, hop.host(), hop.permit.path);
        self.configuration.secrets().masker().mask_text(&text).into_owned()
    }

    /// How far ahead of our clock a request is signed, in seconds: as far as the target is, where that is tolerated.
    pub(super) fn signing_ahead(&self, hop: &Hop<'_>) -> i64 {
        let signs_a_date = hop.credential.is_some_and(Credential::signs_a_date);
        if self.options.tolerate_skew && signs_a_date { self.skew.of(&hop.permit.place.host_and_port()) } else { 0 }
    }

    /// The headers of one attempt, signed over what is about to leave.
    fn headers(
        &self,
        hop: &Hop<'_>,
        token: Option<&Token>,
        ahead: i64,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Stop> {
        let mut headers = hop.message.headers.clone();
        if !headers.iter().any(|(name, _)| *name == http::header::ACCEPT) {
            let accept = hop.permit.egress.content_type.as_deref().unwrap_or("*/*");
            headers.extend(HeaderValue::from_str(accept).ok().map(|value| (http::header::ACCEPT, value)));
        }
        let host = hop.host();
        if hop.permit.place.cookies
            && let Ok(url) = url::Url::parse(&format!("https://{host}{}", hop.permit.path))
            && let Some(cookies) = self.cookies.cookies(&url)
        {
            headers.push((http::header::COOKIE, cookies));
        }
        let Some(credential) = hop.credential else { return Ok(headers) };
        let outgoing = Outgoing {
            now: OffsetDateTime::from(self.clock.now()).saturating_add(time::Duration::seconds(ahead)),
            method: hop.message.method.as_str(),
            host: &host,
            path: &hop.permit.path,
            query: &hop.message.query,
            body: &hop.message.body,
            form: hop.message.form.as_deref(),
        };
        let written = credentials::headers(credential, &self.configuration, &outgoing, token)
            .map_err(|error| HttpError::Connect(format!("the credential `{}`: {error}", credential.id)))?;
        for (name, value) in written {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(&value);
            let (Ok(name), Ok(mut value)) = (name, value) else {
                let text = format!("the credential `{}` holds a character that no header can carry", credential.id);
                return Err(HttpError::Connect(text).into());
            };
            value.set_sensitive(true);
            headers.push((name, value));
        }
        Ok(headers)
    }

    /// Waits for a turn: the bucket's, and within the run's time.
    async fn turn(&self, hop: &Hop<'_>, bucket: &Arc<Bucket>) -> Result<Going, Stop> {
        if self.deadline.is_some_and(|deadline| self.clock.monotonic() >= deadline) {
            return Err(self.out_of_time(hop, None));
        }
        let hold = |hold: Hold| async move {
            let reason = hold.refusal.map_or(Reason::Pace, Reason::Refused);
            self.wait(hop, hold.until, reason).await
        };
        let going = bucket.enter(&self.clock, hold).await?;
        going.ok_or_else(|| HttpError::Deadline.into())
    }

    /// Waits visibly, unless the run's time is over before.
    pub(super) async fn wait(&self, hop: &Hop<'_>, until: Duration, reason: Reason) -> Result<(), Stop> {
        let waiting = Waiting { target: self.manifest.name.clone(), reason, until };
        if self.deadline.is_some_and(|deadline| until > deadline) {
            return Err(self.out_of_time(hop, Some(&waiting)));
        }
        let wait = until.saturating_sub(self.clock.monotonic());
        let _shown = self.activity.begin_wait(waiting);
        self.clock.sleep(wait).await;
        Ok(())
    }

    fn out_of_time(&self, hop: &Hop<'_>, waiting: Option<&Waiting>) -> Stop {
        let seconds = self.options.deadline.unwrap_or_default().as_secs();
        let host = hop.host();
        let (category, code, why) = match waiting {
            Some(waiting) => {
                let what = waiting.text(self.clock.monotonic());
                match waiting.reason {
                    Reason::Offline(_) => (Category::Network, "NET-002", format!("{host} is out of reach: {what}")),
                    _ => (Category::RateLimited, "RATE-001", what),
                }
            }
            None => (Category::Network, "NET-002", format!("{} {host} was under way", hop.message.method)),
        };
        let headline = format!("the deadline of {seconds} s leaves no time to go on");
        let problem = Problem::new(category, code, headline)
            .means(why)
            .remedy("run the same command again: it goes on where this one stopped");
        self.stop_run(problem);
        HttpError::Deadline.into()
    }

    fn rate(&self, hop: &Hop<'_>) -> Option<&Rate> {
        let name = hop.permit.egress.rate.as_ref()?;
        self.manifest.rates.iter().find(|rate| rate.name == *name)
    }

    fn bucket(&self, hop: &Hop<'_>, rate: Option<&Rate>) -> Arc<Bucket> {
        let declared = rate.map_or(Pace::UNDECLARED, |rate| Pace {
            limit: RateLimit { requests: rate.per_minute, window: MINUTE },
            burst: rate.burst,
            in_flight: rate.in_flight,
        });
        let mut key = BucketKey {
            account: self.account.clone(),
            credential: hop.credential.map(|credential| credential.id.clone()),
            origin: hop.permit.place.host_and_port(),
            class: hop.permit.egress.rate.clone(),
        };
        let Some(limit) = self.options.rate else { return self.options.rates.bucket(key, declared) };
        // The operator speaks of the target, whatever classes the manifest tells apart. Requests for tokens carry no
        // credential and stay apart: who waits for a token has its turn already.
        key.credential = hop.credential.map(|_| String::new());
        key.class = None;
        let in_flight = self.manifest.rates.iter().map(|rate| rate.in_flight).min();
        let in_flight = in_flight.unwrap_or(Pace::UNDECLARED.in_flight);
        self.options.rates.bucket(key, Pace { limit, burst: limit.requests, in_flight })
    }

    pub(super) fn keep_cookies(&self, hop: &Hop<'_>, answer: &Answer) {
        if !hop.permit.place.cookies {
            return;
        }
        if let Ok(url) = url::Url::parse(&format!("https://{}{}", hop.host(), hop.permit.path)) {
            let mut cookies = answer.headers.get_all(http::header::SET_COOKIE).iter();
            self.cookies.set_cookies(&mut cookies, &url);
        }
    }
}
