//! A line at work: lots, changeovers, profiles, changes of programs and limits, panel by panel.

use std::collections::BTreeMap;

use super::clock::{HOUR, MINUTE, SECOND};
use super::dice::Dice;
use super::faults::running;
use super::format::{oven, profile, tables};
use super::journey;
use super::misbehaviour::Kind;
use super::reflow;
use super::report::{Draft, Line};
use super::truth::{Certificate, Deed, Lot};
use super::world::{Thread, World};

/// A profile is run again at the latest after so long (DOMAIN 3).
const PROFILE_AGE: u64 = 12 * HOUR;
/// And after a stop longer than this.
const STOP: u64 = 4 * HOUR;
/// What a profile run costs the line.
const PROFILE_TIME: u64 = 10 * MINUTE;

/// A line between two panels.
#[derive(Clone, Debug)]
pub(crate) struct LineState {
    pub(crate) line: Line,
    dice: Dice,
    next: u64,
    last_panel: Option<u64>,
    pub(crate) panels: u64,
    lots: u64,
    /// The current lot's place in the account, and how many panels are left of it.
    pub(crate) lot: Option<(usize, u64)>,
    pub(crate) product: usize,
    revisions: BTreeMap<usize, u32>,
    limits_revision: u32,
    codes_revision: u32,
    /// The certificate in force, by its place in the account.
    pub(crate) certificate: Option<usize>,
    certificates: u64,
    /// A lot runs without a profile since then; its certificate is written later.
    owed: Option<u64>,
    pub(crate) widened: Option<Widened>,
    oven_batch: Vec<String>,
    done: bool,
}

/// Limits that are wider than they should be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Widened {
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) factor: f64,
    /// The deed's place in the account.
    pub(crate) deed: usize,
}

impl LineState {
    /// A line before its first panel; its tables and recipes are there.
    pub(crate) fn open(line: Line, world: &mut World) -> Self {
        let mut dice = Dice::of(&[world.seed, 0x6c69_6e65, u64::from(line.number)]);
        let next = world.span.0 + dice.whole(60, 240) * SECOND;
        let state = Self {
            dice,
            next,
            last_panel: None,
            panels: 0,
            lots: 0,
            lot: None,
            product: line.number as usize - 1,
            revisions: BTreeMap::new(),
            limits_revision: 1,
            codes_revision: 1,
            certificate: None,
            certificates: 0,
            owed: None,
            widened: None,
            oven_batch: Vec::new(),
            done: false,
            line,
        };
        let mut thread = state.thread(world.span.0, world);
        let recipes = ["SAC305_A", "SAC305_B", "SAC305_C"];
        let recipes = recipes.map(|recipe| tables::oven_recipe(&state.line, recipe, 1));
        let others = [tables::limits(&state.line, 1, 1.0), tables::codes(&state.line, 1)];
        for draft in recipes.into_iter().chain(others) {
            world.put(&mut thread, world.span.0 + SECOND, draft);
        }
        state
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// When the next panel goes in, at the earliest.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn revision(&self) -> u32 {
        self.revisions.get(&self.product).copied().unwrap_or(1)
    }

    /// A thread of things that happen to this line, apart from its panels.
    fn thread(&self, after: u64, world: &World) -> Thread {
        let line = u64::from(self.line.number);
        let dice = Dice::of(&[world.seed, 0x7468_7265, line, after]);
        Thread { line: self.line.number, last: after, dice }
    }

    /// Everything that one more panel brings.
    pub(crate) fn produce(&mut self, world: &mut World) {
        let mut now = running(&world.outages, self.line.number, self.next);
        if now >= world.span.1 {
            self.close(world);
            return;
        }
        let lot_is_over = self.lot.is_none_or(|(_, left)| left == 0);
        if self.last_panel.is_some_and(|last| now - last > STOP) {
            self.end_certificate(world, now, "stop");
        }
        if lot_is_over {
            self.settle(world, now);
            self.begin_lot(world, now);
        }
        now = self.keep_profiled(world, now, lot_is_over);
        if self.widened.is_some_and(|widened| now >= widened.until) {
            self.widened = None;
        }
        if self.widened.is_none() && world.quota.take(Kind::WidenedLimits, now) {
            self.widen(world, now);
        }
        journey::run(self, world, now);
        self.last_panel = Some(now);
        self.panels += 1;
        if let Some((_, left)) = &mut self.lot {
            *left -= 1;
        }
        let takt = HOUR as f64 / f64::from(world.truth.scale.panels_per_hour);
        self.next = now + (takt * self.dice.between(0.8, 1.2)) as u64;
    }

