//! One user's own listing of groups, for users whose embedded list may have been cut.

use std::collections::BTreeSet;

use accord_sdk::{Failure, Page, Request, Step};

use crate::Duo;
use crate::api::{RESOURCES, SAFE_LIMIT};
use crate::users::{self, EmbeddedGroup};

pub(crate) fn request(user_id: &str) -> Result<Request, Failure> {
    Ok(Request::get(users::PATH).segment(user_id)?.segment("groups")?.permission(RESOURCES))
}

pub(crate) fn read(duo: &Duo, page: &mut Page<'_>) -> Result<Step, Failure> {
    let user_id = page.key()?.to_string();
    let (groups, step) = match duo.list::<EmbeddedGroup>(page, &request(&user_id)?, SAFE_LIMIT) {
        Err(Failure::NotFound(detail)) => {
            return Err(if users::is_gone(duo, page, &user_id)? {
                Failure::Gone(users::id(&user_id))
            } else {
                Failure::NotFound(detail.meaning("Duo has the user, but not the list of their groups"))
            });
        }
        listed => listed?,
    };
    let mut group_ids = BTreeSet::new();
    users::memberships(page, &user_id, &groups, &mut group_ids)?;
    users::discover_unlisted(page, &group_ids)?;
    Ok(step)
}
