//! Every row by itself: it decodes, its columns repeat its message, its fields keep the field's rules.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use super::findings::Findings;
use crate::container::{ContainerError, Watch};
use crate::encode::{
    EntitlementColumns, GrantColumns, MAX_ID_BYTES, ResourceColumns, ResourceTypeColumns, is_email_address,
    is_https_link,
};
use crate::proto::{self, Annotation, Any, GrantExpandable};
use crate::reader::{RawRow, ReadError, Reader, Table, View};
use crate::timestamp;

/// What row checks need to know of the file.
#[derive(Debug, Default)]
struct Context {
    sync_ids: BTreeSet<String>,
    /// Syncs whose grants keep what they pass on in the column.
    backfilled: BTreeSet<String>,
    /// Traits that a type promises and that readers insist on, by sync and type.
    promised: BTreeMap<(String, String), Vec<i32>>,
}

pub(super) fn rows(reader: &Reader, findings: &mut Findings, watch: &mut Watch<'_>) -> Result<(), ReadError> {
    let mut context = Context::default();
    for run in reader.syncs()? {
        if run.grants_backfilled {
            context.backfilled.insert(run.sync_id.clone());
        }
        context.sync_ids.insert(run.sync_id);
    }
    for row in reader.raw::<ResourceTypeColumns>(&View::Everything) {
        stop(watch)?;
        if let Some(row) = common(row, &context, findings)? {
            let (sync_id, message) = resource_type(&row, findings);
            context.promised.insert((sync_id, message.id), message.traits);
        }
    }
    check(reader, &context, findings, watch, resource)?;
    check(reader, &context, findings, watch, entitlement)?;
    check(reader, &context, findings, watch, grant)
}

fn check<T: Table>(
    reader: &Reader,
    context: &Context,
    findings: &mut Findings,
    watch: &mut Watch<'_>,
    check: fn(&RawRow<T>, &Context, &mut Findings),
) -> Result<(), ReadError> {
    for row in reader.raw::<T>(&View::Everything) {
        stop(watch)?;
        if let Some(row) = common(row, context, findings)? {
            check(&row, context, findings);
        }
    }
    Ok(())
}

fn stop(watch: &Watch<'_>) -> Result<(), ReadError> {
    match watch.cancel.load(std::sync::atomic::Ordering::Relaxed) {
        true => Err(ContainerError::Cancelled.into()),
        false => Ok(()),
    }
}

