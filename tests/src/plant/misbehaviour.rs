//! Misbehaviour on demand: what a dishonest maker does, so many times, and nothing unless asked.

use serde::Serialize;

/// How many of each to inject. They are spread over the time of the plant; a short one may not
/// offer the chance for all, and the truth counts what was really done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Misbehaviour {
    /// A panel with a real defect leaves no report of its inspection, and is shipped.
    pub omitted_panels: u32,
    /// A report that was seen as failed is later overwritten with one that passed.
    pub edited_reports: u32,
    /// A failing panel is inspected again without repair until it passes; all attempts are there.
    pub best_of_three: u32,
    /// The same, but only the attempt that passed reaches the folder.
    pub suppressed_attempts: u32,
    /// A lot runs without a profile; the certificate is written later, with an earlier time.
    pub backdated_certificates: u32,
    /// The limits are widened for a while, under the same revision, and defects pass.
    pub widened_limits: u32,
}

impl Misbehaviour {
    /// An honest plant.
    #[must_use]
    pub const fn none() -> Self {
        Self::each(0)
    }

    /// So many of each kind.
    #[must_use]
    pub const fn each(count: u32) -> Self {
        Self {
            omitted_panels: count,
            edited_reports: count,
            best_of_three: count,
            suppressed_attempts: count,
            backdated_certificates: count,
            widened_limits: count,
        }
    }

    /// How many of one kind.
    #[must_use]
    pub const fn count(&self, kind: Kind) -> u32 {
        match kind {
            Kind::BackdatedCertificate => self.backdated_certificates,
            Kind::BestOfThree => self.best_of_three,
            Kind::EditedReport => self.edited_reports,
            Kind::OmittedPanel => self.omitted_panels,
            Kind::SuppressedAttempts => self.suppressed_attempts,
            Kind::WidenedLimits => self.widened_limits,
        }
    }
}

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// See [`Misbehaviour::backdated_certificates`].
    BackdatedCertificate,
    /// See [`Misbehaviour::best_of_three`].
    BestOfThree,
    /// See [`Misbehaviour::edited_reports`].
    EditedReport,
    /// See [`Misbehaviour::omitted_panels`].
    OmittedPanel,
    /// See [`Misbehaviour::suppressed_attempts`].
    SuppressedAttempts,
    /// See [`Misbehaviour::widened_limits`].
    WidenedLimits,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::BackdatedCertificate,
        Self::BestOfThree,
        Self::EditedReport,
        Self::OmittedPanel,
        Self::SuppressedAttempts,
        Self::WidenedLimits,
    ];
}

/// Decides when the next one of a kind is due.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    asked: Misbehaviour,
    done: [u32; Kind::ALL.len()],
    span: (u64, u64),
}

impl Quota {
    pub(crate) const fn new(asked: Misbehaviour, span: (u64, u64)) -> Self {
        Self { asked, done: [0; Kind::ALL.len()], span }
    }

    /// Takes one of `kind` if one is due at `now`. Spread over the first four fifths of the
    /// time, so that the last ones still find their chance.
    pub(crate) fn take(&mut self, kind: Kind, now: u64) -> bool {
        let asked = self.asked.count(kind);
        let done = &mut self.done[kind as usize];
        let length = (self.span.1 - self.span.0) * 4 / 5;
        // The kinds are a little apart from each other, or one panel would meet them all at once.
        let offset = length * (kind as u64 + 1) / (8 * u64::from(asked.max(1)));
        let due = self.span.0 + length * u64::from(*done) / u64::from(asked.max(1)) + offset;
        let take = *done < asked && now >= due;
        *done += u32::from(take);
        take
    }
}
