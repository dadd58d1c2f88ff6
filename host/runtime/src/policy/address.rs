//! Whether an address may be reached. Every address passes here: DNS answers, the operator's overrides and literals.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Which addresses the operator opened, and whether private ones are open anyway.
#[derive(Debug, Clone, Default)]
pub(crate) struct AddressRule {
    pub(crate) allowed: Vec<IpNet>,
    pub(crate) private: bool,
    /// This machine's own addresses are open, too.
    pub(crate) loopback: bool,
}

impl AddressRule {
    /// Refuses with the kind of address it is.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), &'static str> {
        let address = unwrapped(address);
        if let Some(kind) = never(address) {
            return Err(kind);
        }
        match private(address) {
            Some(kind) if !self.opens(kind) && !self.allowed.iter().any(|net| net.contains(&address)) => Err(kind),
            _ => Ok(()),
        }
    }

    /// Whether this kind of address is open without the operator's leave.
    fn opens(&self, kind: &str) -> bool {
        if kind == "loopback" { self.loopback } else { self.private }
    }
}

/// The address, where a URL's host is one. The `url` crate has turned odd notations into these before.
pub(crate) fn literal(host: &url::Host<String>) -> Option<IpAddr> {
    match host {
        url::Host::Domain(_) => None,
        url::Host::Ipv4(address) => Some((*address).into()),
        url::Host::Ipv6(address) => Some((*address).into()),
    }
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, translated (64:ff9b::/96) or 6to4 (2002::/16).
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            v4(high, low)
        }
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        _ => address,
    }
}

/// Addresses that nobody can open: they lead to the machine's own surroundings, or nowhere.
fn never(address: IpAddr) -> Option<&'static str> {
    /// Where Azure, AWS and Alibaba keep their metadata and wire servers outside the link-local ranges.
    const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    const ALIBABA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const AWS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(v4) => match v4.octets() {
            [169, 254, ..] => Some("link-local"),
            _ if v4 == AZURE || v4 == ALIBABA => Some("a metadata address"),
            [0, ..] | [224..=255, ..] => Some("not a host"),
            _ => None,
        },
        IpAddr::V6(v6) => match v6.segments() {
            [0xfe80..=0xfebf, ..] => Some("link-local"),
            _ if v6 == AWS => Some("a metadata address"),
            [0, 0, 0, 0, 0, 0, 0, 0] | [0xff00..=0xffff, ..] => Some("not a host"),
            _ => None,
        },
    }
}

/// Addresses that only the operator opens.
fn private(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => match v4.octets() {
            [127, ..] => Some("loopback"),
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
            [100, 64..=127, ..] => Some("carrier-grade NAT"),
            [192, 0, 0, _] | [198, 18..=19, ..] => Some("reserved"),
            _ => None,
        },
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
            [0xfc00..=0xfdff, ..] => Some("private"),
            [0xfec0..=0xfeff, ..] => Some("private"),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::AddressRule;

    #[test]
    fn the_address_table() {
        let closed = AddressRule::default();
        let open = AddressRule {
            allowed: ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::1/128", "0.0.0.0/0", "::/0"]
                .map(|net| net.parse().unwrap())
                .to_vec(),
            ..AddressRule::default()
        };
        let private = AddressRule { allowed: Vec::new(), private: true, loopback: true };
        let learnt = AddressRule { loopback: false, ..private.clone() };
        for (address, without, with) in [
            ("93.184.216.34", true, true),
            ("2606:2800:220:1::1", true, true),
            ("10.1.2.3", false, true),
            ("172.16.0.1", false, true),
            ("172.32.0.1", true, true),
            ("192.168.1.1", false, true),
            ("100.64.0.1", false, true),
            ("100.128.0.1", true, true),
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("fd12::1", false, true),
            ("::ffff:10.0.0.1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("64:ff9b::7f00:1", false, true),
            ("2002:7f00:1::", false, true),
            ("::127.0.0.1", false, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("64:ff9b::a9fe:a9fe", false, false),
            ("fe80::1", false, false),
            ("168.63.129.16", false, false),
            ("100.100.100.200", false, false),
            ("fd00:ec2::254", false, false),
            ("0.0.0.0", false, false),
            ("::", false, false),
            ("255.255.255.255", false, false),
            ("224.0.0.1", false, false),
            ("ff02::1", false, false),
        ] {
            let address_value = address.parse().unwrap();
            assert_eq!(closed.check(address_value).is_ok(), without, "{address}");
            assert_eq!(open.check(address_value).is_ok(), with, "{address} opened");
            assert_eq!(private.check(address_value).is_ok(), with, "{address} as the plugin's own URL");
            let own = closed.check(address_value) == Err("loopback");
            assert_eq!(learnt.check(address_value).is_ok(), with && !own, "{address} as a learnt origin");
        }
    }
}
