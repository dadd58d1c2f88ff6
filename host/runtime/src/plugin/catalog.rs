//! The folders where plugins are looked for, and what lies in them. A bad file is named with its reason; the rest works.

use std::path::{Path, PathBuf};

use super::package::{Package, PackageError};
use crate::problem::{Category, Problem};

/// A folder and why it is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFolder {
    pub path: PathBuf,
    /// `--plugins`, `ACCORD_PLUGINS`, `beside the executable`, `user data`.
    pub because: &'static str,
}

/// A `.wasm` file in one of the folders.
#[derive(Debug)]
pub struct CatalogEntry {
    pub path: PathBuf,
    pub package: Result<Package, PackageError>,
}

/// The folders in order of precedence.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub folders: Vec<PluginFolder>,
}

impl Catalog {
    /// Every plugin file, folder by folder, sorted by name. A plugin id found in an earlier folder wins.
    pub fn entries(&self) -> Vec<CatalogEntry> {
        self.folders.iter().flat_map(|folder| wasm_files(&folder.path)).map(read).collect()
    }

    /// The plugin with this id, or at this path if `name` has a `/` or ends in `.wasm`.
    pub fn find(&self, name: &str) -> Result<Package, Problem> {
        if name.contains('/') || name.ends_with(".wasm") {
            let path = Path::new(name);
            return Package::read(path).map_err(|error| unusable(path, &error));
        }
        // The usual case costs one file: `<id>.wasm`. Only if that fails is everything read.
        for folder in &self.folders {
            let path = folder.path.join(format!("{name}.wasm"));
            if path.is_file() {
                return match Package::read(&path) {
                    Ok(package) if package.manifest.id == name => Ok(package),
                    Ok(_) => break,
                    Err(error) => Err(unusable(&path, &error)),
                };
            }
        }
        let mut known = Vec::new();
        for entry in self.entries() {
            match entry.package {
                Ok(package) if package.manifest.id == name => return Ok(package),
                Ok(package) => known.push(package.manifest.id.clone()),
                Err(_) => {}
            }
        }
        Err(self.unknown(name, known))
    }

    fn unknown(&self, name: &str, mut known: Vec<String>) -> Problem {
        known.sort();
        known.dedup();
        let mut near: Vec<(usize, &String)> =
            known.iter().map(|id| (strsim::damerau_levenshtein(name, id), id)).collect();
        near.sort();
        let near: Vec<&str> = near.iter().filter(|(distance, _)| *distance <= 2).map(|(_, id)| id.as_str()).collect();
        let mut problem = Problem::new(Category::Usage, "PLUGIN-001", format!("no plugin named `{name}`"));
        for folder in &self.folders {
            problem = problem.line("searched", format!("{} ({})", folder.path.display(), folder.because));
        }
        let remedy = match (near.is_empty(), known.is_empty()) {
            (false, _) => format!("did you mean {}?", quoted(&near)),
            (true, false) => {
                format!("known plugins: {}", quoted(&known.iter().map(String::as_str).collect::<Vec<_>>()))
            }
            (true, true) => {
                "put the plugin's .wasm file into one of these folders, or name another with --plugins".into()
            }
        };
        problem.remedy(remedy)
    }
}

fn unusable(path: &Path, error: &PackageError) -> Problem {
    let category = match error {
        PackageError::Unreadable(_) => Category::Usage,
        _ => Category::Plugin,
    };
    let mut problem = Problem::new(category, "PLUGIN-002", format!("`{}` {error}", path.display()));
    if let PackageError::OtherVersion { .. } = error {
        problem = problem.remedy("use a build of the plugin for this version of accord");
    }
    problem
}

fn read(path: PathBuf) -> CatalogEntry {
    let package = Package::read(&path);
    CatalogEntry { path, package }
}

/// Files that end in `.wasm`; a missing folder has none.
fn wasm_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm") && path.is_file())
        .collect();
    files.sort();
    files
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
