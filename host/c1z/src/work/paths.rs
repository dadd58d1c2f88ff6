//! Names of our files: hidden, beside the canonical target, so that a link and its target share them.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// The target with links and relative parts resolved; it need not exist, its folder must.
pub(crate) fn canonical(target: &Path) -> io::Result<PathBuf> {
    match target.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    let name = target.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Ok(folder.canonicalize()?.join(name))
}

/// `.<name>.accord-<what>` beside the target.
pub(crate) fn beside(target: &Path, what: &str) -> PathBuf {
    target.with_file_name(hidden(target, "", what))
}

/// The same in another folder, where targets of one name must not meet: the path's hash keeps them apart.
pub(crate) fn within(folder: &Path, target: &Path, what: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    folder.join(hidden(target, &format!(".{:016x}", hasher.finish()), what))
}

/// A path with text appended to its name.
pub(crate) fn appended(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn hidden(target: &Path, mark: &str, what: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(mark);
    name.push(".accord-");
    name.push(what);
    name
}
