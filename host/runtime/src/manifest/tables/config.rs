//! `[[config]]` and `[[constraint]]`.

use regex_lite::Regex;

use crate::manifest::field::{Constraint, ConstraintKind, Field, FieldKind, Pattern, Severity, Variant};
use crate::manifest::reader::Table;

pub(in crate::manifest) fn field(table: Table<'_>) -> Field {
    let name = table.name("name");
    let variants: Vec<Variant> = table.tables("option", "value").into_iter().map(variant).collect();
    let min = table.integer("min", i64::MIN..=i64::MAX);
    let max = table.integer("max", i64::MIN..=i64::MAX);
    let kinds = ["text", "hostname", "https-url", "uuid", "certificates", "choice", "bool", "int", "secret", "list"];
    let word = table.word("kind", &kinds.map(|kind| (kind, kind)));
    if word.is_none() && !table.has("kind") {
        table.report("kind", "`kind` is missing");
    }
    let kind = match word {
        Some("hostname") => FieldKind::Hostname,
        Some("https-url") => FieldKind::HttpsUrl,
        Some("uuid") => FieldKind::Uuid,
        Some("certificates") => FieldKind::Certificates,
        Some("choice") => FieldKind::Choice(variants.clone()),
        Some("bool") => FieldKind::Bool,
        Some("int") => FieldKind::Int { min: min.unwrap_or(i64::MIN), max: max.unwrap_or(i64::MAX) },
        Some("secret") => FieldKind::Secret,
        Some("list") => FieldKind::List,
        _ => FieldKind::Text,
    };
    if matches!(kind, FieldKind::Choice(_)) && variants.is_empty() {
        table.report("kind", "a choice needs `[[config.option]]`");
    }
    if !matches!(kind, FieldKind::Choice(_)) && !variants.is_empty() {
        table.report("option", "only a choice has options");
    }
    if !matches!(kind, FieldKind::Int { .. }) && (min.is_some() || max.is_some()) {
        table.report("kind", "only an int has `min` and `max`");
    }
    let severity = table.word("pattern-severity", &[("warn", Severity::Warn), ("error", Severity::Error)]);
    let pattern = table.text("pattern").and_then(|text| match Regex::new(&text) {
        Ok(regex) => Some(Pattern { regex, severity: severity.unwrap_or(Severity::Error) }),
        Err(error) => {
            table.report("pattern", format!("`pattern`: {error}"));
            None
        }
    });
    let usual_length = table.count("usual-length", 1..=65536).and_then(|length| usize::try_from(length).ok());
    let environment = table.text("env").unwrap_or_else(|| environment_name(&name));
    let field = Field {
        required: table.flag("required"),
        default: table.scalar("default"),
        aliases: table.texts("aliases"),
        environment,
        hidden: table.flag("hidden"),
        masked: table.flag("masked"),
        display_name: table.text("display-name").unwrap_or_else(|| name.clone()),
        placeholder: table.text("placeholder").unwrap_or_default(),
        help: table.text("help").unwrap_or_default(),
        pattern,
        usual_length,
        usual_suffixes: table.texts("usual-suffixes"),
        strip_prefixes: table.texts("strip-prefixes"),
        name,
        kind,
    };
    table.finish();
    field
}

/// `BATON_` and the name in capitals, `-` written as `_`.
pub(in crate::manifest) fn environment_name(field: &str) -> String {
    format!("BATON_{}", field.to_ascii_uppercase().replace('-', "_"))
}

fn variant(table: Table<'_>) -> Variant {
    let value = table.required("value");
    let variant = Variant {
        name: table.text("name").unwrap_or_else(|| value.clone()),
        value,
        aliases: table.texts("aliases"),
        properties: table.pairs("properties"),
    };
    table.finish();
    variant
}

pub(in crate::manifest) fn constraint(table: Table<'_>) -> Option<Constraint> {
    let kinds = [
        ("required-together", ConstraintKind::RequiredTogether),
        ("at-least-one", ConstraintKind::AtLeastOne),
        ("mutually-exclusive", ConstraintKind::MutuallyExclusive),
        ("dependent-on", ConstraintKind::DependentOn),
    ];
    let kind = table.word("kind", &kinds);
    if !table.has("kind") {
        table.report("kind", "`kind` is missing");
    }
    let fields = table.some_texts("fields");
    let on = table.texts("on");
    if (kind == Some(ConstraintKind::DependentOn)) == on.is_empty() {
        table.report("on", "`on` belongs to `dependent-on`, which needs it");
    }
    let help = table.text("help").unwrap_or_default();
    table.finish();
    Some(Constraint { kind: kind?, fields, on, help })
}
