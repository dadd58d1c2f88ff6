//! Changing a target: one call of one export, asked for by name.
//!
//! `operation` is what can be asked for, `offered` refuses what the manifest does not offer before anything is called,
//! `run` makes the one call, and `outcome` is what came of it. A call is told ids only: what a file says of a principal
//! may be old, and the target knows better. No call is ever repeated here, so whatever ends without a clear answer is
//! told by `failure` with what left for the target.

mod failure;
mod offered;
mod operation;
mod outcome;
mod run;

pub use offered::{check, check_writable};
pub use operation::{AccountRequest, CredentialOption, EntitlementKey, Operation};
pub use outcome::{AccountState, ActionState, Credential, Done, Outcome};
pub use run::{Answer, Mode, provision};
