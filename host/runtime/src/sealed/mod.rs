//! Sealed answers: what a target sends as a key is opened here, before the guest sees it.
//!
//! An egress entry says where in the answer the sealed document stands and what it is. Its secrets and what may be
//! trusted with it stay in the host, under the name of a learnt origin; the guest gets a small document of harmless facts,
//! each of them known and listed here. Whatever is not known to be harmless is kept back.
//!
//! Nothing here sends, stores or trusts anything: `policy` decides whether the server may be reached, `http` does the rest.

mod kubeconfig;
mod yaml;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::manifest::{Seal, Sealed};

/// A sealed document, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The URL that it names.
    pub(crate) server: String,
    /// Whose certificates the server is trusted by, in PEM.
    pub(crate) authorities: Option<String>,
    /// A client certificate in PEM, with its key.
    pub(crate) identity: Option<(String, Zeroizing<String>)>,
    pub(crate) token: Option<Zeroizing<String>>,
    /// Other texts that may be secrets: nobody uses them, and they are masked wherever they come up.
    pub(crate) others: Vec<Zeroizing<String>>,
    /// Facts that recipes may use, by name: `server-id`.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What the guest sees.
    pub(crate) document: Value,
}

/// Why a sealed answer is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// It is not what the manifest says that it is. The text reads after "the sealed answer".
    #[error("{0}")]
    Unreadable(String),
    /// It asks for something that is never done. The text reads after "the kubeconfig".
    #[error("{0}")]
    Refused(String),
}

impl SealError {
    fn unreadable(text: impl Into<String>) -> Self {
        Self::Unreadable(text.into())
    }

    fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }
}

/// The largest document that is opened. Kubeconfigs have some 10 KiB.
const MOST_BYTES: usize = 1 << 20;

/// Opens the document that a sealed answer holds.
pub(crate) fn open(seal: &Seal, body: &[u8]) -> Result<Opened, SealError> {
    // The copies that the parser makes of the body are the only ones that are not wiped: they are freed at once.
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| SealError::unreadable("is no JSON"))?;
    let sealed = match answer.pointer_mut(&seal.at).map(Value::take) {
        Some(Value::String(text)) => Zeroizing::new(text),
        _ => return Err(SealError::unreadable(format!("has no text at `{}`", seal.at))),
    };
    let text = from_base64(&sealed)?;
    match seal.decode {
        Sealed::Kubeconfig => kubeconfig::open(&text),
    }
}

/// Text in base64, with line breaks and padding or without.
fn from_base64(encoded: &str) -> Result<Zeroizing<String>, SealError> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    if encoded.len() > MOST_BYTES * 2 {
        return Err(SealError::unreadable(format!("is larger than {MOST_BYTES} bytes")));
    }
    let compact: Zeroizing<String> = Zeroizing::new(encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    let bytes = GeneralPurpose::new(&STANDARD, LENIENT).decode(compact.as_bytes());
    let bytes = bytes.map_err(|_| SealError::unreadable("is not base64 where it should be"))?;
    match String::from_utf8(bytes) {
        Ok(text) if text.len() <= MOST_BYTES => Ok(Zeroizing::new(text)),
        Ok(_) => Err(SealError::unreadable(format!("is larger than {MOST_BYTES} bytes"))),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(SealError::unreadable("is not text in UTF-8"))
        }
    }
}
