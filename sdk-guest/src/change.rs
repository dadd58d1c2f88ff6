//! A change of the target: asked for once. What counts then is what the target shows, unless it clearly refused.
//!
//! A request without an answer may have had its effect all the same, an answer may say nothing, and some targets accept
//! what they do not do. So nobody asks twice: whoever wants to know looks.

use crate::words::{self, Words};

use crate::types::{Detail, Failure, GrantOutcome, RevokeOutcome};
use crate::{Host, Request, Response};

/// A request that changes something, and the words for when it does not.
#[derive(Debug, Clone)]
pub struct Change {
    request: Request,
    claim: String,
    contrary: String,
    elsewhere: String,
}

/// A look at whether the target is as it was wanted, with the answer to the change if there was a good one. Closures are
/// this, each of which would stand in the component twice if it were called as what it is.
pub(crate) trait Look {
    fn at(&mut self, answer: Option<&Response>) -> Result<bool, Failure>;
}

impl<F: FnMut(Option<&Response>) -> Result<bool, Failure>> Look for F {
    fn at(&mut self, answer: Option<&Response>) -> Result<bool, Failure> {
        self(answer)
    }
}

/// How it came that a target is as it was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// By the request, as far as anybody can tell.
    Changed,
    /// There was nothing to do.
    WasSo,
}

/// What became of the request itself.
enum Asked {
    Accepted(Response),
    /// Nobody knows.
    Open(Detail),
    /// Refused because there is nothing to do, or nothing to do it with; which of the two, a look tells.
    Pointless(Failure),
}

impl Change {
    /// The claim is what is so after it, the contrary what is said where it still is not: `` `a` is a member of `b` ``,
    /// `` `a` still is not a member of `b` ``.
    pub fn new(request: Request, claim: impl Into<String>, contrary: impl Into<String>) -> Self {
        let elsewhere = "try again later".into();
        Self { request, claim: claim.into(), contrary: contrary.into(), elsewhere }
    }

    /// What to do where the target accepts the change and does not make it.
    #[must_use]
    pub fn elsewhere(mut self, remedy: impl Into<String>) -> Self {
        self.elsewhere = remedy.into();
        self
    }

    /// Asks once, and looks. See [`Target::change`].
    pub(crate) fn settle(&self, target: &dyn Words, host: &Host, look: &mut dyn Look) -> Result<Settled, Failure> {
        let (detail, remedy) = match self.ask(target, host)? {
            Asked::Pointless(refusal) => {
                return if look.at(None).unwrap_or(false) { Ok(Settled::WasSo) } else { Err(refusal) };
            }
            Asked::Open(detail) => match look.at(None) {
                Ok(true) => return Ok(Settled::Changed),
                Ok(false) => (detail, "try again"),
                Err(failure) => return Err(self.unknown(detail, &failure)),
            },
            Asked::Accepted(answer) => {
                let message = format!("{} accepted the change, but it cannot be seen", target.name());
                let detail = Detail::new(message).place(self.request.place());
                match look.at(Some(&answer)) {
                    Ok(true) => return Ok(Settled::Changed),
                    Ok(false) => (detail, &*self.elsewhere),
                    Err(failure) => return Err(self.unknown(detail, &failure)),
                }
            }
        };
        Err(Failure::Upstream(detail.meaning(&self.contrary).remedy(remedy)))
    }

    fn ask(&self, target: &dyn Words, host: &Host) -> Result<Asked, Failure> {
        let answer = match words::send(target, host, &self.request) {
            Ok(answer) => answer,
            Err(Failure::Upstream(detail) | Failure::InvalidResponse(detail)) => return Ok(Asked::Open(detail)),
            Err(failure) => return Err(failure),
        };
        let status = target.status(&answer);
        // Who says 204 has nothing to add.
        if (200..300).contains(&status) && answer.body().is_empty() {
            return Ok(Asked::Accepted(answer));
        }
        match words::tree_of(target, &answer).map(drop) {
            Ok(()) => Ok(Asked::Accepted(answer)),
            Err(Failure::Upstream(detail) | Failure::InvalidResponse(detail)) => Ok(Asked::Open(detail)),
            Err(refusal) if matches!(status, 404 | 409) => Ok(Asked::Pointless(refusal)),
            Err(refusal) => Err(refusal),
        }
    }

