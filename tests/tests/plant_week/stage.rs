//! A plant at work, an agent beside it, a log with a witness beyond the way out, and everything that
//! goes wrong between them. One step of time after the other, so that it is known what the agent can
//! have seen.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tests::plant::{Disk, Plant, Stopped, What};
use tests::seed::Seed;

use crate::agent::{Agent, Clock, Turn};
use crate::oracle::{Oracle, Outcome};
use crate::proxy::Proxy;
use crate::schedule::{Fault, Schedule};
use crate::site;
use crate::support::{Server, World};
use crate::witnesses::{Panel, Witness};

/// How far the clock is turned at once: the agent looks at everything each time.
pub(crate) const STEP: u64 = 180_000;

/// How long after its end the agent is started again, as a service manager does.
const RESTART: u64 = 20_000;

/// The disk that the vault is on, and what the agent leaves free of it.
const DISK: u64 = 384 << 20;
const RESERVE: u64 = 16 << 20;

/// A small disk of its own for the vault; dropping it takes it away.
struct SmallDisk {
    folder: PathBuf,
    is_mounted: bool,
}

impl SmallDisk {
    /// Where no file system may be mounted, the disk is the test's own and never full.
    fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let size = format!("size={DISK}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder);
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        if !is_mounted {
            eprintln!("SKIPPED: a full disk, which needs the right to mount a tmpfs");
        }
        Self { folder, is_mounted }
    }

    /// Leaves so many bytes.
    fn fill(&self, left: u64) {
        use std::io::Write as _;
        if !self.is_mounted {
            return;
        }
        let mut filler = fs::File::create(self.folder.join("filler")).unwrap();
        let block = vec![0; 64 << 10];
        while self.free() > left {
            let most = usize::try_from(self.free() - left).unwrap().min(block.len());
            if filler.write_all(&block[..most]).is_err() {
                return;
            }
        }
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.folder).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    fn empty(&self) {
        let _ = fs::remove_file(self.folder.join("filler"));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        }
    }
}

/// What happened, to be sure that enough did.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    pub(crate) kills: u64,
    pub(crate) doubtful: u64,
    pub(crate) reboots: u64,
    pub(crate) log_kills: u64,
    pub(crate) clock_steps: u64,
    pub(crate) steps: u64,
    pub(crate) refused: u64,
    pub(crate) ends: u64,
    pub(crate) stops: u64,
}

/// All of it.
pub(crate) struct Stage {
    // Before the world, whose folder it is in.
    agent: Option<Agent>,
    disk: SmallDisk,
    pub(crate) panel: Panel,
    pub(crate) server: Option<Server>,
    proxy: Proxy,
    pub(crate) plant: Plant,
    files: Disk,
    pub(crate) oracle: Oracle,
    clock: Clock,
    schedule: Schedule,
    seed: Seed,
    /// What is out of order now.
    cut: bool,
    dark: bool,
    stopped: bool,
    is_low: bool,
    /// Before this, an agent that has ended is not started again.
    not_before: u64,
    pub(crate) happened: Happened,
    pub(crate) said: Vec<String>,
    /// The agent was away: from, until, and whether the machine was started anew.
    pub(crate) downs: Vec<(u64, u64, bool)>,
}

