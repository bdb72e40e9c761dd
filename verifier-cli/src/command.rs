//! The commands: what was typed becomes what is meant, and what is meant becomes a report.

mod accepted;
mod consistency;
mod inspect;
mod prove;
mod verify;

use crate::args::{Command, Prove, VerifyWhat, Wanted};
use crate::audit;
use crate::failure::Failure;
use crate::messages::Said;
use crate::report::Report;

pub(crate) use accepted::{describe_accepted, said_of_policy_failure};

/// Runs what was asked for.
pub(crate) fn run(wanted: &Wanted) -> Result<Report, Failure> {
    match &wanted.command {
        Command::Audit(audit) => settled(audit::run(audit, wanted.json)),
        Command::Inspect(inspect) => inspect::run(inspect),
        Command::Prove(Prove::Consistency(prove)) => settled(prove::consistency(prove)),
        Command::Prove(Prove::Inclusion(prove)) => settled(prove::inclusion(prove, wanted.json)),
        Command::Verify(verify) => match &verify.what {
            Some(VerifyWhat::Consistency(verify)) => settled(consistency::run(verify)),
            None => settled(verify::run(verify)),
        },
    }
}

/// Why a judgement ends early.
pub(crate) enum Stop {
    /// Nothing could be decided.
    Failure(Failure),
    /// The evidence is wrong.
    Rejected(Said),
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
