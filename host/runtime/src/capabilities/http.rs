//! `http`: requests go to the gateway, or are answered from a tape. Limits per call and page are kept here.

use std::sync::Arc;

use crate::bindings::accord::connector::http as wit;
use crate::http::{Body, HttpError, Outcome, Request, Response};
use crate::problem::{Category, Problem};
use crate::tape::Exchange;

use super::State;

/// Where the answers of a call come from, and where they are kept.
pub(crate) enum Exchanges {
    /// The network. `recorded` gathers what a tape keeps.
    Live { recorded: Option<Vec<Exchange>>, count: u32 },
    /// A tape: the page's exchanges in order, and how many were used.
    Replay { exchanges: Arc<[Exchange]>, used: usize },
}

impl wit::Host for State {
    async fn send(&mut self, request: wit::Request) -> wasmtime::Result<Result<wit::Response, wit::HttpError>> {
        let answers = self.exchange(vec![request]).await;
        let answer = answers.into_iter().next().unwrap_or(Err(wit::HttpError::Deadline));
        self.go_on(answer)
    }

    async fn send_all(
        &mut self,
        requests: Vec<wit::Request>,
    ) -> wasmtime::Result<Vec<Result<wit::Response, wit::HttpError>>> {
        let answers = self.exchange(requests).await;
        self.go_on(answers)
    }

    fn announce(&mut self, requests: Vec<wit::Request>) -> wasmtime::Result<()> {
        if self.over_limit(requests.len()).is_none() {
            let requests: Vec<Request> = requests.into_iter().map(request_in).collect();
            let announced = self.shared.gateway.announced(&self.call.phase, &requests);
            self.hear(announced.is_err());
            self.call.announced = announced.unwrap_or_default();
        }
        self.go_on(())
    }
}

impl State {
    async fn exchange(&mut self, requests: Vec<wit::Request>) -> Vec<Result<wit::Response, wit::HttpError>> {
        self.compute.charge();
        let count = requests.len();
        let answers = match self.over_limit(count) {
            Some(text) => vec![Err(HttpError::Policy(text)); count],
            None => {
                let requests: Vec<Request> = requests.into_iter().map(request_in).collect();
                self.answers(requests).await
            }
        };
        self.compute.resume();
        answers.into_iter().map(answer_out).collect()
    }

    /// Notes what is too much, and tells it.
    fn over_limit(&mut self, count: usize) -> Option<String> {
        let text = self.excess(count)?;
        self.call.fail(Problem::new(Category::Plugin, "LIMIT-004", text.clone()));
        Some(text)
    }

    fn excess(&mut self, count: usize) -> Option<String> {
        let limits = &self.shared.limits;
        let plugin = &self.shared.plugin_id;
        if count > limits.requests_per_call {
            return Some(format!(
                "plugin '{plugin}' sent {count} requests in one call; at most {} are allowed",
                limits.requests_per_call
            ));
        }
        if let Exchanges::Live { count: made, .. } = &mut self.call.exchanges {
            *made = made.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            if *made > limits.requests_per_page {
                return Some(format!(
                    "plugin '{plugin}' made more than {} requests for one page",
                    limits.requests_per_page
                ));
            }
        }
        None
    }

    async fn answers(&mut self, requests: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        match &mut self.call.exchanges {
            Exchanges::Replay { exchanges, used } => {
                let exchanges = Arc::clone(exchanges);
                let first = *used;
                *used += requests.len();
                let mut answers = Vec::with_capacity(requests.len());
                for (offset, request) in requests.iter().enumerate() {
                    answers.push(self.replayed(exchanges.get(first + offset), request));
                }
                answers
            }
            Exchanges::Live { .. } => {
                let answers = match <[Request; 1]>::try_from(requests) {
                    Ok([request]) => {
                        let answer = self.shared.gateway.send(&self.call.phase, request.clone()).await;
                        vec![(request, answer)]
                    }
                    Err(requests) => {
                        let answers = self.shared.gateway.send_all(&self.call.phase, requests.clone()).await;
                        requests.into_iter().zip(answers).collect()
                    }
                };
                self.hear(answers.iter().any(|(_, answer)| answer.is_err()));
                let planned = self.shared.gateway.take_plan();
                if !planned.is_empty() {
                    self.call.planned.extend(planned);
                    self.call.planned.append(&mut self.call.announced);
                }
                self.note(&answers);
                if let Exchanges::Live { recorded: Some(recorded), .. } = &mut self.call.exchanges {
                    recorded.extend(answers.iter().map(|(request, answer)| Exchange::new(request, answer)));
                }
                answers.into_iter().map(|(_, answer)| answer).collect()
            }
        }
    }