impl Stage {
    pub(crate) fn new(plant: Plant, lines: u32, schedule: Schedule, seed: u64) -> Self {
        let world = World::new("statements");
        let mut witness = Witness::new(&world, 1);
        witness.start(&world);
        let panel = Panel { world, witnesses: vec![witness] };
        panel.write_policy("policy", 1);
        let proxy = Proxy::start();
        let watches = site::watches(lines);
        let world = &panel.world;
        let disk = SmallDisk::new(world.path("small"));
        let files = world.path("plant");
        for watch in &watches {
            let folder = files.join(&watch.path);
            let is_file = watch.kind == site::Type::Append;
            fs::create_dir_all(if is_file { folder.parent().unwrap() } else { &folder }).unwrap();
        }
        let vault = disk.folder.join("vault");
        world.write("agent.toml", site::config(&watches, &vault, &files, RESERVE));
        for line in 1..=lines {
            let (name, text) = site::profile_mapping(line);
            world.write(&format!("mappings/{name}"), text);
        }
        let mut keys = String::new();
        for (at, source) in site::sources(&watches).iter().enumerate() {
            let said = if at == 0 {
                let init = ["init", "--vault", "small/vault", "--source", source, "--log"];
                world.agent(&[&init[..], &[&proxy.url, "--policy", "policy"]].concat())
            } else {
                world.agent(&["source", "add", source, "--vault", "small/vault"])
            };
            let key = said.ends_with(0).out;
            world.list(key.trim());
            keys += &key;
        }
        world.write("sources.vkeys", &keys);
        world.agent(&["check-config", "--config", "agent.toml"]).ends_with(0);
        let start = plant.start();
        let hidden = Disk::open(&files, &world.path("hidden")).unwrap().dated();
        let clock =
            Clock { now: start, off: 0, booted: start - 86_400_000, boot: 1, synchronised: true };
        let oracle = Oracle::new(&watches);
        let mut stage = Self {
            agent: None,
            disk,
            panel,
            server: None,
            proxy,
            plant,
            files: hidden,
            oracle,
            clock,
            schedule,
            seed: Seed::new(seed),
            cut: false,
            dark: false,
            stopped: false,
            is_low: false,
            not_before: 0,
            happened: Happened::default(),
            said: Vec::new(),
            downs: Vec::new(),
        };
        stage.serve();
        stage
    }

    /// Lives until the plant has come to rest and everything is anchored.
    pub(crate) fn live(&mut self) {
        let mut end = self.plant.start();
        while !self.plant.is_over() {
            end = self.clock.now + STEP;
            self.step(end);
        }
        // Time for the longest wait for a folder, for the last statements, and for a day to end.
        let quiet = end + 3 * 3_600_000;
        while self.clock.now < quiet {
            self.step(self.clock.now + STEP);
        }
        self.anchor_all();
        let agent = self.agent.take().expect("it runs at the end");
        self.said.extend(agent.said.iter().cloned());
        let (code, _) = agent.stop(&self.clock);
        assert_eq!(code, 0, "{:?}", self.said.last());
    }

    fn step(&mut self, until: u64) {
        self.happened.steps += 1;
        let events: Vec<_> = self.plant.until(until).collect();
        for event in &events {
            self.files.apply(event).unwrap();
            self.oracle.happened(event);
            match &event.what {
                What::Starts(Stopped::Power) => self.power_goes(event.at),
                What::Ends(Stopped::Power) => self.power_comes(event.at),
                What::Starts(Stopped::Network) => self.cut_off(true),
                What::Ends(Stopped::Network) => self.cut_off(false),
                _ => {}
            }
        }
        self.clock.now = until;
        let mut kill = false;
        for fault in self.schedule.due(until) {
            match fault {
                Fault::Kill => kill = true,
                Fault::AgentStops => self.stop_agent(),
                Fault::AgentStarts => self.stopped = false,
                Fault::LogDies => {
                    self.server = None;
                    self.happened.log_kills += 1;
                    self.lead();
                }
                Fault::LogComes => self.serve(),
                Fault::DiskLow => {
                    self.disk.fill(RESERVE / 2);
                    self.is_low = self.disk.is_mounted;
                }
                Fault::DiskFull => {
                    self.disk.fill(0);
                    self.is_low = self.disk.is_mounted;
                }
                Fault::DiskFree => {
                    self.disk.empty();
                    self.is_low = false;
                }
                Fault::ClockBy(by) => {
                    self.clock.off += by;
                    self.happened.clock_steps += 1;
                }
                Fault::ServiceLost(lost) => self.clock.synchronised = !lost,
            }
        }
        if !self.dark && !self.stopped {
            self.look(kill);
        }
    }

