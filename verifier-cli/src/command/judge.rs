//! Judging checkpoints: the caller's policy, and the caller's demand for somebody independent.
//!
//! Every command that believes a checkpoint goes through here, so that none forgets the demand.
//! Which party runs which witness is the caller's own knowledge, in a file of the caller's own:
//!
//! ```text
//! [parties]
//! factory = ["w1", "witness.factory.example"]    names of the policy, or key names
//! buyer = []                                     a party that runs none
//! ```
//!
//! All keys of one key name are one witness: to name one of them is to name them all. A name that
//! the policy does not know is refused, since a misspelt relation would count as none.

use std::collections::BTreeMap;
use std::path::Path;

use spec::key::KeyName;
use spec::note::Note;
use spec::policy::{
    AcceptedCheckpoint, Counting, Member, Policy, PolicyFailure, PolicyWitness, Times,
};
use toml::{Table, Value};

use super::Stop;
use super::accepted::refusal;
use crate::args::PolicyArgs;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};

/// The most bytes of a file of parties: some thousand lines.
const MAX_PARTIES_SIZE: usize = 256 * 1024;

/// The table of the file, and the only one.
const PARTIES: &str = "parties";

/// What the caller demands of every checkpoint.
pub(crate) struct Judge {
    policy: Policy,
    independence: Option<Independence>,
}

/// The demand for a witness that none of these parties runs.
struct Independence {
    /// The parties, as the caller named them.
    named: String,
    /// The key names that they run, each with its party.
    related: BTreeMap<KeyName, String>,
}

impl Independence {
    fn is_unrelated(&self, name: &KeyName) -> bool {
        !self.related.contains_key(name)
    }
}

/// A checkpoint that meets every demand. Only [`Judge::consider`] makes one.
pub(crate) struct Judged {
    pub(crate) accepted: AcceptedCheckpoint,
    /// The times of the quorum that met the demands.
    pub(crate) times: Option<Times>,
    /// The same by ML-DSA-44 alone; `None` also where the policy asks for no witness.
    pub(crate) post_quantum_times: Option<Times>,
    /// The parties of whom somebody had to be independent, and the names of those who were.
    pub(crate) unrelated: Option<(String, Vec<String>)>,
}

impl Judge {
    /// Reads the policy and, if it is demanded, who runs what.
    pub(crate) fn open(wanted: &PolicyArgs) -> Result<Self, Failure> {
        let policy = input::policy(wanted.policy.as_deref())?;
        let independence = match (&wanted.parties, &wanted.unrelated_to[..]) {
            (Some(path), parties @ [_, ..]) => Some(independence(path, parties, &policy)?),
            _ => None,
        };
        Ok(Self { policy, independence })
    }

    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Judges a checkpoint note under all demands.
    pub(crate) fn accept(&self, note: &Note) -> Result<Judged, Stop> {
        let accepted = self.policy.check(note).map_err(|why| self.refuse(note, &why))?;
        self.consider(accepted)
    }

    /// Says why the policy does not accept a note, rule by rule.
    pub(crate) fn refuse(&self, note: &Note, why: &PolicyFailure) -> Stop {
        Stop::Rejected(refusal(&self.policy, note, why))
    }

    /// Adds the demand for independence to what the policy has accepted.
    pub(crate) fn consider(&self, accepted: AcceptedCheckpoint) -> Result<Judged, Stop> {
        let Some(demand) = &self.independence else {
            let times = accepted.times();
            let post_quantum_times = match accepted.post_quantum() {
                spec::policy::PostQuantum::Accepted(times) => *times,
                _ => None,
            };
            return Ok(Judged { accepted, times, post_quantum_times, unrelated: None });
        };
        let times_of = |counting| {
            self.policy.times_with(&accepted, counting, |name| demand.is_unrelated(name))
        };
        let Some(times) = times_of(Counting::All) else {
            return Err(Stop::Rejected(vec![only_related(demand, &accepted)]));
        };
        let post_quantum_times = match accepted.post_quantum() {
            spec::policy::PostQuantum::Accepted(_) => times_of(Counting::PostQuantum),
            _ => None,
        };
        let cosigners = accepted.cosigners().iter();
        let unrelated = cosigners.filter(|cosigner| demand.is_unrelated(&cosigner.key_name));
        let unrelated = unrelated.map(|cosigner| cosigner.witness.to_string()).collect();
        let unrelated = Some((demand.named.clone(), unrelated));
        Ok(Judged { accepted, times: Some(times), post_quantum_times, unrelated })
    }
}

