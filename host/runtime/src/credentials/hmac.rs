//! Signatures by the manifest's recipe, over the bytes that are about to leave.

use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use ring::hmac;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{Outgoing, RecipeError, canonical};
use crate::manifest::{Algorithm, Hmac};
use crate::secrets::Secret;

/// The headers to set for one attempt.
pub(super) fn sign(
    recipe: &Hmac,
    key: &Secret,
    outgoing: &Outgoing<'_>,
    fill: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<(String, Vec<u8>)>, RecipeError> {
    sign_at(&rfc2822(outgoing.now)?, recipe, key, outgoing, fill)
}

/// The same with a date in the form in which it is sent.
fn sign_at(
    date: &str,
    recipe: &Hmac,
    key: &Secret,
    outgoing: &Outgoing<'_>,
    fill: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<(String, Vec<u8>)>, RecipeError> {
    let line = |hole: &str| -> Option<Vec<u8>> {
        Some(match hole {
            "date" => date.as_bytes().to_vec(),
            "method" => outgoing.method.as_bytes().to_vec(),
            "host" => outgoing.host.as_bytes().to_vec(),
            "path" => outgoing.path.as_bytes().to_vec(),
            "query" => outgoing.query.as_bytes().to_vec(),
            "parameters" => match outgoing.form {
                Some(fields) => canonical::query(fields).into_bytes(),
                None => outgoing.query.as_bytes().to_vec(),
            },
            "body-sha1" => digest_hex(&SHA1_FOR_LEGACY_USE_ONLY, outgoing.body),
            "body-sha256" => digest_hex(&SHA256, outgoing.body),
            "body-sha512" => digest_hex(&SHA512, outgoing.body),
            "sha512-of-empty" => digest_hex(&SHA512, b""),
            other => return fill(other),
        })
    };
    let mut text = Vec::new();
    for (position, template) in recipe.lines.iter().enumerate() {
        if position > 0 {
            text.push(b'\n');
        }
        text.extend(template.render(&line).map_err(RecipeError::NotSet)?);
    }
    let algorithm = match recipe.algorithm {
        Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => hmac::HMAC_SHA256,
        Algorithm::Sha512 => hmac::HMAC_SHA512,
    };
    let mac = hmac::sign(&hmac::Key::new(algorithm, key.expose()), &text);
    let header = |hole: &str| match hole {
        "date" => Some(date.as_bytes().to_vec()),
        "mac-hex" => Some(hex(mac.as_ref())),
        "mac-base64" => {
            use base64::Engine as _;
            Some(base64::engine::general_purpose::STANDARD.encode(mac.as_ref()).into_bytes())
        }
        other => fill(other),
    };
    let headers = recipe.headers.iter();
    headers.map(|(name, template)| Ok((name.clone(), template.render(&header).map_err(RecipeError::NotSet)?))).collect()
}

/// `Tue, 04 Aug 2026 09:30:00 +0000`.
fn rfc2822(now: OffsetDateTime) -> Result<String, RecipeError> {
    let form =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] +0000");
    now.to_offset(time::UtcOffset::UTC).format(form).map_err(|error| RecipeError::Clock(error.to_string()))
}

fn digest_hex(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> Vec<u8> {
    hex(digest::digest(algorithm, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    //! The worked examples of Duo's own clients: signature versions 2 (SHA-1, SHA-512) and 5.

    use super::*;
    use crate::manifest::Template;

    const DATE: &str = "Tue, 04 Aug 2026 09:30:00 -0000";
    const USER: &str = "/admin/v1/users/DU3RP9I2WOC59VZX672N/groups";
    const V2: [&str; 5] = ["{date}", "{method}", "{host}", "{path}", "{parameters}"];
    const V5: [&str; 7] = ["{date}", "{method}", "{host}", "{path}", "{query}", "{body-sha512}", "{sha512-of-empty}"];

    struct Case<'a> {
        algorithm: Algorithm,
        lines: &'a [&'a str],
        method: &'a str,
        path: &'a str,
        query: &'a [(&'a str, &'a str)],
        body: &'a str,
        form: &'a [(&'a str, &'a str)],
    }

    impl Case<'_> {
        fn headers(&self) -> Vec<(String, String)> {
            let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
            };
            let header = |name: &str, text: &str| (name.to_owned(), Template::parse(text).unwrap());
            let recipe = Hmac {
                key: "secret-key".to_owned(),
                algorithm: self.algorithm,
                lines: self.lines.iter().map(|line| Template::parse(line).unwrap()).collect(),
                headers: vec![
                    header("date", "{date}"),
                    header("authorization", "Basic base64({integration-key}:{mac-hex})"),
                    header("x-mac", "{mac-hex}"),
                ],
            };
            let store = crate::secrets::SecretStore::default();
            store.insert("secret-key", b"fixtureSecretKeyForTestsOnly000000000000");
            let (query, form) = (canonical::query(&owned(self.query)), owned(self.form));
            let outgoing = Outgoing {
                now: OffsetDateTime::UNIX_EPOCH,
                method: self.method,
                host: "api-fixture1.duosecurity.com",
                path: self.path,
                query: &query,
                body: self.body.as_bytes(),
                form: (!form.is_empty()).then_some(form.as_slice()),
            };
            let fill = |hole: &str| (hole == "integration-key").then(|| b"DIFIXTURE0EXAMPLE000".to_vec());
            let headers = sign_at(DATE, &recipe, &store.get("secret-key").unwrap(), &outgoing, &fill).unwrap();
            headers.into_iter().map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect()
        }

        fn mac(&self) -> String {
            self.headers().into_iter().find(|(name, _)| name == "x-mac").unwrap().1
        }
    }

    fn listing<'a>(algorithm: Algorithm, lines: &'a [&'a str]) -> Case<'a> {
        let query = &[("offset", "0"), ("limit", "300")];
        Case { algorithm, lines, method: "GET", path: "/admin/v1/users", query, body: "", form: &[] }
    }

    #[test]
    fn cases_a_b_and_c() {
        let a = listing(Algorithm::Sha1, &V2);
        assert_eq!(a.mac(), "c654e340a5b0a959088d51ec6a93a34f479fb144");
        assert_eq!(
            a.headers()[1].1,
            "Basic RElGSVhUVVJFMEVYQU1QTEUwMDA6YzY1NGUzNDBhNWIwYTk1OTA4OGQ1MWVjNmE5M2EzNGY0NzlmYjE0NA=="
        );
        assert_eq!(a.headers()[0].1, DATE);
        assert_eq!(
            listing(Algorithm::Sha512, &V2).mac(),
            "ef068a0cb1dc9df15361aa779c26d646bb41a1b9039bfbbc69013fd9da04eb14ebd75cb7b01c46305dd766e4bab632ba7ba62958eb0989d910adb9e8ce45b4a5"
        );
        let c = listing(Algorithm::Sha512, &V5);
        assert_eq!(
            c.mac(),
            "7907bd09182ce740537d7735e5aa667197c4c5cc8a006efb78f4c707a7544a431e83ca552883203118ee4fc649d8643b3619e4e538ad8d9d49f88f5e1fbc914f"
        );
        assert_eq!(
            c.headers()[1].1,
            "Basic RElGSVhUVVJFMEVYQU1QTEUwMDA6NzkwN2JkMDkxODJjZTc0MDUzN2Q3NzM1ZTVhYTY2NzE5N2M0YzVjYzhhMDA2ZWZiNzhmNGM3MDdhNzU0NGE0MzFlODNjYTU1Mjg4MzIwMzExOGVlNGZjNjQ5ZDg2NDNiMzYxOWU0ZTUzOGFkOGQ5ZDQ5Zjg4ZjVlMWZiYzkxNGY="
        );
    }

    #[test]
    fn cases_d_e_and_f() {
        let write = |lines, method, path, body, form| Case {
            algorithm: Algorithm::Sha512,
            lines,
            method,
            path,
            query: &[],
            body,
            form,
        };
        let form: &[(&str, &str)] = &[("group_id", "DGXXXXXXXXXXXXXXXXXX")];
        assert_eq!(
            write(&V2, "POST", USER, "group_id=DGXXXXXXXXXXXXXXXXXX", form).mac(),
            "cec461eb78e914a364c4b5b4d57d0d76dd16c7b5a056e64aec949419039924563daff19a824488e3a6c9c195b47f8e889c26314fdfcda16e891feac6ef078d0b"
        );
        assert_eq!(
            write(&V5, "POST", USER, r#"{"group_id":"DGXXXXXXXXXXXXXXXXXX"}"#, &[]).mac(),
            "20e7ef0fab97fdff3fdf49331810e1ac1c57600bce6869ec890ae5fb4d423069a6149c3288fa22853c4b3e5a3e2f85b5a7548ae4820441ea9a3f9bba6bcf019d"
        );
        assert_eq!(
            write(&V5, "DELETE", &format!("{USER}/DGXXXXXXXXXXXXXXXXXX"), "", &[]).mac(),
            "1a2c3147619ee97860f5bfef153a8bb34d64cf74f58e2599e5d1ea196c836e8f7b57fce365119c0bf6a6496c0660d70f474b11923ffa70c588dd382b6d96340c"
        );
    }

    #[test]
    fn case_g() {
        let query = &[("username", "Zo\u{eb} O'Neil+x*~@ex ample.com")];
        let case = Case { query, ..listing(Algorithm::Sha512, &V5) };
        assert_eq!(
            case.mac(),
            "ef3febeb187167ef869753f3e81e5098006cdacce34057a5ca51c1222cb8ce324e16dad5663b93cb0a211ce212774a8b74706051a5f8c210cebbbe33cbf5f658"
        );
    }

    #[test]
    fn every_day_of_a_month_is_a_date_with_two_digits() {
        let mut day = time::macros::datetime!(2026-08-01 09:05:07 +02:00);
        for number in 1..=31 {
            let text = rfc2822(day).unwrap();
            assert_eq!(text.get(5..7), Some(format!("{number:02}").as_str()));
            assert!(text.ends_with("Aug 2026 07:05:07 +0000"), "{text}");
            let parsed = OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc2822).unwrap();
            assert_eq!(parsed, day);
            day += time::Duration::DAY;
        }
    }
}
