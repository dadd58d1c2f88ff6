//! Sealed answers on their way to the guest: opened, learnt from, and replaced by what the guest may see.

use std::sync::Arc;

use super::attempt::Answer;
use super::gateway::{Gateway, Stop};
use super::types::{HttpError, Phase, Request};
use crate::manifest::Seal;
use crate::policy::{LearnError, PolicyViolation};
use crate::problem::{Category, Problem};
use crate::sealed::{self, Opened, SealError};

impl Gateway {
    /// Takes out of an answer what the guest must not see, and keeps it for the learnt origin.
    pub(super) fn unseal(
        &self,
        phase: &Phase,
        request: &Request,
        seal: &Seal,
        mut answer: Answer,
    ) -> Result<Answer, Stop> {
        let place = || format!("{} {} ({phase})", request.method, request.path);
        let opened = sealed::open(seal, &answer.body).map_err(|error| match error {
            SealError::Refused(why) => {
                Stop::Policy(PolicyViolation::new("POLICY-008", format!("the kubeconfig {why}")))
            }
            SealError::Unreadable(why) => {
                let headline = format!("the sealed answer of {} {why}", self.manifest.name);
                let problem = Problem::new(Category::Network, "SEAL-001", headline).place(place()).remedy(
                    "see what answers there; the same request with the vendor's own tool should bring a kubeconfig",
                );
                self.stop_with(problem)
            }
        })?;
        // Before anything is decided by it: whatever is said about it from here on is masked.
        self.keep(&seal.origin, &opened);
        let learnt = self.policy.learning.learn(&self.manifest, &self.configuration, &seal.origin, &opened);
        learnt.map_err(|error| match error {
            LearnError::Elsewhere(why) => {
                let text = format!("the sealed answer for `{}` {why}", seal.origin);
                let remedy = "if that is the right server, name it in the connector's configuration";
                Stop::Policy(PolicyViolation::new("POLICY-008", text).remedy(remedy))
            }
            LearnError::Configuration(problem) => self.stop_with(problem),
        })?;
        answer.body = opened.document.to_string().into_bytes().into();
        answer.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        Ok(answer)
    }

    fn keep(&self, origin: &str, opened: &Opened) {
        let secrets = Arc::clone(self.configuration.secrets());
        let keep = |part: &str, bytes: Option<&[u8]>| {
            let name = format!("{origin}.{part}");
            match bytes {
                Some(bytes) => secrets.insert(&name, bytes),
                None => secrets.retire(&name),
            }
        };
        for (number, other) in opened.others.iter().enumerate() {
            keep(&format!("other-{number}"), Some(other.as_bytes()));
        }
        keep("token", opened.token.as_ref().map(|token| token.as_bytes()));
        keep("key", opened.identity.as_ref().map(|(_, key)| key.as_bytes()));
    }

    /// Stops the run; the guest hears only that it ends.
    fn stop_with(&self, problem: Problem) -> Stop {
        self.stop_run(problem);
        Stop::Http(HttpError::Deadline)
    }
}
