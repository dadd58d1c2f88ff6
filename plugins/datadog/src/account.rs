//! Accounts: made, invited, switched off and on, and described anew. Datadog deletes nobody: who is deleted is disabled.
//!
//! An account is looked for by its address before it is made, and after an answer that got lost, so that nobody gets two.

use accord_sdk::json::Ignored;
use accord_sdk::types::{AccountOutcome, AccountRequest, AccountState, CredentialOption, DeleteOutcome};
use accord_sdk::{Arguments, Change, Failure, Grant, Host, Request, ResourceId, Response, Settled, Target};
use serde::Serialize;

use crate::api::{self, Document, INVITE, MANAGE, Named, SERVICE_ACCOUNTS};
use crate::users::{self, User};
use crate::{Datadog, roles};

/// The account that somebody wants.
struct Wanted<'a> {
    email: &'a str,
    name: Option<&'a str>,
    title: Option<&'a str>,
    invited: bool,
    role_ids: Vec<String>,
}

#[derive(Serialize)]
struct NewUser<'a> {
    attributes: Attributes<'a>,
    relationships: NewUserRoles<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct NewUserRoles<'a> {
    roles: Document<Vec<Named<'a>>>,
}

#[derive(Serialize)]
struct ChangedUser<'a> {
    attributes: &'a Attributes<'a>,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What is to be said of an account; what is None stays as it is.
#[derive(Serialize, Default)]
pub(crate) struct Attributes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<&'a str>,
}

#[derive(Serialize)]
struct Invitation<'a> {
    relationships: Invited<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Invited<'a> {
    user: Document<Named<'a>>,
}

pub(crate) fn create(datadog: &Datadog, host: &Host, request: &AccountRequest) -> Result<AccountOutcome, Failure> {
    let wanted = Wanted::of(request)?;
    if let Some(user) = wanted.find(datadog, host)? {
        return existing(datadog, host, &user);
    }
    if wanted.invited {
        datadog.announce(host, &[invitation("{id of the new user}")?]);
    }
    let mut found = None;
    let message = format!("there still is no account for `{}`", wanted.email);
    let change = Change::new(wanted.request()?, format!("there is an account for `{}`", wanted.email), message);
    let settled = datadog.change(host, &change, |answer| {
        found = match answer.and_then(|answer| created_id(datadog, answer)) {
            Some(id) => users::one(datadog, host, &id)?,
            None => wanted.find(datadog, host)?,
        };
        Ok(found.is_some())
    })?;
    let user = found.ok_or_else(|| Failure::bug("an account that was seen is not there"))?;
    match settled {
        Settled::Changed => wanted.created(datadog, host, &user),
        // Somebody else made it in between.
        Settled::WasSo => existing(datadog, host, &user),
    }
}

/// The id that Datadog gave the account, where it says so.
fn created_id(datadog: &Datadog, answer: &Response) -> Option<String> {
    let created: Document<User> = datadog.decode(answer).ok()?;
    Some(created.data.id).filter(|id| api::demand_uuid("user", id).is_ok())
}

impl<'a> Wanted<'a> {
    fn of(request: &'a AccountRequest) -> Result<Self, Failure> {
        if request.credential != CredentialOption::NoPassword {
            let remedy = "create it without a password: the invitation lets the person choose one";
            return Err(Failure::refused("Datadog takes no password for a new account", remedy));
        }
        let profile = Arguments::new(&request.profile);
        let given = [request.email.as_deref(), request.login.as_deref()].into_iter().flatten();
        let email = profile.text("email")?.or_else(|| given.map(str::trim).find(|email| !email.is_empty()));
        let email = email.ok_or_else(|| Failure::refused("the account has no `email`", "give an e-mail address"))?;
        let is_address = email.split_once('@').is_some_and(|(name, at)| !name.is_empty() && at.contains('.'));
        if !is_address || email.contains(char::is_whitespace) {
            let message = format!("`{}` is no e-mail address", email.escape_debug());
            return Err(Failure::refused(message, "give an e-mail address: the person logs in with it"));
        }
        let role_ids = profile.texts("role_ids")?;
        role_ids.iter().try_for_each(|id| api::demand_uuid("role", id))?;
        let (name, title) = (profile.text("name")?, profile.text("title")?);
        Ok(Self { email, name, title, invited: profile.flag("send_invitation")?.unwrap_or(true), role_ids })
    }

