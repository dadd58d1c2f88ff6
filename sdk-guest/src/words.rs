//! What a target's answers mean, in its own words. This is the same for every target, so it stands in a component once.

use crate::bindings::accord::connector::http;
use crate::json::{Problem, Tree};
use crate::types::{Detail, Failure, HttpError, Outcome, PermissionDetail};
use crate::{Host, Request, Response, Target};

/// A clock that is off by more than this many seconds is worth telling when a signature or token is refused.
const CLOCK_TOLERANCE_SECONDS: u64 = 60;

/// Requests that run at once; the interface takes no more in one call.
const AT_ONCE: usize = 64;

/// A target without its type.
pub(crate) trait Words {
    fn name(&self) -> &'static str;
    fn credential(&self) -> Option<&'static str>;
    fn explain(&self, response: &Response) -> String;
    fn status(&self, response: &Response) -> u16;
    fn credentials_refused(&self, response: &Response) -> Detail;
    fn permission_remedy(&self, permission: &str) -> String;
    fn unreachable_remedy(&self) -> String;
}

/// The words of a target.
pub(crate) struct Of<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Target + ?Sized> Words for Of<'_, T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn credential(&self) -> Option<&'static str> {
        T::CREDENTIAL
    }

    fn explain(&self, response: &Response) -> String {
        self.0.explain(response)
    }

    fn status(&self, response: &Response) -> u16 {
        self.0.status(response)
    }

    fn credentials_refused(&self, response: &Response) -> Detail {
        self.0.credentials_refused(response)
    }

    fn permission_remedy(&self, permission: &str) -> String {
        self.0.permission_remedy(permission)
    }

    fn unreachable_remedy(&self) -> String {
        self.0.unreachable_remedy()
    }
}

/// What an unsuccessful status means.
pub(crate) fn failure(target: &dyn Words, response: &Response) -> Failure {
    let status = target.status(response);
    let name = target.name();
    let told = told(status, &target.explain(response), response);
    let what = match status {
        401 => return credentials(target, response, told),
        429 => return Failure::RateLimited(response.header("retry-after").and_then(|wait| wait.trim().parse().ok())),
        404 => "does not know what was asked for",
        408 | 500.. => "failed",
        400..500 => "refused the request",
        _ => "gave an unexpected answer",
    };
    let detail = Detail::new(format!("{name} {what} ({told})")).place(response.place());
    match status {
        403 => {
            let permission = response.permission();
            let detail = if permission.is_empty() {
                detail.meaning("the credential lacks a permission")
            } else {
                detail
                    .meaning(format!("the credential lacks the permission `{permission}`"))
                    .remedy(target.permission_remedy(permission))
            };
            Failure::Permission(PermissionDetail { permission: permission.into(), detail })
        }
        404 => Failure::NotFound(detail),
        408 | 500.. => Failure::Upstream(detail),
        400..500 => Failure::Refused(detail),
        _ => Failure::InvalidResponse(detail),
    }
}

fn credentials(target: &dyn Words, response: &Response, told: String) -> Failure {
    // A token is asked for by the host: its endpoint is where somebody has to look.
    let (told, place) = match response.token_refused() {
        Some((status, path)) => (self::told(status, &target.explain(response), response), format!("POST {path}")),
        None => (told, response.place().into()),
    };
    let mut refused = target.credentials_refused(response).place(place);
    refused.message = format!("{} ({told})", refused.message);
    Failure::Credentials(about_clock(refused, target.name(), response))
}

/// An answer, or what it means that there is none.
fn received(
    target: &dyn Words,
    answer: Result<http::Response, HttpError>,
    request: &Request,
) -> Result<Response, Failure> {
    let error = match answer {
        Ok(wire) => return Ok(Response::new(wire, request)),
        Err(error) => error,
    };
    let name = target.name();
    let message = match error {
        HttpError::Policy(text) => return Err(Failure::bug(format!("a request that the policy refuses: {text}"))),
        HttpError::TooLarge(limit) => {
            let message = format!("{name} answered with more than {limit} bytes");
            return Err(Failure::invalid_response(message, request.place()));
        }
        HttpError::Dns(text) => ["the host name of ", name, " cannot be resolved: ", &text].concat(),
        HttpError::Connect(text) => ["no answer from ", name, ": ", &text].concat(),
        HttpError::Tls(text) => ["no trusted TLS connection to ", name, ": ", &text].concat(),
        HttpError::TimedOut(outcome) => [name, " did not answer in time", effect(outcome)].concat(),
        HttpError::Reset(outcome) => ["the connection to ", name, " broke", effect(outcome)].concat(),
        HttpError::Deadline => "the time of this run is used up".into(),
    };
    let detail = Detail::new(message).place(request.place());
    Err(Failure::Upstream(detail.remedy(target.unreachable_remedy())))
}

