//! How the hosts are joined, and how two of them are parted so that neither is told.
//!
//! Where the machine allows it each host is a network namespace, and what two hosts send each other is
//! lost on the way. Elsewhere all are processes on the loopback interface, and between each two that
//! talk stands a relay that can keep back all bytes. The test says which of both it was; the variable
//! `FIDUCIAL_HOSTS=relays` asks for the second.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests::programs::program;

use crate::network::{Network, NoNetwork};
use crate::part::in_ci;
use crate::relay::Relay;

/// Where those are who write and read.
pub(crate) const CLIENTS: &str = "clients";
/// Where the database is.
pub(crate) const DATABASE: &str = "database";
/// Where the log is.
pub(crate) const SERVERS: [&str; 3] = ["server-1", "server-2", "server-3"];
/// Where those are who cosign.
pub(crate) const WITNESSES: [&str; 3] = ["witness-1", "witness-2", "witness-3"];

/// The variable that chooses.
const CHOICE: &str = "FIDUCIAL_HOSTS";

/// Says to the process inside which network it is in.
const INSIDE: &str = "FIDUCIAL_HOSTS_INSIDE";

/// The port of everything on a host of its own.
const PORT: u16 = 7070;

/// See the module's text.
pub(crate) enum Ways {
    Hosts(Network),
    Relays(Relays),
}

/// The second kind: a port for each host, and a relay for each two that talk.
pub(crate) struct Relays {
    ports: BTreeMap<&'static str, u16>,
    between: BTreeMap<(&'static str, &'static str), Relay>,
}

/// Joins all hosts, says how, and runs the test of this name where the clients are.
///
/// In a network of hosts that is another process, since a process has one network only.
#[track_caller]
pub(crate) fn among_clients(name: &str, test: impl FnOnce(Ways)) {
    if let Ok(prefix) = std::env::var(INSIDE) {
        return test(Ways::Hosts(Network::of(prefix, &hosts())));
    }
    let relays = std::env::var_os(CHOICE).is_some_and(|choice| choice == "relays");
    let why = match Network::new(&hosts()) {
        _ if relays => format!("{CHOICE} asks for it"),
        Ok(network) => {
            println!("Each host is a network namespace: what is cut off is lost on the way.");
            return run_inside(&network, name);
        }
        Err(why) => {
            let is_root = rustix::process::geteuid().is_root();
            let could = in_ci() && is_root && matches!(why, NoNetwork::Refused(_));
            assert!(!could, "this machine could have network namespaces, but: {why}");
            why.to_string()
        }
    };
    println!("All hosts are on the loopback interface, joined by relays: {why}.");
    test(Ways::Relays(Relays::new()));
}

#[track_caller]
fn run_inside(network: &Network, name: &str) {
    let mut inside = network.within(CLIENTS, &std::env::current_exe().unwrap());
    inside.args([name, "--exact", "--nocapture"]).env(INSIDE, network.prefix());
    let output = inside.stdin(Stdio::null()).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "it failed inside the network");
}

impl Ways {
    /// Where what runs on a host listens.
    pub(crate) fn listens(&self, host: &str) -> SocketAddr {
        match self {
            Self::Hosts(network) => socket(&network.address(host), PORT),
            Self::Relays(relays) => socket("127.0.0.1", relays.ports[host]),
        }
    }

    /// Where `from` finds what runs on another host.
    pub(crate) fn reaches(&self, from: &str, to: &str) -> SocketAddr {
        match self {
            Self::Hosts(_) => self.listens(to),
            Self::Relays(relays) => socket("127.0.0.1", relays.between[&(from, to)].port),
        }
    }

    /// The namespace of a host, if it has one.
    pub(crate) fn namespace(&self, host: &str) -> Option<PathBuf> {
        match self {
            Self::Hosts(network) => Some(network.path(host)),
            Self::Relays(_) => None,
        }
    }

    /// The network that all hosts are in.
    pub(crate) const fn whole(&self) -> &'static str {
        match self {
            Self::Hosts(_) => Network::whole(),
            Self::Relays(_) => "127.0.0.1/32",
        }
    }

    /// Lets nothing through between two hosts any more, or lets it through again.
    pub(crate) fn part(&self, from: &str, to: &str, parted: bool) {
        match self {
            Self::Hosts(network) => {
                network.lose(from, to, parted).unwrap_or_else(|why| panic!("{why}"));
            }
            Self::Relays(relays) => relays.between[&(from, to)].hold(parted),
        }
    }

    /// A program that will run on a host.
    pub(crate) fn command(&self, host: &str, name: &str, folder: &Path) -> Command {
        if let Self::Hosts(network) = self {
            return network.command(host, name, folder);
        }
        let mut command = Command::new(program(name));
        command.current_dir(folder).env("LC_ALL", "C.UTF-8").env_remove("RUST_LOG");
        command.stdin(Stdio::null());
        command
    }
}

impl Relays {
    fn new() -> Self {
        // All at once, so that no two are the same.
        let bound: Vec<(&str, TcpListener)> = hosts()
            .into_iter()
            .map(|host| (host, TcpListener::bind("127.0.0.1:0").unwrap()))
            .collect();
        let ports: BTreeMap<&str, u16> = bound
            .iter()
            .map(|(host, listener)| (*host, listener.local_addr().unwrap().port()))
            .collect();
        drop(bound);
        let mut talk: Vec<(&str, &str)> = Vec::new();
        for server in SERVERS {
            talk.extend([(CLIENTS, server), (server, DATABASE)]);
            talk.extend(WITNESSES.map(|witness| (server, witness)));
        }
        let between = talk.into_iter().map(|pair| (pair, Relay::start(ports[pair.1]))).collect();
        Self { ports, between }
    }
}

fn hosts() -> Vec<&'static str> {
    [&[CLIENTS, DATABASE][..], &SERVERS, &WITNESSES].concat()
}

fn socket(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}
