//! `baton-<id>`: the command line of a connector, which is that connector's sync and a few prints.

use std::ffi::OsString;
use std::path::PathBuf;

use accord_runtime::{Category, Problem};

use super::{capabilities, completion, config_schema, find, parse, start, sync};
use crate::args::{self, Format, Outline};
use crate::folders;
use crate::output::{self, Screen};
use crate::shape::Shape;
use crate::sources::Sources;

pub(super) fn run(shape: &Shape, plugin: &str, arguments: &[OsString], screen: &Screen) -> Result<i32, Problem> {
    let program = shape.program();
    let outline = Outline::of(&args::connector(&program, None), arguments);
    let package = find(&folders::catalog(outline.plugins.map(PathBuf::from)), plugin)?;
    let tree = args::connector(&program, Some(&package.manifest));
    let Some(matches) = parse(tree.clone(), arguments, &program, &format!("see `{program} --help`"))? else {
        return Ok(0);
    };
    let Some((command, flags)) = matches.subcommand() else { return sync::run(&package, &matches, screen, shape) };
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
