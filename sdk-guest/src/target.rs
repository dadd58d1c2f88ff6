//! A target and what its answers mean: which status is whose fault, told in the target's own words.

use crate::json::{self, FromJson, Problem};
use crate::types::{Detail, Failure, HttpError, Outcome, PermissionDetail};
use crate::{Change, Host, Request, Response, Settled};

/// A clock that is off by more than this many seconds is worth telling when a signature or token is refused.
const CLOCK_TOLERANCE_SECONDS: u64 = 60;

/// Requests that run at once; the interface takes no more in one call.
const AT_ONCE: usize = 64;

/// An API as the connector knows it. The constants and the first methods describe it; the rest follows from them.
pub trait Target {
    /// As people call it: `Duo`.
    const NAME: &'static str;

    /// The manifest's credential that requests carry, unless they name another.
    const CREDENTIAL: Option<&'static str>;

    /// The target's own words in a refusal, such as `code 40103 Invalid signature in request credentials`, or empty.
    fn explain(&self, response: &Response) -> String {
        let _ = response;
        String::new()
    }

    /// The status that counts, where the target may contradict the answer's own.
    fn status(&self, response: &Response) -> u16 {
        response.status()
    }

    /// What a refused credential is called, what it means and what to change. The message needs neither status nor the
    /// target's words.
    fn credentials_refused(&self, response: &Response) -> Detail {
        let _ = response;
        Detail::new(format!("{} refused the credentials", Self::NAME))
    }

    /// How somebody gets a missing permission.
    fn permission_remedy(&self, permission: &str) -> String {
        format!("grant `{permission}` to the credential in {}", Self::NAME)
    }

    /// What to check when the target cannot be reached.
    fn unreachable_remedy(&self) -> String {
        String::new()
    }

    /// Sends a request and gives the answer, whatever its status.
    fn send(&self, host: &Host, request: &Request) -> Result<Response, Failure> {
        let answer = host.send(&with_credential::<Self>(request).wire);
        self.received(answer, request)
    }

    /// Sends requests, up to 64 at once, and gives the answers in their order, whatever their status.
    fn send_all(&self, host: &Host, requests: &[Request]) -> Vec<Result<Response, Failure>> {
        let batches = requests.chunks(AT_ONCE).flat_map(|batch| {
            let wire: Vec<_> = batch.iter().map(|request| with_credential::<Self>(request).wire).collect();
            host.send_all(&wire)
        });
        requests.iter().zip(batches).map(|(request, answer)| self.received(answer, request)).collect()
    }

    /// Sends a request and reads the JSON of a successful answer.
    fn fetch<T: FromJson>(&self, host: &Host, request: &Request) -> Result<T, Failure> {
        self.decode(&self.send(host, request)?)
    }

    /// Reads the JSON of a successful answer; any other answer is the failure that it means.
    fn decode<T: FromJson>(&self, response: &Response) -> Result<T, Failure> {
        let status = self.status(response);
        if !(200..300).contains(&status) {
            return Err(self.failure(response));
        }
        if !response.is_json() {
            let message =
                format!("{} answered HTTP {status} with {}, not with JSON", Self::NAME, response.content_type());
            return Err(Failure::invalid_response(message, response.place()));
        }
        json::read(response.body()).map_err(|problem| {
            let message = format!("the answer of {} is not what it documents: {}", Self::NAME, short(&problem));
            Failure::invalid_response(message, response.place())
        })
    }

    /// Asks for a change once, and then looks whether the target is as it was wanted: after a good answer, which the look
    /// is given, and after none, or one that says nothing. A refusal is passed on, but for one that may mean that there
    /// was nothing to do (404, 409).
    fn change(
        &self,
        host: &Host,
        change: &Change,
        mut look: impl FnMut(Option<&Response>) -> Result<bool, Failure>,
    ) -> Result<Settled, Failure> {
        change.settle(self, host, &mut look)
    }

    /// What an unsuccessful status means.
    fn failure(&self, response: &Response) -> Failure {
        let status = self.status(response);
        let name = Self::NAME;
        let told = told(status, &self.explain(response), response);
        let detail = |message: String| Detail::new(message).place(response.place());
        match status {
            401 => {
                let refused = self.credentials_refused(response);
                // A token is asked for by the host: its endpoint is where somebody has to look.
                let (told, place) = match response.token_refused() {
                    Some((status, path)) => {
                        (self::told(status, &self.explain(response), response), format!("POST {path}"))
                    }
                    None => (told, response.place().into()),
                };
                let message = format!("{} ({told})", refused.message);
                Failure::Credentials(about_clock(Detail { message, ..refused }.place(place), name, response))
            }
            403 => {
                let permission = response.permission();
                let detail = detail(format!("{name} refused the request ({told})"));
                let detail = if permission.is_empty() {
                    detail.meaning("the credential lacks a permission")
                } else {
                    detail
                        .meaning(format!("the credential lacks the permission `{permission}`"))
                        .remedy(self.permission_remedy(permission))
                };
                Failure::Permission(PermissionDetail { permission: permission.into(), detail })
            }
            404 => Failure::NotFound(detail(format!("{name} does not know what was asked for ({told})"))),
            429 => Failure::RateLimited(response.header("retry-after").and_then(|wait| wait.trim().parse().ok())),
            408 | 500.. => Failure::Upstream(detail(format!("{name} failed ({told})"))),
            400..500 => Failure::Refused(detail(format!("{name} refused the request ({told})"))),
            _ => Failure::InvalidResponse(detail(format!("{name} gave an unexpected answer ({told})"))),
        }
    }

    /// An answer, or what it means that there is none.
    #[doc(hidden)]
    fn received(
        &self,
        answer: Result<crate::bindings::accord::connector::http::Response, HttpError>,
        request: &Request,
    ) -> Result<Response, Failure> {
        let name = Self::NAME;
        let upstream = |message: String| {
            Failure::Upstream(Detail::new(message).place(request.place()).remedy(self.unreachable_remedy()))
        };
        answer.map(|wire| Response::new(wire, request)).map_err(|error| match error {
            HttpError::Policy(text) => Failure::bug(format!("a request that the policy refuses: {text}")),
            HttpError::Dns(text) => upstream(format!("the host name of {name} cannot be resolved: {text}")),
            HttpError::Connect(text) => upstream(format!("no answer from {name}: {text}")),
            HttpError::Tls(text) => upstream(format!("no trusted TLS connection to {name}: {text}")),
            HttpError::TimedOut(outcome) => upstream(format!("{name} did not answer in time{}", effect(outcome))),
            HttpError::Reset(outcome) => upstream(format!("the connection to {name} broke{}", effect(outcome))),
            HttpError::TooLarge(limit) => {
                Failure::invalid_response(format!("{name} answered with more than {limit} bytes"), request.place())
            }
            HttpError::Deadline => upstream("the time of this run is used up".into()),
        })
    }
}

fn with_credential<T: Target + ?Sized>(request: &Request) -> Request {
    let mut request = request.clone();
    request.wire.auth = request.wire.auth.or_else(|| T::CREDENTIAL.map(Into::into));
    request
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
            Detail { meaning, remedy, ..detail }
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