/// What holds for rows of every kind.
fn common<T: Table>(
    row: Result<RawRow<T>, ReadError>,
    context: &Context,
    findings: &mut Findings,
) -> Result<Option<RawRow<T>>, ReadError> {
    let row = match row {
        Ok(row) => row,
        Err(error) if error.is_one_row() => {
            findings.fault("a row is not readable", error);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !context.sync_ids.contains(&row.sync_id) {
        findings.fault("a row belongs to a sync that is not in the file", name(&row));
    }
    if !timestamp::is_canonical(&row.discovered_at) {
        findings.warning("a time of writing has another shape", format!("{}: {}", name(&row), row.discovered_at));
    }
    Ok(Some(row))
}

fn resource_type(row: &RawRow<ResourceTypeColumns>, findings: &mut Findings) -> (String, proto::ResourceType) {
    let Some(message) = decode::<_, proto::ResourceType>(row, findings) else {
        return (
            row.sync_id.clone(),
            proto::ResourceType { id: row.columns.external_id.clone(), ..Default::default() },
        );
    };
    repeats(row, findings, "external_id", &row.columns.external_id, &message.id);
    id(row, findings, &message.id);
    length(row, findings, "display_name", &message.display_name, 1024);
    length(row, findings, "description", &message.description, 4096);
    annotations(row, findings, &message.annotations);
    (row.sync_id.clone(), message)
}

fn resource(row: &RawRow<ResourceColumns>, context: &Context, findings: &mut Findings) {
    let Some(message) = decode::<_, proto::Resource>(row, findings) else { return };
    let columns = &row.columns;
    let own = message.id.clone().unwrap_or_default();
    repeats(row, findings, "external_id", &columns.external_id, &format!("{}:{}", own.resource_type, own.resource));
    repeats(row, findings, "resource_type_id", &columns.resource_type_id, &own.resource_type);
    let parent = message.parent_resource_id.as_ref();
    if columns.parent_resource_type_id.as_deref() != parent.map(|parent| parent.resource_type.as_str())
        || columns.parent_resource_id.as_deref() != parent.map(|parent| parent.resource.as_str())
    {
        findings.fault("the parent columns differ from the message", name(row));
    }
    id(row, findings, &own.resource_type);
    id(row, findings, &own.resource);
    length(row, findings, "display_name", &message.display_name, 1024);
    length(row, findings, "description", &message.description, 2048);
    annotations(row, findings, &message.annotations);
    if let Some(Err(error)) = message.profile.as_ref().map(proto::PackedStruct::unpack) {
        findings.fault("a message does not decode", format!("{}: its profile: {error}", name(row)));
    }

    let promised = context.promised.get(&(row.sync_id.clone(), columns.resource_type_id.clone()));
    for kind in promised.into_iter().flatten() {
        if trait_name(*kind).is_some_and(|wanted| !message.annotations.iter().any(|any| proto::name_of(any) == wanted))
        {
            findings.fault("a resource lacks a trait that its type promises", name(row));
        }
    }
    match proto::find::<proto::UserTrait>(&message.annotations) {
        Err(_) => findings.fault("a trait does not decode", name(row)),
        Ok(None) => {}
        Ok(Some(user)) if user.profile.as_ref().is_some_and(|profile| profile.unpack().is_err()) => {
            findings.fault("a trait does not decode", name(row));
        }
        Ok(Some(user)) => user_trait(row, findings, &message, &user),
    }
}

fn user_trait(
    row: &RawRow<ResourceColumns>,
    findings: &mut Findings,
    resource: &proto::Resource,
    user: &proto::UserTrait,
) {
    for email in &user.emails {
        if !is_email_address(&email.address) {
            findings.warning("an e-mail address is not one", name(row));
        }
    }
    // Older writers have only the trait's; two that differ show different things in different readers.
    let profile = resource.profile.as_ref().zip(user.profile.as_ref()).is_some_and(|(own, its)| differ(own, its));
    let status = resource.status.as_ref().zip(user.status.as_ref()).is_some_and(|(own, its)| own.status != its.status);
    let created = resource.created_at.zip(user.created_at).is_some_and(|(own, its)| own != its);
    if profile || status || created {
        findings.warning("profile, status or creation time differ between a resource and its trait", name(row));
    }
}

/// Other writers may put the same facts in another order.
fn differ(own: &proto::PackedStruct, its: &proto::PackedStruct) -> bool {
    own != its && own.unpack() != its.unpack()
}

fn entitlement(row: &RawRow<EntitlementColumns>, _: &Context, findings: &mut Findings) {
    let Some(message) = decode::<_, proto::Entitlement>(row, findings) else { return };
    let columns = &row.columns;
    let resource = message.resource.clone().and_then(|resource| resource.id).unwrap_or_default();
    repeats(row, findings, "external_id", &columns.external_id, &message.id);
    repeats(row, findings, "resource_type_id", &columns.resource_type_id, &resource.resource_type);
    repeats(row, findings, "resource_id", &columns.resource_id, &resource.resource);
    id(row, findings, &message.id);
    length(row, findings, "display_name", &message.display_name, 1024);
    length(row, findings, "description", &message.description, 2048);
    annotations(row, findings, &message.annotations);
}

fn grant(row: &RawRow<GrantColumns>, context: &Context, findings: &mut Findings) {
    let Some(message) = decode::<_, proto::Grant>(row, findings) else { return };
    let columns = &row.columns;
    repeats(row, findings, "external_id", &columns.external_id, &message.id);
    id(row, findings, &message.id);
    match &message.entitlement {
        None => findings.warning("a grant does not hold its entitlement: older readers fail on it", name(row)),
        Some(entitlement) => {
            let resource = entitlement.resource.clone().and_then(|resource| resource.id).unwrap_or_default();
            repeats(row, findings, "entitlement_id", &columns.entitlement_id, &entitlement.id);
            repeats(row, findings, "resource_type_id", &columns.resource_type_id, &resource.resource_type);
            repeats(row, findings, "resource_id", &columns.resource_id, &resource.resource);
        }
    }
    match &message.principal {
        None => findings.warning("a grant does not hold its principal: older readers fail on it", name(row)),
        Some(principal) => {
            let principal = principal.id.clone().unwrap_or_default();
            let (kind, own) = (&columns.principal_resource_type_id, &columns.principal_resource_id);
            repeats(row, findings, "principal_resource_type_id", kind, &principal.resource_type);
            repeats(row, findings, "principal_resource_id", own, &principal.resource);
        }
    }
    annotations(row, findings, &message.annotations);
    if context.backfilled.contains(&row.sync_id) && message.annotations.iter().any(proto::holds::<GrantExpandable>) {
        findings.fault("a grant keeps what it passes on where readers do not look for it", name(row));
    }
    match columns.expansion.as_deref().map(GrantExpandable::decode) {
        Some(Ok(expansion)) if expansion.entitlement_ids.iter().all(|id| id.trim().is_empty()) => {
            findings.fault("a grant passes on no entitlement", name(row));
        }
        Some(Err(_)) => findings.fault("what a grant passes on does not decode", name(row)),
        None if columns.needs_expansion => {
            findings.warning("a grant that passes nothing on is marked as needing expansion", name(row));
        }
        _ => {}
    }
}

fn decode<T: Table, M: Message + Default>(row: &RawRow<T>, findings: &mut Findings) -> Option<M> {
    M::decode(row.data.as_slice())
        .map_err(|error| findings.fault("a message does not decode", format!("{}: {error}", name(row))))
        .ok()
}

fn repeats<T: Table>(row: &RawRow<T>, findings: &mut Findings, column: &str, kept: &str, said: &str) {
    if kept != said {
        findings.fault(format!("column `{column}` differs from the message"), name(row));
    }
}

fn id<T: Table>(row: &RawRow<T>, findings: &mut Findings, id: &str) {
    match id.len() {
        0 => findings.fault("an id is empty", name(row)),
        1..=MAX_ID_BYTES => {}
        _ => findings.fault("an id is longer than 1024 bytes", name(row)),
    }
}

fn length<T: Table>(row: &RawRow<T>, findings: &mut Findings, field: &str, text: &str, limit: usize) {
    if text.len() > limit {
        findings.warning(format!("{field} is longer than {limit} bytes"), name(row));
    }
}

fn annotations<T: Table>(row: &RawRow<T>, findings: &mut Findings, annotations: &[Any]) {
    for any in annotations {
        if !any.type_url.starts_with(proto::PREFIX) || proto::first_seen(proto::name_of(any)).is_none() {
            findings.warning("an annotation is of an unknown type", format!("{}: {}", name(row), any.type_url));
        }
    }
    match proto::find::<proto::ExternalLink>(annotations) {
        Ok(Some(link)) if !is_https_link(&link.url) => findings.warning("a link is not an https one", name(row)),
        Ok(_) => {}
        Err(_) => findings.fault("an annotation does not decode", name(row)),
    }
}

/// The message that readers insist on for a trait; they check only these.
fn trait_name(kind: i32) -> Option<&'static str> {
    match proto::TraitKind::try_from(kind).ok()? {
        proto::TraitKind::User => Some(proto::UserTrait::NAME),
        proto::TraitKind::Group => Some(proto::GroupTrait::NAME),
        proto::TraitKind::Role => Some(proto::RoleTrait::NAME),
        proto::TraitKind::App => Some(proto::AppTrait::NAME),
        proto::TraitKind::Secret => Some(proto::SecretTrait::NAME),
        _ => None,
    }
}

fn name<T: Table>(row: &RawRow<T>) -> String {
    format!("`{}` in `{}`", row.columns.external_id(), T::NAME)
}
