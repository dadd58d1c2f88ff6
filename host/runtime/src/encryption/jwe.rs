//! Compact JWE to a key of a NIST curve: ECDH-ES with A256GCM (RFC 7516, RFC 7518 section 4.6).
//!
//! No crate that is kept well has this without OpenSSL, so the few steps stand here, over the curves of RustCrypto and the
//! digest and cipher of ring. The vectors of RFC 7518, appendix C, are the test.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::ecdh::EphemeralSecret;
use p256::elliptic_curve::generic_array::typenum::Unsigned;
use p256::elliptic_curve::rand_core::OsRng;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ModulusSize, ToEncodedPoint};
use p256::elliptic_curve::{self, AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// The cipher, and the bytes of its key.
const CIPHER: &str = "A256GCM";
const KEY_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// A point of its curve, which was checked.
pub(super) enum PublicKey {
    P256(p256::PublicKey),
    P384(p384::PublicKey),
    P521(p521::PublicKey),
}

impl PublicKey {
    pub(super) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, String> {
        let key = match curve {
            Curve::P256 => point(x, y).map(Self::P256),
            Curve::P384 => point(x, y).map(Self::P384),
            Curve::P521 => point(x, y).map(Self::P521),
        };
        key.ok_or_else(|| "holds a key that is no point of its curve".to_owned())
    }
}

pub(super) fn encrypt(key: &PublicKey, plaintext: &[u8]) -> Result<String, String> {
    let Agreed { curve, x, y, secret } = match key {
        PublicKey::P256(key) => agree("P-256", key),
        PublicKey::P384(key) => agree("P-384", key),
        PublicKey::P521(key) => agree("P-521", key),
    };
    let epk = serde_json::json!({ "crv": curve, "kty": "EC", "x": x, "y": y });
    let header = serde_json::json!({ "alg": "ECDH-ES", "enc": CIPHER, "epk": epk }).to_string();
    let header = URL_SAFE_NO_PAD.encode(header);
    let content_key = derive(&secret, CIPHER, b"", b"", KEY_BYTES);
    let failed = |_| "the cipher failed".to_owned();
    let sealing = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).map_err(failed)?);
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| "the system gives no randomness".to_owned())?;
    let mut sealed = plaintext.to_vec();
    let tag = sealing
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&header), &mut sealed)
        .map_err(failed)?;
    let [nonce, sealed, tag] = [&nonce, sealed.as_slice(), tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    // The second part is an encrypted key; the agreed one is used itself.
    Ok(format!("{header}..{nonce}.{sealed}.{tag}"))
}

/// What both sides have, and what the other one needs for it.
struct Agreed {
    curve: &'static str,
    x: String,
    y: String,
    secret: Zeroizing<Vec<u8>>,
}

