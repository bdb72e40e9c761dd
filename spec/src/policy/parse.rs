//! Reading a policy file, octet by octet, with the line of every fault.
//!
//! Rule: C2SP tlog-policy, sections "Policy file syntax and structure" and "Character set".

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::{
    MAX_GROUPS, MAX_LOGS, MAX_POLICY_SIZE, MAX_WITNESSES, Member, Policy, PolicyGroup, PolicyLog,
    PolicyName, PolicyWitness,
};
use crate::encoding::parse_decimal;
use crate::key::{Algorithm, KeyError, KeyName, VerifierKey};

/// The predefined name that stands for no cosignatures at all.
const NONE: &[u8] = b"none";

/// Where and why a policy is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy line {line}: {fault}")]
#[allow(clippy::exhaustive_structs, reason = "a line and what is wrong with it")]
pub struct PolicyError {
    /// The line, from 1. A fault of the whole file names its last line.
    pub line: usize,
    /// What is wrong.
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// A control character other than tab and line break.
    #[error("octet 0x{0:02x} is not allowed (a line ends in a newline alone)")]
    Character(u8),
    /// Keys of one witness would count as several.
    #[error(
        "two members of this group hold keys named {name}; keys of one name are one witness: \
         put them into a group of their own with \"any\""
    )]
    DoubleCounted {
        /// The key name that would count twice.
        name: KeyName,
    },
    /// The same public key, or the same key name and ID, as on an earlier line of this kind.
    #[error("the same key as on line {line}")]
    DuplicateKey {
        /// The earlier line.
        line: usize,
    },
    /// The name is already defined, or is `none`.
    #[error("the name {0} is already taken")]
    DuplicateName(PolicyName),
    /// The line does not have the items that its keyword asks for.
    #[error("expected: {0}")]
    Items(&'static str),
    /// The verifier key is refused.
    #[error("the key is refused: {0}")]
    Key(#[from] KeyError),
    /// The key is of a type that cannot do this.
    #[error("a key of type 0x{have:02x} cannot be used here: {want}")]
    KeyType {
        /// The type found.
        have: u8,
        /// Which types can.
        want: &'static str,
    },
    /// The first item is no keyword of a policy.
    #[error("a line begins with log, witness, group, quorum or #")]
    Keyword,
    /// A witness with the key or the key name of a listed log, or the reverse.
    #[error("the key or its name is also a log's on line {line}: a log is not its own witness")]
    LogAsWitness {
        /// The other line.
        line: usize,
    },
    /// The name is already a member of a group.
    #[error("{0} is already a member of a group; each name can be listed once")]
    MemberTwice(PolicyName),
    /// The last line does not end in a line break.
    #[error("the last line lacks its line break")]
    NoLineBreak,
    /// No quorum line.
    #[error("the policy has no quorum line (\"quorum none\" asks for no witness at all)")]
    NoQuorum,
    /// A second quorum line.
    #[error("there is already a quorum line, on line {line}")]
    SecondQuorum {
        /// The first one.
        line: usize,
    },
    /// The threshold is not `any`, `all` or a decimal from 1 to the number of members.
    #[error("the threshold is \"any\", \"all\" or a number from 1 to {members}")]
    Threshold {
        /// How many members the group has.
        members: usize,
    },
    /// More than [`MAX_POLICY_SIZE`] bytes.
    #[error("the policy has {size} bytes; at most {MAX_POLICY_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// More lines of one kind than are read.
    #[error("more than {max} {what} lines")]
    TooMany {
        /// The keyword.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// No preceding line defines the name.
    #[error("no witness or group named {0} is defined above")]
    UnknownName(PolicyName),
}

impl Policy {
    /// Parses a policy of at most [`MAX_POLICY_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_POLICY_SIZE {
            let fault = PolicyFault::TooLarge { size: bytes.len() };
            return Err(PolicyError { line: 1, fault });
        }
        let mut parser = Parser::new();
        for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            parser.line = at + 1;
            let read = parser.read_line(line);
            read.map_err(|fault| PolicyError { line: parser.line, fault })?;
        }
        parser.finish()
    }
}

/// What the lines so far have defined.
struct Parser {
    /// The line being read, from 1.
    line: usize,
    policy: Policy,
    /// The line of the quorum.
    quorum_line: Option<usize>,
    /// Every name defined, with what it stands for.
    names: BTreeMap<Vec<u8>, Member>,
    /// What is a member of a group already.
    listed: BTreeSet<Member>,
    /// The line of every log and of every witness, in their order.
    log_lines: Vec<usize>,
    witness_lines: Vec<usize>,
    /// The key names below each group.
    key_names: Vec<BTreeSet<KeyName>>,
}

