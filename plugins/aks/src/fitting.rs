//! How much of an answer fits into one page of rows.

use crate::objects::Object;

/// A page holds 50,000 rows and 16 MiB. Each subject may bring a grant and a stand-in, and some room is left for the rest.
const MOST_SUBJECTS: usize = 18_000;
const MOST_BYTES: usize = 12 << 20;

/// What a grant costs beside the names that it repeats.
const GRANT_BYTES: usize = 350;

/// How many of the objects, from the first, fit into one page with all their subjects.
pub(crate) fn fitting(objects: &[Object]) -> usize {
    let (mut subjects, mut bytes) = (0, 0);
    let over = objects.iter().position(|object| {
        let names = object.metadata.name.len() + object.metadata.namespace.len() + object.role_ref.name.len();
        subjects += object.subjects.len();
        bytes += object.subjects.iter().map(|subject| GRANT_BYTES + 4 * subject.name.len() + 3 * names).sum::<usize>();
        subjects > MOST_SUBJECTS || bytes > MOST_BYTES
    });
    over.unwrap_or(objects.len())
}
