//! `config`: the schema of a connector's configuration, as JSON in the form of `c1.config.v1.Configuration`.
//!
//! Forms are built from this text, so members, order and indentation are those that connectors of the Baton SDK print:
//! by field number, zeros and empty texts left out, 64-bit integers as strings, no line feed at the end.

use accord_runtime::Problem;
use accord_runtime::manifest::{self, ConstraintKind, FieldKind, Manifest, Severity};
use serde::Serialize;

use super::exported;
use crate::output;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    constraints: Vec<Constraint>,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    help_url: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) placeholder: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_ops: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_secret: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_field: Option<StringField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) int_field: Option<IntField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bool_field: Option<BoolField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_slice_field: Option<ListField>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StringField {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) default_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rules: Option<StringRules>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_extensions: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) options: Vec<Choice>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StringRules {
    #[serde(rename = "in", skip_serializing_if = "Vec::is_empty")]
    among: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pattern: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    well_known: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    is_required: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Choice {
    name: String,
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    display_name: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntField {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) default_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rules: Option<IntRules>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct IntRules {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lte: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gte: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BoolField {
    #[serde(skip_serializing_if = "is_false")]
    default_value: bool,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListField {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    default_value: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<StringRules>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Constraint {
    kind: &'static str,
    field_names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary_field_names: Vec<String>,
}

/// The text for standard output.
pub(super) fn text(manifest: &Manifest) -> Result<String, Problem> {
    let shown = |name: &String| manifest.field(name).is_some_and(|field| !field.hidden);
    let mut fields = exported::fields();
    fields.extend(manifest.config.iter().filter(|field| !field.hidden).map(own));
    let constraints = manifest.constraints.iter().filter(|constraint| {
        // Readers know no field that is not among the exported ones.
        constraint.fields.iter().chain(&constraint.on).all(shown)
    });
    output::json(&Configuration {
        fields,
        constraints: constraints.map(constraint).collect(),
        display_name: manifest.name.clone(),
        help_url: manifest.docs.clone(),
    })
}

fn own(declared: &manifest::Field) -> Field {
    let required = declared.required && declared.kind != FieldKind::Bool;
    let default = declared.default.clone().unwrap_or_default();
    let mut field = Field {
        name: declared.name.clone(),
        display_name: declared.display_name.clone(),
        description: declared.help.clone(),
        placeholder: declared.placeholder.clone(),
        is_required: required,
        is_secret: declared.masked || declared.is_secret(),
        ..Field::default()
    };
    match &declared.kind {
        FieldKind::Bool => field.bool_field = Some(BoolField { default_value: default == "true" }),
        FieldKind::Int { min, max } => {
            let bound = |number: i64, open: i64| (number != open).then(|| number.to_string());
            let rules = IntRules { lte: bound(*max, i64::MAX), gte: bound(*min, i64::MIN) };
            let rules = (rules.lte.is_some() || rules.gte.is_some()).then_some(rules);
            field.int_field = Some(IntField { default_value: default, rules });
        }
        FieldKind::List => {
            let items = default.split(['\n', ',']).map(str::trim).filter(|item| !item.is_empty());
            let rules = required.then(|| StringRules { is_required: true, ..StringRules::default() });
            field.string_slice_field = Some(ListField { default_value: items.map(str::to_owned).collect(), rules });
        }
        _ => field.string_field = Some(string_field(declared, required, default)),
    }
    field
}

fn string_field(declared: &manifest::Field, required: bool, default: String) -> StringField {
    let mut rules = StringRules { is_required: required, ..StringRules::default() };
    let mut field = StringField { default_value: default, ..StringField::default() };
    match &declared.kind {
        FieldKind::Uuid => rules.well_known = Some("WELL_KNOWN_STRING_UUID"),
        FieldKind::Choice(variants) => {
            rules.among = variants.iter().map(|variant| variant.value.clone()).collect();
            let option = |variant: &manifest::Variant| Choice {
                name: variant.name.clone(),
                value: variant.value.clone(),
                display_name: variant.name.clone(),
            };
            field.options = variants.iter().map(option).collect();
        }
        FieldKind::Certificates => {
            field.kind = Some("STRING_FIELD_TYPE_FILE_UPLOAD");
            field.allowed_extensions = vec![".pem", ".crt"];
        }
        _ => {}
    }
    // A pattern that only warns would be an error in a form.
    if let Some(pattern) = declared.pattern.as_ref().filter(|pattern| pattern.severity == Severity::Error) {
        rules.pattern = pattern.regex.as_str().to_owned();
    }
    let has_rules = required || !rules.among.is_empty() || rules.well_known.is_some() || !rules.pattern.is_empty();
    field.rules = has_rules.then_some(rules);
    field
}

fn constraint(declared: &manifest::Constraint) -> Constraint {
    Constraint {
        kind: match declared.kind {
            ConstraintKind::RequiredTogether => "CONSTRAINT_KIND_REQUIRED_TOGETHER",
            ConstraintKind::AtLeastOne => "CONSTRAINT_KIND_AT_LEAST_ONE",
            ConstraintKind::MutuallyExclusive => "CONSTRAINT_KIND_MUTUALLY_EXCLUSIVE",
            ConstraintKind::DependentOn => "CONSTRAINT_KIND_DEPENDENT_ON",
        },
        field_names: declared.fields.clone(),
        secondary_field_names: declared.on.clone(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
