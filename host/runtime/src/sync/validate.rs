//! The connector's own checks: the cheapest calls that prove key and permissions.

use crate::bindings::exports::accord::connector::sync as guest;
use crate::capabilities::Call;
use crate::http::Phase;
use crate::manifest::Export;
use crate::problem::Problem;
use crate::running::{CallError, Grants, Plugin};

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

/// Runs the connector's own checks: the cheapest calls that prove key and permissions.
pub async fn validate(mut setup: Setup<'_>) -> Result<Vec<Check>, Problem> {
    let gateway = setup.gateway()?;
    let started_at = since_1970(&*setup.clock);
    let grants = Grants { configuration: &setup.configuration, gateway, limits: setup.limits.clone(), started_at };
    let plugin = Plugin::load(setup.engine, setup.package, grants)?;
    let checks = async {
        let mut instance = plugin.instantiate().await?;
        let call = |export: Export| Call::new(Phase::new(export, false, ""));
        let connected = instance.connect(call(Export::Connect)).await.map_err(CallError::into_problem)?;
        connected.result.map_err(|failure| errors::of_call(&plugin.shared, "connect", failure, &connected.call))?;
        let mut validate = call(Export::Validate);
        validate.facts = connected.call.facts;
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
