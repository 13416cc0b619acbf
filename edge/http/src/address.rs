//! Where a request comes from, behind a proxy or not.

use std::{fmt, net::IpAddr, str::FromStr};

use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// A range of addresses: `10.0.0.0/8`, or one address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Whether the address is in the range. An IPv4 address that came in IPv6's clothes counts as
    /// itself.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix_bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix_bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The text was neither an address nor a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANetwork;

impl fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither an address nor a range like 10.0.0.0/8")
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| NotANetwork)?,
            None => bits_max,
        };
        if prefix_bits > bits_max {
            return Err(NotANetwork);
        }
        Ok(Self { address, prefix_bits })
    }
}

/// The client's address: the peer's own, or, when the peer is a proxy that is trusted, the last one
/// in `X-Forwarded-For` that no trusted proxy has.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let lists: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    for hop in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// Whether a request comes from this machine itself, not through a proxy on it.
pub(crate) fn is_local(peer: IpAddr, headers: &HeaderMap) -> bool {
    let forwarded = [FORWARDED_FOR, REAL_IP, http::header::FORWARDED, http::header::VIA];
    peer.to_canonical().is_loopback() && !forwarded.iter().any(|name| headers.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> IpAddr {
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        client(ip(peer), &headers, &trusted)
    }

    #[test]
    fn ranges_hold_what_they_name() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains(ip("10.1.255.1")));
        assert!(network.contains(ip("::ffff:10.1.2.3")));
        assert!(!network.contains(ip("10.2.0.1")));
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains(ip("8.8.8.8")) && !everything.contains(ip("::1")));
        let one: Network = "::1".parse().unwrap();
        assert!(one.contains(ip("::1")) && !one.contains(ip("::2")));
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "home"] {
            assert_eq!(bad.parse::<Network>(), Err(NotANetwork), "{bad}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("9.9.9.9", &["1.1.1.1"], &[]), ip("9.9.9.9"));
        assert_eq!(seen("9.9.9.9", &["1.1.1.1"], &["10.0.0.0/8"]), ip("9.9.9.9"));
        assert_eq!(seen("10.0.0.1", &["1.1.1.1"], &["10.0.0.0/8"]), ip("1.1.1.1"));
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), ip("10.0.0.1"));
    }

    #[test]
    fn what_the_client_wrote_itself_is_left_of_the_first_foreign_hop() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], &trusted), ip("1.1.1.1"));
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "1.1.1.1"], &trusted), ip("1.1.1.1"));
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, rubbish"], &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_make_its_callers_local() {
        let mut headers = HeaderMap::new();
        assert!(is_local(ip("127.0.0.1"), &headers) && is_local(ip("::ffff:127.0.0.1"), &headers));
        assert!(!is_local(ip("10.0.0.1"), &headers));
        headers.insert(FORWARDED_FOR, "127.0.0.1".parse().unwrap());
        assert!(!is_local(ip("127.0.0.1"), &headers));
    }
}
