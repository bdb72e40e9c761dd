//! A flipped bit in every kind of stored file, and a rolled-back copy of every state file, at the
//! start and while the log runs.
//!
//! The log opens and is right, or it refuses and says what to do; and whatever it does, it never
//! signs another history than the one it had. Full tiles deep in the log are immutable and not
//! read at every start: damage there may wait for `fiducial-log check` or for the first reader who
//! verifies, but no signature may ever depend on it.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

use std::path::{Path, PathBuf};

use log_server::admission::Admission;
use tests::crash::points::{points, soaks, try_all};
use tests::crash::script::Script;
use tests::crash::{ADMISSIONS, Ended, World};
use tests::fake_disk::image::Image;
use tests::seed::Seed;
use tests::store::{FAKE_DISK, embedded_only};

/// Different entries in a scripted run: sealed, trimmed, and some in the journal.
const ENTRIES: usize = 700;

/// How many bits of a file are flipped without soaking.
const SAMPLE: usize = 10;

/// How many when soaking: all bits of all files would take days.
const SAMPLE_SOAKING: usize = 400;

/// A log with its past: what the disk held at several moments when all was published.
struct History {
    world: World,
    script: Script,
    moments: Vec<Image>,
}

/// How a case is told in a failure.
type Case = (String, Tampering, bool);

#[derive(Clone, Debug)]
enum Tampering {
    Flip { path: PathBuf, byte: usize, bit: u8 },
    RollBack { paths: Vec<PathBuf>, moment: usize },
}

impl History {
    fn live(admission: Admission) -> Self {
        let script = Script::write_once(admission, ENTRIES, 41);
        let mut world = World::new(&script, 1);
        let log = world.open().unwrap();
        let (mut moments, mut next) = (Vec::new(), 0);
        // The last eighth of the script is left for what comes after the damage.
        for part in 0..8 {
            world.audit(&log).unwrap();
            world.wait_sealed(&log).unwrap();
            moments.push(world.disk.image());
            next = world.next;
            let until = script.steps.len() * (part + 1) / 8;
            assert_eq!(world.drive(&log, until).unwrap(), Ended::Done);
        }
        world.close(log);
        // What is known of the last part is forgotten: each case signs it anew.
        let mut before = world.beside(moments.last().unwrap().clone(), 2);
        before.next = next;
        let log = before.open().unwrap();
        before.oracle = tests::oracle::Oracle::new(log.verifier_keys()[0].clone());
        before.audit(&log).unwrap();
        before.close(log);
        Self { world: before, script, moments }
    }

    fn newest(&self) -> &Image {
        self.moments.last().expect("there are moments")
    }

    fn paths(&self) -> Vec<PathBuf> {
        let paths = self.newest().paths();
        let has = |name: &str| paths.iter().any(|path| path.to_str() == Some(name));
        for name in ["journal", "signed-head", "checkpoint", "log.toml"] {
            assert!(has(name), "{name} is missing: {paths:?}");
        }
        assert!(has("tile/0/000") && has("tile/entries/001"), "{paths:?}");
        paths.into_iter().filter(|path| !path.starts_with("staging")).collect()
    }

    fn attempt(&self, tampering: &Tampering, running: bool) -> Result<(), String> {
        let mut world = self.world.beside(self.newest().clone(), 3);
        if running {
            self.tamper_running(&mut world, tampering)?;
        } else {
            world.disk.tamper(|image| self.tamper(image, tampering));
        }
        // A start over the damage.
        match world.open() {
            Err(error) => says_what_to_do(&error.to_string())?,
            Ok(log) => {
                let sound = self.go_on(&mut world, &log);
                world.close(log);
                if !tampering.hits_objects_only() && !tampering.is_an_older_log() {
                    sound?;
                }
            }
        }
        self.judge(&mut world)
    }

    fn tamper_running(&self, world: &mut World, tampering: &Tampering) -> Result<(), String> {
        let log = world.open().map_err(|error| error.to_string())?;
        world.audit(&log)?;
        world.disk.tamper(|image| self.tamper(image, tampering));
        if let Ended::Refused(why) = world.drive(&log, usize::MAX)? {
            says_what_to_do(&why)?;
        }
        // A log that stopped says so and why.
        if let Some(fatal) = log.status().fatal {
            says_what_to_do(&fatal.to_string())?;
        }
        world.close(log);
        self.judge(world)?;
        world.reboot();
        Ok(())
    }

