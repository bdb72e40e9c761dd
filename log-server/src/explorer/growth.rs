//! How the log grew: how many entries were published at which time, as this server saw it.
//!
//! Entries carry no times, so this cannot be read from the log. It is noted while the log is served:
//! one sample a minute for a day, one an hour for a month, one a day for ever. It proves nothing, is
//! in nothing that is signed, and may be lost: then it begins anew.
//!
//! The file `growth` in the data folder, written whole; a malformed one is put aside by the next:
//!
//! ```text
//! fiducial/growth/v1
//! day 1795737600 1044
//! hour 1795741200 1050
//! minute 1795742460 1061
//! ```
//!
//! Each line is a sample: its kind, seconds since 1970 UTC, the published size. Kinds stand in this
//! order, times ascend within a kind, sizes do not fall: neither within a kind nor from one time to a
//! later one of another kind.

use std::collections::VecDeque;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use spec::encoding::parse_decimal;

use crate::disk::{Disk, read_if_there, write_whole};

/// The file in the data folder.
pub const GROWTH: &str = "growth";

/// Its first line.
const HEADER: &str = "fiducial/growth/v1";

/// The most bytes of it that are read: all samples at their longest, 49 bytes each.
const MAX_FILE_SIZE: u64 = (DAY.most + HOUR.most + MINUTE.most) as u64 * 49 + 64;

/// How finely one kind of samples is kept, and how many.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    seconds: u64,
    most: usize,
}

const DAY: Kind = Kind { name: "day", seconds: 86_400, most: 36_525 };
const HOUR: Kind = Kind { name: "hour", seconds: 3600, most: 31 * 24 };
const MINUTE: Kind = Kind { name: "minute", seconds: 60, most: 24 * 60 };
const KINDS: [Kind; 3] = [DAY, HOUR, MINUTE];

/// 2024-01-01: a clock that says less was never set.
const EARLIEST: u64 = 1_704_067_200;

/// A size at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Seconds since 1970.
    pub(super) time: u64,
    /// Published entries.
    pub(super) size: u64,
}

/// The samples of each kind, the oldest first. At most 1 MiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Samples([VecDeque<Sample>; 3]);

/// The growth of one log. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Growth(Arc<Mutex<Samples>>);

impl Growth {
    /// Reads what was noted before, or begins anew.
    #[must_use]
    pub fn load(disk: &dyn Disk, folder: &Path) -> Self {
        let path = folder.join(GROWTH);
        // Looked at before it is read: whatever lies there takes no memory by its size.
        let fits = std::fs::metadata(&path).is_ok_and(|file| file.len() <= MAX_FILE_SIZE);
        let bytes = if fits { read_if_there(disk, &path).ok().flatten() } else { None };
        let samples = bytes.and_then(|bytes| Samples::parse(std::str::from_utf8(&bytes).ok()?));
        Self(Arc::new(Mutex::new(samples.unwrap_or_default())))
    }

    /// Notes how many entries are published at `time`.
    pub fn note(&self, time: u64, size: u64) {
        self.lock().note(Sample { time, size });
    }

    /// Writes what is noted.
    pub fn store(&self, disk: &dyn Disk, folder: &Path) -> std::io::Result<()> {
        let text = self.lock().to_text();
        let path: PathBuf = folder.join(GROWTH);
        write_whole(disk, &path, text.as_bytes())
    }

