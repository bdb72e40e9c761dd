//! Whose signature on the statement of a receipt counts: the caller's pins, and keys that were given one by one.
//!
//! Pins say the same of a receipt as of a bundle: which key signs for a source, where that stands, and which its
//! first statement is.

use spec::evidence::pins::Pins;
use spec::evidence::statement::{Statement, VerifiedStatement};
use spec::key::VerifierKey;

use crate::args::Verify;
use crate::command::Stop;
use crate::dossier;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::report::Report;

/// What the caller knew of the sources before.
pub(super) struct Sources {
    pins: Option<Pins>,
    /// The pinned keys, and those that were given one by one.
    keys: Vec<VerifierKey>,
}

impl Sources {
    /// Reads pins and keys.
    pub(super) fn read(wanted: &Verify) -> Result<Self, Failure> {
        let pins = wanted.pins.as_deref().map(dossier::pins).transpose()?;
        let pinned = pins.iter().flat_map(Pins::iter).flat_map(|pin| pin.keys().to_vec());
        let keys = pinned.chain(input::source_keys(&wanted.source_keys)?).collect();
        Ok(Self { pins, keys })
    }

    /// Whether there is no key at all.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Checks the signature with a key that was pinned; the statement's own word for its source is no key.
    pub(super) fn verify(&self, statement: &Statement) -> Result<VerifiedStatement, Stop> {
        let origin = statement.origin();
        if let Some(pins) = self.pins.as_ref().filter(|pins| pins.origin() != origin) {
            let both = [origin.as_str(), pins.origin().as_str()];
            return Err(rejected(Message::PinsOfAnotherLog, &both));
        }
        let source = statement.source().as_str();
        let key = self.keys.iter().find(|key| key.claims(statement.signature()));
        let key = key.ok_or_else(|| {
            rejected(Message::UnpinnedSource, &[source, &statement.signature().id.to_string()])
        })?;
        statement.verify(key).map_err(|error| {
            Stop::rejected(Said::of_error(Message::BadStatement, &[source], &error))
        })
    }

    /// The pinned statement is the one that is pinned; and where its source stands is told.
    pub(super) fn check_pinned(
        &self,
        report: &mut Report,
        statement: &VerifiedStatement,
    ) -> Result<(), Stop> {
        let source = statement.source();
        let Some(pin) = self.pins.as_ref().and_then(|pins| pins.of(source)) else { return Ok(()) };
        let (sequence, leaf) = pin.first();
        if statement.sequence() == sequence && statement.leaf_hash() != leaf {
            let values = [source.as_str(), &sequence.to_string()];
            return Err(rejected(Message::RangeNotPinned, &values));
        }
        report.fact(Message::LabelMachine, format!("{source}: {}", pin.machine()));
        Ok(())
    }
}

fn rejected(message: Message, values: &[&str]) -> Stop {
    Stop::rejected(Said::new(message, values))
}
