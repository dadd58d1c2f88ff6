//! Failed attempts told apart: name, refusal, handshake, breakage, time.

use std::error::Error;
use std::io::{self, ErrorKind};

use super::resolver::ResolveError;
use super::types::{HttpError, Outcome};

/// A failed attempt.
#[derive(Debug)]
pub(super) enum Fault {
    /// An address that may not be reached.
    Refused { host: String, address: String, kind: &'static str },
    /// Nothing got through: the network or the target is away.
    Away(HttpError),
    /// The connection was there and broke, or took too long.
    Broken(HttpError),
    /// Trying again would end the same way.
    Final(HttpError),
}

/// What a failed attempt means.
pub(super) fn classify(error: &reqwest::Error) -> Fault {
    let text = story(error);
    if let Some(resolve) = find::<ResolveError>(error) {
        return match resolve {
            ResolveError::Refused { host, address, kind } => {
                Fault::Refused { host: host.clone(), address: address.to_string(), kind }
            }
            ResolveError::NotFound { .. } => Fault::Away(HttpError::Dns(resolve.to_string())),
        };
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Fault::Final(HttpError::Tls(in_words(tls, text)));
    }
    let outcome = if error.is_connect() { Outcome::NotSent } else { Outcome::Unknown };
    if error.is_timeout() {
        let error = HttpError::TimedOut(outcome);
        return if outcome == Outcome::NotSent { Fault::Away(error) } else { Fault::Broken(error) };
    }
    if error.is_dns() {
        return Fault::Away(HttpError::Dns(text));
    }
    if error.is_connect() {
        // Somebody took the connection and dropped it in the handshake: a target that is away as well, in other words.
        return Fault::Away(if is_dropped(error) {
            HttpError::Reset(Outcome::NotSent)
        } else {
            HttpError::Connect(text)
        });
    }
    if error.is_builder() {
        return Fault::Final(HttpError::Connect(text));
    }
    // What is left: a cut, a reset, an incomplete body, or one that is not what its Content-Encoding says.
    Fault::Broken(HttpError::Reset(Outcome::Unknown))
}

/// A failed handshake, with what it means where the library's words do not tell.
fn in_words(error: &rustls::Error, text: String) -> String {
    use rustls::CertificateError::{BadSignature, UnknownIssuer};
    match error {
        rustls::Error::InvalidMessage(_) => format!("what answers there does not speak TLS ({text})"),
        rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
            format!("{text}; --ca-cert trusts an authority of your own")
        }
        _ => text,
    }
}

/// The chain of causes as one line, without the URL.
pub(super) fn story(error: &reqwest::Error) -> String {
    let mut last = String::new();
    let mut parts: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Wrappers repeat what they wrap, or only say that something failed.
        if !last.contains(&text) && !["client error (Connect)", "client error (SendRequest)"].contains(&text.as_str()) {
            parts.push(text.clone());
        }
        last = text;
        source = cause.source();
    }
    if parts.is_empty() { "no reason given".to_owned() } else { parts.join(": ") }
}

/// Whether the other side ended the connection. One I/O error may wrap another that says so.
fn is_dropped(error: &(dyn Error + 'static)) -> bool {
    let mut current = find::<io::Error>(error);
    while let Some(found) = current {
        if matches!(found.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe) {
            return true;
        }
        current = found.get_ref().and_then(|inner| find::<io::Error>(inner));
    }
    false
}

/// Finds a cause by type; I/O errors hide theirs.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut current = Some(error);
    while let Some(cause) = current {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(inner) = inner
            && let Some(found) = find::<E>(inner)
        {
            return Some(found);
        }
        current = cause.source();
    }
    None
}
