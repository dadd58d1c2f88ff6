//! Listings page by page, in the order of the file and in bounded memory.

use std::collections::VecDeque;
use std::marker::PhantomData;

use rusqlite::types::Value;

use super::raw::{RawRow, Table, Values};
use super::{ReadError, Reader, View};

/// A page ends after so many rows…
const PAGE_ROWS: usize = 1000;
/// …or so many bytes of messages, whatever comes first.
const PAGE_BYTES: usize = 4 << 20;

/// A filter on columns: names and values that must all be equal.
pub(super) type Filter<'a> = &'a [(&'static str, &'a str)];

impl Reader {
    /// All rows of a table, undecoded.
    pub fn raw<T: Table>(&self, view: &View) -> Page<'_, T> {
        self.raw_where(view, &[])
    }

    pub(super) fn raw_where<T: Table>(&self, view: &View, filter: Filter<'_>) -> Page<'_, T> {
        let mut conditions = String::new();
        let mut parameters = Vec::new();
        if let View::Sync(id) = view {
            conditions.push_str(" and sync_id = ?");
            parameters.push(Value::Text(id.clone()));
        }
        for (column, value) in filter {
            conditions.push_str(&format!(" and {column} = ?"));
            parameters.push(Value::Text((*value).to_owned()));
        }
        Page { reader: self, conditions, parameters, next: Some(i64::MIN), buffer: VecDeque::new(), rows: PhantomData }
    }
}

/// Undecoded rows. An error that concerns one row does not end the listing.
#[derive(Debug)]
pub struct Page<'r, T> {
    reader: &'r Reader,
    conditions: String,
    parameters: Vec<Value>,
    /// The first row number of the next page; `None` after the last.
    next: Option<i64>,
    buffer: VecDeque<Result<RawRow<T>, ReadError>>,
    rows: PhantomData<T>,
}

impl<T: Table> Page<'_, T> {
    fn fill(&mut self, from: i64) -> Result<(), ReadError> {
        self.next = None;
        let Some(columns) = selected::<T>(self.reader)? else { return Ok(()) };
        let statement = format!(
            "select id, sync_id, discovered_at, data, {columns} from {} where id >= ?{} order by id limit {PAGE_ROWS}",
            T::NAME,
            self.conditions
        );
        let mut statement = self.reader.connection.prepare_cached(&statement)?;
        let from = Value::Integer(from);
        let parameters = std::iter::once(&from).chain(&self.parameters);
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let row_id: i64 = row.get(0)?;
            let read = read::<T>(row, row_id);
            bytes += read.as_ref().map_or(0, |row| row.data.len());
            self.buffer.push_back(read);
            if self.buffer.len() == PAGE_ROWS || bytes > PAGE_BYTES {
                self.next = row_id.checked_add(1);
                break;
            }
        }
        Ok(())
    }
}

impl<T: Table> Iterator for Page<'_, T> {
    type Item = Result<RawRow<T>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.buffer.is_empty()
            && let Some(from) = self.next
            && let Err(error) = self.fill(from)
        {
            self.buffer.push_back(Err(error));
        }
        self.buffer.pop_front()
    }
}

/// The select list, defaults in place of columns that an older writer lacks; `None` if there is no such table.
fn selected<T: Table>(reader: &Reader) -> Result<Option<String>, ReadError> {
    let present = reader.columns(T::NAME)?;
    if present.is_empty() {
        return Ok(None);
    }
    let has = |column: &str| present.iter().any(|name| name == column);
    for column in ["id", "sync_id", "discovered_at", "data"] {
        if !has(column) {
            return Err(ReadError::MissingColumn { table: T::NAME, column });
        }
    }
    let mut selected = Vec::with_capacity(T::COLUMNS.len());
    for (column, default) in T::COLUMNS {
        match default {
            _ if has(column) => selected.push((*column).to_owned()),
            Some(default) => selected.push(format!("{default} as {column}")),
            None => return Err(ReadError::MissingColumn { table: T::NAME, column }),
        }
    }
    Ok(Some(selected.join(", ")))
}

fn read<T: Table>(row: &rusqlite::Row<'_>, row_id: i64) -> Result<RawRow<T>, ReadError> {
    let mut values = Values::new(row, T::NAME, row_id, 1);
    let sync_id = values.text()?;
    let discovered_at = values.optional_text()?.unwrap_or_default();
    let data = values.bytes()?;
    Ok(RawRow { row_id, sync_id, discovered_at, columns: T::read(&mut values)?, data })
}

/// Decoded rows. An error that concerns one row does not end the listing.
#[derive(Debug)]
pub struct Rows<'r, T: Table, R> {
    raw: Page<'r, T>,
    decode: fn(RawRow<T>) -> Result<R, ReadError>,
}

impl<'r, T: Table, R> Rows<'r, T, R> {
    pub(super) fn new(raw: Page<'r, T>, decode: fn(RawRow<T>) -> Result<R, ReadError>) -> Self {
        Self { raw, decode }
    }
}

impl<T: Table, R> Iterator for Rows<'_, T, R> {
    type Item = Result<R, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.raw.next()?.and_then(self.decode))
    }
}
