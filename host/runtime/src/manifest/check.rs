//! Rules across tables: names mean something, `after` has no circle, secrets go only where they may.

use std::collections::{BTreeMap, BTreeSet};

use super::field::{Condition, ConditionTest, Field, FieldKind};
use super::network::{Credential, Egress, Export, Hmac, Learnt, OAuth2, Origin, Recipe, Sealed};
use super::parse::Manifest;
use super::reader::{self, Problems, numbered};
use super::tables::config::environment_name;
use super::template::{Part, Template};
use crate::configuration;
use crate::policy::path;

pub(super) fn check(manifest: &Manifest, problems: &Problems<'_>) {
    let check = Check { manifest, problems };
    check.unique();
    manifest.config.iter().for_each(|field| check.field(field));
    check.constraints();
    check.resource_types();
    check.collections();
    check.origins();
    for (credential, place) in manifest.credentials.iter().zip(check.credential_places()) {
        check.credential(credential, &place);
    }
    for (number, egress) in manifest.egress.iter().enumerate() {
        check.egress(egress, &format!("[[egress]] #{}", number + 1));
    }
    check.account_and_actions();
}

struct Check<'a> {
    manifest: &'a Manifest,
    problems: &'a Problems<'a>,
}

/// What a template's holes may name besides configuration.
const HMAC_LINE_HOLES: [&str; 10] = [
    "date",
    "method",
    "host",
    "path",
    "query",
    "parameters",
    "body-sha1",
    "body-sha256",
    "body-sha512",
    "sha512-of-empty",
];
const HMAC_HEADER_HOLES: [&str; 3] = ["date", "mac-hex", "mac-base64"];

