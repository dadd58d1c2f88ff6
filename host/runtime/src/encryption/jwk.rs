//! A JSON Web Key (RFC 7517): its public key in the form in which it is used, and its thumbprint (RFC 7638).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::jwe::{Curve, PublicKey};

/// Shorter RSA keys are not safe, and age takes none.
const RSA_BYTES: usize = 2048 / 8;

/// A public key.
pub(super) struct Jwk {
    pub(super) key: Key,
    /// The text that the thumbprint is the digest of.
    pub(super) thumbprint: String,
}

pub(super) enum Key {
    /// A line as in `authorized_keys`.
    Ssh(String),
    Curve(PublicKey),
}

impl Jwk {
    /// The error reads after what was given, and holds nothing of it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| "holds no JSON Web Key: it is no JSON object".to_owned())?;
        if ["d", "k", "p", "q"].iter().any(|private| fields.contains_key(*private)) {
            return Err("holds a private key; give its public part alone".to_owned());
        }
        let text = |name: &str| {
            fields.get(name).and_then(Value::as_str).ok_or_else(|| format!("holds a JSON Web Key without `{name}`"))
        };
        let bytes = |name: &str| {
            let malformed = |_| format!("holds a JSON Web Key whose `{name}` is no base64url");
            text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).map_err(malformed))
        };
        let (key, members): (Key, &[&str]) = match text("kty")? {
            "OKP" if text("crv")? == "Ed25519" => (ssh("ssh-ed25519", &[&bytes("x")?]), &["crv", "kty", "x"]),
            "RSA" => {
                let (exponent, modulus) = (integer(&bytes("e")?), integer(&bytes("n")?));
                if modulus.len() < RSA_BYTES {
                    return Err(format!("holds an RSA key of less than {} bits", RSA_BYTES * 8));
                }
                (ssh("ssh-rsa", &[&exponent, &modulus]), &["e", "kty", "n"])
            }
            "EC" => {
                let curve = match text("crv")? {
                    "P-256" => Curve::P256,
                    "P-384" => Curve::P384,
                    "P-521" => Curve::P521,
                    other => return Err(format!("holds a key of the curve `{}`, which is not known", shown(other))),
                };
                (Key::Curve(PublicKey::new(curve, &bytes("x")?, &bytes("y")?)?), &["crv", "kty", "x", "y"])
            }
            _ => return Err("holds a key that is none of Ed25519, RSA, P-256, P-384 and P-521".to_owned()),
        };
        let members: Map<String, Value> =
            members.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone()))).collect();
        // Members in the order of their names and no spaces: what the RFC asks for.
        Ok(Self { key, thumbprint: Value::Object(members).to_string() })
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(20).collect()
}

/// An SSH public key: its kind and its numbers, each with its length.
fn ssh(kind: &str, numbers: &[&[u8]]) -> Key {
    let mut wire = Vec::new();
    for part in std::iter::once(kind.as_bytes()).chain(numbers.iter().copied()) {
        wire.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        wire.extend_from_slice(part);
    }
    Key::Ssh(format!("{kind} {}", STANDARD.encode(wire)))
}

