//! From what a judge holds to what a report shows.

use std::collections::{BTreeMap, BTreeSet};

use spec::encoding::decode_hex;
use spec::evidence::disclosure::OpenedBatch;
use spec::evidence::kind::Kind;

use super::{
    Bounds, Evidence, MAX_IN_FULL, MAX_LINES, MAX_OTHERS, MAX_PROFILES, Matter, Picture, Step,
    Witness, boards,
};
use crate::list::Panels;
use crate::pictures::{self, Program, Window};

/// A statement that holds, with what is opened of it.
pub(crate) struct Statement<'a> {
    /// Its source.
    pub(crate) source: &'a str,
    /// Its number.
    pub(crate) sequence: u64,
    /// When it was made.
    pub(crate) bounds: Bounds,
    /// Its opened records.
    pub(crate) opened: &'a OpenedBatch,
}

/// Everything that holds.
pub(crate) struct Gathering<'a> {
    /// Who cosigned the newest tree.
    pub(crate) witnesses: Vec<Witness>,
    /// The statements in order.
    pub(crate) statements: Vec<Statement<'a>>,
    /// The evidence by its SHA-256.
    pub(crate) evidence: BTreeMap<[u8; 32], &'a [u8]>,
    /// What the boards are called that are shown first.
    pub(crate) asked: BTreeSet<&'a str>,
    /// Which units the reader's list has on which panel.
    pub(crate) listed: Option<Panels<'a>>,
}

impl Gathering<'_> {
    /// Sorts, groups, and reads the files behind what is shown in full.
    pub(crate) fn into_matter(self) -> Matter {
        let (mut about, mut profiles, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for statement in &self.statements {
            for record in statement.opened.records() {
                let (source, sequence) = (statement.source.to_string(), statement.sequence);
                let mut step = Step::new(source, sequence, statement.bounds, record);
                step.evidence = self.evidence_of(&step);
                match step.kind {
                    Kind::Batch => {}
                    Kind::ReflowCertificate => profiles.push(step),
                    kind if boards::is_about_boards(kind) => about.push(step),
                    _ => others.push(step),
                }
            }
        }
        let programs = Programs::read(&self, &others);
        let mut boards = boards::group(about, &self.asked);
        let board_count = boards.len();
        boards.truncate(MAX_LINES);
        if let Some(listed) = &self.listed {
            boards::name_own(&mut boards, listed);
        }
        for step in boards.iter_mut().take(MAX_IN_FULL).flat_map(|board| &mut board.steps) {
            step.picture = self.picture(step, &programs);
        }
        let (profile_count, other_count) = (profiles.len(), others.len());
        profiles.truncate(MAX_PROFILES);
        others.truncate(MAX_OTHERS);
        for step in &mut profiles {
            step.picture = self.picture(step, &programs);
        }
        let witnesses = self.witnesses;
        Matter { witnesses, board_count, boards, profiles, profile_count, others, other_count }
    }

    /// The bytes of a record's own file, and of nothing else.
    fn bytes(&self, step: &Step) -> Option<&[u8]> {
        self.behind(step, "file/sha256")
    }

    /// The bytes that a field of the kind's table commits to. Elsewhere the name is the source's own.
    fn behind(&self, step: &Step, field: &str) -> Option<&[u8]> {
        step.kind.index_of(field)?;
        self.evidence.get(&decode_hex(step.text(field)?).ok()?).copied()
    }

    fn evidence_of(&self, step: &Step) -> Evidence {
        match (step.text("file/sha256"), self.bytes(step)) {
            (_, Some(_)) => Evidence::Enclosed,
            (Some(_), None) => Evidence::Missing,
            (None, None) => Evidence::None,
        }
    }

    fn picture(&self, step: &Step, programs: &Programs) -> Option<Picture> {
        let bytes = self.bytes(step)?;
        let reader = step.text("interpreted");
        match step.kind {
            Kind::AoiReport | Kind::Review | Kind::SpiReport => {
                Some(match pictures::inspection(bytes, reader) {
                    Ok(found) => Picture::Inspection(found, programs.of(step)),
                    Err(why) => Picture::Unread(why),
                })
            }
            Kind::ReflowCertificate => Some(match pictures::profile(bytes, reader) {
                Ok(mut profile) => {
                    let trace =
                        self.behind(step, "trace/sha256").filter(|_| profile.curve.is_none());
                    if let Some(Ok(trace)) = trace.map(|bytes| pictures::profile(bytes, None)) {
                        (profile.curve, profile.figures) = (trace.curve, trace.figures);
                    }
                    Picture::Profile(Box::new(profile), programs.window_of(step))
                }
                Err(why) => Picture::Unread(why),
            }),
            // No certificate, and no window: what the oven was set to and what it read.
            Kind::OvenData => Some(match pictures::profile(bytes, reader) {
                Ok(profile) => Picture::Profile(Box::new(profile), None),
                Err(why) => Picture::Unread(why),
            }),
            _ => None,
        }
    }
}

/// Programs and windows whose files are there.
#[derive(Default)]
struct Programs {
    /// By the hash of the file, as records write it.
    programs: BTreeMap<String, Program>,
    /// By name; of two different ones of one name, none.
    windows: BTreeMap<String, Option<Window>>,
}

impl Programs {
    fn read(gathering: &Gathering<'_>, others: &[Step]) -> Self {
        let mut read = Self::default();
        for step in others.iter().filter(|step| step.kind == Kind::Program).take(256) {
            let Some(bytes) = gathering.bytes(step) else { continue };
            let (hash, reader) = (step.text("file/sha256"), step.text("interpreted"));
            if let (Some(hash), Some(program)) = (hash, pictures::program(bytes, reader)) {
                read.programs.insert(hash.to_string(), program);
            } else if let Some(window) = pictures::window(bytes, reader) {
                let known = read.windows.entry(window.name.clone());
                let known = known.or_insert_with(|| Some(window.clone()));
                if known.as_ref().is_some_and(|known| *known != window) {
                    *known = None;
                }
            }
        }
        read
    }

    /// The program that the record names by its hash; a name alone could be another revision's.
    fn of(&self, step: &Step) -> Option<Program> {
        self.programs.get(step.text("program/sha256")?).cloned()
    }

    fn window_of(&self, step: &Step) -> Option<Window> {
        self.windows.get(step.text("window")?)?.clone()
    }
}
