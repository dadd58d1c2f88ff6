//! The manifest: what a connector is, may reach, and needs.
//!
//! It lies inside the component as one custom section and is read and checked before anything is compiled. [`Manifest`]
//! is the checked form; whoever holds one may rely on every name in it meaning something. Reading the section out of a
//! component is the engine's work, applying the rules is that of `configuration`, `policy`, `credentials` and `http`.

mod account;
mod check;
mod collect;
mod field;
mod network;
mod parse;
mod reader;
mod tables;
mod template;

pub use account::{Account, AccountCredential, Action, Argument, ArgumentKind};
pub use collect::{Collection, ResourceType, Rule};
pub use field::{Condition, ConditionTest, Constraint, ConstraintKind, Field, FieldKind, Pattern, Severity, Variant};
pub use network::{
    Algorithm, ClientAuthentication, Credential, Egress, Export, Hmac, Inspection, Learnt, MOST_WITHHELD, OAuth2,
    Origin, Rate, Recipe, ResetForm, Seal, Sealed, TokenEncoding, VendorHeaders,
};
pub use parse::{Manifest, ManifestProblem, WantedLimits};
pub use template::{Part, Template};
