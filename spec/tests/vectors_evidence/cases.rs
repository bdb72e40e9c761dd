//! What each vector holds. Honest batches come from `spec`, everything else from the literal
//! reading, so that files written here are a test of both.

#[path = "disclosures.rs"]
mod disclosures;
#[path = "multi_proofs.rs"]
mod multi_proofs;
#[path = "statements.rs"]
mod statements;

use spec::checkpoint::Origin;
use spec::evidence::batch::Place;
use spec::key::KeyName;

/// The name of a file and its bytes.
pub(crate) type File = (String, Vec<u8>);

/// Every group with its files.
pub(crate) fn all() -> Vec<(&'static str, Vec<File>)> {
    vec![
        ("statement", statements::files()),
        ("multiproof", multi_proofs::files()),
        ("commitment", disclosures::commitments()),
        ("disclosure", disclosures::files()),
    ]
}

fn place(sequence: u64) -> Place {
    let origin = Origin::parse("log.example/evidence").unwrap();
    Place { origin, source: KeyName::parse("line-4.example/aoi-7").unwrap(), sequence }
}