    fn request(&self) -> Result<Request, Failure> {
        let attributes = Attributes { disabled: None, email: Some(self.email), name: self.name, title: self.title };
        let roles = Document { data: self.role_ids.iter().map(|id| Named::role(id)).collect() };
        let data = NewUser { kind: "users", attributes, relationships: NewUserRoles { roles } };
        Ok(Request::new("POST", users::PATH).json(&Document { data })?.permission(INVITE))
    }

    /// The person who logs in with the address, or whose address it is. Service accounts only have it as a contact.
    fn find(&self, datadog: &Datadog, host: &Host) -> Result<Option<User>, Failure> {
        let request = users::request().query("filter", self.email);
        let is_it = |text: &str| text.eq_ignore_ascii_case(self.email);
        let mut found: Vec<User> = Vec::new();
        let whole = datadog.browse(host, &request, |users: Vec<User>| {
            let people = users.into_iter().filter(|user| !user.is_service());
            found.extend(people.filter(|user| is_it(&user.attributes.email) || is_it(&user.attributes.handle)));
            false
        })?;
        if !whole {
            let message = format!("Datadog shows less than it counts of the users who are like `{}`", self.email);
            return Err(Failure::invalid_response(message, request.place()));
        }
        // Only logins are unique.
        if let Some(place) = found.iter().position(|user| is_it(&user.attributes.handle)) {
            return Ok(Some(found.swap_remove(place)));
        }
        if found.len() > 1 {
            let ids: Vec<&str> = found.iter().map(|user| user.id.as_str()).collect();
            let message = format!("several users have the address `{}`: {}", self.email, ids.join(", "));
            return Err(Failure::refused(message, "enable the right one with `enable_user`, or give another address"));
        }
        Ok(found.pop())
    }

    fn created(&self, datadog: &Datadog, host: &Host, user: &User) -> Result<AccountOutcome, Failure> {
        let mut troubles = Vec::new();
        let missing: Vec<&str> =
            self.role_ids.iter().map(String::as_str).filter(|role_id| !user.has_role(role_id)).collect();
        if !missing.is_empty() {
            troubles.push(format!("it does not have the roles {}", missing.join(", ")));
        }
        // The account is there: what fails now is told and undoes nothing.
        if self.invited
            && let Err(failure) = invite(datadog, host, &user.id)
        {
            troubles.push(format!("the invitation was not sent, as far as Datadog says: {}", failure.message()));
        }
        for trouble in &troubles {
            accord_sdk::warn!(
                *host,
                "the account is created, but not as it was wanted",
                user = user.id,
                trouble = trouble
            );
        }
        tell(host, user)?;
        Ok(outcome(AccountState::Created, user, troubles.join("; ")))
    }
}

fn invite(datadog: &Datadog, host: &Host, user_id: &str) -> Result<(), Failure> {
    datadog.fetch::<Ignored>(host, &invitation(user_id)?).map(drop)
}

fn invitation(user_id: &str) -> Result<Request, Failure> {
    let user = Document { data: Named::user(user_id) };
    let data = vec![Invitation { kind: "user_invitations", relationships: Invited { user } }];
    Ok(Request::new("POST", "/api/v2/user_invitations").json(&Document { data })?.permission(INVITE))
}

/// An account that is there already is as good as a new one, once it is enabled. Nothing else about it is changed.
fn existing(datadog: &Datadog, host: &Host, user: &User) -> Result<AccountOutcome, Failure> {
    let disabled = user.is_disabled();
    let now = match set_disabled(datadog, host, user, false)? {
        Settled::Changed => users::one(datadog, host, &user.id)?,
        Settled::WasSo => None,
    };
    let user = now.as_ref().unwrap_or(user);
    tell(host, user)?;
    let mut message = "the account was there already".to_owned();
    if disabled {
        message += ", and is enabled again";
    }
    if user.attributes.status.eq_ignore_ascii_case("pending") {
        message += "; its invitation is not accepted yet, and no other was sent";
    }
    Ok(outcome(AccountState::AlreadyExists, user, message))
}

