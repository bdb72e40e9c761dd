//! Copies of policy and pins that come along. They decide nothing.
//!
//! Whoever took his own from the bundle has the sender's word on the sender, and nobody but he knows whether he
//! did: where both say the same, that is told. What is compared is what they say and not their bytes: a comment or
//! an empty line more makes no other policy.

use spec::bundle::{Contents, PartPath};
use spec::evidence::pins::Pins;
use spec::key::VerifierKey;
use spec::policy::{Member, Policy, PolicyLog, PolicyWitness};

use crate::input;
use crate::messages::{Message, Said};

/// What there is to say of the copies.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Those that say what the reader's own say.
    pub(super) same: Vec<Said>,
    /// Those that say something else, or cannot be read.
    pub(super) others: Vec<PartPath>,
}

impl Copies {
    /// Compares the copies with the reader's own.
    pub(super) fn of(contents: &Contents<'_>, policy: &Policy, pins: Option<&Pins>) -> Self {
        let mut copies = Self::default();
        if let Some(copy) = contents.part(&PartPath::Policy) {
            let copy = input::parse_own(copy, Policy::parse);
            let is_same = copy.is_ok_and(|copy| Asked::by(&copy) == Asked::by(policy));
            copies.add(PartPath::Policy, Message::OpenSamePolicy, is_same);
        }
        if let (Some(copy), Some(pins)) = (contents.part(&PartPath::Pins), pins) {
            let is_same = input::parse_own(copy, Pins::parse).is_ok_and(|copy| copy == *pins);
            copies.add(PartPath::Pins, Message::OpenSamePins, is_same);
        }
        copies
    }

    fn add(&mut self, path: PartPath, message: Message, is_same: bool) {
        if is_same {
            self.same.push(Said::new(message, &[]));
        } else {
            self.others.push(path);
        }
    }
}

/// What decides in a policy: its keys, the groups of them and the quorum. By which names it calls these, and where a log
/// or a witness is reached, decides nothing. One that has them in another order is taken for another policy.
#[derive(PartialEq, Eq)]
struct Asked<'a> {
    logs: Vec<&'a VerifierKey>,
    witnesses: Vec<&'a VerifierKey>,
    groups: Vec<(usize, &'a [Member])>,
    quorum: Option<Member>,
}

impl<'a> Asked<'a> {
    fn by(policy: &'a Policy) -> Self {
        let groups = policy.groups().iter();
        Self {
            logs: policy.logs().iter().map(PolicyLog::key).collect(),
            witnesses: policy.witnesses().iter().map(PolicyWitness::key).collect(),
            groups: groups.map(|group| (group.threshold(), group.members())).collect(),
            quorum: policy.quorum(),
        }
    }
}
