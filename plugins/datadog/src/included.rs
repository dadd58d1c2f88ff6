//! Answers of On-Call that include what they name, step by step: a policy its steps, a step its targets. What is named and
//! not included is never taken for nothing.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::{Failure, Response};

use crate::api::{One, Reference, Several};

/// A document of one object, with others.
#[derive(FromJson)]
pub(crate) struct Included {
    pub(crate) data: Object,
    #[json(default)]
    included: List<Object>,
}

/// An object, of which the kind decides what it has.
#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Object {
    #[json(rename = "type")]
    kind: Text,
    id: Text,
    pub(crate) attributes: Attributes,
    pub(crate) relationships: Relationships,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Attributes {
    /// Of a shift.
    pub(crate) start: Text,
    pub(crate) end: Text,
    /// Of a routing rule.
    pub(crate) actions: List<Action>,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Action {
    /// Where the action is to follow an escalation policy.
    pub(crate) policy_id: Text,
}

#[derive(FromJson, Default)]
#[json(default)]
pub(crate) struct Relationships {
    /// Of who is on call in a schedule.
    pub(crate) responders: Several,
    /// Of a responder.
    pub(crate) shifts: Several,
    /// Of a shift, and of a member of a layer.
    pub(crate) user: One,
    /// Of a team's routing.
    pub(crate) rules: Several,
    /// Of a routing rule.
    pub(crate) policy: One,
    /// Of an escalation policy.
    pub(crate) steps: Several,
    /// Of such a step.
    pub(crate) targets: Several,
    /// Of a target that is a schedule by the place of its shift.
    pub(crate) schedule: One,
    /// Of a schedule.
    pub(crate) layers: Several,
    /// Of a layer.
    pub(crate) members: Several,
}

impl Included {
    /// The objects of a relation, in its order.
    pub(crate) fn all(&self, relation: &Several, answer: &Response) -> Result<Vec<&Object>, Failure> {
        relation.data.iter().map(|reference| self.one(reference, answer)).collect()
    }

    /// The object that a reference names.
    pub(crate) fn one(&self, reference: &Reference, answer: &Response) -> Result<&Object, Failure> {
        let is_it = |object: &&Object| object.kind == reference.kind && object.id == reference.id;
        self.included.iter().find(is_it).ok_or_else(|| {
            let (kind, id) = (reference.kind.escape_debug(), reference.id.escape_debug());
            let message = format!("Datadog names `{id}` of type `{kind}` and does not include it");
            Failure::invalid_response(message, answer.place())
        })
    }
}