fn only_related(demand: &Independence, accepted: &AcceptedCheckpoint) -> Said {
    let of = |cosigner: &spec::policy::Cosigner| {
        let witness = cosigner.witness.to_string();
        match demand.related.get(&cosigner.key_name) {
            Some(party) => Said::new(Message::PartyRuns, &[&witness, party]),
            None => Said::new(Message::PartyOutsideQuorum, &[&witness]),
        }
    };
    let details = accepted.cosigners().iter().map(of).collect();
    Said::new(Message::OnlyRelated, &[&demand.named]).with(details)
}

/// The caller's list of which party runs which witnesses: for each party the key names of these. A name
/// that the policy does not know is refused here as well.
pub(crate) fn parties_of(
    path: &Path,
    policy: &Policy,
) -> Result<BTreeMap<String, Vec<KeyName>>, Failure> {
    let shown = path.display().to_string();
    let mut parties = BTreeMap::new();
    for (party, names) in read_parties(path, &shown)? {
        let mut keys = Vec::new();
        for name in &names {
            let found = named(policy, name);
            if found.is_empty() {
                let values = [shown.as_str(), &party, name];
                return Err(hinted(Said::new(Message::PartyUnknownWitness, &values)));
            }
            keys.extend(found.iter().map(|one| one.key().name().clone()));
        }
        parties.insert(party, keys);
    }
    Ok(parties)
}

/// The witnesses that a name of the list means: a name of the policy, or a key name.
fn named<'p>(policy: &'p Policy, name: &str) -> Vec<&'p PolicyWitness> {
    let is_named = |witness: &&PolicyWitness| {
        witness.name().as_bytes() == name.as_bytes() || witness.key().name().as_str() == name
    };
    policy.witnesses().iter().filter(is_named).collect()
}

fn independence(path: &Path, parties: &[String], policy: &Policy) -> Result<Independence, Failure> {
    let shown = path.display().to_string();
    let table = read_parties(path, &shown)?;
    let mut related = BTreeMap::new();
    for party in parties {
        let Some(names) = table.get(party) else {
            return Err(hinted(Said::new(Message::PartyUnknown, &[&shown, party])));
        };
        for name in names {
            let found = named(policy, name);
            if found.is_empty() {
                let values = [shown.as_str(), party, name];
                return Err(hinted(Said::new(Message::PartyUnknownWitness, &values)));
            }
            related.extend(found.iter().map(|one| (one.key().name().clone(), party.clone())));
        }
    }
    let demand = Independence { named: parties.join(", "), related };
    // With such a policy nothing that anybody hands over could ever meet the demand.
    if !below_quorum(policy).into_iter().any(|name| demand.is_unrelated(name)) {
        return Err(Said::new(Message::NoUnrelated, &[&demand.named]).into());
    }
    Ok(demand)
}

/// The key names of all witnesses that the quorum rests on.
fn below_quorum(policy: &Policy) -> Vec<&KeyName> {
    let (mut names, mut open) = (Vec::new(), Vec::from_iter(policy.quorum()));
    while let Some(member) = open.pop() {
        match member {
            Member::Group(at) => open.extend(policy.groups()[at].members()),
            Member::Witness(at) => names.push(policy.witnesses()[at].key().name()),
        }
    }
    names
}

/// Reads the file strictly: one table, whose values are lists of names.
fn read_parties(path: &Path, shown: &str) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let malformed = |why: &str| hinted(Said::of_error(Message::Malformed, &[shown], &why));
    let bytes = input::read(path, MAX_PARTIES_SIZE)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed(input::NOT_UTF_8))?;
    let mut file: Table =
        text.parse().map_err(|error: toml::de::Error| malformed(error.message()))?;
    let Some(Value::Table(parties)) = file.remove(PARTIES) else {
        return Err(malformed("no table [parties]"));
    };
    if let Some(other) = file.keys().next() {
        return Err(malformed(&format!("{other:?} is not known")));
    }
    let names = |(party, value): (String, Value)| match value {
        Value::Array(names) => {
            let text = |name: Value| match name {
                Value::String(name) => Ok(name),
                _ => Err(malformed(&format!("{party:?}: a name is a text"))),
            };
            let names: Result<Vec<String>, Failure> = names.into_iter().map(text).collect();
            Ok((party.clone(), names?))
        }
        _ => Err(malformed(&format!("{party:?}: not a list of names"))),
    };
    parties.into_iter().map(names).collect()
}

fn hinted(why: Said) -> Failure {
    Failure::new(why).with_hint(Said::new(Message::HintParties, &[]))
}
