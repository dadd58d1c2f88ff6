//! `accord plugin inspect --output markdown`: what a manifest declares, as the tables of the plugin's README.
//!
//! Each block stands between two comments, so that it can be put into a README and be replaced there. What only people
//! know, such as how ids are made and what a status means, stays outside of them.

use accord_c1z::model::TraitKind;
use accord_runtime::manifest::{
    Collection, Constraint, ConstraintKind, Field, FieldKind, Manifest, Rate, Recipe, ResourceType, Rule, Variant,
};

use super::inspect::rule;
use super::plugin::place;
use crate::output::{MarkdownTable, code, codes, grouped, markdown_list};

/// All blocks.
pub(super) fn tables(manifest: &Manifest) -> String {
    let blocks = [
        ("configuration", configuration(manifest)),
        ("permissions", permissions(manifest).to_string()),
        ("resources", resources(manifest).to_string()),
        ("egress", egress(manifest)),
    ];
    let block = |(name, content): (&str, String)| {
        let content = if content.is_empty() { "None.\n" } else { &content };
        format!("<!-- manifest: {name} -->\n\n{content}\n<!-- end -->\n")
    };
    blocks.map(block).join("\n")
}

/// A table, and below it what does not fit into one.
fn with_list(table: &str, items: impl Iterator<Item = String>) -> String {
    let parts = [table.to_owned(), markdown_list(items)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn configuration(manifest: &Manifest) -> String {
    let mut table = MarkdownTable::new(&["field", "environment", "kind", "default", "what it is"]);
    let shown: Vec<&Field> = manifest.config.iter().filter(|field| !field.hidden).collect();
    for field in &shown {
        let what = if field.help.is_empty() { &field.display_name } else { &field.help };
        table.row([code(&field.name), codes(field.environments()), kind(field), default(field), what.clone()]);
    }
    let choices = shown.iter().filter_map(|field| match &field.kind {
        FieldKind::Choice(variants) => {
            Some(format!("{} is {}.", code(&field.name), one_of(variants, |it| code(&it.value))))
        }
        _ => None,
    });
    with_list(&table.to_string(), choices.chain(manifest.constraints.iter().map(constraint)))
}

/// Each option's text, with the option's name where it has one of its own.
fn one_of(variants: &[Variant], text: impl Fn(&Variant) -> String) -> String {
    let named = |it: &Variant| if it.name == it.value { text(it) } else { format!("{} ({})", text(it), it.name) };
    variants.iter().map(named).collect::<Vec<_>>().join(", ")
}

fn kind(field: &Field) -> String {
    let kind = match field.kind {
        FieldKind::Text => "text",
        FieldKind::Hostname => "host name",
        FieldKind::HttpsUrl => "https URL",
        FieldKind::Uuid => "UUID",
        FieldKind::Certificates => "PEM, or the path of a file with it",
        FieldKind::Choice(_) => "choice, see below",
        FieldKind::Bool => "`true` or `false`",
        FieldKind::Int { min: i64::MIN, max: i64::MAX } => "number",
        FieldKind::Int { min, max: i64::MAX } => return format!("number from {min}"),
        FieldKind::Int { min: i64::MIN, max } => return format!("number up to {max}"),
        FieldKind::Int { min, max } => return format!("number from {min} to {max}"),
        FieldKind::Secret => "secret, stays in the host",
        FieldKind::List => "list",
    };
    kind.to_owned()
}

fn default(field: &Field) -> String {
    match &field.default {
        Some(text) => code(text),
        None if field.required => "required".to_owned(),
        None if field.kind == FieldKind::Bool => code("false"),
        None => String::new(),
    }
}

fn constraint(constraint: &Constraint) -> String {
    let fields = codes(&constraint.fields);
    let rule = match constraint.kind {
        ConstraintKind::RequiredTogether => format!("{fields}: all of them or none"),
        ConstraintKind::AtLeastOne => format!("{fields}: at least one of them"),
        ConstraintKind::MutuallyExclusive => format!("{fields}: at most one of them"),
        ConstraintKind::DependentOn => format!("{fields}: only with {}", codes(&constraint.on)),
    };
    if constraint.help.is_empty() { format!("{rule}.") } else { format!("{rule} ({}).", constraint.help) }
}

fn permissions(manifest: &Manifest) -> MarkdownTable {
    let needs = manifest.collections.iter().filter_map(|it| Some((it.permission.as_deref()?, it)));
    let mut table = MarkdownTable::new(&["permission", "needed for", "without it"]);
    for (permission, collections) in gathered(needs) {
        let alike = collections.into_iter().map(|it| ((opt_in(manifest, it), without(it)), &it.name));
        for ((opt_in, without), listings) in gathered(alike) {
            table.row([permission.to_owned(), codes(listings) + &opt_in, without]);
        }
    }
    table
}

/// The switches of a listing that is of opt-in types only.
fn opt_in(manifest: &Manifest, collection: &Collection) -> String {
    let switches = collection.yields.iter().map(|id| manifest.resource_type(id)?.opt_in.as_deref());
    let switches: Option<Vec<&str>> = switches.collect();
    let mut switches = switches.unwrap_or_default();
    switches.dedup();
    if switches.is_empty() { String::new() } else { format!(", with {}", codes(switches)) }
}

/// What a refusal means for the sync.
fn without(collection: &Collection) -> String {
    match (collection.forbidden, collection.yields.first()) {
        (Rule::Gap, Some(resource_type)) => {
            format!("the sync fails and names it; {} accepts the gap", code(&format!("--allow-gaps={resource_type}")))
        }
        (Rule::Fail | Rule::Gap, _) => "the sync fails and names it".to_owned(),
        (Rule::Accept, _) => "a gap that the sync names; exit code 3".to_owned(),
        (Rule::Degrade, _) => "a note; no access is missing".to_owned(),
    }
}

fn resources(manifest: &Manifest) -> MarkdownTable {
    let heading = ["type", "what it is", "trait", "listings", "collected", "changes", "permissions"];
    let mut table = MarkdownTable::new(&heading);
    for declared in &manifest.resource_types {
        let ResourceType { id, name, description, .. } = declared;
        let what = if description.is_empty() { name.clone() } else { format!("{name}. {description}") };
        let traits: Vec<&str> = declared.traits.iter().map(trait_name).collect();
        let listings = manifest.collections.iter().filter(|collection| collection.yields.contains(id));
        let opt_in = declared.opt_in.as_ref().map(|field| format!("with {}", code(field))).unwrap_or_default();
        table.row([
            code(id),
            what,
            traits.join(", "),
            codes(listings.map(|collection| &collection.name)),
            opt_in,
            changes(manifest, declared),
            declared.permissions.join("; "),
        ]);
    }
    table
}

fn trait_name(kind: &TraitKind) -> &'static str {
    match kind {
        TraitKind::User => "user",
        TraitKind::Group => "group",
        TraitKind::Role => "role",
        TraitKind::App => "app",
        TraitKind::Secret => "secret",
    }
}

fn changes(manifest: &Manifest, declared: &ResourceType) -> String {
    let creates = manifest.account.as_ref().is_some_and(|account| account.resource_type == declared.id);
    let offered = [
        (declared.provisions, "grant, revoke"),
        (creates, "create"),
        (declared.deletes, "delete"),
        (declared.rotates, "rotate credentials"),
    ];
    offered.into_iter().filter(|(offered, _)| *offered).map(|(_, change)| change).collect::<Vec<_>>().join(", ")
}

fn egress(manifest: &Manifest) -> String {
    let mut table = MarkdownTable::new(&["request", "rate", "when"]);
    for entry in &manifest.egress {
        let rule = rule(manifest, entry);
        let rate = entry.rate.as_deref().map(code).unwrap_or_default();
        for path in &rule.paths {
            let request = format!("{} {}{path}", rule.methods.join("/"), rule.origin);
            table.row([code(&request), rate.clone(), rule.remark()]);
        }
    }
    for credential in &manifest.credentials {
        let Recipe::OAuth2(oauth2) = &credential.recipe else { continue };
        let origin = manifest.origins.iter().find(|origin| origin.name == oauth2.token_origin);
        let origin = origin.map(|origin| place(&origin.url)).unwrap_or_default();
        let request = format!("POST {origin}{}", place(&oauth2.token_path));
        table.row([code(&request), String::new(), "for a token, sent by the host".to_owned()]);
    }
    let table = table.to_string();
    let items = elsewhere(manifest).chain(hosts(manifest, &table)).chain(rates(manifest));
    with_list(&table, items)
}

/// Where else an origin may be than the table says.
fn elsewhere(manifest: &Manifest) -> impl Iterator<Item = String> {
    manifest.origins.iter().filter_map(|origin| {
        let places: Vec<String> = origin.places().into_iter().map(place).collect();
        let (first, others) = places.split_first()?;
        (!others.is_empty()).then(|| format!("{} may also be {}.", code(first), codes(others)))
    })
}

/// What the holes in the table stand for whose text depends on a choice: `<site.api>`.
fn hosts(manifest: &Manifest, table: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    for field in &manifest.config {
        let FieldKind::Choice(variants) = &field.kind else { continue };
        let properties = variants.first().map(|variant| variant.properties.as_slice()).unwrap_or_default();
        for (property, _) in properties {
            let hole = format!("<{}.{property}>", field.name);
            if table.contains(&hole) {
                let content = |it: &Variant| {
                    let found = it.properties.iter().find(|(name, _)| name == property);
                    found.map(|(_, content)| code(content.trim_start_matches("https://"))).unwrap_or_default()
                };
                hosts.push(format!("{} is {}.", code(&hole), one_of(variants, content)));
            }
        }
    }
    hosts
}

fn rates(manifest: &Manifest) -> Vec<String> {
    let told = gathered(manifest.rates.iter().map(|rate| (pace(rate), &rate.name)));
    told.into_iter()
        .map(|(pace, names)| {
            let each = if names.len() > 1 { "each " } else { "" };
            format!("{}: {each}{pace}.", codes(names))
        })
        .collect()
}

fn pace(rate: &Rate) -> String {
    let Rate { per_minute, burst, in_flight, headers, .. } = rate;
    let burst = if burst < per_minute { format!(", {burst} at once") } else { String::new() };
    let pace = format!("at most {} a minute{burst}, {in_flight} under way", grouped(u64::from(*per_minute)));
    let Some(headers) = headers else { return pace };
    let reset = code(&headers.reset);
    match &headers.remaining {
        Some(remaining) => {
            format!("{pace}; with {} left in {}, the next one waits for {reset}", headers.low_water, code(remaining))
        }
        None => format!("{pace}; the next one waits for {reset}"),
    }
}

/// What belongs to equal keys, in the order of each key's first.
fn gathered<K: PartialEq, V>(pairs: impl Iterator<Item = (K, V)>) -> Vec<(K, Vec<V>)> {
    let mut all: Vec<(K, Vec<V>)> = Vec::new();
    for (key, value) in pairs {
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => all.push((key, vec![value])),
        }
    }
    all
}

#[cfg(test)]
mod tests;
