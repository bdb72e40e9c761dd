//! The clock of the machine that the agent runs on.
//!
//! | asked | from |
//! |---|---|
//! | wall time | the operating system |
//! | time since the start | `/proc/uptime`, which goes on while the machine sleeps; else the process's own |
//! | the start's name | `/proc/sys/kernel/random/boot_id`; none elsewhere |
//! | a time service | the files that one leaves, see [`TimeFiles`] |

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, TimeService};
use crate::model::UnixMillis;
use crate::os::boot_id;

/// A time service that is in step writes its drift file about once an hour.
const DRIFT_FILE_AGE: Duration = Duration::from_secs(3 * 3600);

/// The clock of this machine.
pub(crate) struct SystemClock {
    files: TimeFiles,
    /// The last answer, and when it was given: time does not stand still if no file can be opened.
    last: Mutex<(Duration, Instant)>,
}

/// What time services leave for others to read. Best effort: a service that leaves nothing is
/// `Unknown`, and nothing is claimed of it.
///
/// systemd-timesyncd: the folder `/run/systemd/timesync`, with `synchronized` in it once it is in
/// step. chrony, ntpd, ntpsec: a drift file that they write anew while they are in step.
pub(crate) struct TimeFiles {
    root: PathBuf,
}

impl SystemClock {
    /// The clock of this machine.
    pub(crate) fn new() -> Self {
        let files = TimeFiles { root: PathBuf::from("/") };
        Self { files, last: Mutex::new((uptime().unwrap_or_default(), Instant::now())) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        // A clock before 1970 is not set at all; the first moment of 1970 says so to every reader.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Duration {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let at_least = last.0 + last.1.elapsed();
        // Hundredths of a second are all that the file has; between them the process's own clock
        // goes on, and a file that cannot be read is that clock alone.
        let now = uptime().unwrap_or_default().max(at_least);
        *last = (now, Instant::now());
        now
    }

    fn boot(&self) -> Option<String> {
        boot_id()
    }

    fn service(&self) -> TimeService {
        self.files.service(SystemTime::now())
    }
}

impl TimeFiles {
    fn service(&self, now: SystemTime) -> TimeService {
        let path = |name: &str| self.root.join(name);
        if path("run/systemd/timesync/synchronized").exists() {
            return TimeService::Synchronised;
        }
        let drift = [
            "var/lib/chrony/chrony.drift",
            "var/lib/chrony/drift",
            "var/lib/ntp/ntp.drift",
            "var/lib/ntp/drift",
            "var/lib/ntpsec/ntp.drift",
        ];
        let ages = drift.iter().filter_map(|name| age(&path(name), now));
        match ages.min() {
            Some(age) if age <= DRIFT_FILE_AGE => TimeService::Synchronised,
            Some(_) => TimeService::Unsynchronised,
            None if path("run/systemd/timesync").exists() => TimeService::Unsynchronised,
            None => TimeService::Unknown,
        }
    }
}

fn age(path: &Path, now: SystemTime) -> Option<Duration> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    // A file from the future was written before the clock went back, and says nothing.
    Some(now.duration_since(modified).unwrap_or(Duration::MAX))
}

fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split(' ').next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn time_since_the_start_never_goes_back() {
        let clock = SystemClock::new();
        let mut last = clock.monotonic();
        for _ in 0..1000 {
            let now = clock.monotonic();
            assert!(now >= last);
            last = now;
        }
        assert!(clock.now().0 > 1_700_000_000_000);
    }

    #[test]
    fn a_time_service_is_known_by_the_files_that_it_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let files = TimeFiles { root: folder.path().to_path_buf() };
        let now = SystemTime::now();
        assert_eq!(files.service(now), TimeService::Unknown);
        fs::create_dir_all(folder.path().join("run/systemd/timesync")).unwrap();
        assert_eq!(files.service(now), TimeService::Unsynchronised);
        fs::write(folder.path().join("run/systemd/timesync/synchronized"), "").unwrap();
        assert_eq!(files.service(now), TimeService::Synchronised);

        let folder = tempfile::tempdir().unwrap();
        let files = TimeFiles { root: folder.path().to_path_buf() };
        fs::create_dir_all(folder.path().join("var/lib/chrony")).unwrap();
        fs::write(folder.path().join("var/lib/chrony/chrony.drift"), "-3.1 0.02").unwrap();
        let now = SystemTime::now();
        assert_eq!(files.service(now), TimeService::Synchronised);
        assert_eq!(files.service(now + DRIFT_FILE_AGE * 2), TimeService::Unsynchronised);
        assert_eq!(files.service(now - DRIFT_FILE_AGE), TimeService::Unsynchronised);
    }
}
