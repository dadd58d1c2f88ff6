//! The one form in which queries and JSON bodies are both signed and sent, so that the two can never differ.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// RFC 3986: letters, digits and `-._~` stay, the rest is `%XX`, a space is `%20`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encoded and sorted by encoded name, then by encoded value.
pub(crate) fn query(pairs: &[(String, String)]) -> String {
    let mut encoded: Vec<(String, String)> = pairs.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort();
    let joined: Vec<String> = encoded.iter().map(|(name, value)| format!("{name}={value}")).collect();
    joined.join("&")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Compact JSON with sorted keys, whatever order the map of `serde_json` has in this build.
pub(crate) fn json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (position, (name, value)) in entries.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                *out += &Value::from(name.as_str()).to_string();
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        simple => *out += &simple.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{json, query};

    fn one(value: &str) -> String {
        query(&[("k".to_owned(), value.to_owned())])
    }

    #[test]
    fn the_vendors_encoding_vector() {
        assert_eq!(
            one("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
            "k=%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~"
        );
        assert_eq!(one("\t\n\x0b\x0c\r "), "k=%09%0A%0B%0C%0D%20");
    }

    #[test]
    fn sorted_by_encoded_name_then_value() {
        let pairs = [("foo_bar", "1"), ("foo", "2"), ("a b", "x"), ("foo", "10"), ("", "")];
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        assert_eq!(query(&pairs), "=&a%20b=x&foo=10&foo=2&foo_bar=1");
        assert_eq!(query(&[]), "");
    }

    #[test]
    fn json_is_compact_and_sorted_at_every_level() {
        let value = serde_json::from_str(r#"{"b": [ {"d":1, "c":"é/\n"} ], "a": null}"#).unwrap();
        assert_eq!(json(&value), r#"{"a":null,"b":[{"c":"é/\n","d":1}]}"#);
    }
}
