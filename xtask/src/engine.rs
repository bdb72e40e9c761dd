//! Object stores of other makes than the one in the tests' own process: found or brought once, and named to the
//! tests.
//!
//! They are big, so each is brought only where it is asked for, into a cache that outlives the target folder
//! and serves every copy of the project on this machine.

use std::path::PathBuf;
use std::process::Command;

use crate::{azurite, garage, rgw};

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    /// Which speaks Azure's protocol.
    Azurite,
    /// Ceph's gateway, the strict one.
    Ceph,
    Garage,
}

impl Make {
    pub(crate) const ALL: [Self; 3] = [Self::Garage, Self::Ceph, Self::Azurite];

    /// What asks for it on the command line.
    pub(crate) const fn flag(self) -> &'static str {
        match self {
            Self::Azurite => "--clouds",
            Self::Ceph => "--rgw",
            Self::Garage => "--garage",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Azurite => "Azurite",
            Self::Ceph => "Ceph's gateway",
            Self::Garage => "Garage",
        }
    }

    /// What the tests of whole logs are called that have their tiles in it. They speak S3.
    pub(crate) const fn step(self) -> Option<&'static str> {
        match self {
            Self::Azurite => None,
            Self::Ceph => Some("again on PostgreSQL and Ceph's gateway"),
            Self::Garage => Some("again on PostgreSQL and Garage"),
        }
    }

    /// The variable that names its programs to the tests.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Azurite => "FIDUCIAL_AZURITE",
            Self::Ceph => "FIDUCIAL_RGW",
            Self::Garage => "FIDUCIAL_GARAGE",
        }
    }

    /// The feature with which a test of it is one.
    const fn feature(self) -> &'static str {
        match self {
            Self::Azurite => "log-server/azurite",
            Self::Ceph => "log-server/rgw",
            Self::Garage => "log-server/garage",
        }
    }
}

/// One that is there.
pub(crate) struct Engine {
    pub(crate) make: Make,
    /// The program, or the folder of several.
    programs: PathBuf,
}

impl Engine {
    /// The one that is named, installed, or brought before; else it is brought now.
    pub(crate) fn bring(make: Make) -> Result<Self, String> {
        let programs = match (std::env::var_os(make.variable()), make) {
            (Some(named), _) => named.into(),
            (None, Make::Azurite) => azurite::program()?,
            (None, Make::Ceph) => rgw::programs()?,
            (None, Make::Garage) => garage::program()?,
        };
        Ok(Self { make, programs })
    }
}

/// Makes the tests of these ones tests.
pub(crate) fn add_features(command: &mut Command, engines: &[Engine]) {
    let features: Vec<&str> = engines.iter().map(|engine| engine.make.feature()).collect();
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
}

/// Names these ones to the tests, and no others, whatever the environment names: what was not asked for is said to
/// be untried.
pub(crate) fn name_to_tests(command: &mut Command, engines: &[Engine]) {
    for make in Make::ALL {
        command.env_remove(make.variable());
    }
    for engine in engines {
        command.env(engine.make.variable(), &engine.programs);
    }
}

/// The folder of this project in this user's cache.
pub(crate) fn cache() -> Result<PathBuf, String> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = named.filter(|path| path.is_absolute()).or_else(usual);
    let cache = cache.ok_or("there is neither HOME nor XDG_CACHE_HOME to keep object stores in")?;
    Ok(cache.join("fiducial"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_used_is_named_and_all_that_was_asked_for_is_built() {
        let engine = |make| Engine { make, programs: PathBuf::from("/somewhere") };
        let all = Make::ALL.map(engine);
        let mut command = Command::new("cargo");
        command.env("FIDUCIAL_GARAGE", "/elsewhere");
        add_features(&mut command, &all);
        name_to_tests(&mut command, &all[1..2]);
        assert_eq!(
            crate::run::typed(&command),
            "FIDUCIAL_RGW=/somewhere cargo --features log-server/garage,log-server/rgw,log-server/azurite"
        );
        let mut command = Command::new("cargo");
        add_features(&mut command, &[]);
        name_to_tests(&mut command, &[]);
        assert_eq!(crate::run::typed(&command), "cargo");
        // Not only unsaid: taken out of what the tests inherit.
        let removed = command.get_envs().filter(|(_, value)| value.is_none()).count();
        assert_eq!(removed, Make::ALL.len());
    }
}
