//! JSON answers, read into structs.
//!
//! ```
//! use accord_sdk::json::{self, FromJson, List, Text};
//!
//! #[derive(FromJson)]
//! #[json(rename_all = "camelCase")]
//! struct Person {
//!     id: String,
//!     display_name: Text,
//!     #[json(rename = "memberOf")]
//!     groups: List<String>,
//!     #[json(default)]
//!     logins: u32,
//! }
//!
//! let person: Person = json::read(br#"{"id": "1", "displayName": null, "unread": [1, 2]}"#).expect("a person");
//! assert!(person.id == "1" && person.display_name.is_empty() && person.groups.is_empty() && person.logins == 0);
//!
//! let problem = json::read::<Vec<Person>>(br#"[{"id": "1"}, {"id": 2}]"#).err().map(|problem| problem.to_string());
//! assert_eq!(problem.as_deref(), Some("`[1].id` is a number, where text belongs"));
//! ```
//!
//! Of a field, `#[json(default)]` says that it may be missing, and `#[json(rename = "…")]` how it is called. Of a struct,
//! `default` is for all of its fields, and `rename_all` is `camelCase` or `kebab-case`. [`Text`], [`List`], [`Count`] and
//! `Option` may always be missing or null. Fields that nobody reads are passed over.
//!
//! A text is parsed once, into one list of nodes, whatever it is read into: what each struct adds to a connector is
//! little more than the names of its fields. [`Verbatim`] keeps whatever it is, to be sent back or told as it came.

mod lenient;
mod parse;
mod problem;
mod read;
mod tree;
mod write;

pub use accord_sdk_derive::FromJson;

pub use lenient::{Count, List, Text};
pub use problem::Problem;
pub use read::{FromJson, Ignored, Object};
pub use tree::Json;
pub(crate) use tree::Tree;
pub use write::{Verbatim, quoted, write};

/// Reads a JSON text.
///
/// # Errors
/// It is no JSON, or not of the form that was asked for.
pub fn read<T: FromJson>(text: &[u8]) -> Result<T, Problem> {
    let tree = Tree::parse(text)?;
    let mut problem = Problem::none();
    let it = T::from_json(tree.root(), &mut problem);
    problem.or(it)
}
