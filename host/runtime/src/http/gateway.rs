//! The gateway: the one way from a guest to the network.
//!
//! A request passes policy, is encoded, and is delivered hop by hop (`deliver`); what comes back is masked before the
//! guest sees it. What stops the whole run (a broken rule, used-up patience) is kept for whoever drives it.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use url::Url;

use super::activity::Activity;
use super::attempt::{Answer, Budget};
use super::client::Clients;
use super::deliver::Hop;
use super::message::Message;
use super::options::NetworkOptions;
use super::reach::Reach;
use super::skew::{Skew, ahead};
use super::types::{HttpError, Phase, Request, Response};
use super::withhold::withhold;
use super::writes::{PlannedRequest, SentWrite, Writes};
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::credentials::{self, TokenCache};
use crate::limits::Limits;
use crate::manifest::{Credential, Manifest};
use crate::policy::{Permit, Policy, PolicyViolation};
use crate::problem::Problem;

/// The largest number of redirects that one request follows.
const MAX_HOPS: u32 = 3;

/// How long one attempt may take unless somebody says otherwise.
const ATTEMPT: Duration = Duration::from_secs(60);

/// The http capability of one plugin in one process.
#[derive(Debug)]
pub struct Gateway {
    pub(super) manifest: Arc<Manifest>,
    pub(super) configuration: Arc<Configuration>,
    pub(super) policy: Policy,
    pub(super) clients: Clients,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) activity: Activity,
    pub(super) options: NetworkOptions,
    pub(super) tokens: TokenCache,
    pub(super) cookies: reqwest::cookie::Jar,
    /// Tells budgets of different keys at one origin apart.
    pub(super) account: Vec<u8>,
    pub(super) reach: Reach,
    pub(super) skew: Skew,
    /// When the run's time is over, on the monotonic clock.
    pub(super) deadline: Option<Duration>,
    pub(super) attempt_time: Duration,
    pub(super) response_bytes: u64,
    pub(super) writes: Writes,
    answers_bytes: u64,
    problem: Mutex<Stopping>,
}

/// Why the run ends, as long as nobody was told, and afterwards.
#[derive(Debug, Default)]
struct Stopping {
    new: Option<Problem>,
    told: Option<Problem>,
}

/// Why a request ends without an answer.
#[derive(Debug)]
pub(super) enum Stop {
    Http(HttpError),
    Policy(PolicyViolation),
    /// A dry run has come to what it would send.
    Planned(Box<PlannedRequest>),
}

impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<PolicyViolation> for Stop {
    fn from(violation: PolicyViolation) -> Self {
        Self::Policy(violation)
    }
}

impl Gateway {
    /// Opens nothing yet. Fails for origins, certificate files and settings that cannot work.
    pub fn new(
        manifest: Arc<Manifest>,
        configuration: Arc<Configuration>,
        options: NetworkOptions,
        clock: Arc<dyn Clock>,
        activity: Activity,
    ) -> Result<Self, Problem> {
        activity.set_clock(&clock);
        let limits = Limits::of(&manifest);
        let seconds = manifest.limits.request_seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
        Ok(Self {
            policy: Policy::new(&manifest, &configuration)?,
            clients: Clients::new(&manifest.id, &manifest.version, options.clone())?,
            tokens: TokenCache::default(),
            cookies: reqwest::cookie::Jar::default(),
            account: account(&manifest, &configuration),
            reach: Reach::default(),
            skew: Skew::default(),
            deadline: options.deadline.map(|deadline| clock.monotonic() + deadline),
            attempt_time: options.attempt.or(seconds).unwrap_or(ATTEMPT),
            response_bytes: limits.response_bytes,
            writes: Writes::default(),
            answers_bytes: limits.answer_bytes_per_call,
            problem: Mutex::default(),
            manifest,
            configuration,
            clock,
            activity,
            options,
        })
    }

    /// Sends one request.
    pub async fn send(&self, phase: &Phase, request: Request) -> Result<Response, HttpError> {
        self.send_within(phase, &request, None).await
    }

    /// Sends several requests at once; the answers stand in their order. If they are too large together, all fail.
    pub async fn send_all(&self, phase: &Phase, requests: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        let budget = Budget::new(self.answers_bytes);
        let sent = requests.iter().map(|request| self.send_within(phase, request, Some(&budget)));
        let answers = join_all(sent).await;
        match budget.exceeded() {
            // Which of them would have fitted depends on chance, so none does.
            Some(limit) => answers.iter().map(|_| Err(HttpError::TooLarge(limit))).collect(),
            None => answers,
        }
    }

    /// What stops the run: the first broken rule, or whose patience ended. Told once, and again to calls that got no answer
    /// since: two that meet the same end are told the same.
    pub fn take_problem(&self, unanswered: bool) -> Option<Problem> {
        let mut problem = self.lock_problem();
        if let Some(new) = problem.new.take() {
            problem.told = Some(new.clone());
            return Some(new);
        }
        problem.told.clone().filter(|_| unanswered)
    }

