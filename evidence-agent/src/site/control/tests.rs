//! Commands beside a running agent: the same answers as without one, and none for who may not ask.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::cli::Language;
use crate::clock::{Clock, SystemClock};
use crate::error::AgentError;
use crate::site::run::{Stop, Voice, run};
use crate::vault::{Unlock, Vault};

const SOURCE: &str = "line-4.example/aoi-7";

/// A source whose log is away, with a folder to watch and whatever runs in it.
struct Site {
    folder: tempfile::TempDir,
    more: Vec<String>,
    running: Option<(Stop, JoinHandle<Result<(), AgentError>>)>,
    journal: Option<mpsc::Receiver<String>>,
}

impl Site {
    fn new(passphrase: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("reports")).unwrap();
        let mut site = Self { folder, more: Vec::new(), running: None, journal: None };
        let mut config = String::from(
            "vault = \"V\"\n[[source]]\nname = \"line-4.example/aoi-7\"\nevery = \"24h\"\n\
             [[source.watch]]\nname = \"reports\"\ntype = \"folder\"\npath = \"reports\"\n\
             stable = \"0s\"\npoll = \"1s\"\nmapping = \"cfx\"\n",
        );
        if let Some(passphrase) = passphrase {
            site.write("passphrase", passphrase.as_bytes());
            config = format!("passphrase-file = \"passphrase\"\n{config}");
            site.more = vec!["--passphrase-file".to_string(), site.path("passphrase")];
        }
        site.write("agent.toml", config.as_bytes());
        let name = spec::key::KeyName::parse("log.example").unwrap();
        let key =
            spec::key::SigningKey::from_seed(name, spec::key::Algorithm::NoteEd25519, &[1; 32]);
        let key = key.unwrap().verifier().to_string();
        let init = ["init", "--source", SOURCE, "--log", "http://127.0.0.1:1", "--log-key", &key];
        assert_eq!(site.agent(&init).0, 0);
        site
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_string()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Types a command about the vault: its exit code and what it says on either output.
    fn agent(&self, words: &[&str]) -> (u8, String, String) {
        let mut all: Vec<String> = ["fiducial-agent", "--lang", "en"].map(str::to_string).to_vec();
        all.extend(words.iter().map(ToString::to_string));
        all.extend(["--vault".to_string(), self.path("V")]);
        all.extend(self.more.iter().cloned());
        typed(&all)
    }

