//! A log with its witnesses, each a process of its own.
//!
//! A witness's address is in the policy, so it must find it free when it comes back.

use std::fs;
use std::path::Path;

use serde_json::Value;
use spec::checkpoint::Origin;
use spec::hash::leaf_hash;
use spec::key::{Algorithm, VerifierKey};
use spec::note::Note;
use spec::policy::{AcceptedCheckpoint, Policy};
use spec::proof::Proof;
use spec::witness::monitoring_path;

use crate::stores::copy_folder;
use crate::stores::part::free_address;
use crate::support::{Answer, ORIGIN, Server, World, wait};

/// What a client asks for a receipt.
pub(crate) const FOR_RECEIPT: &str = "/add?wait=witnessed";

/// One witness: a data folder below the world's, an address for ever, and a process or none.
pub(crate) struct Witness {
    /// The data folder.
    pub(crate) data: String,
    pub(crate) name: String,
    /// The verifier keys that it was made with, Ed25519 first.
    pub(crate) keys: Vec<VerifierKey>,
    pub(crate) address: String,
    server: Option<Server>,
}

impl Witness {
    /// Makes a witness that knows the log; it does not run yet.
    pub(crate) fn new(world: &World, number: usize) -> Self {
        let data = format!("witness-{number}");
        let name = format!("{data}.example/w");
        let said = world.witness(&["init", "--data", &data, "--name", &name]).ends_with(0);
        let keys = said.out.lines().map(|line| VerifierKey::parse(line).unwrap()).collect();
        let witness = Self { data, name, keys, address: free_address().to_string(), server: None };
        let log_keys: Vec<String> = world.keys.iter().map(ToString::to_string).collect();
        let log_keys: Vec<&str> = log_keys.iter().map(String::as_str).collect();
        witness.says(world, &[&["log", "add"], &log_keys[..]].concat());
        witness
    }

    /// Runs a command of this witness's operator, which must succeed; what it printed.
    #[track_caller]
    pub(crate) fn says(&self, world: &World, words: &[&str]) -> String {
        world.witness(&[words, &["--data", &self.data]].concat()).ends_with(0).out
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key with which it signs without thought of quantum computers.
    pub(crate) fn ed25519(&self) -> &VerifierKey {
        assert_eq!(self.keys[0].algorithm(), Algorithm::CosignatureEd25519);
        &self.keys[0]
    }

    /// The lines of a policy that name it, as it prints them itself.
    pub(crate) fn policy_lines(&self, world: &World) -> String {
        self.says(world, &["key", "policy", "--url", &self.url()])
    }

    #[track_caller]
    pub(crate) fn start(&mut self, world: &World) {
        let words = ["serve", "--data", &self.data, "--listen", &self.address];
        let server = Server::start(world.command("fiducial-witness").args(words));
        let server = server.unwrap_or_else(|said| panic!("{said:?}"));
        server.wait_until_ready();
        self.server = Some(server);
    }

    /// Asks it to stop, as a service manager does.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        let server = self.server.take().expect("it runs");
        assert_eq!(server.stop(), 0);
    }

    /// Kills the process as it is.
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    pub(crate) const fn runs(&self) -> bool {
        self.server.is_some()
    }

    /// The latest checkpoint that it cosigned, as monitors see it; `None` if it says none.
    pub(crate) fn checkpoint(&self) -> Option<Vec<u8>> {
        let path = monitoring_path(&Origin::parse(ORIGIN).unwrap());
        let answer = self.server.as_ref()?.try_get(&path)?;
        (answer.status == 200).then_some(answer.body)
    }

    /// The size of that checkpoint.
    #[track_caller]
    pub(crate) fn size(&self, world: &World) -> u64 {
        world.tree(&self.checkpoint().expect("it has cosigned")).size()
    }
}

/// A log and its witnesses, all of whom run.
pub(crate) struct Panel {
    pub(crate) world: World,
    pub(crate) witnesses: Vec<Witness>,
}

impl Panel {
    /// A log of any bytes that `quorum` of `count` witnesses must cosign.
    pub(crate) fn new(count: usize, quorum: usize) -> Self {
        let world = World::new("any");
        let mut witnesses: Vec<Witness> =
            (1..=count).map(|number| Witness::new(&world, number)).collect();
        witnesses.iter_mut().for_each(|witness| witness.start(&world));
        let panel = Self { world, witnesses };
        panel.write_policy("policy", quorum);
        panel
    }

