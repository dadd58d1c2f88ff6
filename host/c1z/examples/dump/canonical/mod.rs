//! The canonical text of a file: one line a row, sorted; embedded messages reduced to their ids.

mod fields;
mod json;
mod wire;

use std::path::Path;

use accord_c1z::encode::{EntitlementColumns, GrantColumns, ResourceColumns, ResourceTypeColumns};
use accord_c1z::reader::{ReadError, Reader, Table, View};

use json::Json;
use wire::Malformed;

#[derive(Debug, thiserror::Error)]
pub(crate) enum DumpError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("`{external_id}` in `{table}`: {source}")]
    Malformed { table: &'static str, external_id: String, source: Malformed },
}

/// The text of the newest finished sync of a file, which is unpacked into `folder`.
pub(crate) fn dump(path: &Path, folder: &Path) -> Result<String, DumpError> {
    let reader = Reader::open(path, folder)?;
    let view = View::Sync(newest(&reader)?);
    let mut lines = Vec::new();
    rows::<ResourceTypeColumns>(&reader, &view, 'T', "ResourceType", &mut lines)?;
    rows::<ResourceColumns>(&reader, &view, 'R', "Resource", &mut lines)?;
    rows::<EntitlementColumns>(&reader, &view, 'E', "Entitlement", &mut lines)?;
    rows::<GrantColumns>(&reader, &view, 'G', "Grant", &mut lines)?;
    for id in reader.asset_ids(&view)? {
        if let Some(asset) = reader.asset(&view, &id)? {
            let facts = Json::object([
                ("content_type", Json::Text(asset.content_type)),
                ("size", Json::Integer(asset.data.len() as u128)),
            ]);
            lines.push(line('A', &id, &facts));
        }
    }
    lines.sort_unstable();
    lines.push(String::new());
    Ok(if lines.len() == 1 { String::new() } else { lines.join("\n") })
}

/// Finished syncs come first, then the one that started last.
fn newest(reader: &Reader) -> Result<String, ReadError> {
    let runs = reader.syncs()?;
    let newest = runs.into_iter().enumerate().max_by(|(place, run), (other_place, other)| {
        let rank = (run.ended_at.is_some(), &run.started_at, place);
        rank.cmp(&(other.ended_at.is_some(), &other.started_at, other_place))
    });
    Ok(newest.map(|(_, run)| run.sync_id).unwrap_or_default())
}

fn rows<T: Table>(
    reader: &Reader,
    view: &View,
    letter: char,
    message: &str,
    lines: &mut Vec<String>,
) -> Result<(), DumpError> {
    for row in reader.raw::<T>(view) {
        let row = row?;
        let external_id = row.columns.external_id();
        let decoded = wire::decode(message, &row.data).map_err(|source| DumpError::Malformed {
            table: T::NAME,
            external_id: external_id.to_owned(),
            source,
        })?;
        lines.push(line(letter, external_id, &tidy(letter, decoded)));
    }
    Ok(())
}

fn line(letter: char, key: &str, message: &Json) -> String {
    format!("{letter} {} {message}", Json::Text(key.to_owned()))
}

/// Leaves out what differs between two runs of one writer, and reduces embedded messages to ids.
fn tidy(letter: char, mut message: Json) -> Json {
    if let Some(Json::List(mut annotations)) = message.take("annotations") {
        annotations.retain(|annotation| annotation.get("@") != Some(&Json::Text("ETag".into())));
        annotations.sort_by_cached_key(ToString::to_string);
        if !annotations.is_empty() {
            message.set("annotations", Json::List(annotations));
        }
    }
    if let Some(Json::List(traits)) = message.take("traits") {
        let mut names: Vec<String> = traits.iter().map(Json::bare).collect();
        names.sort_unstable();
        message.set("traits", Json::List(names.into_iter().map(Json::Text).collect()));
    }
    message.take("creation_source");
    match letter {
        'R' => {
            let id = resource_id(message.get("id"));
            message.set("id", id);
            if let Some(parent) = message.take("parent_resource_id") {
                message.set("parent_resource_id", resource_id(Some(&parent)));
            }
        }
        'E' => {
            let mut types: Vec<String> = match message.take("grantable_to") {
                Some(Json::List(types)) => types.iter().map(|kind| text(kind.get("id"))).collect(),
                _ => Vec::new(),
            };
            types.sort_unstable();
            message.set("grantable_to", Json::List(types.into_iter().map(Json::Text).collect()));
            let resource = resource_id(message.get("resource").and_then(|resource| resource.get("id")));
            message.set("resource", resource);
        }
        'G' => {
            let entitlement = message.take("entitlement").unwrap_or_default();
            message.set("entitlement", Json::Text(text(entitlement.get("id"))));
            let resource = resource_id(entitlement.get("resource").and_then(|resource| resource.get("id")));
            message.set("resource", resource);
            let principal = resource_id(message.get("principal").and_then(|principal| principal.get("id")));
            message.set("principal", principal);
        }
        _ => {}
    }
    message
}

/// `type:id`, or empty.
fn resource_id(id: Option<&Json>) -> Json {
    Json::Text(match id {
        Some(id) if !id.is_empty() => format!("{}:{}", text(id.get("resource_type")), text(id.get("resource"))),
        _ => String::new(),
    })
}

fn text(value: Option<&Json>) -> String {
    value.map(Json::bare).unwrap_or_default()
}
