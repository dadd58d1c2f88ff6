//! Errors of the work file and failures of a guest, as problems for the person who must act.

use accord_c1z::container::grouped;
use accord_c1z::work::{Error, Fault};

use crate::bindings::accord::connector::types as wit;
use crate::capabilities::Call;
use crate::problem::{Category, Problem};
use crate::running::Shared;

/// An error of staging or finishing.
pub(crate) fn storage(error: Error) -> Problem {
    let text = error.to_string();
    match (error.fault(), &error) {
        (_, Error::NoSpace { path, needed, free }) => {
            let needs = match needed {
                Some(bytes) => format!("about {} bytes", grouped(*bytes)),
                None => "more than is free; how much is known once everything is read".to_owned(),
            };
            Problem::new(Category::Storage, "DISK-001", format!("no space left for `{}`", path.display()))
                .line("needs", needs)
                .line("free", format!("{} bytes", grouped(*free)))
                .remedy("free space there, or name other folders with --file and --c1z-temp-dir")
        }
        (Fault::Storage, _) => Problem::new(Category::Storage, "DISK-002", text),
        (Fault::Plugin, _) => Problem::new(Category::Plugin, "ROWS-001", text)
            .remedy("report this to the plugin's author; nothing was written"),
        (Fault::Cancelled, _) => Problem::new(Category::Interrupted(15), "STOP-001", text),
        (Fault::Bug, _) => crate::engine::bug("the work file", &text),
    }
}

/// The target's lock is another run's.
pub(crate) fn busy(told: String) -> Problem {
    Problem::new(Category::Busy, "BUSY-001", told)
        .remedy("run again later, wait for it with --wait, or name another file with --file")
}

/// The target's lock cannot be made.
pub(crate) fn lock(error: &Error) -> Problem {
    Problem::new(Category::Storage, "DISK-003", error.to_string())
        .remedy("name a file in a folder that you may write to with --file")
}

/// A failure of a call, by the answer that the host cut off where that is behind it.
pub(crate) fn of_call(shared: &Shared, place: &str, failure: wit::Failure, call: &Call) -> Problem {
    match &call.too_large {
        Some((request, limit)) if may_be_cut(&failure) => too_large(shared, place, request, *limit),
        _ => self::failure(shared, place, failure),
    }
}

/// Whether it is what a guest makes of an answer that the host cut off.
pub(crate) fn may_be_cut(failure: &wit::Failure) -> bool {
    matches!(failure.kind, wit::FailureKind::InvalidResponse | wit::FailureKind::Upstream)
}

/// An answer that is larger than any may be.
pub(crate) fn too_large(shared: &Shared, place: &str, request: &str, limit: u64) -> Problem {
    let text = format!("an answer is larger than {}, the most that is taken", crate::limits::bytes(limit));
    Problem::new(Category::Plugin, "LIMIT-008", text)
        .place(asked(shared, place, Some(request)))
        .means("it was cut off there, and nothing of it was kept")
        .remedy(
            "if the target sends without an end, see what answers in its place; \
             else report this to the plugin's author, who can ask for smaller pages",
        )
}

/// A listing or export, with the request that is meant, as far as one is known.
pub(crate) fn asked(shared: &Shared, place: &str, request: Option<&str>) -> String {
    let request = request.map(|request| clean(shared, request));
    match request.map(|request| shared.gateway.located(&request).unwrap_or(request)) {
        Some(request) => format!("{place}, {request}"),
        None => place.to_owned(),
    }
}

/// A guest's failure. `place` is the listing or the export that failed.
pub(crate) fn failure(shared: &Shared, place: &str, failure: wit::Failure) -> Problem {
    let id = &shared.plugin_id;
    let wit::Failure { kind, detail } = failure;
    let problem = match kind {
        wit::FailureKind::Config => told(shared, Category::Usage, "CONF-002", detail),
        wit::FailureKind::Credentials => {
            let mut problem = told(shared, Category::Credentials, "CRED-001", detail)
                .line("or", shared.gateway.skew_remedy().unwrap_or_default());
            for hint in &shared.hints {
                problem = problem.line("note", hint.clone());
            }
            problem
        }
        wit::FailureKind::Permission(permission) => told(shared, Category::Permission, "PERM-001", detail)
            .line("needs", format!("the permission \"{}\"", clean(shared, &permission))),
        wit::FailureKind::Gone(object) => {
            let text = format!(
                "{} {} is not there any more",
                clean(shared, &object.resource_type),
                clean(shared, &object.resource)
            );
            Problem::new(Category::Network, "GONE-001", text)
        }
        wit::FailureKind::NotFound => told(shared, Category::Network, "HTTP-002", detail),
        wit::FailureKind::RateLimited(seconds) => {
            let text = match seconds {
                Some(seconds) => format!("the target still limits our rate; it asks for {seconds} s more"),
                None => "the target still limits our rate".to_owned(),
            };
            Problem::new(Category::RateLimited, "RATE-001", text)
                .remedy("run the same command again later: it goes on where it stopped")
        }
        wit::FailureKind::Upstream => told(shared, Category::Network, "HTTP-001", detail),
        wit::FailureKind::InvalidResponse => told(shared, Category::Network, "HTTP-003", detail),
        wit::FailureKind::Refused => told(shared, Category::Usage, "REFUSED-001", detail),
        wit::FailureKind::Unsupported => {
            let text = clean(shared, &detail.message);
            Problem::new(Category::Usage, "PLUGIN-005", format!("plugin '{id}' does not offer this: {text}"))
        }
        wit::FailureKind::Bug => {
            let text = clean(shared, &detail.message);
            Problem::new(Category::Plugin, "GUEST-004", format!("plugin '{id}' reports a fault of its own: {text}"))
                .remedy("report this to the plugin's author")
        }
    };
    let has = |problem: &Problem, wanted: &str| problem.lines.iter().any(|(label, _)| *label == wanted);
    let problem = if has(&problem, "where") { problem } else { problem.place(place) };
    if has(&problem, "do") {
        problem
    } else {
        let remedy = usual_remedy(problem.code);
        problem.remedy(remedy)
    }
}

/// What to do where the guest does not know better.
fn usual_remedy(code: &str) -> &'static str {
    match code {
        "HTTP-001" => "run the same command again later; if it stays so, ask whoever runs the target",
        "HTTP-002" => {
            "run the same command again; if it stays so, see whether the credential may see it, or tell the plugin's author"
        }
        "HTTP-003" => {
            "run the same command again later; if it stays so, see what answers in the target's place, such as a proxy, \
             or tell the plugin's author"
        }
        "PLUGIN-005" => "do without it, or ask the plugin's author for it",
        "REFUSED-001" => "report this to the plugin's author: the target does not take what the plugin asks for",
        _ => "",
    }
}

fn told(shared: &Shared, category: Category, code: &'static str, detail: wit::Detail) -> Problem {
    let place = clean(shared, &detail.place);
    Problem::new(category, code, clean(shared, &detail.message))
        .place(shared.gateway.located(&place).unwrap_or(place))
        .means(clean(shared, &detail.meaning))
        .remedy(clean(shared, &detail.remedy))
}

/// Guest text for a terminal: masked, without control characters, bounded.
pub(crate) fn clean(shared: &Shared, text: &str) -> String {
    crate::text::printable(&shared.mask(text), 1_000)
}
