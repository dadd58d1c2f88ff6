//! A file read forward, with a look ahead and its position.

use std::io::{self, Read};

/// One block of a zstd frame is at most 128 KiB; twice that, so that refilling is rare.
const CAPACITY: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Input<R> {
    source: R,
    buffer: Vec<u8>,
    /// What of the buffer is consumed.
    start: usize,
    position: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: Vec::with_capacity(CAPACITY), start: 0, position: 0 }
    }

    /// How many bytes were consumed.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next `wanted` bytes: fewer only at the end of the file, or when more than the capacity is wanted.
    pub(super) fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        let wanted = wanted.min(CAPACITY);
        if self.buffer.len() - self.start < wanted {
            self.buffer.drain(..self.start);
            self.start = 0;
            let room = CAPACITY - self.buffer.len();
            self.source.by_ref().take(room as u64).read_to_end(&mut self.buffer)?;
        }
        let ahead = self.buffer.get(self.start..).unwrap_or_default();
        Ok(ahead.get(..wanted).unwrap_or(ahead))
    }

    /// Moves on by `count` bytes of what was seen.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.buffer.len());
        self.position += count as u64;
    }
}
