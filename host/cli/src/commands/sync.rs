//! `accord sync`: one sync, its summary, its report and its exit code.

use accord_runtime::plugin::Package;
use accord_runtime::{Category, Problem};
use clap::ArgMatches;

use super::prepare::prepare;
use crate::output::Screen;
use crate::shape::Shape;

pub(super) fn run(package: &Package, flags: &ArgMatches, screen: &Screen, shape: &Shape) -> Result<i32, Problem> {
    let _prepared = prepare(&package.manifest, flags, screen, shape)?;
    Err(Problem::new(Category::Bug, "BUG-006", "the way to the network is not part of this build yet"))
}