    /// Sends the rest of the script and audits all. An `Err` may be the fault of the damage.
    fn go_on(&self, world: &mut World, log: &log_server::log::Log) -> Result<(), String> {
        world.audit(log)?;
        match world.drive(log, usize::MAX)? {
            Ended::Done => world.audit(log),
            Ended::Refused(why) => Err(format!("opens, and then refuses: {why}")),
        }
    }

    fn judge(&self, world: &mut World) -> Result<(), String> {
        world.oracle.saw_written(&world.disk.notes())?;
        world.oracle.judge_heads(&self.script.leaves)
    }

    fn tamper(&self, image: &mut Image, tampering: &Tampering) {
        match tampering {
            Tampering::Flip { path, byte, bit } => {
                // A start has rewritten the journal, which may be shorter now.
                let last = image.content(path).expect("the file is there").len() - 1;
                image.flip(path, last.min(*byte), *bit);
            }
            Tampering::RollBack { paths, moment } => {
                let old = &self.moments[*moment];
                paths.iter().for_each(|path| image.replace(path, old.content(path)));
            }
        }
    }
}

impl Tampering {
    fn hits_objects_only(&self) -> bool {
        match self {
            Self::Flip { path, .. } => path.starts_with("tile"),
            Self::RollBack { paths, .. } => paths.iter().all(|path| path.starts_with("tile")),
        }
    }
}

impl Tampering {
    /// The three files that make a log's state, all of one earlier moment: without its witnesses a
    /// log cannot tell that from its own past, unless tiles lie beyond its end. What it then signs
    /// is shorter than what it has signed, and a fork only if other entries follow.
    fn is_an_older_log(&self) -> bool {
        let state = ["journal", "signed-head", "checkpoint"];
        match self {
            Self::Flip { .. } => false,
            Self::RollBack { paths, .. } => {
                state.iter().all(|name| paths.iter().any(|path| path == Path::new(name)))
            }
        }
    }
}

/// The bytes of a file up to the last that is not zero.
fn used(image: &Image, path: &Path) -> usize {
    let content = image.content(path).expect("the file is there");
    content.iter().rposition(|byte| *byte != 0).expect("it is not all zeros") + 1
}

/// A refusal tells the operator what to look at or to do.
fn says_what_to_do(why: &str) -> Result<(), String> {
    let told = ["estore", "fiducial-log check", "fiducial-log init", "start the log again"];
    if told.iter().any(|words| why.contains(words)) {
        return Ok(());
    }
    Err(format!("the message does not say what to do: {why}"))
}

#[test]
fn a_flipped_bit_anywhere_never_leads_to_a_bad_signature() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let sample = if soaks() { SAMPLE_SOAKING } else { SAMPLE };
    try_histories(|history, seed| {
        let mut tamperings = Vec::new();
        for path in history.paths() {
            let size = history.newest().content(&path).unwrap().len();
            // The first and the last byte are where lengths and line ends are. The journal's last ones are
            // a reserve of zeros.
            let mut bytes = vec![0, size - 1, used(history.newest(), &path) - 1];
            bytes.extend((0..sample).map(|_| seed.below(size)));
            for byte in bytes {
                tamperings.push(Tampering::Flip {
                    path: path.clone(),
                    byte,
                    bit: seed.below(8) as u8,
                });
            }
        }
        tamperings
    });
}

#[test]
fn a_rolled_back_file_never_leads_to_a_bad_signature() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    try_histories(|history, seed| {
        let state = ["journal", "signed-head", "checkpoint"].map(PathBuf::from);
        let mut groups: Vec<Vec<PathBuf>> =
            history.paths().into_iter().map(|path| vec![path]).collect();
        // Whatever an operator may copy back together, short of everything.
        groups.push(vec![state[0].clone(), state[1].clone()]);
        groups.push(vec![state[0].clone(), state[2].clone()]);
        groups.push(vec![state[1].clone(), state[2].clone()]);
        groups.push(state.to_vec());
        let tiles = |path: &PathBuf| path.starts_with("tile");
        groups.push(history.paths().into_iter().filter(tiles).collect());
        let last = history.moments.len() - 1;
        let mut tamperings = Vec::new();
        for paths in groups {
            for moment in points(last, 3, seed) {
                let changes = |path: &PathBuf| {
                    history.moments[moment].content(path) != history.newest().content(path)
                };
                if paths.iter().any(changes) {
                    tamperings.push(Tampering::RollBack { paths: paths.clone(), moment });
                }
            }
        }
        tamperings
    });
}

