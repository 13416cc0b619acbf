//! How many connections each household has open.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hoopoe_wire::{ErrorCode, codes};
use metrics::Gauge;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// The books of open connections. Loopback is not counted against the limit.
pub(crate) struct Connections {
    per_address_max: Option<usize>,
    max: usize,
    count: AtomicUsize,
    by_address: Mutex<FxHashMap<IpAddr, usize>>,
    open: Gauge,
}

impl Connections {
    /// Empty books; without a limit only the metric is kept.
    pub(crate) fn new(per_address_max: Option<usize>, max: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            per_address_max,
            max: max.unwrap_or(usize::MAX),
            count: AtomicUsize::new(0),
            by_address: Mutex::default(),
            open: metrics::gauge!("hoopoe_http_connections"),
        })
    }

    /// Enters a connection, or refuses it when its household, or the server, has as many as it may.
    pub(crate) fn enter(
        self: &Arc<Self>,
        peer: IpAddr,
    ) -> Result<OpenConnection, &'static ErrorCode> {
        if self.count.load(Ordering::Relaxed) >= self.max {
            return Err(&codes::UNAVAILABLE);
        }
        let peer = peer.to_canonical();
        let counted = self.per_address_max.filter(|_| !peer.is_loopback());
        let household = match counted {
            None => None,
            Some(max) => {
                let household = hoopoe_kernel::network(peer);
                let mut by_address = self.by_address.lock();
                let count = by_address.entry(household).or_insert(0);
                if *count >= max {
                    return Err(&codes::TOO_MANY_CONNECTIONS);
                }
                *count += 1;
                Some(household)
            }
        };
        self.open.increment(1.0);
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(OpenConnection { books: self.clone(), household })
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
        self.books.count.fetch_sub(1, Ordering::Relaxed);
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
        let books = Connections::new(Some(2), None);
        let first = books.enter(ip("2001:db8::1"));
        let second = books.enter(ip("2001:db8::2"));
        assert!(first.is_ok() && second.is_ok());
        assert!(books.enter(ip("2001:db8::3")).is_err(), "the same /64");
        assert!(books.enter(ip("2001:db8:0:1::1")).is_ok(), "another /64");
        drop(first);
        assert!(books.enter(ip("2001:db8::3")).is_ok());
        drop(second);
        assert!(books.by_address.lock().is_empty());
    }

    #[test]
    fn loopback_is_not_limited() {
        let books = Connections::new(Some(1), Some(4));
        let kept: Vec<_> = (0..3).map(|_| books.enter(ip("::ffff:127.0.0.1"))).collect();
        assert!(kept.iter().all(Result::is_ok));
        assert!(books.by_address.lock().is_empty());
        let last = books.enter(ip("127.0.0.1"));
        assert!(last.is_ok() && books.enter(ip("9.9.9.9")).is_err(), "the server is full");
        drop(last);
        assert!(books.enter(ip("9.9.9.9")).is_ok());
    }
}
