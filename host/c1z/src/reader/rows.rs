//! Decoded rows: listings, look-ups by id, counts.

use std::collections::BTreeMap;

use prost::Message;
use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::query::Rows;
use super::raw::{RawRow, Table};
use super::{ReadError, Reader, View};
use crate::encode::{EntitlementColumns, GrantColumns, GrantParts, ResourceColumns, ResourceRef, ResourceTypeColumns};
use crate::model::ResourceId;
use crate::proto::{self, GrantExpandable};
use crate::stats::Stats;

/// A decoded row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<M> {
    /// The row's number: its place in the listing.
    pub row_id: i64,
    pub sync_id: String,
    /// The row's id in its sync. `type:id` for a resource.
    pub external_id: String,
    /// When the writer wrote it, as it stands in the file.
    pub discovered_at: String,
    pub message: M,
}

/// A decoded grant.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantRow {
    /// With entitlement and principal, rebuilt as ids if the writer left them out; without a `GrantExpandable`.
    pub row: Row<proto::Grant>,
    /// What the grant passes on, wherever the writer kept it.
    pub expansion: Option<GrantExpandable>,
    pub needs_expansion: bool,
}

/// An icon or logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub id: String,
    pub content_type: String,
    pub data: Vec<u8>,
}

type ResourceTypes<'r> = Rows<'r, ResourceTypeColumns, Row<proto::ResourceType>>;
type Resources<'r> = Rows<'r, ResourceColumns, Row<proto::Resource>>;
type Entitlements<'r> = Rows<'r, EntitlementColumns, Row<proto::Entitlement>>;
type Grants<'r> = Rows<'r, GrantColumns, GrantRow>;

impl Reader {
    pub fn resource_types(&self, view: &View) -> ResourceTypes<'_> {
        Rows::new(self.raw(view), message)
    }

    pub fn resources(&self, view: &View) -> Resources<'_> {
        Rows::new(self.raw(view), message)
    }

    pub fn resources_of_type(&self, view: &View, resource_type: &str) -> Resources<'_> {
        Rows::new(self.raw_where(view, &[("resource_type_id", resource_type)]), message)
    }

    pub fn entitlements(&self, view: &View) -> Entitlements<'_> {
        Rows::new(self.raw(view), message)
    }

    /// The entitlements that belong to a resource.
    pub fn entitlements_of(&self, view: &View, resource: &ResourceId) -> Entitlements<'_> {
        let filter = [("resource_type_id", resource.resource_type.as_str()), ("resource_id", &resource.resource)];
        Rows::new(self.raw_where(view, &filter), message)
    }

    pub fn grants(&self, view: &View) -> Grants<'_> {
        Rows::new(self.raw(view), grant)
    }

    /// Who holds an entitlement.
    pub fn grants_of_entitlement(&self, view: &View, entitlement_id: &str) -> Grants<'_> {
        Rows::new(self.raw_where(view, &[("entitlement_id", entitlement_id)]), grant)
    }

    /// What a principal holds.
    pub fn grants_of_principal(&self, view: &View, principal: &ResourceId) -> Grants<'_> {
        let filter = [
            ("principal_resource_type_id", principal.resource_type.as_str()),
            ("principal_resource_id", &principal.resource),
        ];
        Rows::new(self.raw_where(view, &filter), grant)
    }

    /// # Errors
    /// If the row does not decode or the database does not answer; so for the look-ups below.
    pub fn resource_type(&self, view: &View, id: &str) -> Result<Option<Row<proto::ResourceType>>, ReadError> {
        ResourceTypes::new(self.raw_where(view, &[("external_id", id)]), message).next().transpose()
    }

    pub fn resource(&self, view: &View, id: &ResourceId) -> Result<Option<Row<proto::Resource>>, ReadError> {
        let external_id = format!("{}:{}", id.resource_type, id.resource);
        Resources::new(self.raw_where(view, &[("external_id", &external_id)]), message).next().transpose()
    }

    pub fn entitlement(&self, view: &View, id: &str) -> Result<Option<Row<proto::Entitlement>>, ReadError> {
        Entitlements::new(self.raw_where(view, &[("external_id", id)]), message).next().transpose()
    }

    pub fn grant(&self, view: &View, id: &str) -> Result<Option<GrantRow>, ReadError> {
        Rows::new(self.raw_where(view, &[("external_id", id)]), grant).next().transpose()
    }

    /// The ids of the assets. Real files have none: no known connector's are fetched.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn asset_ids(&self, view: &View) -> Result<Vec<String>, ReadError> {
        if self.columns("v1_assets")?.is_empty() {
            return Ok(Vec::new());
        }
        let (condition, parameters) = condition(view);
        let mut statement =
            self.connection.prepare(&format!("select external_id from v1_assets {condition} order by id"))?;
        let ids = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// An asset by its id, which an `AssetRef` gives.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn asset(&self, view: &View, id: &str) -> Result<Option<Asset>, ReadError> {
        if self.columns("v1_assets")?.is_empty() {
            return Ok(None);
        }
        let (condition, mut parameters) = condition(view);
        let glue = if condition.is_empty() { "where" } else { "and" };
        parameters.push(Value::Text(id.to_owned()));
        let statement =
            format!("select external_id, content_type, data from v1_assets {condition} {glue} external_id = ? limit 1");
        let asset = self.connection.query_row(&statement, rusqlite::params_from_iter(parameters), |row| {
            Ok(Asset { id: row.get(0)?, content_type: row.get(1)?, data: row.get(2)? })
        });
        Ok(asset.optional()?)
    }

    /// Counts the rows, whatever the file says about them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn count(&self, view: &View) -> Result<Stats, ReadError> {
        let mut resources_by_resource_type = self.count_by(view, ResourceColumns::NAME)?;
        let resources = resources_by_resource_type.values().sum();
        let (mut resource_types, mut names) = (0, Vec::new());
        for row in self.raw::<ResourceTypeColumns>(view) {
            resource_types += 1;
            names.push(row?.columns.external_id);
        }
        for name in names {
            resources_by_resource_type.entry(name).or_default();
        }
        let entitlements_by_resource_type = self.count_by(view, EntitlementColumns::NAME)?;
        let grants_by_resource_type = self.count_by(view, GrantColumns::NAME)?;
        Ok(Stats {
            resource_types,
            resources,
            entitlements: entitlements_by_resource_type.values().sum(),
            grants: grants_by_resource_type.values().sum(),
            assets: self.asset_ids(view)?.len() as u64,
            resources_by_resource_type,
            grants_by_resource_type,
            entitlements_by_resource_type,
        })
    }

    fn count_by(&self, view: &View, table: &str) -> Result<BTreeMap<String, u64>, ReadError> {
        if self.columns(table)?.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (condition, parameters) = condition(view);
        let mut statement = self.connection.prepare(&format!(
            "select resource_type_id, count(*) from {table} {condition} group by resource_type_id"
        ))?;
        let counts = statement.query_map(rusqlite::params_from_iter(parameters), |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(counts.collect::<Result<_, _>>()?)
    }
}

