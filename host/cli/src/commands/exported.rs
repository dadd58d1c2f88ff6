//! The fields that every connector's configuration schema begins with, in the order that its readers know.

use super::config_schema::{BoolField, Field, IntField, IntRules, StringField};

/// Settings of operation, not of the target.
pub(super) fn fields() -> Vec<Field> {
    vec![
        text("log-level", "How much is logged: debug, info, warn or error", "info"),
        text("log-level-debug-expires-at", "When logging at debug level ends, as an RFC 3339 time", ""),
        number("session-store-maximum-size", "Bytes that the session store may take", 15_728_640, None),
        text("otel-collector-endpoint", "Where traces and logs are sent to with the OpenTelemetry protocol", ""),
        text(
            "otel-collector-endpoint-tls-cert-path",
            "A PEM file with the authority that signed the collector's certificate",
            "",
        ),
        text("otel-collector-endpoint-tls-cert", "The same certificate as text", ""),
        switch("otel-collector-endpoint-tls-insecure", "Talk to the collector without TLS"),
        switch("otel-tracing-disabled", "Send no traces"),
        switch("otel-logging-disabled", "Send no logs"),
        switch("health-check", "Answer health probes over HTTP"),
        number("health-check-port", "The port for health probes", 8081, None),
        text("health-check-bind-address", "The address for health probes", "127.0.0.1"),
        number(
            "http-timeout-seconds",
            "How long one request to the target may take",
            300,
            Some(IntRules { lte: Some("1800".to_owned()), gte: Some("1".to_owned()) }),
        ),
    ]
}

fn field(name: &str, description: &str) -> Field {
    Field { name: name.to_owned(), description: description.to_owned(), is_ops: true, ..Field::default() }
}

fn text(name: &str, description: &str, default: &str) -> Field {
    let string_field = StringField { default_value: default.to_owned(), ..StringField::default() };
    Field { string_field: Some(string_field), ..field(name, description) }
}

fn number(name: &str, description: &str, default: i64, rules: Option<IntRules>) -> Field {
    Field { int_field: Some(IntField { default_value: default.to_string(), rules }), ..field(name, description) }
}

fn switch(name: &str, description: &str) -> Field {
    Field { bool_field: Some(BoolField::default()), ..field(name, description) }
}
