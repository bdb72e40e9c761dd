//! Where an audit may begin: at nothing, at a trusted checkpoint, or where the last one ended.
//!
//! ```text
//! fiducial/audit-state/v1
//! log example.com/evidence
//! entries signed-statements
//! tree 1024 <base64 root>
//! chains complete
//! source <name> <next sequence> <base64 leaf hash of the last> <size in its after line>
//! ```
//!
//! `chains partial` says that an audit began behind entries that nobody showed it, so that a source
//! without a line may continue a chain from before. A file without this line is refused.
//!
//! The file is the auditor's own memory: whoever can change it can hide what happened before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use spec::checkpoint::Origin;
use spec::encoding::{decode_hash, parse_decimal};
use spec::key::KeyName;
use spec::policy::AcceptedCheckpoint;
use spec::tree::Tree;

use super::chain::{Chains, Head, MAX_SOURCES};
use crate::args::Audit as Wanted;
use crate::command::{Judge, Stop};
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};

/// The first line.
const HEADER: &str = "fiducial/audit-state/v1";

/// What the line `chains` says of an audit from the first entry on, and of one from a later entry.
const COMPLETE: &str = "complete";
const PARTIAL: &str = "partial";

/// The most bytes of a state file: a line of the longest kind for each source.
const MAX_STATE_SIZE: usize = 1024 + MAX_SOURCES * 352;

/// What is checked of the entries. An audit goes on only where one of the same kind ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Any,
    SignedStatements,
    Statements,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::SignedStatements => "signed-statements",
            Self::Statements => "statements",
        }
    }
}

/// Where an audit begins.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) tree: Tree,
    pub(super) chains: Chains,
}

/// Decides where to begin from what was given.
pub(super) fn start(
    wanted: &Wanted,
    judge: &Judge,
    accepted: &AcceptedCheckpoint,
    mode: Mode,
) -> Result<Start, Stop> {
    let trusted = match &wanted.from {
        None => None,
        Some(path) => {
            let checked = judge.accept(&input::note(path)?);
            let shown = path.display().to_string();
            Some(checked.map_err(|stop| stop.within(&shown))?.accepted)
        }
    };
    if let Some(trusted) = trusted.as_ref().filter(|old| old.origin() != accepted.origin()) {
        let origins = [trusted.origin().as_str(), accepted.origin().as_str()];
        return Err(Said::new(Message::TwoLogs, &origins).into());
    }
    let known = match &wanted.state {
        Some(path) if path.exists() => Some(load(path, accepted.origin(), mode)?),
        _ => None,
    };
    match (known, trusted) {
        (None, None) => Ok(Start { tree: Tree::EMPTY, chains: Chains::new() }),
        (None, Some(trusted)) => Ok(Start { tree: trusted.tree(), chains: Chains::unknown() }),
        (Some(known), None) => Ok(known),
        (Some(known), Some(trusted)) if known.tree == trusted.tree() => Ok(known),
        (Some(known), Some(trusted)) => {
            let sizes = [known.tree.size().to_string(), trusted.tree().size().to_string()];
            Err(Said::new(Message::StateOfOtherTree, &[&sizes[0], &sizes[1]]).into())
        }
    }
}

/// Writes the state whole, beside its place first, so that a crash leaves the old one.
pub(super) fn save(
    target: &Target,
    origin: &Origin,
    tree: Tree,
    mode: Mode,
    chains: &Chains,
) -> Result<(), Failure> {
    let text = format(origin, tree, mode, chains);
    target.write(text.as_bytes()).map_err(Failure::from)
}

fn load(path: &Path, origin: &Origin, mode: Mode) -> Result<Start, Failure> {
    let shown = path.display().to_string();
    let bytes = input::read(path, MAX_STATE_SIZE)?;
    let hint = Said::new(Message::HintState, &[]);
    let text = String::from_utf8_lossy(&bytes);
    parse(&text, origin, mode).map_err(|line| {
        let why = format!("line {line}");
        Failure::new(Said::of_error(Message::Malformed, &[&shown], &why)).with_hint(hint)
    })
}

