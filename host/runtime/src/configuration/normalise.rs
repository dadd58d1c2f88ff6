//! One text to its normal form, by the kind of its field. Faults read after the field's name.

use url::{Host, Url};

use crate::manifest::{Field, FieldKind, Variant};

/// The normal form of a value, or what is wrong with it. List items come and go one a line.
pub(crate) fn normalise(field: &Field, text: &str) -> Result<String, String> {
    let mut text = text.trim();
    for prefix in &field.strip_prefixes {
        text = match text.get(..prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(prefix) => text.get(prefix.len()..).unwrap_or_default(),
            _ => text,
        };
    }
    match &field.kind {
        FieldKind::Text | FieldKind::Secret => plain(text),
        FieldKind::Hostname => hostname(text),
        FieldKind::HttpsUrl => https_url(text),
        FieldKind::Uuid => uuid(text),
        FieldKind::Certificates => certificates(text),
        FieldKind::Choice(variants) => choice(variants, text),
        FieldKind::Bool => boolean(text),
        FieldKind::Int { min, max } => integer(text, *min, *max),
        FieldKind::List => list(text),
    }
}

fn plain(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) { Err("holds control characters".to_owned()) } else { Ok(text.to_owned()) }
}

/// Scheme, path, case and the default port go; another port stays.
fn hostname(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let bare = bare.split(['/', '?', '#']).next().unwrap_or_default();
    if bare.is_empty() {
        return Err("names no host".to_owned());
    }
    if bare.contains('@') {
        return Err("holds a user name: give the host alone".to_owned());
    }
    let not_a_host = || format!("is not a host name: `{}`", printable(bare));
    let url = Url::parse(&format!("https://{bare}/")).map_err(|_| not_a_host())?;
    let host = match url.host().ok_or_else(not_a_host)? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let labels_fit = name.split('.').all(|label| {
                let inside = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
                (1..=63).contains(&label.len()) && inside && !label.starts_with('-') && !label.ends_with('-')
            });
            if !labels_fit || name.len() > 253 {
                return Err(not_a_host());
            }
            name.to_owned()
        }
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => format!("[{address}]"),
    };
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    })
}

/// A missing scheme is https; slashes at the end go; a path in front stays.
fn https_url(text: &str) -> Result<String, String> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme).map_err(|error| format!("is not a URL: {error}"))?;
    if url.scheme() != "https" {
        return Err(format!("begins with `{}://`, only https is spoken", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment: give it up to the path".to_owned());
    }
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return Err("names no host".to_owned()) };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    if !path.is_empty() {
        crate::policy::path::check(path).map_err(|fault| format!("has a path that {fault}"))?;
    }
    Ok(format!("https://{host}{port}{path}"))
}

fn uuid(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&lower);
    let lengths = [8, 4, 4, 4, 12];
    let mut groups = bare.split('-');
    let fits = lengths.iter().all(|length| {
        groups.next().is_some_and(|group| group.len() == *length && group.chars().all(|c| c.is_ascii_hexdigit()))
    });
    if fits && groups.next().is_none() {
        Ok(bare.to_owned())
    } else {
        Err("is not a UUID (8-4-4-4-12 hexadecimal digits)".to_owned())
    }
}

fn certificates(text: &str) -> Result<String, String> {
    match crate::http::tls::certificates_in(text.as_bytes()) {
        Ok(found) if !found.is_empty() => Ok(text.replace("\r\n", "\n")),
        _ => Err("holds no PEM certificate".to_owned()),
    }
}

fn choice(variants: &[Variant], text: &str) -> Result<String, String> {
    let slashes = variants.iter().any(|variant| variant.value.contains('/'));
    let bare = if slashes { text } else { text.split('/').next().unwrap_or_default() };
    let found = variants.iter().find(|variant| {
        variant.value.eq_ignore_ascii_case(bare) || variant.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(bare))
    });
    found.map(|variant| variant.value.clone()).ok_or_else(|| {
        let values: Vec<_> = variants.iter().map(|variant| variant.value.as_str()).collect();
        format!("is `{}`, and can be {}", printable(text), values.join(", "))
    })
}

fn boolean(text: &str) -> Result<String, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "t" => Ok("true".to_owned()),
        "false" | "0" | "f" => Ok("false".to_owned()),
        _ => Err(format!("is `{}`, and can be true or false", printable(text))),
    }
}

fn integer(text: &str, min: i64, max: i64) -> Result<String, String> {
    let number: i64 = text.parse().map_err(|_| format!("is `{}`, and should be a whole number", printable(text)))?;
    match (number < min, number > max) {
        (true, _) => Err(format!("is {number}, and at least {min} is needed")),
        (_, true) => Err(format!("is {number}, and at most {max} is allowed")),
        _ => Ok(number.to_string()),
    }
}

/// Items stand on lines of their own, or between commas.
fn list(text: &str) -> Result<String, String> {
    let separator = if text.contains('\n') { '\n' } else { ',' };
    let items: Vec<&str> = text.split(separator).map(str::trim).filter(|item| !item.is_empty()).collect();
    if items.iter().any(|item| item.chars().any(char::is_control)) {
        return Err("holds control characters".to_owned());
    }
    Ok(items.join("\n"))
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
