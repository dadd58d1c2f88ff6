//! Names and ids looked up in a sync file, and what the file already knows to be impossible.
//!
//! An id counts before a name. A name is a display name, a login or an e-mail address, in any case of letters; one that
//! several have is not guessed at.

use std::path::{Path, PathBuf};

use accord_c1z::model::ResourceId;
use accord_c1z::proto::{self, BatonID, EntitlementImmutable, GrantImmutable, UserTrait};
use accord_c1z::reader::{ReadError, View};
use accord_runtime::Problem;
use accord_runtime::manifest::Manifest;
use accord_runtime::provision::EntitlementKey;

use super::resolve::unresolved;
use crate::args::Membership;
use crate::commands::opened::{self, Opened};

/// Of candidates, so many are named.
const NAMED: usize = 10;

/// An open file.
pub(super) struct Lookup {
    opened: Opened,
    file: PathBuf,
}

/// An entitlement of the file.
pub(super) struct Entitlement {
    pub(super) key: EntitlementKey,
    /// What it comes from, if it cannot be changed.
    immutable: Option<String>,
    /// Types of principals; empty where the file does not say.
    grantable_to: Vec<String>,
}

impl Entitlement {
    pub(super) fn may_change(&self) -> Result<(), Problem> {
        match &self.immutable {
            None => Ok(()),
            Some(source) => Err(immutable("entitlement", &self.key.id, source)),
        }
    }

    pub(super) fn takes(&self, principal: &ResourceId) -> Result<(), Problem> {
        if self.grantable_to.is_empty() || self.grantable_to.contains(&principal.resource_type) {
            return Ok(());
        }
        let headline = format!("`{}` cannot be granted to a `{}`", self.key.id, principal.resource_type);
        Err(unresolved(headline).remedy(format!("name a principal of type {}", self.grantable_to.join(" or "))))
    }
}

impl Lookup {
    pub(super) fn open(file: &Path) -> Result<Self, Problem> {
        Ok(Self { opened: opened::open(file)?, file: file.to_owned() })
    }

    fn view(&self) -> &View {
        &self.opened.view
    }

    fn unreadable(&self) -> impl Fn(ReadError) -> Problem {
        |error| opened::unreadable(&self.file, &error)
    }

    /// An entitlement by its id, by its name, or by the name of the resource that it is the only one of.
    pub(super) fn entitlement(&self, wanted: &str) -> Result<Entitlement, Problem> {
        let reader = &self.opened.reader;
        if let Some(row) = reader.entitlement(self.view(), wanted).map_err(self.unreadable())? {
            return self.read_entitlement(row.message);
        }
        let named = self.resources_named(wanted, None)?;
        let mut found = Vec::new();
        for row in reader.entitlements(self.view()) {
            let message = row.map_err(self.unreadable())?.message;
            let of = message.resource.as_ref().and_then(|resource| resource.id.as_ref()).map(id);
            if message.display_name.eq_ignore_ascii_case(wanted) || of.is_some_and(|of| named.contains(&of)) {
                found.push(message);
            }
        }
        let told = |message: &proto::Entitlement| format!("{} ({})", message.id, message.display_name);
        let found = self.only("entitlement", wanted, found, told)?;
        self.read_entitlement(found)
    }

    fn read_entitlement(&self, message: proto::Entitlement) -> Result<Entitlement, Problem> {
        let undecodable = |error: &dyn std::fmt::Display| opened::unreadable(&self.file, error);
        let immutable: Option<EntitlementImmutable> =
            proto::find(&message.annotations).map_err(|error| undecodable(&error))?;
        let resource = message.resource.and_then(|resource| resource.id);
        let resource = resource.ok_or_else(|| undecodable(&format!("`{}` has no resource", message.id)))?;
        let key = EntitlementKey { resource: id(&resource), id: message.id, slug: message.slug };
        self.refuse_external(&key.resource)?;
        Ok(Entitlement {
            key,
            immutable: immutable.map(|immutable| immutable.source_id),
            grantable_to: message.grantable_to.into_iter().map(|kind| kind.id).collect(),
        })
    }

    /// A principal by id, name, login or e-mail address.
    pub(super) fn principal(&self, manifest: &Manifest, wanted: &Membership) -> Result<ResourceId, Problem> {
        let Membership { principal, principal_type, .. } = wanted;
        let types = manifest.resource_types.iter().map(|declared| declared.id.as_str());
        let of_type = |kind: &str| principal_type.as_deref().is_none_or(|wanted| wanted == kind);
        let mut found = Vec::new();
        for kind in types.filter(|kind| of_type(kind)) {
            let by_id = ResourceId { resource_type: kind.to_owned(), resource: principal.clone() };
            if self.opened.reader.resource(self.view(), &by_id).map_err(self.unreadable())?.is_some() {
                found.push(by_id);
            }
        }
        if found.is_empty() {
            found = self.resources_named(principal, principal_type.as_deref())?;
        }
        let told = |id: &ResourceId| format!("{} `{}`", id.resource_type, id.resource);
        let found = self.only("principal", principal, found, told)?;
        self.refuse_external(&found)?;
        Ok(found)
    }

