//! Reports that somebody brings along: `FIDUCIAL_CFX_SAMPLES` names a folder of JSON files.
//!
//! The project's own samples are always here and are read by `papers`. Real ones cannot be given
//! away with the sources, so they stay where they are and are only pointed at.

use std::path::Path;

use crate::factory::Factory;
use crate::support::reports_in;

/// The environment variable that names the folder.
const VARIABLE: &str = "FIDUCIAL_CFX_SAMPLES";

#[test]
fn reports_from_elsewhere_are_anchored_and_verified() {
    let Some(folder) = std::env::var_os(VARIABLE) else {
        println!("skipped: set {VARIABLE} to a folder of CFX message bodies");
        return;
    };
    let reports = reports_in(Path::new(&folder));
    assert!(!reports.is_empty(), "{VARIABLE}: no JSON files");
    let (factory, server) = Factory::start();
    let json = factory.anchor(&reports);
    assert_eq!(server.stop(), 0);
    let listed = json["statements"][0]["reports"].as_array().unwrap();
    assert_eq!(listed.len(), reports.len());
    for ((name, bytes), report) in reports.iter().zip(listed) {
        assert_eq!(report["sha256"], spec::Hash::of(bytes).to_hex());
        println!("{name}: {} ({})", report["kind"], report["interpreted"]);
        factory.verify(name, 0);
        let mut altered = bytes.clone();
        altered[bytes.len() / 2] ^= 1;
        factory.world.write(&format!("reports/{name}"), altered);
        factory.verify(name, 1);
    }
}
