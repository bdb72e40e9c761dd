//! Bundles made, read, and changed in every byte.

use super::*;
use crate::evidence::batch::tests::{batch, place as batch_place};
use crate::evidence::disclosure::{Disclosure, Pick, PickFields};
use crate::evidence::statement::{After, Draft};
use crate::key::{Algorithm, SigningKey};
use alloc::format;
use alloc::vec;

type Given = Vec<(PartPath, Cow<'static, [u8]>)>;

fn statement(sequence: u64) -> Vec<u8> {
    let place = batch_place();
    let seed = [7; 32];
    let key = SigningKey::from_seed(place.source.clone(), Algorithm::NoteEd25519, &seed).unwrap();
    let previous = if sequence == 0 { Hash::ZERO } else { Hash::of(&sequence.to_be_bytes()) };
    let commitment = batch(1).commitment();
    Draft::new(place.origin, place.source, sequence, previous, After::NOTHING, commitment)
        .and_then(|draft| draft.sign(&key))
        .unwrap()
        .to_bytes()
}

fn of(claim: Claim, sequence: u64, role: Role) -> PartPath {
    PartPath::Of(Place { claim, source: 0, sequence }, role)
}

/// A range of statements 7 and 8, an opened statement 3, and a piece of evidence.
fn parts() -> Given {
    let pick = Pick { record: 0, fields: PickFields::All };
    let disclosure = Disclosure::of(&batch(1), &[pick]).unwrap().to_json().into_bytes();
    let mut parts: Given = vec![
        (PartPath::HowTo, b"how\n".into()),
        (PartPath::Policy, b"quorum none\n".into()),
        (PartPath::Note(NoteName::parse("why.txt").unwrap()), b"why\n".into()),
        (PartPath::Evidence(Hash::of(b"report")), b"report".into()),
        (of(Claim::Records, 3, Role::Receipt), b"receipt".into()),
        (of(Claim::Range, 8, Role::Receipt), b"receipt".into()),
    ];
    for (claim, sequence) in [(Claim::Records, 3), (Claim::Range, 7), (Claim::Range, 8)] {
        parts.push((of(claim, sequence, Role::Statement), statement(sequence).into()));
        parts.push((of(claim, sequence, Role::Disclosure), disclosure.clone().into()));
    }
    parts
}

fn made(parts: Given) -> Result<Vec<u8>, BundleError> {
    Ok(Bundle::new(Contents::new(parts)?)?.to_bytes())
}

#[test]
fn the_same_parts_give_the_same_bytes_in_any_order() {
    let bytes = made(parts()).unwrap();
    let mut turned = parts();
    turned.reverse();
    assert_eq!(made(turned).unwrap(), bytes);
    let bundle = Bundle::parse(&bytes).unwrap();
    assert_eq!(bundle.to_bytes(), bytes);
    let lists = [("bundle.json", &bundle.manifest), ("SHA256SUMS", &bundle.sums)];
    assert_eq!(lists::size(bundle.contents(), lists), bytes.len());
    assert!(Bundle::is_meant_by(&bytes));
    assert_eq!(bundle.contents().statements().len(), 3);
    assert_eq!(bundle.contents().parts().count(), parts().len());
}

#[test]
fn the_manifest_is_the_page_s() {
    let bytes = made(parts()).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    let head = "{\n  \"format\": \"fiducial/bundle/v1\",\n  \"log\": \"example.com/evidence\",\n  \
                \"sources\": [\n    \"line-3-aoi\"\n  ],\n  \"claims\": [\n    \
                {\"claim\": \"records\", \"source\": \"line-3-aoi\", \"statements\": 1},\n    \
                {\"claim\": \"range\", \"source\": \"line-3-aoi\", \"first\": \"7\", \
                \"last\": \"8\"}\n  ],\n  \"parts\": [\n    {\"path\": \"HOW-TO-VERIFY.txt\", \
                \"size\": 4, \"sha256\": \"";
    assert!(bundle.manifest().starts_with(head), "{}", bundle.manifest());
    assert!(bundle.manifest().ends_with("\"}\n  ]\n}\n"));
    let sums = bundle.sums();
    assert!(sums.starts_with(&format!("{}  HOW-TO-VERIFY.txt\n", Hash::of(b"how\n").to_hex())));
    assert_eq!(sums.lines().count(), parts().len());
}

#[test]
fn every_changed_bit_and_every_other_length_is_refused() {
    let bytes = made(parts()).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        for bit in 0..8 {
            changed[at] = bytes[at] ^ 1 << bit;
            assert!(Bundle::parse(&changed).is_err(), "byte {at}, bit {bit}");
            assert!(Bundle::is_meant_by(&changed), "byte {at}, bit {bit}: still a bundle, altered");
        }
    }
    for end in 0..bytes.len() {
        assert!(Bundle::parse(&bytes[..end]).is_err(), "{end}");
    }
    for longer in [[&bytes[..], b"\n"].concat(), [&b"\n"[..], &bytes].concat()] {
        assert!(Bundle::parse(&longer).is_err() && Bundle::is_meant_by(&longer));
    }
    assert!(Bundle::is_meant_by(&bytes[1..]));
}

#[test]
fn what_is_nothing_like_a_bundle_is_not_taken_for_one_that_was_altered() {
    let bytes = made(parts()).unwrap();
    // Both names are gone, at either end: nothing is left that says what it was.
    let mut other = bytes.clone();
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"bundle.json")) {
        other[at] = b'B';
    }
    assert!(!Bundle::is_meant_by(&other));
    for other in [&b""[..], b"PK\x05\x06", &[0; 22], &[0xff; 64], b"serial\nSN1\n"] {
        assert!(!Bundle::is_meant_by(other), "{other:?}");
    }
}