    fn start(&mut self) {
        let stop = Stop::default();
        let (told, journal) = mpsc::channel();
        let (config, asked) = (self.folder.path().join("agent.toml"), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut say = |line: &str| drop(told.send(line.to_string()));
            let mut voice = Voice { answer: &mut |_| {}, journal: &mut say };
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            run(&config, &asked, &clock, Language::En, &mut voice)
        });
        self.running = Some((stop, thread));
        assert!(journal.recv().unwrap().contains("began"));
        self.journal = Some(journal);
    }

    /// Stops the agent; what its journal says from here on.
    fn stop(&mut self) -> Vec<String> {
        let (stop, thread) = self.running.take().unwrap();
        stop.ask();
        thread.join().unwrap().unwrap();
        self.journal.take().into_iter().flatten().collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

fn typed(words: &[String]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = crate::run(words.iter().map(OsString::from), &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// Waits for a fact.
fn wait(mut look: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if look() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came");
}

#[test]
fn commands_answer_beside_a_running_agent_as_they_do_without_one() {
    for passphrase in [None, Some("correct horse\n")] {
        let mut site = Site::new(passphrase);
        let report = b"{\"MessageName\":\"odd\"}";
        site.write("reports/one.json", report);
        let (out, file, rules) =
            (site.path("papers"), site.path("reports/one.json"), site.path("r"));
        site.write("r", b"[[rule]]\nkeep-days = 1\n");
        let papers = ["papers", "--file", &file, "--out", &out];
        site.start();
        wait(|| site.agent(&papers).0 == 3);
        let request = site.path("request");
        let commands: &[&[&str]] = &[
            &papers,
            &["papers", "--unit", "nobody", "--out", &out],
            &["source", "list"],
            &["source", "list", "--json"],
            &["source", "request", SOURCE, "--out", &request],
            &["source", "request", "nobody"],
            &["root"],
            &["hold", "list"],
            &["hold", "release", "7", "--reason", "none"],
            &["deletions"],
            &["expire", "--rules", &rules, "--dry-run"],
            &["expire", "--rules", &file],
            &["resume", "--source", "nobody"],
        ];
        let beside: Vec<_> = commands.iter().map(|words| site.agent(words)).collect();
        assert!(fs::read_to_string(&request).unwrap().contains(SOURCE));
        let (code, said, _) = site.agent(&["check"]);
        assert!(code == 0 && said.contains("1 record waits; 0 things are damaged"), "{said}");
        assert!(said.contains("were not compared"), "{said}");
        let (code, said, _) = site.agent(&["hold", "add", "--unit", "X", "--reason", "claim 7"]);
        assert!(code == 3 && said.starts_with("1\n") && said.contains("unit X"), "{said}");
        assert!(site.agent(&["hold", "list"]).1.contains("claim 7"));
        let lot = site.path("lot");
        assert_eq!(site.agent(&["lot-key", "LOT-A", "--out", &lot]).0, 0);
        assert_eq!(fs::read_to_string(&lot).unwrap().len(), 65);
        assert!(crate::os::mode(Path::new(&lot)).unwrap().is_none_or(|mode| mode == 0o600));

        site.stop();
        assert!(!Path::new(&site.path("V/control")).exists());
        // The hold is there now; all else is as it was.
        for (words, beside) in commands.iter().zip(beside) {
            let alone = site.agent(words);
            match **words {
                ["hold", "list"] => assert!(alone.1.contains("claim 7")),
                ["resume", ..] => assert_eq!((alone.0, beside.0), (2, 2)),
                _ => assert_eq!(alone, beside, "{words:?}"),
            }
        }
        assert!(!site.agent(&["check"]).1.contains("were not compared"));
    }
}

#[test]
fn a_backup_beside_a_running_agent_is_whole_and_can_be_brought_up_to_date() {
    let mut site = Site::new(Some("correct horse\n"));
    let large = vec![b'x'; 3 * 1024 * 1024 + 17];
    site.write("reports/one.json", &large);
    let (file, out) = (site.path("reports/one.json"), site.path("papers"));
    site.start();
    wait(|| site.agent(&["papers", "--file", &file, "--out", &out]).0 == 3);
    let copy = site.path("copy");
    for _ in 0..2 {
        let (code, said, err) = site.agent(&["backup", "--to", &copy]);
        assert_eq!(code, 0, "{said}{err}");
        assert!(said.contains("1 item of evidence") && said.contains("1 record waits"), "{said}");
    }
    // Into itself, and onto what is something else, it does not go.
    let inside = site.path("V/copy");
    let (code, _, err) = site.agent(&["backup", "--to", &inside]);
    assert!(code == 2 && err.contains("in the vault"), "{err}");
    let (code, _, err) = site.agent(&["backup", "--to", &site.path("reports")]);
    assert!(code == 2 && err.contains("no backup of this vault"), "{err}");

    let unlock = || Unlock::Passphrase(Zeroizing::new("correct horse".to_string()));
    let restored = site.folder.path().join("restored");
    Vault::restore(Path::new(&copy), &restored, &unlock(), &mut |_| {}).unwrap();
    let vault = Vault::open(&restored, &unlock()).unwrap();
    let hash = spec::Hash::of(&large).into();
    assert_eq!(vault.evidence(&hash).unwrap(), Some(large));
    // What cannot be done beside it says so, and how to do it.
    let passphrase = site.path("passphrase");
    for words in [&["rekey", "--new-passphrase-file", &passphrase][..], &["anchor", &file]] {
        let (code, _, err) = site.agent(words);
        assert!(code == 2 && err.contains("systemctl stop"), "{words:?}: {err}");
    }
}

#[test]
fn who_cannot_open_the_vault_cannot_ask_its_agent() {
    let mut site = Site::new(Some("correct horse\n"));
    site.start();
    let with = site.more.clone();
    site.write("wrong", b"incorrect horse\n");
    for (more, want) in [
        (vec![], "it is encrypted"),
        (vec!["--passphrase-file".to_string(), site.path("wrong")], "not its passphrase"),
    ] {
        site.more = more;
        let (code, out, err) = site.agent(&["source", "list"]);
        assert!(code == 2 && out.is_empty() && err.contains(want), "{err}");
    }
    site.more = with;
    assert_eq!(site.agent(&["source", "list"]).0, 0);

    // The token alone is not enough, and nothing is said to who does not show the secret.
    let address = Address::read(&site.folder.path().join("V")).unwrap();
    let mode = crate::os::mode(&site.folder.path().join("V/control")).unwrap();
    assert!(mode.is_none_or(|mode| mode == 0o600));
    for shown in [[7; PROOF_SIZE], *address.token] {
        let mut stream = TcpStream::connect(address.socket).unwrap();
        io::Write::write_all(&mut stream, &[1; NONCE_SIZE]).unwrap();
        let mut hello = [0; NONCE_SIZE + PROOF_SIZE];
        stream.read_exact(&mut hello).unwrap();
        assert!(
            proof(&address.token, Side::Agent, &[1; NONCE_SIZE], &hello[..NONCE_SIZE])
                .verify_slice(&hello[NONCE_SIZE..])
                .is_err()
        );
        io::Write::write_all(&mut stream, &shown).unwrap();
        let mut rest = Vec::new();
        // The connection is closed, in one way or another.
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty());
    }
    assert_eq!(site.agent(&["source", "list"]).0, 0);
}

#[test]
fn what_a_command_writes_replaces_nothing_beside_a_running_agent_and_without_one() {
    let mut site = Site::new(None);
    site.write("policy", b"a policy");
    let (policy, folder, key) = (site.path("policy"), site.path("reports"), site.path("key"));
    for running in [true, false] {
        if running {
            site.start();
        } else {
            site.stop();
        }
        let request = |out: &str| site.agent(&["source", "request", SOURCE, "--out", out]);
        let lot_key = |out: &str| site.agent(&["lot-key", "LOT-A", "--out", out]);
        for (code, out, err) in [request(&policy), lot_key(&policy)] {
            assert!(code == 2 && out.is_empty() && err.contains("is not replaced"), "{err}");
        }
        assert_eq!(fs::read(&policy).unwrap(), b"a policy");
        let (code, _, err) = request(&folder);
        assert!(code == 2 && err.contains("no regular file"), "{err}");
        // The same bytes again are no other file.
        for _ in 0..2 {
            assert_eq!((lot_key(&key).0, request(&site.path("request")).0), (0, 0));
        }
        let left = fs::read_dir(site.folder.path()).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with('.')
        });
        assert_eq!(left.count(), 0, "no temporary file is left");
    }
}

