//! One text to the value that it stands for. Faults read after the setting's name.

use std::net::IpAddr;
use std::time::Duration;

use accord_c1z::model::ResourceId;
use accord_runtime::http::{AddressOverride, RateLimit};
use accord_runtime::provision::CredentialOption;
use accord_runtime::sync::WhenBusy;
use ipnet::IpNet;

/// An address range; a bare address is a range of one.
pub(super) fn address_range(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    parsed.map_err(|_| format!("has `{text}`, which is no address range such as 10.0.0.0/8"))
}

pub(super) fn address_override(text: &str) -> Result<AddressOverride, String> {
    let wrong = || format!("has `{text}`, which is not of the form HOST:PORT=ADDRESS:PORT");
    let (from, to) = text.split_once('=').ok_or_else(wrong)?;
    let (host, port) = from.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let address = to.parse().map_err(|_| wrong())?;
    if host.is_empty() {
        return Err(wrong());
    }
    Ok(AddressOverride { host: host.to_ascii_lowercase(), port, address })
}

/// `60/min`, `5/s`, `1000/h`, or a bare number for a minute.
pub(super) fn rate(text: &str) -> Result<RateLimit, String> {
    let wrong = || format!("is `{text}`, and should be a whole number with its unit, like 60/min, 5/s or 600/h");
    let (number, unit) = text.split_once('/').unwrap_or((text, "min"));
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3_600,
        _ => return Err(wrong()),
    };
    match number.trim().parse() {
        Ok(requests @ 1..=1_000_000) => Ok(RateLimit { requests, window: Duration::from_secs(seconds) }),
        _ => Err(wrong()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("is `{text}`, and should be a time such as 30s, 15m or 2h")),
    }
}

/// How long to wait for another run: `true` for as long as it takes.
pub(super) fn when_busy(text: &str) -> Result<WhenBusy, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(WhenBusy::Wait(None)),
        "false" => Ok(WhenBusy::Refuse),
        _ => duration(text).map(|at_most| WhenBusy::Wait(Some(at_most))),
    }
}

/// `true`, `1` and the like. A value that was quoted twice, as values of a Kubernetes Secret often are, is what it says.
pub(super) fn on_or_off(text: &str) -> Option<bool> {
    let text = text.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    match quoted.unwrap_or(text).to_ascii_lowercase().as_str() {
        "true" | "1" | "t" => Some(true),
        "false" | "0" | "f" => Some(false),
        _ => None,
    }
}

/// `none`, `random`, `random:24` or `sso`.
pub(super) fn new_password(text: &str) -> Result<CredentialOption, String> {
    match text.split_once(':') {
        None if text == "none" => Ok(CredentialOption::NoPassword),
        None if text == "sso" => Ok(CredentialOption::Sso),
        None if text == "random" => Ok(CredentialOption::RandomPassword(0)),
        Some(("random", length)) if length.parse().is_ok_and(|length: u32| (8..=256).contains(&length)) => {
            Ok(CredentialOption::RandomPassword(length.parse().unwrap_or_default()))
        }
        _ => Err(format!("is `{text}`, and can be none, random, random:LENGTH with a length from 8 to 256, or sso")),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number @ 1..=1800) => Ok(Duration::from_secs(number)),
        _ => Err(format!("is `{text}`, and should be a number of seconds from 1 to 1800")),
    }
}

/// `bid:r:<type>/<id>`, or with the parent's type and id in front; `\` escapes `\`, `/` and `:`.
pub(super) fn baton_id(text: &str) -> Result<ResourceId, String> {
    let wrong = || format!("has `{text}`, which is not of the form bid:r:<type>/<id>");
    let rest = text.strip_prefix("bid:r:").ok_or_else(wrong)?;
    let mut parts = vec![String::new()];
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '/' => {
                parts.push(String::new());
                continue;
            }
            '\\' => letters.next().filter(|next| matches!(next, '\\' | '/' | ':')).ok_or_else(wrong)?,
            ':' => return Err(wrong()),
            other => other,
        };
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    match parts.as_slice() {
        [kind, id] | [_, _, kind, id] if parts.iter().all(|part| !part.is_empty()) => {
            Ok(ResourceId { resource_type: kind.clone(), resource: id.clone() })
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baton_ids_are_taken_apart() {
        let id = |kind: &str, id: &str| Ok(ResourceId { resource_type: kind.to_owned(), resource: id.to_owned() });
        assert_eq!(baton_id("bid:r:group/DG1"), id("group", "DG1"));
        assert_eq!(baton_id(r"bid:r:account/DI1/group/a\/b\:c\\"), id("group", r"a/b:c\"));
        for wrong in ["nope", "bid:r:group", "bid:e:group/x", "bid:r:a/b/c", "bid:r:/x", "bid:r:a:b/c"] {
            assert!(baton_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_switch_may_be_quoted_twice() {
        for (text, on) in [("true", true), ("TRUE", true), ("\"true\"", true), ("'1'", true), ("\"false\"", false)] {
            assert_eq!(on_or_off(text), Some(on), "{text}");
        }
        for text in ["", "\"\"", "\"true", "yes", "\"'true'\""] {
            assert_eq!(on_or_off(text), None, "{text}");
        }
    }

    #[test]
    fn rates_have_units() {
        let so_many = |requests, seconds| Ok(RateLimit { requests, window: Duration::from_secs(seconds) });
        assert_eq!(rate("60/min"), so_many(60, 60));
        assert_eq!(rate("5/s"), so_many(5, 1));
        assert_eq!(rate("90"), so_many(90, 60));
        assert_eq!(rate("600 / h"), so_many(600, 3_600));
        for wrong in ["0/min", "-1/s", "x", "5/fortnight", "0.5/s", "1000001/h", "NaN/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn address_overrides_name_both_ends() {
        let wanted = AddressOverride {
            host: "api.example.com".to_owned(),
            port: 443,
            address: "127.0.0.1:8443".parse().unwrap(),
        };
        assert_eq!(address_override("API.example.com:443=127.0.0.1:8443"), Ok(wanted));
        assert!(address_override("api.example.com=127.0.0.1:8443").is_err());
        assert!(address_override("api.example.com:443=elsewhere:1").is_err());
        assert_eq!(address_range("10.1.2.3").map(|net| net.to_string()), Ok("10.1.2.3/32".to_owned()));
    }
}
