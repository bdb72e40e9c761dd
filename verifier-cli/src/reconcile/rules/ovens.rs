//! The reflow certificate that a unit went through the oven under.

use spec::evidence::kind::Kind;

use super::context::{Certificate, Context};
use crate::messages::Message;
use crate::reconcile::case::Case;
use crate::reconcile::entry::Entry;
use crate::reconcile::finding::Finding;
use crate::reconcile::verdict::Verdict;

/// What must be opened of a certificate to judge a unit by it.
const NEEDED: [&str; 8] = [
    "file/sha256",
    "machine",
    "program",
    "claimed/start",
    "claimed/zone",
    "seen",
    "verdict",
    "valid/until",
];

pub(super) fn judge(case: &Case<'_>, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !context.has_oven_data {
        return;
    }
    let mut is_reported = false;
    for pass in case.of_kind(Kind::OvenData) {
        is_reported = true;
        covered_later(pass, context, found);
        match pass.bytes("certificate/sha256") {
            None if pass.shows_all_behind() => {
                found.push(Finding::new(Message::FoundNoCertificate, &[]).on([pass]));
            }
            // That it is not opened is said where all such are.
            None => {}
            Some(hash) => match context.by_hash.get(hash) {
                None => found.push(Finding::new(Message::FoundCertificateNotShown, &[]).on([pass])),
                Some(certificate) => in_force(case, context, (pass, certificate), found),
            },
        }
    }
    if !is_reported {
        found.push(Finding::new(Message::FoundNoOven, &[]));
    }
}

/// A certificate that was first seen behind the pass, and claims to have held before it. Ovens report some
/// passes late: then the time that the pass claims says that it came first.
fn covered_later(pass: &Entry, context: &Context<'_>, found: &mut Vec<Finding>) {
    let claims_it = |one: &&Certificate<'_>| {
        one.is_behind
            && one.entry.bytes("machine") == pass.bytes("machine")
            && (pass.is_before(one.entry) || pass.claimed().is_some_and(|at| at < one.entry.seen()))
            && pass.claimed().zip(one.start).is_some_and(|(at, start)| at >= start)
    };
    for certificate in context.certificates.iter().filter(claims_it) {
        let message = if certificate.is_explained {
            Message::FoundCertificateLate
        } else {
            Message::FoundBackdated
        };
        let values = ["claimed/start", "seen"].map(|name| certificate.entry.text(name));
        let values = values.each_ref().map(|value| value.as_deref().unwrap_or("?"));
        found.push(Finding::new(message, &values).on([certificate.entry, pass]));
    }
}

/// The certificate that the pass names: good, of its recipe, and valid at that time.
fn in_force(
    case: &Case<'_>,
    context: &Context<'_>,
    (pass, certificate): (&Entry, &Entry),
    found: &mut Vec<Finding>,
) {
    let mut say = |message, values: &[&str]| {
        found.push(Finding::new(message, values).on([pass, certificate]));
    };
    if let Some(name) = certificate.first_hidden(&NEEDED) {
        return say(Message::FoundNotOpened, &[name]);
    }
    let words = certificate.items("verdict");
    match case.book.words.of_all(words.iter().copied()) {
        Verdict::Good => {}
        Verdict::Bad => say(Message::FoundCertificateFailed, &[]),
        // A trace without a verdict says nothing, and claims nothing.
        Verdict::Unknown if words.is_empty() => {}
        Verdict::Unknown => {
            say(Message::FoundNoWord, &[&certificate.text("verdict").unwrap_or_default()]);
        }
    }
    let recipes = (pass.text("program"), certificate.text("program"));
    if let (Some(runs), Some(measured)) = &recipes
        && runs != measured
    {
        say(Message::FoundCertificateOfAnother, &[measured, runs]);
    }
    let (seen, claimed) = (pass.seen(), pass.claimed());
    let until = certificate.moment("valid/until");
    let from = certificate.moment("valid/from").filter(|from| *from > seen);
    if from.is_some() || until.is_some_and(|until| claimed.unwrap_or(seen) > until) {
        say(Message::FoundCertificateOutside, &[]);
    }
    let ended = certificate.hashes().find_map(|hash| context.ended.get(hash));
    if ended.is_some_and(|ended| *ended < seen) {
        say(Message::FoundCertificateEnded, &[]);
    }
}