    /// The end of production.
    fn close(&mut self, world: &mut World) {
        let now = world.span.1.max(self.next);
        self.settle(world, now);
        self.send_oven_batch(world, now + 8 * MINUTE, true);
        self.done = true;
    }

    fn begin_lot(&mut self, world: &mut World, now: u64) {
        self.lots += 1;
        let first = self.lots == 1;
        let products = world.truth.products.len();
        let oven_recipe = |state: &Self, world: &World| {
            world.truth.products[state.product % products].oven_recipe.clone()
        };
        let before = (self.product, oven_recipe(self, world));
        if !first && self.dice.chance(0.8) {
            self.product =
                (self.product + self.dice.whole(1, products as u64 - 1) as usize) % products;
        }
        self.product %= products;
        if !first && before.0 != self.product {
            self.end_certificate(world, now, "changeover");
        }
        let ignored = !first && self.dice.chance(0.06);
        let name = if ignored {
            // What integrators ignore by its name; the line and number keep lots apart.
            let word = *self.dice.pick(&["skip", "notest"]);
            format!("{word}-{}{:03}", self.line.number, self.lots)
        } else {
            format!("L{:02}{:04}", self.line.number, self.lots)
        };
        let average = f64::from(world.truth.scale.lot_panels);
        let usual = (average * self.dice.between(0.5, 1.5)).ceil() as u64;
        let size = if ignored { self.dice.whole(2, 4) } else { usual };
        self.lot = Some((world.truth.lots.len(), size.max(1)));
        world.truth.lots.push(Lot {
            name,
            work_order: format!("WO{:02}-{:05}", self.line.number, 40_000 + self.lots * 7),
            line: self.line.number,
            product: world.truth.products[self.product].name.clone(),
            start: now,
            panels: 0,
            shipped: !ignored,
        });
        self.change_tables(world, now);
    }

    /// The program of a product that is new to the line, and what engineers change now and then.
    fn change_tables(&mut self, world: &mut World, now: u64) {
        let mut drafts = Vec::new();
        let known = self.revisions.get(&self.product).copied();
        let revised = self.dice.chance(0.25);
        if known.is_none() || revised {
            let revision = known.unwrap_or(0) + 1;
            self.revisions.insert(self.product, revision);
            let product = &world.truth.products[self.product];
            drafts.push(tables::program(&self.line, product, revision));
        }
        if self.dice.chance(0.04) {
            self.codes_revision += 1;
            drafts.push(tables::codes(&self.line, self.codes_revision));
        }
        // In the open: tighter by a little, with a revision of its own.
        if self.dice.chance(0.04) && self.widened.is_none() {
            self.limits_revision += 1;
            drafts.push(self.honest_limits());
        }
        let mut thread = self.thread(now, world);
        for draft in drafts {
            world.put(&mut thread, now + SECOND, draft);
        }
    }

    fn honest_limits(&self) -> Draft {
        tables::limits(&self.line, self.limits_revision, 1.0)
    }

    /// Runs a profile if one is due; gives back when the line goes on.
    fn keep_profiled(&mut self, world: &mut World, now: u64, changed_over: bool) -> u64 {
        if self.owed.is_some() {
            return now;
        }
        if let Some(current) = self.certificate
            && now - world.truth.certificates[current].run >= PROFILE_AGE
        {
            self.end_certificate(world, now, "age");
        }
        if self.certificate.is_some() {
            return now;
        }
        let shipped = self.lot.is_some_and(|(lot, _)| world.truth.lots[lot].shipped);
        let may_owe = changed_over && shipped && self.lots > 1;
        if may_owe && world.quota.take(Kind::BackdatedCertificate, now) {
            self.owed = Some(now);
            return now;
        }
        let mut now = now;
        loop {
            let failed = self.dice.chance(0.03);
            let run = (now + SECOND, now + 7 * MINUTE);
            let index = self.certify(world, run, (run.1 + MINUTE, failed), None);
            now = running(&world.outages, self.line.number, now + PROFILE_TIME);
            if !failed {
                self.certificate = Some(index);
                return now;
            }
            let certificate = &mut world.truth.certificates[index];
            (certificate.ended, certificate.ended_by) = (Some(now), Some("failed"));
        }
    }

    fn end_certificate(&mut self, world: &mut World, now: u64, why: &'static str) {
        if let Some(index) = self.certificate.take() {
            let certificate = &mut world.truth.certificates[index];
            (certificate.ended, certificate.ended_by) = (Some(now), Some(why));
        }
    }

