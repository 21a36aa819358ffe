//! Which network addresses a request may go to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is not the internet, or is not reached as such.
///
/// Source: the IANA IPv4 Special-Purpose Address Registry, multicast, and what is reserved. `168.63.129.16` is a service of Azure's
/// hosts for their machines, at an address that looks like any other.
const NOT_PUBLIC: [([u8; 4], u8); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// What of `2000::/3`, outside of which there is no public address, is not public or leads to an IPv4 address.
///
/// Source: the IANA IPv6 Special-Purpose Address Registry: IETF protocols with Teredo and ORCHID, documentation, 6to4.
const NOT_PUBLIC_V6: [([u16; 2], u8); 4] = [
    ([0x2001, 0], 23),
    ([0x2001, 0x0db8], 32),
    ([0x2002, 0], 16),
    ([0x3fff, 0], 20),
];

static NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let v4 = NOT_PUBLIC
        .iter()
        .map(|(start, length)| Ipv4Net::new_assert(Ipv4Addr::from(*start), *length).into());
    let v6 = NOT_PUBLIC_V6.iter().map(|([first, second], length)| {
        let start = Ipv6Addr::new(*first, *second, 0, 0, 0, 0, 0, 0);
        Ipv6Net::new_assert(start, *length).into()
    });
    v4.chain(v6).collect()
});

/// The addresses that requests may go to: public ones, and those of networks that the settings name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses(Arc<[IpNet]>);

impl Addresses {
    /// Returns public addresses, and these networks.
    pub(crate) fn public_and(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Says whether a request may go to an address.
    pub(crate) fn allow(&self, address: IpAddr) -> bool {
        // `::ffff:127.0.0.1` is connected to as 127.0.0.1.
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address)) || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    let is_unicast = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => address.segments().first().is_some_and(|first| first >> 13 == 1),
    };
    is_unicast && !NETWORKS.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(networks: &[&str], address: &str) -> bool {
        let networks: Vec<IpNet> = networks.iter().map(|network| network.parse().unwrap()).collect();
        Addresses::public_and(&networks).allow(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_allowed() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allow(&[], address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.128.0.1",
            "168.63.129.17",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert!(allow(&[], address), "{address}");
        }
    }

    #[test]
    fn a_network_of_the_settings_is_allowed_and_its_neighbours_are_not() {
        let networks = ["10.1.0.0/16", "fd00:1::/32"];
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5", "1.1.1.1"] {
            assert!(allow(&networks, address), "{address}");
        }
        for address in ["10.2.0.1", "fd00:2::1", "127.0.0.1"] {
            assert!(!allow(&networks, address), "{address}");
        }
    }
}
