//! Finding secrets in what others wrote, in every form in which they usually come back, and masking them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Searches for all live secrets in one pass.
pub struct Masker {
    /// None when there is nothing to look for.
    automaton: Option<AhoCorasick>,
    /// What each pattern is replaced by.
    replacements: Vec<Vec<u8>>,
}

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub struct Masked<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// How many places were masked.
    pub hits: usize,
}

impl Masker {
    pub(super) fn new<'a>(secrets: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut patterns: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for (name, bytes) in secrets {
            for form in forms(bytes) {
                patterns.entry(form).or_insert_with(|| format!("[masked {name}]").into_bytes());
            }
        }
        let (patterns, replacements): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        // Building fails only for patterns of gigabytes.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns).ok();
        Self { automaton: automaton.filter(|_| !replacements.is_empty()), replacements }
    }

    /// Masks bytes; without a hit they are not copied.
    pub fn mask<'a>(&self, bytes: &'a [u8]) -> Masked<'a> {
        let Some(automaton) = &self.automaton else { return Masked { bytes: Cow::Borrowed(bytes), hits: 0 } };
        if automaton.find(bytes).is_none() {
            return Masked { bytes: Cow::Borrowed(bytes), hits: 0 };
        }
        let mut out = Vec::with_capacity(bytes.len());
        let (mut done, mut hits) = (0, 0);
        for found in automaton.find_iter(bytes) {
            out.extend_from_slice(bytes.get(done..found.start()).unwrap_or_default());
            out.extend_from_slice(self.replacements.get(found.pattern().as_usize()).map_or(b"", Vec::as_slice));
            done = found.end();
            hits += 1;
        }
        out.extend_from_slice(bytes.get(done..).unwrap_or_default());
        Masked { bytes: Cow::Owned(out), hits }
    }

    /// Masks text.
    pub fn mask_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.mask(text.as_bytes()).bytes {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} forms)", self.replacements.len())
    }
}

/// What stays as it is differs: letters and digits alone, RFC 3986's unreserved characters, those of HTML forms, those of
/// JavaScript's `encodeURIComponent`, or those that a whole URL may hold (`encodeURI`).
const PERCENT_SETS: [&AsciiSet; 5] = [NON_ALPHANUMERIC, RESERVED, FORM, COMPONENT, WHOLE];
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');
const COMPONENT: &AsciiSet = &RESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
const WHOLE: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');

fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    for alignment in 0..3 {
        forms.push(aligned(secret, alignment, |bytes| STANDARD_NO_PAD.encode(bytes)));
        forms.push(aligned(secret, alignment, |bytes| URL_SAFE_NO_PAD.encode(bytes)));
    }
    let hex = secret.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    forms.push(hex.to_ascii_uppercase().into_bytes());
    forms.push(hex.into_bytes());
    let everything = secret.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    });
    for percent in PERCENT_SETS.map(|set| percent_encode(secret, set).to_string()).into_iter().chain([everything]) {
        for text in [percent.replace("%20", "+"), percent] {
            forms.push(lower_escapes(&text));
            forms.push(text.into_bytes());
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::Value::from(text).to_string();
        let json = json.trim_start_matches('"');
        let json = json.strip_suffix('"').unwrap_or(json);
        forms.push(json.replace('/', "\\/").into_bytes());
        forms.push(html_safe(json).into_bytes());
        forms.push(json.as_bytes().to_vec());
    }
    forms.retain(|form| form.len() >= super::MIN_BYTES);
    forms
}

/// The base64 characters that are the same whatever stands before and after, when the secret begins at this byte of three.
fn aligned(secret: &[u8], alignment: usize, encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let mut bytes = vec![0; alignment];
    bytes.extend_from_slice(secret);
    let text = encode(&bytes);
    let first = (alignment * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    text.get(first..end).unwrap_or_default().as_bytes().to_vec()
}

/// `%2B` as `%2b`.
fn lower_escapes(percent: &str) -> Vec<u8> {
    let mut left = 0;
    percent
        .bytes()
        .map(|byte| {
            if byte == b'%' {
                left = 2;
                byte
            } else if left > 0 {
                left -= 1;
                byte.to_ascii_lowercase()
            } else {
                byte
            }
        })
        .collect()
}

/// JSON as several libraries write it for pages.
fn html_safe(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

#[cfg(test)]
mod tests {
    use super::Masker;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const SECRET: &str = "s3cr3t/+\"key\" of <ours>?";

    fn masker() -> Masker {
        Masker::new([("secret-key", SECRET.as_bytes())].into_iter())
    }

    #[test]
    fn every_form_is_masked() {
        let masker = masker();
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut echoes = vec![SECRET.to_owned(), hex.to_uppercase(), hex];
        for before in ["", "u", "u:", "user:"] {
            for after in ["", "x", "xy"] {
                let whole = format!("{before}{SECRET}{after}");
                echoes.push(STANDARD.encode(&whole));
                echoes.push(URL_SAFE.encode(&whole));
            }
        }
        echoes.push(url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect());
        echoes.push("s3cr3t%2f%2b%22key%22%20of%20%3cours%3e%3f".to_owned());
        echoes.push("s3cr3t%2f%2b%22key%22+of+%3cours%3e%3f".to_owned());
        echoes.push("s3cr3t/+%22key%22%20of%20%3Cours%3E?".to_owned());
        echoes.push(SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect());
        echoes.push(serde_json::to_string(SECRET).unwrap());
        echoes.push("s3cr3t/+\\\"key\\\" of \\u003cours\\u003e?".to_owned());
        for echo in echoes {
            let text = format!("before {echo} after");
            let masked = masker.mask_text(&text);
            assert!(masked.contains("[masked secret-key]"), "{echo}");
            assert!(!masked.contains("czNjcjN0"), "{masked}");
        }
    }

    #[test]
    fn other_bytes_are_neither_changed_nor_copied() {
        let masker = masker();
        let masked = masker.mask(b"nothing \xff to see");
        assert!(matches!(masked.bytes, std::borrow::Cow::Borrowed(_)));
        assert_eq!(masked.hits, 0);
        let twice = format!("\u{0}{SECRET}-{SECRET}");
        assert_eq!(masker.mask(twice.as_bytes()).bytes.as_ref(), b"\x00[masked secret-key]-[masked secret-key]");
    }

    #[test]
    fn nothing_to_look_for_finds_nothing() {
        assert_eq!(Masker::new(std::iter::empty()).mask(b"abc").hits, 0);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Masker::new([("a", b"secret-bytes".as_slice())].into_iter())).find("secret"), None);
    }
}
