//! What follows an attempt: the answer is given to the guest, or the request is sent again, at once or after a wait.

use std::time::Duration;

use super::activity::Reason;
use super::attempt::Answer;
use super::batch;
use super::bucket::Going;
use super::client::address_refused;
use super::code;
use super::deliver::Hop;
use super::fault::Fault;
use super::gateway::{Gateway, Stop};
use super::retry;
use super::skew::differ;
use super::types::{HttpError, Outcome};
use crate::credentials::Token;
use crate::manifest::Rate;
use crate::problem::{Category, Problem};

/// How often a hop was tried, and why.
#[derive(Debug, Default)]
pub(super) struct Tries {
    pub(super) attempts: u32,
    repeats: u32,
    /// Waiting that the target asked for.
    told: Duration,
    /// The token that the target did not take.
    pub(super) refused_token: Option<u64>,
    /// How far ahead of our clock the last attempt was signed, in seconds, and whether that was a second date for it.
    pub(super) ahead: i64,
    signed_anew: bool,
}

/// What follows an attempt.
pub(super) enum Next {
    Done(Answer),
    /// At once, or when the bucket lets it.
    Again,
    Wait(Duration, Reason),
}

impl Gateway {
    pub(super) fn answered(
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
        self.skew.learn(&hop.permit.place.host_and_port(), &answer.headers, self.clock.now());
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
        } else if let Some(told) = hop.batched().then(|| batch::limited(&answer)).flatten() {
            // The guest asks again for what is missing, and that waits until the target wants it.
            self.activity.rate_limited();
            let wait = told.unwrap_or_else(|| retry::backoff(0)).min(retry::TOLD);
            going.limited(now + wait, "429 inside a batch".to_owned());
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
        // A date that the target did not take, as far as its own clock explains it: one signature by that clock.
        if answer.status == 401 && !tries.signed_anew && differ(self.signing_ahead(hop), tries.ahead) {
            tries.signed_anew = true;
            return Next::Again;
        }
        let refusal = match unexpected_type(hop, &answer) {
            Some(found) => format!("{} {found}", answer.status),
            None if retry::is_passing(answer.status) => code(),
            None => return Next::Done(answer),
        };
        let again = hop.is_repeatable() || (answer.status == 429 && hop.outlasts_a_wait());
        if !again || !tries.may_go_on(told) {
            return Next::Done(answer);
        }
        // Its bucket holds it back after a 429.
        if answer.status == 429 {
            return Next::Again;
        }
        let wait = told.unwrap_or_else(|| retry::backoff(tries.repeats.saturating_sub(1)));
        Next::Wait(now + wait, Reason::Refused(refusal))
    }

    pub(super) fn failed(&self, hop: &Hop<'_>, tries: &mut Tries, fault: Fault) -> Result<Next, Stop> {
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
                // Only the connector knows what stands before an origin that it learnt, a private network perhaps.
                if (left.is_zero() || !goes_on) && !away.known && hop.permit.place.pinned.is_some() {
                    return Err(error.into());
                }
                if left.is_zero() || !goes_on {
                    self.stop_run(unreachable(&self.manifest.id, &hop.host(), now.saturating_sub(away.since), &error));
                    return Err(error.into());
                }
                let wait = retry::backoff(tries.repeats.saturating_sub(1)).min(left);
                Ok(Next::Wait(now + wait, Reason::Offline(away.since)))
            }
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
