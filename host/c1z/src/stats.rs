//! How many rows of which kind a sync has, in the shape of the `stats` column.
//!
//! Readers believe the column whenever it names at least one resource type, so it is exact or absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Row counts of one sync. As JSON it is what the `stats` column holds: zero counts are left out, unknown members ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    #[serde(skip_serializing_if = "is_zero")]
    pub resource_types: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub resources: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub entitlements: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub grants: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub assets: u64,
    /// Every resource type of the sync, also those without a resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_by_resource_type: BTreeMap<String, u64>,
    /// By the resource type of the grant's entitlement, not of its principal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants_by_resource_type: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub entitlements_by_resource_type: BTreeMap<String, u64>,
}

impl Stats {
    /// The text for the column.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the column; `None` if it is not a JSON object of this shape.
    pub fn from_json(text: &str) -> Option<Self> {
        // serde would take an array too, member by member.
        text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_that_the_reference_writes() {
        // Column of the golden file expanded-sdk-0.25.0.c1z.
        let text = concat!(
            r#"{"resource_types":4,"resources":11,"entitlements":6,"grants":22,"#,
            r#""resources_by_resource_type":{"app":0,"group":3,"role":3,"user":5},"#,
            r#""grants_by_resource_type":{"group":9,"role":13},"entitlements_by_resource_type":{"group":3,"role":3}}"#,
        );
        assert_eq!(Stats::from_json(text).unwrap().to_json(), text);
        assert_eq!(Stats::from_json(r#"{"grants":1,"step_durations_ms":{"a":1}}"#).unwrap().grants, 1);
        assert_eq!(Stats::from_json("[]"), None);
        assert_eq!(Stats::default().to_json(), "{}");
    }
}
