//! What proves key and permissions: one item of each kind.

use accord_sdk::json::Ignored;
use accord_sdk::types::CheckOutcome;
use accord_sdk::{Check, Failure, Host, Target};

use crate::api::{ADMINISTRATORS, Envelope, RESOURCES, SETTINGS};
use crate::{Duo, account, admins, users};

pub(crate) fn checks(duo: &Duo, host: &Host) -> Vec<Check> {
    let probes = [
        (SETTINGS, "the account's name; without it, its host stands for it", account::request()),
        (RESOURCES, "users, groups and memberships", users::request().query("limit", 1)),
        (ADMINISTRATORS, "administrators and roles", admins::request().query("limit", 1)),
    ];
    let mut checks: Vec<Check> = Vec::new();
    for (permission, needed_for, request) in probes {
        // Who is not let in at all need not ask on: that would only count against the key.
        let refused = checks.last().is_some_and(|check| {
            matches!(check.outcome, CheckOutcome::Failed(Failure::Credentials(_)) | CheckOutcome::Skipped(_))
        });
        checks.push(if refused {
            Check::skipped(permission, needed_for, "Duo refused the signature")
        } else {
            Check::of(permission, needed_for, duo.fetch::<Envelope<Ignored>>(host, &request))
        });
    }
    checks
}