#[test]
fn an_address_that_an_agent_left_behind_is_no_agent() {
    let site = Site::new(None);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = listener.local_addr().unwrap();
    let text = Address { socket, token: Zeroizing::new([9; 32]) }.to_text();
    site.write("V/control", text.as_bytes());
    // Nobody has the vault: the command opens it, and asks nobody.
    assert_eq!(site.agent(&["source", "list"]).0, 0);
    // Somebody has it who takes no commands, and a stranger has the port.
    let vault = Vault::open(&site.folder.path().join("V"), &Unlock::Plain).unwrap();
    let stranger = std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut heard = [0; NONCE_SIZE];
            let mut stream = stream.unwrap();
            stream.read_exact(&mut heard).unwrap();
            io::Write::write_all(&mut stream, &[0; NONCE_SIZE + PROOF_SIZE]).unwrap();
        }
    });
    let (code, out, err) = site.agent(&["source", "list"]);
    assert!(code == 2 && out.is_empty() && err.contains("another agent is at work"), "{err}");
    drop(vault);
    stranger.join().unwrap();
    assert_eq!(site.agent(&["source", "list"]).0, 0);
}

#[test]
fn the_journal_has_the_start_the_alarms_and_the_stop() {
    let mut site = Site::new(None);
    for at in 0..3 {
        site.write(&format!("reports/{at}.json"), format!("no report {at}").as_bytes());
    }
    site.start();
    let journal = site.journal.take().unwrap();
    let (mut log_down, mut missed) = (None, None);
    while log_down.is_none() || missed.is_none() {
        let line = journal.recv_timeout(Duration::from_secs(60)).unwrap();
        if line.starts_with("ALARM log-down: http://127.0.0.1:1") {
            log_down = Some(line);
        } else if line.starts_with("ALARM not-understood: reports") {
            missed = Some(line);
        }
    }
    let missed = missed.unwrap();
    assert!(missed.contains("`cfx`") && missed.contains("fiducial-agent mapping"), "{missed}");
    // A report that is understood ends it.
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples/spi-panel.json");
    fs::copy(sample, site.path("reports/spi.json")).unwrap();
    wait(|| journal.try_iter().any(|line| line == "over: not-understood: reports"));
    // A folder that goes away is one line.
    fs::rename(site.path("reports"), site.path("away")).unwrap();
    wait(|| journal.try_iter().any(|line| line.starts_with("ALARM watch-blind: reports: ")));
    site.journal = Some(journal);
    let last = site.stop();
    assert!(last.last().unwrap().starts_with("stopped as asked"), "{last:?}");
    assert!(last.len() < 3, "not a line a tick: {last:?}");
}

