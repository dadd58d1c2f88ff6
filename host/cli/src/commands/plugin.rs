//! `accord plugin list`: what is installed, whom it talks to, and which files are no plugins. What one plugin may do in
//! full is told by `inspect`.

use accord_runtime::Problem;
use accord_runtime::manifest::{Part, Template};
use accord_runtime::plugin::{Catalog, CatalogEntry, Package};
use clap::ArgMatches;
use serde::Serialize;

use super::{find, start};
use crate::args::{Format, PluginFormat};
use crate::output::{self, Screen, Table, printable};
use crate::sources::Sources;

/// `accord plugin inspect`.
pub(super) fn inspect(catalog: &Catalog, flags: &ArgMatches, screen: &Screen) -> Result<i32, Problem> {
    let format = start(Sources { flags, file: None }, screen, PluginFormat::read)?;
    let name = flags.get_one::<String>("plugin").map_or("", String::as_str);
    super::inspect::inspect(&find(catalog, name)?, format).map(|()| 0)
}

#[derive(Debug, Serialize)]
struct Listed {
    version: u32,
    plugins: Vec<Facts>,
    bad_files: Vec<BadFile>,
    folders: Vec<String>,
}

/// What is told of a plugin in a list.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) signed_by: &'static str,
    pub(super) talks_to: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) file: String,
    pub(super) digest: String,
}

#[derive(Debug, Serialize)]
struct BadFile {
    file: String,
    reason: String,
}

/// `accord plugin list`.
pub(super) fn list(catalog: &Catalog, flags: &ArgMatches, screen: &Screen) -> Result<i32, Problem> {
    let format = start(Sources { flags, file: None }, screen, Format::read)?;
    let mut listed = Listed { version: 1, plugins: Vec::new(), bad_files: Vec::new(), folders: Vec::new() };
    listed.folders =
        catalog.folders.iter().map(|folder| format!("{} ({})", folder.path.display(), folder.because)).collect();
    for CatalogEntry { path, package } in catalog.entries() {
        match package {
            // The first folder wins.
            Ok(package) if listed.plugins.iter().any(|known| known.id == package.manifest.id) => {}
            Ok(package) => listed.plugins.push(facts(&package)),
            Err(error) => {
                listed.bad_files.push(BadFile { file: path.display().to_string(), reason: error.to_string() });
            }
        }
    }
    listed.plugins.sort_by(|one, other| one.id.cmp(&other.id));
    match format {
        Format::Json => output::print_json(&listed),
        Format::Text => output::print(&list_text(&listed)),
    }
    .map(|()| 0)
}

fn list_text(listed: &Listed) -> String {
    let mut text = if listed.plugins.is_empty() {
        let folders: Vec<String> = listed.folders.iter().map(|folder| format!("  {}\n", printable(folder))).collect();
        format!("no plugin is in any of these folders:\n{}", folders.concat())
    } else {
        let mut table = Table::new(&["NAME", "VERSION", "SIGNED BY", "TALKS TO", "SECRETS"]);
        for plugin in &listed.plugins {
            let talks_to =
                if plugin.talks_to.is_empty() { "nobody".to_owned() } else { plugin.talks_to.join(", ") + " only" };
            let secrets = if plugin.secrets.is_empty() { "none".to_owned() } else { plugin.secrets.join(", ") };
            table.row([plugin.id.clone(), plugin.version.clone(), plugin.signed_by.to_owned(), talks_to, secrets]);
        }
        table.to_string()
    };
    for bad in &listed.bad_files {
        text.push_str(&format!("\n`{}` {}\n", printable(&bad.file), printable(&bad.reason)));
    }
    text
}

pub(super) fn facts(package: &Package) -> Facts {
    let manifest = &package.manifest;
    Facts {
        id: manifest.id.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        // Signatures are not checked by this version, so none is claimed.
        signed_by: "unsigned",
        talks_to: manifest.origins.iter().flat_map(|origin| origin.places()).map(place).collect(),
        secrets: manifest.config.iter().filter(|field| field.is_secret()).map(|field| field.name.clone()).collect(),
        file: package.path.display().to_string(),
        digest: package.digest.clone(),
    }
}

/// A URL with its holes as people write them: `<api-hostname>`. The scheme is always https, so it goes.
pub(super) fn place(template: &Template) -> String {
    let text: String = template
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(name) => format!("<{name}>"),
            Part::Base64(_) => "<…>".to_owned(),
        })
        .collect();
    text.strip_prefix("https://").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_reads_as_people_write_it() {
        let template = Template::parse("https://{api-hostname}/path").unwrap();
        assert_eq!(place(&template), "<api-hostname>/path");
    }
}
