//! What a connector may reach: paths, addresses, and the decision about each request. Nothing here sends anything.

mod address;
mod egress;
mod learnt;
pub(crate) mod path;
mod place;
mod violation;

pub(crate) use address::{AddressRule, literal};
pub(crate) use egress::{Permit, Policy};
pub(crate) use learnt::LearnError;
pub(crate) use place::Place;
pub use violation::PolicyViolation;