    /// Announced requests as a dry run tells them. They pass the rules that they would pass if they were sent.
    pub(crate) fn announced(&self, phase: &Phase, requests: &[Request]) -> Result<Vec<PlannedRequest>, HttpError> {
        let follows = |request| {
            let (permit, _) = self.permit(phase, request)?;
            Ok(PlannedRequest { follows: true, ..self.planned(&permit, request)? })
        };
        let told = |request| follows(request).map_err(|violation| self.refuse(phase, request, violation));
        requests.iter().map(told).collect()
    }

    /// What a dry run would have sent. Told once; nothing comes after it.
    pub fn take_plan(&self) -> Vec<PlannedRequest> {
        self.writes.take_plan()
    }

    /// What left that may have changed the target, in the order in which it left.
    pub(crate) fn sent_writes(&self) -> Vec<SentWrite> {
        self.writes.sent()
    }

    /// `GET /path` and `GET name:/path` with the origin's address in it, if they name one.
    pub(crate) fn located(&self, place: &str) -> Option<String> {
        let (method, target) = place.split_once(' ')?;
        let (name, path) = target.split_at(target.find('/')?);
        let place = match name.strip_suffix(':') {
            Some(name) => self.policy.place(name)?,
            None if name.is_empty() => self.policy.first_place()?,
            None => return None,
        };
        Some(format!("{method} https://{}{}{path}", place.authority(), place.prefix))
    }

    /// How often a sealed answer told something.
    pub(crate) fn generation(&self) -> u64 {
        self.policy.learning.generation()
    }

    /// Whether an answer makes what a sealed answer told doubtful: the learnt origin does not take us, or shows another
    /// certificate.
    pub(crate) fn makes_doubtful(&self, request: &Request, answer: &Result<Response, HttpError>) -> bool {
        let refused =
            matches!(answer, Err(HttpError::Tls(_))) || answer.as_ref().is_ok_and(|answer| answer.status == 401);
        let place = || self.policy.place(request.origin.as_deref()?);
        refused && place().is_some_and(|place| place.pinned.is_some())
    }

    /// The way out where a target refuses our dates for its clock's sake.
    pub(crate) fn skew_remedy(&self) -> Option<&'static str> {
        let signs = self.manifest.credentials.iter().any(Credential::signs_a_date);
        (signs && self.skew.is_any() && !self.options.tolerate_skew)
            .then_some("sign by the target's clock: add --tolerate-skew; times in the file stay on this machine's")
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    async fn send_within(
        &self,
        phase: &Phase,
        request: &Request,
        budget: Option<&Budget>,
    ) -> Result<Response, HttpError> {
        self.activity.called();
        match self.follow(phase, request, budget).await {
            Ok(answer) => Ok(self.response(answer)),
            Err(Stop::Http(error)) => Err(self.masked_error(error)),
            Err(Stop::Policy(violation)) => Err(self.refuse(phase, request, violation)),
            Err(Stop::Planned(planned)) => {
                self.writes.plan(*planned);
                Err(HttpError::Deadline)
            }
        }
    }

    /// Delivers a request and follows what redirects it.
    async fn follow(&self, phase: &Phase, request: &Request, budget: Option<&Budget>) -> Result<Answer, Stop> {
        let (mut permit, credential) = self.permit(phase, request)?;
        if permit.writes && phase.dry_run {
            return Err(Stop::Planned(Box::new(self.planned(&permit, request)?)));
        }
        let mut message = Message::new(&self.manifest.id, request, self.configuration.secrets(), false)?;
        for hops in 0.. {
            let mut answer =
                self.deliver(phase, &Hop { permit: &permit, message: &message, credential, budget }).await?;
            if !permit.egress.withhold.is_empty()
                && let Some(body) = withhold(&answer.body, &permit.egress.withhold)
            {
                answer.body = body.into();
            }
            let Some(target) = redirect(&permit, &message, &answer)? else {
                return match &permit.egress.seal {
                    Some(seal) if (200..300).contains(&answer.status) => self.unseal(phase, request, seal, answer),
                    _ => Ok(answer),
                };
            };
            if message.method != http::Method::GET || hops == MAX_HOPS {
                let why = if hops == MAX_HOPS { "redirected too often" } else { "only a GET follows redirects" };
                let text = format!("{} redirects to {target}: {why}", permit.place.authority());
                return Err(HttpError::Connect(text).into());
            }
            permit = self.policy.permit_hop(phase, &permit.place, &target)?;
            message = message.redirected(&target);
        }
        Err(HttpError::Deadline.into())
    }

    /// Leave for a request, and the credential that it names.
    fn permit(&self, phase: &Phase, request: &Request) -> Result<(Permit<'_>, Option<&Credential>), PolicyViolation> {
        let credential = request.auth.as_deref().map(|id| self.credential(id)).transpose()?;
        let written = credential.map(Credential::header_names).unwrap_or_default();
        let permit = self.policy.permit(phase, request, &written)?;
        if let Some(credential) = credential
            && !credential.origins.contains(&permit.place.name)
        {
            let text = format!(
                "plugin '{}' wanted to use the credential `{}` at {}, which is not among its origins: {}",
                self.manifest.id,
                credential.id,
                permit.place.authority(),
                credential.origins.join(", ")
            );
            return Err(PolicyViolation::new("POLICY-007", text));
        }
        Ok((permit, credential))
    }