    /// Ends the call where the run ends. One that got no answer then is told why, whoever else was told before.
    fn hear(&mut self, unanswered: bool) {
        if let Some(problem) = self.shared.gateway.take_problem(unanswered) {
            self.call.fail(problem);
        }
    }

    /// Remembers what a failure of the guest may have to be explained with.
    fn note(&mut self, answers: &[(Request, Result<Response, HttpError>)]) {
        self.call.too_large = None;
        for (request, answer) in answers {
            self.call.doubtful |= self.shared.gateway.makes_doubtful(request, answer);
            match answer {
                Ok(response) if response.status == 429 => self.call.rate_limited = Some(request.place()),
                Err(HttpError::TooLarge(limit)) => self.call.too_large = Some((request.place(), *limit)),
                _ => {}
            }
            self.call.asked = Some(request.place());
        }
    }

    fn replayed(&mut self, exchange: Option<&Exchange>, request: &Request) -> Result<Response, HttpError> {
        let answer = match exchange {
            Some(exchange) => exchange.answer_to(request),
            None => Err(format!("the tape ends before {} {}", request.method, request.path)),
        };
        answer.unwrap_or_else(|difference| {
            let place = self.call.listing.clone().unwrap_or_else(|| self.call.phase.export.name().to_owned());
            let problem = Problem::new(Category::Usage, "TAPE-004", "the connector does not follow the tape")
                .place(place)
                .means(difference)
                .remedy("record the tape again with this version of the connector");
            self.call.fail(problem);
            Err(HttpError::Deadline)
        })
    }
}

fn request_in(request: wit::Request) -> Request {
    Request {
        method: request.method,
        origin: request.origin,
        path: request.path,
        query: request.query,
        headers: request.headers,
        body: request.body.map(|body| match body {
            wit::Body::Json(text) => Body::Json(text),
            wit::Body::Form(fields) => Body::Form(fields),
            wit::Body::Bytes((content_type, bytes)) => Body::Bytes { content_type, bytes },
        }),
        auth: request.auth,
        insert: request.insert,
    }
}

fn answer_out(answer: Result<Response, HttpError>) -> Result<wit::Response, wit::HttpError> {
    match answer {
        Ok(response) => Ok(wit::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
            clock_ahead_seconds: response.clock_ahead_seconds,
        }),
        Err(error) => Err(match error {
            HttpError::Policy(text) => wit::HttpError::Policy(text),
            HttpError::Dns(text) => wit::HttpError::Dns(text),
            HttpError::Connect(text) => wit::HttpError::Connect(text),
            HttpError::Tls(text) => wit::HttpError::Tls(text),
            HttpError::TimedOut(outcome) => wit::HttpError::TimedOut(outcome_out(outcome)),
            HttpError::Reset(outcome) => wit::HttpError::Reset(outcome_out(outcome)),
            HttpError::TooLarge(limit) => wit::HttpError::TooLarge(limit),
            HttpError::Deadline => wit::HttpError::Deadline,
        }),
    }
}

fn outcome_out(outcome: Outcome) -> wit::Outcome {
    match outcome {
        Outcome::NotSent => wit::Outcome::NotSent,
        Outcome::Unknown => wit::Outcome::Unknown,
    }
}
