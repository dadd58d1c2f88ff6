//! What several tests need: where the golden files are, and reading a whole file.

use std::path::PathBuf;

use accord_c1z::reader::{ReadError, Reader, View};

/// A file of `fixtures/golden`.
pub(crate) fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden").join(name)
}

/// All rows of the shown sync, decoded, one text each: what two files must share to be the same.
pub(crate) fn content(reader: &Reader) -> Result<Vec<String>, ReadError> {
    let mut lines: Vec<String> = reader.syncs()?.iter().map(|run| format!("{run:?}")).collect();
    let view = View::Everything;
    for row in reader.resource_types(&view) {
        lines.push(format!("{:?}", row?));
    }
    for row in reader.resources(&view) {
        lines.push(format!("{:?}", row?));
    }
    for row in reader.entitlements(&view) {
        lines.push(format!("{:?}", row?));
    }
    for row in reader.grants(&view) {
        lines.push(format!("{:?}", row?));
    }
    Ok(lines)
}
