//! Limits: what one client, and all clients together, may take of this machine.
//!
//! A client is its peer address: IPv4 as it is, IPv6 by its /64, since that is what one customer of
//! a network gets. Headers such as `X-Forwarded-For` are never believed: anyone can write them.
//! Behind a proxy every request has the proxy's address; there the proxy limits, and `rate` here
//! is set to what all of them may do together.
//!
//! Loopback is not limited unless the configuration says so: what runs on the log's own machine
//! (its agents, a proxy, a benchmark) is the operator's.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors kept free for the log's own files and for accepting.
pub(super) const RESERVED_DESCRIPTORS: u64 = 256;

/// How many clients' buckets are kept at most before full ones are forgotten early.
const MAX_BUCKETS: usize = 65_536;

/// How many requests and connections clients may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Open connections of all clients together.
    pub connections: usize,
    /// Open connections of one client.
    pub connections_per_client: usize,
    /// Requests a second of one client, in the long run; `None` for no limit.
    pub rate: Option<NonZeroU32>,
    /// Requests of one client at once, beyond the rate.
    pub burst: NonZeroU32,
    /// Whether clients on this machine are limited as well.
    pub limit_loopback: bool,
}

impl Default for ClientLimits {
    /// Room for a campus, not for a flood: 5,000 requests a second are the whole industry's
    /// evidence, and what an auditor needs to read 1.2 million entries a second.
    fn default() -> Self {
        Self {
            connections: 12_000,
            connections_per_client: 1_024,
            rate: NonZeroU32::new(5_000),
            burst: NonZeroU32::new(10_000).expect("not zero"),
            limit_loopback: false,
        }
    }
}

/// A client, as the limits know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// The client behind a peer address.
    #[must_use]
    pub fn of(peer: SocketAddr) -> Self {
        Self(match peer.ip().to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) if address.is_loopback() => IpAddr::V6(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }

    /// Whether it is this machine itself.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.0.is_loopback()
    }
}

/// Counts what clients do against [`ClientLimits`].
pub struct Clients {
    limits: ClientLimits,
    requests: Option<DefaultKeyedRateLimiter<Client>>,
    clock: DefaultClock,
    open: Mutex<HashMap<Client, usize>>,
}

impl Clients {
    /// Starts with nobody known.
    #[must_use]
    pub fn new(limits: ClientLimits) -> Self {
        let quota = |rate| Quota::per_second(rate).allow_burst(limits.burst);
        let requests = limits.rate.map(|rate| RateLimiter::keyed(quota(rate)));
        Self { limits, requests, clock: DefaultClock::default(), open: Mutex::default() }
    }

