//! Which points of a long list a run tries: a bounded sample, or all of them when asked to soak.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::seed::Seed;

/// Set to `1` to try every point instead of a sample.
pub const SOAK: &str = "FIDUCIAL_SOAK";

/// Whether every point is tried.
#[must_use]
pub fn soaks() -> bool {
    std::env::var_os(SOAK).is_some_and(|value| value == "1")
}

/// At most `sample` of the numbers below `count`, spread evenly; all of them when soaking.
#[must_use]
pub fn points(count: usize, sample: usize, seed: &mut Seed) -> Vec<usize> {
    if soaks() || count <= sample {
        return (0..count).collect();
    }
    (0..sample)
        .map(|at| {
            let (from, to) = (at * count / sample, (at + 1) * count / sample);
            from + seed.below(to - from)
        })
        .collect()
}

/// Tries every case on two threads and fails with all that is wrong, at most ten in words.
pub fn try_all<C: Sync + std::fmt::Debug>(
    cases: &[C],
    attempt: impl Fn(&C) -> Result<(), String> + Sync,
) {
    assert!(!cases.is_empty(), "a test without cases cannot fail");
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let tried = catch_unwind(AssertUnwindSafe(|| attempt(case)));
            let result = tried.unwrap_or_else(|_| Err("panicked, see above".to_string()));
            if let Err(why) = result {
                failures.lock().expect("no panic under this lock").push(format!("{case:?}: {why}"));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let failures = failures.into_inner().expect("no panic under this lock");
    let shown = failures.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {} cases fail:\n{shown}", failures.len(), cases.len());
}