#[test]
fn what_is_missing_or_misplaced_is_named() {
    let without = |path: &PartPath| {
        let mut parts = parts();
        parts.retain(|(other, _)| other != path);
        made(parts).unwrap_err()
    };
    for path in [
        PartPath::HowTo,
        of(Claim::Records, 3, Role::Receipt),
        of(Claim::Records, 3, Role::Disclosure),
        of(Claim::Records, 3, Role::Statement),
        of(Claim::Range, 8, Role::Receipt),
        of(Claim::Range, 7, Role::Disclosure),
    ] {
        assert_eq!(without(&path), BundleError::Missing { path: path.to_string() });
    }
    let with = |path: PartPath, bytes: Vec<u8>| {
        let mut parts = parts();
        parts.push((path, bytes.into()));
        made(parts).unwrap_err()
    };
    let range = |sequence| Place { claim: Claim::Range, source: 0, sequence };
    let gap = with(of(Claim::Range, 10, Role::Statement), statement(10));
    assert_eq!(gap, BundleError::Gap { place: range(10) });
    let twice = with(of(Claim::Records, 7, Role::Statement), statement(7));
    assert_eq!(twice, BundleError::Twice { place: range(7) });
    let other = with(of(Claim::Range, 9, Role::Statement), statement(11));
    assert!(matches!(other, BundleError::OtherPlace { sequence: 11, .. }), "{other}");
    let stray = with(of(Claim::Range, 9, Role::After), vec![]);
    let path = of(Claim::Range, 9, Role::Statement).to_string();
    assert_eq!(stray, BundleError::Missing { path });
    let lone = with(of(Claim::Range, 7, Role::Consistency), vec![]);
    assert_eq!(lone, BundleError::Missing { path: "range/0/7.after".to_string() });
    let undated = with(of(Claim::Range, 7, Role::Timestamp), vec![]);
    assert_eq!(undated, BundleError::Missing { path: "range/0/7.tlog-proof".to_string() });
    let large = with(of(Claim::Range, 8, Role::Timestamp), vec![0; MAX_TIMESTAMP_SIZE + 1]);
    assert!(matches!(large, BundleError::TooLarge { limit: MAX_TIMESTAMP_SIZE, .. }), "{large}");
    let none = with(of(Claim::Range, 9, Role::Statement), b"none".to_vec());
    assert!(matches!(none, BundleError::Statement { .. }), "{none}");
    let forged = with(PartPath::Evidence(Hash::of(b"other")), b"forged".to_vec());
    assert!(matches!(forged, BundleError::Evidence { .. }), "{forged}");
    let listed = with(PartPath::Manifest, b"{}".to_vec());
    assert!(matches!(listed, BundleError::Path { .. }), "{listed}");
    let large = with(PartPath::Pins, vec![b'#'; MAX_TEXT_SIZE + 1]);
    assert!(matches!(large, BundleError::TooLarge { limit: MAX_TEXT_SIZE, .. }), "{large}");
}

#[test]
fn a_range_that_ends_with_the_highest_sequence_of_all_has_a_receipt_too() {
    let last = u64::MAX;
    let mut parts: Given = vec![
        (PartPath::HowTo, b"how\n".into()),
        (of(Claim::Range, last, Role::Statement), statement(last).into()),
        (of(Claim::Range, last, Role::Disclosure), b"{}".into()),
    ];
    let receipt = of(Claim::Range, last, Role::Receipt);
    let missing = made(parts.clone()).unwrap_err();
    assert_eq!(missing, BundleError::Missing { path: receipt.to_string() });
    parts.push((receipt, b"receipt".into()));
    assert!(made(parts).is_ok());
}

#[test]
fn lists_that_a_forger_made_anew_are_compared_too() {
    // All zip headers are right; the lists are those of another bundle.
    let bytes = made(parts()).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    let rewrite = |manifest: &str, sums: &str, extra: Option<zip::Part<'_>>| {
        let mut files: Vec<(String, Vec<u8>)> = bundle
            .contents()
            .parts()
            .map(|(path, bytes)| (path.to_string(), bytes.to_vec()))
            .collect();
        files.push(("SHA256SUMS".to_string(), sums.into()));
        files.extend(extra.map(|(path, part)| (String::from_utf8_lossy(path).into(), part.into())));
        files.sort();
        files.insert(0, ("bundle.json".to_string(), manifest.into()));
        let files: Vec<zip::Part<'_>> =
            files.iter().map(|(path, bytes)| (path.as_bytes(), bytes.as_slice())).collect();
        zip::write(&files)
    };
    let (manifest, sums) = (bundle.manifest(), bundle.sums());
    assert_eq!(rewrite(manifest, sums, None), bytes);
    let refused = |bytes: Vec<u8>| Bundle::parse(&bytes).map(drop).unwrap_err();
    let other =
        refused(rewrite(&manifest.replace("\"last\": \"8\"", "\"last\": \"9\""), sums, None));
    assert_eq!(other, BundleError::List { path: "bundle.json", line: 9 });
    let other = refused(rewrite(manifest, &sums.replace("  policy", "  polict"), None));
    assert!(matches!(other, BundleError::List { path: "SHA256SUMS", .. }), "{other}");
    for path in ["../escape", "notes/../x", "AUTHORS", "bundle.json"] {
        let other = refused(rewrite(manifest, sums, Some((path.as_bytes(), b""))));
        assert!(matches!(other, BundleError::Path { .. }), "{path}: {other}");
    }
    // One more part, of a path that is allowed.
    let other = refused(rewrite(manifest, sums, Some((b"notes/z", b""))));
    assert!(matches!(other, BundleError::List { .. }), "{other}");
}