    /// One turn of the agent, which is started if it does not run.
    fn look(&mut self, kill: bool) {
        match &mut self.agent {
            Some(agent) => agent.turn(&self.clock),
            None if self.clock.now < self.not_before => return,
            None => self.start_agent(),
        }
        let at = (self.clock.now, self.clock.wall());
        if kill {
            // At any moment of the turn, or just behind it.
            let micros = self.seed.below(40_000) as u64;
            let agent = self.agent.take().expect("it was just turned");
            self.said.extend(agent.kill(Duration::from_micros(micros)));
            self.happened.kills += 1;
            self.ended(at);
            return;
        }
        match self.agent.as_mut().expect("it was just turned").wait() {
            Turn::Done if self.is_low => {
                self.happened.refused += 1;
                self.oracle.looked(at, Outcome::Refused);
            }
            Turn::Done => self.oracle.looked(at, Outcome::Durable),
            Turn::Ended => {
                let agent = self.agent.take().expect("it was just turned");
                self.said.extend(agent.kill(Duration::ZERO));
                self.happened.ends += 1;
                self.ended(at);
            }
        }
    }

    fn start_agent(&mut self) {
        self.oracle.started();
        if let Some(down) = self.downs.last_mut().filter(|down| down.1 == 0) {
            down.1 = self.clock.now;
        }
        self.agent = Some(Agent::start(self.panel.world.folder.path(), &self.clock));
    }

    /// The process is gone; nobody knows what of its last turn is durable.
    fn ended(&mut self, at: (u64, u64)) {
        let outcome = if self.is_low { Outcome::Refused } else { Outcome::Doubtful };
        self.happened.doubtful += u64::from(!self.is_low);
        self.oracle.looked(at, outcome);
        self.not_before = self.clock.now + RESTART;
        self.downs.push((self.clock.now, 0, false));
        if !self.is_low && !self.dark {
            // Back before the next step, as after a crash.
            self.clock.now += RESTART;
            self.look(false);
        }
    }

    fn stop_agent(&mut self) {
        self.stopped = true;
        if let Some(mut agent) = self.agent.take() {
            self.said.append(&mut agent.said);
            let (code, again) = agent.stop(&self.clock);
            assert_eq!(code, 0, "{:?}", self.said.last());
            if again {
                self.oracle.looked((self.clock.now, self.clock.wall()), Outcome::Durable);
            }
            self.downs.push((self.clock.now, 0, false));
        }
        self.happened.stops += 1;
    }

    fn power_goes(&mut self, at: u64) {
        self.dark = true;
        if let Some(agent) = self.agent.take() {
            // It is at rest, so what it did last is durable; the page cache is not lost here.
            self.said.extend(agent.kill(Duration::ZERO));
            self.downs.push((at, 0, true));
        }
        self.happened.reboots += 1;
    }

    fn power_comes(&mut self, at: u64) {
        self.dark = false;
        (self.clock.booted, self.clock.boot) = (at, self.clock.boot + 1);
    }

    fn cut_off(&mut self, cut: bool) {
        self.cut = cut;
        self.lead();
    }

    fn lead(&self) {
        let server = self.server.as_ref().filter(|_| !self.cut);
        self.proxy.lead_to(server.map(Server::address));
    }

    fn serve(&mut self) {
        if self.server.is_none() {
            let server = self.panel.serve_unready(&[]);
            server.wait_until_ready();
            self.server = Some(server);
        }
        self.lead();
    }

    /// Goes on until the agent says that nothing waits.
    fn anchor_all(&mut self) {
        for _ in 0..2_000 {
            self.step(self.clock.now + STEP);
            let status = self.agent.as_ref().and_then(Agent::status).unwrap_or_default();
            let sources = status["sources"].as_array().cloned().unwrap_or_default();
            let none = |source: &serde_json::Value, name: &str| source[name].as_u64() == Some(0);
            let is_done =
                sources.iter().all(|source| none(source, "pending") && none(source, "unanchored"));
            if is_done && !sources.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let status = self.agent.as_ref().and_then(Agent::status).unwrap_or_default();
        panic!("something is not anchored: {} {}", status["log_trouble"], status["alarms"]);
    }

    /// The vault's folder, below the world's.
    pub(crate) const fn vault(&self) -> &'static str {
        "small/vault"
    }
}
