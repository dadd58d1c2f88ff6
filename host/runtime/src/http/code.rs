//! What a target calls its own refusal: the code in its answer where the manifest says that one stands, else the status.

use serde_json::Value;

use super::attempt::Answer;
use crate::secrets::Masker;

/// A refusal is short. What is longer is not read for a code.
const LONGEST_BODY: usize = 4 << 10;

/// A code is shorter still.
const LONGEST_CODE: usize = 40;

/// `42901`, or `429`.
pub(super) fn refusal(pointer: Option<&str>, answer: &Answer, masker: &Masker) -> String {
    let code = pointer.filter(|_| answer.body.len() <= LONGEST_BODY).and_then(|pointer| {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let code = match body.pointer(pointer)? {
            Value::Number(code) => code.to_string(),
            Value::String(code) => masker.mask_text(code).into_owned(),
            _ => return None,
        };
        let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!code.is_empty() && code.len() <= LONGEST_CODE && code.chars().all(is_code)).then_some(code)
    });
    code.unwrap_or_else(|| answer.status.to_string())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::secrets::SecretStore;

    fn of(pointer: Option<&str>, body: &str) -> String {
        let answer =
            Answer { status: 429, headers: http::HeaderMap::new(), body: Zeroizing::new(body.as_bytes().to_vec()) };
        let secrets = SecretStore::default();
        secrets.insert("key", b"secretKey0fThisTest");
        refusal(pointer, &answer, &secrets.masker())
    }

    #[test]
    fn a_code_is_taken_from_where_it_stands_and_from_nowhere_else() {
        assert_eq!(of(Some("/code"), r#"{"code":42901,"message":"Too Many Requests"}"#), "42901");
        assert_eq!(of(Some("/error/code"), r#"{"error":{"code":"rate_limited"}}"#), "rate_limited");
        assert_eq!(of(None, r#"{"code":42901}"#), "429");
        for odd in [
            "",
            "<html>",
            r#"{"code":null}"#,
            r#"{"code":[1]}"#,
            r#"{"code":"two words"}"#,
            r#"{"code":"\u001b[2J"}"#,
            r#"{"code":"secretKey0fThisTest"}"#,
            &format!(r#"{{"code":"{}"}}"#, "x".repeat(41)),
            &format!(r#"{{"code":1,"more":"{}"}}"#, "x".repeat(5_000)),
        ] {
            assert_eq!(of(Some("/code"), odd), "429", "{odd}");
        }
    }
}
