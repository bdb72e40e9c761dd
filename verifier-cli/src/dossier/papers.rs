//! What a dossier proves, in the pieces that papers are filled with.
//!
//! Invariant: there is no [`Proven`] but of a dossier that was verified; each line of it is something
//! that was checked, or says that it was not.

use std::path::Path;

use spec::Hash;
use spec::bundle::{Claim, PartPath};
use spec::key::KeyName;
use spec::policy::{Cosigner, Member};
use spec::time::format_utc;

use super::evidence;
use super::judge::{Expected, Held, Show, hold, verify};
use super::open::{self, Opened};
use super::statements::{Keys, Receipt};
use crate::args::Dossier;
use crate::command::{Judge, Stop, parties_of};
use crate::input;
use crate::log::Network;
use crate::messages::{Language, Message};
use crate::timestamp::Authorities;

/// How many of a long list stand in a paper.
const MAX_LISTED: usize = 200;

/// Facts by the names that templates use for them; each in lines.
pub(crate) type Proven = Vec<(&'static str, Vec<String>)>;

/// Verifies a dossier and takes out what papers need. Everything is checked twice: once for the list of
/// what is left open, once for the facts.
pub(crate) fn prove(
    path: &Path,
    wanted: &Dossier,
    network: &Network,
    language: Language,
) -> Result<Proven, Stop> {
    let report =
        verify(path, wanted, Expected::Anything, network, Show { quiet: true, matter: false })?;
    let judge = Judge::open(&wanted.policy)?;
    let pins = wanted.pins.as_deref().map(open::pins).transpose()?;
    let keys = Keys::new(pins.as_ref(), input::source_keys(&wanted.source_keys)?);
    let opened = Opened::read(path)?;
    let contents = opened.contents(&path.display().to_string())?;
    let held = hold(&contents, &judge, &keys, pins.as_ref(), None)?;
    let found = evidence::check(&contents, &held.checked)?;
    let authorities = wanted.tsa_ca.as_deref().map(Authorities::read).transpose()?;

    let origin = contents.origin().to_string();
    let mut proven: Proven = vec![("log", vec![origin])];
    proven.push(("bundle", describe_file(&opened)));
    proven.push(("log-keys", log_keys(&judge, contents.origin().as_str())));
    let newest = held.checked.iter().filter_map(|one| one.receipt.as_ref());
    if let Some(newest) = newest.max_by_key(|receipt| receipt.tree().size()) {
        proven.push(("checkpoint", checkpoint(newest)));
        proven.push(("witness-times", times(newest)));
        let own = wanted.policy.parties.as_deref();
        proven.push(("witnesses", witnesses(newest, &judge, own, language)?));
    }
    proven.push(("quorum", quorum(&judge)));
    proven.push(("records", records(&held)));
    proven.push(("ranges", ranges(&held)));
    let vouched = contents.parts().filter_map(|(path, bytes)| match path {
        PartPath::Evidence(hash) => Some(format!("{}  ({} B)", hash.to_hex(), bytes.len())),
        _ => None,
    });
    proven.push(("evidence", cut(vouched)));
    proven.push(("evidence-count", vec![found.vouched.to_string()]));
    proven.push(("timestamps", timestamps(&held, authorities.as_ref(), language)));
    proven.push(("verifier", vec![concat!("fiducial ", env!("CARGO_PKG_VERSION")).to_string()]));
    proven.push(("not-checked", report.open(language)));
    Ok(proven)
}

fn describe_file(opened: &Opened) -> Vec<String> {
    match opened {
        Opened::Bundle(bytes) => {
            vec![format!("SHA-256 {}  ({} B)", Hash::of(bytes).to_hex(), bytes.len())]
        }
        // A folder has no one hash; a paper about it would say of what it is.
        Opened::Folder { .. } => Vec::new(),
    }
}

fn log_keys(judge: &Judge, origin: &str) -> Vec<String> {
    let keys = judge.policy().logs().iter().map(spec::policy::PolicyLog::key);
    let keys = keys.filter(|key| key.name().as_str() == origin);
    keys.map(|key| format!("{}+{}", key.name(), key.id())).collect()
}

fn checkpoint(receipt: &Receipt) -> Vec<String> {
    let tree = receipt.tree();
    let hash = Hash::of(&receipt.note.to_bytes()).to_hex();
    vec![format!("{} / {}", tree.size(), tree.root()), format!("SHA-256 {hash}")]
}

fn times(receipt: &Receipt) -> Vec<String> {
    let times = receipt.judged.times.iter();
    let both = times.map(|times| [times.earliest, times.latest].map(|time| time.as_seconds()));
    both.map(|[first, last]| format!("{} .. {}", format_utc(first), format_utc(last))).collect()
}

/// Each witness that has signed, and who runs it by the caller's list. All keys of one key name are one
/// witness: whoever runs one of them runs them all.
fn witnesses(
    receipt: &Receipt,
    judge: &Judge,
    list: Option<&Path>,
    language: Language,
) -> Result<Vec<String>, Stop> {
    let parties = list.map(|path| parties_of(path, judge.policy())).transpose()?;
    let line = |cosigner: &Cosigner| {
        let name = format!("{} ({})", cosigner.witness, cosigner.key_name);
        let Some(parties) = &parties else { return name };
        let runs = |keys: &[KeyName]| keys.contains(&cosigner.key_name);
        let named: Vec<&str> =
            parties.iter().filter(|(_, keys)| runs(keys)).map(|(party, _)| &**party).collect();
        match &named[..] {
            [] => format!("{name}: {}", Message::TemplateNobody.text(language)),
            _ => format!("{name}: {}", named.join(", ")),
        }
    };
    Ok(receipt.judged.accepted.cosigners().iter().map(line).collect())
}

/// The rule of the policy that was met: each group with how many of whom it needs.
fn quorum(judge: &Judge) -> Vec<String> {
    let policy = judge.policy();
    let name = |member: &Member| policy.name_of(*member).to_string();
    let mut lines: Vec<String> = policy
        .groups()
        .iter()
        .map(|group| {
            let members: Vec<String> = group.members().iter().map(name).collect();
            let (need, all) = (group.threshold(), members.len());
            format!("{}: {need} / {all}: {}", group.name(), members.join(", "))
        })
        .collect();
    lines.extend(policy.quorum().map(|member| format!("quorum {}", name(&member))));
    lines
}

fn records(held: &Held<'_>) -> Vec<String> {
    let of_records = held.checked.iter().filter(|one| one.place.claim == Claim::Records);
    let line = |one: &super::statements::Checked| {
        let (shown, all) = one.counts();
        format!("{} {}: {shown} / {all}", one.statement.source(), one.place.sequence)
    };
    cut(of_records.map(line))
}

/// The first lines of a long list, and how many more there are: whoever signs a paper must not say that these
/// are all.
fn cut(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    let left = lines.len().saturating_sub(MAX_LISTED);
    lines.truncate(MAX_LISTED);
    lines.extend((left > 0).then(|| format!("… (+{left})")));
    lines
}

fn ranges(held: &Held<'_>) -> Vec<String> {
    let line = |one: &super::ranges::Sound<'_>| {
        let (source, machine) = (one.pin.source(), one.pin.machine());
        format!("{source} ({machine}): {} .. {}", one.first, one.last)
    };
    held.sound.iter().map(line).collect()
}

fn timestamps(held: &Held<'_>, own: Option<&Authorities>, language: Language) -> Vec<String> {
    let line = |one: &super::stamps::Stamped| {
        let stamp = one.stamp.as_ref().ok()?;
        let (place, time, signer) = (one.place, stamp.time(), stamp.signer());
        let led = own.and_then(|authorities| authorities.lead_to(stamp).ok());
        let by = led.unwrap_or_else(|| Message::TemplateUnchecked.text(language).to_string());
        Some(format!("{place}: {time}, {signer} [{by}]"))
    };
    held.stamped.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_says_how_much_of_it_is_left_out() {
        let lines = |count: usize| (0..count).map(|at| at.to_string());
        assert_eq!(cut(lines(2)), ["0", "1"]);
        assert_eq!(cut(lines(MAX_LISTED)).len(), MAX_LISTED);
        let many = cut(lines(MAX_LISTED + 3));
        assert_eq!((many.len(), many[MAX_LISTED].as_str()), (MAX_LISTED + 1, "… (+3)"));
    }
}