impl Parser {
    const fn new() -> Self {
        let policy =
            Policy { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        Self {
            line: 0,
            policy,
            quorum_line: None,
            names: BTreeMap::new(),
            listed: BTreeSet::new(),
            log_lines: Vec::new(),
            witness_lines: Vec::new(),
            key_names: Vec::new(),
        }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        let line = line.strip_suffix(b"\n").ok_or(PolicyFault::NoLineBreak)?;
        let refused = |byte: &&u8| (**byte < 0x20 && **byte != b'\t') || **byte == 0x7f;
        if let Some(byte) = line.iter().find(refused) {
            return Err(PolicyFault::Character(*byte));
        }
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let mut items = line.split(blank).filter(|item| !item.is_empty());
        let Some(keyword) = items.next() else {
            return Ok(());
        };
        if keyword.starts_with(b"#") {
            return Ok(());
        }
        let items: Vec<&[u8]> = items.collect();
        match keyword {
            b"group" => self.read_group(&items),
            b"log" => self.read_log(&items),
            b"quorum" => self.read_quorum(&items),
            b"witness" => self.read_witness(&items),
            _ => Err(PolicyFault::Keyword),
        }
    }

    fn read_log(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = match items {
            [key] => (key, None),
            [key, url] => (key, Some(url.to_vec())),
            _ => return Err(PolicyFault::Items("log <vkey> [<url>]")),
        };
        limit(&self.policy.logs, MAX_LOGS, "log")?;
        let key = parse_key(key)?;
        if key.algorithm() == Algorithm::CosignatureEd25519 {
            let want = "a log signs with 0x01 or 0x06";
            return Err(PolicyFault::KeyType { have: key.algorithm().type_byte(), want });
        }
        for (other, line) in self.policy.logs.iter().zip(&self.log_lines) {
            check_different(&key, &other.key, *line)?;
        }
        for (other, line) in self.policy.witnesses.iter().zip(&self.witness_lines) {
            check_other_party(&key, &other.key, *line)?;
        }
        self.policy.logs.push(PolicyLog { key, url });
        self.log_lines.push(self.line);
        Ok(())
    }

    fn read_witness(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let (name, key, url) = match items {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(url.to_vec())),
            _ => return Err(PolicyFault::Items("witness <name> <vkey> [<url>]")),
        };
        limit(&self.policy.witnesses, MAX_WITNESSES, "witness")?;
        let key = parse_key(key)?;
        if key.algorithm() == Algorithm::NoteEd25519 {
            let want = "a witness signs with 0x04 or 0x06";
            return Err(PolicyFault::KeyType { have: key.algorithm().type_byte(), want });
        }
        for (other, line) in self.policy.witnesses.iter().zip(&self.witness_lines) {
            check_different(&key, &other.key, *line)?;
        }
        for (other, line) in self.policy.logs.iter().zip(&self.log_lines) {
            check_other_party(&key, &other.key, *line)?;
        }
        let name = self.define(name, Member::Witness(self.policy.witnesses.len()))?;
        self.policy.witnesses.push(PolicyWitness { name, key, url });
        self.witness_lines.push(self.line);
        Ok(())
    }

