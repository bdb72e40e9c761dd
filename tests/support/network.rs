//! Hosts of a small network, each a network namespace, joined by a bridge in one more.
//!
//! ```text
//! factory --+
//! log ------+-- bridge (in a namespace of its own)
//! witness --+
//! ```
//!
//! A host's cable can be pulled, which it sees; or what two hosts send each other can be lost, which
//! neither is told.
//!
//! Included by path from the tests that want it. Invariants: the machine's own network is never touched, since every link is made inside the
//! bridge's namespace with its other end in a host's; names hold the process's ID, so that two runs
//! never meet; dropping the network removes all of it, also after a panic.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tests::programs::program;

/// The program that makes all of it.
const IP: &str = "ip";

/// Which Debian package has it.
const PACKAGE: &str = "iproute2";

/// An address of hardware that nothing here has: what is sent to it is lost.
const NOWHERE: &str = "02:00:00:00:00:00";

/// Where `ip` keeps namespaces.
const NAMESPACES: &str = "/run/netns";

/// Why there is no network.
pub(crate) enum NoNetwork {
    /// The program is not installed.
    Missing,
    /// The machine does not let us.
    Refused(String),
}

impl std::fmt::Display for NoNetwork {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => write!(formatter, "`{IP}` is missing: install the package {PACKAGE}"),
            Self::Refused(why) => write!(formatter, "{why}"),
        }
    }
}

/// The network. Whatever runs in it must end before it is dropped.
pub(crate) struct Network {
    prefix: String,
    hosts: Vec<&'static str>,
    /// The namespaces that exist.
    made: Vec<String>,
}

impl Network {
    /// Joins hosts of these names.
    pub(crate) fn new(hosts: &[&'static str]) -> Result<Self, NoNetwork> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("fiducial-{}-{number}", std::process::id());
        let mut network = Self { prefix, hosts: hosts.to_vec(), made: Vec::new() };
        // What was made before an error goes with the value.
        network.build()?;
        Ok(network)
    }

    /// The network that another process has made, and will remove.
    pub(crate) fn of(prefix: String, hosts: &[&'static str]) -> Self {
        Self { prefix, hosts: hosts.to_vec(), made: Vec::new() }
    }

    fn build(&mut self) -> Result<(), NoNetwork> {
        let bridge = self.add("bridge")?;
        ip(&["-n", &bridge, "link", "add", "br0", "type", "bridge"])?;
        ip(&["-n", &bridge, "link", "set", "br0", "up"])?;
        for host in self.hosts.clone() {
            let own = self.add(host)?;
            let veth = ["-n", &bridge, "link", "add", host, "type", "veth"];
            ip(&[&veth[..], &["peer", "name", "eth0", "netns", &own]].concat())?;
            ip(&["-n", &bridge, "link", "set", host, "master", "br0"])?;
            let address = format!("{}/24", self.address(host));
            ip(&["-n", &own, "address", "add", &address, "dev", "eth0"])?;
            ip(&["-n", &own, "link", "set", "lo", "up"])?;
            ip(&["-n", &own, "link", "set", "eth0", "up"])?;
            self.link(host, true)?;
        }
        // Whether programs can be started there at all.
        let first = self.namespace(self.hosts[0]);
        ip(&["netns", "exec", &first, IP, "link"])
    }

    fn add(&mut self, name: &str) -> Result<String, NoNetwork> {
        let namespace = self.namespace(name);
        ip(&["netns", "add", &namespace])?;
        self.made.push(namespace.clone());
        Ok(namespace)
    }

    /// What the names of all its namespaces begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    fn namespace(&self, host: &str) -> String {
        format!("{}-{host}", self.prefix)
    }

    /// The address of a host, which exists inside this network only.
    pub(crate) fn address(&self, host: &str) -> String {
        let at = self.hosts.iter().position(|one| *one == host).expect("a host of this network");
        format!("10.77.0.{}", at + 1)
    }

    /// Plugs a host's cable in, or pulls it.
    pub(crate) fn link(&self, host: &str, up: bool) -> Result<(), NoNetwork> {
        let state = if up { "up" } else { "down" };
        ip(&["-n", &self.namespace("bridge"), "link", "set", host, state])
    }

    /// Loses what two hosts send each other from now on, or no longer does.
    pub(crate) fn lose(&self, one: &str, other: &str, lost: bool) -> Result<(), NoNetwork> {
        for (host, peer) in [(one, other), (other, one)] {
            let (own, address) = (self.namespace(host), self.address(peer));
            let neighbour = ["-n", &own, "neighbour"];
            let order: &[&str] = match lost {
                true => &["replace", &address, "lladdr", NOWHERE, "nud", "permanent"],
                // Asked for anew with the next packet.
                false => &["delete", &address],
            };
            ip(&[&neighbour[..], order, &["dev", "eth0"]].concat())?;
        }
        Ok(())
    }

    /// The file that stands for a host's namespace.
    pub(crate) fn path(&self, host: &str) -> PathBuf {
        Path::new(NAMESPACES).join(self.namespace(host))
    }

    /// The network of all hosts, as rules of access name it.
    pub(crate) const fn whole() -> &'static str {
        "10.77.0.0/24"
    }

    /// A program that will run on a host.
    pub(crate) fn command(&self, host: &str, name: &str, folder: &Path) -> Command {
        let mut command = self.within(host, &program(name));
        command.current_dir(folder).env("LC_ALL", "C.UTF-8").env_remove("RUST_LOG");
        command.stdin(Stdio::null());
        command
    }

    /// Any program on a host. `ip` becomes the program: to kill the one is to kill the other.
    pub(crate) fn within(&self, host: &str, program: &Path) -> Command {
        let mut command = Command::new(IP);
        command.args(["netns", "exec", &self.namespace(host)]).arg(program);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for namespace in self.made.drain(..) {
            // The links go with the namespace at either of their ends.
            if let Err(why) = ip(&["netns", "delete", &namespace]) {
                eprintln!("{namespace} stays behind: {why}");
            }
        }
    }
}

fn ip(words: &[&str]) -> Result<(), NoNetwork> {
    let output = Command::new(IP).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => NoNetwork::Missing,
        _ => NoNetwork::Refused(format!("{IP}: {error}")),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(NoNetwork::Refused(format!("{IP} {}: {said}", words.join(" "))))
}
