//! The container: five magic bytes, then one zstd frame that holds a SQLite database file.
//!
//! Writing streams a closed database through the encoder; reading unpacks one into a private temporary file, within
//! limits, and tells exactly where a damaged file is damaged. What is in the database is not looked at here. Renaming
//! a finished file over its target is `work`'s business.

mod error;
mod extract;
mod input;
mod v3;
mod write;

use std::sync::atomic::{AtomicBool, Ordering};

pub use error::{ContainerError, grouped};
pub use extract::{Extracted, extract, extract_as};
pub use write::{Written, write};

/// What a v1 file begins with.
pub const MAGIC: [u8; 5] = *b"C1ZF\0";

/// What a v3 file begins with: another format, which is recognised and refused.
pub const MAGIC_V3: [u8; 5] = *b"C1Z3\0";

/// What unpacking a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The database's size on disk. A file that declares more is refused at once, one that does not say when it is reached.
    pub decoded_bytes: u64,
    /// The memory that a frame may ask its decoder to keep.
    pub window_bytes: u64,
}

impl Default for Limits {
    /// 10 GiB and 128 MiB, as SDK 0.25.0 has them.
    fn default() -> Self {
        Self { decoded_bytes: 10 << 30, window_bytes: 128 << 20 }
    }
}

/// How a long pass is followed and stopped.
pub struct Watch<'a> {
    /// Set to stop within the next block of 128 KiB.
    pub cancel: &'a AtomicBool,
    /// Called after each block with the bytes read and the bytes to read.
    pub progress: &'a mut dyn FnMut(u64, u64),
}

impl Watch<'_> {
    fn step(&mut self, done: u64, of: u64) -> Result<(), ContainerError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ContainerError::Cancelled);
        }
        (self.progress)(done, of);
        Ok(())
    }
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("cancel", self.cancel).finish_non_exhaustive()
    }
}
