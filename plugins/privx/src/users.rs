//! The users of all directories, API clients among them.

use accord_sdk::{Failure, Page, Request, Step};

use crate::PrivX;
use crate::api::USERS_VIEW;
use crate::person::{User, is_api_client};

/// Facts with this prefix and a user's id: the users that the listing has. The value is [`SKIPPED`] or empty.
pub(crate) const KNOWN: &str = "user/";
/// For an API client that is left out.
pub(crate) const SKIPPED: &[u8] = b"skipped";

pub(crate) fn request() -> Request {
    Request::new("POST", "/role-store/api/v1/users/search").json_text("{}").permission(USERS_VIEW)
}

pub(crate) fn read(privx: &PrivX, page: &mut Page<'_>) -> Result<Step, Failure> {
    let mut users = privx.list::<User>(page, &request(), privx.learned(page, &[]))?;
    let mut known = Vec::with_capacity(users.items.len());
    let mut skipped = 0;
    for user in &users.items {
        let skip = privx.skip_api_clients && is_api_client(&user.source_type);
        known.push((format!("{KNOWN}{}", user.id), if skip { SKIPPED.to_vec() } else { Vec::new() }));
        if skip {
            skipped += 1;
            page.note("an API client is left out", "`skip-api-clients` is on", &user.id);
        } else {
            page.resource(user.resource())?;
        }
    }
    page.put_facts(&known)?;
    users.skip(skipped);
    users.teach(page)?;
    users.step(page)
}