#[test]
fn a_configuration_is_checked_against_the_vault_of_a_running_agent() {
    let mut site = Site::new(None);
    let check = |site: &Site, more: &[&str]| {
        let config = site.path("agent.toml");
        let words = ["fiducial-agent", "--lang", "en", "check-config", "--config", &config];
        let words: Vec<String> = words.iter().chain(more).map(ToString::to_string).collect();
        typed(&words)
    };
    site.start();
    assert_eq!(check(&site, &[]).0, 0);
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    site.write("agent.toml", config.replace("aoi-7", "aoi-8").as_bytes());
    for more in [&[][..], &["--dry-run"]] {
        let (code, out, err) = check(&site, more);
        assert_eq!(code, 2);
        assert!((out + &err).contains("no source line-4.example/aoi-8"));
    }
    // A folder that is not there is one line and an error, with a running agent and without.
    site.write("agent.toml", config.replace("\"reports\"\nst", "\"rep0rts\"\nst").as_bytes());
    for _ in 0..2 {
        for more in [&[][..], &["--dry-run"]] {
            let (code, out, err) = check(&site, more);
            assert_eq!((code, out.matches("is not there").count()), (2, 1), "{out}{err}");
            assert!(out.contains("1 of 1 watches cannot look"), "{out}");
        }
        let (_, out, _) = check(&site, &["--json"]);
        let json: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["cannot_look"][0]["watch"], "reports");
        if site.running.is_some() {
            site.stop();
        }
    }
}

#[test]
fn a_dry_run_that_finds_nothing_says_what_it_passed_over() {
    let site = Site::new(None);
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    let check = |more: &str| {
        let config = config.replace("mapping = \"cfx\"\n", &format!("mapping = \"cfx\"\n{more}"));
        site.write("agent.toml", config.as_bytes());
        let config = site.path("agent.toml");
        let words = ["fiducial-agent", "--lang", "en", "check-config", "--dry-run", "--config"];
        let words = words.into_iter().chain([config.as_str()]).map(str::to_string);
        let (code, out, err) = typed(&words.collect::<Vec<_>>());
        assert_eq!(code, 0, "{out}{err}");
        out
    };
    let empty = check("");
    assert!(empty.contains("0 files") && !empty.contains("folders below"), "{empty}");
    for day in ["2026-03-02", "2026-03-03"] {
        fs::create_dir(site.folder.path().join("reports").join(day)).unwrap();
        site.write(&format!("reports/{day}/a.json"), b"{}");
    }
    let whole = check("");
    assert!(whole.contains("2 x attachment") && !whole.contains("0 files"), "{whole}");
    let flat = check("depth = 0\n");
    assert!(flat.contains("0 files") && flat.contains("2 folders below"), "{flat}");
    let other = check("include = [\"*.xml\"]\n");
    assert!(other.contains("2 files are not meant") && other.contains("`include`"), "{other}");
}

#[test]
fn idle_connections_keep_no_command_out() {
    let mut site = Site::new(None);
    site.start();
    let address = Address::read(&site.folder.path().join("V")).unwrap();
    let idle: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(address.socket).unwrap()).collect();
    for _ in 0..3 {
        let (code, out, err) = site.agent(&["source", "list"]);
        assert!(code == 0 && out.contains(SOURCE), "{out}{err}");
    }
    drop(idle);
}

#[test]
fn a_list_of_units_of_several_mebibytes_is_taken_beside_a_running_agent() {
    let mut site = Site::new(None);
    site.start();
    let (units, out) = (site.path("units"), site.path("key"));
    let mut list: Vec<u8> = (0..3000).flat_map(|n| format!("{n:01000}\n").into_bytes()).collect();
    list.extend_from_slice(b"THE-LAST\n");
    assert!(list.len() > 2 * wire::MAX_BODY_SIZE);
    site.write("units", &list);
    let (code, _, err) = site.agent(&["lot-key", "L-7", "--units", &units, "--out", &out]);
    assert_eq!(code, 0, "{err}");
    // The whole list was taken: its last unit belongs to that lot, and can belong to no other.
    site.write("one", b"THE-LAST\n");
    let (one, other) = (site.path("one"), site.path("other"));
    let (code, _, err) = site.agent(&["lot-key", "L-8", "--units", &one, "--out", &other]);
    assert!(code == 2 && err.contains("belongs to another lot"), "{err}");
    // Beyond the limit it is refused, by its size.
    site.write("units", &vec![b'\n'; wire::MAX_READ_SIZE + 1]);
    let (code, _, err) = site.agent(&["lot-key", "L-9", "--units", &units, "--out", &out]);
    assert!(code == 2 && err.contains("16777216"), "{err}");
}

#[test]
fn a_code_that_was_not_read_belongs_to_no_lot() {
    let mut site = Site::new(None);
    site.start();
    let (units, out) = (site.path("units"), site.path("key"));
    for code in ["N/A", "no read", "---"] {
        site.write("units", format!("SN-1\n{code}\nSN-2\n").as_bytes());
        let (code, _, err) = site.agent(&["lot-key", "L-7", "--units", &units, "--out", &out]);
        assert!(code == 2 && err.contains("could not read"), "{err}");
    }
    // Nothing was kept of the lists that were refused: their units can be another lot's.
    assert!(!Path::new(&out).exists());
    site.write("units", b"SN-1\nSN-2\n");
    let (code, _, err) = site.agent(&["lot-key", "L-8", "--units", &units, "--out", &out]);
    assert_eq!(code, 0, "{err}");
}
