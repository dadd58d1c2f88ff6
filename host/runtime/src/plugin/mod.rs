//! A plugin before it runs: the file, the manifest inside it, what it imports, and where plugins are found.
//!
//! Nothing here compiles or runs guest code: `engine` does, after these checks.

mod catalog;
mod package;

pub use catalog::{Catalog, CatalogEntry, PluginFolder};
pub(crate) use package::hex;
pub use package::{Import, Package, PackageError};
