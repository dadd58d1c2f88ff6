//! The connector's own checks: the cheapest calls that prove key and permissions.

use crate::bindings::exports::accord::connector::sync as guest;
use crate::capabilities::Call;
use crate::http::Phase;
use crate::manifest::Export;
use crate::problem::Problem;
use crate::running::{CallError, Done, Grants, Instance, Plugin};

use super::errors;
use super::run::{Setup, interrupted, since_1970, stopped};

/// One proof that key and permissions suffice.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub name: String,
    pub needed_for: String,
    pub outcome: CheckOutcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CheckOutcome {
    Passed,
    Failed(Problem),
    Skipped(String),
}

impl Setup<'_> {
    /// The plugin with its capabilities, for calls outside a sync.
    pub(crate) fn plugin(&self) -> Result<Plugin, Problem> {
        let started_at = since_1970(&*self.clock);
        let limits = self.limits.clone();
        let grants = Grants { configuration: &self.configuration, gateway: self.gateway()?, limits, started_at };
        Plugin::load(self.engine, self.package, grants)
    }
}

/// Runs `connect` outside a sync, and gives what it put for the calls that follow.
pub(crate) async fn connected(plugin: &Plugin, instance: &mut Instance) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let call = Call::new(Phase::new(Export::Connect, false, ""));
    let Done { result, call } = instance.connect(call).await.map_err(CallError::into_problem)?;
    result.map_err(|failure| errors::of_call(&plugin.shared, "connect", failure, &call))?;
    Ok(call.facts)
}

/// Runs the connector's own checks: the cheapest calls that prove key and permissions.
pub async fn validate(mut setup: Setup<'_>) -> Result<Vec<Check>, Problem> {
    let plugin = setup.plugin()?;
    let checks = async {
        let mut instance = plugin.instantiate().await?;
        let mut validate = Call::new(Phase::new(Export::Validate, false, ""));
        validate.facts = connected(&plugin, &mut instance).await?;
        instance.validate(validate).await.map_err(CallError::into_problem)
    };
    let done = tokio::select! {
        done = checks => done?,
        signal = stopped(&mut setup.stop) => return Err(interrupted(signal)),
    };
    let clean = |text: &str| errors::clean(&plugin.shared, text);
    Ok(done
        .result
        .into_iter()
        .map(|check| Check {
            name: clean(&check.name),
            needed_for: clean(&check.needed_for),
            outcome: match check.outcome {
                guest::CheckOutcome::Passed => CheckOutcome::Passed,
                guest::CheckOutcome::Failed(failure) => {
                    CheckOutcome::Failed(errors::failure(&plugin.shared, "validate", failure))
                }
                guest::CheckOutcome::Skipped(reason) => CheckOutcome::Skipped(clean(&reason)),
            },
        })
        .collect())
}
