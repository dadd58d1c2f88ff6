#![allow(missing_debug_implementations, dead_code)]
use crate::{clock::Clock, configuration::Configuration, http::*, manifest::Manifest, problem::Problem};
use std::sync::Arc;
#[derive(Debug, Clone)]
pub struct Activity;
#[derive(Debug, Clone, Copy)]
pub struct Counters {
    pub calls: u64,
    pub attempts: u64,
    pub rate_limited: u64,
    pub response_bytes: u64,
}
impl Activity {
    pub fn counters(&self) -> Counters {
        Counters { calls: 0, attempts: 0, rate_limited: 0, response_bytes: 0 }
    }
}
#[derive(Debug, Clone)]
pub struct NetworkOptions;
pub struct Gateway(Activity);
#[derive(Debug)]
pub struct Violation;
impl From<Violation> for Problem {
    fn from(_: Violation) -> Problem {
        loop {}
    }
}
impl Gateway {
    pub fn new(
        _: Arc<Manifest>,
        _: Arc<Configuration>,
        _: NetworkOptions,
        _: Arc<dyn Clock>,
        a: Activity,
    ) -> Result<Self, Problem> {
        Ok(Gateway(a))
    }
    pub async fn send(&self, _: &Phase, _: Request) -> Result<Response, HttpError> {
        Err(HttpError::Deadline)
    }
    pub async fn send_all(&self, _: &Phase, _: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        vec![]
    }
    pub fn take_violation(&self) -> Option<Violation> {
        None
    }
    pub fn activity(&self) -> &Activity {
        &self.0
    }
}
