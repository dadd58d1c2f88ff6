//! From TOML to a [`Manifest`]: what each table may hold. Rules across tables are in `check`.

use std::fmt;

use regex_lite::Regex;
use toml::de::DeTable;

use accord_c1z::model::TraitKind;

use super::account::{Account, AccountCredential, Action, Argument, ArgumentKind};
use super::check;
use super::collect::{Collection, ResourceType, Rule};
use super::field::{Condition, Constraint, ConstraintKind, Field, FieldKind, Pattern, Severity, Variant};
use super::network::{
    Algorithm, ClientAuthentication, Credential, Egress, Export, Hmac, Inspection, OAuth2, Origin, Rate, Recipe,
    ResetForm, TokenEncoding, VendorHeaders,
};
use super::reader::{Problems, Table};

/// A checked manifest: every name in it means something.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub id: String,
    pub name: String,
    pub description: String,
    pub version: String,
    /// The interface version it was made for: `0.1`.
    pub interface: String,
    /// A page about the target's API, or empty.
    pub docs: String,
    pub limits: WantedLimits,
    pub config: Vec<Field>,
    pub constraints: Vec<Constraint>,
    pub resource_types: Vec<ResourceType>,
    pub collections: Vec<Collection>,
    pub origins: Vec<Origin>,
    pub credentials: Vec<Credential>,
    pub rates: Vec<Rate>,
    pub egress: Vec<Egress>,
    pub account: Option<Account>,
    pub actions: Vec<Action>,
}

/// Limits that a connector asks for. Less than the host's own counts, more does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedLimits {
    pub memory_mib: Option<u32>,
    pub max_response_bytes: Option<u64>,
    /// For one attempt of a request, from the first byte sent to the last one received.
    pub request_seconds: Option<u32>,
    /// How many instances run at a time.
    pub workers: Option<u32>,
}

/// One fault of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ManifestProblem {
    /// The line, from 1.
    pub line: usize,
    /// The table: `[[collection]] users`.
    pub place: String,
    pub message: String,
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.place, self.message)
    }
}

/// The largest manifest that is read.
const MAX_BYTES: usize = 64 << 10;

impl Manifest {
    /// Reads and checks a manifest. The error holds every fault that was found, in the order of the lines.
    pub fn parse(text: &str) -> Result<Self, Vec<ManifestProblem>> {
        let problems = Problems::new(text);
        if text.len() > MAX_BYTES {
            problems.report(0, "manifest", format!("{} bytes, at most {MAX_BYTES} are read", text.len()));
            return Err(problems.into_found());
        }
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                problems.report(error.span().map_or(0, |span| span.start), "manifest", error.message());
                return Err(problems.into_found());
            }
        };
        let manifest = read(&Table::root(&document, &problems));
        check::check(&manifest, &problems);
        let found = problems.into_found();
        if found.is_empty() { Ok(manifest) } else { Err(found) }
    }

    /// The configuration field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.config.iter().find(|field| field.name == name)
    }

    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    pub fn resource_type(&self, id: &str) -> Option<&ResourceType> {
        self.resource_types.iter().find(|resource_type| resource_type.id == id)
    }
}

fn read(root: &Table<'_>) -> Manifest {
    let mut manifest = Manifest {
        id: String::new(),
        name: String::new(),
        description: String::new(),
        version: String::new(),
        interface: String::new(),
        docs: String::new(),
        limits: root.table("limits").map(limits).unwrap_or_default(),
        config: root.tables("config", "name").into_iter().map(field).collect(),
        constraints: root.tables("constraint", "kind").into_iter().filter_map(constraint).collect(),
        resource_types: root.tables("resource-type", "id").into_iter().map(resource_type).collect(),
        collections: root.tables("collection", "name").into_iter().map(collection).collect(),
        origins: root.tables("origin", "name").into_iter().map(origin).collect(),
        credentials: root.tables("credential", "id").into_iter().filter_map(credential).collect(),
        rates: root.tables("rate", "name").into_iter().map(rate).collect(),
        egress: root.tables("egress", "").into_iter().map(egress).collect(),
        account: root.table("account").map(account),
        actions: root.tables("action", "name").into_iter().map(action).collect(),
    };
    match root.table("plugin") {
        Some(plugin) => {
            manifest.id = plugin.name("id");
            manifest.name = plugin.required("name");
            manifest.description = plugin.text("description").unwrap_or_default();
            manifest.version = plugin.required("version");
            manifest.interface = plugin.required("interface");
            manifest.docs = plugin.text("docs").unwrap_or_default();
            plugin.finish();
        }
        None => root.report("plugin", "`[plugin]` is missing"),
    }
    root.finish();
    manifest
}