fn agree<C>(curve: &'static str, key: &elliptic_curve::PublicKey<C>) -> Agreed
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
{
    let ephemeral = EphemeralSecret::<C>::random(&mut OsRng);
    let public = ephemeral.public_key().to_encoded_point(false);
    let coordinate = |bytes: Option<&FieldBytes<C>>| bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let secret = ephemeral.diffie_hellman(key);
    Agreed {
        curve,
        x: coordinate(public.x()).unwrap_or_default(),
        y: coordinate(public.y()).unwrap_or_default(),
        secret: Zeroizing::new(secret.raw_secret_bytes().to_vec()),
    }
}

fn point<C>(x: &[u8], y: &[u8]) -> Option<elliptic_curve::PublicKey<C>>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
{
    let size = FieldBytesSize::<C>::USIZE;
    if x.len() != size || y.len() != size {
        return None;
    }
    let bytes: Vec<u8> = std::iter::once(4).chain(x.iter().copied()).chain(y.iter().copied()).collect();
    elliptic_curve::PublicKey::from_sec1_bytes(&bytes).ok()
}

/// The Concat KDF with SHA-256 for keys of at most 32 bytes, which one round yields.
fn derive(secret: &[u8], cipher: &str, party_u: &[u8], party_v: &[u8], bytes: usize) -> Zeroizing<Vec<u8>> {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
    let mut round = Context::new(&SHA256);
    round.update(&number(1));
    round.update(secret);
    for part in [cipher.as_bytes(), party_u, party_v] {
        round.update(&number(part.len()));
        round.update(part);
    }
    round.update(&number(bytes * 8));
    Zeroizing::new(round.finish().as_ref().iter().take(bytes).copied().collect())
}

#[cfg(test)]
mod tests {
    use p256::elliptic_curve::SecretKey;
    use p256::elliptic_curve::ecdh::diffie_hellman;
    use serde_json::Value;

    use super::super::Recipient;
    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 7518, appendix C: the keys of Alice and Bob, and what both derive.
    #[test]
    fn the_key_is_that_of_the_rfc() {
        let alice = SecretKey::<p256::NistP256>::from_slice(&decoded("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"));
        let bob = point::<p256::NistP256>(
            &decoded("weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ"),
            &decoded("e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"),
        );
        let secret = diffie_hellman(alice.unwrap().to_nonzero_scalar(), bob.unwrap().as_affine());
        let secret = secret.raw_secret_bytes().to_vec();
        assert_eq!(secret[..4], [158, 86, 217, 29]);
        let key = derive(&secret, "A128GCM", b"Alice", b"Bob", 16);
        assert_eq!(URL_SAFE_NO_PAD.encode(&key), "VqqN6vgjbSBcIijNcacQGg");
    }

    /// The other side, by the RFC and not by the code above.
    fn decrypt<C>(identity: &SecretKey<C>, compact: &str) -> Vec<u8>
    where
        C: CurveArithmetic,
        FieldBytesSize<C>: ModulusSize,
        AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    {
        let parts: Vec<&str> = compact.split('.').collect();
        let [header, "", nonce, sealed, tag] = parts[..] else { panic!("{compact}") };
        let told: Value = serde_json::from_slice(&decoded(header)).unwrap();
        assert_eq!((&told["alg"], &told["enc"]), (&"ECDH-ES".into(), &"A256GCM".into()));
        let coordinate = |name: &str| decoded(told["epk"][name].as_str().unwrap());
        let ephemeral = point::<C>(&coordinate("x"), &coordinate("y")).unwrap();
        let secret = diffie_hellman(identity.to_nonzero_scalar(), ephemeral.as_affine());
        let other_info = [&[0, 0, 0, 7][..], b"A256GCM", &[0, 0, 0, 0], &[0, 0, 0, 0], &[0, 0, 1, 0]].concat();
        let round = [&[0, 0, 0, 1][..], secret.raw_secret_bytes().as_slice(), &other_info].concat();
        let key = ring::digest::digest(&SHA256, &round);
        let opening = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).unwrap());
        let mut bytes = [decoded(sealed), decoded(tag)].concat();
        let nonce = Nonce::try_assume_unique_for_key(&decoded(nonce)).unwrap();
        opening.open_in_place(nonce, Aad::from(header), &mut bytes).unwrap().to_vec()
    }

    fn there_and_back<C>(curve: &str)
    where
        C: CurveArithmetic,
        FieldBytesSize<C>: ModulusSize,
        AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    {
        let identity = SecretKey::<C>::random(&mut OsRng);
        let public = identity.public_key().to_encoded_point(false);
        let [x, y] = [public.x(), public.y()].map(|bytes| URL_SAFE_NO_PAD.encode(bytes.unwrap()));
        let jwk = serde_json::json!({"kty": "EC", "crv": curve, "x": x, "y": y}).to_string();
        let encrypted = Recipient::jwk(&jwk).unwrap().encrypt(b"new password").unwrap();
        let compact = String::from_utf8(encrypted.ciphertext).unwrap();
        assert_eq!(decrypt(&identity, &compact), b"new password", "{curve}");
    }

    #[test]
    fn keys_of_every_curve_read_what_is_encrypted_to_them() {
        there_and_back::<p256::NistP256>("P-256");
        there_and_back::<p384::NistP384>("P-384");
        there_and_back::<p521::NistP521>("P-521");
    }

    #[test]
    fn a_point_beside_its_curve_is_no_key() {
        assert!(PublicKey::new(Curve::P256, &[1; 32], &[1; 32]).is_err());
        assert!(PublicKey::new(Curve::P256, &[1; 31], &[1; 33]).is_err());
    }
}
