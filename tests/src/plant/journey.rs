//! A panel's way: paste, oven, inspection, review, repair, inspection again, and what a dishonest
//! maker does on the way.
//!
//! Rates: DOMAIN 2.3. False calls cluster: 46 in 100 panels have none, the others as many as the
//! rate per component asks for, which gives the measured first-pass yield and the measured rate
//! at once; spread evenly they could not be had together.

use super::clock::{MINUTE, SECOND};
use super::defects;
use super::dice::Dice;
use super::format::{self, cfx, oven};
use super::line::LineState;
use super::misbehaviour::Kind;
use super::product::Product;
use super::report::{Board, Call, Inspection, Judged, Station, Style};
use super::truth::{Attempt, Deed, Panel, Unit};
use super::world::{Thread, World};

/// Real defects per component.
const REAL: f64 = 225e-6;
/// Of these, what the machine does not see: 8 in a million components.
const UNSEEN: f64 = 8.0 / 225.0;
/// False calls per component.
const FALSE: f64 = 3_150e-6;
/// Panels without any false call.
const CLEAN: f64 = 0.46;
/// After so many inspections a board that still fails is given up.
const MAX_ATTEMPTS: u32 = 3;

/// A panel on its way.
struct Journey<'a> {
    state: &'a mut LineState,
    world: &'a mut World,
    thread: Thread,
    product: Product,
    panel: Panel,
    work_order: String,
    shipped: bool,
    boards: Vec<State>,
    identity: u64,
}

/// A board as it really is.
struct State {
    serial: String,
    skipped: bool,
    scrapped: bool,
    defects: Vec<Real>,
}

/// A real defect.
struct Real {
    call: Call,
    seen: bool,
    present: bool,
}

/// Sends one panel through the line.
pub(crate) fn run(state: &mut LineState, world: &mut World, start: u64) {
    let mut journey = begin(state, world, start);
    journey.paste(start + 12 * SECOND);
    let out = journey.through_oven(start + 70 * SECOND);
    journey.inspect_and_repair(out + MINUTE);
    journey.leave();
}

fn begin<'a>(state: &'a mut LineState, world: &'a mut World, start: u64) -> Journey<'a> {
    let number = state.line.number;
    let mut dice = Dice::of(&[world.seed, 0x7061_6e65, u64::from(number), state.panels]);
    let product = world.truth.products[state.product].clone();
    let (index, _) = state.lot.expect("a panel goes in with its lot");
    let lot = &mut world.truth.lots[index];
    lot.panels += 1;
    let barcode = format!("PN{number:02}{:08}", 10_000_000 + state.panels);
    let boards = boards(&product, &barcode, &mut dice);
    let panel = Panel {
        barcode_read: state.line.style != Style::Saki || !dice.chance(1.0 / 400.0),
        barcode,
        line: number,
        lot: lot.name.clone(),
        product: product.name.clone(),
        start,
        oven: (0, 0),
        certificate: None,
        units: Vec::new(),
        attempts: Vec::new(),
        files: Vec::new(),
        misbehaviours: Vec::new(),
    };
    Journey {
        work_order: lot.work_order.clone(),
        shipped: lot.shipped,
        identity: dice.whole(0, u64::MAX - 1),
        thread: Thread { line: number, last: start, dice },
        state,
        world,
        product,
        panel,
        boards,
    }
}

fn boards(product: &Product, barcode: &str, dice: &mut Dice) -> Vec<State> {
    let digits = &barcode[2..];
    let boards = (1..=product.units()).map(|position| {
        let count = dice.poisson(product.parts.len() as f64 * REAL);
        let defects = (0..count).map(|_| Real {
            call: call(product, dice, true),
            seen: !dice.chance(UNSEEN),
            present: true,
        });
        let defects = defects.collect();
        // Position 1 is never crossed out: a panel without boards would not be made.
        let skipped = position > 1 && dice.chance(0.004);
        let serial = if product.own_serials {
            format!("SN{digits}{position}")
        } else {
            format!("{barcode}-{position}")
        };
        State {
            serial,
            skipped,
            scrapped: false,
            defects: if skipped { Vec::new() } else { defects },
        }
    });
    boards.collect()
}

pub(crate) fn call(product: &Product, dice: &mut Dice, real: bool) -> Call {
    let part = dice.whole(0, product.parts.len() as u64 - 1) as usize;
    let defect = defects::draw(dice);
    let pin = dice.whole(1, u64::from(product.parts[part].pins)) as u32;
    let has_pins = product.parts[part].pins > 2;
    Call {
        part,
        pin: (defect.at_pin && has_pins).then_some(pin),
        defect,
        real,
        excess: if real { dice.between(1.3, 4.0) } else { dice.between(1.02, 1.7) },
        confidence: super::reflow::tenth(if real {
            dice.between(70.0, 99.9)
        } else {
            dice.between(50.0, 90.0)
        }),
        confirmed: None,
    }
}

