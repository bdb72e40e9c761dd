//! How often: one log may ask as often as its list says, one client as often as it is let.
//!
//! A log's share is counted only for requests that are signed by the log and would be cosigned;
//! else anyone could use it up. A checkpoint is public, so anyone can also ask for the latest one
//! to be signed afresh: such requests have a share of their own, apart from those that grow the log.
//!
//! A share of `qpd` requests a day comes evenly over the day, with a burst of an hour's worth and no
//! fewer than [`MIN_BURST`], so that a log can ask again after a 409.
//!
//! A client is its peer address: IPv4 as it is, IPv6 by its /64. Headers are never believed. This
//! machine itself is not limited.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The fewest requests that a log may make at once.
pub const MIN_BURST: u32 = 8;

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

/// What one log may ask for.
#[derive(Debug)]
pub struct LogLimit {
    qpd: u32,
    growth: DefaultDirectRateLimiter,
    again: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl LogLimit {
    /// Starts with a full share.
    #[must_use]
    pub fn new(qpd: NonZeroU32) -> Self {
        let burst = NonZeroU32::new((qpd.get() / 24).max(MIN_BURST)).expect("not zero");
        // A day holds more nanoseconds than a u32 counts, so the period is never zero.
        let quota = Quota::with_period(DAY / qpd.get()).expect("not zero").allow_burst(burst);
        let limiter = || RateLimiter::direct(quota);
        let clock = DefaultClock::default();
        Self { qpd: qpd.get(), growth: limiter(), again: limiter(), clock }
    }

    /// The requests a day.
    #[must_use]
    pub const fn qpd(&self) -> u32 {
        self.qpd
    }

    /// Counts one request, one that grows the log or the latest one again; else says after how long
    /// the next one is welcome.
    pub fn check(&self, grows: bool) -> Result<(), Duration> {
        let limiter = if grows { &self.growth } else { &self.again };
        limiter.check().map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

/// What clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Open connections of all clients together.
    pub connections: usize,
    /// Open connections of one client.
    pub connections_per_client: usize,
    /// Requests a second of one client, in the long run.
    pub rate: NonZeroU32,
    /// Whether this machine itself is limited as well.
    pub limit_loopback: bool,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_client: 256,
            rate: NonZeroU32::new(1_000).expect("not zero"),
            limit_loopback: false,
        }
    }
}

/// Counts what clients do.
pub struct Clients {
    limits: ClientLimits,
    requests: DefaultKeyedRateLimiter<IpAddr>,
    open: Mutex<HashMap<IpAddr, usize>>,
    clock: DefaultClock,
}

impl Clients {
    /// Starts with nobody known.
    #[must_use]
    pub fn new(limits: ClientLimits) -> Self {
        let quota = Quota::per_second(limits.rate);
        let clock = DefaultClock::default();
        Self { limits, requests: RateLimiter::keyed(quota), open: Mutex::default(), clock }
    }

    /// Counts one request; else says after how long the next one is welcome.
    pub fn check_request(&self, peer: SocketAddr) -> Result<(), Duration> {
        let client = client_of(peer);
        if self.is_exempt(client) {
            return Ok(());
        }
        let checked = self.requests.check_key(&client);
        checked.map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Counts one connection until the answer is dropped; `None` when the client has enough.
    #[must_use]
    pub fn open(self: &Arc<Self>, peer: SocketAddr) -> Option<Opened> {
        let client = client_of(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count >= self.limits.connections_per_client && !self.is_exempt(client) {
            return None;
        }
        *count += 1;
        Some(Opened { clients: Arc::clone(self), client })
    }

    /// Forgets clients that have been quiet. To be called every second or so.
    pub fn forget_quiet(&self) {
        self.requests.retain_recent();
        self.requests.shrink_to_fit();
    }

    const fn is_exempt(&self, client: IpAddr) -> bool {
        client.is_loopback() && !self.limits.limit_loopback
    }
}

/// A connection that counts for its client as long as this lives.
pub struct Opened {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let mut open = self.clients.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = open.get_mut(&self.client) else { return };
        *count -= 1;
        if *count == 0 {
            open.remove(&self.client);
        }
    }
}

fn client_of(peer: SocketAddr) -> IpAddr {
    match peer.ip().to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 9)
    }

    #[test]
    fn a_log_has_a_burst_and_then_its_share_of_the_day() {
        for (qpd, burst) in [(1, 8), (24, 8), (240, 10), (86_400, 3_600)] {
            let limit = LogLimit::new(NonZeroU32::new(qpd).unwrap());
            assert!((0..burst).all(|_| limit.check(true).is_ok()), "{qpd}");
            let wait = limit.check(true).unwrap_err();
            assert!(wait <= DAY / qpd && wait > DAY / qpd / 2, "{qpd}: {wait:?}");
            // Fresh signatures of the latest checkpoint, which anyone can ask for, cost no growth.
            assert!((0..burst).all(|_| limit.check(false).is_ok()), "{qpd}");
            assert!(limit.check(false).is_err());
        }
        assert!(LogLimit::new(NonZeroU32::new(i32::MAX as u32).unwrap()).check(true).is_ok());
    }

    #[test]
    fn a_client_is_a_network_and_is_limited_unless_it_is_this_machine() {
        let rate = NonZeroU32::new(3).unwrap();
        let clients =
            Clients::new(ClientLimits { rate, connections_per_client: 1, ..Default::default() });
        for address in ["192.0.2.1", "2001:db8::1"] {
            let answers = (0..9).map(|_| clients.check_request(peer(address)));
            assert_eq!(answers.filter(Result::is_err).count(), 6);
        }
        assert!(clients.check_request(peer("2001:db8::ffff:2")).is_err());
        assert!(clients.check_request(peer("::ffff:192.0.2.1")).is_err());
        assert!((0..99).all(|_| clients.check_request(peer("127.0.0.1")).is_ok()));
        let clients = Arc::new(clients);
        let first = clients.open(peer("192.0.2.1")).unwrap();
        assert!(clients.open(peer("192.0.2.1")).is_none());
        assert!(clients.open(peer("192.0.2.2")).is_some());
        drop(first);
        assert!(clients.open(peer("192.0.2.1")).is_some());
        assert!(clients.open.lock().unwrap().is_empty());
    }
}
