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
    if find::<rustls::Error>(error).is_some() {
        return Fault::Final(HttpError::Tls(text));
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
        return match find::<io::Error>(error).map(io::Error::kind) {
            // The target took the connection and dropped it in the handshake.
            Some(ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe) => {
                Fault::Broken(HttpError::Reset(Outcome::NotSent))
            }
            _ => Fault::Away(HttpError::Connect(text)),
        };
    }
    if error.is_builder() {
        return Fault::Final(HttpError::Connect(text));
    }
    // What is left: a cut, a reset, an incomplete body, or one that is not what its Content-Encoding says.
    Fault::Broken(HttpError::Reset(Outcome::Unknown))
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
