//! The actions: accounts are enabled, disabled and described anew. Each is done when it returns.

use accord_sdk::types::{ActionResult, ActionState};
use accord_sdk::{Arguments, Failure, Host, Settled, Value};

use crate::account::Attributes;
use crate::users;
use crate::{Datadog, account, api};

/// The longest name that Datadog takes.
const LONGEST_NAME: usize = 55;

pub(crate) fn invoke(
    datadog: &Datadog,
    host: &Host,
    name: &str,
    arguments: &[(String, Value)],
) -> Result<ActionResult, Failure> {
    let arguments = Arguments::new(arguments);
    let id = match name {
        "enable_user" | "disable_user" | "update_user" => arguments.resource_id("user_id", "user")?,
        _ => return Err(Failure::unsupported(format!("the action `{name}`"))),
    };
    api::demand_uuid("user", &id)?;
    let user = || users::one(datadog, host, &id)?.ok_or_else(|| users::nobody(&id));
    let settled = if name == "update_user" {
        let wanted = description(&arguments)?;
        account::describe(datadog, host, &user()?, &wanted)?
    } else {
        account::set_disabled(datadog, host, &user()?, name == "disable_user")?
    };
    let changed = settled == Settled::Changed;
    let response = [("success", true), ("changed", changed)];
    Ok(ActionResult {
        state: ActionState::Complete,
        response: response.map(|(name, flag)| (name.into(), Value::Flag(flag))).into(),
        message: String::new(),
        id,
    })
}

/// What is to be said of an account. Empty text leaves what there is.
fn description<'a>(arguments: &Arguments<'a>) -> Result<Attributes<'a>, Failure> {
    let wanted = Attributes {
        name: arguments.text("name")?,
        email: arguments.text("email")?,
        title: arguments.text("title")?,
        ..Attributes::default()
    };
    match wanted {
        Attributes { name: None, email: None, title: None, .. } => {
            Err(Failure::refused("nothing to change is given", "give at least one of name, email or title"))
        }
        Attributes { name: Some(name), .. } if name.chars().count() > LONGEST_NAME || name.contains(['<', '>']) => {
            let message = format!("`{}` cannot be a name in Datadog", name.escape_debug());
            Err(Failure::refused(message, format!("give at most {LONGEST_NAME} characters, without `<` and `>`")))
        }
        _ => Ok(wanted),
    }
}
