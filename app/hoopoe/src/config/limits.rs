//! `[limits]`: what one caller may use.

use std::num::NonZeroU32;

use hoopoe_kernel::RateTable;
use hoopoe_wire::limits::{self, Limit};
use serde::Deserialize;

/// The section.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsConfig {
    /// Off lifts the rates and the caps on connections.
    pub(crate) enabled: bool,
    /// Sends per second and user.
    pub(crate) sends_per_s: NonZeroU32,
    /// Sends that may come at once.
    pub(crate) sends_burst: NonZeroU32,
    /// Other commands per second and user.
    pub(crate) reads_per_s: NonZeroU32,
    /// Commands per second and server key.
    pub(crate) server_key_per_s: NonZeroU32,
    /// Passwords per second and address.
    pub(crate) sign_ins_per_s: NonZeroU32,
    /// Passwords that may come at once.
    pub(crate) sign_ins_burst: NonZeroU32,
    /// Connections of one address (IPv6: of one /64); none are counted on loopback.
    pub(crate) connections_per_address: NonZeroU32,
    /// Connections of the whole server, sockets and others apart.
    pub(crate) connections: NonZeroU32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let at_least_1 = |value: u32| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
        let per_address = u32::try_from(limits::CONNECTIONS_PER_ADDRESS_MAX).unwrap_or(u32::MAX);
        let connections = u32::try_from(limits::CONNECTIONS_MAX).unwrap_or(u32::MAX);
        Self {
            enabled: true,
            sends_per_s: at_least_1(limits::SENDS_PER_S),
            sends_burst: at_least_1(limits::SENDS_BURST),
            reads_per_s: at_least_1(limits::READS_PER_S),
            server_key_per_s: at_least_1(limits::SERVER_KEY_PER_S),
            sign_ins_per_s: at_least_1(limits::SIGN_INS_PER_S),
            sign_ins_burst: at_least_1(limits::SIGN_INS_BURST),
            connections_per_address: at_least_1(per_address),
            connections: at_least_1(connections),
        }
    }
}

impl LimitsConfig {
    /// For the rate limiter.
    pub(crate) fn rates(&self) -> RateTable {
        RateTable {
            enabled: self.enabled,
            sends_per_s: self.sends_per_s.get(),
            sends_burst: self.sends_burst.get(),
            server_key_per_s: self.server_key_per_s.get(),
            reads_per_s: self.reads_per_s.get(),
            sign_ins_per_s: self.sign_ins_per_s.get(),
            sign_ins_burst: self.sign_ins_burst.get(),
        }
    }

    /// Connections of one address; `None`: no limit.
    pub(crate) fn connections(&self) -> Option<usize> {
        let max = usize::try_from(self.connections_per_address.get()).unwrap_or(usize::MAX);
        self.enabled.then_some(max)
    }

    /// Connections of the whole server; `None`: no limit.
    pub(crate) fn connections_max(&self) -> Option<usize> {
        self.enabled.then(|| usize::try_from(self.connections.get()).unwrap_or(usize::MAX))
    }

    /// The limits as they hold on this server. A limit that was lifted is not among them.
    pub(crate) fn effective(&self) -> Vec<Limit> {
        let configured = [
            ("sends_per_s", self.sends_per_s),
            ("sends_burst", self.sends_burst),
            ("reads_per_s", self.reads_per_s),
            ("server_key_per_s", self.server_key_per_s),
            ("sign_ins_per_s", self.sign_ins_per_s),
            ("sign_ins_burst", self.sign_ins_burst),
            ("connections_per_address_max", self.connections_per_address),
            ("connections_max", self.connections),
        ];
        let mut effective = Vec::new();
        for mut limit in limits::all() {
            match configured.iter().find(|(name, _)| *name == limit.name) {
                Some(_) if !self.enabled => continue,
                Some((_, value)) => limit.value = u64::from(value.get()),
                None => {}
            }
            effective.push(limit);
        }
        effective
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_what_is_published() {
        let limits = LimitsConfig::default();
        assert_eq!(limits.effective().len(), limits::all().len());
        assert_eq!(limits.connections(), Some(limits::CONNECTIONS_PER_ADDRESS_MAX));
    }
}
