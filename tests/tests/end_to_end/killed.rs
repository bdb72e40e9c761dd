//! `kill -9` of the log and of its witnesses, at random moments under load.
//!
//! Clients add entries, some of them with a receipt; a monitor reads what the log and each witness
//! shows; one process after another is killed and started again. In the end everything that
//! anybody was ever shown must fit into one history, and every promise must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature;
use spec::hash::leaf_hash;
use spec::key::VerifierKey;
use spec::note::Note;
use spec::proof::Proof;
use spec::witness::monitoring_path;
use tests::crash::points::soaks;
use tests::oracle::{Oracle, Reader};
use tests::seed::Seed;
use tests::store::Store;

use crate::stores::part::free_address;
use crate::support::{ORIGIN, Server, fetch, submit, wait};
use crate::witnesses::{FOR_RECEIPT, Panel};

/// How many clients add at once.
const CLIENTS: usize = 4;

/// How many processes are killed, and how many where there is time.
const KILLS: (usize, usize) = (24, 500);

/// What was promised and shown so far.
#[derive(Default)]
struct Noted {
    acknowledged: Vec<(u64, Vec<u8>)>,
    receipts: Vec<(Vec<u8>, Vec<u8>)>,
    /// Every note, whoever showed it.
    notes: BTreeSet<Vec<u8>>,
}

impl Reader for Server {
    fn checkpoint(&self) -> Result<Vec<u8>, String> {
        Ok(self.get("/checkpoint").body)
    }

    fn tile(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(self.get(&format!("/{path}")).body)
    }
}

#[test]
fn whoever_is_killed_every_promise_holds_and_there_is_one_history() {
    let mut panel = Panel::new(3, 2);
    let address = free_address().to_string();
    let (noted, over) = (Mutex::new(Noted::default()), AtomicBool::new(false));
    let mut places: Vec<(String, String)> = vec![(address.clone(), "/checkpoint".to_owned())];
    let monitoring = monitoring_path(&Origin::parse(ORIGIN).unwrap());
    places.extend(panel.witnesses.iter().map(|one| (one.address.clone(), monitoring.clone())));

    let server = std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (address, noted, over) = (&address, &noted, &over);
            scope.spawn(move || add(number, address, noted, over));
        }
        for (address, path) in &places {
            let (noted, over) = (&noted, &over);
            scope.spawn(move || watch(address, path, noted, over));
        }
        let killed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| kill(&mut panel, &address)));
        // Else the others would work for ever after a failure.
        over.store(true, Ordering::Release);
        killed.unwrap_or_else(|why| std::panic::resume_unwind(why))
    });

    let noted = noted.into_inner().unwrap();
    let last = noted.acknowledged.iter().map(|(index, _)| *index).max().unwrap();
    panel.world.published(&server, last + 1);
    judge_log(&panel, &server, &noted);
    judge_witnesses(&panel, &noted);
    assert_eq!(server.stop(), 0);
    panel.world.log(&["check", "--data", "log"]).ends_with(0);
    for witness in &mut panel.witnesses {
        witness.stop();
        panel.world.witness(&["doctor", "--data", &witness.data]).ends_with(0);
    }
}

fn start(panel: &Panel, address: &str) -> Server {
    panel.serve_unready(&["--listen", address])
}

/// Kills one after another, sometimes several before any is started again. In the end all run.
fn kill(panel: &mut Panel, address: &str) -> Server {
    let mut seed = Seed::new(71);
    let mut server = Some(start(panel, address));
    let silence = Store::of_run().silence();
    for number in 0..if soaks() { KILLS.1 } else { KILLS.0 } {
        std::thread::sleep(Duration::from_millis(1 + seed.below(200) as u64));
        // Where whoever publishes is killed again and again, nobody ever does: now and then it lives for longer.
        if number % 4 == 3 && !silence.is_zero() {
            std::thread::sleep(silence + Duration::from_secs(1));
        }
        match seed.below(6) {
            at @ 0..3 => panel.witnesses[at].kill(),
            _ => server = None,
        }
        if seed.once_in(3) {
            continue;
        }
        for at in 0..panel.witnesses.len() {
            if !panel.witnesses[at].runs() {
                panel.witnesses[at].start(&panel.world);
            }
        }
        server = Some(server.unwrap_or_else(|| start(panel, address)));
    }
    for at in 0..panel.witnesses.len() {
        if !panel.witnesses[at].runs() {
            panel.witnesses[at].start(&panel.world);
        }
    }
    let server = server.unwrap_or_else(|| start(panel, address));
    server.wait_until_ready();
    server
}

