//! Invariants about what is absent, which no other test would miss: who may know SQL, sockets, wasm and the file format.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names below `[dependencies]` of a crate, not those of its tests.
fn dependencies(crate_folder: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(crate_folder).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Source files of a crate that contain one of the texts, relative to its `src`.
fn files_with(crate_folder: &str, texts: &[&str]) -> Vec<String> {
    let folder = root().join(crate_folder).join("src");
    let mut all = Vec::new();
    sources(&folder, &mut all);
    let mut hits: Vec<String> = all
        .into_iter()
        .filter(|path| {
            let source = fs::read_to_string(path).unwrap();
            texts.iter().any(|text| source.contains(text))
        })
        .map(|path| path.strip_prefix(&folder).unwrap().display().to_string())
        .collect();
    hits.sort();
    hits
}

#[test]
fn arrows_point_one_way() {
    for (of, never) in [
        ("host/c1z", &["accord-runtime", "accord", "wasmtime", "reqwest", "tokio", "clap"][..]),
        ("host/runtime", &["accord", "clap"]),
        ("sdk-guest", &["accord-c1z", "accord-runtime", "tokio", "reqwest"]),
        ("plugins/duo", &["accord-c1z", "accord-runtime", "accord-fixtures"]),
    ] {
        let known = dependencies(of);
        let wrong: Vec<&&str> = never.iter().filter(|name| known.iter().any(|known| known == **name)).collect();
        assert!(wrong.is_empty(), "{of} depends on {wrong:?}");
    }
}

#[test]
fn only_c1z_knows_sql_zstd_and_protobuf() {
    for of in ["host/runtime", "host/cli", "sdk-guest", "plugins/duo"] {
        let known = dependencies(of);
        for name in ["rusqlite", "zstd", "prost"] {
            assert!(!known.iter().any(|known| known == name), "{of} depends on {name}");
        }
    }
}

#[test]
fn only_the_http_capability_opens_connections() {
    let hits = files_with("host/runtime", &["reqwest::", "TcpStream", "UdpSocket", "tokio::net", "std::net::To"]);
    let strays: Vec<&String> = hits.iter().filter(|path| !path.starts_with("http/")).collect();
    assert!(!hits.is_empty() && strays.is_empty(), "{strays:?}");
    assert_eq!(files_with("host/cli", &["reqwest::", "TcpStream", "tokio::net"]), Vec::<String>::new());
}

#[test]
fn unsafe_code_lies_where_it_is_announced() {
    assert_eq!(files_with("host/runtime", &["unsafe {", "unsafe impl", "unsafe fn"]), ["watched_memory.rs"]);
    for of in ["host/c1z", "host/cli", "plugins/duo"] {
        assert_eq!(files_with(of, &["unsafe {", "unsafe impl", "unsafe fn"]), Vec::<String>::new(), "{of}");
    }
}
