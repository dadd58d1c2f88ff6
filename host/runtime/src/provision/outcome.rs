//! What came of a call, after the rules that rows of a sync keep too.

use std::sync::Arc;

use accord_c1z::encode::{Encoder, RowError};
use accord_c1z::model::{Grant, PlainGrants, Profile, ResourceId, Rows};
use accord_c1z::schema::FileProfile;

use super::operation::EntitlementKey;
use crate::bindings::exports::accord::connector::provision as guest;
use crate::capabilities::Call;
use crate::convert;
use crate::manifest::Manifest;
use crate::problem::{Category, Problem};
use crate::running::Shared;
use crate::secrets::Secret;
use crate::sync::errors::clean;

/// A call that ended well.
#[derive(Debug)]
pub struct Done {
    pub outcome: Outcome,
    /// What there is now, as far as the connector told.
    pub rows: Rows,
    /// New credentials. Whoever has this hands them to the operator, or nobody ever has them.
    pub credentials: Vec<Credential>,
    /// Requests that may have changed the target.
    pub writes: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Granted,
    AlreadyGranted,
    Revoked,
    AlreadyRevoked,
    Account { state: AccountState, account: Option<ResourceId>, message: String },
    Deleted,
    AlreadyDeleted,
    Rotated,
    Action { id: String, state: ActionState, response: Profile, message: String },
}

/// How far an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    Created,
    AlreadyExists,
    /// Somebody has to do something first.
    ActionRequired,
    InProgress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionState {
    Pending,
    Running,
    Complete,
    Failed,
}

/// A credential that now exists.
#[derive(Debug, Clone)]
pub struct Credential {
    pub name: String,
    pub description: String,
    pub secret: Arc<Secret>,
}

impl Outcome {
    /// What the field's own answers carry beside the rows.
    pub fn annotations(&self) -> &'static [&'static str] {
        match self {
            Self::AlreadyGranted => &["GrantAlreadyExists"],
            Self::AlreadyRevoked => &["GrantAlreadyRevoked"],
            Self::AlreadyDeleted => &["ResourceDoesNotExist"],
            _ => &[],
        }
    }
}

impl From<guest::GrantOutcome> for Outcome {
    fn from(outcome: guest::GrantOutcome) -> Self {
        match outcome {
            guest::GrantOutcome::Granted => Self::Granted,
            guest::GrantOutcome::AlreadyExists => Self::AlreadyGranted,
        }
    }
}

impl From<guest::RevokeOutcome> for Outcome {
    fn from(outcome: guest::RevokeOutcome) -> Self {
        match outcome {
            guest::RevokeOutcome::Revoked => Self::Revoked,
            guest::RevokeOutcome::AlreadyRevoked => Self::AlreadyRevoked,
        }
    }
}

impl From<guest::DeleteOutcome> for Outcome {
    fn from(outcome: guest::DeleteOutcome) -> Self {
        match outcome {
            guest::DeleteOutcome::Deleted => Self::Deleted,
            guest::DeleteOutcome::AlreadyDeleted => Self::AlreadyDeleted,
        }
    }
}

/// An account, and the credentials that came with it. Text of the guest is cleaned.
pub(super) fn account(shared: &Shared, told: guest::AccountOutcome) -> (Outcome, Vec<guest::NewCredential>) {
    let state = match told.state {
        guest::AccountState::Created => AccountState::Created,
        guest::AccountState::AlreadyExists => AccountState::AlreadyExists,
        guest::AccountState::ActionRequired => AccountState::ActionRequired,
        guest::AccountState::InProgress => AccountState::InProgress,
    };
    let account = told.account.map(convert::resource_id);
    (Outcome::Account { state, account, message: clean(shared, &told.message) }, told.credentials)
}

pub(super) fn action(shared: &Shared, told: guest::ActionResult) -> Outcome {
    let state = match told.state {
        guest::ActionState::Pending => ActionState::Pending,
        guest::ActionState::Running => ActionState::Running,
        guest::ActionState::Complete => ActionState::Complete,
        guest::ActionState::Failed => ActionState::Failed,
    };
    Outcome::Action {
        id: told.id,
        state,
        response: convert::profile(told.response),
        message: clean(shared, &told.message),
    }
}

/// The new credentials with their bytes. One whose name stands for no new secret is a fault of the plugin.
pub(super) fn credentials(shared: &Shared, told: Vec<guest::NewCredential>) -> Result<Vec<Credential>, Problem> {
    let one = |told: guest::NewCredential| match shared.secrets.get_new(&told.secret) {
        Some(secret) => {
            Ok(Credential { name: clean(shared, &told.name), description: clean(shared, &told.description), secret })
        }
        None => {
            let name = clean(shared, &told.secret);
            let text = format!("plugin '{}' names the secret `{name}`, which is none that was made", shared.plugin_id);
            Err(fault(text))
        }
    };
    told.into_iter().map(one).collect()
}

/// The rows of a call, by the rules of a sync: declared types, ids that a file can hold.
pub(super) fn rows(manifest: &Manifest, call: &mut Call) -> Result<Rows, Problem> {
    let types: Vec<_> = manifest.resource_types.iter().map(Into::into).collect();
    let encoder = Encoder::new(FileProfile::default(), &types);
    let mut rows = std::mem::take(&mut call.rows);
    let plain = std::mem::take(&mut rows.plain_grants);
    rows.grants.extend(plain.iter().flat_map(PlainGrants::grants));
    let refuse = |error: RowError| fault(error.to_string());
    for resource in &rows.resources {
        encoder.resource(resource).map_err(refuse)?;
    }
    for entitlement in &rows.entitlements {
        encoder.entitlement(entitlement).map_err(refuse)?;
    }
    for grant in &rows.grants {
        encoder.grant(grant).map_err(refuse)?;
        let types = [&grant.entitlement_resource.resource_type, &grant.principal.resource_type];
        if let Some(unknown) = types.into_iter().find(|kind| !encoder.knows(kind)) {
            let id = accord_c1z::encode::grant_id(grant).into_owned();
            return Err(fault(format!(
                "grant `{id}` is of resource type `{unknown}`, which the manifest does not have"
            )));
        }
    }
    Ok(rows)
}

/// The grant that was asked for, where the connector told no other.
pub(super) fn plain(entitlement: &EntitlementKey, principal: &ResourceId) -> Grant {
    Grant {
        id: None,
        entitlement: entitlement.id.clone(),
        entitlement_resource: entitlement.resource.clone(),
        principal: principal.clone(),
        expansion: None,
        annotations: Vec::new(),
    }
}

fn fault(text: String) -> Problem {
    Problem::new(Category::Plugin, "ROWS-001", text).remedy("report this to the plugin's author")
}
