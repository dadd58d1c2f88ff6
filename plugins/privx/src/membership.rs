//! Where a membership comes from: given to the user, made by a role's mapping rules, or had by everybody.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::types::GrantAnnotation;
use accord_sdk::{Grant, ResourceId, Value};

use crate::{person, roles};

/// Whose own roles are looked up, where a role has mapping rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Details {
    /// Those of privileged roles' members.
    Privileged,
    Always,
    Never,
}

impl Details {
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "always" => Self::Always,
            "never" => Self::Never,
            _ => Self::Privileged,
        }
    }
}

/// What a role says of its memberships in general.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Everybody has the role.
    Automatic,
    /// It has no rules, so all were given.
    Explicit,
    /// It has rules, and nobody is asked.
    Unknown,
    /// It has rules, and each member is asked.
    LookedUp,
}

impl Source {
    const WORDS: [(Self, &'static str); 4] = [
        (Self::Automatic, "automatic"),
        (Self::Explicit, "explicit"),
        (Self::Unknown, "unknown"),
        (Self::LookedUp, "looked up"),
    ];

    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(source, _)| *source == self).map_or("unknown", |(_, word)| word)
    }

    pub(crate) fn of(word: &[u8]) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| known.as_bytes() == word).map(|(source, _)| *source)
    }
}

/// A role as it stands in the list of a user's roles: with what the membership comes from.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Held {
    pub(crate) id: Text,
    explicit: Option<bool>,
    implicit: Option<bool>,
    grant_type: Text,
    grant_start: Text,
    grant_end: Text,
    floating_length: Option<i64>,
}

/// What a member's own object says of a role, if it says something.
pub(crate) fn held<'a>(roles: &'a List<Held>, role_id: &str) -> Option<&'a Held> {
    roles.iter().find(|role| &*role.id == role_id).filter(|role| role.explicit.is_some() || role.implicit.is_some())
}

/// A membership of which only the role's general word is known.
pub(crate) fn by_source(role_id: &str, user_id: &str, source: Source) -> Grant {
    match source {
        Source::Automatic => immutable(grant(role_id, user_id, "automatic", Vec::new()), "every user has this role"),
        Source::Explicit => grant(role_id, user_id, "explicit", Vec::new()),
        Source::Unknown | Source::LookedUp => grant(role_id, user_id, "unknown", Vec::new()),
    }
}

impl Held {
    pub(crate) fn grant(&self, role_id: &str, user_id: &str) -> Grant {
        let (explicit, implicit) = (self.explicit == Some(true), self.implicit == Some(true));
        let word = match (explicit, implicit) {
            (true, true) => "explicit+implicit",
            (true, false) => "explicit",
            (false, true) => "implicit",
            (false, false) => "unknown",
        };
        let mut more = Vec::new();
        for (name, text) in
            [("grant_type", &self.grant_type), ("grant_start", &self.grant_start), ("grant_end", &self.grant_end)]
        {
            more.extend(text.given().map(|text| (name.into(), Value::Text(text.into()))));
        }
        // 0 hours: it does not float.
        let hours = self.floating_length.filter(|hours| *hours > 0);
        more.extend(hours.map(|hours| ("floating_length".into(), Value::Int(hours))));
        let grant = grant(role_id, user_id, word, more);
        if implicit && !explicit { immutable(grant, "the role's mapping rules") } else { grant }
    }
}

fn grant(role_id: &str, user_id: &str, membership: &str, more: Vec<(String, Value)>) -> Grant {
    let mut metadata = vec![("membership".into(), Value::Text(membership.into()))];
    metadata.extend(more);
    let role = ResourceId::new("role", role_id);
    Grant::new(role, roles::ASSIGNED, person::id(user_id)).annotate(GrantAnnotation::Metadata(metadata))
}

fn immutable(grant: Grant, why: &str) -> Grant {
    grant.annotate(GrantAnnotation::Immutable(why.into()))
}
