//! Choices of the plant: one stream for each thing, so that a fault or a misbehaviour switched on
//! in one place leaves everything else in the plant as it was.

use crate::seed::Seed;

/// A stream of choices.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Seed);

impl Dice {
    /// The stream of one thing: the plant's seed, then what tells the thing from all others.
    pub(crate) fn of(parts: &[u64]) -> Self {
        let mut state = 0x4669_6475_6369_616c;
        for part in parts {
            state = Seed::new(state ^ *part).draw();
        }
        Self(Seed::new(state))
    }

    /// From 0 up to, and not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between two numbers, all alike.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number, both ends included.
    pub(crate) fn whole(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.draw() % (high - low + 1)
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.0.below(from.len())]
    }

    /// How often something rare happens that happens `mean` times on average.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// About 0, mostly within 1: twelve throws added, which needs no logarithm.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A random GUID, as machines give one to every message.
    pub(crate) fn guid(&mut self) -> String {
        let (high, low) = (self.0.draw(), self.0.draw());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}
