//! The listings of `Microsoft.Authorization`: role definitions and role assignments, which look alike.

use accord_sdk::json::{FromJson, List, Text};
use accord_sdk::{Failure, Page, Request, Target};

use crate::Aks;
use crate::arm::{self, Arm};

/// A role definition or a role assignment.
#[derive(FromJson)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) properties: Properties,
}

/// What a kind of item does not have is empty.
#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Properties {
    /// Of a definition.
    pub(crate) role_name: Text,
    pub(crate) r#type: Text,
    pub(crate) description: Text,
    pub(crate) permissions: List<Permission>,
    /// Of an assignment.
    pub(crate) role_definition_id: Text,
    pub(crate) principal_id: Text,
    pub(crate) principal_type: Text,
    pub(crate) scope: Text,
    pub(crate) condition: Text,
}

#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Permission {
    pub(crate) actions: List<String>,
    pub(crate) not_actions: List<String>,
    pub(crate) data_actions: List<String>,
    pub(crate) not_data_actions: List<String>,
}

/// `{"value": […], "nextLink": …}`.
#[derive(FromJson)]
struct Listed {
    value: Vec<Item>,
    #[json(default, rename = "nextLink")]
    next_link: Text,
}

/// Reads one page of a listing: its first one, or what the link of an earlier one leads to. Gives the link to the next.
pub(crate) fn list(
    aks: &Aks,
    page: &mut Page<'_>,
    request: Request,
    link: Option<String>,
) -> Result<(Vec<Item>, Option<String>), Failure> {
    let request = match link {
        // The link repeats the query of the first request.
        Some(link) => arm::follow(request, &link)?,
        None => request,
    };
    let response = Arm.send(page, &request)?;
    let listed: Listed = Arm.decode(&response)?;
    page.holds(listed.value.len(), None);
    let next = listed.next_link.given().map(|link| arm::checked(&aks.arm, link, &request)).transpose()?;
    Ok((listed.value, next))
}
