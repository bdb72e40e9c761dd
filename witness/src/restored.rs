//! `doctor --restored`: a witness goes on after its state was rolled back, with fresh keys.
//!
//! What the old keys signed after the copy was made is lost, and no one can be asked for it: a lying
//! log would show an older tree. So the old keys never sign again, for any log; fresh keys have
//! signed nothing yet and cannot contradict themselves. The trees of the restored state stay as a
//! floor, which is safe for any key.
//!
//! The order: first both lists of retired keys, then fresh keys, then the state, then the second
//! record. A crash in between leaves records that disagree; the command is simply run again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use spec::cosignature::Timestamp;
use spec::key::{Algorithm, VerifierKey};

use crate::clock::{MachineTime, TimeSource};
use crate::files::{FileError, Turn, sync_folder_of};
use crate::high_water::{Head, HighWater, Instance};
use crate::keys::{self, KeysError};
use crate::retired::{Retired, RetiredError};
use crate::settings::{Settings, SettingsError};
use crate::state::{State, StateError};

/// Why the witness could not be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The clock shows no possible time.
    #[error("the clock shows no possible time; set it first")]
    Clock,
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The keys cannot be made.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The lists of retired keys cannot be written.
    #[error(transparent)]
    Retired(#[from] RetiredError),
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The state cannot be written, or is in use.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The keys that never sign again.
    pub retired: Vec<VerifierKey>,
    /// The keys that sign from now on, Ed25519 first.
    pub fresh: Vec<VerifierKey>,
    /// How many logs keep their floor.
    pub logs: usize,
    /// Where an unusable state was moved.
    pub moved: Option<PathBuf>,
}

/// Retires every key, makes fresh ones, and begins another life of the state.
pub fn restore(data: &Path) -> Result<Restored, RestoreError> {
    let settings = Settings::load(data)?;
    let _turn = Turn::wait(data)?;
    let now = MachineTime.read().wall.as_secs();
    let now = Timestamp::from_seconds(now).map_err(|_| RestoreError::Clock)?;
    // Before anything is changed: a running witness would go on signing.
    let opened = State::open(&settings.state());
    if let Err(error @ (StateError::InUse | StateError::Io(_))) = opened {
        return Err(error.into());
    }

    let (old, mut algorithms) = retire_all(&settings)?;
    if algorithms.is_empty() {
        algorithms = vec![Algorithm::CosignatureEd25519, Algorithm::CosignatureMlDsa44];
    }
    algorithms.sort();
    algorithms.dedup();
    let fresh = algorithms
        .iter()
        .map(|algorithm| keys::create(&settings, &settings.name, *algorithm))
        .collect::<Result<Vec<_>, _>>()?;

    let instance = Instance::draw().map_err(FileError::at(data))?;
    // Numbers go on, so that an operator who compares two reports sees which is later.
    let noted = HighWater::open(&settings.high_water).ok().flatten();
    let noted = noted.map_or(0, |(_, record)| record.head.number);
    let (head, logs, moved) = match opened {
        Ok(mut opened) => {
            let number = opened.state.head().number.max(noted).saturating_add(1);
            let head = Head::first(instance, number);
            opened.state.begin_life(head, now)?;
            (head, opened.logs.len(), None)
        }
        Err(_) => {
            let moved = move_aside(&settings.state())?;
            let head = Head::first(instance, noted.saturating_add(1));
            State::create(&settings.state(), head)?;
            sync_folder_of(&settings.state())?;
            (head, 0, moved)
        }
    };
    HighWater::create(&settings.high_water, head)?;
    Ok(Restored { retired: old, fresh, logs, moved })
}

/// Lists every key as retired, in both places, with all that was listed before. Returns those that
/// signed until now, and the algorithms of all.
fn retire_all(settings: &Settings) -> Result<(Vec<VerifierKey>, Vec<Algorithm>), RestoreError> {
    let old = keys::all_verifier_keys(settings)?;
    let mut retired = Retired::load_what_is_left(settings);
    let active = old.iter().filter(|key| !retired.contains(key)).cloned().collect();
    for key in &old {
        retired.add(key, "the state was restored or lost");
    }
    retired.store(settings)?;
    // Of the retired ones too: a run that broke off has retired both kinds and made one afresh.
    Ok((active, old.iter().map(VerifierKey::algorithm).collect()))
}

/// Moves a damaged state out of the way; nothing is ever removed.
fn move_aside(path: &Path) -> Result<Option<PathBuf>, FileError> {
    for number in 1_u32.. {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".damaged-{number}"));
        let aside = PathBuf::from(aside);
        if aside.exists() {
            continue;
        }
        return match fs::rename(path, &aside) {
            Ok(()) => Ok(Some(aside)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::at(path)(error)),
        };
    }
    Ok(None)
}