    /// A grant by its id, which may be revoked.
    pub(super) fn grant(&self, wanted: &str) -> Result<(EntitlementKey, ResourceId), Problem> {
        let row = self.opened.reader.grant(self.view(), wanted).map_err(self.unreadable())?;
        let newer = "what was granted since is revoked by entitlement and principal, or by this id without a file";
        let message = row.ok_or_else(|| self.missing("grant", wanted).line("or", newer))?.row.message;
        let principal = message.principal.as_ref().and_then(|principal| principal.id.as_ref()).map(id);
        let entitlement = message.entitlement.as_ref().map(|entitlement| entitlement.id.clone());
        let (Some(principal), Some(entitlement)) = (principal, entitlement) else {
            return Err(opened::unreadable(&self.file, &format!("the grant `{wanted}` lacks its ends")));
        };
        let entitlement = self.entitlement(&entitlement)?;
        entitlement.may_change()?;
        self.refuse_external(&principal)?;
        self.refuse_immutable(&message)?;
        Ok((entitlement.key, principal))
    }

    /// Refuses to revoke what follows from something else, as far as the file has it.
    pub(super) fn may_revoke(&self, entitlement: &EntitlementKey, principal: &ResourceId) -> Result<(), Problem> {
        for row in self.opened.reader.grants_of_principal(self.view(), principal) {
            let message = row.map_err(self.unreadable())?.row.message;
            if message.entitlement.as_ref().is_some_and(|held| held.id == entitlement.id) {
                self.refuse_immutable(&message)?;
            }
        }
        Ok(())
    }

    fn refuse_immutable(&self, grant: &proto::Grant) -> Result<(), Problem> {
        let found: Option<GrantImmutable> =
            proto::find(&grant.annotations).map_err(|error| opened::unreadable(&self.file, &error))?;
        let Some(found) = found else { return Ok(()) };
        // What was expanded names the entitlements that it came through.
        let sources = grant.sources.as_ref().map(|sources| sources.sources.keys().cloned().collect::<Vec<_>>());
        let source = if found.source_id.is_empty() { sources.unwrap_or_default().join(", ") } else { found.source_id };
        Err(immutable("grant", &grant.id, &source))
    }

    /// What was copied from another file belongs to another target.
    fn refuse_external(&self, wanted: &ResourceId) -> Result<(), Problem> {
        let row = self.opened.reader.resource(self.view(), wanted).map_err(self.unreadable())?;
        let external = row.is_some_and(|row| row.message.annotations.iter().any(proto::holds::<BatonID>));
        if !external {
            return Ok(());
        }
        let headline = format!("{} `{}` is an external resource", wanted.resource_type, wanted.resource);
        Err(unresolved(headline).remedy("make the change where it belongs"))
    }

    fn resources_named(&self, wanted: &str, resource_type: Option<&str>) -> Result<Vec<ResourceId>, Problem> {
        let mut found = Vec::new();
        for row in self.opened.reader.resources(self.view()) {
            let message = row.map_err(self.unreadable())?.message;
            let Some(id) = message.id.as_ref().map(id) else { continue };
            let of_type = resource_type.is_none_or(|wanted| wanted == id.resource_type);
            if of_type && self.is_named(&message, wanted)? {
                found.push(id);
            }
        }
        Ok(found)
    }

    fn is_named(&self, resource: &proto::Resource, wanted: &str) -> Result<bool, Problem> {
        let is = |name: &str| name.eq_ignore_ascii_case(wanted);
        if is(&resource.display_name) {
            return Ok(true);
        }
        let user: Option<UserTrait> =
            proto::find(&resource.annotations).map_err(|error| opened::unreadable(&self.file, &error))?;
        Ok(user.is_some_and(|user| is(&user.login) || user.emails.iter().any(|email| is(&email.address))))
    }

    /// The one that was found. None or several are told.
    fn only<T>(&self, what: &str, wanted: &str, mut found: Vec<T>, told: impl Fn(&T) -> String) -> Result<T, Problem> {
        if found.len() > 1 {
            let mut problem = unresolved(format!("`{wanted}` names {} {what}s", found.len()));
            for candidate in found.iter().take(NAMED) {
                problem = problem.line("either", told(candidate));
            }
            if found.len() > NAMED {
                problem = problem.line("either", format!("… and {} more", found.len() - NAMED));
            }
            return Err(problem.remedy("name one by its id"));
        }
        found.pop().ok_or_else(|| self.missing(what, wanted))
    }

    fn missing(&self, what: &str, wanted: &str) -> Problem {
        unresolved(format!("`{}` has no {what} `{wanted}`", self.file.display()))
            .remedy("name one that it has, by id or by name; a new sync finds what is new")
    }
}

fn immutable(what: &str, id: &str, source: &str) -> Problem {
    let headline = format!("the {what} `{id}` cannot be changed here");
    if source.is_empty() {
        return unresolved(headline).means("it follows from something else").remedy("change what it follows from");
    }
    // A name or a sentence, as its connector has it.
    unresolved(headline).means(format!("where it comes from: {source}")).remedy("change it there, if it can be changed")
}

fn id(id: &proto::ResourceId) -> ResourceId {
    ResourceId { resource_type: id.resource_type.clone(), resource: id.resource.clone() }
}
