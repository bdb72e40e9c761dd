//! Timestamps: asked for, answered by `openssl ts`, checked, enclosed, and every way to be wrong.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/dossier.rs"]
mod dossier;
mod support;
#[path = "support/tsa.rs"]
mod tsa;

use std::fs;
use std::path::Path;
use std::process::Command;

use dossier::{codes, fiducial, judge, records};
use serde_json::Value;
use spec::bundle::{Bundle, PartPath};
use tempfile::TempDir;
use tsa::{GOOD, Tsa, exchanged, sequence};

/// A log of two sizes with a receipt in each, a request over the first, and an authority.
fn stage() -> (TempDir, Tsa) {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    let ask = ["timestamp", "request", "shown/records/0/0.tlog-proof", "--out", "0.tsq"];
    assert_eq!(fiducial(folder.path(), &ask).0, 0);
    let tsa = Tsa::new(&folder.path().join("tsa"));
    tsa.issue("clock", "P-256", "ca", GOOD);
    (folder, tsa)
}

impl Tsa {
    fn stamp(&self, signer: &str) -> Vec<u8> {
        self.answer(&self.path("../0.tsq"), signer, "v2", "-sha256")
    }
}

const RECEIPT: &str = "shown/records/0/0.tlog-proof";

/// Judges a token of the first receipt, by the authority's root.
fn verify(folder: &Path, token: &[u8], code: i32) -> Value {
    fs::write(folder.join("0.tsr"), token).unwrap();
    let words = ["timestamp", "verify", "0.tsr", "--for", RECEIPT, "--request", "0.tsq"];
    judge(folder, &[&words[..], &["--ca", "tsa/ca.pem"]].concat(), code)
}

/// Why a token is refused.
fn refused(folder: &Path, token: &[u8]) -> String {
    let json = verify(folder, token, 1);
    json["reasons"][0]["code"].as_str().unwrap().to_string()
}

#[test]
fn every_common_key_and_digest_is_understood_in_both_ways_to_name_a_certificate() {
    let (folder, tsa) = stage();
    tsa.issue("rsa", "rsa:2048", "ca", GOOD);
    tsa.issue("larger", "P-384", "ca", GOOD);
    for (signer, settings, digest) in [
        ("rsa", "v2", "-sha256"),
        ("rsa", "v1", "-sha384"),
        ("rsa", "v2", "-sha512"),
        ("clock", "v1", "-sha256"),
        ("clock", "v2", "-sha384"),
        ("larger", "v2", "-sha384"),
        ("larger", "v2", "-sha512"),
    ] {
        let token = tsa.answer(&folder.path().join("0.tsq"), signer, settings, digest);
        let json = verify(folder.path(), &token, 0);
        assert_eq!(json["facts"]["stamp-signer"], format!("CN={signer}"), "{json}");
        assert_eq!(json["facts"]["stamp-authority"], "CN=Root");
        assert_eq!(json["facts"]["stamp-accuracy"], "1.5 s");
    }
}

#[test]
fn whose_word_it_is_is_asked_of_the_readers_own_authorities_alone() {
    let (folder, tsa) = stage();
    let token = tsa.stamp("clock");
    fs::write(folder.path().join("0.tsr"), &token).unwrap();
    // Without any, nothing is verified, although all that the token says of itself fits.
    let words = ["timestamp", "verify", "0.tsr", "--for", RECEIPT];
    let json = judge(folder.path(), &words, 2);
    assert!(codes(&json, "not_checked").contains(&"open-stamp-authority".into()), "{json}");
    let with = |ca: &str, code| judge(folder.path(), &[&words[..], &["--ca", ca]].concat(), code);
    with("tsa/ca.pem", 0);
    // The certificate itself; another root of the same name; a file without any.
    with("tsa/clock.pem", 0);
    Tsa::new(&folder.path().join("other"));
    let json = with("other/ca.pem", 1);
    assert_eq!(codes(&json, "reasons"), ["stamp-untrusted"], "{json}");
    with("policy", 2);
    with("missing", 2);
}

