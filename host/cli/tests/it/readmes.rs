//! The READMEs of `plugins/` say what the manifests declare: their tables are those of `plugin inspect`, and what is
//! written by hand about listings is about all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use accord_fixtures::components::{guests_dir, plugins_dir};

use crate::support::Desk;

/// With this variable the tables are put into the READMEs: `just readmes`.
const UPDATE: &str = "ACCORD_UPDATE_READMES";
const BEGIN: &str = "<!-- manifest: ";
const END: &str = "<!-- end -->\n";

/// The folders of all connectors.
fn connectors() -> Vec<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").canonicalize().unwrap();
    let folders = fs::read_dir(plugins).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|folder| folder.join("manifest.toml").is_file()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

fn name(connector: &Path) -> &str {
    connector.file_name().unwrap().to_str().unwrap()
}

fn inspect(component: &Path, format: &str) -> String {
    Desk::new().accord(&["plugin", "inspect", component.to_str().unwrap(), "--output", format]).run().exits(0).stdout
}

fn inspect_connector(connector: &Path, format: &str) -> String {
    inspect(&plugins_dir().join(format!("{}.wasm", name(connector))), format)
}

/// From each opening comment to the end of the closing one, or to the next opening one if none is before.
fn blocks(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = text.match_indices(BEGIN).map(|(start, _)| start).collect();
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    let until_next = starts.iter().zip(ends).map(|(start, end)| &text[*start..end]);
    until_next.map(|block| block.find(END).map_or(block, |end| &block[..end + END.len()])).collect()
}

fn first_line(block: &str) -> &str {
    block.lines().next().unwrap()
}

/// The README with the blocks put in, and what is wrong with it otherwise.
fn renewed(readme: &str, printed: &str) -> (String, String) {
    let (mut renewed, mut faults) = (readme.to_owned(), String::new());
    for wanted in blocks(printed) {
        let title = first_line(wanted);
        match blocks(readme).iter().filter(|block| first_line(block) == title).collect::<Vec<_>>()[..] {
            [present] if !present.ends_with(END) => faults += &format!("  {title} has no {END}"),
            [present] if *present != wanted => {
                faults += &format!("  {title}\n{}", difference(present, wanted));
                renewed = renewed.replace(present, wanted);
            }
            [_] => {}
            ref found => faults += &format!("  {title} and {} stand there {} times\n", END.trim(), found.len()),
        }
    }
    for block in blocks(readme).iter().map(|block| first_line(block)) {
        if !printed.contains(block) {
            faults += &format!("  {block} is none that there is\n");
        }
    }
    (renewed, faults)
}

/// The lines that only one of them has.
fn difference(present: &str, wanted: &str) -> String {
    let only = |sign: char, of: &str, other: &str| -> String {
        let lines = of.lines().filter(|line| other.lines().all(|known| known != *line));
        lines.map(|line| format!("    {sign} {line}\n")).collect()
    };
    let lines = only('-', present, wanted) + &only('+', wanted, present);
    if lines.is_empty() { "    the same lines, in another order\n".to_owned() } else { lines }
}

#[test]
fn the_tables_of_every_readme_are_those_of_its_manifest() {
    let mut told = String::new();
    for connector in connectors() {
        let path = connector.join("README.md");
        let printed = inspect_connector(&connector, "markdown");
        let readme = fs::read_to_string(&path).unwrap();
        let (mut readme, mut faults) = renewed(&readme, &printed);
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&path, &readme).unwrap();
            // What is left is not for a program to mend.
            (readme, faults) = renewed(&readme, &printed);
            assert_eq!(fs::read_to_string(&path).unwrap(), readme);
        }
        if !faults.is_empty() {
            told += &format!("plugins/{}/README.md\n{faults}", name(&connector));
        }
    }
    assert!(told.is_empty(), "tables differ from what the manifests say (+); `just readmes` renews them\n{told}");
}

#[test]
fn every_listing_of_a_connector_has_a_row_in_its_readme() {
    for connector in connectors() {
        let inspected: serde_json::Value = serde_json::from_str(&inspect_connector(&connector, "json")).unwrap();
        let collections = inspected["collections"].as_array().unwrap();
        let declared: BTreeSet<&str> = collections.iter().map(|it| it["name"].as_str().unwrap()).collect();
        let readme = fs::read_to_string(connector.join("README.md")).unwrap();
        let rows = readme.lines().skip_while(|line| !line.starts_with("| listing |")).skip(2);
        let rows = rows.map_while(|line| line.strip_prefix("| `")?.split_once('`'));
        let described: BTreeSet<&str> = rows.map(|(name, _)| name).collect();
        assert_eq!(
            described,
            declared,
            "the listings in plugins/{}/README.md, and those that there are",
            name(&connector)
        );
    }
}

#[test]
fn a_difference_names_its_lines_and_is_mended() {
    let printed = "<!-- manifest: egress -->\n\n| a |\n| c |\n\n<!-- end -->\n";
    let old = "# Acme\n\n<!-- manifest: egress -->\n\n| a |\n| b |\n\n<!-- end -->\n\nProse.\n";
    let (new, faults) = renewed(old, printed);
    assert_eq!(faults, "  <!-- manifest: egress -->\n    - | b |\n    + | c |\n");
    assert_eq!(new, format!("# Acme\n\n{printed}\nProse.\n"));
    assert_eq!(renewed(&new, printed), (new.clone(), String::new()));
}

#[test]
fn a_block_that_is_missing_twice_there_open_or_unknown_is_told() {
    let printed = "<!-- manifest: egress -->\n\n| a |\n\n<!-- end -->\n";
    for (readme, wanted) in [
        (String::new(), "  <!-- manifest: egress --> and <!-- end --> stand there 0 times\n"),
        (printed.repeat(2), "  <!-- manifest: egress --> and <!-- end --> stand there 2 times\n"),
        ("<!-- manifest: egress -->\n\n| a |\n".to_owned(), "  <!-- manifest: egress --> has no <!-- end -->\n"),
        (format!("{printed}<!-- manifest: ingress -->\n"), "  <!-- manifest: ingress --> is none that there is\n"),
    ] {
        assert_eq!(renewed(&readme, printed), (readme.clone(), wanted.to_owned()));
    }
}

#[test]
fn a_third_partys_component_tells_its_tables_too() {
    let printed = inspect(&guests_dir().join("directory.wasm"), "markdown");
    let titles: Vec<&str> = blocks(&printed).into_iter().map(first_line).collect();
    let names = ["configuration", "permissions", "resources", "egress"];
    assert_eq!(titles, names.map(|name| format!("{BEGIN}{name} -->")));
    for row in [
        "| `token` | `BATON_TOKEN` | secret, stays in the host | required | the directory's API token |\n",
        "| directory.read | `people`, `teams` | the sync fails and names it |\n",
        "| `team` | Team | group | `teams` |\n",
        "| `GET <base-url>/v1/people` | `calls` |\n",
    ] {
        assert!(printed.contains(row), "{row} in\n{printed}");
    }
}

#[test]
fn markdown_is_for_plugins_and_help_says_so() {
    let desk = Desk::new();
    let help = desk.accord(&["plugin", "inspect", "--help"]).run().exits(0).stdout;
    assert!(help.contains("accord plugin inspect ./acme.wasm --output markdown"), "{help}");
    assert!(help.contains("<!-- manifest: egress -->"), "{help}");
    let refused = desk.accord(&["plugin", "list", "--output", "markdown"]).run().exits(2);
    refused.tells(&["is `markdown`, and can be text, json (from --output)"]);
}
