//! The commands, and the way from arguments to one of them.

mod capabilities;
mod change;
mod check;
mod config_schema;
mod connector;
mod exported;
mod inspect;
mod opened;
mod plugin;
mod prepare;
mod readme;
mod stats;
mod sync;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use accord_c1z::container::Limits;
use accord_runtime::configuration::{self, ConfigurationProblem};
use accord_runtime::plugin::{Catalog, Package};
use accord_runtime::{Category, Problem};
use clap::{ArgMatches, Command};

use check::Depth;

use crate::args::{self, ChangeArguments, Format, Logging, Outline};
use crate::folders::{self, CacheFolder};
use crate::logging;
use crate::output::{self, Screen};
use crate::shape::Shape;
use crate::sources::Sources;
use crate::unpacking;

/// Runs the command that the arguments name, and returns the exit code.
pub(crate) fn run(arguments: &[OsString], screen: &Screen) -> Result<i32, Problem> {
    let program = arguments.first().cloned().unwrap_or_default();
    let shape = Shape::of(&program);
    match &shape {
        Shape::Accord => accord(arguments, screen),
        Shape::Connector { plugin } => connector::run(&shape, plugin, arguments, screen),
    }
}

/// Commands whose first argument is a plugin.
const WITH_PLUGIN: [&str; 13] = [
    "sync",
    "validate",
    "doctor",
    "grant",
    "revoke",
    "account create",
    "account delete",
    "credential rotate",
    "action list",
    "action run",
    "action status",
    "capabilities",
    "config",
];

fn accord(arguments: &[OsString], screen: &Screen) -> Result<i32, Problem> {
    let outline = Outline::of(&args::accord(None), arguments);
    let catalog = folders::catalog(outline.plugins.as_deref().map(PathBuf::from));
    let wanted =
        outline.command.as_deref().filter(|command| WITH_PLUGIN.contains(command)).and(outline.name.as_deref());
    let package = wanted.map(|name| find(&catalog, name)).transpose()?;
    let tree = args::accord(package.as_ref().map(|package| &*package.manifest));
    let remedy = match (outline.command.as_deref(), outline.name.as_deref()) {
        (Some(command), None) if WITH_PLUGIN.contains(&command) => {
            format!("name the plugin before its own flags: `accord {command} <plugin> …`")
        }
        (Some(command), Some(name)) if WITH_PLUGIN.contains(&command) => {
            format!("see `accord {command} {name} --help`")
        }
        (Some(command), _) => format!("see `accord {command} --help`"),
        (None, _) => "see `accord --help`".to_owned(),
    };
    let Some(matches) = parse(tree.clone(), arguments, "accord", &remedy)? else { return Ok(0) };
    let Some((command, flags)) = innermost(&matches) else { return Ok(2) };
    let command = command.as_str();
    let sources = Sources { flags, file: None };
    match (command, package) {
        ("sync", Some(package)) => sync::run(&package, flags, screen, &Shape::Accord),
        ("validate", Some(package)) => check::run(&package, flags, screen, Depth::Checks),
        ("doctor", Some(package)) => check::run(&package, flags, screen, Depth::Everything),
        ("plugin list", _) => plugin::list(&catalog, flags, screen),
        ("plugin inspect", _) => plugin::inspect(&catalog, flags, screen),
        (
            "grant" | "revoke" | "account create" | "account delete" | "credential rotate" | "action run"
            | "action status",
            Some(package),
        ) => {
            let read = |sources: Sources<'_>, faults: &mut _| ChangeArguments::read(command, sources, faults);
            change::run(&package, flags, screen, &Shape::Accord, read)
        }
        (_, package) => {
            let format = start(sources, screen, Format::read)?;
            match (command, package) {
                ("capabilities", Some(package)) => output::print(&capabilities::text(&package.manifest)?),
                ("config", Some(package)) => output::print(&config_schema::text(&package.manifest)?),
                ("action list", Some(package)) => change::list_actions(&package.manifest, None, format),
                ("stats", _) => stats::run(&path(flags), format),
                ("verify", _) => return verify::run(&path(flags), format),
                _ => completion(tree, "accord", flags),
            }?;
            Ok(0)
        }
    }
}

/// The command and its flags; one of a family behind its name and a space.
fn innermost(matches: &ArgMatches) -> Option<(String, &ArgMatches)> {
    let (name, flags) = matches.subcommand()?;
    Some(match innermost(flags) {
        Some((inner, flags)) => (format!("{name} {inner}"), flags),
        None => (name.to_owned(), flags),
    })
}

/// Finds a plugin by id or path, and checks that its fields can be flags.
fn find(catalog: &Catalog, name: &str) -> Result<Package, Problem> {
    let package = catalog.find(name)?;
    args::check_names(&package.manifest)?;
    Ok(package)
}

/// Parses; `None` if help or the version was asked for and printed.
fn parse(tree: Command, arguments: &[OsString], program: &str, remedy: &str) -> Result<Option<ArgMatches>, Problem> {
    match tree.try_get_matches_from(arguments) {
        Ok(matches) => Ok(Some(matches)),
        Err(error) => match args::displayed(&error) {
            Some(text) => output::print(&text).map(|()| None),
            None => Err(args::problem(&error, program, remedy)),
        },
    }
}

/// For commands without a plugin's configuration: reads what every command has, and starts logging.
fn start<F>(
    sources: Sources<'_>,
    screen: &Screen,
    read_format: fn(Sources<'_>, &mut Vec<ConfigurationProblem>) -> F,
) -> Result<F, Problem> {
    let mut faults = Vec::new();
    let logging = Logging::read(sources, &mut faults);
    let format = read_format(sources, &mut faults);
    refuse("accord", &faults)?;
    logging::start(&logging, screen.clone())?;
    Ok(format)
}

/// All faults as one problem.
fn refuse(plugin: &str, faults: &[ConfigurationProblem]) -> Result<(), Problem> {
    if faults.is_empty() { Ok(()) } else { Err(configuration::problem(plugin, faults)) }
}

fn path(flags: &ArgMatches) -> PathBuf {
    flags.get_one::<String>("path").map(PathBuf::from).unwrap_or_default()
}

fn completion(mut tree: Command, program: &str, flags: &ArgMatches) -> Result<(), Problem> {
    use clap_complete::Shell;
    let shell = flags.get_one::<String>("shell").and_then(|name| name.parse::<Shell>().ok());
    let shell = shell.ok_or_else(|| Problem::new(Category::Usage, "ARGS-001", "no shell of this name is known"))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree, program, &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

/// What unpacking a file may cost.
fn limits() -> Result<Limits, Problem> {
    unpacking::limits().map_err(|told| Problem::new(Category::Usage, "CONF-005", told))
}

/// A folder for unpacking a file that is only read: the work folder, the cache, or where the file lies.
fn scratch_folder(file: &std::path::Path) -> PathBuf {
    let named = std::env::var_os("BATON_TMPDIR").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = || match folders::cache() {
        CacheFolder::Named(path) | CacheFolder::Usual(path) => std::fs::create_dir_all(&path).ok().map(|()| path),
        CacheFolder::Off => None,
    };
    let beside = || match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    named.or_else(cache).unwrap_or_else(beside)
}
