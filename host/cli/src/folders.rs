//! Where plugins are looked for, and where compiled ones are kept.

use std::path::{Path, PathBuf};

use accord_runtime::plugin::{Catalog, PluginFolder};

/// The folders of plugins: the one named by flag, those of `ACCORD_PLUGINS`, `plugins` beside the executable, and the
/// user's data folder.
pub(crate) fn catalog(named: Option<PathBuf>) -> Catalog {
    let mut folders: Vec<PluginFolder> = Vec::new();
    folders.extend(named.map(|path| PluginFolder { path, because: "--plugins" }));
    let listed = std::env::var_os("ACCORD_PLUGINS").unwrap_or_default();
    let listed = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty());
    folders.extend(listed.map(|path| PluginFolder { path, because: "ACCORD_PLUGINS" }));
    // The canonical path: a link named `baton-duo` may lie anywhere.
    let executable = std::env::current_exe().and_then(|path| path.canonicalize()).ok();
    let beside = executable.as_deref().and_then(Path::parent).map(|folder| folder.join("plugins"));
    folders.extend(beside.map(|path| PluginFolder { path, because: "beside the executable" }));
    let data = user_folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("accord/plugins"));
    folders.extend(data.map(|path| PluginFolder { path, because: "user data" }));
    Catalog { folders }
}

/// The folder for compiled plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CacheFolder {
    /// The operator turned it off, or there is no place for it.
    Off,
    /// The operator named it, so it must work.
    Named(PathBuf),
    /// The usual one, without which everything works, only slower.
    Usual(PathBuf),
}

/// What `ACCORD_CACHE` says, or the usual folder.
pub(crate) fn cache() -> CacheFolder {
    match std::env::var_os("ACCORD_CACHE").filter(|path| !path.is_empty()) {
        Some(off) if off == "off" => CacheFolder::Off,
        Some(path) => CacheFolder::Named(path.into()),
        None => user_folder("XDG_CACHE_HOME", ".cache")
            .map_or(CacheFolder::Off, |path| CacheFolder::Usual(path.join("accord"))),
    }
}

/// A folder of the user's by its variable, or below the home folder.
fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    // The standard for these variables: a relative path is to be ignored.
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}
