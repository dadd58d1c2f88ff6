//! Failures and their stories. Which status means which failure is decided in `words`.

use std::ops::{Deref, DerefMut};

use crate::bindings::accord::connector::types as wire;
use crate::types::{FailureKind, ResourceId};

/// Why a call could not be served. The kind decides what the host does.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The configuration is wrong: the run ends.
    Config(Detail),
    /// The target refused who we are: the run ends, resumable.
    Credentials(Detail),
    /// The target refused what we asked: the collection's `forbidden` rule decides.
    Permission(PermissionDetail),
    /// The object that the collection is about is not there any more.
    Gone(ResourceId),
    /// A thing that was named does not exist.
    NotFound(Detail),
    /// The target still says no after the host's patience ended. Seconds to wait, if it said so.
    RateLimited(Option<u32>),
    /// The target failed, and the host's tries are used up: the collection's `lost` rule decides.
    Upstream(Detail),
    /// The answer is not what the API documents: the page is read again, three times at most.
    InvalidResponse(Detail),
    /// A request that cannot be carried out by its nature or in the present state.
    Refused(Detail),
    /// Not offered by this connector.
    Unsupported(String),
    /// A fault of the connector.
    Bug(String),
}

/// A failure's story for the person who must act. Never put a secret or a raw body in it.
///
/// It is kept aside: nearly every function may fail and nearly no call does.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail(Box<wire::Detail>);

/// A refusal for want of a permission.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionDetail {
    /// The permission's name as the target's console shows it.
    pub permission: String,
    /// The story.
    pub detail: Detail,
}

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

impl From<Failure> for wire::Failure {
    fn from(failure: Failure) -> Self {
        let (kind, detail) = match failure {
            Failure::Config(detail) => (FailureKind::Config, detail),
            Failure::Credentials(detail) => (FailureKind::Credentials, detail),
            Failure::Permission(PermissionDetail { permission, detail }) => {
                (FailureKind::Permission(permission), detail)
            }
            Failure::Gone(id) => (FailureKind::Gone(id), Detail::new("")),
            Failure::NotFound(detail) => (FailureKind::NotFound, detail),
            Failure::RateLimited(seconds) => (FailureKind::RateLimited(seconds), Detail::new("")),
            Failure::Upstream(detail) => (FailureKind::Upstream, detail),
            Failure::InvalidResponse(detail) => (FailureKind::InvalidResponse, detail),
            Failure::Refused(detail) => (FailureKind::Refused, detail),
            Failure::Unsupported(what) => (FailureKind::Unsupported, Detail::new(what)),
            Failure::Bug(message) => (FailureKind::Bug, Detail::new(message)),
        };
        Self { kind, detail: *detail.0 }
    }
}

impl From<wire::Failure> for Failure {
    fn from(failure: wire::Failure) -> Self {
        let detail = Detail(Box::new(failure.detail));
        match failure.kind {
            FailureKind::Config => Self::Config(detail),
            FailureKind::Credentials => Self::Credentials(detail),
            FailureKind::Permission(permission) => Self::Permission(PermissionDetail { permission, detail }),
            FailureKind::Gone(id) => Self::Gone(id),
            FailureKind::NotFound => Self::NotFound(detail),
            FailureKind::RateLimited(seconds) => Self::RateLimited(seconds),
            FailureKind::Upstream => Self::Upstream(detail),
            FailureKind::InvalidResponse => Self::InvalidResponse(detail),
            FailureKind::Refused => Self::Refused(detail),
            FailureKind::Unsupported => Self::Unsupported(detail.0.message),
            FailureKind::Bug => Self::Bug(detail.0.message),
        }
    }
}

impl Deref for Detail {
    type Target = wire::Detail;

    fn deref(&self) -> &wire::Detail {
        &self.0
    }
}

impl DerefMut for Detail {
    fn deref_mut(&mut self) -> &mut wire::Detail {
        &mut self.0
    }
}

impl Detail {
    /// A story with only its first line: what failed.
    pub fn new(message: impl Into<String>) -> Self {
        let (place, meaning, remedy) = (String::new(), String::new(), String::new());
        Self(Box::new(wire::Detail { message: message.into(), place, meaning, remedy }))
    }

    /// Where it failed.
    #[must_use]
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// What that means.
    #[must_use]
    pub fn meaning(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = meaning.into();
        self
    }

    /// What to change.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}
