//! Failures and their stories. Which status means which failure is decided in `target`.

use crate::types::{Check, CheckOutcome, Detail, Failure, PermissionDetail};

impl Failure {
    /// A fault of the connector.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::Bug(message.into())
    }

    /// Something that this connector does not offer.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    /// A wrong configuration.
    pub fn config(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Config(Detail::new(message).remedy(remedy))
    }

    /// A request that cannot be carried out by its nature, or in the present state.
    pub fn refused(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused(Detail::new(message).remedy(remedy))
    }

    /// An answer that is not what the API documents.
    pub fn invalid_response(message: impl Into<String>, place: impl Into<String>) -> Self {
        Self::InvalidResponse(Detail::new(message).place(place))
    }

    /// What failed, in one line, for a story that has this failure in it.
    pub fn message(&self) -> String {
        match self {
            Self::Config(detail)
            | Self::Credentials(detail)
            | Self::Permission(PermissionDetail { detail, .. })
            | Self::NotFound(detail)
            | Self::Upstream(detail)
            | Self::InvalidResponse(detail)
            | Self::Refused(detail) => detail.message.clone(),
            Self::Gone(id) => format!("`{}` is not there any more", id.resource),
            Self::RateLimited(_) => "too many requests".into(),
            Self::Unsupported(what) => format!("{what} is not offered"),
            Self::Bug(message) => message.clone(),
        }
    }
}

impl Detail {
    /// A story with only its first line: what failed.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: String::new(), meaning: String::new(), remedy: String::new() }
    }

    /// Where it failed.
    #[must_use]
    pub fn place(self, place: impl Into<String>) -> Self {
        Self { place: place.into(), ..self }
    }

    /// What that means.
    #[must_use]
    pub fn meaning(self, meaning: impl Into<String>) -> Self {
        Self { meaning: meaning.into(), ..self }
    }

    /// What to change.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }
}

impl Check {
    /// A proof that passed if the probe was answered.
    pub fn of<T>(name: impl Into<String>, needed_for: impl Into<String>, probe: Result<T, Failure>) -> Self {
        let outcome = match probe {
            Ok(_) => CheckOutcome::Passed,
            Err(failure) => CheckOutcome::Failed(failure),
        };
        Self { name: name.into(), needed_for: needed_for.into(), outcome }
    }

    /// A proof that was not tried, and why.
    pub fn skipped(name: impl Into<String>, needed_for: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), needed_for: needed_for.into(), outcome: CheckOutcome::Skipped(why.into()) }
    }
}