#[test]
fn a_chain_leads_over_a_certificate_between_and_only_over_one_that_may_issue() {
    let (folder, tsa) = stage();
    tsa.issue("between", "P-256", "ca", "basicConstraints=critical,CA:TRUE\n");
    tsa.issue("far", "P-256", "between", GOOD);
    tsa.issue("leaf", "P-256", "ca", "basicConstraints=critical,CA:FALSE\n");
    tsa.issue("below-leaf", "P-256", "leaf", GOOD);
    let query = folder.path().join("0.tsq");
    verify(folder.path(), &tsa.answer(&query, "far", "v2", "-chain between.pem -sha256"), 0);
    let without = tsa.answer(&query, "far", "v2", "-sha256");
    assert_eq!(refused(folder.path(), &without), "stamp-untrusted");
    let by_leaf = tsa.answer(&query, "below-leaf", "v2", "-chain leaf.pem -sha256");
    assert_eq!(refused(folder.path(), &by_leaf), "stamp-untrusted");
}

#[test]
fn a_token_of_something_else_or_for_another_request_is_refused() {
    let (folder, tsa) = stage();
    let ask = ["timestamp", "request", "shown/records/0/1.tlog-proof", "--out", "1.tsq"];
    assert_eq!(fiducial(folder.path(), &ask).0, 0);
    let of_other = tsa.answer(&folder.path().join("1.tsq"), "clock", "v2", "-sha256");
    assert_eq!(refused(folder.path(), &of_other), "stamp-of-another");
    // The same checkpoint, asked for again: another nonce, or none.
    let first = fs::read(folder.path().join("0.tsq")).unwrap();
    let token = tsa.stamp("clock");
    let ask = ["timestamp", "request", RECEIPT, "--out", "0.tsq"];
    assert_eq!(fiducial(folder.path(), &ask).0, 0);
    assert_ne!(fs::read(folder.path().join("0.tsq")).unwrap(), first);
    assert_eq!(refused(folder.path(), &token), "stamp-other-nonce");
    let stated = tsa.stated(&token);
    let nonce = &first[first.len() - 13..first.len() - 3];
    let at = stated.windows(10).position(|window| window == nonce).unwrap();
    let head = if stated[1] == 0x81 { 3 } else { 2 };
    let without = [&stated[head..at], &stated[at + 10..]].concat();
    let token = tsa.sign(&sequence(&without), "clock", "-md sha256");
    assert_eq!(refused(folder.path(), &token), "stamp-other-nonce");
    fs::copy(folder.path().join("1.tsq"), folder.path().join("0.tsq")).unwrap();
    assert_eq!(refused(folder.path(), &token), "stamp-other-request");
}

#[test]
fn what_was_altered_is_refused_wherever_it_is_signed() {
    let (folder, tsa) = stage();
    let token = tsa.stamp("clock");
    let stated = tsa.stated(&token);
    let at = stated.windows(2).position(|window| window == [0x18, 0x0f]).unwrap();
    let time = &stated[at + 2..at + 17];
    let mut other = time.to_vec();
    other[13] = if other[13] == b'9' { b'0' } else { other[13] + 1 };
    assert_eq!(refused(folder.path(), &exchanged(&token, time, &other)), "stamp-altered");
    let mut signature = token.clone();
    *signature.last_mut().unwrap() ^= 1;
    assert_eq!(refused(folder.path(), &signature), "stamp-bad-signature");
    // The certificate, in its last byte: no longer the one that is named.
    let pem = fs::read_to_string(tsa.path("clock.pem")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = spec::encoding::decode_base64(&base64).unwrap();
    let mut changed = certificate.clone();
    *changed.last_mut().unwrap() ^= 1;
    let token_with = exchanged(&token, &certificate, &changed);
    assert_eq!(refused(folder.path(), &token_with), "stamp-without-certificate");
    // Anywhere: never a crash, and no other time, signer or checkpoint.
    let facts = &verify(folder.path(), &token, 0)["facts"];
    for at in (0..token.len()).step_by(23) {
        let mut altered = token.clone();
        altered[at] ^= 0x11;
        fs::write(folder.path().join("0.tsr"), &altered).unwrap();
        let words = ["timestamp", "verify", "0.tsr", "--for", RECEIPT, "--ca", "tsa/ca.pem"];
        let (code, said) = fiducial(folder.path(), &[&words[..], &["--json"]].concat());
        let json: Value = serde_json::from_str(&said).unwrap();
        assert!((0..=2).contains(&code) && (code != 0 || &json["facts"] == facts), "{at}: {json}");
    }
}

#[test]
fn what_is_no_whole_response_or_was_not_granted_is_refused() {
    let (folder, tsa) = stage();
    let token = tsa.stamp("clock");
    for malformed in [&[&token[..], b"\0"].concat()[..], &token[..token.len() - 1], b"", b"\x30\0"]
    {
        assert_eq!(refused(folder.path(), malformed), "stamp-malformed");
    }
    // The token without its response; a response that grants, and has no token.
    fs::write(folder.path().join("0.tsr"), &token).unwrap();
    assert_eq!(refused(folder.path(), &token[9..]), "stamp-malformed");
    assert_eq!(refused(folder.path(), &tsa::response(&[])), "stamp-malformed");
    let status = |byte| [&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01][..], &[byte]].concat();
    assert_eq!(refused(folder.path(), &status(2)), "stamp-not-granted");
    assert_eq!(refused(folder.path(), &status(5)), "stamp-not-granted");
    // Too large to be read at all is no verdict.
    verify(folder.path(), &vec![0x30; spec::bundle::MAX_TIMESTAMP_SIZE + 1], 2);
}

