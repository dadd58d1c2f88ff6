//! The connector protobuf (`c1.connector.v2`) as the blobs of a file hold it, written by hand from the field numbers.
//!
//! Everything that a blob may contain is here, also what no connector of ours sends: a reader must be able to show any
//! file. What may be *written*, and in what shape, is `encode`'s business. Fields that a newer SDK adds are skipped when
//! they are read, unknown enum values stay numbers, and maps are sorted, so the same message is always the same bytes.

mod annotations;
mod any;
mod core;
mod packed;
mod traits;

pub use annotations::*;
pub use any::{Annotation, PREFIX, SdkVersion, find, first_seen, holds, known_names, name_of, pack};
pub use core::*;
pub use packed::PackedStruct;
pub use prost::{DecodeError, Message};
pub use prost_types::{Any, ListValue, Struct, Timestamp, Value, value::Kind};
pub use traits::*;
