//! `[[origin]]`, `[[credential]]`, `[[rate]]` and `[[egress]]`.

use crate::manifest::field::Condition;
use crate::manifest::network::{
    Algorithm, ClientAuthentication, Credential, Egress, Export, Hmac, Inspection, Learnt, MOST_WITHHELD, OAuth2,
    Origin, Rate, Recipe, ResetForm, Seal, Sealed, TokenEncoding, VendorHeaders,
};
use crate::manifest::reader::Table;
use crate::manifest::template::Template;

fn conditions(table: &Table<'_>) -> Vec<Condition> {
    table.texts("if").iter().map(|text| Condition::parse(text)).collect()
}

pub(in crate::manifest) fn origin(table: Table<'_>) -> Origin {
    let learnt = table.table("learnt").map(learnt);
    let origin = Origin {
        name: table.name("name"),
        url: if learnt.is_some() { table.template("url").unwrap_or_default() } else { table.required_template("url") },
        learnt,
        private_addresses: table.flag("private-addresses"),
        certificates: table.text("certificates"),
        cookies: table.flag("cookies"),
        error_code: table.text("error-code").map(|text| pointer(&table, "error-code", text)),
        conditions: conditions(&table),
    };
    table.finish();
    origin
}

fn learnt(table: Table<'_>) -> Learnt {
    let learnt = Learnt { hosts: table.template_lines("hosts"), url: table.template("url") };
    table.finish();
    learnt
}

fn pointer(table: &Table<'_>, key: &str, text: String) -> String {
    if !text.starts_with('/') {
        table.report(key, format!("`{text}` is not a JSON pointer, such as `/error/code`"));
    }
    text
}

fn seal(table: Table<'_>) -> Option<Seal> {
    if !table.has("decode") {
        table.report("decode", "`decode` is missing");
    }
    let decode = table.word("decode", &[("kubeconfig", Sealed::Kubeconfig)]);
    let at = pointer(&table, "at", table.required("at"));
    let origin = table.required("origin");
    table.finish();
    Some(Seal { at, decode: decode?, origin })
}

pub(in crate::manifest) fn credential(table: Table<'_>) -> Option<Credential> {
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

fn required_headers(table: &Table<'_>) -> Vec<(String, Template)> {
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

pub(in crate::manifest) fn rate(table: Table<'_>) -> Rate {
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

fn withheld(table: &Table<'_>) -> Vec<String> {
    let pointers: Vec<String> =
        table.texts("withhold").into_iter().map(|text| pointer(table, "withhold", text)).collect();
    if pointers.len() > MOST_WITHHELD {
        table.report(
            "withhold",
            format!("`withhold` has {} pointers, at most {MOST_WITHHELD} are possible", pointers.len()),
        );
    }
    pointers
}

pub(in crate::manifest) fn egress(table: Table<'_>) -> Egress {
    let egress = Egress {
        origin: table.required("origin"),
        methods: table.some_texts("methods"),
        paths: table.some_texts("paths"),
        when: table.words("when", &Export::WRITING),
        conditions: conditions(&table),
        repeatable: table.switch("repeatable"),
        content_type: table.text("content-type").map(|text| text.to_ascii_lowercase()),
        rate: table.text("rate"),
        withhold: withheld(&table),
        inspect: table.word("inspect", &[("odata-batch", Inspection::ODataBatch)]),
        seal: table.table("seal").and_then(seal),
    };
    table.finish();
    egress
}