    /// All samples from `since` on, the oldest first: days, then hours, then minutes, each from
    /// where the next finer kind does not reach.
    pub(super) fn samples_since(&self, since: u64) -> Vec<Sample> {
        self.lock().line().into_iter().filter(|sample| sample.time >= since).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Samples> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Samples {
    /// Keeps the last sample of every minute, hour and day. One of a clock that was never set, or that
    /// is more than a day behind, is left out: what was noted before outlives it.
    fn note(&mut self, sample: Sample) {
        let newest = self.0.iter().filter_map(VecDeque::back).map(|last| last.time).max();
        let behind = newest.unwrap_or_default().saturating_sub(sample.time);
        if sample.time < EARLIEST || behind > DAY.seconds {
            return;
        }
        for (kind, samples) in KINDS.into_iter().zip(&mut self.0) {
            // A clock that was a little ahead, or a log that was put back: what cannot be is forgotten.
            while samples
                .back()
                .is_some_and(|last| last.time > sample.time || last.size > sample.size)
            {
                samples.pop_back();
            }
            let slot = sample.time / kind.seconds;
            if samples.back().is_some_and(|last| last.time / kind.seconds == slot) {
                samples.pop_back();
            }
            samples.push_back(sample);
            if samples.len() > kind.most {
                samples.pop_front();
            }
        }
    }

    fn line(&self) -> Vec<Sample> {
        let mut line: Vec<Sample> = Vec::new();
        let [days, hours, minutes] = &self.0;
        let starts =
            |samples: &VecDeque<Sample>| samples.front().map_or(u64::MAX, |first| first.time);
        let (hours_from, minutes_from) = (starts(hours), starts(minutes));
        line.extend(days.iter().filter(|sample| sample.time < hours_from.min(minutes_from)));
        line.extend(hours.iter().filter(|sample| sample.time < minutes_from));
        line.extend(minutes);
        line
    }

    fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (kind, samples) in KINDS.iter().zip(&self.0) {
            for Sample { time, size } in samples {
                writeln!(text, "{} {time} {size}", kind.name).expect("memory takes it");
            }
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        lines.next().filter(|first| *first == HEADER)?;
        let mut samples = Self::default();
        let mut kind_before = 0;
        for line in lines {
            let (name, rest) = line.split_once(' ')?;
            let (time, size) = rest.split_once(' ')?;
            let kind = KINDS.iter().position(|kind| kind.name == name)?;
            let sample =
                Sample { time: parse_decimal(time).ok()?, size: parse_decimal(size).ok()? };
            let kept = &mut samples.0[kind];
            let follows =
                kept.back().is_none_or(|last| last.time < sample.time && last.size <= sample.size);
            if kind < kind_before || !follows || kept.len() == KINDS[kind].most {
                return None;
            }
            kind_before = kind;
            kept.push_back(sample);
        }
        // Kinds are joined to one line, whose parts change as old samples go: so all are looked at.
        let mut all: Vec<Sample> = samples.0.iter().flatten().copied().collect();
        all.sort_by_key(|sample| (sample.time, sample.size));
        let never_falls = all.windows(2).all(|two| two[0].size <= two[1].size);
        never_falls.then_some(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;

    const START: u64 = 1_795_737_600;

    fn grown(minutes: u64) -> Growth {
        let growth = Growth::default();
        for minute in 0..minutes {
            for second in [0, 10, 50] {
                growth.note(START + minute * 60 + second, minute * 7 + second / 10);
            }
        }
        growth
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        let growth = grown(60 * 24 * 40);
        let counts = growth.lock().0.each_ref().map(VecDeque::len);
        assert_eq!(counts, [40, HOUR.most, MINUTE.most]);
        let line = growth.samples_since(0);
        assert_eq!(line.last().unwrap().size, (60 * 24 * 40 - 1) * 7 + 5);
        assert!(line.windows(2).all(|two| two[0].time < two[1].time && two[0].size < two[1].size));
        assert_eq!(line.first().unwrap().time, START + 86_400 - 10);
        let day = START + 60 * 60 * 24 * 39;
        assert!(growth.samples_since(day).iter().all(|sample| sample.time >= day));
    }

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let growth = grown(5000);
        growth.store(&disk, folder.path()).unwrap();
        let read = Growth::load(&disk, folder.path());
        assert_eq!(*read.lock(), *growth.lock());
    }

    #[test]
    fn a_lost_or_damaged_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        assert!(Growth::load(&disk, folder.path()).samples_since(0).is_empty());
        for wrong in [
            "",
            "fiducial/growth/v1",
            "fiducial/growth/v2\n",
            "fiducial/growth/v1\n\n",
            "fiducial/growth/v1\nday 5\n",
            "fiducial/growth/v1\nday 05 1\n",
            "fiducial/growth/v1\nweek 5 1\n",
            "fiducial/growth/v1\nday 5 1\nday 5 1\n",
            "fiducial/growth/v1\nday 5 2\nday 6 1\n",
            "fiducial/growth/v1\nhour 5 1\nday 6 1\n",
            "fiducial/growth/v1\nday 86400 100\nminute 172800 1\n",
            "fiducial/growth/v1\nday 172800 100\nhour 86400 1\nhour 259200 2\n",
            "fiducial/growth/v1\nday 5 1 \n",
            "fiducial/growth/v1\nday 5 18446744073709551616\n",
        ] {
            assert!(Samples::parse(wrong).is_none(), "{wrong:?}");
            std::fs::write(folder.path().join(GROWTH), wrong).unwrap();
            assert!(Growth::load(&disk, folder.path()).samples_since(0).is_empty(), "{wrong:?}");
        }
        for right in
            ["fiducial/growth/v1\n", "fiducial/growth/v1\nday 86400 1\nminute 172800 100\n"]
        {
            assert!(Samples::parse(right).is_some(), "{right:?}");
        }
    }

    #[test]
    fn a_clock_that_was_ahead_and_a_log_that_was_put_back_are_forgotten() {
        let growth = grown(3);
        growth.note(START + 80_000, 30);
        growth.note(START + 200, 31);
        let line = growth.samples_since(0);
        assert_eq!(*line.last().unwrap(), Sample { time: START + 200, size: 31 });
        growth.note(START + 300, 2);
        assert!(growth.samples_since(0).iter().all(|sample| sample.size <= 2));
    }

    #[test]
    fn a_clock_that_is_far_behind_deletes_nothing() {
        let growth = grown(60 * 24 * 2);
        let before = growth.lock().clone();
        let newest = growth.samples_since(0).last().unwrap().time;
        for wrong in [0, EARLIEST - 1, EARLIEST, newest - 86_401] {
            growth.note(wrong, 1_000_000);
            assert_eq!(*growth.lock(), before, "{wrong}");
        }
        growth.note(newest - 86_400, 1_000_000);
        assert_ne!(*growth.lock(), before);
        let anew = Growth::default();
        anew.note(EARLIEST - 1, 1);
        assert!(anew.samples_since(0).is_empty());
    }
}