fn outcome(state: AccountState, user: &User, message: String) -> AccountOutcome {
    AccountOutcome { state, account: Some(users::id(&user.id)), credentials: Vec::new(), message }
}

/// The account's row, and the roles that it has.
fn tell(host: &Host, user: &User) -> Result<(), Failure> {
    host.tell_resource(user.resource(&mut &*host))?;
    user.role_ids()
        .try_for_each(|role_id| host.tell_grant(Grant::new(roles::id(role_id), "member", users::id(&user.id))))
}

pub(crate) fn delete(datadog: &Datadog, host: &Host, id: &ResourceId) -> Result<DeleteOutcome, Failure> {
    if id.resource_type != "user" {
        let message = format!("resources of type `{}` cannot be deleted here", id.resource_type);
        return Err(Failure::refused(message, "only users can: Datadog disables them"));
    }
    api::demand_uuid("user", &id.resource)?;
    let Some(user) = users::one(datadog, host, &id.resource)? else { return Ok(DeleteOutcome::AlreadyDeleted) };
    Ok(match set_disabled(datadog, host, &user, true)? {
        Settled::Changed => DeleteOutcome::Deleted,
        Settled::WasSo => DeleteOutcome::AlreadyDeleted,
    })
}

/// Switches an account off or on.
pub(crate) fn set_disabled(datadog: &Datadog, host: &Host, user: &User, disabled: bool) -> Result<Settled, Failure> {
    if user.is_disabled() == disabled {
        return Ok(Settled::WasSo);
    }
    let request = if disabled {
        users::about("DELETE", &user.id)?.permission(managing(user))
    } else {
        patch(user, &Attributes { disabled: Some(false), ..Attributes::default() })?
    };
    let (is, is_not) = if disabled { ("disabled", "enabled") } else { ("enabled", "disabled") };
    let claim = format!("the user `{}` is {is}", user.id);
    let change = Change::new(request, claim, format!("the user `{}` still is {is_not}", user.id));
    datadog.change(host, &change, |_| {
        // Nobody is disabled whom there is not.
        Ok(users::one(datadog, host, &user.id)?.map_or(disabled, |user| user.is_disabled() == disabled))
    })
}

/// Gives an account other words for who it is.
pub(crate) fn describe(
    datadog: &Datadog,
    host: &Host,
    user: &User,
    wanted: &Attributes<'_>,
) -> Result<Settled, Failure> {
    if wanted.are_of(user) {
        return Ok(Settled::WasSo);
    }
    let texts = [("name", wanted.name), ("email", wanted.email), ("title", wanted.title)];
    let names: Vec<&str> = texts.iter().filter(|(_, text)| text.is_some()).map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let claim = format!("the user `{}` has the new {names}", user.id);
    let change = Change::new(patch(user, wanted)?, claim, format!("the user `{}` still has another {names}", user.id))
        .elsewhere("if an identity provider describes the person, change it there");
    datadog.change(host, &change, |_| Ok(users::one(datadog, host, &user.id)?.is_some_and(|user| wanted.are_of(&user))))
}

impl Attributes<'_> {
    fn are_of(&self, user: &User) -> bool {
        let told = &user.attributes;
        self.name.is_none_or(|name| *told.name == *name)
            && self.title.is_none_or(|title| *told.title == *title)
            // However it is written, it is the same.
            && self.email.is_none_or(|email| told.email.eq_ignore_ascii_case(email))
    }
}

fn patch(user: &User, attributes: &Attributes<'_>) -> Result<Request, Failure> {
    let data = ChangedUser { kind: "users", id: &user.id, attributes };
    Ok(users::about("PATCH", &user.id)?.json(&Document { data })?.permission(managing(user)))
}

/// The permission that lets one change this account.
fn managing(user: &User) -> &'static str {
    if user.is_service() { SERVICE_ACCOUNTS } else { MANAGE }
}
