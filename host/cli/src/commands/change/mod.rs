//! `accord grant`, `revoke`, `account`, `credential` and `action`: one change of a target, and what came of it.
//!
//! `resolve` makes ids of what was given, with the help of `lookup` where there is a file; `turn` waits for another run
//! where two would undo each other's change; `credentials` sees to it that new credentials reach somebody; `told` prints
//! what came of the change.

mod actions;
mod credentials;
mod lookup;
mod resolve;
mod told;
mod turn;

use accord_runtime::plugin::Package;
use accord_runtime::provision::{self, Answer, Mode, Operation};
use accord_runtime::{Category, Problem};
use clap::ArgMatches;

use self::credentials::Keeping;
use super::prepare::{Prepared, prepare};
use crate::args::ChangeArguments;
use crate::host::Host;
use crate::output::{self, Screen};
use crate::shape::Shape;
use crate::sources::Sources;

pub(super) use actions::list_actions;

/// Makes one change. `read` reads what is to be changed out of the command line's own flags.
pub(super) fn run(
    package: &Package,
    flags: &ArgMatches,
    screen: &Screen,
    shape: &Shape,
    read: impl FnOnce(Sources<'_>, &mut Vec<accord_runtime::configuration::ConfigurationProblem>) -> ChangeArguments,
) -> Result<i32, Problem> {
    let manifest = &*package.manifest;
    // Whether the configuration is complete does not matter to a connector that only reads.
    provision::check_writable(manifest)?;
    let Prepared { configuration, network, format, asked } =
        prepare(manifest, flags, screen, shape, |sources, faults| (read(sources, faults), None))?;
    let operation = resolve::operation(manifest, &asked, shape)?;
    provision::check(manifest, &operation)?;
    let mode = mode(&asked, &operation)?;
    let _turn = if mode != Mode::DryRun { turn::take(manifest, &configuration, &operation) } else { None };
    let keeping = Keeping::of(&asked, &operation, mode)?;
    let host = Host::start(screen.clone())?;
    let answer =
        host.run(package, configuration, network, async |setup| provision::provision(setup, &operation, mode).await)?;
    let kept = match &answer {
        Answer::Done(done) => keeping.keep(&done.credentials)?,
        Answer::Planned(_) => Vec::new(),
    };
    let told = told::Told::new(manifest, &operation, &answer, &kept);
    match told::Style::of(format, shape) {
        told::Style::Text => output::print(&told.text())?,
        told::Style::Json => output::print_json(&told)?,
    }
    Ok(told.exit_code())
}

/// A change that was forbidden is not made; whether it could be is nobody's harm.
fn mode(asked: &ChangeArguments, operation: &Operation) -> Result<Mode, Problem> {
    if asked.dry_run {
        return Ok(Mode::DryRun);
    }
    match &asked.forbidden {
        Some(source) if !matches!(operation, Operation::ActionStatus { .. }) => {
            let headline = format!("changes are forbidden: {source} is false");
            Err(Problem::new(Category::Usage, "PROV-002", headline)
                .remedy("set it to true or leave it out, or see with --dry-run what would be sent"))
        }
        _ if asked.until_done => Ok(Mode::UntilDone),
        _ => Ok(Mode::Apply),
    }
}
