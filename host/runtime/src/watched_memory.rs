//! Linear memory that a test looks through when a guest is done with it: the proof that no secret's bytes ever lie there.
//!
//! Pages are mapped by hand so that everything a guest ever touched is still there at the end: memory never shrinks.

#![expect(unsafe_code, reason = "wasmtime asks for memory through unsafe traits")]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// What was found in the memories of all instances of an engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Found>>);

#[derive(Debug, Default)]
struct Found {
    needles: Vec<Vec<u8>>,
    hits: Vec<String>,
    bytes_searched: usize,
}

impl Watch {
    pub(crate) fn for_needles(needles: Vec<Vec<u8>>) -> Self {
        Self(Arc::new(Mutex::new(Found { needles, ..Found::default() })))
    }

    /// Needles found in memories that were given back, and how many bytes were looked through.
    pub(crate) fn result(&self) -> (Vec<String>, usize) {
        let found = self.0.lock().unwrap();
        (found.hits.clone(), found.bytes_searched)
    }

    fn search(&self, memory: &[u8]) {
        let mut found = self.0.lock().unwrap();
        found.bytes_searched += memory.len();
        let finder = aho_corasick::AhoCorasick::new(&found.needles).unwrap();
        let hits: Vec<String> = finder
            .find_iter(memory)
            .map(|hit| format!("needle {} at {}", hit.pattern().as_usize(), hit.start()))
            .collect();
        found.hits.extend(hits);
    }
}

// SAFETY: the memory handed out is mapped for as long as it lives, see `Watched`.
unsafe impl MemoryCreator for Watch {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let capacity = reserved.unwrap_or(512 << 20).max(minimum);
        let mapped = capacity + guard;
        // SAFETY: a fresh mapping at an address of the kernel's choice, without access.
        let base =
            unsafe { mmap_anonymous(null_mut(), mapped, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE) }
                .map_err(|error| error.to_string())?;
        let mut memory = Watched { base, mapped, capacity, size: 0, watch: self.clone() };
        memory.grow_to(minimum).map_err(|error| error.to_string())?;
        Ok(Box::new(memory))
    }
}

struct Watched {
    base: *mut c_void,
    mapped: usize,
    capacity: usize,
    size: usize,
    watch: Watch,
}

// SAFETY: the mapping is owned by this value alone, and wasmtime guards its use.
unsafe impl Send for Watched {}
// SAFETY: as above; shared references only read the fields.
unsafe impl Sync for Watched {}

// SAFETY: `base` is mapped for `mapped` bytes until drop, never moves, and the first `size` bytes are accessible.
unsafe impl LinearMemory for Watched {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > self.capacity {
            return Err(wasmtime::Error::msg("beyond the reservation"));
        }
        if new_size > 0 {
            // SAFETY: within the mapping made in `new_memory`.
            unsafe { mprotect(self.base, new_size, MprotectFlags::READ | MprotectFlags::WRITE) }
                .map_err(|error| wasmtime::Error::msg(error.to_string()))?;
        }
        self.size = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base.cast()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // SAFETY: the first `size` bytes are mapped readable, and no guest runs any more.
        self.watch.search(unsafe { std::slice::from_raw_parts(self.base.cast(), self.size) });
        // SAFETY: the mapping of `new_memory`, given back once.
        let _ = unsafe { munmap(self.base, self.mapped) };
    }
}
