//! How many connections each household has open.

use std::{net::IpAddr, sync::Arc};

use metrics::Gauge;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// The books of open connections. Loopback is not counted against the limit.
pub(crate) struct Connections {
    per_address_max: Option<usize>,
    by_address: Mutex<FxHashMap<IpAddr, usize>>,
    open: Gauge,
}

impl Connections {
    /// Empty books; without a limit only the metric is kept.
    pub(crate) fn new(per_address_max: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            per_address_max,
            by_address: Mutex::default(),
            open: metrics::gauge!("hoopoe_http_connections"),
        })
    }

    /// Enters a connection, or refuses it when its household has as many as it may.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<OpenConnection> {
        let peer = peer.to_canonical();
        let counted = self.per_address_max.filter(|_| !peer.is_loopback());
        let household = match counted {
            None => None,
            Some(max) => {
                let household = hoopoe_kernel::network(peer);
                let mut by_address = self.by_address.lock();
                let count = by_address.entry(household).or_insert(0);
                if *count >= max {
                    return None;
                }
                *count += 1;
                Some(household)
            }
        };
        self.open.increment(1.0);
        Some(OpenConnection { books: self.clone(), household })
    }
}

/// One connection in the books, until it is dropped.
pub(crate) struct OpenConnection {
    books: Arc<Connections>,
    household: Option<IpAddr>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.books.open.decrement(1.0);
        let Some(household) = self.household else { return };
        let mut by_address = self.books.by_address.lock();
        if let Some(count) = by_address.get_mut(&household) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&household);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_household_has_its_share_and_gets_it_back() {
        let books = Connections::new(Some(2));
        let first = books.enter(ip("2001:db8::1"));
        let second = books.enter(ip("2001:db8::2"));
        assert!(first.is_some() && second.is_some());
        assert!(books.enter(ip("2001:db8::3")).is_none(), "the same /64");
        assert!(books.enter(ip("2001:db8:0:1::1")).is_some(), "another /64");
        drop(first);
        assert!(books.enter(ip("2001:db8::3")).is_some());
        drop(second);
        assert!(books.by_address.lock().is_empty());
    }

    #[test]
    fn loopback_is_not_limited() {
        let books = Connections::new(Some(1));
        let kept: Vec<_> = (0..3).map(|_| books.enter(ip("::ffff:127.0.0.1"))).collect();
        assert!(kept.iter().all(Option::is_some));
        assert!(books.by_address.lock().is_empty());
    }
}
