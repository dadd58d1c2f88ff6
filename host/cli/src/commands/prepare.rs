//! From flags, variables and the settings file to a configuration that may be used, with every fault told at once.

use std::path::PathBuf;

use accord_runtime::configuration::{Configuration, ConfigurationProblem};
use accord_runtime::http::NetworkOptions;
use accord_runtime::manifest::Manifest;
use accord_runtime::sync::{AllowedGaps, TapeMode};
use accord_runtime::tape::Player;
use accord_runtime::{Category, Problem};
use clap::ArgMatches;

use super::refuse;
use crate::args::{self, CONNECTOR_FLAGS, Format, Logging, SETTINGS, SyncArguments};
use crate::logging;
use crate::output::Screen;
use crate::shape::Shape;
use crate::sources::{self, SettingsFile, Sources};

/// Everything that was asked for, checked.
#[derive(Debug)]
pub(super) struct Prepared<Asked> {
    pub(super) configuration: Configuration,
    pub(super) network: NetworkOptions,
    pub(super) format: Format,
    /// What only this command reads.
    pub(super) asked: Asked,
}

/// For a sync. A tape brings its own configuration.
pub(super) fn prepare_sync(
    manifest: &Manifest,
    flags: &ArgMatches,
    screen: &Screen,
    shape: &Shape,
) -> Result<Prepared<SyncArguments>, Problem> {
    prepare(manifest, flags, screen, shape, |sources, faults| {
        let asked = SyncArguments::read(sources, faults);
        check_gaps(manifest, &asked.options.allowed_gaps, faults);
        if shape.is_connector() {
            // Nothing was asked for in place of a sync, unless by half.
            args::one_shot(sources, faults);
            if let Some(source) = args::provisioning(sources, faults) {
                tracing::warn!("{source} has no effect: a sync never writes to the target");
            }
        }
        let tape = match &asked.options.tape {
            TapeMode::Replay(folder) => Some(folder.clone()),
            TapeMode::Off | TapeMode::Record(_) => None,
        };
        (asked, tape)
    })
}

/// Reads all sources, starts logging, and refuses what cannot be. `read` gives what only this command reads, and the
/// tape that is replayed.
pub(super) fn prepare<Asked>(
    manifest: &Manifest,
    flags: &ArgMatches,
    screen: &Screen,
    shape: &Shape,
    read: impl FnOnce(Sources<'_>, &mut Vec<ConfigurationProblem>) -> (Asked, Option<PathBuf>),
) -> Result<Prepared<Asked>, Problem> {
    let file = SettingsFile::load()?;
    let sources = Sources { flags, file: file.as_ref() };
    let mut faults = Vec::new();
    let logging = Logging::read(sources, &mut faults);
    logging::start(&logging, screen.clone())?;
    let format = Format::read(sources, &mut faults);
    let (asked, tape) = read(sources, &mut faults);
    let network = args::network(sources, &mut faults);
    if let Some(file) = &file {
        file.unknown(&known_names(manifest, shape)).iter().for_each(|warning| tracing::warn!("{warning}"));
    }
    if shape.is_connector() {
        let warnings = args::check_connector_flags(sources, &mut faults);
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    }
    let given = match tape {
        Some(folder) => recorded(manifest, Player::open(&folder)?)?,
        None => sources::given(manifest, sources, &mut faults),
    };
    let configuration = match Configuration::build(manifest, &given) {
        Ok(configuration) if faults.is_empty() => configuration,
        Ok(_) => return Err(accord_runtime::configuration::problem(&manifest.id, &faults)),
        Err(found) => {
            // What could not be read at all has been told; that it is missing follows.
            let told = |problem: &ConfigurationProblem| {
                problem.fields.iter().any(|field| faults.iter().any(|fault| fault.fields.contains(field)))
            };
            let found: Vec<_> = found.into_iter().filter(|problem| !told(problem)).collect();
            faults.extend(found);
            refuse(&manifest.id, &faults)?;
            return Err(Problem::new(Category::Bug, "BUG-005", "a configuration was refused without a reason"));
        }
    };
    configuration.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(Prepared { configuration, network, format, asked })
}

/// The configuration that the tape was recorded with.
fn recorded(manifest: &Manifest, tape: Player) -> Result<Vec<(String, accord_runtime::configuration::Given)>, Problem> {
    if tape.header.plugin == manifest.id {
        return Ok(tape.header.given());
    }
    let headline = format!("the tape is one of `{}`, not of `{}`", tape.header.plugin, manifest.id);
    Err(Problem::new(Category::Usage, "TAPE-004", headline)
        .remedy("replay it with the plugin that it was recorded with"))
}

/// A gap is allowed by the name of a resource type or of a listing; a mistyped one would allow nothing.
fn check_gaps(manifest: &Manifest, allowed: &AllowedGaps, faults: &mut Vec<ConfigurationProblem>) {
    let AllowedGaps::These(names) = allowed else { return };
    let types = manifest.resource_types.iter().map(|declared| declared.id.as_str());
    let mut known: Vec<&str> = types.chain(manifest.collections.iter().map(|listing| listing.name.as_str())).collect();
    known.sort_unstable();
    known.dedup();
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("--allow-gaps has `{name}`, and can be all, or some of {}", known.join(", "));
        faults.push(sources::fault("allow-gaps", message));
    }
}

/// The names that the settings file may have: those that are read from it.
fn known_names<'a>(manifest: &'a Manifest, shape: &Shape) -> Vec<&'a str> {
    let fields = manifest.config.iter().flat_map(|field| std::iter::once(&field.name).chain(&field.aliases));
    // By these the plugin and its secrets are found, on the command line only.
    let host = SETTINGS.iter().map(|setting| setting.name).filter(|name| !matches!(*name, "plugins" | "secret"));
    let connector = CONNECTOR_FLAGS.iter().map(|flag| flag.name).filter(|_| shape.is_connector());
    fields.map(String::as_str).chain(host).chain(connector).collect()
}
