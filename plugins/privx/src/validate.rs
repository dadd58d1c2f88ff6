//! What proves credentials and permissions: one role and one user.

use accord_sdk::json::Ignored;
use accord_sdk::types::CheckOutcome;
use accord_sdk::{Check, Failure, Host, Request, Target};

use crate::api::{ROLES_VIEW, USERS_VIEW};
use crate::{PrivX, roles, users};

pub(crate) fn checks(privx: &PrivX, host: &Host) -> Vec<Check> {
    let probes = [
        (ROLES_VIEW, "roles and their members", roles::request()),
        (USERS_VIEW, "users and API clients", users::request()),
    ];
    let one = |request: Request| request.query("offset", 0).query("limit", 1);
    let mut checks: Vec<Check> = Vec::new();
    for (permission, needed_for, request) in probes {
        // Who is not let in at all need not ask on.
        let refused = checks.last().is_some_and(|check| {
            matches!(check.outcome, CheckOutcome::Failed(Failure::Credentials(_)) | CheckOutcome::Skipped(_))
        });
        checks.push(if refused {
            Check::skipped(permission, needed_for, "PrivX gave no access")
        } else {
            Check::of(permission, needed_for, privx.fetch::<Ignored>(host, &one(request)))
        });
    }
    checks
}