#[test]
fn sha_1_dates_nothing_and_longer_hashes_do() {
    let (folder, tsa) = stage();
    let note = fs::read(folder.path().join("note")).unwrap();
    let words = ["timestamp", "verify", "0.tsr", "--for", "note", "--ca", "tsa/ca.pem"];
    for (digest, code) in [("-sha1", 1), ("-sha256", 0), ("-sha384", 0), ("-sha512", 0)] {
        fs::write(tsa.path("data"), &note).unwrap();
        let query = ["ts", "-query", "-data", "data", digest, "-cert", "-out", "own.tsq"];
        let made = Command::new("openssl").args(query).current_dir(tsa.path(".")).output().unwrap();
        assert!(made.status.success());
        let token = tsa.answer(&tsa.path("own.tsq"), "clock", "v2", "-sha256");
        fs::write(folder.path().join("0.tsr"), token).unwrap();
        let json = judge(folder.path(), &words, code);
        let is_weak = codes(&json, "reasons").contains(&"stamp-weak-imprint".into());
        assert_eq!(is_weak, code == 1, "{json}");
        // Another program's request is read as well.
        judge(folder.path(), &[&words[..], &["--request", "tsa/own.tsq"]].concat(), code);
    }
}

#[test]
fn the_certificate_must_be_for_timestamps_alone_and_valid_at_the_time() {
    let (folder, tsa) = stage();
    let stated = tsa.stated(&tsa.stamp("clock"));
    for (name, extensions) in [
        ("none", "basicConstraints=CA:FALSE\n"),
        ("not-critical", "extendedKeyUsage=timeStamping\n"),
        ("other", "extendedKeyUsage=critical,codeSigning\n"),
        ("more", "extendedKeyUsage=critical,timeStamping,codeSigning\n"),
        ("no-signing", "keyUsage=critical,keyAgreement\nextendedKeyUsage=critical,timeStamping\n"),
    ] {
        tsa.issue(name, "P-256", "ca", extensions);
        let token = tsa.sign(&stated, name, "-md sha256");
        assert_eq!(refused(folder.path(), &token), "stamp-not-for-stamps", "{name}");
    }
    // Signed in truth, and stating a time before or after the certificate's.
    verify(folder.path(), &tsa.sign(&stated, "clock", "-md sha256"), 0);
    let at = stated.windows(2).position(|window| window == [0x18, 0x0f]).unwrap();
    for year in [b"2001", b"2099"] {
        let mut other = stated.clone();
        other[at + 2..at + 6].copy_from_slice(year);
        let token = tsa.sign(&other, "clock", "-md sha256");
        assert_eq!(refused(folder.path(), &token), "stamp-out-of-date");
    }
}