    fn planned(&self, permit: &Permit<'_>, request: &Request) -> Result<PlannedRequest, PolicyViolation> {
        let secrets = self.configuration.secrets();
        let message = Message::new(&self.manifest.id, request, secrets, true)?;
        Ok(PlannedRequest::new(permit, request, &message, &secrets.masker()))
    }

    fn credential(&self, id: &str) -> Result<&Credential, PolicyViolation> {
        credentials::find(&self.manifest, &self.configuration, id).ok_or_else(|| {
            let id: String = id.chars().filter(|c| !c.is_control()).take(100).collect();
            let text = format!(
                "plugin '{}' named the credential `{id}`, which its manifest does not have under this configuration",
                self.manifest.id
            );
            PolicyViolation::new("POLICY-007", text)
        })
    }

    /// What the guest may see of an answer.
    fn response(&self, mut answer: Answer) -> Response {
        let masker = self.configuration.secrets().masker();
        let bytes = answer.body.len();
        let masked = masker.mask(&answer.body);
        let mut hits = masked.hits;
        let body = match masked.bytes {
            Cow::Owned(masked) => masked,
            // Nothing of ours is in it: it is handed on as it is, and need not be wiped.
            Cow::Borrowed(_) => std::mem::take(&mut *answer.body),
        };
        let mut headers = Vec::with_capacity(answer.headers.len());
        for (name, value) in &answer.headers {
            if *name == http::header::SET_COOKIE {
                continue;
            }
            let value = masker.mask(value.as_bytes());
            hits += value.hits;
            headers.push((name.as_str().to_owned(), String::from_utf8_lossy(&value.bytes).into_owned()));
        }
        if hits > 0 {
            tracing::warn!(plugin = %self.manifest.id, hits, "the target's answer held a secret, which was masked");
        }
        self.activity.received(bytes, hits);
        // Where the host signs by the target's clock, a difference between the two explains no refusal.
        let clock = (!self.options.tolerate_skew).then(|| self.clock.now());
        Response {
            status: answer.status,
            headers,
            body,
            clock_ahead_seconds: clock.and_then(|now| ahead(&answer.headers, now)),
        }
    }

    fn masked_error(&self, error: HttpError) -> HttpError {
        let masker = self.configuration.secrets().masker();
        let mask = |text: String| masker.mask_text(&text).into_owned();
        match error {
            HttpError::Policy(text) => HttpError::Policy(mask(text)),
            HttpError::Dns(text) => HttpError::Dns(mask(text)),
            HttpError::Connect(text) => HttpError::Connect(mask(text)),
            HttpError::Tls(text) => HttpError::Tls(mask(text)),
            other => other,
        }
    }

    /// Writes the audit line and keeps the violation for the run.
    fn refuse(&self, phase: &Phase, request: &Request, mut violation: PolicyViolation) -> HttpError {
        let masker = self.configuration.secrets().masker();
        let request: String =
            format!("{} {}", request.method, request.path).chars().filter(|c| !c.is_control()).take(300).collect();
        violation.text = masker.mask_text(&violation.text).into_owned();
        violation.place = masker.mask_text(&format!("{request} ({phase})")).into_owned();
        tracing::warn!(
            target: "accord::audit",
            plugin = %self.manifest.id,
            version = %self.manifest.version,
            code = violation.code,
            page = %phase,
            request = %masker.mask_text(&request),
            "denied: {}",
            violation.text
        );
        let text = violation.text.clone();
        self.stop_run(violation.into());
        HttpError::Policy(text)
    }

    /// Keeps what stops the run; the first one counts.
    pub(super) fn stop_run(&self, problem: Problem) {
        self.lock_problem().new.get_or_insert(problem);
    }

    fn lock_problem(&self) -> std::sync::MutexGuard<'_, Stopping> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an answer redirects to.
fn redirect(permit: &Permit<'_>, message: &Message, answer: &Answer) -> Result<Option<Url>, Stop> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers.get(http::header::LOCATION) else { return Ok(None) };
    let base = format!("https://{}{}?{}", permit.place.authority(), permit.path, message.query);
    let target = location.to_str().ok().and_then(|location| Url::parse(&base).ok()?.join(location).ok());
    match target {
        Some(mut target) => {
            // What is behind the question mark may be a token.
            target.set_fragment(None);
            Ok(Some(target))
        }
        None => {
            let text = format!("{} redirects to somewhere unreadable", permit.place.authority());
            Err(HttpError::Connect(text).into())
        }
    }
}

/// A digest over all secrets of the configuration, for telling accounts apart without keeping anything of them.
fn account(manifest: &Manifest, configuration: &Configuration) -> Vec<u8> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for field in manifest.config.iter().filter(|field| field.is_secret()) {
        context.update(field.name.as_bytes());
        if let Some(secret) = configuration.secrets().get(&field.name) {
            context.update(secret.expose());
        }
    }
    context.finish().as_ref().to_vec()
}
