//! Delivering one hop: its turn, its signature, the attempt, and the decision what its end means.
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
use super::client::{NoRoute, address_refused};
use super::code;
use super::fault::Fault;
use super::gateway::{Gateway, Stop};
use super::message::Message;
use super::options::RateLimit;
use super::retry;
use super::types::{HttpError, Outcome, Phase};
use crate::credentials::{self, Outgoing, Token};
use crate::manifest::{Credential, Rate, Recipe};
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

/// How often a hop was tried, and why.
#[derive(Debug, Default)]
struct Tries {
    attempts: u32,
    repeats: u32,
    /// Waiting that the target asked for.
    told: Duration,
    /// The token that the target did not take.
    refused_token: Option<u64>,
}

/// What follows an attempt.
enum Next {
    Done(Answer),
    /// At once, or when the bucket lets it.
    Again,
    Wait(Duration, Reason),
}

impl Hop<'_> {
    fn host(&self) -> String {
        self.permit.place.authority()
    }

    /// Whether sending it twice does no harm.
    fn is_repeatable(&self) -> bool {
        matches!(self.message.method, Method::GET | Method::HEAD) || self.permit.egress.repeatable
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
            let outcome = self.attempt(phase, hop, token.as_ref(), tries.attempts > 0).await?;
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
        again: bool,
    ) -> Result<Result<Answer, Fault>, Stop> {
        let route = self.clients.route(hop.permit.place, hop.credential, &self.configuration);
        let route = route.map_err(|fault| match fault {
            NoRoute::Policy(violation) => Stop::Policy(violation),
            NoRoute::Tls(text) => Stop::Http(HttpError::Tls(text)),
        })?;
        let departure = Departure {
            method: &hop.message.method,
            path: &hop.permit.path,
            query: &hop.message.query,
            headers: self.headers(hop, token)?,
            body: hop.message.body.clone(),
        };
        let bounds = Bounds { time: self.attempt_time, response_bytes: self.response_bytes, budget: hop.budget };
        self.activity.attempted(again);
        let began = self.clock.monotonic();
        let outcome = match self.deadline.filter(|_| hop.is_repeatable()) {
            None => attempt(&route, departure, bounds).await,
            // A write that is under way is not cut off: its outcome would be unknown.
            Some(deadline) => tokio::select! {
                outcome = attempt(&route, departure, bounds) => outcome,
                () = self.clock.sleep(deadline.saturating_sub(began)) => return Err(self.out_of_time(hop, None)),
            },
        };
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

    /// The headers of one attempt, signed over what is about to leave.
    fn headers(&self, hop: &Hop<'_>, token: Option<&Token>) -> Result<Vec<(HeaderName, HeaderValue)>, Stop> {
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
            now: OffsetDateTime::from(self.clock.now()),
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

    fn answered(
        &self,
        hop: &Hop<'_>,
        rate: Option<&Rate>,
        going: &Going,
        tries: &mut Tries,
        token: Option<&Token>,
        answer: Answer,
    ) -> Next {
        self.reach.answered(&hop.host());
        self.keep_cookies(hop, &answer);
        let now = self.clock.monotonic();
        let wall = retry::target_time(&answer.headers).unwrap_or_else(|| self.clock.now());
        let vendor = rate.and_then(|rate| rate.headers.as_ref());
        let told = retry::told(&answer.headers, vendor, answer.status, wall);
        let code = || {
            let pointer = hop.permit.place.error_code.as_deref();
            code::refusal(pointer, &answer, &self.configuration.secrets().masker())
        };
        if answer.status == 429 {
            self.activity.rate_limited();
            going.limited(now + told.unwrap_or_else(|| retry::backoff(tries.repeats)), code());
        } else {
            going.taken();
            if let Some(wait) = vendor.and_then(|vendor| retry::low_water(&answer.headers, vendor, wall)) {
                going.pause(now + wait.min(retry::TOLD));
            }
        }
        // A token that was taken back: one new one, whatever the request, since nothing was done yet.
        if answer.status == 401
            && let Some(token) = token
            && tries.refused_token.is_none()
        {
            tries.refused_token = Some(token.number);
            return Next::Again;
        }
        let refusal = match unexpected_type(hop, &answer) {
            Some(found) => format!("{} {found}", answer.status),
            None if retry::is_passing(answer.status) => code(),
            None => return Next::Done(answer),
        };
        if !hop.is_repeatable() || !tries.may_go_on(told) {
            return Next::Done(answer);
        }
        // Its bucket holds it back after a 429.
        if answer.status == 429 {
            return Next::Again;
        }
        let wait = told.unwrap_or_else(|| retry::backoff(tries.repeats.saturating_sub(1)));
        Next::Wait(now + wait, Reason::Refused(refusal))
    }

    fn failed(&self, hop: &Hop<'_>, tries: &mut Tries, fault: Fault) -> Result<Next, Stop> {
        let now = self.clock.monotonic();
        match fault {
            Fault::Refused { host, address, kind } => {
                Err(address_refused(&self.manifest.id, &host, &address, kind).into())
            }
            Fault::Final(error) => Err(error.into()),
            Fault::Broken(error) => {
                self.reach.answered(&hop.host());
                if !hop.is_repeatable() || !tries.may_go_on(None) {
                    return Err(error.into());
                }
                let what = match error {
                    HttpError::TimedOut(_) => "no answer in time",
                    _ => "the connection broke",
                };
                let wait = retry::backoff(tries.repeats.saturating_sub(1));
                Ok(Next::Wait(now + wait, Reason::Refused(what.to_owned())))
            }
            Fault::Away(error) => {
                let away = self.reach.away(&hop.host(), now);
                // A name that never led anywhere is a wrong name, not an outage.
                if !hop.is_repeatable() || (!away.known && matches!(error, HttpError::Dns(_))) {
                    return Err(error.into());
                }
                let limit = self.options.offline_limit.unwrap_or(retry::OFFLINE);
                let left = (away.since + limit).saturating_sub(now);
                // An origin that has never answered gets the usual tries only.
                let goes_on = tries.may_go_on(None) || away.known;
                if left.is_zero() || !goes_on {
                    self.stop_run(unreachable(&self.manifest.id, &hop.host(), now.saturating_sub(away.since), &error));
                    return Err(error.into());
                }
                let wait = retry::backoff(tries.repeats.saturating_sub(1)).min(left);
                Ok(Next::Wait(now + wait, Reason::Offline(away.since)))
            }
        }
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
    async fn wait(&self, hop: &Hop<'_>, until: Duration, reason: Reason) -> Result<(), Stop> {
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

    fn keep_cookies(&self, hop: &Hop<'_>, answer: &Answer) {
        if !hop.permit.place.cookies {
            return;
        }
        if let Ok(url) = url::Url::parse(&format!("https://{}{}", hop.host(), hop.permit.path)) {
            let mut cookies = answer.headers.get_all(http::header::SET_COOKIE).iter();
            self.cookies.set_cookies(&mut cookies, &url);
        }
    }
}

impl Tries {
    /// Counts one more try, if there may be one. A wait that the target asked for costs patience instead of a try.
    fn may_go_on(&mut self, told: Option<Duration>) -> bool {
        match told {
            Some(wait) => {
                self.told += wait;
                self.told <= retry::TOLD
            }
            None => {
                self.repeats += 1;
                self.repeats <= retry::REPEATS
            }
        }
    }
}

/// The type of a 200 that is not what the egress entry says.
fn unexpected_type(hop: &Hop<'_>, answer: &Answer) -> Option<String> {
    let wanted = hop.permit.egress.content_type.as_deref()?;
    if answer.status != 200 || answer.body.is_empty() {
        return None;
    }
    let found =
        answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = essence == wanted || (wanted == "application/json" && essence.ends_with("+json"));
    (!fits).then(|| format!("{} instead of {wanted}", if essence.is_empty() { "no content type" } else { &essence }))
}

fn unreachable(plugin: &str, host: &str, away: Duration, error: &HttpError) -> Problem {
    let remedy = match error {
        HttpError::Dns(_) => "check the host name and this machine's DNS, then run the same command again",
        HttpError::TimedOut(Outcome::NotSent) => {
            "check the network, the firewall and the proxy, then run the command again"
        }
        HttpError::Reset(_) => {
            "whoever answers there drops the connection: check the proxy and the firewall, then run the command again"
        }
        _ => "check that the host is up and that this machine may reach it, then run the same command again",
    };
    Problem::new(Category::Network, "NET-001", format!("{host} has been out of reach for {} s", away.as_secs()))
        .place(format!("plugin '{plugin}'"))
        .means(error.to_string())
        .remedy(remedy)
}
