//! The first entry of a log that goes on for another one: whose word it is, and what it says.
//!
//! Rule: `spec/text/succession.md`. The new log must have signed it. That the old one did too shows only
//! where the auditor's policy lists a key of it; receipts of the old log are judged by their own policy.

use spec::checkpoint::Origin;
use spec::key::VerifierKey;
use spec::note::SignatureError;
use spec::policy::Policy;
use spec::succession::Succession;

use super::bundle::Finding;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// A succession that the log in question has signed.
pub(super) struct Begun {
    succession: Succession,
    is_vouched: bool,
}

/// Reads entry 0; `None` if it is no succession.
pub(super) fn read(
    entry: &[u8],
    origin: &Origin,
    policy: &Policy,
) -> Option<Result<Begun, Finding>> {
    let succession = Succession::parse(entry).ok()?;
    let fault = |said| Some(Err(Finding::Fault(said)));
    if succession.origin() != origin {
        let named = succession.origin().to_string();
        return fault(Said::new(Message::EntryOfAnotherLog, &["0", &named]));
    }
    if let Err(error) = succession.verify(&keys_of(policy, origin)) {
        return fault(Said::of_error(Message::BadSuccession, &[], &error));
    }
    let old = succession.old().origin();
    let is_vouched = match succession.verify_old(&keys_of(policy, old)) {
        Ok(()) => true,
        Err(SignatureError::Missing) => false,
        Err(_) => return fault(Said::new(Message::BadOldSuccession, &[old.as_str()])),
    };
    Some(Ok(Begun { succession, is_vouched }))
}

fn keys_of(policy: &Policy, origin: &Origin) -> Vec<VerifierKey> {
    let keys = policy.logs().iter().map(|log| log.key());
    keys.filter(|key| key.name().as_str() == origin.as_str()).cloned().collect()
}

impl Begun {
    /// Says what the entry says, and what that rests on.
    pub(super) fn describe(&self, report: &mut Report) {
        let old = self.succession.old();
        let (name, size) = (old.origin().as_str(), old.tree().size().to_string());
        if report.verdict() == Verdict::Verified {
            report.reason(Said::new(Message::SuccessionSound, &[name, &size]));
            if self.is_vouched {
                report.reason(Said::new(Message::SuccessionVouched, &[name]));
            }
        }
        report.fact(Message::LabelSucceeds, format!("{name} {size} {}", old.tree().root()));
        report.fact(Message::LabelWhy, self.succession.why());
        report.not_checked(Message::OpenOldLog, &[name]);
        if !self.is_vouched {
            report.not_checked(Message::OpenOldLogSilent, &[name]);
        }
    }
}