    /// Writes the certificate that a lot is still owed, with a time before its first panel.
    fn settle(&mut self, world: &mut World, now: u64) {
        let Some(since) = self.owed.take() else { return };
        let claimed = since - 15 * MINUTE;
        let index = self.certify(world, (claimed, now), (now + MINUTE, false), Some(since));
        let certificate = &mut world.truth.certificates[index];
        // It is honest from now on, and the next lot is another product anyway.
        (certificate.ended, certificate.ended_by) = (Some(now), Some("changeover"));
    }

    /// Runs the board at `run` (as claimed, and when it really was over) and writes its files.
    fn certify(
        &mut self,
        world: &mut World,
        run: (u64, u64),
        (at, failed): (u64, bool),
        owed_since: Option<u64>,
    ) -> usize {
        self.certificates += 1;
        let number = u64::from(self.line.number);
        let identity = [world.seed, 0x6365_7274, number, self.certificates];
        let mut dice = Dice::of(&identity);
        let profile = reflow::profile(&mut dice, failed);
        let id = format!("PRF-{:02}-{:04}", self.line.number, self.certificates);
        let lot = self.lot.map_or(0, |(lot, _)| lot);
        let (lot, product) =
            (world.truth.lots[lot].name.clone(), world.truth.products[self.product].clone());
        let run_of = oven::Run {
            line: &self.line,
            id: &id,
            product: &product.name,
            recipe: &product.oven_recipe,
            lot: &lot,
            badge: 100 + number,
            from: run.0,
            identity: dice.whole(0, u64::MAX - 1),
            profile: &profile,
        };
        let (trace, message) = (profile::trace(&run_of), oven::profiling(&run_of));
        let claimed = profile::claimed(&run_of);
        let mut thread = self.thread(at, world);
        let mut files = vec![world.put(&mut thread, at, trace)];
        if self.line.style == super::report::Style::Cfx {
            files.push(world.put(&mut thread, at, message));
        }
        let index = world.truth.certificates.len();
        let backdated = owed_since.is_some();
        world.truth.certificates.push(Certificate {
            id: id.clone(),
            line: self.line.number,
            oven: self.line.machine(super::report::Station::Oven),
            recipe: product.oven_recipe,
            product: product.name,
            files: files.clone(),
            run: run.1,
            claimed,
            written: thread.last,
            ended: None,
            ended_by: None,
            profile,
            backdated,
        });
        if let Some(since) = owed_since {
            let covered = world.truth.panels.iter();
            let covered = covered.filter(|p| p.line == self.line.number && p.start >= since);
            let panels: Vec<String> = covered.map(|panel| panel.barcode.clone()).collect();
            let deed = Deed {
                panels,
                files,
                certificate: Some(id),
                until: thread.last,
                ..Deed::new(Kind::BackdatedCertificate, self.line.number, since, "times")
            };
            world.truth.misbehaviours.push(deed);
        }
        index
    }

    /// Widens the limits for a while, in silence.
    fn widen(&mut self, world: &mut World, now: u64) {
        let factor = self.dice.between(1.8, 2.2);
        let until = now + self.dice.whole(60, 120) * MINUTE;
        let mut thread = self.thread(now, world);
        let file =
            world.put(&mut thread, now, tables::limits(&self.line, self.limits_revision, factor));
        let from = thread.last;
        world.put(&mut thread, until, self.honest_limits());
        let until = thread.last;
        self.widened = Some(Widened { from, until, factor, deed: world.truth.misbehaviours.len() });
        let deed = Deed {
            files: vec![file],
            until,
            ..Deed::new(Kind::WidenedLimits, self.line.number, from, "versions")
        };
        world.truth.misbehaviours.push(deed);
    }

    /// Takes what the oven says of a panel, and writes it when there is enough.
    pub(crate) fn oven_says(&mut self, world: &mut World, message: String, out: u64) {
        self.oven_batch.push(message);
        self.send_oven_batch(world, out, false);
    }

    fn send_oven_batch(&mut self, world: &mut World, at: u64, all: bool) {
        let enough = self.oven_batch.len() >= oven::batch(&self.line);
        if enough || (all && !self.oven_batch.is_empty()) {
            let messages = std::mem::take(&mut self.oven_batch);
            let mut thread = self.thread(at, world);
            world.put(&mut thread, at, oven::file(&self.line, &messages, at));
        }
    }
}