/// One client: entries of its own, one after the other, and again what was not answered.
fn add(number: usize, address: &str, noted: &Mutex<Noted>, over: &AtomicBool) {
    let mut at = 0_usize;
    while !over.load(Ordering::Acquire) {
        let entry = format!("client {number} entry {at}").into_bytes();
        // Every other client wants receipts, for every other entry.
        let with_receipt = number.is_multiple_of(2) && at.is_multiple_of(2);
        let path = if with_receipt { FOR_RECEIPT } else { "/add" };
        let Some(answer) = submit(address, path, &entry).filter(|answer| answer.status == 200)
        else {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        };
        let mut noted = noted.lock().unwrap();
        if with_receipt {
            let proof = Proof::parse(&answer.body).expect("a receipt");
            noted.acknowledged.push((proof.index(), entry.clone()));
            noted.notes.insert(proof.checkpoint().to_bytes());
            noted.receipts.push((entry, answer.body));
        } else {
            noted.acknowledged.push((answer.index(), entry));
        }
        at += 1;
    }
    assert!(at > 0, "client {number} was never answered");
}

/// Reads what one of them shows, again and again: it never goes back.
fn watch(address: &str, path: &str, noted: &Mutex<Noted>, over: &AtomicBool) {
    let mut size = 0;
    while !over.load(Ordering::Acquire) {
        if let Some(answer) = fetch(address, path).filter(|answer| answer.status == 200) {
            let note = Note::parse(&answer.body).expect("a note");
            let shown = Checkpoint::parse(note.text()).expect("a checkpoint").tree().size();
            assert!(shown >= size, "{address} showed {shown} entries after {size}");
            size = shown;
            noted.lock().unwrap().notes.insert(answer.body);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(size > 0, "{address} never showed anything");
}

/// Every entry is where it was said to be, every receipt holds, and every head is of one history.
fn judge_log(panel: &Panel, server: &Server, noted: &Noted) {
    let mut oracle = Oracle::new(panel.world.keys[0].clone());
    for (index, entry) in &noted.acknowledged {
        oracle.acknowledge(*index, entry).unwrap();
    }
    for note in &noted.notes {
        oracle.saw(note).unwrap();
    }
    let policy = panel.policy("policy");
    for (entry, receipt) in &noted.receipts {
        let proof = Proof::parse(receipt).unwrap();
        proof.verify(leaf_hash(entry), &policy).unwrap();
    }
    oracle.audit(server).unwrap();
    let (entries, receipts) = (oracle.acknowledged(), noted.receipts.len());
    assert!(entries > 100 && receipts > 20, "too little happened: {entries}, {receipts}");
    // A busy log signs five heads a second at most.
    assert!(oracle.heads() > 10, "too little happened: {} heads", oracle.heads());
}

/// What a witness has signed of one size.
struct Signed {
    root: Hash,
    first: u64,
    last: u64,
}

/// No witness has cosigned two roots for one size, nor an earlier time for a later tree.
fn judge_witnesses(panel: &Panel, noted: &Noted) {
    for witness in &panel.witnesses {
        for key in &witness.keys {
            let mut before = 0;
            let signed = signed_by(key, &noted.notes);
            assert!(signed.len() > 5, "{key}: {} trees", signed.len());
            for (size, one) in signed {
                assert!(before <= one.first, "{key}: time went back at {size} entries");
                before = one.last;
            }
        }
        wait("the witness shows nothing", || witness.checkpoint());
    }
}

fn signed_by(key: &VerifierKey, notes: &BTreeSet<Vec<u8>>) -> BTreeMap<u64, Signed> {
    let mut signed: BTreeMap<u64, Signed> = BTreeMap::new();
    for note in notes {
        let note = Note::parse(note).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        for line in note.signatures().iter().filter(|line| key.claims(line)) {
            let time = cosignature::verify_line(line, &checkpoint, key).unwrap().as_seconds();
            let (size, root) = (checkpoint.tree().size(), checkpoint.tree().root());
            let one = signed.entry(size).or_insert(Signed { root, first: time, last: time });
            assert_eq!(one.root, root, "{key} has cosigned two roots at {size} entries");
            (one.first, one.last) = (one.first.min(time), one.last.max(time));
        }
    }
    signed
}
