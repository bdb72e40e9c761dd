//! From what a judge holds to what a report shows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use spec::encoding::decode_hex;
use spec::evidence::disclosure::OpenedBatch;
use spec::evidence::kind::Kind;

use super::{
    Bounds, Evidence, Field, MAX_IN_FULL, MAX_LINES, MAX_OTHERS, MAX_PROFILES, Matter, Meant,
    Picture, Step, Witness, boards,
};
use crate::list::{Panels, Unit};
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
    /// Units of which no report of a machine that inspects is shown: their boards come before the others.
    pub(crate) lacking: Vec<Cow<'a, Unit>>,
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
        let mut boards = boards::group(about, &self.asked, &self.lacking);
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
    /// The hash of the file that a source shows under a name; of two different ones, and of one that is not opened,
    /// none.
    named: BTreeMap<(String, String), Option<String>>,
    /// By name; of two different ones of one name, none.
    windows: BTreeMap<String, Option<Window>>,
}

impl Programs {
    fn read(gathering: &Gathering<'_>, others: &[Step]) -> Self {
        let mut read = Self::default();
        others.iter().filter(|step| step.kind == Kind::Program).for_each(|step| read.name(step));
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

    /// Notes which file a source shows under a name, whether that file is enclosed or not.
    fn name(&mut self, step: &Step) {
        let Some(name) = step.text("program") else { return };
        let hash = step.text("file/sha256").map(str::to_string);
        let known = self.named.entry((step.source.clone(), name.to_string()));
        let known = known.or_insert_with(|| hash.clone());
        if *known != hash {
            *known = None;
        }
    }

    /// The program that the record names by its hash. Where it says that it names none, a name alone could be another
    /// revision's: then the one of this name, if its source shows no other.
    fn of(&self, step: &Step) -> Option<Meant> {
        let (hash, is_by_name) = match step.field("program/sha256") {
            Field::Text(hash) => (hash, false),
            Field::Hidden => return None,
            Field::Absent => {
                let name = (step.source.clone(), step.text("program")?.to_string());
                (self.named.get(&name)?.as_deref()?, true)
            }
        };
        Some(Meant { program: self.programs.get(hash)?.clone(), is_by_name })
    }

    fn window_of(&self, step: &Step) -> Option<Window> {
        self.windows.get(step.text("window")?)?.clone()
    }
}

#[cfg(test)]
mod tests {
    use spec::Hash;

    use super::*;

    const PROGRAM: &str = "Program,P1_TOP\nBoard,60,40\nDesignator,X,Y\nC1,10,20\n";
    const OTHER: &str = "Program,P1_TOP\nBoard,70,40\nDesignator,X,Y\nC1,30,20\n";

    /// The width of the board by the program that a report means, and whether it is by its name.
    fn meant(enclosed: &[&str], versions: &[&str], report: &Step) -> Option<(f64, bool)> {
        let evidence =
            enclosed.iter().map(|text| (*Hash::of(text.as_bytes()).as_bytes(), text.as_bytes()));
        let gathering = Gathering {
            witnesses: Vec::new(),
            statements: Vec::new(),
            evidence: evidence.collect(),
            asked: BTreeSet::new(),
            listed: None,
            lacking: Vec::new(),
        };
        let version = |(text, number): (&&str, u64)| {
            let hash = Hash::of(text.as_bytes()).to_hex();
            let values = [("program", "P1_TOP"), ("file/sha256", hash.as_str())];
            Step::of(Kind::Program, number, &values)
        };
        let others: Vec<Step> = versions.iter().zip(1..).map(version).collect();
        let meant = Programs::read(&gathering, &others).of(report)?;
        Some((meant.program.board.0, meant.is_by_name))
    }

    #[test]
    fn a_report_that_names_no_file_means_the_only_program_of_its_name() {
        let report = |name| Step::of(Kind::AoiReport, 9, &[("program", name)]);
        let of_none = report("P1_TOP").lacking("program/sha256");
        assert_eq!(meant(&[PROGRAM], &[PROGRAM], &of_none), Some((60.0, true)));
        // Seen again, it is the same; another one of that name, enclosed or not, leaves a doubt.
        assert_eq!(meant(&[PROGRAM], &[PROGRAM, PROGRAM], &of_none), Some((60.0, true)));
        assert_eq!(meant(&[PROGRAM], &[PROGRAM, OTHER], &of_none), None);
        assert_eq!(meant(&[PROGRAM, OTHER], &[OTHER, PROGRAM], &of_none), None);
        // Not by a name that is another's, of another source, nor where the report may name a file.
        assert_eq!(meant(&[PROGRAM], &[PROGRAM], &report("P2").lacking("program/sha256")), None);
        let mut strange = report("P1_TOP").lacking("program/sha256");
        strange.source = "other.example".to_string();
        assert_eq!(meant(&[PROGRAM], &[PROGRAM], &strange), None);
        assert_eq!(meant(&[PROGRAM], &[PROGRAM], &report("P1_TOP")), None);
    }

    #[test]
    fn a_report_that_names_a_file_means_that_and_no_other() {
        let hash = Hash::of(OTHER.as_bytes()).to_hex();
        let values = [("program", "P1_TOP"), ("program/sha256", hash.as_str())];
        let report = Step::of(Kind::AoiReport, 9, &values);
        assert_eq!(meant(&[PROGRAM, OTHER], &[PROGRAM, OTHER], &report), Some((70.0, false)));
        assert_eq!(meant(&[PROGRAM], &[PROGRAM], &report), None);
    }
}
