//! What a watch remembers: the latest checkpoint of the log, and of each witness.
//!
//! ```text
//! fiducial/watch-state/v1
//!
//! log
//! <the checkpoint, a signed note>
//!
//! witness <key name>
//! <the checkpoint that it cosigned, a signed note>
//! ```
//!
//! The notes are verified again whenever they are read, so that a damaged state is noticed and
//! nobody can plant a history in it without the log's key. Whoever can *remove* lines can make the
//! watch forget: keep the file where only the watch can write.

use std::collections::BTreeMap;
use std::path::Path;

use spec::key::{KeyName, MAX_KEY_NAME_SIZE, VerifierKey};
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::policy::{MAX_WITNESSES, Policy};

use super::ask::Seen;
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};

/// The first line.
const HEADER: &str = "fiducial/watch-state/v1";

/// The most bytes of a state: the largest note, and its label, for the log and each witness. What
/// a log shows can therefore never make a state that is not read again.
const MAX_STATE_SIZE: usize = 64 + (MAX_WITNESSES + 1) * (MAX_NOTE_SIZE + MAX_KEY_NAME_SIZE + 16);

/// What a watch remembers of one log.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) log: Seen,
    pub(super) witnesses: BTreeMap<KeyName, Seen>,
}

impl State {
    /// Reads the state; `None` if there is none yet.
    pub(super) fn load(
        path: &Path,
        policy: &Policy,
        log_keys: &[VerifierKey],
    ) -> Result<Option<Self>, Failure> {
        if !path.exists() {
            return Ok(None);
        }
        let shown = path.display().to_string();
        let bytes = input::read(path, MAX_STATE_SIZE)?;
        let seen = |note: &Note| {
            Seen::of(&shown, note, policy, log_keys).map_err(|error| error.to_string())
        };
        parse(&bytes, seen).map(Some).map_err(|why| {
            let hint = Said::new(Message::HintWatchState, &[]);
            Failure::new(Said::of_error(Message::Malformed, &[&shown], &why)).with_hint(hint)
        })
    }

    /// Writes the state, durably, unless it is what is there already.
    pub(super) fn save(&self, target: &Target) -> Result<(), Failure> {
        let text = self.format();
        if std::fs::read(target.path()).is_ok_and(|bytes| bytes == text.as_bytes()) {
            return Ok(());
        }
        target.write(text.as_bytes()).map_err(Failure::from)
    }

    fn format(&self) -> String {
        let mut text = format!("{HEADER}\n\nlog\n{}", self.log.note);
        for (name, seen) in &self.witnesses {
            text += &format!("\nwitness {name}\n{}", seen.note);
        }
        text
    }
}

/// Parses a state; `seen` verifies each note. The error says which part is wrong.
fn parse(bytes: &[u8], seen: impl Fn(&Note) -> Result<Seen, String>) -> Result<State, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| input::NOT_UTF_8)?;
    let text = text.strip_suffix('\n').ok_or("the last line break is missing")?;
    // Neither the text of a checkpoint nor a block of signatures holds an empty line.
    let mut parts = text.split("\n\n");
    if parts.next() != Some(HEADER) {
        return Err(format!("the first line is not {HEADER:?}"));
    }
    let (mut log, mut witnesses) = (None, BTreeMap::new());
    while let Some(part) = parts.next() {
        let (label, head) = part.split_once('\n').ok_or_else(|| format!("{part:?}"))?;
        let signatures = parts.next().ok_or_else(|| format!("{label}: no signatures"))?;
        let note = Note::parse(format!("{head}\n\n{signatures}\n").as_bytes());
        let note = note.map_err(|error| format!("{label}: {error}"))?;
        let seen = seen(&note).map_err(|error| format!("{label}: {error}"))?;
        let is_new = match label.strip_prefix("witness ").map(KeyName::parse) {
            Some(Ok(name)) => witnesses.insert(name, seen).is_none(),
            None if label == "log" => log.replace(seen).is_none(),
            None | Some(Err(_)) => false,
        };
        if !is_new {
            return Err(format!("{label:?} is unknown or there twice"));
        }
    }
    let log = log.ok_or("no checkpoint of the log")?;
    let is_other = |seen: &Seen| seen.head.origin() != log.head.origin();
    if witnesses.values().any(is_other) {
        return Err("checkpoints of two logs".to_string());
    }
    Ok(State { log, witnesses })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;
    use spec::checkpoint::{Checkpoint, Origin};
    use spec::key::{Algorithm, SigningKey};
    use spec::tree::Tree;

    fn key() -> SigningKey {
        let name = KeyName::parse("log.example").unwrap();
        SigningKey::from_seed(name, Algorithm::NoteEd25519, &[1; 32]).unwrap()
    }

    fn policy() -> Policy {
        Policy::parse(format!("log {}\nquorum none\n", key().verifier()).as_bytes()).unwrap()
    }

    fn seen(note: &Note) -> Result<Seen, String> {
        let keys = [key().verifier().clone()];
        Seen::of("state", note, &policy(), &keys).map_err(|error| error.to_string())
    }

    fn signed(size: u64) -> Seen {
        let tree = Tree::new(size, Hash::of(&size.to_be_bytes())).unwrap();
        let text = Checkpoint::new(Origin::parse("log.example").unwrap(), tree).to_string();
        seen(&Note::new(text.clone(), vec![key().sign_note(&text)])).unwrap()
    }

    fn state() -> State {
        let name = |text: &str| KeyName::parse(text).unwrap();
        let witnesses = [(name("w1.example"), signed(6)), (name("w2.example"), signed(7))];
        State { log: signed(7), witnesses: witnesses.into_iter().collect() }
    }

    #[test]
    fn a_state_survives_its_text() {
        let text = state().format();
        let again = parse(text.as_bytes(), seen).unwrap();
        assert_eq!(again.format(), text);
        assert_eq!((again.log.size(), again.witnesses.len()), (7, 2));
    }

    #[test]
    fn every_flipped_bit_of_a_state_is_noticed_or_changes_a_name_alone() {
        let text = state().format();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= 1 << bit;
                if let Ok(state) = parse(&changed, seen) {
                    let sizes: Vec<u64> = state.witnesses.values().map(Seen::size).collect();
                    assert_eq!((state.log.size(), sizes.len()), (7, 2), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_state_without_its_log_or_with_a_part_twice_is_refused() {
        let text = state().format();
        let (head, witnesses) = text.split_once("\nwitness w1").unwrap();
        let cases = [
            String::new(),
            format!("{HEADER}\n"),
            text[..text.len() - 1].to_string(),
            text.replace("state/v1", "state/v2"),
            format!("{HEADER}\n\nwitness w1{witnesses}"),
            format!("{text}\nlog\n{}", signed(7).note),
            text.replace("witness w2", "witness w1"),
            text.replace("witness w2", "somebody w2"),
            format!("{head}\nwitness w1.example\n"),
        ];
        for case in cases {
            assert!(parse(case.as_bytes(), seen).is_err(), "{case}");
        }
    }
}
