//! Why a file, or one row of it, could not be read.

use crate::container::ContainerError;
use crate::text::printable;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    #[error(transparent)]
    Container(#[from] ContainerError),
    #[error("the database inside is damaged or not one: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("the database inside is damaged: {}", printable(_0, 160))]
    Broken(String),
    #[error("the database inside is not a sync: it has no table `v1_sync_runs`")]
    NotASync,
    #[error("`{table}` is not an ordinary table")]
    NotATable { table: String },
    #[error("table `{table}` has no column `{column}`")]
    MissingColumn { table: &'static str, column: &'static str },
    #[error("row {row_id} of `{table}`: column `{column}` {problem}")]
    Value { table: &'static str, row_id: i64, column: &'static str, problem: &'static str },
    #[error("`{}` in row {row_id} of `{table}` does not decode: {source}", printable(external_id, 160))]
    Undecodable { table: &'static str, row_id: i64, external_id: String, source: prost::DecodeError },
}

impl ReadError {
    /// Whether only one row is concerned: the ones after it can be read.
    pub fn is_one_row(&self) -> bool {
        matches!(self, Self::Value { .. } | Self::Undecodable { .. })
    }
}