    /// Writes the policy of this moment, with the keys that each witness has now.
    pub(crate) fn write_policy(&self, file: &str, quorum: usize) {
        let lines = self.witnesses.iter().map(|one| (one.policy_lines(&self.world), &one.name));
        let lines: Vec<(String, &String)> = lines.collect();
        self.write_policy_of(file, quorum, lines.iter().map(|(text, name)| (text.as_str(), *name)));
    }

    /// Writes a policy of such witness lines, each with the name that stands for them.
    pub(crate) fn write_policy_of<'a>(
        &self,
        file: &str,
        quorum: usize,
        lines: impl Iterator<Item = (&'a str, &'a String)>,
    ) {
        let mut text: String = self.world.keys.iter().map(|key| format!("log {key}\n")).collect();
        let mut members = String::new();
        for (lines, name) in lines {
            text += lines;
            members += &format!(" {name}");
        }
        text += &format!("group witnesses {quorum}{members}\nquorum witnesses\n");
        self.world.write(file, text);
    }

    pub(crate) fn policy(&self, file: &str) -> Policy {
        Policy::parse(&self.world.read(file)).unwrap()
    }

    /// Serves the log with its policy and waits until it is ready.
    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
        let server = self.serve_unready(&[]);
        server.wait_until_ready();
        server
    }

    /// Serves the log with its policy, whoever of the witnesses answers.
    #[track_caller]
    pub(crate) fn serve_unready(&self, more: &[&str]) -> Server {
        let words = [&["--witness-policy", "policy"], more].concat();
        self.world.try_serve("log", &words).unwrap_or_else(|said| panic!("{said:?}"))
    }

    /// Adds an entry and insists on its complete receipt in the same answer.
    #[track_caller]
    pub(crate) fn receipt(&self, server: &Server, entry: &[u8]) -> (Vec<u8>, AcceptedCheckpoint) {
        let answer = server.post(FOR_RECEIPT, entry);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let accepted = accept(&answer, entry, &self.policy("policy"));
        (answer.body, accepted)
    }

    /// Judges a receipt with `fiducial verify`, offline.
    #[track_caller]
    pub(crate) fn verify(
        &self,
        receipt: &[u8],
        entry: &[u8],
        policy: &str,
        more: &[&str],
        code: i32,
    ) -> Value {
        self.world.write("judged.tlog-proof", receipt);
        self.world.write("judged.entry", entry);
        let words = [
            "verify",
            "judged.tlog-proof",
            "--entry",
            "judged.entry",
            "--policy",
            policy,
            "--json",
        ];
        self.world.fiducial(&[&words[..], more].concat()).ends_with(code).json()
    }

    /// Waits until each of these witnesses has cosigned `size` entries.
    #[track_caller]
    pub(crate) fn cosigned(&self, witnesses: &[usize], size: u64) {
        for at in witnesses {
            let witness = &self.witnesses[*at];
            let is_there = || (witness.size(&self.world) >= size).then_some(());
            wait(&format!("{} has not cosigned {size}", witness.name), is_there);
        }
    }

    /// The size and the cosigners' names of what the log shows, which satisfies the policy.
    #[track_caller]
    pub(crate) fn shown(&self, server: &Server) -> AcceptedCheckpoint {
        let answer = server.get("/checkpoint");
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.policy("policy").check(&Note::parse(&answer.body).unwrap()).unwrap()
    }
}

/// What a receipt's checkpoint is worth, after the receipt was found to prove the entry.
#[track_caller]
pub(crate) fn accept(receipt: &Answer, entry: &[u8], policy: &Policy) -> AcceptedCheckpoint {
    let proof = Proof::parse(&receipt.body).unwrap();
    proof.verify(leaf_hash(entry), policy).unwrap().checkpoint().clone()
}

/// The key names of those who cosigned, each once.
pub(crate) fn cosigners(accepted: &AcceptedCheckpoint) -> Vec<String> {
    let mut names: Vec<String> =
        accepted.cosigners().iter().map(|one| one.key_name.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

/// Copies a witness's folder with all that is in it, in place of what is there.
pub(crate) fn copy_witness(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    copy_folder(from, to);
}