fn condition(view: &View) -> (&'static str, Vec<Value>) {
    match view {
        View::Sync(id) => ("where sync_id = ?", vec![Value::Text(id.clone())]),
        View::Everything => ("", Vec::new()),
    }
}

fn message<T: Table, M: Message + Default>(raw: RawRow<T>) -> Result<Row<M>, ReadError> {
    let message = M::decode(raw.data.as_slice()).map_err(|source| undecodable(&raw, source))?;
    Ok(Row {
        row_id: raw.row_id,
        sync_id: raw.sync_id,
        external_id: raw.columns.external_id().to_owned(),
        discovered_at: raw.discovered_at,
        message,
    })
}

fn grant(raw: RawRow<GrantColumns>) -> Result<GrantRow, ReadError> {
    let mut grant = proto::Grant::decode(raw.data.as_slice()).map_err(|source| undecodable(&raw, source))?;
    let columns = &raw.columns;
    let expansion = match &columns.expansion {
        Some(bytes) => Some(GrantExpandable::decode(bytes.as_slice()).map_err(|source| undecodable(&raw, source))?),
        None => proto::find(&grant.annotations).map_err(|source| undecodable(&raw, source))?,
    };
    grant.annotations.retain(|any| !proto::holds::<GrantExpandable>(any));
    if grant.entitlement.is_none() || grant.principal.is_none() {
        let stub = GrantParts {
            id: &columns.external_id,
            entitlement: &columns.entitlement_id,
            entitlement_resource: ResourceRef {
                resource_type: &columns.resource_type_id,
                resource: &columns.resource_id,
            },
            principal: ResourceRef {
                resource_type: &columns.principal_resource_type_id,
                resource: &columns.principal_resource_id,
            },
            annotations: Vec::new(),
            sources: BTreeMap::new(),
        };
        let stub = stub.message();
        grant.entitlement = grant.entitlement.or(stub.entitlement);
        grant.principal = grant.principal.or(stub.principal);
    }
    let needs_expansion = columns.needs_expansion;
    let row = Row {
        row_id: raw.row_id,
        sync_id: raw.sync_id,
        external_id: raw.columns.external_id,
        discovered_at: raw.discovered_at,
        message: grant,
    };
    Ok(GrantRow { row, expansion, needs_expansion })
}

fn undecodable<T: Table>(raw: &RawRow<T>, source: prost::DecodeError) -> ReadError {
    ReadError::Undecodable {
        table: T::NAME,
        row_id: raw.row_id,
        external_id: raw.columns.external_id().to_owned(),
        source,
    }
}
