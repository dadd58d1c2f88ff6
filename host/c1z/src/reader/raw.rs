//! Rows as they stand in the file: columns and undecoded bytes, evened out over the versions of the schema.

use rusqlite::types::ValueRef;

use super::ReadError;
use crate::encode::{EntitlementColumns, GrantColumns, ResourceColumns, ResourceTypeColumns};

/// One row: columns, and the message's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow<Columns> {
    /// The row's number: its place in every listing.
    pub row_id: i64,
    pub sync_id: String,
    /// When the writer wrote it.
    pub discovered_at: String,
    pub columns: Columns,
    pub data: Vec<u8>,
}

/// The columns of a table of rows.
pub trait Table: Sized {
    /// The table's name.
    const NAME: &'static str;
    /// Columns after `id`, `sync_id`, `discovered_at` and `data`, and what stands for one that older writers lack.
    const COLUMNS: &'static [(&'static str, Option<&'static str>)];

    /// Reads [`Table::COLUMNS`] in their order.
    ///
    /// # Errors
    /// If a value is not of its column's kind.
    fn read(values: &mut Values<'_, '_>) -> Result<Self, ReadError>;

    /// The row's id in its sync.
    fn external_id(&self) -> &str;
}

impl Table for ResourceTypeColumns {
    const NAME: &'static str = "v1_resource_types";
    const COLUMNS: &'static [(&'static str, Option<&'static str>)] = &[("external_id", None)];

    fn read(values: &mut Values<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self { external_id: values.text()? })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }
}

impl Table for ResourceColumns {
    const NAME: &'static str = "v1_resources";
    const COLUMNS: &'static [(&'static str, Option<&'static str>)] = &[
        ("resource_type_id", None),
        ("external_id", None),
        ("parent_resource_type_id", None),
        ("parent_resource_id", None),
    ];

    fn read(values: &mut Values<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            resource_type_id: values.text()?,
            external_id: values.text()?,
            parent_resource_type_id: values.optional_text()?,
            parent_resource_id: values.optional_text()?,
        })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }
}

impl Table for EntitlementColumns {
    const NAME: &'static str = "v1_entitlements";
    const COLUMNS: &'static [(&'static str, Option<&'static str>)] =
        &[("resource_type_id", None), ("resource_id", None), ("external_id", None)];

    fn read(values: &mut Values<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self { resource_type_id: values.text()?, resource_id: values.text()?, external_id: values.text()? })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }
}

impl Table for GrantColumns {
    const NAME: &'static str = "v1_grants";
    const COLUMNS: &'static [(&'static str, Option<&'static str>)] = &[
        ("resource_type_id", None),
        ("resource_id", None),
        ("entitlement_id", None),
        ("principal_resource_type_id", None),
        ("principal_resource_id", None),
        ("external_id", None),
        ("expansion", Some("null")),
        ("needs_expansion", Some("0")),
    ];

    fn read(values: &mut Values<'_, '_>) -> Result<Self, ReadError> {
        Ok(Self {
            resource_type_id: values.text()?,
            resource_id: values.text()?,
            entitlement_id: values.text()?,
            principal_resource_type_id: values.text()?,
            principal_resource_id: values.text()?,
            external_id: values.text()?,
            expansion: values.optional_bytes()?,
            needs_expansion: values.flag()?,
        })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }
}

/// The values of one row, from left to right.
#[derive(Debug)]
pub struct Values<'r, 's> {
    row: &'r rusqlite::Row<'s>,
    table: &'static str,
    row_id: i64,
    next: usize,
}

impl<'r, 's> Values<'r, 's> {
    pub(super) fn new(row: &'r rusqlite::Row<'s>, table: &'static str, row_id: i64, next: usize) -> Self {
        Self { row, table, row_id, next }
    }

    pub(super) fn text(&mut self) -> Result<String, ReadError> {
        self.optional_text()?.ok_or_else(|| self.problem("is empty"))
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, ReadError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        text(value).map_err(|problem| self.problem(problem))
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, ReadError> {
        self.optional_bytes()?.ok_or_else(|| self.problem("is empty"))
    }

    pub(super) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        match value {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(Some(bytes.to_vec())),
            _ => Err(self.problem("is a number where bytes belong")),
        }
    }

    fn flag(&mut self) -> Result<bool, ReadError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        match value {
            ValueRef::Integer(number) => Ok(number != 0),
            ValueRef::Null => Ok(false),
            _ => Err(self.problem("is not a number")),
        }
    }

    /// The error for the value that was read last.
    fn problem(&self, problem: &'static str) -> ReadError {
        let column = self.row.as_ref().column_name(self.next.saturating_sub(1)).unwrap_or_default();
        let known = KNOWN_COLUMNS.iter().find(|known| **known == column).copied();
        ReadError::Value { table: self.table, row_id: self.row_id, column: known.unwrap_or("?"), problem }
    }
}

/// Names for messages.
const KNOWN_COLUMNS: &[&str] = &[
    "sync_id",
    "discovered_at",
    "data",
    "resource_type_id",
    "resource_id",
    "external_id",
    "parent_resource_type_id",
    "parent_resource_id",
    "entitlement_id",
    "principal_resource_type_id",
    "principal_resource_id",
    "expansion",
    "needs_expansion",
    "content_type",
];

/// A value as text. Some writers left numbers where times belong.
pub(super) fn text(value: ValueRef<'_>) -> Result<Option<String>, &'static str> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number.to_string())),
        ValueRef::Real(number) => Ok(Some(number.to_string())),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            std::str::from_utf8(bytes).map(|text| Some(text.to_owned())).map_err(|_| "is not UTF-8 text")
        }
    }
}
