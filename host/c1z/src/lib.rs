//! The c1z sync file and its data model: who has access to what, as the field's tools read it.
//!
//! A v1 file is five magic bytes and one zstd frame around a SQLite database, whose rows hold protobuf messages and a
//! few columns copied out of them. Nothing outside this crate knows SQL, zstd or that protobuf, and nothing in it knows
//! plugins, the network or the command line.
//!
//! ```text
//!   model ──► encode ──► database, schema ──► container ──► file        writing: `work` decides what and when
//!             (proto)                                        │
//!   rows  ◄── reader ◄───────────────────── container ◄─────┘        reading: any writer's file
//!             verify: is it what it should be?
//! ```
//!
//! - [`model`]: rows as connectors hand them over. [`encode`] applies the field rules and makes bytes of them.
//! - [`proto`]: every message, trait and annotation, by field number.
//! - [`work`]: staging, merging, expansion, publishing of one sync; [`lock`]: one writer per target.
//! - [`database`] and [`schema`]: a new file's tables. [`container`]: packing, unpacking within limits.
//! - [`reader`]: listings and look-ups. [`verify`]: a structured verdict. [`stats`], [`sync_id`], [`timestamp`]: the
//!   text forms that columns hold.
//!
//! Format v3 (another storage engine) is recognised and refused by name.
//!
//! # Reading a file
//!
//! ```
//! use accord_c1z::proto::{UserTrait, find};
//! use accord_c1z::reader::Reader;
//! # use accord_c1z::model::Timestamp;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/demo-sdk-0.2.51.c1z");
//! # let folder = tempfile::tempdir()?;
//! # let now = Timestamp { seconds: 1_795_218_300, nanoseconds: 0 };
//! let reader = Reader::open(file.as_ref(), folder.path())?;
//! let view = reader.default_view(now)?;
//! for user in reader.resources_of_type(&view, "user") {
//!     let user = user?.message;
//!     let login = find::<UserTrait>(&user.annotations)?.map(|user| user.login);
//!     println!("{} {}", user.display_name, login.unwrap_or_default());
//! }
//! assert_eq!(reader.stats(&view)?.grants, 32);
//! # Ok(())
//! # }
//! ```

pub mod container;
pub mod database;
pub mod encode;
pub mod lock;
pub mod model;
pub mod proto;
pub mod reader;
pub mod schema;
pub mod stats;
pub mod sync_id;
mod text;
pub mod timestamp;
pub mod verify;
pub mod work;
