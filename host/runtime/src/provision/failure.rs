//! A call that did not end well, told with what is known of the target: nothing that is half done goes unsaid.

use super::operation::Operation;
use crate::bindings::accord::connector::types as wit;
use crate::capabilities::Call;
use crate::http::{Fate, SentWrite};
use crate::problem::{Category, Problem};
use crate::running::Shared;
use crate::sync::errors;

/// What to do where it is not known what was done.
const LOOK: &str = "look at the target, or run the same command again: what is done already is not done twice";

/// A failure that the connector told. It has looked at the target itself, as far as it could.
pub(super) fn told(shared: &Shared, place: &str, failure: wit::Failure, call: &Call) -> Problem {
    let wit::Failure { kind, mut detail } = failure;
    if let wit::FailureKind::RateLimited(seconds) = kind {
        let text = match seconds {
            Some(seconds) => format!("the target still limits our rate; it asks for {seconds} s more"),
            None => "the target still limits our rate".to_owned(),
        };
        return Problem::new(Category::RateLimited, "RATE-001", text)
            .place(errors::asked(shared, place, call.rate_limited.as_deref()))
            .remedy("run the same command again later: what is done already is not done twice");
    }
    if matches!(kind, wit::FailureKind::NotFound) && detail.remedy.is_empty() {
        "name what exists: a new sync shows it, with its id".clone_into(&mut detail.remedy);
    }
    let missing = matches!(kind, wit::FailureKind::NotFound | wit::FailureKind::Gone(_));
    let failure = wit::Failure { kind, detail };
    let mut problem = errors::of_call(shared, place, failure, call);
    if missing {
        // Whoever named it has to act, not whoever runs the target.
        problem.category = Category::Usage;
    }
    problem
}

/// Adds what left for the target. `unclear`: nobody looked at what came of it.
pub(super) fn with_writes(mut problem: Problem, operation: &Operation, writes: &[SentWrite], unclear: bool) -> Problem {
    let changed = |write: &&SentWrite| !matches!(write.fate, Fate::Answered(429));
    if writes.iter().filter(changed).count() == 0 {
        return problem.line("target", "not changed: nothing was sent that could change it");
    }
    for SentWrite { request, fate } in writes {
        let fate = match fate {
            Fate::Answered(status) => format!("answered {status}"),
            Fate::Unknown | Fate::NotSent => "no answer".to_owned(),
        };
        problem = problem.line("sent", format!("{request}: {fate}"));
    }
    if !unclear {
        return problem;
    }
    problem.lines.retain(|(label, _)| *label != "do");
    problem.line("target", format!("nobody knows whether {}", operation.question())).remedy(LOOK)
}
