//! From raw arguments to what is to be done.
//!
//! The tables `settings` and `connector_flags` say which flags there are; `command` makes the command tree of them and
//! of a plugin's own fields; `outline` finds the plugin before that tree can exist; `checked` turns what was given,
//! from whatever source, into what the commands rely on, one text after the other by `values`. `change` does so for the
//! commands that change a target, and `one_shot` for the flags by which connectors are asked for the same.

mod change;
mod checked;
mod command;
mod connector_flags;
mod names;
mod one_shot;
mod outline;
mod settings;
mod usage;
mod values;

pub(crate) use change::{Account, Change, ChangeArguments, Fields, Membership, Revocation, provisioning};
pub(crate) use checked::{
    Format, LogFormat, Logging, PluginFormat, SyncArguments, check_connector_flags, network, report,
};
pub(crate) use command::{accord, check_names, connector};
pub(crate) use connector_flags::CONNECTOR_FLAGS;
pub(crate) use names::nearest;
pub(crate) use one_shot::{OneShot, one_shot};
pub(crate) use outline::Outline;
pub(crate) use settings::SETTINGS;
pub(crate) use usage::{displayed, problem};