    /// Counts one request; else says after how long the next one is welcome.
    pub fn check_request(&self, client: Client) -> Result<(), Duration> {
        let Some(requests) = &self.requests else { return Ok(()) };
        if self.is_exempt(client) {
            return Ok(());
        }
        requests.check_key(&client).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Counts the entries of a batch, whose request is counted already, as if each had come alone;
    /// else says after how long the batch is welcome. A batch is never more than a whole burst.
    pub(super) fn check_entries(&self, client: Client, entries: usize) -> Result<(), Duration> {
        let Some(requests) = &self.requests else { return Ok(()) };
        let more = u32::try_from(entries).unwrap_or(u32::MAX).min(self.limits.burst.get());
        let Some(more) = NonZeroU32::new(more.saturating_sub(1)) else { return Ok(()) };
        if self.is_exempt(client) {
            return Ok(());
        }
        let counted = requests.check_key_n(&client, more).expect("it is less than the burst");
        counted.map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Counts one connection until the answer is dropped; `None` when the client has enough.
    #[must_use]
    pub fn open(self: &Arc<Self>, client: Client) -> Option<Opened> {
        if self.is_exempt(client) {
            return Some(Opened { clients: Arc::clone(self), client: None });
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count >= self.limits.connections_per_client {
            return None;
        }
        *count += 1;
        Some(Opened { clients: Arc::clone(self), client: Some(client) })
    }

    /// Forgets clients that have been quiet. To be called every second or so, so that the table is
    /// as large as the number of clients of the last few seconds and no larger.
    pub fn forget_quiet(&self) {
        if let Some(requests) = &self.requests {
            requests.retain_recent();
            if requests.len() < MAX_BUCKETS {
                requests.shrink_to_fit();
            }
        }
    }

    /// The client, unless it is passed over.
    pub(super) fn counted(&self, client: Client) -> Option<Client> {
        (!self.is_exempt(client)).then_some(client)
    }

    const fn is_exempt(&self, client: Client) -> bool {
        client.is_loopback() && !self.limits.limit_loopback
    }
}

/// A connection that counts for its client as long as this lives.
pub struct Opened {
    clients: Arc<Clients>,
    client: Option<Client>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut open = self.clients.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = open.get_mut(&client) else { return };
        *count -= 1;
        if *count == 0 {
            open.remove(&client);
        }
    }
}

/// Raises the process's limit of file descriptors as far as `connections` needs and the system
/// allows, and returns how many connections then fit.
pub(super) fn make_room_for(connections: usize) -> io::Result<usize> {
    let want = connections as u64 + RESERVED_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is "no limit" in either field.
    let reachable = maximum.map_or(want, |maximum| maximum.min(want));
    if current.is_some_and(|current| current < reachable) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum })?;
    }
    let have = current.map_or(want, |current| current.max(reachable));
    let room = have.saturating_sub(RESERVED_DESCRIPTORS).max(1);
    Ok(connections.min(usize::try_from(room).unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::of(SocketAddr::new(address.parse().unwrap(), 9))
    }

    fn limits() -> ClientLimits {
        ClientLimits {
            connections_per_client: 2,
            rate: NonZeroU32::new(1),
            burst: NonZeroU32::new(3).unwrap(),
            ..ClientLimits::default()
        }
    }

    #[test]
    fn a_client_has_a_burst_and_then_its_rate() {
        let clients = Clients::new(limits());
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        for _ in 0..3 {
            assert_eq!(clients.check_request(one), Ok(()));
        }
        let wait = clients.check_request(one).unwrap_err();
        assert!(wait <= Duration::from_secs(1) && wait > Duration::ZERO, "{wait:?}");
        assert_eq!(clients.check_request(other), Ok(()));
    }

    #[test]
    fn a_batch_counts_as_its_entries_and_at_most_as_a_burst() {
        let clients = Clients::new(limits());
        let one = client("192.0.2.1");
        for entries in [0, 1] {
            assert_eq!(clients.check_entries(one, entries), Ok(()), "its request is counted");
        }
        assert_eq!(clients.check_entries(one, 3), Ok(()));
        assert!(clients.check_entries(one, 4096).is_err());
        assert_eq!(clients.check_request(one), Ok(()));
        assert!(clients.check_request(one).is_err());
        assert_eq!(clients.check_entries(client("192.0.2.2"), 4096), Ok(()));
        assert!(clients.check_entries(client("192.0.2.2"), 3).is_err());
        assert_eq!(clients.check_entries(client("127.0.0.1"), 4096), Ok(()));
    }

    #[test]
    fn one_network_is_one_client() {
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }

    #[test]
    fn loopback_is_limited_only_when_asked() {
        let strict = ClientLimits { limit_loopback: true, ..limits() };
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            for (limits, refused) in [(limits(), 0), (strict, 7)] {
                let clients = Clients::new(limits);
                let answers = (0..10).map(|_| clients.check_request(client(address)));
                assert_eq!(answers.filter(Result::is_err).count(), refused, "{address}");
            }
        }
    }

    #[test]
    fn connections_are_counted_down_again() {
        let clients = Arc::new(Clients::new(limits()));
        let one = client("192.0.2.1");
        let first = clients.open(one).unwrap();
        let second = clients.open(one).unwrap();
        assert!(clients.open(one).is_none());
        assert!(clients.open(client("192.0.2.2")).is_some());
        drop(first);
        assert!(clients.open(one).is_some());
        drop(second);
        assert!(clients.open.lock().unwrap().is_empty());
    }

    #[test]
    fn quiet_clients_are_forgotten() {
        let quick = ClientLimits { rate: NonZeroU32::new(1_000), ..limits() };
        let clients = Clients::new(quick);
        for at in 0..200 {
            let address = format!("192.0.2.{at}");
            let _ = clients.check_request(client(&address));
        }
        std::thread::sleep(Duration::from_millis(20));
        clients.forget_quiet();
        assert_eq!(clients.requests.as_ref().unwrap().len(), 0);
    }

    #[test]
    fn without_a_rate_nothing_is_limited() {
        let clients = Clients::new(ClientLimits { rate: None, ..limits() });
        assert!((0..100).all(|_| clients.check_request(client("192.0.2.1")).is_ok()));
    }

    #[test]
    fn connections_fit_below_the_descriptors() {
        let room = make_room_for(100).unwrap();
        assert_eq!(room, 100);
        let most = make_room_for(usize::MAX >> 16).unwrap();
        let limit = getrlimit(Resource::Nofile).current;
        assert!(limit.is_none_or(|limit| most as u64 + RESERVED_DESCRIPTORS <= limit));
    }
}