fn format(origin: &Origin, tree: Tree, mode: Mode, chains: &Chains) -> String {
    let mut text = format!("{HEADER}\nlog {origin}\nentries {}\n", mode.name());
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        text.write_fmt(arguments).expect("writing to a string does not fail");
    };
    line(format_args!("tree {} {}\n", tree.size(), tree.root()));
    line(format_args!("chains {}\n", if chains.is_complete() { COMPLETE } else { PARTIAL }));
    for (name, head) in chains.heads() {
        let Head { next, previous, after_size } = head;
        line(format_args!("source {name} {next} {previous} {after_size}\n"));
    }
    text
}

/// Parses a state of this log and this kind of audit; the error is the line at fault.
fn parse(text: &str, origin: &Origin, mode: Mode) -> Result<Start, usize> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let mut next = |prefix: &str| match lines.next() {
        Some((at, line)) => line.strip_prefix(prefix).map(|rest| (at, rest)).ok_or(at),
        None => Err(0),
    };
    let (at, rest) = next(HEADER)?;
    if !rest.is_empty() {
        return Err(at);
    }
    let (at, log) = next("log ")?;
    if log != origin.as_str() {
        return Err(at);
    }
    let (at, entries) = next("entries ")?;
    if entries != mode.name() {
        return Err(at);
    }
    let (at, tree) = next("tree ")?;
    let tree = parse_tree(tree).ok_or(at)?;
    let complete = match next("chains ")? {
        (_, COMPLETE) => true,
        (_, PARTIAL) => false,
        (at, _) => return Err(at),
    };
    let mut heads = BTreeMap::new();
    for (at, line) in lines {
        let (name, head) = parse_source(line).ok_or(at)?;
        if heads.len() >= MAX_SOURCES || heads.insert(name, head).is_some() {
            return Err(at);
        }
    }
    Ok(Start { tree, chains: Chains::resumed(heads, complete) })
}

fn parse_tree(text: &str) -> Option<Tree> {
    let (size, root) = text.split_once(' ')?;
    Tree::new(parse_decimal(size).ok()?, decode_hash(root).ok()?)
}

fn parse_source(line: &str) -> Option<(KeyName, Head)> {
    let mut items = line.strip_prefix("source ")?.split(' ');
    let name = KeyName::parse(items.next()?).ok()?;
    let next = parse_decimal(items.next()?).ok()?;
    let previous = decode_hash(items.next()?).ok()?;
    let after_size = parse_decimal(items.next()?).ok()?;
    items.next().is_none().then_some((name, Head { next, previous, after_size }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;

    #[test]
    fn a_state_survives_its_text_and_fits_one_log_and_one_kind_of_audit() {
        let origin = Origin::parse("log.example").unwrap();
        let tree = Tree::new(9, Hash::of(b"root")).unwrap();
        let head = Head { next: 3, previous: Hash::of(b"leaf"), after_size: 2 };
        let heads = BTreeMap::from([(KeyName::parse("aoi").unwrap(), head)]);
        let written = |complete| {
            let chains = Chains::resumed(heads.clone(), complete);
            let text = format(&origin, tree, Mode::SignedStatements, &chains);
            let start = parse(&text, &origin, Mode::SignedStatements).unwrap();
            assert_eq!((start.tree, start.chains), (tree, chains));
            text
        };
        let (text, partial) = (written(true), written(false));
        assert_ne!(text, partial);

        let other = Origin::parse("other.example").unwrap();
        assert_eq!(parse(&text, &other, Mode::SignedStatements).unwrap_err(), 2);
        assert_eq!(parse(&text, &origin, Mode::Statements).unwrap_err(), 3);
        let twice = format!("{text}{}\n", text.lines().last().unwrap());
        assert_eq!(parse(&twice, &origin, Mode::SignedStatements).unwrap_err(), 7);
        for line in ["", "chains\n", "chains some\n"] {
            let unclear = text.replace("chains complete\n", line);
            assert_eq!(parse(&unclear, &origin, Mode::SignedStatements).unwrap_err(), 5);
        }
        assert_eq!(parse("", &origin, Mode::Any).unwrap_err(), 0);
    }
}