    fn unknown(&self, detail: Detail, failure: &Failure) -> Failure {
        let meaning = format!("nobody knows whether {} now: {}", self.claim, failure.message());
        Failure::Upstream(detail.meaning(meaning).remedy("try again; what is done already is not done twice"))
    }
}

impl From<Settled> for GrantOutcome {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Changed => Self::Granted,
            Settled::WasSo => Self::AlreadyExists,
        }
    }
}

impl From<Settled> for RevokeOutcome {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Changed => Self::Revoked,
            Settled::WasSo => Self::AlreadyRevoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;
    use crate::testing::{Bench, Exchange};
    use crate::types::{Check, Collection, HttpError, Outcome};
    use crate::{Config, Connector, Page, Step};

    /// A lamp that can be switched on.
    struct Lamp;

    impl Target for Lamp {
        const NAME: &'static str = "Lamp";
        const CREDENTIAL: Option<&'static str> = None;
    }

    impl Connector for Lamp {
        fn new(_: &Config) -> Result<Self, Failure> {
            Ok(Self)
        }

        fn validate(&self, _: &Host) -> Vec<Check> {
            Vec::new()
        }

        fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
            Ok(Vec::new())
        }

        fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
            Err(page.unknown_collection())
        }
    }

    fn switch_on(asked: Exchange, look: Option<(u16, &str)>) -> Result<Settled, Failure> {
        let bench = Bench::<Lamp>::new();
        bench.exchange(asked);
        if let Some((status, shown)) = look {
            bench.on("GET", "/lamp", status, shown);
        }
        let change = Change::new(Request::new("PUT", "/lamp"), "the lamp is on", "the lamp still is off");
        let outcome = bench
            .provision(|lamp, host| lamp.change(host, &change, |_| lamp.fetch::<bool>(host, &Request::get("/lamp"))));
        assert_eq!(bench.sent().iter().filter(|sent| sent.method == "PUT").count(), 1, "asked once");
        outcome
    }

    fn answered(status: u16, body: &str) -> Exchange {
        Exchange::new("PUT", "/lamp", status, body)
    }

    #[track_caller]
    fn upstream(outcome: Result<Settled, Failure>) -> Detail {
        match outcome {
            Err(Failure::Upstream(detail)) => detail,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_target_shows_counts_and_not_what_it_says() {
        for (status, body) in [(200, "{}"), (204, ""), (200, "<html>"), (503, "{}")] {
            assert_eq!(switch_on(answered(status, body), Some((200, "true"))), Ok(Settled::Changed), "{status} {body}");
            let detail = upstream(switch_on(answered(status, body), Some((200, "false"))));
            assert_eq!(detail.meaning, "the lamp still is off", "{status} {body}");
            let detail = upstream(switch_on(answered(status, body), Some((404, "{}"))));
            assert!(
                detail.meaning.starts_with("nobody knows whether the lamp is on now: Lamp does not know"),
                "{detail:?}"
            );
        }
        let detail = upstream(switch_on(answered(204, ""), Some((200, "false"))));
        assert_eq!(
            (&*detail.message, &*detail.place),
            ("Lamp accepted the change, but it cannot be seen", "PUT /lamp")
        );
    }

    #[test]
    fn a_lost_answer_leaves_it_open() {
        for error in [HttpError::Reset(Outcome::Unknown), HttpError::TimedOut(Outcome::Unknown), HttpError::Deadline] {
            let lost = || Exchange::failing("PUT", "/lamp", error.clone());
            assert_eq!(switch_on(lost(), Some((200, "true"))), Ok(Settled::Changed));
            assert_eq!(upstream(switch_on(lost(), Some((200, "false")))).remedy, "try again");
        }
    }

    #[test]
    fn a_refusal_is_passed_on_unless_there_was_nothing_to_do() {
        for status in [400, 401, 403, 422, 429] {
            assert!(switch_on(answered(status, "{}"), None).is_err(), "{status}");
        }
        for status in [404, 409] {
            assert_eq!(switch_on(answered(status, "{}"), Some((200, "true"))), Ok(Settled::WasSo), "{status}");
            for look in [(200, "false"), (500, "{}")] {
                let refused = switch_on(answered(status, "{}"), Some(look));
                assert!(matches!(refused, Err(Failure::NotFound(_) | Failure::Refused(_))), "{status}: {refused:?}");
            }
        }
    }
}
