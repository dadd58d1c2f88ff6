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
const MANIFEST_SECTION: &str = "accord:manifest";
/// More than this is not a manifest.
const MANIFEST_LIMIT: usize = 64 << 10;
/// More than this is not a connector: real ones are below 1 MiB.
const COMPONENT_LIMIT: u64 = 64 << 20;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// A component in text form with custom sections appended.
    fn component(text: &str, manifests: &[&[u8]]) -> tempfile::NamedTempFile {
        let mut bytes = wat::parse_str(text).unwrap();
        for manifest in manifests {
            let mut section = vec![u8::try_from(MANIFEST_SECTION.len()).unwrap()];
            section.extend(MANIFEST_SECTION.as_bytes());
            section.extend(*manifest);
            bytes.push(0);
            let mut length = section.len();
            loop {
                let low = u8::try_from(length & 0x7f).unwrap();
                length >>= 7;
                bytes.push(if length == 0 { low } else { low | 0x80 });
                if length == 0 {
                    break;
                }
            }
            bytes.extend(section);
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn refusal(file: &tempfile::NamedTempFile) -> String {
        Package::read(file.path()).unwrap_err().to_string()
    }

    const MANIFEST: &[u8] = include_bytes!("../../../../plugins/duo/manifest.toml");
    const EXPORTS: &str = r#"
        (instance $empty)
        (export "accord:connector/sync@0.1.0" (instance $empty))
        (export "accord:connector/provision@0.1.0" (instance $empty))"#;

    #[test]
    fn a_component_with_one_manifest_and_known_imports_is_taken() {
        let text = format!(
            r#"(component (import "accord:connector/http@0.1.0" (instance)) (import "wasi:cli/environment@0.2.6" (instance)) {EXPORTS})"#
        );
        let package = Package::read(component(&text, &[MANIFEST]).path()).unwrap();
        assert_eq!(package.manifest.id, "duo");
        let imports: Vec<(&str, bool)> = package.imports.iter().map(|i| (i.name.as_str(), i.refusing)).collect();
        assert_eq!(imports, [("accord:connector/http@0.1.0", false), ("wasi:cli/environment@0.2.6", true)]);
        assert_eq!(package.digest.len(), 64);
    }

    #[test]
    fn files_that_are_no_components_are_named_as_what_they_are() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello").unwrap();
        assert!(refusal(&file).contains("is not a WebAssembly component"));
        std::fs::write(file.path(), "").unwrap();
        assert!(refusal(&file).contains("is not a WebAssembly component"));
        std::fs::write(file.path(), wat::parse_str("(module)").unwrap()).unwrap();
        assert!(refusal(&file).contains("core WebAssembly module"));
    }

    #[test]
    fn exactly_one_manifest_is_wanted() {
        let text = format!("(component {EXPORTS})");
        assert!(refusal(&component(&text, &[])).contains("has no `accord:manifest` section"));
        assert!(refusal(&component(&text, &[MANIFEST, MANIFEST])).contains("has 2 `accord:manifest` sections"));
        let huge = vec![b'#'; MANIFEST_LIMIT + 1];
        assert!(refusal(&component(&text, &[&huge])).contains("manifest of 65537 bytes"));
        assert!(refusal(&component(&text, &[b"\xff\xfe"])).contains("not UTF-8"));
        assert!(refusal(&component(&text, &[b"[plugin]\nname = 3"])).contains("problem(s): line"));
    }

    #[test]
    fn imports_that_are_not_offered_and_other_versions_are_named() {
        let with =
            |import: &str| component(&format!(r#"(component (import "{import}" (instance)) {EXPORTS})"#), &[MANIFEST]);
        assert!(
            refusal(&with("accord:connector/http@0.2.0")).contains("wants interface `accord:connector/http@0.2.0`")
        );
        assert!(refusal(&with("accord:connector/shell@0.1.0")).contains("imports `accord:connector/shell@0.1.0`"));
        assert!(
            refusal(&with("evil:host/root@1.0.0"))
                .contains("imports `evil:host/root@1.0.0`, which this host does not offer")
        );
        let later = EXPORTS.replace("0.1.0", "0.3.0");
        assert!(refusal(&component(&format!("(component {later})"), &[MANIFEST])).contains("sync@0.3.0"));
        assert!(
            refusal(&component("(component)", &[MANIFEST])).contains("does not export `accord:connector/sync@0.1.0`")
        );
    }

    #[test]
    fn a_damaged_component_is_told_with_its_position_and_never_panics() {
        let text = format!(r#"(component (import "accord:connector/http@0.1.0" (instance)) {EXPORTS})"#);
        let whole = std::fs::read(component(&text, &[MANIFEST]).path()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in 0..200 {
            std::fs::write(file.path(), &whole[..length]).unwrap();
            assert!(Package::read(file.path()).is_err(), "the first {length} bytes");
        }
        std::fs::write(file.path(), &whole[..60]).unwrap();
        assert!(refusal(&file).contains("at byte"), "{}", refusal(&file));
    }
}
