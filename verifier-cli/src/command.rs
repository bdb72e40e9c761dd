//! The commands: what was typed becomes what is meant, and what is meant becomes a report.

mod accepted;
mod after;
mod consistency;
mod inspect;
mod judge;
mod prove;
mod shown;
mod split;
mod verify;

use crate::args::{
    BundleCommand, ChallengeCommand, Command, Prove, VerifyDossier, VerifyWhat, Wanted,
};
use crate::dossier::{self, Expected, Show};
use crate::durable::Target;
use crate::failure::Failure;
use crate::log::Network;
use crate::messages::Said;
use crate::report::{MISFITS, Report};
use crate::{audit, reconcile, templates, timestamp, watch};

pub(crate) use accepted::{describe, unknown_log, witnesses};
pub(crate) use judge::{Judge, Judged, parties_of};
pub(crate) use prove::not_included;

/// Runs what was asked for. What is made goes to `target`, where one was named. Of a long watch, `show`
/// gets each report but the last.
pub(crate) fn run(
    wanted: &Wanted,
    target: Option<&Target>,
    show: &dyn Fn(&Report),
) -> Result<Report, Failure> {
    let network = &Network::new(wanted.ca_file.as_deref())?;
    match &wanted.command {
        Command::Audit(audit) => settled(audit::run(audit, target, network, wanted.json)),
        Command::Bundle(command) => settled(run_bundle(command, target, network, wanted.json)),
        Command::Challenge(ChallengeCommand::Make(make)) => {
            settled(dossier::make_challenge(make, target))
        }
        Command::Challenge(ChallengeCommand::Verify(verify)) => {
            settled(dossier::verify_challenge(verify))
        }
        Command::Inspect(inspect) => inspect::run(inspect),
        Command::Prove(Prove::Consistency(prove)) => {
            settled(prove::consistency(prove, target, network))
        }
        Command::Prove(Prove::Inclusion(prove)) => {
            settled(prove::inclusion(prove, target, network, wanted.json))
        }
        Command::Template(command) => {
            settled(templates::run(command, target, wanted.language, network))
        }
        Command::Timestamp(command) => settled(timestamp::run(command, target)),
        Command::Reconcile(with) => settled(reconcile::run(with, target, network, wanted)),
        Command::Verify(verify) => match &verify.what {
            Some(VerifyWhat::Consistency(verify)) => settled(consistency::run(verify, network)),
            Some(VerifyWhat::Range(verify)) => {
                settled(run_dossier(verify, Expected::Range, network, wanted.json))
            }
            Some(VerifyWhat::Split(verify)) => settled(split::run(verify)),
            None => settled(verify::run(verify, network)),
        },
        Command::Watch(watch) => watch::run(watch, target, network, show),
    }
}

/// Whether a command judges so much that all cores share it.
pub(crate) fn is_shared(command: &Command) -> bool {
    match command {
        Command::Bundle(_) | Command::Challenge(_) | Command::Reconcile(_) => true,
        Command::Verify(verify) => matches!(verify.what, Some(VerifyWhat::Range(_))),
        _ => false,
    }
}

fn run_bundle(
    command: &BundleCommand,
    target: Option<&Target>,
    network: &Network,
    quiet: bool,
) -> Result<Report, Stop> {
    match command {
        BundleCommand::Explain(explain) => dossier::explain(explain),
        BundleCommand::Make(make) => dossier::make(make, target, network),
        BundleCommand::Verify(verify) => run_dossier(verify, Expected::Anything, network, quiet),
    }
}

fn run_dossier(
    verify: &VerifyDossier,
    expected: Expected,
    network: &Network,
    quiet: bool,
) -> Result<Report, Stop> {
    let show = Show { quiet, matter: verify.report.is_some() };
    dossier::verify(&verify.path, &verify.dossier, expected, network, show)
}

/// Why a judgement ends early.
pub(crate) enum Stop {
    /// Nothing could be decided.
    Failure(Failure),
    /// The evidence is wrong.
    Rejected(Vec<Said>),
}

impl Stop {
    /// The evidence is wrong for one reason.
    pub(crate) fn rejected(why: Said) -> Self {
        Self::Rejected(vec![why])
    }

    /// Says which file a rejection is about.
    pub(crate) fn within(self, file: &str) -> Self {
        match self {
            Self::Rejected(mut why) => {
                if let Some(first) = why.first_mut() {
                    *first = first.clone().within(file);
                }
                Self::Rejected(why)
            }
            failure @ Self::Failure(_) => failure,
        }
    }

    /// The same of a part of a bundle. What does not fit the reader's own policy or pins is about all of it, and the
    /// path of a part says nothing to him.
    pub(crate) fn within_part(self, part: &str) -> Self {
        let is_misfit = match &self {
            Self::Rejected(why) => {
                why.first().is_some_and(|said| MISFITS.contains(&said.message()))
            }
            Self::Failure(_) => false,
        };
        if is_misfit { self } else { self.within(part) }
    }
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Failure(failure.into())
    }
}

/// A refused proof is a verdict, not a failure.
fn settled(outcome: Result<Report, Stop>) -> Result<Report, Failure> {
    match outcome {
        Ok(report) => Ok(report),
        Err(Stop::Rejected(why)) => Ok(Report::rejected(why)),
        Err(Stop::Failure(failure)) => Err(failure),
    }
}