fn try_histories(mut tamperings: impl FnMut(&History, &mut Seed) -> Vec<Tampering>) {
    for admission in ADMISSIONS {
        let history = History::live(admission);
        let mut seed = Seed::new(43);
        let mut cases: Vec<Case> = Vec::new();
        for tampering in tamperings(&history, &mut seed) {
            for running in [false, true] {
                let when = if running { "while running" } else { "at the start" };
                cases.push((format!("{admission}, {when}"), tampering.clone(), running));
            }
        }
        try_all(&cases, |(_, tampering, running)| history.attempt(tampering, *running));
    }
}

/// All state of one earlier moment looks sound by itself; the tiles that were stored since tell.
#[test]
fn older_state_beside_newer_tiles_is_refused() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let history = History::live(Admission::Any);
    let state = ["journal", "signed-head", "checkpoint"];
    let bundles = |image: &Image| {
        let bundle = |path: &PathBuf| path.starts_with("tile/entries");
        image.paths().into_iter().filter(bundle).count()
    };
    let mut tried = 0;
    for old in history.moments.iter().filter(|old| bundles(old) < bundles(history.newest())) {
        let world = history.world.beside(history.newest().clone(), 3);
        world.disk.tamper(|image| {
            state.iter().for_each(|name| {
                image.replace(Path::new(name), old.content(Path::new(name)));
            });
        });
        let Err(error) = world.open().map(drop) else { panic!("it would sign a fork") };
        says_what_to_do(&error.to_string()).unwrap();
        tried += 1;
    }
    assert!(tried > 2, "only {tried} moments were older by a bundle");
}

/// A running log signs only what is stored: when its own files no longer say what it remembers, it
/// stops at the next head, though its memory is right.
#[test]
fn a_log_whose_files_change_underneath_signs_nothing_more() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let script = Script::write_once(Admission::Any, 60, 6);
    let mut seed = Seed::new(44);
    for name in ["journal", "signed-head"] {
        let path = Path::new(name);
        for case in 0..if soaks() { 500 } else { 25 } {
            let mut world = World::new(&script, case);
            let log = world.open().unwrap();
            world.drive(&log, 2).unwrap();
            world.audit(&log).unwrap();
            let old = world.disk.image();
            world.drive(&log, 4).unwrap();
            world.audit(&log).unwrap();
            let heads = world.oracle.heads();
            world.disk.tamper(|image| {
                let size = used(image, path);
                match case % 3 {
                    0 => image.replace(path, old.content(path)),
                    _ => image.flip(path, seed.below(size), seed.below(8) as u8),
                }
            });
            let until = world.next + 1;
            world.drive(&log, until).unwrap();
            let told = world.audit(&log).expect_err("the log must stop");
            says_what_to_do(&told).unwrap();
            assert!(log.status().fatal.is_some(), "{name}, case {case}: {told}");
            assert_eq!(world.oracle.heads(), heads, "{name}, case {case}: it signed another head");
            world.close(log);
        }
    }
}

/// Where nothing was signed yet the journal is all there is: it may not vanish unnoticed.
#[test]
fn a_lost_state_file_of_a_young_log_is_noticed() {
    if embedded_only(FAKE_DISK) {
        return;
    }
    let script = Script::write_once(Admission::Any, 40, 5);
    for name in ["journal", "signed-head"] {
        let mut world = World::new(&script, 1);
        let log = world.open().unwrap();
        world.drive(&log, 2).unwrap();
        world.close(log);
        world.disk.tamper(|image| {
            image.replace(Path::new(name), None);
            image.replace(Path::new("checkpoint"), None);
        });
        world.reboot();
        let Err(error) = world.open().map(drop) else { panic!("opens without {name}") };
        assert!(error.to_string().contains(name), "{error}");
        says_what_to_do(&error.to_string()).unwrap();
    }
}