pub(crate) fn send(target: &dyn Words, host: &Host, request: &Request) -> Result<Response, Failure> {
    let answer = host.send(&with_credential(target, request).wire);
    received(target, answer, request)
}

pub(crate) fn send_all(target: &dyn Words, host: &Host, requests: &[Request]) -> Vec<Result<Response, Failure>> {
    let batches = requests.chunks(AT_ONCE).flat_map(|batch| host.send_all(&on_the_wire(target, batch)));
    requests.iter().zip(batches).map(|(request, answer)| received(target, answer, request)).collect()
}

pub(crate) fn announce(target: &dyn Words, host: &Host, requests: &[Request]) {
    host.announce(&on_the_wire(target, requests));
}

fn on_the_wire(target: &dyn Words, requests: &[Request]) -> Vec<http::Request> {
    requests.iter().map(|request| with_credential(target, request).wire).collect()
}

fn with_credential(target: &dyn Words, request: &Request) -> Request {
    let mut request = request.clone();
    request.wire.auth = request.wire.auth.or_else(|| target.credential().map(Into::into));
    request
}

/// The JSON of a successful answer.
pub(crate) fn tree_of<'r>(target: &dyn Words, response: &'r Response) -> Result<Tree<'r>, Failure> {
    let status = target.status(response);
    if !(200..300).contains(&status) {
        return Err(failure(target, response));
    }
    if response.is_json() {
        return Tree::parse(response.body()).map_err(|problem| not_documented(target, response, &problem));
    }
    let message = format!("{} answered HTTP {status} with {}, not with JSON", target.name(), response.content_type());
    Err(Failure::invalid_response(message, response.place()))
}

/// What was read of an answer counts if there was no problem.
pub(crate) fn demand_none(target: &dyn Words, response: &Response, problem: Problem) -> Result<(), Failure> {
    problem.or(()).map_err(|problem| not_documented(target, response, &problem))
}

fn not_documented(target: &dyn Words, response: &Response, problem: &Problem) -> Failure {
    let message = format!("the answer of {} is not what it documents: {}", target.name(), short(problem));
    Failure::invalid_response(message, response.place())
}

/// `HTTP 401, code 40103 Invalid signature`, or `HTTP 502, text/html` where a proxy answered.
fn told(status: u16, words: &str, response: &Response) -> String {
    match words {
        "" if response.is_json() || response.body().is_empty() => format!("HTTP {status}"),
        "" => format!("HTTP {status}, {}", response.content_type()),
        words => format!("HTTP {status}, {words}"),
    }
}

/// Refused credentials are often a clock that is off; which of the two it is, the target rarely says.
fn about_clock(detail: Detail, name: &str, response: &Response) -> Detail {
    match response.clock_ahead_seconds() {
        Some(ahead) if ahead.unsigned_abs() > CLOCK_TOLERANCE_SECONDS => {
            let side = if ahead > 0 { "behind" } else { "ahead of" };
            let off = minutes(ahead.unsigned_abs());
            let clock = format!("this machine is {off} {side} {name}; signed requests will be refused");
            let either = |first: String, second: &str| match second {
                "" => first,
                second => format!("{first}; or else {second}"),
            };
            let remedy = either("set the clock of this machine (NTP) and try again".into(), &detail.remedy);
            let meaning = either(clock, &detail.meaning);
            detail.meaning(meaning).remedy(remedy)
        }
        _ => detail,
    }
}

/// `11 m 04 s`.
fn minutes(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes} m {seconds:02} s"),
        (hours, minutes, seconds) => format!("{hours} h {minutes:02} m {seconds:02} s"),
    }
}

fn effect(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "; nothing was sent",
        Outcome::Unknown => "",
    }
}

/// A problem may quote the names that it found; that stays short.
fn short(problem: &Problem) -> String {
    let text = problem.to_string();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