    fn read_group(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, threshold, members @ ..] = items else {
            return Err(PolicyFault::Items("group <name> any|all|<k> <member>..."));
        };
        if members.is_empty() {
            return Err(PolicyFault::Items("group <name> any|all|<k> <member>..."));
        }
        limit(&self.policy.groups, MAX_GROUPS, "group")?;
        let threshold = parse_threshold(threshold, members.len())?;
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            found.push(self.take_member(member)?);
        }
        let key_names = self.key_names_below(&found, threshold)?;
        // Defined last: a group cannot be its own member.
        let name = self.define(name, Member::Group(self.policy.groups.len()))?;
        self.policy.groups.push(PolicyGroup { name, threshold, members: found });
        self.key_names.push(key_names);
        Ok(())
    }

    fn read_quorum(&mut self, items: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = items else {
            return Err(PolicyFault::Items("quorum <name>"));
        };
        if let Some(line) = self.quorum_line {
            return Err(PolicyFault::SecondQuorum { line });
        }
        if *name != NONE {
            self.policy.quorum = Some(self.find(name)?);
        }
        self.quorum_line = Some(self.line);
        Ok(())
    }

    fn finish(self) -> Result<Policy, PolicyError> {
        match self.quorum_line {
            Some(_) => Ok(self.policy),
            None => Err(PolicyError { line: self.line.max(1), fault: PolicyFault::NoQuorum }),
        }
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<PolicyName, PolicyFault> {
        let named = PolicyName(name.to_vec());
        if name == NONE || self.names.insert(name.to_vec(), member).is_some() {
            return Err(PolicyFault::DuplicateName(named));
        }
        Ok(named)
    }

    fn find(&self, name: &[u8]) -> Result<Member, PolicyFault> {
        let found = self.names.get(name).copied();
        found.ok_or_else(|| PolicyFault::UnknownName(PolicyName(name.to_vec())))
    }

    fn take_member(&mut self, name: &[u8]) -> Result<Member, PolicyFault> {
        let member = self.find(name)?;
        if !self.listed.insert(member) {
            return Err(PolicyFault::MemberTwice(PolicyName(name.to_vec())));
        }
        Ok(member)
    }

    /// Collects the key names below the members. Where more than one member must have witnessed,
    /// no name may occur below two of them, or one witness could fill the quorum by itself.
    fn key_names_below(
        &self,
        members: &[Member],
        threshold: usize,
    ) -> Result<BTreeSet<KeyName>, PolicyFault> {
        let mut all = BTreeSet::new();
        for member in members {
            let own = match member {
                Member::Group(at) => self.key_names[*at].clone(),
                Member::Witness(at) => {
                    BTreeSet::from([self.policy.witnesses[*at].key.name().clone()])
                }
            };
            if threshold > 1
                && let Some(name) = all.intersection(&own).next()
            {
                return Err(PolicyFault::DoubleCounted { name: KeyName::clone(name) });
            }
            all.extend(own);
        }
        Ok(all)
    }
}

fn limit<T>(lines: &[T], max: usize, what: &'static str) -> Result<(), PolicyFault> {
    if lines.len() < max { Ok(()) } else { Err(PolicyFault::TooMany { what, max }) }
}

fn parse_key(item: &[u8]) -> Result<VerifierKey, PolicyFault> {
    // A note is UTF-8, so a key name that is not could never be on a signature line.
    let text = core::str::from_utf8(item).map_err(|_| KeyError::Name)?;
    Ok(VerifierKey::parse(text)?)
}

fn parse_threshold(item: &[u8], members: usize) -> Result<usize, PolicyFault> {
    let refused = PolicyFault::Threshold { members };
    match item {
        b"all" => Ok(members),
        b"any" => Ok(1),
        digits => {
            let text = core::str::from_utf8(digits).map_err(|_| refused.clone())?;
            let number = parse_decimal(text).map_err(|_| refused.clone())?;
            let number = usize::try_from(number).map_err(|_| refused.clone())?;
            if (1..=members).contains(&number) { Ok(number) } else { Err(refused) }
        }
    }
}

/// Refuses the same public key under whatever label, and two keys that no line could tell apart.
fn check_different(key: &VerifierKey, other: &VerifierKey, line: usize) -> Result<(), PolicyFault> {
    let same_label = key.name() == other.name() && key.id() == other.id();
    if same_label || key.public_bytes() == other.public_bytes() {
        return Err(PolicyFault::DuplicateKey { line });
    }
    Ok(())
}