#[test]
fn the_signer_must_be_the_one_whose_certificate_is_named_and_enclosed() {
    let (folder, tsa) = stage();
    tsa.issue("rsa", "rsa:2048", "ca", GOOD);
    let stated = tsa.stated(&tsa.stamp("clock"));
    let without = tsa.sign(&stated, "clock", "-md sha256 -nocerts");
    assert_eq!(refused(folder.path(), &without), "stamp-without-certificate");
    let other = tsa.sign(&stated, "clock", "-md sha256 -nocerts -certfile rsa.pem");
    assert_eq!(refused(folder.path(), &other), "stamp-without-certificate");
    let both = tsa.sign(&stated, "clock", "-md sha256 -certfile rsa.pem");
    verify(folder.path(), &both, 0);
    // Named by its key's identifier instead of its issuer.
    verify(folder.path(), &tsa.sign(&stated, "clock", "-md sha256 -keyid"), 0);
    // Two signers are one too many; another padding is not known, which decides nothing.
    let two = tsa.sign(&stated, "clock", "-md sha256 -signer rsa.pem -inkey rsa.key");
    assert_eq!(refused(folder.path(), &two), "stamp-malformed");
    let pss = tsa.sign(&stated, "rsa", "-md sha256 -keyopt rsa_padding_mode:pss");
    verify(folder.path(), &pss, 2);
    let old = tsa.sign(&stated, "rsa", "-md sha1");
    verify(folder.path(), &old, 2);
}

const BUNDLE: [&str; 5] = ["bundle", "verify", "b.zip", "--policy", "policy"];

/// Makes a bundle with a timestamp; the code that it ends with.
fn enclose(folder: &Path, token: &[u8]) -> i32 {
    fs::write(folder.join("0.tsr"), token).unwrap();
    let make = ["bundle", "make", "shown", "--timestamp", "0.tsr", "--out", "b.zip"];
    fiducial(folder, &make).0
}

fn verify_bundle(folder: &Path, more: &[&str], code: i32) -> Value {
    let key = fs::read_to_string(folder.join("source.vkey")).unwrap();
    let words = [&BUNDLE[..], &["--source-key", key.trim()], more].concat();
    judge(folder, &words, code)
}

#[test]
fn a_bundle_carries_the_token_beside_its_receipt_and_says_whose_word_it_is() {
    let (folder, tsa) = stage();
    let folder = folder.path();
    let token = tsa.stamp("clock");
    assert_eq!(enclose(folder, &token), 0);
    let first = fs::read(folder.join("b.zip")).unwrap();
    assert_eq!(enclose(folder, &token), 0);
    assert_eq!(fs::read(folder.join("b.zip")).unwrap(), first);
    let bundle = Bundle::parse(&first).unwrap();
    let at = PartPath::parse("records/0/0.tsr").unwrap();
    assert_eq!(bundle.contents().part(&at), Some(&token[..]));

    let json = verify_bundle(folder, &[], 0);
    assert_eq!(json["facts"]["stamp-signer"], "records/0/0: CN=clock", "{json}");
    assert!(codes(&json, "not_checked").contains(&"open-stamp-authority".into()), "{json}");
    let json = verify_bundle(folder, &["--tsa-ca", "tsa/ca.pem"], 0);
    assert_eq!(json["facts"]["stamp-authority"], "records/0/0: CN=Root", "{json}");
    assert!(!codes(&json, "not_checked").contains(&"open-stamp-authority".into()), "{json}");
    // An authority that the reader does not know adds nothing, and spoils nothing.
    Tsa::new(&folder.join("other"));
    let json = verify_bundle(folder, &["--tsa-ca", "other/ca.pem"], 0);
    assert!(codes(&json, "not_checked").contains(&"stamp-untrusted".into()), "{json}");

    let json = judge(folder, &["bundle", "explain", "b.zip"], 0);
    let claimed = json["facts"]["stamp-claimed"].as_str().unwrap();
    assert!(claimed.starts_with("records/0/0.tsr: 20"), "{json}");
}