/// A positive number as SSH writes it: no zeros in front but one where the first bit is set.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let number = bytes.get(first..).unwrap_or_default();
    let sign = number.first().filter(|byte| **byte >= 0x80).map(|_| 0);
    sign.into_iter().chain(number.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Recipient, hex};
    use super::*;

    /// Appendix A.2 of RFC 8037 has this key, and A.3 its thumbprint.
    const ED25519: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"any"}"#;

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        let thumbprint = Jwk::parse(ED25519).unwrap().thumbprint;
        let digest = ring::digest::digest(&ring::digest::SHA256, thumbprint.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.encode(digest), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let encrypted = Recipient::jwk(ED25519).unwrap().encrypt(b"new password").unwrap();
        assert_eq!((encrypted.provider, encrypted.key_id), ("baton/jwk/v1", hex(thumbprint.as_bytes())));
        assert!(encrypted.ciphertext.starts_with(b"age-encryption.org/v1\n-> ssh-ed25519 "));
    }

    /// The private part of the key above, in the form in which OpenSSH keeps it.
    fn identity() -> age::ssh::Identity {
        let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
        let private = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let both = [private.as_slice(), &public].concat();
        let kind = string(b"ssh-ed25519");
        let mut secret = [&[7; 8][..], &kind, &string(&public), &string(&both), &string(b"")].concat();
        secret.extend((1..).take((8 - secret.len() % 8) % 8));
        let shown = string(&[kind.as_slice(), &string(&public)].concat());
        let none = string(b"none");
        let whole =
            [b"openssh-key-v1\0", &none[..], &none, &string(b""), &[0, 0, 0, 1], &shown, &string(&secret)].concat();
        let [begin, end] = ["BEGIN", "END"].map(|word| format!("-----{word} OPENSSH PRIVATE KEY-----"));
        let text = format!("{begin}\n{}\n{end}\n", STANDARD.encode(whole));
        age::ssh::Identity::from_buffer(text.as_bytes(), None).unwrap()
    }

    #[test]
    fn an_ed25519_key_reads_what_is_encrypted_to_it() {
        let encrypted = Recipient::jwk(ED25519).unwrap().encrypt(b"new password").unwrap();
        assert_eq!(age::decrypt(&identity(), &encrypted.ciphertext).unwrap(), b"new password");
    }

    /// The RSA key of RFC 7517, appendix A.2, in the order of PKCS #1: n, e, d, p, q, dp, dq, qi.
    const RSA: [&str; 8] = [
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o\
         knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz\
         u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8\
         awapJzKnqDKgw",
        "AQAB",
        "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0\
         _YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5Z\
         iG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mqnOYtq\
         c0X4jfcKoAC8Q",
        "83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7X\
         OuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs",
        "3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9V\
         VS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk",
        "G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA7\
         7Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0",
        "s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqUf\
         LhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk",
        "GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_m\
         HZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU",
    ];

    /// A value of DER: what it is, its length, and its bytes.
    fn der(tag: u8, bytes: &[u8]) -> Vec<u8> {
        let length = match u16::try_from(bytes.len()).unwrap().to_be_bytes() {
            [0, few @ ..0x80] => vec![few],
            [0, some] => vec![0x81, some],
            [high, low] => vec![0x82, high, low],
        };
        [&[tag][..], &length, bytes].concat()
    }

    /// That key, as OpenSSL keeps it.
    fn rsa_identity() -> age::ssh::Identity {
        let numbers = RSA.map(|number| der(2, &integer(&URL_SAFE_NO_PAD.decode(number).unwrap())));
        let whole = der(0x30, &[der(2, &[0]), numbers.concat()].concat());
        let [begin, end] = ["BEGIN", "END"].map(|word| format!("-----{word} RSA PRIVATE KEY-----"));
        let text = format!("{begin}\n{}\n{end}\n", STANDARD.encode(whole));
        age::ssh::Identity::from_buffer(text.as_bytes(), None).unwrap()
    }

    #[test]
    fn an_rsa_key_reads_what_is_encrypted_to_it() {
        let [n, e, ..] = RSA;
        // A zero in front, as some write it, changes neither the key nor who can read.
        let padded = URL_SAFE_NO_PAD.encode([&[0][..], &URL_SAFE_NO_PAD.decode(n).unwrap()].concat());
        for n in [n, &padded] {
            let jwk = format!("{{\"kty\":\"RSA\",\"e\":\"{e}\",\"n\":\"{n}\"}}");
            let encrypted = Recipient::jwk(&jwk).unwrap().encrypt(b"new password").unwrap();
            assert!(encrypted.ciphertext.starts_with(b"age-encryption.org/v1\n-> ssh-rsa "));
            assert_eq!(age::decrypt(&rsa_identity(), &encrypted.ciphertext).unwrap(), b"new password");
        }
    }

    #[test]
    fn numbers_are_written_as_ssh_does() {
        assert_eq!(integer(&[0, 0, 1, 0, 1]), [1, 0, 1]);
        assert_eq!(integer(&[0x80]), [0, 0x80]);
        assert_eq!(integer(&[0]), [0_u8; 0]);
    }

    #[test]
    fn what_is_no_public_key_is_refused_without_repeating_it() {
        for (text, told) in [
            ("", "no JSON object"),
            ("[]", "no JSON object"),
            ("{}", "without `kty`"),
            (r#"{"kty":"OKP","crv":"Ed25519","x":"AA","d":"hunter2"}"#, "holds a private key"),
            (r#"{"kty":"oct","k":"hunter2"}"#, "holds a private key"),
            (r#"{"kty":"OKP","crv":"Ed25519"}"#, "without `x`"),
            (r#"{"kty":"OKP","crv":"Ed25519","x":"hunter2!"}"#, "`x` is no base64url"),
            (r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, "none of Ed25519, RSA"),
            (r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "no key that can be encrypted to"),
            (r#"{"kty":"RSA","e":"AQAB","n":"AQAB"}"#, "RSA key of less than 2048 bits"),
            (r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "the curve `secp256k1`"),
            (r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, "is no point of its curve"),
        ] {
            let refused = Recipient::jwk(text).unwrap_err();
            assert!(refused.contains(told), "{text}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
