//! Manifests: the shipped ones are accepted, and each bad one is refused with exactly the words beside it.

use std::fs;
use std::path::Path;

use accord_runtime::manifest::Manifest;

fn faults(text: &str) -> String {
    match Manifest::parse(text) {
        Ok(_) => "accepted\n".to_owned(),
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

#[test]
fn shipped_manifests_are_accepted() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut seen = 0;
    for plugin in fs::read_dir(plugins).unwrap() {
        let path = plugin.unwrap().path().join("manifest.toml");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        assert_eq!(faults(&text), "accepted\n", "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn every_table_and_key_is_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good-manifests");
    for case in fs::read_dir(folder).unwrap() {
        let path = case.unwrap().path();
        assert_eq!(faults(&fs::read_to_string(&path).unwrap()), "accepted\n", "{}", path.display());
    }
}

/// Each `x.toml` has an `x.err`; a new case needs no code.
#[test]
fn bad_manifests_are_refused_with_reasons() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad-manifests");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    cases.sort();
    assert!(!cases.is_empty());
    let mut wrong = String::new();
    for case in cases {
        let found = faults(&fs::read_to_string(&case).unwrap());
        let wanted = fs::read_to_string(case.with_extension("err")).unwrap_or_default();
        if found != wanted {
            wrong += &format!("{}:\n{found}", case.display());
        }
    }
    assert!(wrong.is_empty(), "these say something else than their .err files:\n{wrong}");
}