/// Refuses a log and a witness that are one party.
fn check_other_party(
    key: &VerifierKey,
    other: &VerifierKey,
    line: usize,
) -> Result<(), PolicyFault> {
    if key.name() == other.name() || key.public_bytes() == other.public_bytes() {
        return Err(PolicyFault::LogAsWitness { line });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use alloc::format;
    use alloc::string::{String, ToString};

    fn vkey(name: &str, algorithm: Algorithm, seed: u8) -> String {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, algorithm, &[seed; 32]).unwrap().verifier().to_string()
    }

    fn log_key() -> String {
        vkey("log.example", Algorithm::NoteEd25519, 1)
    }

    fn witness_key(seed: u8) -> String {
        vkey(&format!("w{seed}.example"), Algorithm::CosignatureEd25519, seed)
    }

    fn fault(text: &str) -> (usize, PolicyFault) {
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        (error.line, error.fault)
    }

    fn name(text: &str) -> PolicyName {
        PolicyName(text.as_bytes().to_vec())
    }

    #[test]
    fn the_example_of_the_specification_parses() {
        let mut text = format!("log {}\n\n", log_key());
        for (at, label) in ["X1", "X2", "X3", "Y1", "Y2", "Y3"].into_iter().enumerate() {
            text += &format!("witness {label} {}\n", witness_key(2 + at as u8));
        }
        text += "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
                 group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let thresholds: Vec<usize> = policy.groups().iter().map(PolicyGroup::threshold).collect();
        assert_eq!(thresholds, [2, 1, 2]);
        assert_eq!(policy.quorum(), Some(Member::Group(2)));
        assert_eq!(policy.name_of(Member::Witness(5)), &name("Y3"));
    }

    #[test]
    fn white_space_comments_and_foreign_octets_are_allowed_where_the_page_says() {
        let mut text = Vec::new();
        text.extend_from_slice(b" \t\n#\xff comment\n\t # another\n");
        text.extend_from_slice(format!("\tlog  {}\t https://x/", log_key()).as_bytes());
        text.extend_from_slice(b"\xff\xfe \n");
        text.extend_from_slice(format!("witness K {}\n", witness_key(2)).as_bytes());
        // The Kelvin sign is another name than the letter K.
        text.extend_from_slice(format!("witness \u{212a} {}\n", witness_key(3)).as_bytes());
        text.extend_from_slice(format!("witness \u{a0} {}\n", witness_key(4)).as_bytes());
        text.extend_from_slice(format!("witness any {}\n", witness_key(5)).as_bytes());
        text.extend_from_slice(b"group all all any K\n  quorum \t all\n");
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(policy.witnesses().len(), 4);
        assert_eq!(policy.logs()[0].url(), Some(&b"https://x/\xff\xfe"[..]));
        assert_eq!(policy.groups()[0].threshold(), 2);
    }

    #[test]
    fn an_empty_set_of_logs_and_no_witness_are_allowed() {
        let policy = Policy::parse(b"quorum none\n").unwrap();
        assert!(policy.logs().is_empty() && policy.quorum().is_none());
    }

    #[test]
    fn faults_of_form_are_named_with_their_line() {
        let usage = PolicyFault::Items("group <name> any|all|<k> <member>...");
        let cases = [
            ("".to_string(), (1, PolicyFault::NoQuorum)),
            ("# only this\n\n".to_string(), (2, PolicyFault::NoQuorum)),
            ("quorum none".to_string(), (1, PolicyFault::NoLineBreak)),
            ("quorum none\r\n".to_string(), (1, PolicyFault::Character(13))),
            ("# \u{7f}\nquorum none\n".to_string(), (1, PolicyFault::Character(0x7f))),
            ("quorum none\nquorum none\n".to_string(), (2, PolicyFault::SecondQuorum { line: 1 })),
            ("quorum\n".to_string(), (1, PolicyFault::Items("quorum <name>"))),
            ("quorum a b\n".to_string(), (1, PolicyFault::Items("quorum <name>"))),
            ("Quorum none\n".to_string(), (1, PolicyFault::Keyword)),
            ("quorum later\n".to_string(), (1, PolicyFault::UnknownName(name("later")))),
            ("log\n".to_string(), (1, PolicyFault::Items("log <vkey> [<url>]"))),
            ("log a b c\n".to_string(), (1, PolicyFault::Items("log <vkey> [<url>]"))),
            ("witness a\n".to_string(), (1, PolicyFault::Items("witness <name> <vkey> [<url>]"))),
            ("log nonsense\n".to_string(), (1, PolicyFault::Key(KeyError::Malformed))),
            ("group g any\n".to_string(), (1, usage.clone())),
            ("group g\n".to_string(), (1, usage)),
            ("group g any g\n".to_string(), (1, PolicyFault::UnknownName(name("g")))),
            ("group g any none\n".to_string(), (1, PolicyFault::UnknownName(name("none")))),
        ];
        for (text, want) in cases {
            assert_eq!(fault(&text), want, "{text:?}");
        }
    }

    #[test]
    fn thresholds_lie_between_one_and_all() {
        let head = format!("witness a {}\nwitness b {}\n", witness_key(2), witness_key(3));
        for good in ["any", "all", "1", "2"] {
            let text = format!("{head}group g {good} a b\nquorum g\n");
            assert!(Policy::parse(text.as_bytes()).is_ok(), "{good}");
        }
        for bad in ["0", "3", "-1", "+1", "01", "1.0", "ALL", "18446744073709551616"] {
            let text = format!("{head}group g {bad} a b\nquorum g\n");
            assert_eq!(fault(&text), (3, PolicyFault::Threshold { members: 2 }), "{bad}");
        }
    }

    #[test]
    fn names_are_defined_once_and_listed_once() {
        let head = format!("witness a {}\nwitness b {}\n", witness_key(2), witness_key(3));
        let cases = [
            ("witness a KEY\n", PolicyFault::DuplicateName(name("a"))),
            ("witness none KEY\n", PolicyFault::DuplicateName(name("none"))),
            ("group a any b\n", PolicyFault::DuplicateName(name("a"))),
            ("group none any a\n", PolicyFault::DuplicateName(name("none"))),
            ("group g any a a\n", PolicyFault::MemberTwice(name("a"))),
        ];
        for (line, want) in cases {
            let text = format!("{head}{}", line.replace("KEY", &witness_key(4)));
            assert_eq!(fault(&text), (3, want), "{line}");
        }
        let text = format!("{head}group g any a b\ngroup h any a\nquorum g\n");
        assert_eq!(fault(&text), (4, PolicyFault::MemberTwice(name("a"))));
    }

    #[test]
    fn one_key_under_two_labels_is_a_duplicate() {
        let other_name = vkey("other.example", Algorithm::CosignatureEd25519, 2);
        let text = format!("witness a {}\n# x\nwitness b {other_name}\n", witness_key(2));
        assert_eq!(fault(&text), (3, PolicyFault::DuplicateKey { line: 1 }));
        let other_log = vkey("other.example", Algorithm::NoteEd25519, 1);
        let text = format!("log {}\nlog {other_log}\n", log_key());
        assert_eq!(fault(&text), (2, PolicyFault::DuplicateKey { line: 1 }));
    }

    #[test]
    fn a_log_is_not_its_own_witness() {
        let same_key = vkey("w.example", Algorithm::CosignatureEd25519, 1);
        let same_name = vkey("log.example", Algorithm::CosignatureEd25519, 7);
        for witness in [same_key, same_name] {
            let text = format!("log {}\nwitness w {witness}\n", log_key());
            assert_eq!(fault(&text), (2, PolicyFault::LogAsWitness { line: 1 }));
            let text = format!("witness w {witness}\nlog {}\n", log_key());
            assert_eq!(fault(&text), (2, PolicyFault::LogAsWitness { line: 1 }));
        }
    }

    #[test]
    fn keys_have_the_type_of_their_line() {
        let text = format!("log {}\n", witness_key(2));
        assert!(matches!(fault(&text), (1, PolicyFault::KeyType { have: 4, .. })));
        let text = format!("witness a {}\n", log_key());
        assert!(matches!(fault(&text), (1, PolicyFault::KeyType { have: 1, .. })));
    }

    #[test]
    fn one_name_never_counts_twice() {
        let one = vkey("w.example", Algorithm::CosignatureEd25519, 2);
        let two = vkey("w.example", Algorithm::CosignatureEd25519, 3);
        let head = format!("witness a {one}\nwitness b {two}\nwitness c {}\n", witness_key(4));
        let twice = PolicyFault::DoubleCounted { name: KeyName::parse("w.example").unwrap() };
        for group in ["group g all a b\n", "group g 2 a b c\n", "group g 2 c b a\n"] {
            assert_eq!(fault(&format!("{head}{group}quorum g\n")), (4, twice.clone()), "{group}");
        }
        let nested = format!("{head}group one any a c\ngroup g all one b\nquorum g\n");
        assert_eq!(fault(&nested), (5, twice));
        let sound = format!("{head}group w any a b\ngroup g all w c\nquorum g\n");
        assert!(Policy::parse(sound.as_bytes()).is_ok());
    }

    #[test]
    fn every_kind_of_line_has_a_limit() {
        let keys = (0..=MAX_WITNESSES).map(|at| {
            let name = KeyName::parse(&format!("w{at}")).unwrap();
            let mut seed = [3; 32];
            seed[0] = (at % 256) as u8;
            seed[1] = (at / 256) as u8;
            let kind = Algorithm::CosignatureEd25519;
            SigningKey::from_seed(name, kind, &seed).unwrap().verifier().to_string()
        });
        let lines: Vec<String> =
            keys.enumerate().map(|(at, key)| format!("witness w{at} {key}\n")).collect();
        let most = lines[..MAX_WITNESSES].concat();
        assert!(Policy::parse(format!("{most}quorum none\n").as_bytes()).is_ok());
        let want = PolicyFault::TooMany { what: "witness", max: MAX_WITNESSES };
        assert_eq!(fault(&lines.concat()), (MAX_WITNESSES + 1, want));

        let mut groups = lines[..1].concat() + "group g0 any w0\n";
        for at in 1..=MAX_GROUPS {
            groups += &format!("group g{at} any g{}\n", at - 1);
        }
        let want = PolicyFault::TooMany { what: "group", max: MAX_GROUPS };
        assert_eq!(fault(&groups), (MAX_GROUPS + 2, want));

        let large = alloc::vec![b'\n'; MAX_POLICY_SIZE + 1];
        let want = PolicyFault::TooLarge { size: MAX_POLICY_SIZE + 1 };
        assert_eq!(Policy::parse(&large).unwrap_err().fault, want);
    }
}