#[test]
fn a_token_that_is_wrong_is_never_enclosed_and_rejects_the_claim_where_it_was() {
    let (folder, tsa) = stage();
    let folder = folder.path();
    let token = tsa.stamp("clock");
    let mut altered = token.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(enclose(folder, &altered), 1);
    // Of no checkpoint that is there.
    fs::write(tsa.path("data"), "something else").unwrap();
    let query = ["ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "own.tsq"];
    Command::new("openssl").args(query).current_dir(tsa.path(".")).output().unwrap();
    let elsewhere = tsa.answer(&tsa.path("own.tsq"), "clock", "v2", "-sha256");
    assert_eq!(enclose(folder, &elsewhere), 2);
    assert!(!folder.join("b.zip").exists());
    // Put there by hand: the folder is judged like the bundle.
    let key = fs::read_to_string(folder.join("source.vkey")).unwrap();
    let words = ["bundle", "verify", "shown", "--policy", "policy", "--source-key", key.trim()];
    judge(folder, &words, 0);
    for (bytes, code) in [(&altered, 1), (&elsewhere, 1), (&token, 0)] {
        fs::write(folder.join("shown/records/0/0.tsr"), bytes).unwrap();
        judge(folder, &words, code);
    }
    // Signed in a way that is not known: not checked, and never enclosed by us.
    tsa.issue("rsa", "rsa:2048", "ca", GOOD);
    let pss = "-md sha256 -keyopt rsa_padding_mode:pss";
    let pss = tsa.sign(&tsa.stated(&token), "rsa", pss);
    fs::write(folder.join("shown/records/0/0.tsr"), &pss).unwrap();
    let json = judge(folder, &words, 0);
    assert!(codes(&json, "not_checked").contains(&"stamp-unknown".into()), "{json}");
    fs::write(folder.join("shown/records/0/0.tsr"), &token).unwrap();
    // In the place of another receipt it is a token of something else.
    fs::rename(folder.join("shown/records/0/0.tsr"), folder.join("shown/records/0/1.tsr")).unwrap();
    let json = judge(folder, &words, 1);
    assert_eq!(codes(&json, "reasons"), ["stamp-of-another"], "{json}");
}

#[test]
fn the_instructions_by_hand_check_the_token_too() {
    let (folder, tsa) = stage();
    let folder = folder.path();
    assert_eq!(enclose(folder, &tsa.stamp("clock")), 0);
    let bytes = fs::read(folder.join("b.zip")).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    let hand = folder.join("by-hand");
    let put = |name: &str, bytes: &[u8]| {
        fs::create_dir_all(hand.join(name).parent().unwrap()).unwrap();
        fs::write(hand.join(name), bytes).unwrap();
    };
    put("SHA256SUMS", bundle.sums().as_bytes());
    for (path, part) in bundle.contents().parts() {
        put(&path.to_string(), part);
    }
    let text = fs::read_to_string(hand.join("HOW-TO-VERIFY.txt")).unwrap();
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.iter().any(|line| line.contains("openssl ts -verify")), "{text}");
    fs::write(folder.join("hand.sh"), commands.join("\n") + "\n").unwrap();
    let run = || {
        let script = folder.join("hand.sh");
        let output = Command::new("sh").arg("-e").arg(script).current_dir(&hand).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (is_good, said) = run();
    assert!(is_good && said.contains("NOT CHECKED: no tsa.pem"), "{said}");
    assert!(said.contains("GENERALIZEDTIME"), "{said}");
    fs::copy(tsa.path("ca.pem"), hand.join("tsa.pem")).unwrap();
    let (is_good, said) = run();
    assert!(is_good && said.contains("Verification: OK"), "{said}");
    // Another authority, and then another token, with its line in the sums made right again.
    let other = Tsa::new(&folder.join("other"));
    fs::copy(other.path("ca.pem"), hand.join("tsa.pem")).unwrap();
    assert!(!run().0);
    fs::remove_file(hand.join("tsa.pem")).unwrap();
    let ask = ["timestamp", "request", "shown/records/0/1.tlog-proof", "--out", "1.tsq"];
    assert_eq!(fiducial(folder, &ask).0, 0);
    let elsewhere = tsa.answer(&folder.join("1.tsq"), "clock", "v2", "-sha256");
    let sums = bundle.sums().replace(
        &spec::Hash::of(&fs::read(hand.join("records/0/0.tsr")).unwrap()).to_hex(),
        &spec::Hash::of(&elsewhere).to_hex(),
    );
    put("records/0/0.tsr", &elsewhere);
    put("SHA256SUMS", sums.as_bytes());
    let (is_good, said) = run();
    assert!(!is_good && said.contains("DIFFERENT"), "{said}");
}
