//! The account: the parent of everything. Duo's settings know its name.

use accord_sdk::json::{FromJson, Text};
use accord_sdk::{Failure, Page, Request, Resource, Step, Target};

use crate::Duo;
use crate::api::{Envelope, SETTINGS};

#[derive(FromJson, Default)]
#[json(default)]
struct Settings {
    name: Text,
}

pub(crate) fn request() -> Request {
    Request::get("/admin/v1/settings").permission(SETTINGS)
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let name = match duo.fetch::<Envelope<Settings>>(page, &request()) {
        Ok(settings) => settings.response.name.given().map(String::from),
        Err(Failure::Permission(refused)) => {
            let reason = format!("the permission `{}` is missing", refused.permission);
            page.note("the account is named after its host", &reason, &duo.hostname);
            None
        }
        Err(failure) => return Err(failure),
    };
    let account = duo.account();
    page.holds(1, None);
    page.resource(
        Resource::new(account.resource_type, account.resource, name.unwrap_or_else(|| duo.hostname.clone()))
            .children(&["user", "group", "admin", "role"]),
    )?;
    Ok(Step::Done)
}
