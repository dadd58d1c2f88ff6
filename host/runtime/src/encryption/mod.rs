//! New credentials for those who are to have them: encrypted to recipients, as ConductorOne and its connectors do it.
//!
//! An age recipient gets an age file. A JSON Web Key gets an age file too, by the SSH form of its Ed25519 or RSA key, or,
//! if its key is of a NIST curve, a compact JWE (`jwe`). A recipient that exists can be encrypted to: that is tried when
//! it is made, since nobody wants to learn it after a password was changed.

mod jwe;
mod jwk;

use std::fmt::Write as _;

use jwk::{Jwk, Key};
use ring::digest::{SHA256, digest};

/// Somebody who can read what is encrypted to them.
pub struct Recipient {
    /// What messages call it: the recipient's text, or the key's thumbprint.
    pub name: String,
    provider: &'static str,
    key_id: String,
    cipher: Cipher,
}

enum Cipher {
    Age(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
    Jwe(jwe::PublicKey),
}

/// One credential for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// `baton/age/v1` or `baton/jwk/v1`.
    pub provider: &'static str,
    /// The recipient's text, or the key's thumbprint, as SHA-256 in hex.
    pub key_id: String,
    pub ciphertext: Vec<u8>,
}

impl Recipient {
    /// An age recipient, `age1…`. The error reads after what was given.
    pub fn age(text: &str) -> Result<Self, String> {
        let recipient: age::x25519::Recipient = text.parse().map_err(|error| match text.get(..6) {
            Some("age1pq") => {
                "is a recipient of a kind that this version cannot encrypt to; give an age1… of X25519".to_owned()
            }
            _ => format!("is no age recipient: {error}"),
        })?;
        Self::tried(text.to_owned(), "baton/age/v1", hex(text.as_bytes()), Cipher::Age(recipient))
    }

    /// The public key in a JSON Web Key. The error reads after what was given.
    pub fn jwk(text: &str) -> Result<Self, String> {
        let jwk = Jwk::parse(text)?;
        let cipher = match jwk.key {
            Key::Ssh(line) => {
                let refused = |error| format!("holds no key that can be encrypted to: {error:?}");
                Cipher::Ssh(line.parse().map_err(refused)?)
            }
            Key::Curve(key) => Cipher::Jwe(key),
        };
        let thumbprint = hex(jwk.thumbprint.as_bytes());
        Self::tried(format!("JWK {thumbprint}"), "baton/jwk/v1", thumbprint, cipher)
    }

    fn tried(name: String, provider: &'static str, key_id: String, cipher: Cipher) -> Result<Self, String> {
        let recipient = Self { name, provider, key_id, cipher };
        recipient.encrypt(b"a try").map_err(|error| format!("cannot be encrypted to: {error}"))?;
        Ok(recipient)
    }

    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Encrypted, String> {
        let ciphertext = match &self.cipher {
            Cipher::Age(recipient) => age::encrypt(recipient, plaintext).map_err(|error| error.to_string()),
            Cipher::Ssh(recipient) => age::encrypt(recipient, plaintext).map_err(|error| error.to_string()),
            Cipher::Jwe(key) => jwe::encrypt(key, plaintext).map(String::into_bytes),
        }?;
        Ok(Encrypted { provider: self.provider, key_id: self.key_id.clone(), ciphertext })
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipient").field("name", &self.name).finish_non_exhaustive()
    }
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_recipient_reads_what_is_encrypted_to_it() {
        let identity = age::x25519::Identity::generate();
        let text = identity.to_public().to_string();
        let encrypted = Recipient::age(&text).unwrap().encrypt(b"new password").unwrap();
        assert_eq!(encrypted.provider, "baton/age/v1");
        assert_eq!(encrypted.key_id, hex(text.as_bytes()));
        assert_eq!(age::decrypt(&identity, &encrypted.ciphertext).unwrap(), b"new password");
    }

    #[test]
    fn what_is_no_recipient_is_refused_in_words() {
        for wrong in ["", "age1", "age1qqqq", "AGE-SECRET-KEY-1", "ssh-ed25519 AAAA"] {
            assert!(Recipient::age(wrong).unwrap_err().starts_with("is no age recipient"), "{wrong}");
        }
        assert!(Recipient::age("age1pq1abc").unwrap_err().contains("of a kind that this version cannot"));
    }
}