impl Check<'_> {
    fn at(&self, place: &str, message: impl Into<String>) {
        self.problems.report_at(place, message);
    }

    fn unique(&self) {
        let manifest = self.manifest;
        self.distinct("config", manifest.config.iter().map(|field| field.name.as_str()));
        self.distinct("resource-type", manifest.resource_types.iter().map(|kind| kind.id.as_str()));
        self.distinct("collection", manifest.collections.iter().map(|collection| collection.name.as_str()));
        self.distinct("origin", manifest.origins.iter().map(|origin| origin.name.as_str()));
        self.distinct("rate", manifest.rates.iter().map(|rate| rate.name.as_str()));
        self.distinct("action", manifest.actions.iter().map(|action| action.name.as_str()));
        let mut closed = BTreeSet::new();
        for (credential, place) in manifest.credentials.iter().zip(self.credential_places()) {
            if closed.contains(&credential.id) {
                self.at(&place, format!("`{}` is never used: one above it has no `if`", credential.id));
            }
            if credential.conditions.is_empty() {
                closed.insert(&credential.id);
            }
        }
    }

    fn distinct<'n>(&self, table: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names.filter(|name| !name.is_empty()) {
            if !seen.insert(name) {
                self.at(&numbered(&format!("[[{table}]] {name}"), 1), format!("`{name}` is declared twice"));
            }
        }
    }

    fn field(&self, field: &Field) {
        let place = format!("[[config]] {}", field.name);
        let others = self.manifest.config.iter().filter(|other| other.name != field.name);
        for alias in &field.aliases {
            if others.clone().any(|other| other.name == *alias || other.aliases.contains(alias)) {
                self.at(&place, format!("the alias `{alias}` means another field too"));
            }
        }
        for other in others.filter(|other| other.environment == field.environment && other.name < field.name) {
            self.at(&place, format!("`{}` also sets `{}`", field.environment, other.name));
        }
        if self
            .manifest
            .config
            .iter()
            .any(|other| environment_name(&other.name) == field.environment && other.name != field.name)
            && environment_name(&field.name) != field.environment
        {
            self.at(&place, format!("`{}` is another field's variable", field.environment));
        }
        if RESERVED.contains(&field.name.as_str()) {
            self.at(&place, format!("`{}` is an option of the host", field.name));
        }
        if field.is_secret() && field.default.is_some() {
            self.at(&place, "a secret has no default");
        }
        if field.required && field.default.is_some() {
            self.at(&place, "a field with a default is not required");
        }
        if field.required && field.kind == FieldKind::Bool {
            self.at(&place, "a bool is never required: absent means false");
        }
        if let Some(default) = &field.default
            && let Err(fault) = configuration::normalise(field, default)
        {
            self.at(&place, format!("the default {fault}"));
        }
        if let FieldKind::Choice(variants) = &field.kind {
            let names: BTreeSet<_> = variants
                .first()
                .map(|first| first.properties.iter().map(|(name, _)| name).collect())
                .unwrap_or_default();
            for variant in variants {
                if variant.properties.iter().map(|(name, _)| name).collect::<BTreeSet<_>>() != names {
                    self.at(&place, format!("the option `{}` has other properties than the first", variant.value));
                }
            }
        }
    }

    fn constraints(&self) {
        for constraint in &self.manifest.constraints {
            for name in constraint.fields.iter().chain(&constraint.on) {
                // Constraints have no name of their own: the kind is what the reader called the place by.
                let kind = format!("{:?}", constraint.kind);
                self.known_field(&format!("[[constraint]] {}", kebab(&kind)), name);
            }
        }
    }

    fn resource_types(&self) {
        for kind in &self.manifest.resource_types {
            let place = format!("[[resource-type]] {}", kind.id);
            if let Some(name) = &kind.opt_in
                && let Some(field) = self.known_field(&place, name)
                && field.kind != FieldKind::Bool
            {
                self.at(&place, format!("`opt-in` names a bool, and `{name}` is none"));
            }
            if !self.manifest.collections.iter().any(|collection| collection.yields.contains(&kind.id)) {
                self.at(&place, "no collection yields it");
            }
        }
        if self.manifest.resource_types.is_empty() {
            self.at("manifest", "no `[[resource-type]]`");
        }
    }

    fn collections(&self) {
        let names: BTreeSet<&str> = self.manifest.collections.iter().map(|c| c.name.as_str()).collect();
        for collection in &self.manifest.collections {
            let place = format!("[[collection]] {}", collection.name);
            for id in &collection.yields {
                self.known_resource_type(&place, id);
            }
            for (key, others) in [("after", &collection.after), ("discovers", &collection.discovers)] {
                for other in others.iter().filter(|other| !names.contains(other.as_str())) {
                    let near = nearest(other, &names);
                    self.at(&place, format!("`{key}` names `{other}`, which is no collection{near}"));
                }
            }
        }
        // What is left when every collection whose `after` is met has been taken away, again and again, is a circle.
        let mut left: BTreeMap<&str, Vec<&str>> = self
            .manifest
            .collections
            .iter()
            .map(|c| (c.name.as_str(), c.after.iter().map(String::as_str).filter(|n| names.contains(n)).collect()))
            .collect();
        loop {
            let met: Vec<&str> =
                left.iter().filter(|(_, after)| after.iter().all(|n| !left.contains_key(n))).map(|(n, _)| *n).collect();
            if met.is_empty() {
                break;
            }
            met.iter().for_each(|name| {
                left.remove(name);
            });
        }
        for name in left.keys() {
            self.at(&format!("[[collection]] {name}"), "`after` leads back to itself");
        }
    }

    fn origins(&self) {
        for origin in &self.manifest.origins {
            let place = format!("[[origin]] {}", origin.name);
            self.conditions(&place, &origin.conditions);
            self.holes(&place, "url", &origin.url, false, &[]);
            if let Some(learnt) = &origin.learnt {
                self.learnt(&place, origin, learnt);
            }
            if let Some(name) = &origin.certificates
                && let Some(field) = self.known_field(&place, name)
                && field.kind != FieldKind::Certificates
            {
                self.at(&place, format!("`certificates` names a field of that kind, and `{name}` is none"));
            }
        }
        if !self.manifest.egress.is_empty() && self.manifest.origins.is_empty() {
            self.at("manifest", "no `[[origin]]`");
        }
    }

    fn learnt(&self, place: &str, origin: &Origin, learnt: &Learnt) {
        for host in &learnt.hosts {
            self.holes(place, "hosts", host, false, &[]);
            // `*` alone, or one in the middle, would let the answer choose any host.
            let wild = match host.parts.first() {
                Some(Part::Text(text)) => text.strip_prefix("*.").map_or(text.contains('*'), |rest| rest.contains('*')),
                _ => false,
            };
            if wild || host.parts.iter().skip(1).any(|part| matches!(part, Part::Text(text) if text.contains('*'))) {
                self.at(place, "`hosts` takes one `*.`, in front of the rest");
            }
        }
        if let Some(url) = &learnt.url {
            self.holes(place, "url", url, false, &[]);
        }
        if !origin.url.parts.is_empty() {
            self.at(place, "a learnt origin has no `url` beside `learnt`");
        }
        if !self
            .manifest
            .egress
            .iter()
            .any(|egress| egress.seal.as_ref().is_some_and(|seal| seal.origin == origin.name))
        {
            self.at(place, "no `[[egress]]` with a `seal` tells where it is");
        }
        if self.manifest.config.iter().any(|field| field.name == origin.name) {
            self.at(place, "a learnt origin is not called like a field: what comes with it has its name");
        }
    }

    /// Several credentials may share an id.
    fn credential_places(&self) -> Vec<String> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let ids = self.manifest.credentials.iter().map(|credential| credential.id.as_str());
        ids.map(|id| {
            let earlier = seen.entry(id).or_default();
            let place = numbered(&format!("[[credential]] {id}"), *earlier);
            *earlier += 1;
            place
        })
        .collect()
    }

    fn credential(&self, credential: &Credential, place: &str) {
        self.conditions(place, &credential.conditions);
        for name in &credential.origins {
            self.known_origin(place, name);
        }
        self.sealed(place, credential);
        match &credential.recipe {
            Recipe::Header(headers) => self.header_templates(place, headers, &[]),
            Recipe::Basic { username, password } => {
                self.holes(place, "username", username, true, &[]);
                self.holes(place, "password", password, true, &[]);
            }
            Recipe::Bearer { token } => self.holes(place, "token", token, true, &[]),
            Recipe::OAuth2(oauth2) => self.oauth2(place, oauth2),
            Recipe::Hmac(hmac) => self.hmac(place, hmac),
            Recipe::Tls { certificate, key } if self.is_sealed(certificate) || self.is_sealed(key) => {
                let origin = certificate.split('.').next().unwrap_or_default();
                if *certificate != format!("{origin}.certificate") || *key != format!("{origin}.key") {
                    self.at(place, format!("what comes with `{origin}` is `{origin}.certificate` and `{origin}.key`"));
                }
            }
            Recipe::Tls { certificate, key } => {
                if let Some(field) = self.known_field(place, certificate)
                    && field.kind != FieldKind::Certificates
                {
                    self.at(
                        place,
                        format!("`certificate` names a field of kind certificates, and `{certificate}` is none"),
                    );
                }
                self.secret_field(place, key);
            }
        }
    }

    /// What came with a learnt origin goes to that origin alone: neither its secrets nor a token for what it names.
    fn sealed(&self, place: &str, credential: &Credential) {
        for name in credential.recipe.names() {
            let Some(origin) = self.learnt_origin(name) else { continue };
            if credential.origins.iter().any(|other| *other != origin.name) {
                self.at(place, format!("`{name}` goes to the origin `{}` alone", origin.name));
            }
        }
    }

    fn is_sealed(&self, name: &str) -> bool {
        self.learnt_origin(name).is_some()
    }

    /// The learnt origin that a name such as `cluster.token` belongs to.
    fn learnt_origin(&self, name: &str) -> Option<&Origin> {
        let (origin, _) = name.split_once('.')?;
        self.manifest.origins.iter().find(|known| known.learnt.is_some() && known.name == origin)
    }

    fn oauth2(&self, place: &str, oauth2: &OAuth2) {
        self.known_origin(place, &oauth2.token_origin);
        if self.manifest.origins.iter().any(|origin| origin.learnt.is_some() && origin.name == oauth2.token_origin) {
            self.at(place, format!("`{}` is learnt: the client's secret does not go there", oauth2.token_origin));
        }
        self.holes(place, "token-path", &oauth2.token_path, false, &[]);
        for template in [&oauth2.client_id, &oauth2.client_secret].into_iter().flatten() {
            self.holes(place, "client-auth", template, true, &[]);
        }
        for (_, template) in &oauth2.fields {
            self.holes(place, "fields", template, true, &[]);
        }
        if let Some(scope) = &oauth2.scope {
            self.holes(place, "scope", scope, false, &[]);
        }
    }

    fn hmac(&self, place: &str, hmac: &Hmac) {
        self.secret_field(place, &hmac.key);
        for line in &hmac.lines {
            self.holes(place, "lines", line, false, &HMAC_LINE_HOLES);
        }
        self.header_templates(place, &hmac.headers, &HMAC_HEADER_HOLES);
    }

    fn header_templates(&self, place: &str, headers: &[(String, Template)], more: &[&str]) {
        for (name, template) in headers {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                self.at(place, format!("`{name}` is not a header's name"));
            }
            if ["host", "cookie", "content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
                self.at(place, format!("the header `{name}` belongs to the host"));
            }
            self.holes(place, "headers", template, true, more);
        }
    }

    fn egress(&self, egress: &Egress, place: &str) {
        self.known_origin(place, &egress.origin);
        self.conditions(place, &egress.conditions);
        if let Some(rate) = &egress.rate
            && !self.manifest.rates.iter().any(|known| known.name == *rate)
        {
            let names = self.manifest.rates.iter().map(|rate| rate.name.as_str()).collect();
            self.at(place, format!("`rate` names `{rate}`, which is no rate{}", nearest(rate, &names)));
        }
        for method in &egress.methods {
            if !METHODS.contains(&method.as_str()) {
                self.at(place, format!("`{method}` is not a method: it is one of {}", METHODS.join(", ")));
            } else if !READING.contains(&method.as_str()) && egress.when.is_empty() && egress.repeatable != Some(true) {
                let exports: Vec<_> = Export::WRITING.iter().map(|(name, _)| *name).collect();
                let message = format!(
                    "{method} may write: say `when` ({}), or `repeatable = true` if it only reads",
                    exports.join(", ")
                );
                self.at(place, message);
            }
        }
        if let Some(seal) = &egress.seal
            && !self.manifest.origins.iter().any(|origin| origin.name == seal.origin && origin.learnt.is_some())
        {
            self.at(place, format!("`seal` names `{}`, which is no learnt origin", seal.origin));
        }
        for pattern in &egress.paths {
            if let Err(fault) = path::Pattern::parse(pattern) {
                self.at(place, format!("the path `{pattern}` {fault}"));
            }
        }
    }

    fn account_and_actions(&self) {
        if let Some(account) = &self.manifest.account {
            self.known_resource_type("[account]", &account.resource_type);
        }
        for action in &self.manifest.actions {
            if let Some(id) = &action.resource_type {
                self.known_resource_type(&format!("[[action]] {}", action.name), id);
            }
        }
    }

    fn conditions(&self, place: &str, conditions: &[Condition]) {
        for condition in conditions {
            let Some(field) = self.known_field(place, &condition.field) else { continue };
            if let ConditionTest::Is(value) = &condition.test {
                match &field.kind {
                    FieldKind::Choice(variants) if variants.iter().any(|variant| variant.value == *value) => {}
                    FieldKind::Choice(_) => self.at(place, format!("`{}` has no option `{value}`", field.name)),
                    _ => self.at(place, format!("`{}` is no choice and cannot be compared", field.name)),
                }
            }
        }
    }

    /// Checks that every hole of a template names a field, a choice's property, or one of `more`.
    fn holes(&self, place: &str, key: &str, template: &Template, secrets: bool, more: &[&str]) {
        for hole in template.holes() {
            if more.contains(&hole) {
                continue;
            }
            let (name, property) = hole.split_once('.').map_or((hole, None), |(name, property)| (name, Some(property)));
            if let (Some(_), Some(property)) = (self.learnt_origin(hole), property) {
                let known =
                    if secrets { property == "token" } else { key == "scope" && Sealed::FACTS.contains(&property) };
                if !known {
                    self.at(place, format!("`{key}` uses `{{{hole}}}`, which does not stand there"));
                }
                continue;
            }
            let Some(field) = self.manifest.field(name) else {
                let mut known: BTreeSet<&str> = self.manifest.config.iter().map(|field| field.name.as_str()).collect();
                known.extend(more);
                self.at(place, format!("`{key}` uses `{{{hole}}}`, which means nothing{}", nearest(name, &known)));
                continue;
            };
            if field.is_secret() && !secrets {
                self.at(place, format!("`{key}` uses the secret `{name}`, which must not stand there"));
            }
            if let Some(property) = property {
                let has = match &field.kind {
                    FieldKind::Choice(variants) => variants
                        .first()
                        .is_some_and(|variant| variant.properties.iter().any(|(known, _)| known == property)),
                    _ => false,
                };
                if !has {
                    self.at(place, format!("`{key}` uses `{{{hole}}}`, but `{name}` has no property `{property}`"));
                }
            }
        }
    }

    fn secret_field(&self, place: &str, name: &str) {
        if let Some(field) = self.known_field(place, name)
            && !field.is_secret()
        {
            self.at(place, format!("`key` names a secret, and `{name}` is none"));
        }
    }

    fn known_field(&self, place: &str, name: &str) -> Option<&Field> {
        let field = self.manifest.field(name);
        if field.is_none() && !name.is_empty() {
            let names = self.manifest.config.iter().map(|field| field.name.as_str()).collect();
            self.at(place, format!("`{name}` is no configuration field{}", nearest(name, &names)));
        }
        field
    }

    fn known_origin(&self, place: &str, name: &str) {
        let names: BTreeSet<&str> = self.manifest.origins.iter().map(|origin| origin.name.as_str()).collect();
        if !name.is_empty() && !names.contains(name) {
            self.at(place, format!("`{name}` is no origin{}", nearest(name, &names)));
        }
    }

    fn known_resource_type(&self, place: &str, id: &str) {
        let ids: BTreeSet<&str> = self.manifest.resource_types.iter().map(|kind| kind.id.as_str()).collect();
        if !id.is_empty() && !ids.contains(id) {
            self.at(place, format!("`{id}` is no resource type{}", nearest(id, &ids)));
        }
    }
}

/// Options of the host that every connector's command line has: a field of that name could never be given.
const RESERVED: [&str; 10] = [
    "file",
    "client-id",
    "client-secret",
    "provisioning",
    "log-level",
    "log-format",
    "secret",
    "resolve",
    "report",
    "help",
];

const READING: [&str; 2] = ["GET", "HEAD"];
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

fn nearest(name: &str, known: &BTreeSet<&str>) -> String {
    reader::nearest(name, known.iter().copied())
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
