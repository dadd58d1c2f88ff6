//! How much of an answer fits into one page of rows.

/// A page holds 50,000 rows and 16 MiB. Each subject may bring a grant and a stand-in, and some room is left for the rest.
const MOST_SUBJECTS: usize = 18_000;
const MOST_BYTES: usize = 12 << 20;

/// What a grant costs beside the names that it repeats.
const GRANT_BYTES: usize = 350;

/// Counts what bindings bring.
#[derive(Default)]
pub(crate) struct Load {
    subjects: usize,
    bytes: usize,
}

impl Load {
    /// Adds a subject of this name, in a binding whose names have this length together. Whether it still fits.
    pub(crate) fn add(&mut self, name: usize, binding: usize) -> bool {
        self.subjects += 1;
        self.bytes += GRANT_BYTES + 4 * name + 3 * binding;
        self.subjects <= MOST_SUBJECTS && self.bytes <= MOST_BYTES
    }
}
