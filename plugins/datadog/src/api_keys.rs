//! The organization's API keys, without their values.

use accord_sdk::json::{FromJson, Text};
use accord_sdk::types::{CredentialType, SecretTrait};
use accord_sdk::{Failure, Page, Request, Resource, Step};

use crate::api::{self, API_KEYS, One};
use crate::pages::Items;
use crate::{Datadog, users};

#[derive(FromJson, Default)]
#[json(default)]
struct ApiKey {
    id: String,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Attributes {
    name: Text,
    last4: Text,
    category: Text,
    created_at: Text,
    modified_at: Text,
    /// Of the last 90 days.
    date_last_used: Text,
    used_in_last_24_hours: Option<bool>,
}

#[derive(FromJson, Default)]
#[json(default)]
struct Relationships {
    created_by: One,
    modified_by: One,
    leak_information: One,
}

pub(crate) fn request() -> Request {
    Request::get("/api/v2/api_keys").query("sort", "name").permission(API_KEYS)
}

pub(crate) fn read(datadog: &Datadog, page: &mut Page<'_>) -> Result<Step, Failure> {
    let Items { items: keys, step } = datadog.list::<ApiKey>(page, &request())?;
    for key in &keys {
        let resource = key.resource(page);
        page.resource(resource)?;
    }
    Ok(step)
}

impl ApiKey {
    /// It belongs to the organization, so it is nobody's identity.
    fn resource(&self, page: &mut Page<'_>) -> Resource {
        let (key, related) = (&self.attributes, &self.relationships);
        let created_at = api::moment(page, &key.created_at, &self.id);
        Resource::new("api-key", &self.id, key.name.given().unwrap_or(&self.id))
            .profile("last4", &*key.last4)
            .profile("category", &*key.category)
            .profile("used_in_last_24_hours", key.used_in_last_24_hours)
            .profile("leaked", related.leak_information.data.is_some())
            .profile("modified_at", &*key.modified_at)
            .profile("modified_by", related.modified_by.id().unwrap_or_default())
            .created_at(created_at)
            .with(SecretTrait {
                last_used_at: api::moment(page, &key.date_last_used, &self.id),
                created_by: related.created_by.id().map(users::id),
                credential_detail: "datadog.api_key".into(),
                ..SecretTrait::of(CredentialType::StaticSecret)
            })
    }
}