fn limits(table: Table<'_>) -> WantedLimits {
    let limits = WantedLimits {
        memory_mib: table.count("memory-mib", 1..=4096),
        max_response_bytes: table
            .integer("max-response-bytes", 1..=1 << 30)
            .and_then(|bytes| u64::try_from(bytes).ok()),
        request_seconds: table.count("request-seconds", 1..=3600),
        workers: table.count("workers", 1..=64),
    };
    table.finish();
    limits
}

fn field(table: Table<'_>) -> Field {
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
pub(super) fn environment_name(field: &str) -> String {
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

fn constraint(table: Table<'_>) -> Option<Constraint> {
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

fn resource_type(table: Table<'_>) -> ResourceType {
    let traits = [
        ("user", TraitKind::User),
        ("group", TraitKind::Group),
        ("role", TraitKind::Role),
        ("app", TraitKind::App),
        ("secret", TraitKind::Secret),
    ];
    let resource_type = ResourceType {
        id: table.name("id"),
        name: table.required("name"),
        description: table.text("description").unwrap_or_default(),
        traits: table.words("traits", &traits),
        provisions: table.flag("provisions"),
        deletes: table.flag("deletes"),
        rotates: table.flag("rotates"),
        opt_in: table.text("opt-in"),
        permissions: table.texts("permissions"),
        skip_entitlements: table.flag("skip-entitlements"),
        skip_entitlements_and_grants: table.flag("skip-entitlements-and-grants"),
    };
    table.finish();
    resource_type
}

fn collection(table: Table<'_>) -> Collection {
    let rules = [("fail", Rule::Fail), ("gap", Rule::Gap), ("accept", Rule::Accept), ("degrade", Rule::Degrade)];
    let collection = Collection {
        name: table.name("name"),
        yields: table.some_texts("yields"),
        after: table.texts("after"),
        discovers: table.texts("discovers"),
        key: table.text("key"),
        permission: table.text("permission"),
        forbidden: table.word("forbidden", &rules).unwrap_or_default(),
        lost: table.word("lost", &rules).unwrap_or_default(),
    };
    table.finish();
    collection
}

fn conditions(table: &Table<'_>) -> Vec<Condition> {
    table.texts("if").iter().map(|text| Condition::parse(text)).collect()
}

fn origin(table: Table<'_>) -> Origin {
    let origin = Origin {
        name: table.name("name"),
        url: table.required_template("url"),
        private_addresses: table.flag("private-addresses"),
        certificates: table.text("certificates"),
        cookies: table.flag("cookies"),
        conditions: conditions(&table),
    };
    table.finish();
    origin
}

fn credential(table: Table<'_>) -> Option<Credential> {
    let id = table.name("id");
    let origins = table.some_texts("origins");
    let conditions = conditions(&table);
    let kinds = ["header", "basic", "bearer", "oauth2", "hmac", "tls"];
    if !table.has("kind") {
        table.report("kind", "`kind` is missing");
    }
    let Some(kind) = table.word("kind", &kinds.map(|kind| (kind, kind))) else {
        // What else the table may hold depends on its kind.
        return None;
    };
    let recipe = match kind {
        "header" => Recipe::Header(required_headers(&table)),
        "basic" => Recipe::Basic {
            username: table.required_template("username"),
            password: table.template("password").unwrap_or_default(),
        },
        "bearer" => Recipe::Bearer { token: table.required_template("token") },
        "oauth2" => Recipe::OAuth2(oauth2(&table)),
        "hmac" => Recipe::Hmac(hmac(&table)),
        _ => Recipe::Tls { certificate: table.required("certificate"), key: table.required("key") },
    };
    table.finish();
    Some(Credential { id, origins, conditions, recipe })
}

fn required_headers(table: &Table<'_>) -> Vec<(String, super::template::Template)> {
    let headers = table.templates("headers");
    if headers.is_empty() {
        table.report("headers", "`headers` is missing");
    }
    headers.into_iter().map(|(name, template)| (name.to_ascii_lowercase(), template)).collect()
}

fn oauth2(table: &Table<'_>) -> OAuth2 {
    let authentications = [
        ("none", ClientAuthentication::None),
        ("basic", ClientAuthentication::Basic),
        ("body", ClientAuthentication::Body),
    ];
    let authentication = table.word("client-auth", &authentications).unwrap_or(ClientAuthentication::None);
    let client_id = table.template("client-id");
    let client_secret = table.template("client-secret");
    if authentication != ClientAuthentication::None && (client_id.is_none() || client_secret.is_none()) {
        table.report("client-auth", "`client-auth` needs `client-id` and `client-secret`");
    }
    OAuth2 {
        token_origin: table.required("token-origin"),
        token_path: table.required_template("token-path"),
        client_authentication: authentication,
        client_id,
        client_secret,
        encoding: table
            .word("encoding", &[("form", TokenEncoding::Form), ("json", TokenEncoding::Json)])
            .unwrap_or(TokenEncoding::Form),
        fields: table.templates("fields"),
        scope: table.template("scope"),
        default_seconds: table.count("default-seconds", 1..=86_400).unwrap_or(60),
        renew_before_seconds: table.count("renew-before-seconds", 1..=3_600).unwrap_or(300),
    }
}

fn hmac(table: &Table<'_>) -> Hmac {
    let algorithms = [("sha1", Algorithm::Sha1), ("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
    if !table.has("algorithm") {
        table.report("algorithm", "`algorithm` is missing");
    }
    // One date form and one query form exist; they are spelled out so that a reader sees them and another can be added.
    for (key, only) in [("date", "rfc2822"), ("query", "rfc3986-sorted")] {
        table.word(key, &[(only, ())]);
    }
    Hmac {
        key: table.required("key"),
        algorithm: table.word("algorithm", &algorithms).unwrap_or(Algorithm::Sha512),
        lines: table.template_lines("lines"),
        headers: required_headers(table),
    }
}

fn rate(table: Table<'_>) -> Rate {
    let name = table.name("name");
    if !table.has("per-minute") {
        table.report("per-minute", "`per-minute` is missing");
    }
    let per_minute = table.count("per-minute", 1..=1_000_000).unwrap_or(60);
    let headers = table.table("headers").map(|headers| {
        let vendor = VendorHeaders {
            remaining: headers.text("remaining").map(|name| name.to_ascii_lowercase()),
            reset: headers.required("reset").to_ascii_lowercase(),
            reset_form: headers
                .word("reset-form", &[("seconds", ResetForm::Seconds), ("epoch", ResetForm::Epoch)])
                .unwrap_or(ResetForm::Seconds),
            low_water: headers.count("low-water", 0..=1_000_000).unwrap_or(0),
        };
        headers.finish();
        vendor
    });
    let rate = Rate {
        name,
        per_minute,
        burst: table.count("burst", 1..=1_000_000).unwrap_or(per_minute),
        in_flight: table.count("in-flight", 1..=1_000).unwrap_or(4),
        headers,
    };
    table.finish();
    rate
}

fn egress(table: Table<'_>) -> Egress {
    let egress = Egress {
        origin: table.required("origin"),
        methods: table.some_texts("methods"),
        paths: table.some_texts("paths"),
        when: table.words("when", &Export::WRITING),
        conditions: conditions(&table),
        repeatable: table.flag("repeatable"),
        content_type: table.text("content-type").map(|text| text.to_ascii_lowercase()),
        rate: table.text("rate"),
        inspect: table.word("inspect", &[("odata-batch", Inspection::ODataBatch)]),
    };
    table.finish();
    egress
}

fn account(table: Table<'_>) -> Account {
    let credentials = [
        ("no-password", AccountCredential::NoPassword),
        ("random-password", AccountCredential::RandomPassword),
        ("sso", AccountCredential::Sso),
    ];
    if !table.has("credentials") {
        table.report("credentials", "`credentials` is missing");
    }
    let account = Account {
        resource_type: table.required("resource-type"),
        fields: table.tables("field", "name").into_iter().map(argument).collect(),
        credentials: table.words("credentials", &credentials),
    };
    table.finish();
    account
}

fn action(table: Table<'_>) -> Action {
    let name = table.name("name");
    let action = Action {
        display_name: table.text("display-name").unwrap_or_else(|| name.clone()),
        name,
        description: table.text("description").unwrap_or_default(),
        resource_type: table.text("resource-type"),
        types: table.texts("types"),
        arguments: table.tables("argument", "name").into_iter().map(argument).collect(),
        returns: table.tables("returns", "name").into_iter().map(argument).collect(),
    };
    table.finish();
    action
}

fn argument(table: Table<'_>) -> Argument {
    let name = table.name("name");
    let kinds = ["text", "bool", "int", "list", "resource"];
    if !table.has("kind") {
        table.report("kind", "`kind` is missing");
    }
    let of = table.texts("resource-types");
    let kind = match table.word("kind", &kinds.map(|kind| (kind, kind))) {
        Some("bool") => ArgumentKind::Bool,
        Some("int") => ArgumentKind::Int,
        Some("list") => ArgumentKind::List,
        Some("resource") => ArgumentKind::Resource(of),
        _ => ArgumentKind::Text,
    };
    let argument = Argument {
        kind,
        required: table.flag("required"),
        default: table.scalar("default"),
        display_name: table.text("display-name").unwrap_or_else(|| name.clone()),
        help: table.text("help").unwrap_or_default(),
        name,
    };
    table.finish();
    argument
}