impl Journey<'_> {
    fn paste(&mut self, at: u64) {
        let at = self.world.when(&self.thread, at);
        let boards = self.boards.iter().enumerate().map(|(index, state)| Board {
            position: index as u32 + 1,
            serial: state.serial.clone(),
            skipped: state.skipped,
            calls: Vec::new(),
        });
        let draft = {
            let boards = boards.collect();
            cfx::paste(&self.inspection(boards, (at - 8 * SECOND, at), 1))
        };
        let path = self.world.put(&mut self.thread, at, draft);
        self.panel.files.push(path);
    }

    /// Gives back when the panel is out.
    fn through_oven(&mut self, at: u64) -> u64 {
        let into = self.world.when(&self.thread, at);
        let out = into + 330 * SECOND;
        self.panel.oven = (into, out);
        let in_force = self.state.certificate;
        self.panel.certificate =
            in_force.map(|index| self.world.truth.certificates[index].id.clone());
        let out_really = self.world.when(&self.thread, out);
        let message =
            oven::message(&self.state.line, &self.panel.barcode, out_really, self.identity);
        self.state.oven_says(self.world, message, out_really);
        self.thread.last = out_really;
        out_really
    }

    fn inspect_and_repair(&mut self, at: u64) {
        let mut at = at;
        for attempt in 1..=MAX_ATTEMPTS {
            let calls = self.look(at, attempt);
            let ended = self.world.when(&self.thread, at + 24 * SECOND);
            let machine = calls.iter().map(|board| board.calls.clone()).collect::<Vec<_>>();
            if attempt == 1 && self.misbehave(calls.clone(), ended) {
                return;
            }
            self.write_attempt(calls, ended, attempt);
            if machine.iter().all(Vec::is_empty) {
                return;
            }
            let Some(next) = self.review(machine, ended, attempt) else { return };
            at = next;
        }
    }

    /// What the machine finds at an attempt.
    fn look(&mut self, at: u64, attempt: u32) -> Vec<Board> {
        let widened =
            self.state.widened.filter(|w| (w.from..w.until).contains(&(at + 24 * SECOND)));
        let factor = widened.map_or(1.0, |widened| widened.factor);
        let mut boards: Vec<Board> = Vec::new();
        for (index, state) in self.boards.iter().enumerate() {
            let real = state.defects.iter().filter(|real| real.present && real.seen);
            boards.push(Board {
                position: index as u32 + 1,
                serial: state.serial.clone(),
                skipped: state.skipped || (state.scrapped && attempt > 1),
                calls: real.map(|real| real.call.clone()).collect(),
            });
        }
        // A second look is at what was repaired, and finds less to complain about.
        let clean = if attempt == 1 { CLEAN } else { 0.8 };
        if !self.thread.dice.chance(clean) {
            let mean = self.product.panel_parts() as f64 * FALSE / (1.0 - CLEAN);
            let more =
                if attempt == 1 { self.thread.dice.poisson((mean - 1.0).max(0.0)) } else { 0 };
            for _ in 0..=more {
                let call = call(&self.product, &mut self.thread.dice, false);
                let place = self.thread.dice.whole(0, boards.len() as u64 - 1) as usize;
                let place = if boards[place].skipped { 0 } else { place };
                if !boards[place].skipped {
                    boards[place].calls.push(call);
                }
            }
        }
        let before = boards.iter().map(|board| board.calls.len()).sum::<usize>();
        for board in &mut boards {
            board.calls.retain(|call| call.excess > factor);
            board.calls.sort_by_key(|call| call.part);
        }
        let left = boards.iter().map(|board| board.calls.len()).sum::<usize>();
        if let Some(widened) = widened
            && left == 0
            && before > 0
        {
            self.panel.misbehaviours.push(Kind::WidenedLimits);
            let deed = &mut self.world.truth.misbehaviours[widened.deed];
            deed.panels.push(self.panel.barcode.clone());
            deed.serials.extend(self.boards.iter().map(|board| board.serial.clone()));
        }
        boards
    }

    fn inspection(
        &self,
        boards: Vec<Board>,
        (started, ended): (u64, u64),
        attempt: u32,
    ) -> Inspection<'_> {
        let widened = self.state.widened.filter(|w| (w.from..w.until).contains(&ended));
        Inspection {
            line: &self.state.line,
            product: &self.product,
            barcode: if self.panel.barcode_read { &self.panel.barcode } else { "N/A" },
            lot: &self.panel.lot,
            work_order: &self.work_order,
            revision: self.state.revision(),
            badge: 400 + u64::from(self.panel.line) + (started / (8 * super::clock::HOUR)) % 3 * 20,
            attempt,
            started,
            ended,
            boards,
            widened: widened.map_or(1.0, |widened| widened.factor),
            identity: self.identity ^ (u64::from(attempt) << 56) ^ ended,
            judged: None,
        }
    }

    /// Writes what the machine says.
    fn write_attempt(&mut self, boards: Vec<Board>, ended: u64, attempt: u32) -> Vec<Vec<u8>> {
        let inspection = self.inspection(boards, (ended - 24 * SECOND, ended), attempt);
        let (taken, drafts) = (account(&inspection), format::report(&inspection));
        let self_cleaning = matches!(inspection.line.style, Style::Saki | Style::Yestech);
        let (mut files, mut paths) = (Vec::new(), Vec::new());
        for draft in drafts {
            let (path, append) = (draft.path.clone(), draft.append);
            files.push(self.world.put(&mut self.thread, ended + SECOND, draft));
            if self_cleaning && !append {
                self.world.clean_up(&self.thread, &path);
            }
            paths.push(path);
        }
        self.panel.files.extend(files.iter().cloned());
        self.panel.attempts.push(Attempt { on_disk: true, files, ..taken });
        paths
    }

    /// A person judges every call; gives back when the panel is inspected again, if it is.
    fn review(&mut self, calls: Vec<Vec<Call>>, ended: u64, attempt: u32) -> Option<u64> {
        let dice = &mut self.thread.dice;
        let (delay, repair_delay) = (dice.whole(60, 600), dice.whole(10, 50));
        let at = self.world.when(&self.thread, ended + delay * SECOND);
        let mut boards = Vec::new();
        for (index, mut calls) in calls.into_iter().enumerate() {
            for call in &mut calls {
                let right = self.thread.dice.chance(if call.real { 0.97 } else { 0.995 });
                call.confirmed = Some(call.real == right);
            }
            let state = &self.boards[index];
            let skipped = state.skipped || (state.scrapped && attempt > 1);
            boards.push(Board {
                position: index as u32 + 1,
                serial: state.serial.clone(),
                skipped,
                calls,
            });
        }
        let mut inspection = self.inspection(boards.clone(), (ended - 24 * SECOND, ended), attempt);
        inspection.judged = Some(Judged { at, badge: 700 + u64::from(self.panel.line) });
        let (accepted, drafts) = (inspection.accepted(), format::report(&inspection));
        let mut files = Vec::new();
        for draft in drafts {
            files.push(self.world.put(&mut self.thread, at, draft));
        }
        self.note_files(&files);
        let last = self.panel.attempts.last_mut().expect("an attempt came before its review");
        (last.reviewed, last.review_files) = (Some(at), files);
        if accepted {
            return None;
        }
        let repaired = self.repair(boards, at + repair_delay * MINUTE, (ended, attempt));
        (attempt < MAX_ATTEMPTS
            && self.boards.iter().any(|board| !board.skipped && !board.scrapped))
        .then(|| repaired + self.thread.dice.whole(5, 20) * MINUTE)
    }

    /// Repairs what was confirmed; gives back when that was done.
    fn repair(&mut self, boards: Vec<Board>, from: u64, (ended, attempt): (u64, u32)) -> u64 {
        let minutes = self.thread.dice.whole(2, 8);
        let until = self.world.when(&self.thread, from + minutes * MINUTE);
        let mut scrapped = Vec::new();
        for board in boards.iter().filter(|board| !board.accepted()) {
            let state = &mut self.boards[board.position as usize - 1];
            let given_up = self.thread.dice.chance(0.04) || attempt == MAX_ATTEMPTS;
            if given_up {
                scrapped.push(board.position);
                state.scrapped = true;
            }
            for real in &mut state.defects {
                let confirmed = board.calls.iter().any(|call| {
                    call.real && call.confirmed == Some(true) && call.part == real.call.part
                });
                if confirmed && !given_up {
                    real.present = self.thread.dice.chance(0.05);
                }
            }
        }
        let inspection = self.inspection(boards, (ended - 24 * SECOND, ended), attempt);
        let badge = 800 + u64::from(self.panel.line);
        let draft = cfx::repaired(&inspection, (from, until), badge, &scrapped);
        let file = self.world.put(&mut self.thread, until, draft);
        self.note_files(&[file]);
        let last = self.panel.attempts.last_mut().expect("an attempt came before its repair");
        last.repaired = Some(until);
        until
    }

    fn note_files(&mut self, files: &[String]) {
        for file in files {
            if !self.panel.files.contains(file) {
                self.panel.files.push(file.clone());
            }
        }
    }

    /// Does what a dishonest maker does with a panel that failed for a real defect, if it is due.
    /// Gives back whether the panel's way ends with that.
    fn misbehave(&mut self, boards: Vec<Board>, ended: u64) -> bool {
        let real = boards.iter().any(|board| board.calls.iter().any(|call| call.real));
        // Not where the board's name is unknown to the report: nobody could be shown anything.
        if !real || !self.shipped || !self.panel.barcode_read {
            return false;
        }
        let kinds =
            [Kind::OmittedPanel, Kind::EditedReport, Kind::BestOfThree, Kind::SuppressedAttempts];
        let due = kinds.into_iter().find(|kind| self.world.quota.take(*kind, ended));
        let Some(kind) = due else { return false };
        self.panel.misbehaviours.push(kind);
        let mut deed = Deed {
            panels: vec![self.panel.barcode.clone()],
            serials: self.boards.iter().map(|board| board.serial.clone()).collect(),
            attempts: 1,
            ..Deed::new(kind, self.panel.line, ended, "versions")
        };
        match kind {
            Kind::OmittedPanel => {
                deed.shows_in = "reconciliation";
                let inspection = self.inspection(boards, (ended - 24 * SECOND, ended), 1);
                let taken = account(&inspection);
                self.panel.attempts.push(taken);
            }
            Kind::EditedReport => self.edit(boards, ended, &mut deed),
            _ => self.repeat(boards, ended, &mut deed),
        }
        self.world.truth.misbehaviours.push(deed);
        true
    }

    /// Leaves the report where others see it, and overwrites it later.
    fn edit(&mut self, boards: Vec<Board>, ended: u64, deed: &mut Deed) {
        let paths = self.write_attempt(boards.clone(), ended, 1);
        let inspection = self.inspection(boards, (ended - 24 * SECOND, ended), 1);
        let mut draft = format::edited(&inspection);
        draft.path.clone_from(&paths[0]);
        let later = ended + self.thread.dice.whole(20, 120) * MINUTE;
        deed.files = vec![self.world.put(&mut self.thread, later, draft)];
        deed.at = self.thread.last;
        deed.until = self.thread.last;
    }

    /// Inspects again without repair until the panel passes.
    fn repeat(&mut self, boards: Vec<Board>, ended: u64, deed: &mut Deed) {
        let suppressed = deed.kind == Kind::SuppressedAttempts;
        let attempts = if self.thread.dice.chance(0.4) { 2 } else { 3 };
        let mut at = ended;
        for attempt in 1..=attempts {
            let mut found = boards.clone();
            if attempt == attempts {
                found.iter_mut().for_each(|board| board.calls.clear());
            }
            if suppressed && attempt < attempts {
                let taken = account(&self.inspection(found, (at - 24 * SECOND, at), attempt));
                self.panel.attempts.push(taken);
            } else {
                // The machine counts its own files: it knows of no attempt that left none.
                let counted = if suppressed { 1 } else { attempt };
                self.write_attempt(found, at, counted);
                let last = self.panel.attempts.last_mut().expect("it was just written");
                last.attempt = attempt;
                deed.files.extend(last.files.iter().cloned());
            }
            deed.until = at;
            let seconds = self.thread.dice.whole(40, 90);
            at = self.world.when(&self.thread, at + seconds * SECOND);
        }
        deed.attempts = attempts;
        deed.shows_in = if suppressed { "nothing" } else { "attempts" };
    }

    /// Closes the account of the panel.
    fn leave(self) {
        let Self { mut panel, boards, product, shipped, world, .. } = self;
        panel.units = boards
            .into_iter()
            .enumerate()
            .map(|(index, state)| {
                let name = |real: &Real| {
                    format!("{} {}", real.call.place(&product), real.call.defect.category)
                };
                let present = state.defects.iter().filter(|real| real.present);
                let gone = state.skipped || state.scrapped;
                Unit {
                    serial: state.serial,
                    position: index as u32 + 1,
                    skipped: state.skipped,
                    defects: state.defects.iter().map(name).collect(),
                    escaped: if gone { Vec::new() } else { present.map(name).collect() },
                    scrapped: state.scrapped,
                    shipped: shipped && !gone,
                }
            })
            .collect();
        world.truth.panels.push(panel);
    }
}

/// What is taken down of an inspection before anything is written.
fn account(inspection: &Inspection<'_>) -> Attempt {
    let calls = || inspection.boards.iter().flat_map(|board| &board.calls);
    let real = calls().filter(|call| call.real).count() as u32;
    Attempt {
        attempt: inspection.attempt,
        at: inspection.ended,
        claimed: inspection.line.clock(Station::Aoi).reads(inspection.ended),
        passed: inspection.passed(),
        false_calls: calls().count() as u32 - real,
        real_calls: real,
        on_disk: false,
        files: Vec::new(),
        reviewed: None,
        review_files: Vec::new(),
        repaired: None,
    }
}
