//! One component file: read whole, its manifest section found, its imports and exports judged, before anything is compiled.
//!
//! A component carries exactly one custom section `accord:manifest` (design D4). Imports are either interfaces of
//! `accord:connector`, or `wasi:*` ones, which are linked to an empty or refusing implementation; anything else is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use wasmparser::{Encoding, Parser, Payload};

use crate::manifest::{Manifest, ManifestProblem};

/// The custom section that holds the manifest's TOML.
pub const MANIFEST_SECTION: &str = "accord:manifest";
/// More than this is not a manifest.
pub const MANIFEST_LIMIT: usize = 64 << 10;
/// More than this is not a connector: real ones are below 1 MiB.
pub const COMPONENT_LIMIT: u64 = 64 << 20;

/// Interfaces of `accord:connector@0.1.0` that a guest may import.
const OFFERED: [&str; 7] = ["types", "config", "http", "secrets", "c1z", "facts", "log"];
const PACKAGE: &str = "accord:connector/";
const VERSION: &str = "0.1.0";

/// A checked component, not yet compiled.
#[derive(Debug, Clone)]
pub struct Package {
    pub path: PathBuf,
    /// SHA-256 of the whole file, in hex.
    pub digest: String,
    pub manifest: Arc<Manifest>,
    pub imports: Vec<Import>,
    bytes: Arc<[u8]>,
}

/// Something that a component asks of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub name: String,
    /// True: linked to an implementation that has nothing to give (`wasi:*`).
    pub refusing: bool,
}

/// Why a file is not a plugin that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is {0} bytes; a component has at most {COMPONENT_LIMIT}")]
    TooLarge(u64),
    #[error("is not a WebAssembly component (no WebAssembly header)")]
    NotWasm,
    #[error("is a core WebAssembly module, not a component; build it with `--target wasm32-wasip2`")]
    CoreModule,
    #[error("is damaged at byte {offset}: {message}")]
    Damaged { offset: usize, message: String },
    #[error("has no `{MANIFEST_SECTION}` section; build it with accord-sdk's `connector!`")]
    NoManifest,
    #[error("has {0} `{MANIFEST_SECTION}` sections; exactly one is allowed")]
    SeveralManifests(usize),
    #[error("has a manifest of {0} bytes; at most {MANIFEST_LIMIT} are allowed")]
    ManifestTooLarge(usize),
    #[error("has a manifest that is not UTF-8 text")]
    ManifestNotText,
    #[error("has a manifest with {} problem(s): {}", .0.len(), list(.0))]
    Manifest(Vec<ManifestProblem>),
    #[error("wants interface `{wanted}`; this host offers {PACKAGE}*@{VERSION}")]
    OtherVersion { wanted: String },
    #[error("imports `{0}`, which this host does not offer")]
    UnknownImport(String),
    #[error("does not export `{0}`")]
    MissingExport(String),
}

impl Package {
    /// Reads and checks the component at `path`.
    pub fn read(path: &Path) -> Result<Self, PackageError> {
        let size = std::fs::metadata(path)?.len();
        if size > COMPONENT_LIMIT {
            return Err(PackageError::TooLarge(size));
        }
        let bytes: Arc<[u8]> = std::fs::read(path)?.into();
        let outline = outline(&bytes)?;
        let [manifest] = outline.manifests.as_slice() else {
            return Err(match outline.manifests.len() {
                0 => PackageError::NoManifest,
                several => PackageError::SeveralManifests(several),
            });
        };
        if manifest.len() > MANIFEST_LIMIT {
            return Err(PackageError::ManifestTooLarge(manifest.len()));
        }
        let text = std::str::from_utf8(manifest).map_err(|_| PackageError::ManifestNotText)?;
        let manifest = Manifest::parse(text).map_err(PackageError::Manifest)?;
        let imports = outline.imports.iter().map(|name| judge_import(name)).collect::<Result<_, _>>()?;
        for export in ["sync", "provision"] {
            judge_export(export, &outline.exports)?;
        }
        let digest = hex(digest(&SHA256, &bytes).as_ref());
        Ok(Self { path: path.to_path_buf(), digest, manifest: Arc::new(manifest), imports, bytes })
    }

    /// The component's bytes, for the compiler.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What a component says of itself at its top level.
struct Outline<'a> {
    manifests: Vec<&'a [u8]>,
    imports: Vec<String>,
    exports: Vec<String>,
}

fn outline(bytes: &[u8]) -> Result<Outline<'_>, PackageError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(PackageError::NotWasm);
    }
    let mut outline = Outline { manifests: Vec::new(), imports: Vec::new(), exports: Vec::new() };
    // Custom sections of nested core modules count too: that is where a linker leaves a guest's sections.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(damaged)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(PackageError::CoreModule),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                outline.manifests.push(section.data());
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    outline.imports.push(import.map_err(damaged)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    outline.exports.push(export.map_err(damaged)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(outline)
}

fn damaged(error: wasmparser::BinaryReaderError) -> PackageError {
    PackageError::Damaged { offset: error.offset(), message: error.message().to_owned() }
}

fn judge_import(name: &str) -> Result<Import, PackageError> {
    if name.starts_with("wasi:") {
        return Ok(Import { name: name.to_owned(), refusing: true });
    }
    let Some(rest) = name.strip_prefix(PACKAGE) else {
        return Err(PackageError::UnknownImport(name.to_owned()));
    };
    let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
    if version != VERSION {
        return Err(PackageError::OtherVersion { wanted: name.to_owned() });
    }
    if !OFFERED.contains(&interface) {
        return Err(PackageError::UnknownImport(name.to_owned()));
    }
    Ok(Import { name: name.to_owned(), refusing: false })
}

fn judge_export(interface: &str, exports: &[String]) -> Result<(), PackageError> {
    let wanted = format!("{PACKAGE}{interface}@{VERSION}");
    if exports.contains(&wanted) {
        return Ok(());
    }
    let prefix = format!("{PACKAGE}{interface}@");
    match exports.iter().find(|name| name.starts_with(&prefix)) {
        Some(other) => Err(PackageError::OtherVersion { wanted: other.clone() }),
        None => Err(PackageError::MissingExport(wanted)),
    }
}

fn list(problems: &[ManifestProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
