//! `baton-<id>`: the command line of a connector, which is that connector's sync and a few prints.

use std::ffi::OsString;
use std::path::PathBuf;

use accord_runtime::plugin::Package;
use accord_runtime::{Category, Problem};
use clap::ArgMatches;

use super::{capabilities, change, completion, config_schema, find, parse, start, sync};
use crate::args::{self, Format, OneShot, Outline};
use crate::folders;
use crate::output::{self, Screen};
use crate::shape::Shape;
use crate::sources::{SettingsFile, Sources};

pub(super) fn run(shape: &Shape, plugin: &str, arguments: &[OsString], screen: &Screen) -> Result<i32, Problem> {
    let program = shape.program();
    let outline = Outline::of(&args::connector(&program, None), arguments);
    let package = find(&folders::catalog(outline.plugins.map(PathBuf::from)), plugin)?;
    let tree = args::connector(&program, Some(&package.manifest));
    let Some(matches) = parse(tree.clone(), arguments, &program, &format!("see `{program} --help`"))? else {
        return Ok(0);
    };
    let Some((command, flags)) = matches.subcommand() else { return work(&package, &matches, screen, shape) };
    start(Sources { flags, file: None }, screen, Format::read)?;
    match command {
        "capabilities" => output::print(&capabilities::text(&package.manifest)?),
        "config" => output::print(&config_schema::text(&package.manifest)?),
        "completion" => completion(tree, &program, flags),
        _ => {
            let headline = format!("`{command}` asks a running service, which this version does not have");
            Err(Problem::new(Category::Usage, "ARGS-002", headline)
                .remedy("run the connector itself: it syncs once and ends"))
        }
    }
    .map(|()| 0)
}

/// A sync, unless the flags ask for something else.
fn work(package: &Package, flags: &ArgMatches, screen: &Screen, shape: &Shape) -> Result<i32, Problem> {
    let file = SettingsFile::load()?;
    let sources = Sources { flags, file: file.as_ref() };
    // Faults are told with those of the configuration, by whoever reads the flags again.
    match args::one_shot(sources, &mut Vec::new()) {
        None => sync::run(package, flags, screen, shape),
        Some(OneShot::ListActions { resource_type }) => {
            start(sources, screen, Format::read)?;
            change::list_actions(&package.manifest, resource_type.as_deref(), Format::Json).map(|()| 0)
        }
        Some(OneShot::Change(asked)) => change::run(package, flags, screen, shape, |sources, faults| {
            args::one_shot(sources, faults);
            *asked
        }),
    }
}
